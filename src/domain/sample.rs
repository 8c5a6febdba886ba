//! What the sampler sees at one instant: the first thing in the flow, and one line of the record.

use std::time::Duration;

use super::bytes::Bytes;
use super::metric::{Metric, Unit};

/// Time since the start of the run on a monotonic clock that counts suspend (`CLOCK_BOOTTIME`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Elapsed(Duration);

impl Elapsed {
    /// The instant this long after the start of the run.
    pub const fn new(since_start: Duration) -> Self {
        Self(since_start)
    }

    /// The instant `seconds` after the start; negative and non-finite values become the start itself.
    pub fn from_secs_f64(seconds: f64) -> Self {
        Self(Duration::try_from_secs_f64(seconds).unwrap_or_default())
    }

    /// The time since the start of the run.
    pub const fn since_start(self) -> Duration {
        self.0
    }

    /// The time since the start of the run, in seconds.
    pub fn as_secs_f64(self) -> f64 {
        self.0.as_secs_f64()
    }
}

/// What was read of each metric at one instant; a metric that was not read, or could not be, is missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Readings {
    /// The value of each metric that `present` names, 0 for the others: half the size of as many `Option`s, and an
    /// overnight record holds hundreds of thousands of these.
    values: [u64; Metric::COUNT],
    present: u32,
}

const _: () = assert!(Metric::COUNT <= u32::BITS as usize, "`Readings::present` has a bit for each metric");

impl Readings {
    /// No reading at all.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the reading of a metric that is measured in bytes.
    pub fn set_bytes(&mut self, metric: Metric, size: Bytes) {
        debug_assert_eq!(metric.unit(), Unit::Bytes, "{}", metric.name());
        self.set_raw(metric, size.get());
    }

    /// Sets the reading of a metric that is measured in anything but bytes, in the metric's own unit.
    pub fn set_count(&mut self, metric: Metric, count: u64) {
        debug_assert_ne!(metric.unit(), Unit::Bytes, "{}", metric.name());
        self.set_raw(metric, count);
    }

    /// Sets the reading from a record or a table, in the metric's own unit.
    pub fn set_raw(&mut self, metric: Metric, value: u64) {
        self.values[metric as usize] = value;
        self.present |= 1 << metric as usize;
    }

    /// The reading in the metric's own unit, `None` where it is missing.
    pub fn get(&self, metric: Metric) -> Option<u64> {
        (self.present & (1 << metric as usize) != 0).then(|| self.values[metric as usize])
    }

    /// The readings that are there, in the table's order.
    pub fn iter(&self) -> impl Iterator<Item = (Metric, u64)> + '_ {
        Metric::all().filter_map(|metric| self.get(metric).map(|value| (metric, value)))
    }

    /// Whether nothing at all was read.
    pub fn is_empty(&self) -> bool {
        self.present == 0
    }
}

/// One observation of the target at one instant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sample {
    /// When it was taken, not when it was due.
    pub at: Elapsed,
    /// How long after its due time it was taken.
    pub lateness: Duration,
    /// What was read.
    pub readings: Readings,
}
