//! What the driver has counted: the tick's, the window's and the whole run's, in memory that does not grow with the run.
//!
//! A window's distributions are made when there is something to add and given away when it ends, so that a step that is
//! seldom done costs nothing.

use std::time::Duration;

use super::ledger::{FailureLedger, Fault};
use super::script::RowKey;
use crate::domain::traffic::{Latency, LatencySummary, Measure, TrafficSummary};
use crate::domain::{Elapsed, TrafficTick, Window};
use crate::stats::latencies::{Latencies, LatenciesError};

/// The length of a window: ten seconds, aligned to the run's clock.
const WINDOW_S: u64 = 10;

/// What a request came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// As it was to be.
    Well,
    /// A redirect, which is not followed.
    Redirected,
    /// The client left in the middle, as it was to.
    Left,
    /// The server put it off.
    Limited,
    Failed(Fault),
}

/// One request that ended, or that could not be made.
#[derive(Debug)]
pub(super) struct Attempt {
    pub(super) row: usize,
    pub(super) outcome: Outcome,
    /// From due to its end; `None` where nobody answered, so that a dying server does not look fast.
    pub(super) response: Option<Duration>,
    /// From due to sent.
    pub(super) lag: Option<Duration>,
    pub(super) service: Option<Duration>,
    pub(super) ttfb: Option<Duration>,
    /// Of a streamed answer.
    pub(super) first_byte: Option<Duration>,
    pub(super) first_event: Option<Duration>,
    pub(super) events: u64,
    pub(super) body_bytes: u64,
    /// Which attempt it was, from 1.
    pub(super) number: u32,
}

impl Attempt {
    /// One that could not even be sent.
    pub(super) fn unsent(row: usize, fault: Fault) -> Self {
        Self {
            row,
            outcome: Outcome::Failed(fault),
            response: None,
            lag: None,
            service: None,
            ttfb: None,
            first_byte: None,
            first_event: None,
            events: 0,
            body_bytes: 0,
            number: 1,
        }
    }
}

/// A turn that ended.
#[derive(Debug)]
pub(super) struct TurnEnd {
    pub(super) row: usize,
    pub(super) verdict: TurnVerdict,
    /// The response times of its steps; `None` where a step got no answer.
    pub(super) length: Option<Duration>,
}

/// How a turn went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TurnVerdict {
    Well,
    Failed,
    Limited,
}

/// A window's row before its distributions are put into their compressed form.
#[derive(Debug)]
pub(super) struct OpenWindow {
    pub(super) window: Window,
    pub(super) latencies: Vec<(Measure, Latencies)>,
}

/// What one row did in the window under way.
#[derive(Debug, Default)]
struct Row {
    counts: Window,
    latencies: [Option<Box<Latencies>>; Measure::ALL.len()],
}

impl Row {
    fn add(&mut self, measure: Measure, length: Option<Duration>) {
        let Some(length) = length else { return };
        let slot = &mut self.latencies[measure as usize];
        if slot.is_none() {
            // Its constants are in bounds; if it failed all the same, the measure would be missing and not the count.
            *slot = Latencies::new().ok().map(Box::new);
        }
        if let Some(latencies) = slot {
            latencies.add(length);
        }
    }

    fn is_empty(&self) -> bool {
        self.counts.requests == 0 && self.counts.skipped == 0
    }
}

/// The driver's books.
#[derive(Debug)]
pub(super) struct Books {
    keys: Vec<RowKey>,
    rows: Vec<Row>,
    totals: TrafficSummary,
    failures: FailureLedger,
    /// Turns and requests under way.
    pub(super) turns_under_way: u32,
    in_flight: u64,
    /// Users of the closed model.
    pub(super) users: Option<u32>,
    phase: String,
    window_from: Elapsed,
    tick: Latencies,
    tick_lag: Duration,
    run: Latencies,
    /// The driver's own lateness, of the window under way and of the run.
    window_own_lag: Latencies,
    window_response: Latencies,
    own_lag: Latencies,
}

impl Books {
    /// Nothing yet, in a phase of this name.
    pub(super) fn new(keys: Vec<RowKey>, now: Elapsed) -> Result<Self, LatenciesError> {
        Ok(Self {
            rows: keys.iter().map(|_| Row::default()).collect(),
            keys,
            totals: TrafficSummary::default(),
            failures: FailureLedger::default(),
            turns_under_way: 0,
            in_flight: 0,
            users: None,
            phase: String::new(),
            window_from: now,
            tick: Latencies::new()?,
            tick_lag: Duration::ZERO,
            run: Latencies::new()?,
            window_own_lag: Latencies::new()?,
            window_response: Latencies::new()?,
            own_lag: Latencies::new()?,
        })
    }

    /// A request is being sent, `lag` after it was due and `own_lag` after it was due and a user was free.
    pub(super) fn sent(&mut self, lag: Duration, own_lag: Duration) {
        self.in_flight += 1;
        self.tick_lag = self.tick_lag.max(lag);
        self.totals.max_lag_us = self.totals.max_lag_us.max(micros(lag));
        self.window_own_lag.add(own_lag);
        self.own_lag.add(own_lag);
    }

    /// A request that was sent has ended, and is about to be booked by [`Books::ended`].
    pub(super) fn answered(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
    }

    /// The time between two events of an answer.
    pub(super) fn gap(&mut self, row: usize, length: Duration) {
        self.rows[row].add(Measure::Gap, Some(length));
    }

    /// Books a request.
    pub(super) fn ended(&mut self, attempt: &Attempt) {
        let row = &mut self.rows[attempt.row];
        let (counts, totals) = (&mut row.counts, &mut self.totals);
        counts.requests += 1;
        totals.requests += 1;
        counts.events += attempt.events;
        counts.body_bytes += attempt.body_bytes;
        if attempt.number > 1 {
            counts.retried += 1;
            totals.retried += 1;
        }
        match &attempt.outcome {
            Outcome::Well => {}
            Outcome::Redirected => totals.redirects += 1,
            Outcome::Left => {
                counts.left += 1;
                totals.left += 1;
            }
            Outcome::Limited => {
                counts.limited += 1;
                totals.limited += 1;
            }
            Outcome::Failed(fault) => {
                counts.failed += 1;
                totals.errors += 1;
                self.failures.add(fault);
            }
        }
        row.add(Measure::Response, attempt.response);
        row.add(Measure::Lag, attempt.lag);
        row.add(Measure::Service, attempt.service);
        row.add(Measure::Ttfb, attempt.ttfb);
        row.add(Measure::FirstByte, attempt.first_byte);
        row.add(Measure::FirstEvent, attempt.first_event);
        if let Some(response) = attempt.response {
            self.tick.add(response);
            self.run.add(response);
            self.window_response.add(response);
        }
    }

    /// A step was not done for want of a value of somebody else's.
    pub(super) fn skipped(&mut self, row: usize) {
        self.rows[row].counts.skipped += 1;
        self.totals.skipped += 1;
    }

    /// A turn came when as many as allowed were under way.
    pub(super) fn waited(&mut self) {
        self.totals.waited += 1;
    }

    /// Books a turn.
    pub(super) fn turned(&mut self, turn: &TurnEnd) {
        let row = &mut self.rows[turn.row];
        row.counts.requests += 1;
        self.totals.turns += 1;
        match turn.verdict {
            TurnVerdict::Well => {}
            TurnVerdict::Failed => {
                row.counts.failed += 1;
                self.totals.turns_failed += 1;
            }
            TurnVerdict::Limited => row.counts.limited += 1,
        }
        row.add(Measure::Turn, turn.length);
    }

    fn users(&self) -> u32 {
        self.users.unwrap_or(self.turns_under_way)
    }

    /// Closes the tick that ends `at`, when `waiting` turns were due and had nobody to do them, and opens the next.
    pub(super) fn tick(&mut self, at: Elapsed, waiting: u64) -> TrafficTick {
        let latency = percentiles(&self.tick);
        let tick = TrafficTick {
            at,
            turns: self.totals.turns,
            requests: self.totals.requests,
            errors: self.totals.errors,
            limited: self.totals.limited,
            users: self.users(),
            in_flight: self.in_flight,
            waiting,
            latency,
            lag: self.tick_lag,
        };
        if latency.is_some() {
            self.tick.clear();
        }
        self.tick_lag = Duration::ZERO;
        tick
    }

    /// When the window under way began.
    pub(super) fn window_from(&self) -> Elapsed {
        self.window_from
    }

    /// Whether the window under way has reached its end.
    pub(super) fn is_window_over(&self, now: Elapsed) -> bool {
        now.since_start().as_secs() / WINDOW_S > self.window_from.since_start().as_secs() / WINDOW_S
    }

    /// Closes the window that ends `at`, and opens the next, in a phase of the given name or in the same one. Rows in which
    /// nothing happened are left out. The length is how much of it the driver lagged: all of it or nothing.
    pub(super) fn cut(&mut self, at: Elapsed, phase: Option<&str>) -> (Vec<OpenWindow>, Option<Lagging>) {
        let mut closed = Vec::new();
        let users = self.users();
        for (key, row) in self.keys.iter().zip(&mut self.rows) {
            if row.is_empty() {
                continue;
            }
            let Row { counts, latencies } = std::mem::take(row);
            let window = Window {
                from_s: self.window_from.as_secs_f64(),
                to_s: at.as_secs_f64(),
                phase: self.phase.clone(),
                users,
                class: key.class.clone(),
                step: key.step.clone(),
                ..counts
            };
            let taken = Measure::ALL.into_iter().zip(latencies);
            let latencies = taken.filter_map(|(measure, taken)| Some((measure, *taken?))).collect();
            closed.push(OpenWindow { window, latencies });
        }
        let lagging = self.lagging(at);
        self.window_from = at;
        if let Some(phase) = phase {
            phase.clone_into(&mut self.phase);
        }
        (closed, lagging)
    }

    fn lagging(&mut self, at: Elapsed) -> Option<Lagging> {
        let own_lag = self.window_own_lag.quantile(0.99)?;
        let response = self.window_response.quantile(0.5);
        self.window_own_lag.clear();
        self.window_response.clear();
        let length = at.since_start().saturating_sub(self.window_from.since_start());
        let response = response?;
        TrafficSummary::lags(micros(own_lag), micros(response)).then(|| {
            self.totals.lagged_s += (length.as_secs_f64().round() as u64).max(1);
            Lagging { own_lag, response }
        })
    }

    /// Closes the books.
    pub(super) fn close(&self, waiting: u64) -> TrafficSummary {
        let latency = percentiles(&self.run).zip(self.run.mean()).map(|(latency, mean)| LatencySummary {
            mean_us: micros(mean),
            p50_us: micros(latency.p50),
            p95_us: micros(latency.p95),
            p99_us: micros(latency.p99),
            max_us: micros(latency.max),
        });
        TrafficSummary {
            waiting_at_end: waiting,
            cut_at_end: self.in_flight,
            latency,
            own_lag_p99_us: self.own_lag.quantile(0.99).map_or(0, micros),
            failures: self.failures.tallies(),
            ..self.totals.clone()
        }
    }
}

/// How late the driver was in a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lagging {
    /// The 99th percentile of its own lateness.
    pub(super) own_lag: Duration,
    /// The median response time.
    pub(super) response: Duration,
}

fn percentiles(latencies: &Latencies) -> Option<Latency> {
    let at = |quantile| latencies.quantile(quantile);
    Some(Latency { p50: at(0.5)?, p95: at(0.95)?, p99: at(0.99)?, max: latencies.max()? })
}

fn micros(length: Duration) -> u64 {
    u64::try_from(length.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn books() -> Books {
        let key = |step: Option<&str>| RowKey { class: "normal".into(), step: step.map(str::to_owned) };
        Books::new(vec![key(None), key(Some("a")), key(Some("b"))], Elapsed::default()).unwrap()
    }

    fn attempt(row: usize, outcome: Outcome, millis: u64) -> Attempt {
        Attempt {
            row,
            outcome,
            response: Some(Duration::from_millis(millis)),
            lag: None,
            service: Some(Duration::from_millis(millis)),
            ttfb: None,
            first_byte: None,
            first_event: None,
            events: 0,
            body_bytes: 10,
            number: 1,
        }
    }

    fn at(seconds: f64) -> Elapsed {
        Elapsed::from_secs_f64(seconds)
    }

    #[test]
    fn a_tick_holds_its_own_latencies_and_the_totals_so_far() {
        let mut books = books();
        books.sent(Duration::from_millis(7), Duration::ZERO);
        books.answered();
        books.ended(&attempt(1, Outcome::Well, 9));
        books.sent(Duration::from_millis(2), Duration::ZERO);
        let first = books.tick(at(1.0), 3);
        assert_eq!((first.requests, first.in_flight, first.waiting), (1, 1, 3));
        assert_eq!((first.lag, first.latency.unwrap().max), (Duration::from_millis(7), Duration::from_millis(9)));
        let silent = books.tick(at(2.0), 9);
        assert_eq!((silent.requests, silent.waiting, silent.lag, silent.latency), (1, 9, Duration::ZERO, None));
    }

    #[test]
    fn windows_add_up_to_the_summary_and_silent_rows_are_left_out() {
        let mut books = books();
        let mut windows = Vec::new();
        for second in 0..30_u64 {
            let outcome = match second {
                3 => Outcome::Failed(Fault::new("timeout", "")),
                12 => Outcome::Limited,
                25 => Outcome::Left,
                _ => Outcome::Well,
            };
            books.sent(Duration::ZERO, Duration::ZERO);
            books.answered();
            books.ended(&attempt(1, outcome, second + 1));
            if books.is_window_over(at(second as f64 + 1.0)) {
                windows.extend(books.cut(at(second as f64 + 1.0), None).0);
            }
        }
        windows.extend(books.cut(at(30.0), None).0);
        let summary = books.close(0);
        let spans: Vec<_> = windows.iter().map(|open| (open.window.from_s, open.window.to_s)).collect();
        assert_eq!(spans, [(0.0, 10.0), (10.0, 20.0), (20.0, 30.0)]);
        let sum = |of: fn(&Window) -> u64| windows.iter().map(|open| of(&open.window)).sum::<u64>();
        assert_eq!((sum(|w| w.requests), sum(|w| w.failed)), (summary.requests, summary.errors));
        assert_eq!((sum(|w| w.limited), sum(|w| w.left)), (summary.limited, summary.left));
        let mut merged = Latencies::new().unwrap();
        for open in &windows {
            let response = open.latencies.iter().find(|(measure, _)| *measure == Measure::Response);
            merged.merge(&response.unwrap().1);
        }
        assert_eq!(micros(merged.quantile(0.95).unwrap()), summary.latency.unwrap().p95_us);
        assert_eq!(summary.latency.unwrap().max_us, 30_000);
    }

    #[test]
    fn a_driver_that_is_late_by_itself_is_named_and_one_that_waits_for_a_free_user_is_not() {
        let mut books = books();
        for _ in 0..200 {
            books.sent(Duration::from_secs(2), Duration::from_micros(90));
            books.ended(&attempt(1, Outcome::Well, 2000));
        }
        assert_eq!(books.cut(at(10.0), None).1, None);
        for _ in 0..200 {
            books.sent(Duration::from_millis(8), Duration::from_millis(8));
            books.ended(&attempt(1, Outcome::Well, 10));
        }
        let lagging = books.cut(at(20.0), None).1.unwrap();
        assert_eq!(lagging.own_lag.as_millis(), 8);
        assert_eq!((books.close(0).lagged_s, books.close(0).own_lag_p99_us / 1000), (10, 8));
    }

    #[test]
    fn a_latency_beyond_the_histogram_keeps_its_true_maximum() {
        let mut books = books();
        books.ended(&Attempt { response: Some(Duration::from_hours(100)), ..attempt(1, Outcome::Well, 0) });
        assert_eq!(books.close(0).latency.unwrap().max_us, 100 * 3600 * 1_000_000);
    }
}
