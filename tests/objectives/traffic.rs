//! The builder of runs: windows of ten seconds, one after the other, and series of the target.

use std::time::Duration;

use soak::analysis::{self, Evidence, assess_objectives, performance};
use soak::domain::objective::{ObjectiveFinding, Outcome};
use soak::domain::performance::SignKind;
use soak::domain::traffic::Measure;
use soak::domain::{Finding, Objective, Role, Series, SeriesSet, Unit, Window};
use soak::stats::latencies::Latencies;

/// A run that is made window by window.
#[derive(Default)]
pub(crate) struct Traffic {
    pub(crate) windows: Vec<Window>,
    pub(crate) now_s: f64,
    pub(crate) phase: String,
    pub(crate) users: u32,
    pub(crate) set: SeriesSet,
    pub(crate) findings: Vec<Finding>,
    pub(crate) warm_up_s: Option<f64>,
    pub(crate) driver_lagged: Option<&'static str>,
}

fn encoded(ms: impl IntoIterator<Item = u64>) -> String {
    let mut latencies = Latencies::new().unwrap();
    ms.into_iter().for_each(|ms| latencies.add(Duration::from_millis(ms)));
    latencies.encode().unwrap()
}

impl Traffic {
    pub(crate) fn new() -> Self {
        Self { phase: "soak".into(), users: 10, ..Self::default() }
    }

    pub(crate) fn phase(mut self, name: &str, users: u32) -> Self {
        (self.phase, self.users) = (name.to_owned(), users);
        self
    }

    /// A window of ten seconds in which a step answered after these times, of which the first `failed` failed.
    pub(crate) fn window(mut self, step: Option<&str>, ms: &[u64], failed: u64) -> Self {
        self.put(step, ms, failed);
        self.now_s += 10.0;
        self
    }

    pub(crate) fn put(&mut self, step: Option<&str>, ms: &[u64], failed: u64) {
        let whole = if step.is_some() { Measure::Response } else { Measure::Turn };
        let latencies = std::iter::once((whole, encoded(ms.iter().copied()))).collect();
        self.windows.push(Window {
            from_s: self.now_s,
            to_s: self.now_s + 10.0,
            phase: self.phase.clone(),
            users: self.users,
            class: "normal".into(),
            step: step.map(str::to_owned),
            requests: ms.len() as u64,
            failed,
            latencies,
            ..Window::default()
        });
    }

    /// So many windows, each with a hundred requests of which 94 take the first and 6 the second time.
    pub(crate) fn steady(self, windows: usize, usual_ms: u64, slow_ms: u64) -> Self {
        let ms: Vec<u64> = (0..100).map(|n| if n < 94 { usual_ms } else { slow_ms }).collect();
        (0..windows).fold(self, |traffic, _| traffic.window(Some("ask"), &ms, 0))
    }

    /// Another measure of the last window.
    pub(crate) fn also(mut self, measure: Measure, ms: &[u64]) -> Self {
        self.windows.last_mut().unwrap().latencies.insert(measure, encoded(ms.iter().copied()));
        self
    }

    /// A metric with one value every ten seconds, and ten turns between them.
    pub(crate) fn series(mut self, name: &str, unit: Unit, values: &[f64]) -> Self {
        self.set.elapsed_s = (0..values.len()).map(|n| 10.0 * n as f64).collect();
        self.set.turns = Some((0..values.len()).map(|n| 10.0 * n as f64).collect());
        self.set.series.push(Series {
            name: name.to_owned(),
            label: name.to_owned(),
            unit,
            role: Role::Decides,
            values: values.to_vec(),
            limit: None,
            unreadable: None,
        });
        self
    }

    pub(crate) fn analysed(mut self) -> Self {
        self.findings = analysis::assess(&self.set, &analysis::Options::default()).findings;
        self
    }

    pub(crate) fn judge(&self, text: &str) -> ObjectiveFinding {
        let objective: Objective = text.parse().unwrap();
        let evidence = Evidence {
            windows: &self.windows,
            set: &self.set,
            findings: &self.findings,
            warm_up_s: self.warm_up_s,
            driver_lagged: self.driver_lagged,
        };
        assess_objectives(&[objective], evidence).remove(0)
    }

    pub(crate) fn outcome(&self, text: &str) -> Outcome {
        self.judge(text).outcome
    }

    pub(crate) fn signs(&self) -> Vec<(SignKind, String)> {
        performance(&self.windows, None).signs.into_iter().map(|sign| (sign.kind, sign.reason)).collect()
    }
}
