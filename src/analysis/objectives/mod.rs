//! Holds a run to the user's objectives and looks for signs of a bottleneck, from the traffic's windows, the series and
//! the findings on them. docs/objectives.md tells the rules.
//!
//! ```text
//! windows -> timeline (which spans count) -> tally (what happened in them) -> reading (one number, or why there is none)
//!         -> spans, change (over 1m, drift, falls) -> ObjectiveFinding
//! series, findings -> target (level, growth, increase, counters) -^
//! ```

mod change;
mod judged;
mod knee;
mod performance;
pub(super) mod reading;
mod signs;
mod spans;
pub(super) mod tally;
mod target;
pub(super) mod timeline;

use crate::domain::objective::{Objective, ObjectiveFinding};
use crate::domain::traffic::Window;
use crate::domain::{Assessment, Finding, SeriesSet};

pub use performance::performance;

/// What objectives are judged by.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// What each step did, window by window.
    pub windows: &'a [Window],
    /// The target's metrics and the turns at the same instants.
    pub set: &'a SeriesSet,
    /// What the analysis found on the metrics.
    pub findings: &'a [Finding],
    /// The warm-up in seconds that the user left out of judgement.
    pub warm_up_s: Option<f64>,
    /// Where the driver itself was late, in words: latencies from the due time then say nothing about the target.
    pub driver_lagged: Option<&'a str>,
}

/// How the run stands to each objective, in their order.
pub fn assess_objectives(objectives: &[Objective], evidence: Evidence<'_>) -> Vec<ObjectiveFinding> {
    objectives.iter().map(|objective| judged::finding(objective, evidence)).collect()
}

/// The assessment with the objectives and the traffic's figures in it; it decides nothing on growth.
#[must_use]
pub fn with_objectives(
    assessment: Assessment,
    objectives: &[Objective],
    windows: &[Window],
    set: &SeriesSet,
    warm_up_s: Option<f64>,
    driver_lagged: Option<&str>,
) -> Assessment {
    let evidence = Evidence { windows, set, findings: &assessment.findings, warm_up_s, driver_lagged };
    let found = assess_objectives(objectives, evidence);
    let performance = (!windows.is_empty()).then(|| performance(windows, warm_up_s));
    Assessment { objectives: found, performance, ..assessment }
}
