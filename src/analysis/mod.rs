//! From series to an assessment: findings and the verdict that follows from them. It knows nothing of processes, files,
//! HTTP or clocks.

use crate::domain::{Assessment, SeriesSet, Verdict};

/// How to judge.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Options {
    /// The end of warm-up in seconds, where the user sets it; `None` finds it in the data.
    pub warm_up_s: Option<f64>,
}

/// Judges every series of a set.
pub fn assess(_set: &SeriesSet, _options: &Options) -> Assessment {
    Assessment { verdict: Verdict::Inconclusive, reason: String::new(), findings: Vec::new() }
}
