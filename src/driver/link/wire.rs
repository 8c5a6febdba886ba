//! A connection that speaks HTTP. One of HTTP/1 is driven by whoever waits for its answer; one of HTTP/2 has a task of its
//! own, for it must answer the server's pings while its user thinks.

use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::body::{Body as _, Bytes, Frame, Incoming};
use hyper::client::conn::{TrySendError, http1, http2};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::task::JoinHandle;

use super::bell::Bell;
use super::exchange::Sent;
use super::fault;
use super::io::Io;
use crate::driver::failures::Failure;
use crate::profile::HttpVersion;

/// hyper's side of a connection of HTTP/1 that reads and writes.
type Running = http1::Connection<TokioIo<Io>, Sent>;

/// What hyper answers to a request.
pub(super) type Answer = Result<Response<Incoming>, TrySendError<Request<Sent>>>;

/// What comes of a body next: a frame, its end, or why it broke off.
pub(super) type BodyFrame = Option<Result<Frame<Bytes>, hyper::Error>>;

/// A connection.
#[derive(Debug)]
pub(super) enum Wire {
    Http1(Http1),
    Http2(Http2),
}

#[derive(Debug)]
pub(super) struct Http1 {
    pub(super) sender: http1::SendRequest<Sent>,
    pub(super) connection: Http1Connection,
    /// What the connection, the answer and its body wake.
    pub(super) bell: Bell,
}

/// The side of the connection that reads and writes.
#[derive(Debug)]
pub(super) struct Http1Connection {
    /// `None` once it has ended.
    running: Option<Pin<Box<Running>>>,
    /// What it ended with.
    fault: Option<hyper::Error>,
}

#[derive(Debug)]
pub(super) struct Http2 {
    pub(super) sender: http2::SendRequest<Sent>,
    connection: JoinHandle<()>,
}

impl Drop for Http2 {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

/// Runs what hyper's HTTP/2 wants to run on the side.
#[derive(Clone, Copy, Debug)]
struct OnThisThread;

impl<F: Future<Output: 'static> + 'static> hyper::rt::Executor<F> for OnThisThread {
    fn execute(&self, task: F) {
        tokio::task::spawn_local(task);
    }
}

/// A connection between two exchanges.
#[derive(Debug)]
pub(super) enum Kept {
    Wire(Wire),
    /// One of HTTP/1 by its stream alone.
    Stream(Io),
}

impl Kept {
    /// A connection of HTTP/1 without what hyper holds for it: buffers, channels, a state that begins anew with any request.
    /// `None` where the server has sent what nobody asked for: hyper would close it.
    pub(super) fn at_rest(self) -> Option<Self> {
        match self {
            // Until it is ready for a request, the one before is not over.
            Self::Wire(Wire::Http1(Http1 { sender, connection, .. })) if sender.is_ready() => {
                let parts = Pin::into_inner(connection.running?).into_parts();
                parts.read_buf.is_empty().then(|| Self::Stream(parts.io.into_inner()))
            }
            other => Some(other),
        }
    }

    /// The connection, ready to be spoken on.
    pub(super) async fn awake(self) -> Option<Wire> {
        match self {
            Self::Wire(wire) => Some(wire),
            Self::Stream(io) => Wire::open(io, HttpVersion::Http1).await.ok(),
        }
    }
}

impl Wire {
    /// Begins to speak HTTP.
    pub(super) async fn open(io: Io, version: HttpVersion) -> Result<Self, Failure> {
        let io = TokioIo::new(io);
        match version {
            HttpVersion::Http1 => {
                let (sender, connection) =
                    http1::Builder::new().handshake(io).await.map_err(|error| fault::of_http(&error, None))?;
                let connection = Http1Connection { running: Some(Box::pin(connection)), fault: None };
                Ok(Self::Http1(Http1 { sender, connection, bell: Bell::default() }))
            }
            HttpVersion::Http2 => {
                let (sender, connection) = http2::Builder::new(OnThisThread)
                    .handshake(io)
                    .await
                    .map_err(|error| fault::of_http(&error, None))?;
                // What it ends with, the request that was under way is told as well.
                let connection = tokio::task::spawn_local(async { drop(connection.await) });
                Ok(Self::Http2(Http2 { sender, connection }))
            }
        }
    }

    /// Whether the connection is still open, after doing what there is to do on it. One of HTTP/1 that is ready for a request
    /// gives it back unsent if it turns out to be closed, and is not looked at beforehand.
    pub(super) fn poll_open(&mut self, cx: &mut Context<'_>) -> bool {
        match self {
            Self::Http1(Http1 { sender, connection, bell }) => {
                if !sender.is_ready() {
                    let _: Poll<()> = bell.poll(cx, |cx| {
                        connection.drive(cx);
                        Poll::Pending
                    });
                }
                connection.running.is_some() && !sender.is_closed()
            }
            Self::Http2(http2) => !http2.sender.is_closed(),
        }
    }

    /// Polls the body of an answer; on HTTP/1 it is this that reads.
    pub(super) fn poll_body(&mut self, body: &mut Incoming, cx: &mut Context<'_>) -> Poll<BodyFrame> {
        match self {
            Self::Http1(Http1 { connection, bell, .. }) => bell.poll(cx, |cx| {
                // The connection reads a body only for somebody who has asked for it.
                let asked = Pin::new(&mut *body).poll_frame(cx);
                if asked.is_ready() {
                    return asked;
                }
                connection.drive(cx);
                Pin::new(&mut *body).poll_frame(cx)
            }),
            Self::Http2(_) => Pin::new(body).poll_frame(cx),
        }
    }

    /// Lets go of a body. HTTP/2 resets the stream where the body is not at its end.
    pub(super) fn leave(&self, body: Incoming) {
        match self {
            Self::Http1(http1) => http1.bell.mute(|| drop(body)),
            Self::Http2(_) => drop(body),
        }
    }

    /// What the connection ended with, where it is known.
    pub(super) fn fault(&self) -> Option<&hyper::Error> {
        match self {
            Self::Http1(http1) => http1.connection.fault.as_ref(),
            Self::Http2(_) => None,
        }
    }
}

impl Http1Connection {
    /// Reads and writes as far as it goes.
    pub(super) fn drive(&mut self, cx: &mut Context<'_>) {
        let Some(running) = &mut self.running else { return };
        if let Poll::Ready(end) = running.as_mut().poll(cx) {
            self.running = None;
            self.fault = end.err();
        }
    }
}
