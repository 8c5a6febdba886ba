//! What the driver did and saw in one second: the traffic's line of the record.

use std::time::Duration;

use super::sample::Elapsed;

/// The latency of the requests that ended within a tick, measured from the moment each was due to be sent.
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
