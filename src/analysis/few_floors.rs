//! A sawtooth with a few floors: too few points for the contest of shapes, and enough for a line. It can show that the
//! floor stays where it is; that it rises is left to longer runs.

use crate::domain::assessment::{FitPoint, Shape};
use crate::domain::{Estimate, Verdict};
use crate::stats::{line_fit, outliers, student_t};

use super::growth::{Cause, Growth};
use super::sawtooth::{self, FewFloors};
use super::track::Track;

/// A floor is level when it can have risen by no more than this share of a cycle in all that time: at that pace it would
/// take ten such runs to add one cycle's height.
const BESIDE_A_CYCLE: f64 = 0.1;

/// Upper 95 % points of the chi-square distribution for 1 to 9 degrees of freedom (any table of it): squares of floors
/// beside the line, over what the readings' noise explains, that go no further are that noise.
const ORDINARY_SCATTER: [f64; 9] = [3.841, 5.991, 7.815, 9.488, 11.070, 12.592, 14.067, 15.507, 16.919];

/// Judges a track by its few floors, where the contest found nothing to say; `None` where it has none.
pub(super) fn judge(track: &Track) -> Option<Growth> {
    let floors = sawtooth::few_floors(track)?;
    let count = floors.track.times.len();
    let known = Known { noise: outliers::difference_noise(&track.values), readings: track.values.len() };
    let slope = slope(&floors, &known)?;
    let span = track.span_s();
    let level = floors.within && slope.low <= 0.0 && slope.high * span <= BESIDE_A_CYCLE * floors.height;
    let few = Growth::unknown(Cause::FewCycles { count });
    let half = (slope.high - slope.low) / 2.0;
    let line = |at: usize| {
        let time = floors.track.times[at];
        let middle = f64::midpoint(floors.track.times[0], floors.track.times[count - 1]);
        let mean = floors.track.values.iter().sum::<f64>() / count as f64;
        let value = mean + slope.estimate * (time - middle);
        FitPoint { elapsed_s: time, value, low: value - half * span / 2.0, high: value + half * span / 2.0 }
    };
    let growth = Growth {
        shape: Shape::Sawtooth,
        per_second: Some(slope),
        detectable_per_s: Some(half),
        fit: vec![line(0), line(count - 1)],
        ..few
    };
    Some(if level {
        Growth {
            verdict: Verdict::Steady,
            cause: Cause::Level,
            settled_after_s: track.times.first().copied(),
            ..growth
        }
    } else {
        // Eight cycles show a floor with its noise.
        Growth { longer_s: Some(span * (8.0 / count as f64 - 1.0).max(1.0)), ..growth }
    })
}

/// What all the readings tell of the noise, of which a handful of floors tells little.
struct Known {
    noise: f64,
    readings: usize,
}

/// The least-squares slope of the floors. Their scatter is never believed to be less than the noise of the readings and
/// the chance of where in the rise a floor was caught (uniform, so `rise / sqrt(12)`); and as that chance may follow
/// the cycle instead of being drawn anew (aliasing), one reading's rise is added to the interval whole. Where the floors
/// scatter no more than that noise explains, it is the noise that the interval rests on, and it is known from all the
/// readings; only a greater scatter must be estimated from the floors alone, with their few degrees of freedom.
fn slope(floors: &FewFloors, known: &Known) -> Option<Estimate> {
    let (times, values) = (&floors.track.times, &floors.track.values);
    let freedom = times.len().checked_sub(2).filter(|freedom| *freedom > 0)? as f64;
    let line = line_fit::least_squares(times, values)?;
    let mean = times.iter().sum::<f64>() / times.len() as f64;
    let squares: f64 = times.iter().map(|time| (time - mean).powi(2)).sum();
    let left: f64 = times.iter().zip(values).map(|(&time, value)| (value - line.at(time)).powi(2)).sum();
    let least = known.noise.powi(2) + floors.rise.powi(2) / 12.0;
    let bound = ORDINARY_SCATTER.get(times.len() - 3).copied().unwrap_or(0.0);
    let rests_on = if left <= bound * least { known.readings as f64 } else { freedom };
    let error = ((left / freedom).max(least) / squares).sqrt();
    let seen = times[times.len() - 1] - times[0];
    let half = error * student_t::critical(0.95, rests_on) + floors.rise / seen;
    let rate = Estimate { estimate: line.slope, low: line.slope - half, high: line.slope + half, confidence: 0.95 };
    rate.low.is_finite().then_some(rate)
}
