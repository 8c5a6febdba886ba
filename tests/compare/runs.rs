//! The builder of runs: a server under a fixed load, whose memory, counts and answers are drawn from a seed.

use std::collections::BTreeMap;
use std::time::Duration;

use soak::analysis::compare::{Side, Tolerances, compare};
use soak::analysis::{self, Options};
use soak::domain::comparison::{Comparison, Quantity, Row};
use soak::domain::run::{Event, EventKind, Header, Host, RunEnd, TrafficConditions};
use soak::domain::traffic::{Measure, TrafficTick, Window};
use soak::domain::{Elapsed, Metric, Run, Sample};
use soak::stats::latencies::Latencies;

use crate::random::Random;

const MIB: f64 = 1_048_576.0;

/// A server and how it is watched. What is not said is healthy.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    pub(crate) seed: u64,
    pub(crate) seconds: u32,
    pub(crate) memory_mib: f64,
    pub(crate) leak_mib_per_hour: f64,
    pub(crate) fds: u64,
    /// The usual answer, in milliseconds.
    pub(crate) usual_ms: f64,
    /// The share of answers that take five times as long.
    pub(crate) slow: f64,
    pub(crate) failing: f64,
    pub(crate) per_second: u32,
    /// How much of what a moment is slowed down by the next one keeps.
    pub(crate) kept: f64,
    pub(crate) conditions: Header,
    pub(crate) end: RunEnd,
}

impl Server {
    pub(crate) fn new(seed: u64) -> Self {
        let traffic = TrafficConditions {
            url: "http://127.0.0.1:8080/".into(),
            rate_per_s: 20.0,
            users: 4,
            ..TrafficConditions::default()
        };
        let mut conditions = Header { soak_version: "0.1.0".into(), ..Header::default() };
        conditions.started_at = format!("2026-11-21T08:00:{seed:02}.000Z");
        conditions.target.name = "api".into();
        conditions.host = Host { kernel: "6.9".into(), cores: 2, memory_bytes: 1 << 34, ..Host::default() };
        conditions.conditions.interval_s = 1.0;
        conditions.conditions.traffic = Some(traffic);
        Self {
            seed,
            seconds: 600,
            memory_mib: 100.0,
            leak_mib_per_hour: 0.0,
            fds: 20,
            usual_ms: 20.0,
            slow: 0.03,
            failing: 0.0,
            per_second: 20,
            kept: 0.9,
            conditions,
            end: RunEnd::Complete,
        }
    }

    pub(crate) fn run(&self) -> Run {
        let mut random = Random::new(self.seed);
        let mut run = Run { header: self.conditions.clone(), ..Run::default() };
        let (mut memory, mut slowness) = (0.0, 0.0);
        let mut book = Book::default();
        let mut turns = 0;
        for second in 0..self.seconds {
            let at = Elapsed::from_secs_f64(f64::from(second));
            memory = self.kept * memory + 0.2 * random.normal();
            slowness = self.kept * slowness + 0.05 * random.normal();
            let leaked = self.leak_mib_per_hour * f64::from(second) / 3600.0;
            let mut sample = Sample { at, ..Sample::default() };
            let pages = ((self.memory_mib + memory + leaked) * MIB / 4096.0).round() * 4096.0;
            sample.readings.set_raw(Metric::RssAnon, pages as u64);
            sample.readings.set_raw(Metric::Threads, 8);
            sample.readings.set_raw(Metric::Fds, self.fds + u64::from(random.chance(0.3)));
            run.samples.push(sample);
            for _ in 0..self.per_second {
                let tail = if random.chance(self.slow) { 5.0 } else { 1.0 };
                let ms = self.usual_ms * tail * (slowness + 0.2 * random.normal()).exp();
                book.add(ms, random.chance(self.failing));
            }
            turns += u64::from(self.per_second);
            run.traffic.push(TrafficTick { at, turns, requests: turns, ..TrafficTick::default() });
            if second % 10 == 9 {
                run.windows.push(std::mem::take(&mut book).closed(f64::from(second) + 1.0));
            }
        }
        let at = Elapsed::from_secs_f64(f64::from(self.seconds));
        run.events.push(Event { at, kind: EventKind::Ended { end: self.end.clone() } });
        run
    }
}

#[derive(Default)]
struct Book {
    responses: Option<Latencies>,
    requests: u64,
    failed: u64,
}

impl Book {
    fn add(&mut self, ms: f64, is_failed: bool) {
        let responses = self.responses.get_or_insert_with(|| Latencies::new().unwrap());
        responses.add(Duration::from_secs_f64(ms / 1000.0));
        self.requests += 1;
        self.failed += u64::from(is_failed);
    }

    fn closed(self, to_s: f64) -> Window {
        let text = self.responses.unwrap().encode().unwrap();
        let latencies = BTreeMap::from([(Measure::Response, text.clone()), (Measure::Ttfb, text)]);
        Window {
            from_s: to_s - 10.0,
            to_s,
            phase: String::new(),
            users: 4,
            class: "get".into(),
            step: Some("GET /".into()),
            requests: self.requests,
            failed: self.failed,
            latencies,
            ..Window::default()
        }
    }
}

/// Judges the runs and holds the last against the others.
pub(crate) fn compared(runs: &[Run], tolerances: &Tolerances) -> Comparison {
    let judged: Vec<_> = runs.iter().map(|run| (run.series(), run)).collect();
    let assessed: Vec<_> = judged.iter().map(|(set, _)| analysis::assess(set, &Options::default())).collect();
    let names: Vec<String> = (0..runs.len()).map(|number| format!("run-{number}")).collect();
    let sides: Vec<Side<'_>> = judged
        .iter()
        .zip(&assessed)
        .zip(&names)
        .map(|(((set, run), assessment), source)| Side {
            source,
            set,
            assessment,
            run: Some(run),
            warm_up_s: None,
            lagged: None,
        })
        .collect();
    let (candidate, baselines) = sides.split_last().unwrap();
    compare(baselines, *candidate, tolerances)
}

/// One server held against another, as usual.
pub(crate) fn between(baseline: &Server, candidate: &Server) -> Comparison {
    compared(&[baseline.run(), candidate.run()], &Tolerances::default())
}

/// The row of a subject's number.
pub(crate) fn row<'a>(comparison: &'a Comparison, subject: &str, quantity: Quantity) -> &'a Row {
    comparison.rows.iter().find(|row| row.subject == subject && row.quantity == quantity).unwrap()
}
