//! What the driver has counted: one tick's worth and the whole run's, in constant memory however long the run.

use std::time::Duration;

use hdrhistogram::{Counter, Histogram};

use super::client::Outcome;
use super::failures::{FailureCount, FailureLedger};
use super::options::DriverError;
use crate::domain::traffic::Latency;
use crate::domain::{Elapsed, TrafficTick};

/// Latencies are told apart from 1 us on ...
const SHORTEST_US: u64 = 1;
/// ... up to a day: behind a server that hangs, a request may wait for hours before it is sent.
const LONGEST_US: u64 = 24 * 3600 * 1_000_000;
/// Three digits: a percentile is off by at most 0.1 %.
const DIGITS: u8 = 3;

/// The whole run, as the report tells it.
#[derive(Clone, Debug, PartialEq)]
pub struct DriverSummary {
    /// Requests completed, failed ones included.
    pub turns: u64,
    /// Requests that failed: no whole answer, or a status of 400 and up.
    pub errors: u64,
    /// Answers with a status of 3xx: they count as turns without error, though nobody went where they point.
    pub redirects: u64,
    /// Why requests failed, the most frequent reason first.
    pub error_classes: Vec<FailureCount>,
    /// Latency of all requests but those that found nobody to answer; `None` where there was none.
    pub latency: Option<Latency>,
    /// The mean of the same latencies, exact.
    pub mean_latency: Option<Duration>,
    /// The longest that a request was sent after it was due.
    pub max_lag: Duration,
    /// Requests that were due and never sent, because the run ended first.
    pub waiting_at_end: u64,
    /// Requests that were under way at the end and not answered within the grace: neither turns nor errors.
    pub cut_at_end: u64,
}

/// A histogram with the exact maximum and sum beside it.
#[derive(Debug)]
struct Latencies<C: Counter> {
    histogram: Histogram<C>,
    max: Duration,
    sum_us: u128,
}

impl<C: Counter> Latencies<C> {
    fn new() -> Result<Self, DriverError> {
        let histogram = Histogram::new_with_bounds(SHORTEST_US, LONGEST_US, DIGITS).map_err(DriverError::Histogram)?;
        Ok(Self { histogram, max: Duration::ZERO, sum_us: 0 })
    }

    fn add(&mut self, latency: Duration) {
        self.histogram.saturating_record(u64::try_from(latency.as_micros()).unwrap_or(u64::MAX));
        self.max = self.max.max(latency);
        self.sum_us += latency.as_micros();
    }

    fn latency(&self) -> Option<Latency> {
        // The histogram answers with the upper edge of a bucket, which may lie above the longest latency seen.
        let at = |quantile| Duration::from_micros(self.histogram.value_at_quantile(quantile)).min(self.max);
        (!self.histogram.is_empty()).then(|| Latency { p50: at(0.5), p95: at(0.95), p99: at(0.99), max: self.max })
    }

    fn mean(&self) -> Option<Duration> {
        let mean = self.sum_us.checked_div(u128::from(self.histogram.len()))?;
        Some(Duration::from_micros(u64::try_from(mean).unwrap_or(u64::MAX)))
    }

    fn clear(&mut self) {
        self.histogram.reset();
        self.max = Duration::ZERO;
        self.sum_us = 0;
    }
}

/// The driver's books. A request that found nobody to answer (refused, reset) has no latency: fast failures would make
/// a dying server look quick. One that ran into the timeout has taken at least that long, and counts.
#[derive(Debug)]
pub(super) struct Tally {
    sent: u64,
    turns: u64,
    errors: u64,
    redirects: u64,
    failures: FailureLedger,
    in_tick: Latencies<u32>,
    in_run: Latencies<u64>,
    tick_lag: Duration,
    max_lag: Duration,
}

impl Tally {
    pub(super) fn new() -> Result<Self, DriverError> {
        Ok(Self {
            sent: 0,
            turns: 0,
            errors: 0,
            redirects: 0,
            failures: FailureLedger::default(),
            in_tick: Latencies::new()?,
            in_run: Latencies::new()?,
            tick_lag: Duration::ZERO,
            max_lag: Duration::ZERO,
        })
    }

    /// The number of the next request to send, from 0.
    pub(super) fn next(&self) -> u64 {
        self.sent
    }

    /// Requests sent and not yet ended.
    pub(super) fn in_flight(&self) -> u64 {
        self.sent - self.turns
    }

    /// The next request is being sent, this long after it was due.
    pub(super) fn sent(&mut self, lag: Duration) {
        self.sent += 1;
        self.tick_lag = self.tick_lag.max(lag);
        self.max_lag = self.max_lag.max(lag);
    }

    /// A request ended `at`, this long after it was due.
    pub(super) fn ended(&mut self, outcome: Outcome, latency: Duration, at: Elapsed) {
        self.turns += 1;
        if !matches!(outcome, Outcome::Unanswered(_)) {
            self.in_tick.add(latency);
            self.in_run.add(latency);
        }
        match outcome {
            Outcome::Answered => {}
            Outcome::Redirected => self.redirects += 1,
            Outcome::Refused(failure) | Outcome::TimedOut(failure) | Outcome::Unanswered(failure) => {
                self.errors += 1;
                self.failures.add(failure, at);
            }
        }
    }

    /// Closes the interval that ends `at`, when `due` requests had fallen due, and opens the next.
    pub(super) fn tick(&mut self, at: Elapsed, due: u64) -> TrafficTick {
        let tick = TrafficTick {
            at,
            turns: self.turns,
            errors: self.errors,
            in_flight: self.in_flight(),
            waiting: due.saturating_sub(self.sent),
            latency: self.in_tick.latency(),
            lag: self.tick_lag,
        };
        self.in_tick.clear();
        self.tick_lag = Duration::ZERO;
        tick
    }

    /// Closes the books, after `due` requests had fallen due.
    pub(super) fn close(&mut self, due: u64) -> DriverSummary {
        DriverSummary {
            turns: self.turns,
            errors: self.errors,
            redirects: self.redirects,
            latency: self.in_run.latency(),
            mean_latency: self.in_run.mean(),
            max_lag: self.max_lag,
            waiting_at_end: due.saturating_sub(self.sent),
            cut_at_end: self.in_flight(),
            error_classes: std::mem::take(&mut self.failures).into_counts(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_within_a_thousandth_and_never_above_the_maximum() {
        let mut tally = Tally::new().unwrap();
        for millis in 1..=1000 {
            tally.sent(Duration::ZERO);
            tally.ended(Outcome::Answered, Duration::from_millis(millis), Elapsed::default());
        }
        let summary = tally.close(1000);
        let latency = summary.latency.unwrap();
        for (seen, true_ms) in [(latency.p50, 500.0), (latency.p95, 950.0), (latency.p99, 990.0)] {
            assert!((seen.as_secs_f64() * 1e3 / true_ms - 1.0).abs() <= 0.001, "{seen:?} for {true_ms} ms");
        }
        assert_eq!(latency.max, Duration::from_secs(1));
        assert_eq!(summary.mean_latency, Some(Duration::from_micros(500_500)));
    }

    #[test]
    fn a_tick_holds_its_own_latencies_and_the_totals_so_far() {
        let mut tally = Tally::new().unwrap();
        let second = Elapsed::from_secs_f64;
        tally.sent(Duration::from_millis(7));
        tally.ended(Outcome::Answered, Duration::from_millis(9), second(0.5));
        tally.sent(Duration::from_millis(2));
        let first = tally.tick(second(1.0), 5);
        assert_eq!((first.turns, first.in_flight, first.waiting), (1, 1, 3));
        assert_eq!((first.lag, first.latency.unwrap().max), (Duration::from_millis(7), Duration::from_millis(9)));
        let silent = tally.tick(second(2.0), 9);
        assert_eq!((silent.turns, silent.waiting, silent.lag, silent.latency), (1, 7, Duration::ZERO, None));
    }

    #[test]
    fn a_latency_beyond_the_histogram_keeps_its_true_maximum() {
        let mut tally = Tally::new().unwrap();
        tally.sent(Duration::ZERO);
        tally.ended(Outcome::Answered, Duration::from_hours(100), Elapsed::default());
        assert_eq!(tally.close(1).latency.unwrap().max, Duration::from_hours(100));
    }
}
