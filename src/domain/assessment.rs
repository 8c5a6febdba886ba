//! What the analysis answers: findings, one a metric, and the verdict that follows from them. Everything downstream
//! (reports, charts, exit code) only reads it.

use serde::{Deserialize, Serialize};

use super::attribution::Attribution;
use super::metric::{Role, Unit};
use super::objective::{ObjectiveFinding, Outcome};
use super::performance::Performance;

/// What the evidence says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It grows, and the evidence excludes that it does not.
    Growing,
    /// It was seen long enough to say that it does not grow.
    Steady,
    /// The record cannot tell; the finding says why and what would.
    Inconclusive,
}

impl Verdict {
    /// The word in reports and JSON.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Growing => "growing",
            Self::Steady => "steady",
            Self::Inconclusive => "inconclusive",
        }
    }
}

/// What the series looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Shape {
    /// It stays where it is.
    #[serde(rename = "flat")]
    Flat,
    /// It rises along a straight line from the start.
    #[serde(rename = "linear")]
    Linear,
    /// It rises at first and then stays.
    #[serde(rename = "warm-up then flat")]
    WarmUpThenFlat,
    /// It rises fast at first and then goes on rising along a line.
    #[serde(rename = "warm-up then growing")]
    WarmUpThenGrowing,
    /// It stays for a while and then rises.
    #[serde(rename = "late onset")]
    LateOnset,
    /// It jumps a few times and otherwise stays.
    #[serde(rename = "step")]
    Step,
    /// It rises by jumps that keep coming.
    #[serde(rename = "staircase")]
    Staircase,
    /// It rises and falls back to the same floor.
    #[serde(rename = "sawtooth")]
    Sawtooth,
    /// It rises and falls back to floors that rise.
    #[serde(rename = "sawtooth on a rising floor")]
    SawtoothRising,
    /// It swings with a period.
    #[serde(rename = "periodic")]
    Periodic,
    /// It rises and falls with the load.
    #[serde(rename = "follows load")]
    FollowsLoad,
    /// It falls.
    #[serde(rename = "falling")]
    Falling,
    /// There is too little to name a shape.
    #[serde(rename = "unknown")]
    Unknown,
}

impl Shape {
    /// The words in reports and JSON.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Flat => "flat",
            Self::Linear => "linear",
            Self::WarmUpThenFlat => "warm-up then flat",
            Self::WarmUpThenGrowing => "warm-up then growing",
            Self::LateOnset => "late onset",
            Self::Step => "step",
            Self::Staircase => "staircase",
            Self::Sawtooth => "sawtooth",
            Self::SawtoothRising => "sawtooth on a rising floor",
            Self::Periodic => "periodic",
            Self::FollowsLoad => "follows load",
            Self::Falling => "falling",
            Self::Unknown => "unknown",
        }
    }
}

/// A number with the interval that holds it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The best single value.
    pub estimate: f64,
    /// The lower end of the interval.
    pub low: f64,
    /// The upper end of the interval.
    pub high: f64,
    /// How often such an interval holds the truth, between 0 and 1.
    pub confidence: f64,
}

impl Estimate {
    /// The same estimate in another unit.
    #[must_use]
    pub fn scaled(self, factor: f64) -> Self {
        let (low, high) = (self.low * factor, self.high * factor);
        Self { estimate: self.estimate * factor, low: low.min(high), high: low.max(high), confidence: self.confidence }
    }
}

/// How much a proven growth matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Grade {
    /// The whole interval lies below the bound under which growth of memory is usual (5 MB/min).
    Minor,
    /// The interval straddles a bound or lies between the two.
    Moderate,
    /// The whole interval lies above the bound beyond which it is a leak (10 MB/min).
    Severe,
    /// A count that should not grow at all grows.
    Sign,
}

/// How a growth stands to what the user allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BudgetOutcome {
    /// The whole interval lies under the budget.
    Within,
    /// The whole interval lies above the budget.
    Over,
    /// The interval holds the budget.
    Straddles,
}

/// One point of the fitted curve, for drawing.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct FitPoint {
    /// Seconds since the start.
    pub elapsed_s: f64,
    /// The fitted value, in the metric's unit.
    pub value: f64,
    /// The lower edge of its 95 % band.
    pub low: f64,
    /// The upper edge of its 95 % band.
    pub high: f64,
}

/// One claim on one metric.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The metric's name: `rss_anon`.
    pub metric: String,
    /// The words for a chart's axis and the report.
    pub label: String,
    /// What the values count.
    pub unit: Unit,
    /// Whether this finding decides the run's verdict.
    pub role: Role,
    /// What the evidence says.
    pub verdict: Verdict,
    /// What the series looks like.
    pub shape: Shape,
    /// Growth per hour in the metric's unit; `None` where no slope could be fitted.
    pub growth_per_hour: Option<Estimate>,
    /// Growth per turn in the metric's unit; `None` without turns.
    pub growth_per_turn: Option<Estimate>,
    /// When warm-up ended, in seconds since the start; `None` where it has not.
    pub settled_after_s: Option<f64>,
    /// When the growth began, in seconds since the start; `None` where there is none.
    pub onset_s: Option<f64>,
    /// From the first value to the last, in seconds.
    pub observed_s: f64,
    /// How many values there are.
    pub samples: usize,
    /// The least growth per hour that this run would have called growing, in the metric's unit.
    pub detectable_per_hour: Option<f64>,
    /// How much the growth matters; `None` where nothing grows.
    pub grade: Option<Grade>,
    /// The metric's ceiling, in its unit.
    pub limit: Option<f64>,
    /// Seconds from the end of the series until the ceiling at the estimated rate and at both ends of its interval;
    /// `None` without a ceiling or growth. `high` is infinite, and JSON shows null, where the interval reaches zero.
    pub time_to_limit_s: Option<Estimate>,
    /// How the growth stands to the user's budget, where there is one.
    pub budget: Option<BudgetOutcome>,
    /// Why, in one plain sentence.
    pub reason: String,
    /// What to do next, where there is something: how much longer to run.
    pub advice: Option<String>,
    /// To which requests the growth belongs; `None` where nothing grows, or where fewer than two kinds were sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attribution: Option<Attribution>,
    /// The fitted curve over the part it was fitted on; empty where there is none. For drawing only: no part of the JSON.
    #[serde(skip)]
    pub fit: Vec<FitPoint>,
}

impl Finding {
    /// The ceiling, where it is near enough to matter in a picture of values up to `greatest`: up to twice as high where
    /// the metric grows, and a quarter higher where it does not.
    pub fn near_limit(&self, greatest: f64) -> Option<f64> {
        let near = if self.verdict == Verdict::Growing { 2.0 } else { 1.25 };
        self.limit.filter(|limit| limit.is_finite() && *limit > 0.0 && *limit <= near * greatest)
    }
}

/// What the analysis answers about a run or a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Assessment {
    /// The verdict, which follows from the deciding findings: growing if any grows beyond its budget, else inconclusive
    /// if any is, else steady.
    pub verdict: Verdict,
    /// Why, in one sentence.
    pub reason: String,
    /// The ceiling that ended the run before its time, in a sentence; a gate fails on it whatever the verdict.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub crossed: Option<String>,
    /// What the trend leaves out, from and to in seconds since the start: what somebody marked as a disturbance.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<(f64, f64)>,
    /// One claim a metric.
    pub findings: Vec<Finding>,
    /// How the run stands to each of the user's objectives, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub objectives: Vec<ObjectiveFinding>,
    /// What the traffic's windows say; `None` where there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub performance: Option<Performance>,
}

/// What a gate does with a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// Nothing grows that should not, and every objective is met.
    Pass,
    /// Something failed.
    Fail,
    /// Nothing failed, and the record cannot tell that all is well.
    CannotTell,
}

impl Assessment {
    /// The one rule: a run fails where something grows beyond its budget, a ceiling was crossed or an objective is
    /// crossed; else it cannot be passed where the verdict is inconclusive or an objective cannot be told; else it passes.
    pub fn gate(&self) -> Gate {
        let has = |outcome| self.objectives.iter().any(|objective| objective.outcome == outcome);
        if self.verdict == Verdict::Growing || self.crossed.is_some() || has(Outcome::Crossed) {
            Gate::Fail
        } else if self.verdict == Verdict::Inconclusive || has(Outcome::CannotTell) {
            Gate::CannotTell
        } else {
            Gate::Pass
        }
    }

    /// The objectives with this outcome.
    pub fn objectives_that(&self, outcome: Outcome) -> impl Iterator<Item = &ObjectiveFinding> {
        self.objectives.iter().filter(move |objective| objective.outcome == outcome)
    }
}
