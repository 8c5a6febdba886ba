//! A connection that speaks HTTP. One of HTTP/1 is driven by whoever waits for its answer; one of HTTP/2 has a task of its
//! own, for it must answer the server's pings while its user thinks.

use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::client::conn::{TrySendError, http1, http2};
use hyper::{Request, Response, body::Incoming};
use hyper_util::rt::TokioIo;
use tokio::task::JoinHandle;

use super::exchange::Sent;
use super::fault;
use super::io::Io;
use crate::driver::failures::Failure;
use crate::profile::HttpVersion;

/// hyper's side of a connection of HTTP/1 that reads and writes.
type Running = http1::Connection<TokioIo<Io>, Sent>;

/// What hyper answers to a request.
pub(super) type Answer = Result<Response<Incoming>, TrySendError<Request<Sent>>>;

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

impl Wire {
    /// Begins to speak HTTP.
    pub(super) async fn open(io: Io, version: HttpVersion) -> Result<Self, Failure> {
        let io = TokioIo::new(io);
        match version {
            HttpVersion::Http1 => {
                let (sender, connection) =
                    http1::Builder::new().handshake(io).await.map_err(|error| fault::of_http(&error, None))?;
                let connection = Http1Connection { running: Some(Box::pin(connection)), fault: None };
                Ok(Self::Http1(Http1 { sender, connection }))
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

    /// Does what there is to do on the connection, and says whether it is still open.
    pub(super) fn poll_open(&mut self, cx: &mut Context<'_>) -> bool {
        self.drive(cx);
        match self {
            Self::Http1(http1) => http1.connection.running.is_some() && !http1.sender.is_closed(),
            Self::Http2(http2) => !http2.sender.is_closed(),
        }
    }

    /// Reads and writes as far as it goes; HTTP/2 does so by itself.
    pub(super) fn drive(&mut self, cx: &mut Context<'_>) {
        if let Self::Http1(http1) = self {
            http1.connection.drive(cx);
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
