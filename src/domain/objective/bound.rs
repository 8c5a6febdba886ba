//! What a quantity must be: a comparison with one limit, or with grades.

use serde::{Deserialize, Serialize};

use super::limit::LimitUnit;

/// How a value must stand to its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `<`.
    Under,
    /// `<=`.
    AtMost,
    /// `>`.
    Over,
    /// `>=`.
    AtLeast,
}

/// How good a value is where an objective is graded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ObjectiveGrade {
    /// Within the target.
    Target,
    /// Beyond the target and still acceptable.
    Acceptable,
    /// No longer acceptable.
    Poor,
    /// Beyond poor, or beyond acceptable where no limit for poor is set.
    Worse,
}

impl ObjectiveGrade {
    /// The word in reports and JSON.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Target => "target",
            Self::Acceptable => "acceptable",
            Self::Poor => "poor",
            Self::Worse => "worse",
        }
    }
}

/// What a quantity must be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bound {
    /// How the value must stand to the limit.
    pub comparison: Comparison,
    /// The limit that decides: the only one, or that of acceptable. In `unit`.
    pub limit: f64,
    /// The stricter limit of a graded objective.
    pub target: Option<f64>,
    /// The laxer limit of a graded objective, which tells poor from worse and decides nothing.
    pub poor: Option<f64>,
    /// What the limits count.
    pub unit: LimitUnit,
}

impl Comparison {
    /// Whether a smaller value is better.
    pub const fn is_ceiling(self) -> bool {
        matches!(self, Self::Under | Self::AtMost)
    }

    /// Whether a value stands to a limit as it must.
    pub fn holds(self, value: f64, limit: f64) -> bool {
        match self {
            Self::Under => value < limit,
            Self::AtMost => value <= limit,
            Self::Over => value > limit,
            Self::AtLeast => value >= limit,
        }
    }

    /// The sign.
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Under => "<",
            Self::AtMost => "<=",
            Self::Over => ">",
            Self::AtLeast => ">=",
        }
    }
}

impl Bound {
    /// Whether a value, in the bound's unit, is within the limit that decides.
    pub fn holds(&self, value: f64) -> bool {
        self.comparison.holds(value, self.limit)
    }

    /// How good a value is; `None` where the objective is not graded.
    pub fn grade(&self, value: f64) -> Option<ObjectiveGrade> {
        let within = |limit: f64| self.comparison.holds(value, limit);
        let target = self.target?;
        Some(if within(target) {
            ObjectiveGrade::Target
        } else if within(self.limit) {
            ObjectiveGrade::Acceptable
        } else if self.poor.is_some_and(within) {
            ObjectiveGrade::Poor
        } else {
            ObjectiveGrade::Worse
        })
    }
}
