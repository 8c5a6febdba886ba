//! Series on one time axis: the shape in which the analysis sees a run, or anybody's CSV.
//!
//! The analysis knows nothing of processes or files, so this is all that it gets. Missing values are NaN here, and only
//! here, because the mathematics below works on slices of `f64`; the record itself keeps them as missing.

use super::metric::{Role, Unit};

/// One metric over time, on the time axis of its [`SeriesSet`].
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// The metric's name without unit: `rss_anon`, `tree_rss`, or a CSV's own column name.
    pub name: String,
    /// The words for a chart's axis.
    pub label: String,
    /// What the values count.
    pub unit: Unit,
    /// What growth of it means for the verdict.
    pub role: Role,
    /// One value per instant; NaN where there is none.
    pub values: Vec<f64>,
    /// The ceiling that the metric must not reach, in its own unit, where one is known.
    pub limit: Option<f64>,
    /// Why the metric could not be read, where it could not at all: it is then judged inconclusive.
    pub unreadable: Option<String>,
}

/// Series that share a time axis, with what is known of the load at the same instants.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SeriesSet {
    /// Instants in seconds since the start, ascending, without repeats.
    pub elapsed_s: Vec<f64>,
    /// The metrics.
    pub series: Vec<Series>,
    /// Turns completed so far at each instant (never falling); NaN where unknown.
    pub turns: Option<Vec<f64>>,
    /// Users or requests at work at each instant; NaN where unknown.
    pub concurrency: Option<Vec<f64>>,
    /// A number that changes where the target was replaced by another process (a restart or an exec).
    pub incarnation: Option<Vec<f64>>,
}

impl SeriesSet {
    /// The series of this name.
    pub fn get(&self, name: &str) -> Option<&Series> {
        self.series.iter().find(|series| series.name == name)
    }

    /// From the first instant to the last, in seconds; 0 with fewer than two.
    pub fn span_s(&self) -> f64 {
        match (self.elapsed_s.first(), self.elapsed_s.last()) {
            (Some(first), Some(last)) => last - first,
            _ => 0.0,
        }
    }
}
