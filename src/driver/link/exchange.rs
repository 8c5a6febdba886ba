//! What goes into an exchange and what comes out of it: one request and what was seen of its answer.

use std::time::Duration;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::http::uri::PathAndQuery;
use hyper::{HeaderMap, Method, StatusCode};

use super::retry_after;
use crate::domain::Elapsed;
use crate::profile::{LeaveAfter, Stream};

/// A request that is ready to be sent. The link adds `host`, the address's user and password as `authorization`, and
/// `content-length`, each unless it is there.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// The method.
    pub method: Method,
    /// The path with its query, encoded: see [`Endpoint::target`](super::Endpoint::target).
    pub target: PathAndQuery,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, empty for none.
    pub body: Bytes,
}

impl Outgoing {
    /// A request without headers and body.
    pub fn new(method: Method, target: PathAndQuery) -> Self {
        Self { method, target, headers: HeaderMap::new(), body: Bytes::new() }
    }
}

/// The body as hyper takes it.
pub(super) type Sent = Full<Bytes>;

/// How an answer is read.
#[derive(Clone, Copy)]
pub struct Reading<'a> {
    /// How long it may take from sending to the last byte of the answer. Connecting may take as long again.
    pub timeout: Duration,
    /// What counts as an event.
    pub stream: Stream,
    /// Where the client leaves on purpose. `Events` needs a `stream` that has events.
    pub leave: Option<LeaveAfter>,
    /// How much of the body is kept.
    pub keep_body: KeepBody,
    /// Is told the time between two events, at each event but the first. It is called while the answer is being read, so it
    /// should only count.
    pub on_gap: &'a dyn Fn(Duration),
}

impl Reading<'_> {
    /// An answer that is read as a whole and dropped.
    pub fn whole(timeout: Duration) -> Self {
        Self { timeout, stream: Stream::No, leave: None, keep_body: KeepBody::Nothing, on_gap: &|_| {} }
    }
}

/// How much of a body is kept. All of it is read and counted either way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeepBody {
    /// Nothing.
    #[default]
    Nothing,
    /// Its beginning, up to so many bytes.
    UpTo(usize),
}

/// How an exchange ended that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// With the last byte of the answer.
    Complete,
    /// The client left, as it was told to.
    Left,
}

/// What was seen of one request and its answer: a buffer that a user fills again and again. Instants are on the clock that
/// was handed in; what did not come to pass is `None`. After a failure it holds what came before.
#[derive(Debug, Default)]
pub struct Exchange {
    /// When the exchange was asked for, before any connecting.
    pub asked: Elapsed,
    /// How long connecting took, name look-up and TLS included; `None` on a connection that was there already.
    pub connecting: Option<Duration>,
    /// Whether a kept connection turned out to be closed, before anything of the request was written to it, and another was
    /// made.
    pub reconnected: Reconnected,
    /// When the request was handed to the socket; `None` where no connection came about.
    pub sent: Option<Elapsed>,
    /// When the status and the headers were there.
    pub headers_at: Option<Elapsed>,
    /// When the first byte of the body was there.
    pub first_byte_at: Option<Elapsed>,
    /// When the first event was there.
    pub first_event_at: Option<Elapsed>,
    /// When the last event was there.
    pub last_event_at: Option<Elapsed>,
    /// When it was over, one way or another.
    pub ended: Elapsed,
    /// Events: server-sent ones with data, or non-empty chunks.
    pub events: u64,
    /// The status.
    pub status: Option<StatusCode>,
    /// The answer's headers.
    pub headers: HeaderMap,
    /// The part of the body that was to be kept.
    pub body: Vec<u8>,
    /// Bytes of the body that were received.
    pub body_bytes: u64,
}

/// Whether a kept connection was found closed and replaced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reconnected {
    /// No.
    #[default]
    No,
    /// Yes, without harm: nothing of the request had been written to the closed one.
    Once,
}

/// A kept body that outgrew its bound still has this much memory afterwards; a link must not keep its largest answer.
const KEPT_CAPACITY: usize = 64 * 1024;

impl Exchange {
    /// Empties the buffer for the exchange that starts `now`.
    pub(super) fn begin(&mut self, now: Elapsed) {
        let mut body = std::mem::take(&mut self.body);
        body.clear();
        body.shrink_to(KEPT_CAPACITY);
        *self = Self { asked: now, ended: now, body, ..Self::default() };
    }

    /// From sending to the end: what the server took.
    pub fn service(&self) -> Option<Duration> {
        self.since_sent(Some(self.ended))
    }

    /// From sending to the status and headers.
    pub fn ttfb(&self) -> Option<Duration> {
        self.since_sent(self.headers_at)
    }

    /// From sending to the first byte of the body.
    pub fn first_byte(&self) -> Option<Duration> {
        self.since_sent(self.first_byte_at)
    }

    /// From sending to the first event.
    pub fn first_event(&self) -> Option<Duration> {
        self.since_sent(self.first_event_at)
    }

    fn since_sent(&self, at: Option<Elapsed>) -> Option<Duration> {
        Some(at?.since_start().saturating_sub(self.sent?.since_start()))
    }

    /// Whether the server put the request off: by 429, or by 503 that says when to come back.
    pub fn is_put_off(&self) -> bool {
        match self.status {
            Some(StatusCode::TOO_MANY_REQUESTS) => true,
            Some(StatusCode::SERVICE_UNAVAILABLE) => self.headers.contains_key(hyper::header::RETRY_AFTER),
            _ => false,
        }
    }

    /// How long the server asks to wait (`retry-after`), from now; `None` where it does not say, or not so that it can be
    /// read.
    pub fn retry_after(&self) -> Option<Duration> {
        let value = self.headers.get(hyper::header::RETRY_AFTER)?;
        retry_after::read(value, std::time::SystemTime::now())
    }
}
