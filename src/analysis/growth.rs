//! Does one track grow? The steps in their order: floors, load, blocks, the contest of shapes, and the weighing of what the
//! winners say.

use crate::domain::assessment::{FitPoint, Shape};
use crate::domain::{Estimate, Verdict};
use crate::stats::student_t;

use super::blocks::{self, Blocks};
use super::contest::{self, Contest, Fit};
use super::load;
use super::options::Options;
use super::period;
use super::sawtooth;
use super::shapes::Form;
use super::track::Track;

/// Why the verdict is what it is; the words for it are in `words`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Cause {
    /// There are fewer values than a slope needs.
    TooFew,
    /// The values never change.
    Constant,
    /// Growth is proven.
    Rises,
    /// It does not grow.
    Level,
    /// The evidence leans neither way.
    Undecided,
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
    /// Figures for whoever works on the method.
    pub(super) trace: String,
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
            trace: String::new(),
        }
    }
}

/// Fewer values than this make no verdict: a trend with its noise and a warm-up cannot be told apart on less.
const FEWEST: usize = 20;

/// Judges one track.
pub(super) fn judge(track: &Track, options: &Options) -> Growth {
    let from = options.warm_up_s.map_or(0, |end| track.times.partition_point(|time| *time < end));
    let track = &track.at(&(from..track.times.len()).collect::<Vec<usize>>());
    if track.times.len() < FEWEST {
        return Growth::unknown(Cause::TooFew);
    }
    let floors = sawtooth::floors(track);
    let columns = load::columns(&floors.track);
    weigh(&floors.track, &best_view(&floors.track, &columns))
}

/// A track along one axis with the contest held on it.
struct View {
    blocks: Blocks,
    extra: Vec<Vec<f64>>,
    contest: Contest,
    /// Units of the axis a second, over the whole run.
    pace: f64,
    /// Whether the axis is turns.
    turns: bool,
}

impl View {
    fn over(track: &Track, axis: &[f64], load: &[Vec<f64>]) -> Self {
        let blocks = blocks::reduce(track, axis, load);
        let extra = period::columns(&blocks);
        let contest = contest::hold(&blocks, &extra);
        let pace = match (axis.first(), axis.last()) {
            (Some(first), Some(last)) => (last - first) / track.span_s(),
            _ => 1.0,
        };
        Self { blocks, extra, contest, pace, turns: false }
    }

    fn score(&self) -> f64 {
        let best = [&self.contest.stopped, &self.contest.slowing, &self.contest.growing];
        best.iter().filter_map(|fits| fits.first()).map(|fit| fit.score).fold(f64::INFINITY, f64::min)
    }
}

/// The view that the evidence prefers: over time or over turns, with the load alone or bent. Turns only matter where their
/// rate changes; otherwise they are time in another unit.
fn best_view(track: &Track, load: &load::LoadColumns) -> View {
    let mut best = View::over(track, &track.times, &load.plain);
    if !load.bent.is_empty() {
        let bent = View::over(track, &track.times, &load.bent);
        if bent.score() < best.score() {
            best = bent;
        }
    }
    if let Some(turns) = track.turns.as_ref().filter(|turns| uneven(&track.times, turns)) {
        for columns in [&load.plain, &load.bent] {
            let view = View { turns: true, ..View::over(track, turns, columns) };
            if view.score() < best.score() {
                best = view;
            }
        }
    }
    best
}

/// Whether turns are done at a changing rate: over fortieths of the run, beyond what the counting of turns itself scatters.
fn uneven(times: &[f64], turns: &[f64]) -> bool {
    let size = times.len().div_ceil(40);
    let edges: Vec<usize> = (0..times.len()).step_by(size).collect();
    let rates: Vec<f64> =
        edges.windows(2).map(|pair| (turns[pair[1]] - turns[pair[0]]) / (times[pair[1]] - times[pair[0]])).collect();
    let each = edges.windows(2).map(|pair| turns[pair[1]] - turns[pair[0]]).sum::<f64>() / rates.len().max(1) as f64;
    let mean = rates.iter().sum::<f64>() / rates.len().max(1) as f64;
    let deviation = (rates.iter().map(|rate| (rate - mean).powi(2)).sum::<f64>() / rates.len().max(1) as f64).sqrt();
    // An eighth of the rate moves the slope by less than its usual interval; counts scatter by their root.
    deviation > mean * (0.12_f64.powi(2) + 2.25 / each.max(1.0)).sqrt()
}

fn weigh(track: &Track, view: &View) -> Growth {
    let (margin, straight) = (view.contest.over_stopped(), straightness(view));
    let slope = average_slope(view);
    let mut growth = Growth::unknown(Cause::Undecided);
    let Some(slope) = slope else { return growth };
    let best = &view.contest.growing[0];
    let knee = best.candidate.form.last_piece().min(1.0);
    let risen = slope.slope * (1.0 - knee);
    let floor = if track.quantum >= 1024.0 { 32.0 * track.quantum } else { 2.5 * track.quantum };
    let z = slope.slope / slope.error;
    let half = slope.error * student_t::critical(0.95, slope.freedom);
    let per_axis = 1.0 / view.blocks.length;
    let scale = per_axis * view.pace;
    let rate = Estimate { estimate: slope.slope, low: slope.slope - half, high: slope.slope + half, confidence: 0.95 };
    growth.per_second = Some(rate.scaled(scale));
    growth.verdict = if margin > 4.0 && straight > 0.0 && z > 3.0 && risen > floor {
        growth.cause = Cause::Rises;
        Verdict::Growing
    } else if margin < 0.0 || risen <= floor || slope.slope < 0.0 {
        growth.cause = Cause::Level;
        Verdict::Steady
    } else {
        Verdict::Inconclusive
    };
    let show = |fits: &[Fit]| {
        fits.first().map_or(String::new(), |fit| {
            format!(
                "{:.1} {:?}+{:.2} j{:?} r{}",
                fit.score - best.score,
                fit.candidate.form,
                fit.candidate.start,
                fit.jumps,
                fit.rho
            )
        })
    };
    growth.trace = format!(
        "m {margin:.1} s {straight:.1} z {z:.1} risen {risen:.2e} floor {floor:.1e} n {} per {} turns {} | {} | {} | {}",
        view.blocks.value.len(),
        view.extra.len(),
        view.turns,
        show(&view.contest.stopped),
        show(&view.contest.slowing),
        show(&view.contest.growing),
    );
    growth
}

/// By how much the evidence prefers an even growth to one that slows. Behind a warm-up, only what lies behind it counts:
/// beside the warm-up's height, the tolerance would hide the bend of the rest.
fn straightness(view: &View) -> f64 {
    let warm_up = view.contest.warm_up();
    let rest = view.blocks.from(warm_up).filter(|_| warm_up > 0.0);
    match rest {
        Some(rest) => contest::hold(&rest, &[]).over_slowing(),
        None => view.contest.over_slowing(),
    }
}

/// The slope at the end over all growing shapes that are nearly as good as the best one (Buckland, Burnham and Augustin
/// 1997): weights exp(-difference / 2), and the variance holds their disagreement.
fn average_slope(view: &View) -> Option<contest::EndSlope> {
    let best = view.contest.growing.first()?.score;
    let near: Vec<(f64, contest::EndSlope)> = view
        .contest
        .growing
        .iter()
        .take_while(|fit| fit.score < best + 6.0)
        .filter_map(|fit| {
            Some(((-(fit.score - best) / 2.0).exp(), contest::end_slope(&view.blocks, &view.extra, fit)?))
        })
        .collect();
    let total: f64 = near.iter().map(|(weight, _)| weight).sum();
    let slope = near.iter().map(|(weight, one)| weight * one.slope).sum::<f64>() / total;
    let variance =
        near.iter().map(|(weight, one)| weight * (one.error.powi(2) + (one.slope - slope).powi(2))).sum::<f64>();
    let freedom = near.iter().map(|(_, one)| one.freedom).fold(f64::INFINITY, f64::min);
    total.is_finite().then_some(())?;
    (total > 0.0).then(|| contest::EndSlope { slope, error: (variance / total).sqrt(), freedom })
}
