//! Objectives: limits that the user sets on latency, errors, availability, throughput, resources and growth, as he writes
//! them (`p95 < 500ms for turn`). Profiles and the command line give them, the record keeps their text, and
//! `analysis::objectives` holds a run to them. docs/objectives.md teaches the grammar.
//!
//! ```text
//! text -> tokens (words, comparison, clauses) -> quantity + limit -> Objective
//!         k6's `metric{tag:value}: p(95)<500` becomes the same tokens first
//! ```

mod bound;
mod error;
mod finding;
mod k6;
mod limit;
mod parse;
mod quantity;
#[cfg(test)]
mod tests;
mod tokens;

use std::fmt;
use std::time::Duration;

pub use bound::{Bound, Comparison, ObjectiveGrade};
pub use error::ObjectiveError;
pub use finding::{ObjectiveFinding, Outcome, WorstSpan};
pub use limit::LimitUnit;
pub use quantity::{Count, Quantity, Share, Stat};

/// One objective. It prints as it was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Objective {
    /// As it was written: what the record keeps and reports show.
    pub text: String,
    /// What is looked at.
    pub quantity: Quantity,
    /// Whether its value counts or how it changes.
    pub aspect: Aspect,
    /// What it must be.
    pub bound: Bound,
    /// Whose requests count, and when.
    pub scope: Scope,
    /// Every span of this length must hold, not only the run as a whole.
    pub over: Option<Duration>,
}

/// Whether a quantity's value counts or how it changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Aspect {
    /// The value.
    Value,
    /// The last third against the first, as a share of the first.
    Drift,
    /// By what share it falls from one phase to another.
    Falls(Phases),
    /// By what share it rises from one phase to another.
    Rises(Phases),
}

/// Two phases that are compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phases {
    /// The phase that is the base.
    pub from: String,
    /// The phase that is held against it.
    pub to: String,
}

/// Whose requests count, and when; `None` is everybody, everything, always (but for ramps and warm-up).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// The class of users.
    pub class: Option<String>,
    /// The step; `turn` also means whole turns, where no step is called so.
    pub step: Option<String>,
    /// The phase of the scenario.
    pub phase: Option<String>,
}

impl Objective {
    /// The phases that it names, for a check against the scenario.
    pub fn phases(&self) -> impl Iterator<Item = &str> {
        let compared = match &self.aspect {
            Aspect::Falls(phases) | Aspect::Rises(phases) => [Some(phases.from.as_str()), Some(phases.to.as_str())],
            Aspect::Value | Aspect::Drift => [None, None],
        };
        self.scope.phase.as_deref().into_iter().chain(compared.into_iter().flatten())
    }

    /// The metrics or scraped series that it needs, for a check against what is recorded.
    pub fn metrics(&self) -> impl Iterator<Item = &str> {
        let (first, second) = match &self.quantity {
            Quantity::Level { metric, .. }
            | Quantity::Growth { metric, .. }
            | Quantity::Increase { metric, .. }
            | Quantity::PerTurn { metric } => (Some(metric), None),
            Quantity::Ratio { part, whole } => (Some(part), Some(whole)),
            Quantity::Latency { .. } | Quantity::Share(_) | Quantity::Count(_) | Quantity::Throughput(_) => {
                (None, None)
            }
        };
        first.into_iter().chain(second).map(String::as_str)
    }
}

impl fmt::Display for Objective {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
