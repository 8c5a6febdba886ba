//! Holds a candidate against one or more baselines, row by row. docs/compare.md tells the rules.
//!
//! ```text
//! sides -> conditions (what differs, and whether levels still mean the same)
//!       -> levels, growths, requests (what each row rests on: Draft) -> decide (the word of each row) -> Comparison
//! ```

mod conditions;
mod decide;
mod draft;
mod growths;
mod levels;
mod requests;
mod standing;

use crate::domain::comparison::{Comparison, Standing};
use crate::domain::{Assessment, Run, SeriesSet};

pub use conditions::load_of;
pub use decide::is_used;
use draft::Draft;
pub use levels::settled_level;

/// Half of what soak takes for a difference that matters elsewhere (signs ask for a tenth as well): two runs of one program
/// on one machine seldom differ by more.
pub const USUAL_TOLERANCE: f64 = 0.1;
/// Beside the spread of several baselines: they may happen to lie close together, and less than this matters to nobody.
pub const LEAST_TOLERANCE: f64 = 0.02;
/// From so many baselines on, their own spread says how much runs differ; two say next to nothing of a spread.
pub const ENOUGH_BASELINES: usize = 3;

/// How to compare.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tolerances {
    /// For every row, as a share of the baseline; `None` for [`USUAL_TOLERANCE`], or for [`LEAST_TOLERANCE`] beyond the spread
    /// of [`ENOUGH_BASELINES`].
    pub all: Option<f64>,
    /// For rows of one metric, step or quantity, by its name, before the above.
    pub named: Vec<(String, f64)>,
}

/// One of the runs.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    /// What it is called.
    pub source: &'a str,
    /// Its series.
    pub set: &'a SeriesSet,
    /// What they say.
    pub assessment: &'a Assessment,
    /// The run, where soak recorded it.
    pub run: Option<&'a Run>,
    /// The warm-up in seconds that was set.
    pub warm_up_s: Option<f64>,
    /// Where the driver itself was late, in words.
    pub lagged: Option<&'a str>,
}

/// Compares.
pub fn compare(baselines: &[Side<'_>], candidate: Side<'_>, tolerances: &Tolerances) -> Comparison {
    let mismatches = conditions::mismatches(baselines, candidate);
    let mut drafts: Vec<Draft> = levels::drafts(baselines, candidate);
    drafts.extend(growths::drafts(baselines, candidate));
    drafts.extend(requests::drafts(baselines, candidate));
    if let Some(obstacle) = conditions::obstacle(&mismatches) {
        for draft in &mut drafts {
            draft.prevent(&obstacle);
        }
    }
    let yardstick = standing::yardstick(baselines.len(), tolerances);
    let rows = decide::rows(drafts, tolerances);
    let notes = conditions::notes(baselines, candidate);
    let (verdict, reason) = if baselines.iter().all(|baseline| conditions::is_same(baseline, &candidate)) {
        (Standing::NotShown, "this is a run beside itself".to_owned())
    } else {
        standing::of(&rows, &mismatches, conditions::died(baselines, candidate))
    };
    Comparison {
        baselines: baselines.iter().map(|side| side.source.to_owned()).collect(),
        candidate: candidate.source.to_owned(),
        verdict,
        reason,
        yardstick,
        mismatches,
        notes,
        rows,
    }
}
