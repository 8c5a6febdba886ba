//! How to judge: what the user may set. Everything else is found in the data.

use crate::domain::Objective;

use super::threshold::Budget;

/// Whether the run is over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Look {
    /// The run is over, and this is its verdict.
    #[default]
    Final,
    /// The run goes on: what is found is said to be so far, and it fails nothing.
    SoFar,
}

/// How to judge.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Options {
    /// The end of warm-up in seconds, where the user sets it; `None` finds it in the data.
    pub warm_up_s: Option<f64>,
    /// Windows of time, from and to in seconds, that the trend leaves out: disturbances that somebody marked.
    pub ignore: Vec<(f64, f64)>,
    /// Growth that the user allows.
    pub budgets: Vec<Budget>,
    /// Limits that the user sets on the traffic and the target.
    pub objectives: Vec<Objective>,
    /// Whether the run is over.
    pub look: Look,
    /// What keeps this record from proving that nothing grows, in a plain sentence: the target died, or the load was
    /// not reached. A steady run is then inconclusive for this reason; growth that was seen stays growth.
    pub caveat: Option<String>,
    /// The ceiling that ended the run, in a sentence; it stands in the assessment beside the verdict.
    pub crossed: Option<String>,
}
