//! How a run stands to an objective: the claim that the analysis makes and everything downstream reads.

use serde::{Deserialize, Serialize};

use super::bound::ObjectiveGrade;
use super::limit::LimitUnit;

/// How a run stands to an objective.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It is kept.
    Met,
    /// It is not.
    Crossed,
    /// The record cannot tell; the reason says why.
    CannotTell,
}

impl Outcome {
    /// The words in reports.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Crossed => "crossed",
            Self::CannotTell => "cannot tell",
        }
    }
}

/// The span of time in which an objective was kept least.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorstSpan {
    /// When it began, in seconds since the start.
    pub from_s: f64,
    /// When it ended, in seconds since the start.
    pub to_s: f64,
    /// The value in it, in the objective's unit.
    pub value: f64,
}

/// How a run stands to one objective.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ObjectiveFinding {
    /// The objective as it was written.
    pub text: String,
    /// How the run stands to it.
    pub outcome: Outcome,
    /// How good the value is; `None` where the objective is not graded or there is no value.
    pub grade: Option<ObjectiveGrade>,
    /// The value; `None` where there is none.
    pub value: Option<f64>,
    /// The limit that decides.
    pub limit: f64,
    /// What value and limit count.
    pub unit: LimitUnit,
    /// How many requests, turns or readings the value rests on.
    pub basis: u64,
    /// The worst span, where spans were looked at.
    pub worst: Option<WorstSpan>,
    /// Why, in one plain sentence.
    pub reason: String,
}
