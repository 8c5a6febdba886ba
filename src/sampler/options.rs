//! What a sampler is given and what it gives back.

use std::os::fd::OwnedFd;
use std::time::Duration;

use crate::domain::run::{Event, Scope};
use crate::domain::{Elapsed, Sample};
use crate::procfs::{ProcRoot, Process};

/// The shortest interval: below it the wake-ups alone cost percents of a core.
const SHORTEST: Duration = Duration::from_millis(10);
/// The longest interval.
const LONGEST: Duration = Duration::from_hours(1);

/// How to sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Options {
    /// Time between samples, 10 ms to 1 h.
    pub interval: Duration,
    /// When to end by itself; the last sample is taken at that instant if one is due then.
    pub until: Option<Elapsed>,
    /// The share of one core that the slow tier keeps to, above 0 and at most 1.
    pub budget: f64,
    /// Whether descendants are counted in.
    pub scope: Scope,
}

impl Options {
    pub(super) fn check(&self) -> Result<(), SamplerError> {
        if !(SHORTEST..=LONGEST).contains(&self.interval) {
            return Err(SamplerError::Interval { interval: self.interval });
        }
        if !(self.budget > 0.0 && self.budget <= 1.0) {
            return Err(SamplerError::Budget { budget: self.budget });
        }
        Ok(())
    }
}

impl Default for Options {
    /// Once a second until stopped, the slow tier within 0.1 % of a core.
    fn default() -> Self {
        Self { interval: Duration::from_secs(1), until: None, budget: 0.001, scope: Scope::Process }
    }
}

/// What is watched, and what ends the watch.
#[derive(Debug)]
pub struct Watched {
    /// The kernel's view of the machine.
    pub root: ProcRoot,
    /// The target.
    pub process: Process,
    /// The target's pidfd: readable once it has ended.
    pub pidfd: OwnedFd,
    /// Readable when the run is to stop at once: the reading end of a pipe whose other end is closed or written, or an
    /// eventfd.
    pub stop: OwnedFd,
}

/// Why there is no sampler.
#[derive(Debug, thiserror::Error)]
pub enum SamplerError {
    /// The interval is out of range.
    #[error("an interval of {} is out of range; choose 10ms to 1h", humantime::format_duration(*.interval))]
    Interval {
        /// The interval.
        interval: Duration,
    },
    /// The budget is out of range.
    #[error("a budget of {budget} of a core is out of range; choose above 0, to 1")]
    Budget {
        /// The budget.
        budget: f64,
    },
}

/// Something that the sampler saw. An event comes before the sample of its tick.
#[derive(Clone, Debug, PartialEq)]
pub enum Observation {
    /// What was read at one instant.
    Sample(Sample),
    /// What happened.
    Event(Event),
}

/// Why sampling ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The time that was set has come.
    Complete,
    /// The stop descriptor became readable.
    Stopped,
    /// The target ended; the target knows the cause.
    TargetEnded,
    /// The sink wants no more.
    SinkClosed,
}
