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
    /// Requests that failed since the start of the run, by the driver's own measure (no answer, or status 400 and up).
    pub errors: u64,
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
    /// Requests that failed.
    pub errors: u64,
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
    /// The classes of failures, the commonest first.
    pub failures: Vec<FailureTally>,
}
