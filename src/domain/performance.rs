//! How fast the target answered and where it reached its limits: what the analysis finds in the windows of the traffic.
//! Reports read it.

use serde::{Deserialize, Serialize};

/// The numbers of one distribution, in milliseconds from the moment each request was due.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LatencyFigures {
    /// Half took at most this long.
    pub p50_ms: f64,
    /// 95 % took at most this long.
    pub p95_ms: f64,
    /// 99 % took at most this long.
    pub p99_ms: f64,
    /// The longest.
    pub max_ms: f64,
}

/// One step of one class, or its turns as a whole, over the run without ramps and warm-up.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StepFigures {
    /// The class of users.
    pub class: String,
    /// The step; `None` for whole turns.
    pub step: Option<String>,
    /// Requests that ended, or turns.
    pub requests: u64,
    /// Those that failed.
    pub failed: u64,
    /// Those that the server put off.
    pub limited: u64,
    /// Requests or turns a second.
    pub per_second: f64,
    /// From due to the last byte; `None` where nobody answered.
    pub response: Option<LatencyFigures>,
    /// The 95th percentile of the time to the headers.
    pub ttfb_p95_ms: Option<f64>,
    /// The 95th percentile of the time to the first event.
    pub first_event_p95_ms: Option<f64>,
    /// The 95th percentile of the gaps between events.
    pub gap_p95_ms: Option<f64>,
    /// Window by window over the whole run, ramps and warm-up too, but for windows of less than a second. For drawing only: no part of the JSON.
    #[serde(skip)]
    pub course: Vec<WindowFigures>,
}

/// One window of a step, or of a class's turns.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct WindowFigures {
    /// When it ended, in seconds since the start.
    pub to_s: f64,
    /// Requests (or turns) a second.
    pub per_second: f64,
    /// Those that failed, a second.
    pub failed_per_second: f64,
    /// Response times; `None` where nobody answered.
    pub response: Option<LatencyFigures>,
}

/// One phase of the scenario.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PhaseFigures {
    /// Its name.
    pub phase: String,
    /// When it began, in seconds since the start.
    pub from_s: f64,
    /// When it ended, in seconds since the start.
    pub to_s: f64,
    /// Users at work at most.
    pub users: u32,
    /// Turns a second.
    pub turns_per_s: f64,
    /// Requests a second.
    pub requests_per_s: f64,
    /// Response times of all requests; `None` where nobody answered.
    pub response: Option<LatencyFigures>,
    /// The share of requests that failed, between 0 and 1.
    pub failed: f64,
}

/// What kind of sign it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignKind {
    /// A few requests take many times as long as most.
    LongTail,
    /// More users no longer bring more throughput.
    Knee,
    /// Errors rise with the users.
    ErrorsRiseWithUsers,
    /// Errors rise with time.
    ErrorsRiseWithTime,
    /// The latency at the end is not that of the beginning.
    Drift,
}

/// Something that looks like a bottleneck. It decides nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sign {
    /// What kind.
    pub kind: SignKind,
    /// What was seen, in one plain sentence.
    pub reason: String,
}

/// What the traffic's windows say.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Performance {
    /// Steps and turns, a class after the other.
    pub steps: Vec<StepFigures>,
    /// The phases in their order.
    pub phases: Vec<PhaseFigures>,
    /// Signs of a bottleneck.
    pub signs: Vec<Sign>,
}
