//! What was found on one track, and the steps that find it: floors, load, blocks, the contest of shapes, and the
//! weighing of what its winners say.

use crate::domain::assessment::{FitPoint, Shape};
use crate::domain::{Estimate, Verdict};

use super::options::Options;
use super::track::Track;
use super::{few_floors, load, sawtooth, view, weigh};

/// Why the verdict is what it is; the words for it are in `words`. Times are in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Cause {
    /// There are fewer values than a verdict needs.
    TooFew,
    /// The values never change.
    Constant,
    /// Growth is proven.
    Rises,
    /// It rises by steps that keep coming.
    Climbs,
    /// It rose, and goes on rising at a pace that does not slow.
    GoesOn,
    /// It does not grow.
    Level,
    /// The evidence leans neither way.
    Undecided,
    /// It still rises at the end, but ever slower.
    Slowing,
    /// It stopped rising, but so shortly before the end that it may go on.
    JustStopped { level_s: f64 },
    /// It rose by steps, and the level after the last one is no longer than those between them.
    Steps { count: usize, level_s: f64 },
    /// It rises and falls in cycles, and there are too few of them to see a floor.
    FewCycles { count: usize },
    /// It rose at the very end.
    LateRise { since_s: f64 },
    /// It rises more slowly since a warm-up that took most of the time.
    LongWarmUp { ended_s: f64 },
    /// All its growth came in a few jumps.
    FewJumps,
    /// The noise leaves room for a growth by half of the level.
    Noisy,
}

/// What was found on one track. Rates are per second here.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Growth {
    /// What the evidence says.
    pub(super) verdict: Verdict,
    /// What it looks like.
    pub(super) shape: Shape,
    /// Why.
    pub(super) cause: Cause,
    /// Growth in units of the metric a second.
    pub(super) per_second: Option<Estimate>,
    /// Growth in units of the metric a turn.
    pub(super) per_turn: Option<Estimate>,
    /// The end of warm-up.
    pub(super) settled_after_s: Option<f64>,
    /// The start of the growth.
    pub(super) onset_s: Option<f64>,
    /// The least growth a second that would have been called growing.
    pub(super) detectable_per_s: Option<f64>,
    /// How much longer to run, where that would help.
    pub(super) longer_s: Option<f64>,
    /// The fitted curve.
    pub(super) fit: Vec<FitPoint>,
}

impl Growth {
    /// Nothing could be said, and why.
    pub(super) fn unknown(cause: Cause) -> Self {
        Self {
            verdict: Verdict::Inconclusive,
            shape: Shape::Unknown,
            cause,
            per_second: None,
            per_turn: None,
            settled_after_s: None,
            onset_s: None,
            detectable_per_s: None,
            longer_s: None,
            fit: Vec::new(),
        }
    }
}

/// Fewer values than this make no verdict: a trend, its noise and a warm-up cannot be told apart on less.
pub(super) const FEWEST: usize = 20;

/// Judges one track.
pub(super) fn judge(track: &Track, options: &Options) -> Growth {
    let from = options.warm_up_s.map_or(0, |end| track.times.partition_point(|time| *time < end));
    let track = track.at(&(from..track.times.len()).collect::<Vec<usize>>());
    if track.times.len() < FEWEST {
        let mut growth = Growth::unknown(Cause::TooFew);
        let each = track.span_s() / (track.times.len().max(2) - 1) as f64;
        growth.longer_s = Some(each * (FEWEST - track.times.len()) as f64).filter(|longer| *longer > 0.0);
        return growth;
    }
    if track.values.iter().all(|value| (value - track.values[0]).abs() <= 0.0) {
        return constant(&track);
    }
    let floors = sawtooth::floors(&track);
    let columns = load::columns(&floors.track);
    let growth = match view::best(&floors.track, &columns) {
        Some(view) => weigh::weigh(&weigh::Seen { readings: &track, floors: &floors, view: &view }),
        None => Growth::unknown(Cause::TooFew),
    };
    // A few floors can show a level, and a better reason why nothing is shown, but no growth.
    let few = (growth.verdict == Verdict::Inconclusive).then(|| few_floors::judge(&track)).flatten();
    match few {
        Some(few) if few.verdict == Verdict::Steady || growth.cause == Cause::TooFew => few,
        _ => growth,
    }
}

/// A series that never moved. A growth by less than one step of the reading in all that time cannot be seen.
fn constant(track: &Track) -> Growth {
    let bound = track.quantum / track.span_s();
    let start = track.times[0];
    let point =
        |elapsed_s: f64| FitPoint { elapsed_s, value: track.values[0], low: track.values[0], high: track.values[0] };
    Growth {
        verdict: Verdict::Steady,
        shape: Shape::Flat,
        per_second: Some(Estimate { estimate: 0.0, low: -bound, high: bound, confidence: 0.95 }),
        settled_after_s: Some(start),
        detectable_per_s: Some(bound),
        fit: vec![point(start), point(start + track.span_s())],
        ..Growth::unknown(Cause::Constant)
    }
}
