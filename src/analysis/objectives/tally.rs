//! What happened in some windows, added up.

use crate::domain::objective::{Count, Objective, Quantity};
use crate::domain::traffic::{Measure, Window};
use crate::stats::latencies::Latencies;

/// Which windows are about what is limited: requests of a class and a step, or whole turns.
#[derive(Clone, Copy, Debug)]
pub(in crate::analysis) struct Selection<'a> {
    class: Option<&'a str>,
    step: Option<&'a str>,
    is_turns: bool,
    /// The measure whose distribution is wanted.
    pub(in crate::analysis) measure: Option<Measure>,
}

impl<'a> Selection<'a> {
    /// What an objective is about. `turn` means whole turns where no step is called so.
    pub(in crate::analysis) fn of(objective: &'a Objective, windows: &[Window]) -> Self {
        let scope = &objective.scope;
        let class = scope.class.as_deref();
        let is_called_so = |name: &str| windows.iter().any(|window| window.step.as_deref() == Some(name));
        let means_turns = scope.step.as_deref().is_some_and(|step| step == "turn" && !is_called_so(step));
        let measure = match objective.quantity {
            Quantity::Latency { measure: Measure::Response, .. } if means_turns => Some(Measure::Turn),
            Quantity::Latency { measure, .. } => Some(measure),
            _ => None,
        };
        let counts_turns =
            matches!(objective.quantity, Quantity::Count(Count::Turns) | Quantity::Throughput(Count::Turns));
        let is_turns = means_turns || counts_turns || measure == Some(Measure::Turn);
        Self { class, step: scope.step.as_deref().filter(|_| !is_turns), is_turns, measure }
    }

    /// All requests of a class and step, or its turns where there is no step, with one of their measures.
    pub(in crate::analysis) fn step(class: &'a str, step: Option<&'a str>, measure: Measure) -> Self {
        Self { class: Some(class), step, is_turns: step.is_none(), measure: Some(measure) }
    }

    /// All requests, with one of their measures.
    pub(in crate::analysis) fn requests(measure: Measure) -> Self {
        Self { class: None, step: None, is_turns: false, measure: Some(measure) }
    }

    /// Whether it is about whole turns.
    pub(in crate::analysis) fn is_turns(&self) -> bool {
        self.is_turns
    }

    /// Whether a window is about it.
    pub(in crate::analysis) fn takes(&self, window: &Window) -> bool {
        let is_kind = match (self.is_turns, &window.step) {
            (true, step) => step.is_none(),
            (false, None) => false,
            (false, Some(step)) => self.step.is_none_or(|wanted| wanted == step),
        };
        is_kind && self.class.is_none_or(|class| class == window.class)
    }

    /// What it is about, in words.
    pub(in crate::analysis) fn words(&self) -> String {
        let what = match (self.is_turns, self.step) {
            (true, _) => "whole turns".to_owned(),
            (false, Some(step)) => format!("step {step}"),
            (false, None) => "requests".to_owned(),
        };
        self.class.map_or(what.clone(), |class| format!("{what} of class {class}"))
    }
}

/// What happened in some windows.
#[derive(Clone, Debug, Default)]
pub(in crate::analysis) struct Tally {
    /// Requests that ended, or turns.
    pub(in crate::analysis) requests: u64,
    /// Those that failed.
    pub(in crate::analysis) failed: u64,
    /// Those that the server put off.
    pub(in crate::analysis) limited: u64,
    /// Attempts after the first.
    pub(in crate::analysis) retried: u64,
    /// Steps that were not done for want of a value.
    pub(in crate::analysis) skipped: u64,
    /// Answers that the client left.
    pub(in crate::analysis) left: u64,
    /// Events of streamed answers.
    pub(in crate::analysis) events: u64,
    /// The distribution of the measure.
    pub(in crate::analysis) latencies: Option<Latencies>,
    /// Distributions that could not be read.
    pub(in crate::analysis) unreadable: u64,
}

impl Tally {
    /// Adds up the windows.
    pub(in crate::analysis) fn over<'a>(windows: impl Iterator<Item = &'a Window>, measure: Option<Measure>) -> Self {
        let mut tally = Self::default();
        windows.for_each(|window| tally.add(window, measure));
        tally
    }

    /// Adds a window.
    pub(in crate::analysis) fn add(&mut self, window: &Window, measure: Option<Measure>) {
        self.add_read(window, decoded(window, measure).as_ref());
    }

    /// Adds a window whose distribution has been read already.
    pub(in crate::analysis) fn add_read(&mut self, window: &Window, read: Option<&Result<Latencies, ()>>) {
        for (sum, part) in self.counts(window) {
            *sum = sum.saturating_add(part);
        }
        match (read, &mut self.latencies) {
            (None, _) => {}
            (Some(Err(())), _) => self.unreadable += 1,
            (Some(Ok(read)), Some(all)) => all.merge(read),
            (Some(Ok(read)), all) => *all = Some(read.clone()),
        }
    }

    /// Adds what happened in other windows.
    pub(in crate::analysis) fn merge(&mut self, other: &Self) {
        self.requests = self.requests.saturating_add(other.requests);
        self.failed = self.failed.saturating_add(other.failed);
        self.limited = self.limited.saturating_add(other.limited);
        self.retried = self.retried.saturating_add(other.retried);
        self.skipped = self.skipped.saturating_add(other.skipped);
        self.left = self.left.saturating_add(other.left);
        self.events = self.events.saturating_add(other.events);
        self.unreadable += other.unreadable;
        match (&other.latencies, &mut self.latencies) {
            (None, _) => {}
            (Some(read), Some(all)) => all.merge(read),
            (Some(read), all) => *all = Some(read.clone()),
        }
    }

    /// Takes away a window that was added before.
    pub(in crate::analysis) fn remove(&mut self, window: &Window, measure: Option<Measure>) {
        for (sum, part) in self.counts(window) {
            *sum = sum.saturating_sub(part);
        }
        match (decoded(window, measure), &mut self.latencies) {
            (Some(Ok(read)), Some(all)) => all.remove(&read),
            (Some(Err(())), _) => self.unreadable = self.unreadable.saturating_sub(1),
            _ => {}
        }
    }

    fn counts(&mut self, window: &Window) -> [(&mut u64, u64); 7] {
        [
            (&mut self.requests, window.requests),
            (&mut self.failed, window.failed),
            (&mut self.limited, window.limited),
            (&mut self.retried, window.retried),
            (&mut self.skipped, window.skipped),
            (&mut self.left, window.left),
            (&mut self.events, window.events),
        ]
    }

    /// How many of something.
    pub(in crate::analysis) fn count(&self, count: Count) -> u64 {
        match count {
            Count::Requests | Count::Turns => self.requests,
            Count::Failed => self.failed,
            Count::Limited => self.limited,
            Count::Retried => self.retried,
            Count::Skipped => self.skipped,
            Count::Left => self.left,
            Count::Events => self.events,
        }
    }

    /// Requests that were not put off.
    pub(in crate::analysis) fn judged(&self) -> u64 {
        self.requests.saturating_sub(self.limited)
    }

    /// Whether anything at all happened.
    pub(in crate::analysis) fn is_empty(&self) -> bool {
        self.requests == 0 && self.skipped == 0
    }
}

/// The distribution of a measure in a window; `None` where there is none.
pub(in crate::analysis) fn decoded(window: &Window, measure: Option<Measure>) -> Option<Result<Latencies, ()>> {
    let text = window.latencies.get(&measure?)?;
    Some(Latencies::decode(text).map_err(|_| ()))
}
