//! What the driver did and saw in one second: the traffic's line of the record.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::sample::Elapsed;

/// The latency of the requests that ended within a tick, measured from the moment each was due to be sent. A request that
/// nobody answered (refused, reset) is an error without a latency, so that a dying server does not look fast.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Latency {
    /// Half of the requests took at most this long.
    pub p50: Duration,
    /// 95 % of the requests took at most this long.
    pub p95: Duration,
    /// 99 % of the requests took at most this long.
    pub p99: Duration,
    /// The longest.
    pub max: Duration,
}

/// The driver's account of one interval, and its totals so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrafficTick {
    /// When the interval ended.
    pub at: Elapsed,
    /// Turns completed since the start of the run; a failed turn counts, for it was asked for.
    pub turns: u64,
    /// Requests that ended since the start of the run, failed ones, put-off ones and repeated attempts among them.
    pub requests: u64,
    /// Requests that failed since the start of the run: no answer, or one that was not what the profile expects (without
    /// expectations, a status of 400 and up).
    pub errors: u64,
    /// Requests that the server put off since the start of the run (429, or 503 with Retry-After).
    pub limited: u64,
    /// Users at work when the interval ended: all of them in the closed model, those with a turn under way in the open one.
    pub users: u32,
    /// Requests under way when the interval ended.
    pub in_flight: u64,
    /// Requests that are due and not yet sent, because as many as allowed are in flight.
    pub waiting: u64,
    /// Latency of the requests that ended in this interval; `None` where none did.
    pub latency: Option<Latency>,
    /// The longest that a request of this interval was sent after it was due, through the driver's own fault or for want
    /// of a free user.
    pub lag: Duration,
}

/// One class of failed requests.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureTally {
    /// The class: `timeout`, `status 503`, ...
    pub class: String,
    /// How many failed so.
    pub count: u64,
    /// What the first of them said, without secrets.
    pub example: String,
}

/// The latency of a whole run from the due times, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LatencySummary {
    /// The mean.
    pub mean_us: u64,
    /// Half of the requests took at most this long.
    pub p50_us: u64,
    /// 95 % of the requests took at most this long.
    pub p95_us: u64,
    /// 99 % of the requests took at most this long.
    pub p99_us: u64,
    /// The longest.
    pub max_us: u64,
}

/// The driver's account of the whole run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrafficSummary {
    /// Turns completed, failed ones among them.
    pub turns: u64,
    /// Turns that failed: a step of theirs did.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub turns_failed: u64,
    /// Requests that ended, failed ones, put-off ones and repeated attempts among them. A record of before there were
    /// profiles has none: there, each turn is a request.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub requests: u64,
    /// Requests that failed.
    pub errors: u64,
    /// Requests that the server put off, by 429 or by 503 with Retry-After: neither failed nor well.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub limited: u64,
    /// Attempts after the first.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub retried: u64,
    /// Steps that were not done for want of a value of another tenant.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub skipped: u64,
    /// Answers that the client left in the middle, on purpose.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub left: u64,
    /// Requests answered by a redirect, which is not followed.
    pub redirects: u64,
    /// Turns that were due and had not been sent when the run ended.
    pub waiting_at_end: u64,
    /// Requests under way at the end and not answered within the grace: neither turns nor errors.
    pub cut_at_end: u64,
    /// Latency of all answered requests; `None` where nobody answered.
    pub latency: Option<LatencySummary>,
    /// The longest that a request was sent after it was due.
    pub max_lag_us: u64,
    /// 99 % of the requests were sent at most this long after they were due and a user was free to send them: the
    /// driver's own lateness, which no server is to blame for.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub own_lag_p99_us: u64,
    /// Seconds of the run in which the driver lagged so much (see [`TrafficSummary::LAG_FLOOR_US`]) that the latencies of
    /// that time say nothing about the server.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub lagged_s: u64,
    /// Turns that came when as many as allowed were under way, and waited.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub waited: u64,
    /// The classes of failures, the commonest first.
    pub failures: Vec<FailureTally>,
}

impl TrafficSummary {
    /// The driver lags where 99 % of its own lateness is over this many microseconds ...
    pub const LAG_FLOOR_US: u64 = 5_000;
    /// ... and over this share of the median response time, beside which it would not matter.
    pub const LAG_SHARE: f64 = 0.1;

    /// Whether so late a driver (the 99th percentile of its own lateness) spoils response times with this median, both in
    /// microseconds.
    pub fn lags(own_lag_p99_us: u64, response_p50_us: u64) -> bool {
        own_lag_p99_us as f64 > (Self::LAG_FLOOR_US as f64).max(Self::LAG_SHARE * response_p50_us as f64)
    }
}

/// What is measured of a request, or of a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// From the moment the request was due to its last byte: what a user waits, and what objectives use.
    Response,
    /// From the moment it was sent to its last byte: what the server took.
    Service,
    /// From sending to the status and headers.
    Ttfb,
    /// From sending to the first byte of the body.
    FirstByte,
    /// From sending to the first event that is not empty.
    FirstEvent,
    /// Between two events of one answer.
    Gap,
    /// A whole turn: the response times of its steps, without the pauses.
    Turn,
    /// From the moment it was due to the moment it was sent: the driver's own lateness, or its want of a free user.
    Lag,
}

impl Measure {
    /// All of them, in order.
    pub const ALL: [Self; 8] = [
        Self::Response,
        Self::Service,
        Self::Ttfb,
        Self::FirstByte,
        Self::FirstEvent,
        Self::Gap,
        Self::Turn,
        Self::Lag,
    ];
}

/// What one step of one class (or its turns as a whole) did in one window of the run: ten seconds, or less where a phase
/// or the run ended. Windows add up: any percentile over any span that they fill can be computed again.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Window {
    /// When it began, in seconds since the start.
    pub from_s: f64,
    /// When it ended, in seconds since the start.
    pub to_s: f64,
    /// The phase of the scenario; a window lies in one.
    pub phase: String,
    /// Users at work at its end: all of them in the closed model, those with a turn under way in the open one.
    pub users: u32,
    /// The class of users.
    pub class: String,
    /// The step; `None` for the class's turns as a whole.
    pub step: Option<String>,
    /// Requests that ended (turns, where it is about turns), failed ones among them, attempts that were retried too.
    pub requests: u64,
    /// Those that failed.
    pub failed: u64,
    /// Those that the server put off, by 429 or by 503 with Retry-After: neither failed nor well.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub limited: u64,
    /// Attempts after the first.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub retried: u64,
    /// Steps that were not done for want of a value (`{{other.id}}` before there is one).
    #[serde(default, skip_serializing_if = "is_zero")]
    pub skipped: u64,
    /// Answers that the client left in the middle, on purpose.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub left: u64,
    /// Events of streamed answers.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub events: u64,
    /// Bytes of bodies received.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub body_bytes: u64,
    /// The distribution of each measure that was taken, in microseconds: an HDR histogram in its compressed form (V2
    /// deflate, base64).
    pub latencies: std::collections::BTreeMap<Measure, String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// A single request that is worth keeping: slow, or failed. Its secrets are taken out already.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RequestLine {
    /// When it ended, in seconds since the start.
    pub elapsed_s: f64,
    /// The class of users.
    pub class: String,
    /// The step.
    pub step: String,
    /// The user's number.
    pub user: u32,
    /// Method and path as they were sent, query values and secrets as `***`.
    pub request: String,
    /// The status; `None` where none came.
    pub status: Option<u16>,
    /// What class of failure it was; `None` for a slow request that went well.
    pub failure: Option<String>,
    /// What was wrong, in a few words.
    pub story: String,
    /// From due to sent, in microseconds.
    pub lag_us: u64,
    /// From due to its end, in microseconds.
    pub response_us: u64,
}
