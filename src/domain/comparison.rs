//! What a comparison of runs answers: rows, each one number of the baselines beside the candidate's, and what follows from
//! them. The analysis makes it; reports and the exit code only read it.

use serde::{Deserialize, Serialize};

use super::assessment::{Estimate, Gate};
use super::metric::Unit;

/// What can be said of the candidate beside the baselines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Change {
    /// It is worse by more than is tolerated, and chance is excluded.
    #[serde(rename = "worse")]
    Worse,
    /// The runs do not allow an answer; the row says why.
    #[serde(rename = "cannot be told")]
    CannotTell,
    /// It is better by more than is tolerated, and chance is excluded.
    #[serde(rename = "better")]
    Better,
    /// It differs, by no more than is tolerated.
    #[serde(rename = "within tolerance")]
    Tolerated,
    /// Nothing beyond chance was seen; the row says what would have been.
    #[serde(rename = "no difference shown")]
    NotShown,
}

impl Change {
    /// All of them, the worst first.
    pub const ALL: [Self; 5] = [Self::Worse, Self::CannotTell, Self::Better, Self::Tolerated, Self::NotShown];

    /// The words in reports and JSON.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Worse => "worse",
            Self::CannotTell => "cannot be told",
            Self::Better => "better",
            Self::Tolerated => "within tolerance",
            Self::NotShown => "no difference shown",
        }
    }
}

/// Which number of a metric or of a request is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quantity {
    /// The median once it has settled, in the metric's unit.
    Level,
    /// Growth an hour, in the metric's unit.
    GrowthPerHour,
    /// Growth a turn, in the metric's unit.
    GrowthPerTurn,
    /// The median response time, in milliseconds.
    P50,
    /// The 95th percentile of the response time, in milliseconds.
    P95,
    /// The 99th percentile of the response time, in milliseconds.
    P99,
    /// The 95th percentile of the time to the headers, in milliseconds.
    FirstByte,
    /// The share that failed, between 0 and 1.
    Failures,
    /// Requests (or turns) a second.
    Throughput,
}

impl Quantity {
    /// The words in reports.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Level => "level",
            Self::GrowthPerHour => "growth",
            Self::GrowthPerTurn => "growth per turn",
            Self::P50 => "p50",
            Self::P95 => "p95",
            Self::P99 => "p99",
            Self::FirstByte => "first byte p95",
            Self::Failures => "failures",
            Self::Throughput => "throughput",
        }
    }

    /// Whether less of it is worse.
    pub const fn is_better_high(self) -> bool {
        matches!(self, Self::Throughput)
    }
}

/// One number of the candidate beside the baselines'.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The metric's name (`rss_anon`), or class and step (`normal / ask`).
    pub subject: String,
    /// The same in words.
    pub label: String,
    /// Which number.
    pub quantity: Quantity,
    /// What the numbers count.
    pub unit: Unit,
    /// What they are of, in words: which part of the runs, how many requests.
    pub of: String,
    /// The baseline's; of several, their mean (for times, the geometric one).
    pub baseline: Option<f64>,
    /// The candidate's.
    pub candidate: Option<f64>,
    /// Candidate less baseline, with its 95 % interval.
    pub difference: Option<Estimate>,
    /// A difference up to this is tolerated, in the row's unit.
    pub tolerated: Option<f64>,
    /// The least difference that would have been called worse, in the row's unit; below zero where less is worse.
    pub least_seen: Option<f64>,
    /// What can be said.
    pub change: Change,
    /// Whether it keeps the candidate from passing that this cannot be told.
    pub keeps_open: bool,
    /// Why, where the numbers alone do not say it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
}

/// How much it matters that the runs were not made alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Weight {
    /// The load or what is counted differs: no number of the one means what the other's means.
    Prevents,
    /// It may explain a difference.
    Noted,
}

/// A condition in which the runs differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mismatch {
    /// What: `scenario`.
    pub what: String,
    /// What it was in the baseline.
    pub baseline: String,
    /// What it was in the candidate.
    pub candidate: String,
    /// How much it matters.
    pub weight: Weight,
}

/// How the candidate stands to the baselines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Standing {
    /// Something is worse.
    #[serde(rename = "regression")]
    Regression,
    /// Something that matters cannot be told, and nothing that can be is worse.
    #[serde(rename = "cannot be told")]
    CannotTell,
    /// Nothing is shown to be worse.
    #[serde(rename = "no regression shown")]
    NotShown,
}

impl Standing {
    /// The words in reports and JSON.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Regression => "regression",
            Self::CannotTell => "cannot be told",
            Self::NotShown => "no regression shown",
        }
    }

    /// What a gate does with it.
    pub const fn gate(self) -> Gate {
        match self {
            Self::Regression => Gate::Fail,
            Self::CannotTell => Gate::CannotTell,
            Self::NotShown => Gate::Pass,
        }
    }
}

/// What a comparison answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// The baselines as they were named.
    pub baselines: Vec<String>,
    /// The candidate as it was named.
    pub candidate: String,
    /// How the candidate stands.
    pub verdict: Standing,
    /// Why, in one sentence.
    pub reason: String,
    /// What a difference is held against, in one sentence.
    pub yardstick: String,
    /// Conditions in which the runs differ.
    pub mismatches: Vec<Mismatch>,
    /// What else the reader must know, a sentence each.
    pub notes: Vec<String>,
    /// The rows, the worst first.
    pub rows: Vec<Row>,
}
