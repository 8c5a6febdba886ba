//! Does one track grow? The first judgement: a warm-up cut found in the data, then a straight line whose interval
//! allows for neighbours that resemble each other.

use crate::domain::assessment::{FitPoint, Shape};
use crate::domain::{Estimate, Verdict};
use crate::stats::line_fit::{self, Slope};

use super::options::Options;
use super::track::Track;

/// Why the verdict is what it is; the words for it are in `words`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Cause {
    /// There are fewer values than a slope needs.
    TooFew,
    /// The values never change.
    Constant,
    /// It was seen for too short a time after its warm-up.
    Short,
    /// The slope excludes zero.
    Rises,
    /// The slope does not exclude zero, or it falls.
    Level,
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

/// Fewer values than this make no verdict: a trend with its noise and a warm-up cannot be told apart on less.
const FEWEST: usize = 30;

/// Judges one track.
pub(super) fn judge(track: &Track, options: &Options) -> Growth {
    if track.times.len() < FEWEST {
        return Growth::unknown(Cause::TooFew);
    }
    let cut =
        options.warm_up_s.map_or_else(|| warm_up_end(track), |end| track.times.partition_point(|time| *time < end));
    let (times, values) = (&track.times[cut..], &track.values[cut..]);
    let Some(slope) = line_fit::newey_west(times, values) else { return Growth::unknown(Cause::TooFew) };
    let settled = times.first().copied();
    let mut growth = Growth { settled_after_s: settled, ..Growth::unknown(Cause::Short) };
    if times.len() < FEWEST || cut > times.len() {
        growth.longer_s = Some(track.span_s());
        return growth;
    }
    let rate = estimate(slope);
    let noise = slope.half_width(0.95);
    growth.per_second = Some(rate);
    growth.detectable_per_s = Some(noise);
    growth.fit = curve(times, slope);
    let total = rate.estimate * (times[times.len() - 1] - times[0]);
    let rises = rate.low > 0.0 && total > 32.0 * track.quantum && still_rises(times, values, rate.estimate);
    (growth.verdict, growth.cause) = if rises {
        (Verdict::Growing, Cause::Rises)
    } else {
        (Verdict::Steady, if noise > 0.0 { Cause::Level } else { Cause::Constant })
    };
    growth.shape = match (rises, cut) {
        (true, 0) => Shape::Linear,
        (true, _) => Shape::WarmUpThenGrowing,
        (false, 0) => Shape::Flat,
        (false, _) => Shape::WarmUpThenFlat,
    };
    growth.onset_s = settled.filter(|_| rises);
    growth
}

fn estimate(slope: Slope) -> Estimate {
    let half = slope.half_width(0.95);
    let rate = slope.line.slope;
    Estimate { estimate: rate, low: rate - half, high: rate + half, confidence: 0.95 }
}

/// The cut (a position) behind which one straight line describes the rest best for the points it costs.
fn warm_up_end(track: &Track) -> usize {
    let n = track.times.len();
    let candidates = (0..=12).map(|step| n * step / 24);
    let cost = |cut: usize| {
        let (times, values) = (&track.times[cut..], &track.values[cut..]);
        let line = line_fit::least_squares(times, values)?;
        let squares: f64 = times.iter().zip(values).map(|(&t, &v)| (v - line.at(t)).powi(2)).sum();
        Some((squares / times.len() as f64, cut))
    };
    let found: Vec<(f64, usize)> = candidates.filter_map(cost).collect();
    let least = found.iter().map(|(squares, _)| *squares).fold(f64::INFINITY, f64::min);
    // The earliest cut that is nearly as good as the best one: a later cut only throws evidence away.
    found.iter().find(|(squares, _)| *squares <= 1.3 * least).map_or(0, |(_, cut)| *cut)
}

/// Whether the last third goes on at half the rate or more: a growth that has stopped is none.
fn still_rises(times: &[f64], values: &[f64], rate: f64) -> bool {
    let from = times.len() * 2 / 3;
    line_fit::least_squares(&times[from..], &values[from..]).is_some_and(|line| line.slope > 0.5 * rate)
}

fn curve(times: &[f64], slope: Slope) -> Vec<FitPoint> {
    let (Some(first), Some(last)) = (times.first(), times.last()) else { return Vec::new() };
    let middle = f64::midpoint(*first, *last);
    let half = slope.half_width(0.95);
    (0..=40)
        .map(|step| {
            let elapsed_s = first + (last - first) * f64::from(step) / 40.0;
            let value = slope.line.at(elapsed_s);
            let band = half * (elapsed_s - middle).abs();
            FitPoint { elapsed_s, value, low: value - band, high: value + band }
        })
        .collect()
}
