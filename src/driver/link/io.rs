//! The byte streams that HTTP runs over, as one type.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};

/// A socket.
#[derive(Debug)]
pub(super) enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// What HTTP is spoken over.
#[derive(Debug)]
pub(super) enum Io {
    Plain(Socket),
    /// Boxed, for its state is ten times the size of a socket.
    #[cfg(feature = "tls")]
    Tls(Box<tokio_rustls::client::TlsStream<Socket>>),
}

/// Hands a call on to whichever stream is there.
macro_rules! each {
    ($self:expr, $kind:ident { $($(#[$cfg:meta])? $variant:ident),+ }, $stream:ident => $call:expr) => {
        match $self {
            $($(#[$cfg])? $kind::$variant($stream) => $call,)+
        }
    };
}

/// Reading and writing by handing on, for both types alike.
macro_rules! hand_on {
    ($kind:ident { $($(#[$cfg:meta])? $variant:ident),+ }) => {
        impl AsyncRead for $kind {
            fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
                each!(self.get_mut(), $kind { $($(#[$cfg])? $variant),+ }, stream => Pin::new(stream).poll_read(cx, buf))
            }
        }

        impl AsyncWrite for $kind {
            fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
                each!(self.get_mut(), $kind { $($(#[$cfg])? $variant),+ }, stream => Pin::new(stream).poll_write(cx, buf))
            }

            fn poll_write_vectored(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                bufs: &[io::IoSlice<'_>],
            ) -> Poll<io::Result<usize>> {
                // Most requests are one piece, for which the kernel does less where it is not handed as a list.
                if let [whole] = bufs {
                    return self.poll_write(cx, whole);
                }
                each!(self.get_mut(), $kind { $($(#[$cfg])? $variant),+ },
                    stream => Pin::new(stream).poll_write_vectored(cx, bufs))
            }

            fn is_write_vectored(&self) -> bool {
                each!(self, $kind { $($(#[$cfg])? $variant),+ }, stream => stream.is_write_vectored())
            }

            fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                each!(self.get_mut(), $kind { $($(#[$cfg])? $variant),+ }, stream => Pin::new(stream).poll_flush(cx))
            }

            fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                each!(self.get_mut(), $kind { $($(#[$cfg])? $variant),+ }, stream => Pin::new(stream).poll_shutdown(cx))
            }
        }
    };
}

hand_on!(Socket { Tcp, Unix });
hand_on!(Io {
    Plain,
    #[cfg(feature = "tls")]
    Tls
});
