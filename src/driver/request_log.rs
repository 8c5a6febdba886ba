//! Single requests that are worth keeping, slow ones and failed ones, up to a bound; and that the driver lagged.

use std::cell::Cell;
use std::time::Duration;

use super::answer::shown;
use super::books::Lagging;
use super::scribe::{Outlet, Seen};
use crate::domain::traffic::RequestLine;

/// Lines of each log: enough to see what is wrong, and a bound on the disk.
pub const LOG_LINES: u32 = 1000;

/// The way of slow and of failed requests into the run's folder.
pub(super) struct RequestLog {
    outlet: Outlet,
    slow_after: Option<Duration>,
    slow: Cell<u32>,
    failed: Cell<u32>,
    lag_told: Cell<bool>,
}

impl RequestLog {
    pub(super) fn new(outlet: Outlet, slow_after: Option<Duration>) -> Self {
        Self { outlet, slow_after, slow: Cell::new(0), failed: Cell::new(0), lag_told: Cell::new(false) }
    }

    /// Whether so long a response is slow.
    pub(super) fn is_slow(&self, response: Option<Duration>) -> bool {
        response.zip(self.slow_after).is_some_and(|(response, bound)| response > bound)
    }

    /// Keeps a slow request, whose line is only made if there is room.
    pub(super) fn slow(&self, line: impl FnOnce() -> RequestLine) {
        if self.has_room(&self.slow, "slow") {
            self.outlet.tell(Seen::Slow(line()));
        }
    }

    /// Keeps a failed request, whose line is only made if there is room.
    pub(super) fn failed(&self, line: impl FnOnce() -> RequestLine) {
        if self.has_room(&self.failed, "failed") {
            self.outlet.tell(Seen::Failed(line()));
        }
    }

    fn has_room(&self, lines: &Cell<u32>, what: &str) -> bool {
        if lines.get() == LOG_LINES {
            let text =
                format!("the log of {what} requests ends after {LOG_LINES} lines; further ones are only counted");
            self.outlet.tell(Seen::Note(text));
        }
        lines.set(lines.get().saturating_add(1));
        lines.get() <= LOG_LINES
    }

    /// Says, once a run, that the driver lagged; how long in all stands in the summary.
    pub(super) fn lagged(&self, lagging: Lagging) {
        if !self.lag_told.replace(true) {
            let Lagging { own_lag, response } = lagging;
            self.outlet.tell(Seen::Note(format!(
                "the driver lagged: 1 in 100 requests was sent {} late or more, against a median response of {}; latencies \
                 of that time say nothing about the server",
                shown(own_lag),
                shown(response)
            )));
        }
    }
}
