//! One user's connection at work: send, wait, read, within a deadline.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Body as _, Bytes, Frame, Incoming};
use hyper::header::{AUTHORIZATION, CONNECTION, HOST, HeaderValue, TRANSFER_ENCODING, USER_AGENT};
use hyper::{Request, Response, StatusCode, Uri, Version};

use super::alarm::Alarm;
use super::dialler::Dialler;
use super::endpoint::Endpoint;
use super::events::EventCounter;
use super::exchange::{End, Exchange, KeepBody, Outgoing, Reading, Reconnected, Sent};
use super::fault;
use super::wire::{Answer, Http1, Kept, Wire};
use crate::clock::Clock;
use crate::driver::failures::Failure;
use crate::profile::{HttpVersion, Keep, LeaveAfter, Stream};

/// The name that requests go by.
const AGENT: HeaderValue = HeaderValue::from_static(concat!("soak/", env!("CARGO_PKG_VERSION")));
const CLOSE: HeaderValue = HeaderValue::from_static("close");

/// One user's connection to one endpoint. It is made with the first request, and again whenever there is none; dropping the
/// link closes it. It belongs in a [`LocalSet`](tokio::task::LocalSet).
#[derive(Debug)]
pub struct Link {
    endpoint: Arc<Endpoint>,
    dialler: Arc<Dialler>,
    keep: Keep,
    /// The kept connection: away while an exchange is under way, so that one that is dropped in the middle takes it along.
    kept: Option<Kept>,
    alarm: Alarm,
}

/// How waiting for an answer ended, other than by the answer.
enum Cut {
    /// The deadline passed.
    Late,
    /// The request is as it was: nothing of it was written to the connection.
    Unsent(Box<Request<Sent>>),
    Failed(Failure),
}

impl Link {
    /// A link without a connection yet.
    pub fn new(endpoint: Arc<Endpoint>, dialler: Arc<Dialler>, keep: Keep) -> Self {
        Self { endpoint, dialler, keep, kept: None, alarm: Alarm::default() }
    }

    /// What it goes to.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// A turn begins: with [`Keep::PerTurn`], the connection of the turn before is closed.
    pub fn begin_turn(&mut self) {
        if self.keep != Keep::Alive {
            self.kept = None;
        }
    }

    /// The user pauses. The connection stays, and what HTTP/1 holds for it goes: twenty times the memory that a user needs
    /// otherwise, for the price of a few allocations when the next request comes.
    pub fn rest(&mut self) {
        self.kept = self.kept.take().and_then(Kept::at_rest);
    }

    /// Sends a request and reads the answer; a redirect is an answer and not followed, and any status is one. What is seen
    /// goes into `seen`, also when it ends in failure. Dropping the future in the middle closes the connection.
    ///
    /// A kept connection that the server has closed meanwhile is replaced, but only where nothing of the request can have
    /// reached the server: nothing is ever sent twice.
    ///
    /// # Errors
    /// No connection, no complete answer, or none in time.
    pub async fn exchange(
        &mut self,
        request: Outgoing,
        reading: &Reading<'_>,
        clock: &dyn Clock,
        seen: &mut Exchange,
    ) -> Result<End, Failure> {
        seen.begin(clock.now());
        let outcome = self.attempt(request, reading, clock, seen).await;
        seen.ended = clock.now();
        outcome
    }

    async fn attempt(
        &mut self,
        request: Outgoing,
        reading: &Reading<'_>,
        clock: &dyn Clock,
        seen: &mut Exchange,
    ) -> Result<End, Failure> {
        let deadline = Deadline::of(reading);
        let (mut wire, response) = self.deliver(request, &deadline, reading, clock, seen).await?;
        let Some(response) = response else {
            self.keep_http2(wire);
            return deadline.passed(seen);
        };
        let (head, mut body) = response.into_parts();
        seen.headers_at = Some(clock.now());
        seen.status = Some(head.status);
        seen.headers = head.headers;
        let is_delimited = body.size_hint().exact().is_some() || seen.headers.contains_key(TRANSFER_ENCODING);
        let mut reader = Reader { wire: &mut wire, alarm: &mut self.alarm, reading, clock, seen };
        let ended = reader.read(&mut body).await;
        wire.leave(body);
        match ended {
            Ok(End::Complete) => {
                if self.keep != Keep::PerRequest && stays(head.version, is_delimited, seen) {
                    self.kept = Some(Kept::Wire(wire));
                }
                Ok(End::Complete)
            }
            Ok(End::Left) => {
                self.keep_http2(wire);
                Ok(End::Left)
            }
            Err(Cut::Failed(failure)) => Err(failure),
            Err(Cut::Late | Cut::Unsent(_)) => {
                self.keep_http2(wire);
                deadline.passed(seen)
            }
        }
    }

    /// Sends a request, on a fresh connection where the kept one is gone, and waits for status and headers: `None` where they
    /// are late.
    async fn deliver(
        &mut self,
        request: Outgoing,
        deadline: &Deadline,
        reading: &Reading<'_>,
        clock: &dyn Clock,
        seen: &mut Exchange,
    ) -> Result<(Wire, Option<Response<Incoming>>), Failure> {
        let mut request = self.complete(request);
        let mut kept = self.kept.take();
        loop {
            let (mut wire, reused) = match open(kept.take(), seen).await {
                Some(wire) => (wire, true),
                // In a box of its own: what a handshake needs is ten times what every exchange needs.
                None => (Box::pin(self.connect(reading.timeout, clock, seen)).await?, false),
            };
            self.alarm.set(deadline.after);
            seen.sent = Some(clock.now());
            match send(&mut wire, request, &mut self.alarm).await {
                Ok(response) => return Ok((wire, Some(response))),
                Err(Cut::Late) => return Ok((wire, None)),
                Err(Cut::Unsent(unsent)) if reused => {
                    request = *unsent;
                    seen.reconnected = Reconnected::Once;
                    seen.sent = None;
                }
                Err(Cut::Unsent(_)) => {
                    let error = wire.fault().map(|error| fault::of_http(error, None));
                    return Err(error.unwrap_or_else(fault::closed_at_once));
                }
                Err(Cut::Failed(failure)) => return Err(failure),
            }
        }
    }

    /// The request as hyper takes it.
    fn complete(&self, outgoing: Outgoing) -> Request<Sent> {
        let Outgoing { method, target, mut headers, body } = outgoing;
        let uri = match self.dialler.version() {
            HttpVersion::Http1 => {
                headers.entry(HOST).or_insert_with(|| self.endpoint.host_header.clone());
                if self.keep == Keep::PerRequest {
                    headers.insert(CONNECTION, CLOSE);
                }
                Uri::from(target)
            }
            HttpVersion::Http2 => self.endpoint.whole(target),
        };
        headers.entry(USER_AGENT).or_insert(AGENT);
        if let Some(authorization) = &self.endpoint.authorization {
            headers.entry(AUTHORIZATION).or_insert_with(|| authorization.clone());
        }
        let mut request = Request::new(Sent::new(body));
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        request
    }

    async fn connect(&self, timeout: Duration, clock: &dyn Clock, seen: &mut Exchange) -> Result<Wire, Failure> {
        let began = clock.now();
        let dialled = tokio::time::timeout(timeout, self.dialler.dial(&self.endpoint)).await;
        seen.connecting = Some(clock.now().since_start().saturating_sub(began.since_start()));
        dialled.unwrap_or_else(|_| Err(fault::too_late(timeout, "no connection")))
    }

    /// Keeps a connection on which a request was broken off: of HTTP/1 it is spent.
    fn keep_http2(&mut self, wire: Wire) {
        if let (Wire::Http2(_), Keep::Alive | Keep::PerTurn) = (&wire, self.keep) {
            self.kept = Some(Kept::Wire(wire));
        }
    }
}

/// The kept connection, unless the server has closed it.
async fn open(kept: Option<Kept>, seen: &mut Exchange) -> Option<Wire> {
    let mut wire = kept?.awake().await?;
    if poll_fn(|cx| Poll::Ready(wire.poll_open(cx))).await {
        return Some(wire);
    }
    seen.reconnected = Reconnected::Once;
    None
}

/// Whether the connection outlives this answer, by the answer's own word and by what marked its end.
fn stays(version: Version, is_delimited: bool, seen: &Exchange) -> bool {
    let says = |word: &str| {
        let values = seen.headers.get_all(CONNECTION);
        values
            .iter()
            .filter_map(|value| value.to_str().ok())
            .any(|value| value.split(',').any(|token| token.trim().eq_ignore_ascii_case(word)))
    };
    match version {
        Version::HTTP_2 => true,
        Version::HTTP_11 => is_delimited && !says("close") && seen.status != Some(StatusCode::SWITCHING_PROTOCOLS),
        _ => is_delimited && says("keep-alive"),
    }
}

/// When an exchange is over at the latest, and what that means.
struct Deadline {
    after: Duration,
    end: Result<End, Duration>,
}

impl Deadline {
    fn of(reading: &Reading<'_>) -> Self {
        match reading.leave {
            Some(LeaveAfter::Time(after)) if after <= reading.timeout => Self { after, end: Ok(End::Left) },
            _ => Self { after: reading.timeout, end: Err(reading.timeout) },
        }
    }

    fn passed(&self, seen: &Exchange) -> Result<End, Failure> {
        self.end.map_err(|timeout| match seen.status {
            None => fault::too_late(timeout, "no answer"),
            Some(_) => fault::too_late(timeout, &format!("no end of the answer ({} bytes of body)", seen.body_bytes)),
        })
    }
}

/// Sends a request and waits for status and headers.
async fn send(wire: &mut Wire, request: Request<Sent>, alarm: &mut Alarm) -> Result<Response<Incoming>, Cut> {
    let answer: Option<Answer> = match wire {
        Wire::Http1(http1) => {
            let Http1 { sender, connection, bell } = http1;
            let mut answer = pin!(bell.mute(|| sender.try_send_request(request)));
            poll_fn(|cx| {
                let polled = bell.poll(cx, |cx| {
                    connection.drive(cx);
                    answer.as_mut().poll(cx)
                });
                or_late(polled, alarm, cx)
            })
            .await
        }
        Wire::Http2(http2) => {
            let mut answer = pin!(http2.sender.try_send_request(request));
            poll_fn(|cx| or_late(answer.as_mut().poll(cx), alarm, cx)).await
        }
    };
    match answer {
        None => Err(Cut::Late),
        Some(Ok(response)) => Ok(response),
        Some(Err(mut error)) => Err(match error.take_message() {
            Some(request) => Cut::Unsent(Box::new(request)),
            None => Cut::Failed(fault::of_http(error.error(), wire.fault())),
        }),
    }
}

/// What was waited for, or `None` once the deadline has passed.
fn or_late<T>(waited_for: Poll<T>, alarm: &mut Alarm, cx: &mut Context<'_>) -> Poll<Option<T>> {
    match waited_for {
        Poll::Ready(thing) => Poll::Ready(Some(thing)),
        Poll::Pending => alarm.poll(cx).map(|()| None),
    }
}

/// Reads a body to its end, or to where it is left.
struct Reader<'a> {
    wire: &'a mut Wire,
    alarm: &'a mut Alarm,
    reading: &'a Reading<'a>,
    clock: &'a dyn Clock,
    seen: &'a mut Exchange,
}

impl Reader<'_> {
    async fn read(&mut self, body: &mut Incoming) -> Result<End, Cut> {
        let mut events = EventCounter::default();
        while !body.is_end_stream() {
            let frame = poll_fn(|cx| or_late(self.wire.poll_body(body, cx), self.alarm, cx));
            match frame.await {
                None => return Err(Cut::Late),
                Some(None) => break,
                Some(Some(Ok(frame))) => self.take(frame, &mut events),
                Some(Some(Err(error))) => return Err(Cut::Failed(fault::of_http(&error, self.wire.fault()))),
            }
            if matches!(self.reading.leave, Some(LeaveAfter::Events(enough)) if self.seen.events >= u64::from(enough)) {
                return Ok(End::Left);
            }
            // A body that always has more would never come to the timer.
            if !body.is_end_stream() && self.alarm.has_passed() {
                return Err(Cut::Late);
            }
        }
        Ok(End::Complete)
    }

    fn take(&mut self, frame: Frame<Bytes>, events: &mut EventCounter) {
        // Trailers are read and not kept.
        let Ok(data) = frame.into_data() else { return };
        if data.is_empty() {
            return;
        }
        let now = self.clock.now();
        self.seen.first_byte_at.get_or_insert(now);
        self.seen.body_bytes += data.len() as u64;
        if let KeepBody::UpTo(bound) = self.reading.keep_body {
            let room = bound.saturating_sub(self.seen.body.len());
            self.seen.body.extend_from_slice(&data[..data.len().min(room)]);
        }
        let ended = match self.reading.stream {
            Stream::No => 0,
            Stream::Chunks => 1,
            Stream::ServerSentEvents => events.count(&data),
        };
        for _ in 0..ended {
            self.seen.events += 1;
            self.seen.first_event_at.get_or_insert(now);
            if let Some(last) = self.seen.last_event_at.replace(now) {
                (self.reading.on_gap)(now.since_start().saturating_sub(last.since_start()));
            }
        }
    }
}
