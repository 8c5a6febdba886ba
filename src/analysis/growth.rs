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

/// Judges one track. What it leaves open comes with how much longer to run, unless the track is too short to tell even
/// how often it is read.
pub(super) fn judge(track: &Track, options: &Options) -> Growth {
    let from = options.warm_up_s.map_or(0, |end| track.times.partition_point(|time| *time < end));
    let judged = track.at(&(from..track.times.len()).collect::<Vec<usize>>());
    let mut growth = if judged.times.len() < FEWEST { Growth::unknown(Cause::TooFew) } else { behind_warm_up(&judged) };
    if growth.verdict == Verdict::Inconclusive && growth.longer_s.is_none() {
        growth.longer_s = until_enough(track, &judged, options).filter(|longer| *longer > 0.0);
    }
    growth
}

fn behind_warm_up(track: &Track) -> Growth {
    if track.values.iter().all(|value| (value - track.values[0]).abs() <= 0.0) {
        return constant(track);
    }
    let floors = sawtooth::floors(track);
    let columns = load::columns(&floors.track);
    let growth = match view::best(&floors.track, &columns) {
        Some(view) => weigh::weigh(&weigh::Seen { readings: track, floors: &floors, view: &view }),
        None => Growth::unknown(Cause::TooFew),
    };
    // A few floors can show a level, and a better reason why nothing is shown, but no growth.
    let few = (growth.verdict == Verdict::Inconclusive).then(|| few_floors::judge(track)).flatten();
    match few {
        Some(few) if few.verdict == Verdict::Steady || growth.cause == Cause::TooFew => few,
        _ => growth,
    }
}

/// How long until there are enough values: to the end of the warm-up, if that was set and is still to come, and then for
/// those that are missing. Where their number is not what is wrong, as long again.
fn until_enough(track: &Track, judged: &Track, options: &Options) -> Option<f64> {
    let (first, last) = (track.times.first()?, track.times.last()?);
    let each = (last - first) / track.times.len().checked_sub(1).filter(|gaps| *gaps > 0)? as f64;
    let warm_up = options.warm_up_s.map_or(0.0, |end| (end - last).max(0.0));
    let missing = FEWEST.saturating_sub(judged.times.len());
    Some(if missing > 0 { warm_up + each * missing as f64 } else { judged.span_s() })
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

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: f64 = 1_048_576.0;

    fn judged(count: usize, value: impl Fn(f64) -> f64) -> Growth {
        // A small ripple that no shape follows, so that the noise is not zero.
        let page = |at: usize| ((value(at as f64) + 20_000.0 * (at as f64 * 12.9898).sin()) / 4096.0).round() * 4096.0;
        let track = Track {
            times: (0..count).map(|at| at as f64).collect(),
            values: (0..count).map(page).collect(),
            segment: vec![0; count],
            quantum: 4096.0,
            ..Track::default()
        };
        judge(&track, &Options::default())
    }

    /// What leaves a verdict open, the cause, and the length at which it does.
    fn open(name: &str, count: usize, value: impl Fn(f64) -> f64) -> (Cause, f64) {
        let growth = judged(count, &value);
        assert_eq!(growth.verdict, Verdict::Inconclusive, "{name}");
        let longer = growth.longer_s.unwrap_or_default();
        assert!(longer > 0.0, "{name} {:?}", growth.cause);
        let after = judged(count + longer.ceil() as usize, &value);
        assert_ne!(
            after.verdict,
            Verdict::Inconclusive,
            "{name} {:?}, {longer} s later {:?}",
            growth.cause,
            after.cause
        );
        (growth.cause, longer)
    }

    #[test]
    fn a_run_that_goes_on_for_as_long_as_advised_is_decided() {
        let warming = |t: f64| 166.0 * MIB + 116.0 * MIB * (1.0 - (-t / 40.0).exp());
        assert_eq!(open("warming up", 60, warming).0, Cause::Slowing);
        let filled = |t: f64| 50.0 * MIB + 0.1 * MIB * t.min(300.0);
        assert!(matches!(open("just filled", 355, filled).0, Cause::JustStopped { .. }));
        let steps = |t: f64| 50.0 * MIB + 5.0 * MIB * (t.min(300.0) / 100.0).floor();
        assert!(matches!(open("steps", 390, steps).0, Cause::Steps { .. }));
        let cycles = |t: f64| 60.0 * MIB + 40.0 * MIB * (t / 130.0).fract();
        assert!(matches!(open("cycles", 350, cycles).0, Cause::FewCycles { .. }));
        let bend = |t: f64| 50.0 * MIB + 0.5 * MIB * t.min(200.0) + 0.05 * MIB * (t - 200.0).max(0.0);
        assert!(matches!(open("slower since", 400, bend).0, Cause::LongWarmUp { .. }));
    }

    #[test]
    fn too_few_values_say_how_many_seconds_are_missing() {
        let growth = judged(12, |t| 50.0 * MIB + MIB * t);
        assert_eq!((growth.cause, growth.longer_s), (Cause::TooFew, Some(8.0)));
        assert_eq!(judged(1, |_| MIB).longer_s, None);
    }

    #[test]
    fn a_warm_up_that_was_set_and_is_still_to_come_is_counted_in() {
        let times: Vec<f64> = (0..60).map(f64::from).collect();
        let track = Track { values: times.clone(), segment: vec![0; 60], times, quantum: 1.0, ..Track::default() };
        let options = Options { warm_up_s: Some(100.0), ..Options::default() };
        assert_eq!(judge(&track, &options).longer_s, Some(41.0 + 20.0));
    }
}
