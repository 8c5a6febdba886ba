//! What charts are made from: series with, for a recorded run, the traffic, the events and the header beside them.

use crate::domain::run::{Event, Header};
use crate::domain::{Run, SeriesSet, TrafficTick};

/// What charts are made from. The series come along ready-made, because the analysis has already made them of the run.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// The series.
    pub set: &'a SeriesSet,
    /// The driver's ticks; empty without traffic.
    pub traffic: &'a [TrafficTick],
    /// The events of the run.
    pub events: &'a [Event],
    /// Who was watched, of a run.
    pub header: Option<&'a Header>,
    /// The words for the subtitle where there is no header: a file's name.
    pub name: &'a str,
}

impl<'a> Source<'a> {
    /// A recorded run and its series (`run.series()`).
    pub fn of_run(run: &'a Run, set: &'a SeriesSet) -> Self {
        Self { set, traffic: &run.traffic, events: &run.events, header: Some(&run.header), name: "" }
    }

    /// Series from anywhere else, such as a CSV; `name` says where from.
    pub fn of_series(name: &'a str, set: &'a SeriesSet) -> Self {
        Self { set, traffic: &[], events: &[], header: None, name }
    }

    /// The span of the time axis: from the start (or the first instant, where the series begin long after) to the last
    /// instant of any kind; at least a second.
    pub(super) fn span_s(&self) -> (f64, f64) {
        let finite = |at: &f64| at.is_finite();
        let first = self.set.elapsed_s.iter().copied().find(finite).unwrap_or(0.0);
        let last = self.set.elapsed_s.iter().copied().rfind(finite).unwrap_or(0.0);
        let last = self.traffic.last().map_or(last, |tick| last.max(tick.at.as_secs_f64()));
        let low = if first < 0.0 || first > 0.2 * last { first } else { 0.0 };
        (low, if last > low { last } else { low + 1.0 })
    }
}
