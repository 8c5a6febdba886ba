//! A track seen along one axis: its blocks, and the contest held on them. Of several views the evidence chooses one.

use super::blocks::{self, Blocks};
use super::contest::{self, Contest};
use super::fitting::Fit;
use super::load::{self, LoadColumns};
use super::period;
use super::solved::{EndSlope, Knee, Solved};
use super::track::Track;

/// What the axis counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Axis {
    /// Seconds.
    Time,
    /// Turns.
    Turns,
}

/// A track along one axis with the contest held on it.
pub(super) struct View {
    /// What the axis counts.
    pub(super) axis: Axis,
    /// The blocks.
    pub(super) blocks: Blocks,
    /// The columns of a swing with a period.
    pub(super) swing: Vec<Vec<f64>>,
    /// The shapes, held against each other.
    pub(super) contest: Contest,
    /// Units of the axis a second, over the whole run.
    pub(super) pace: f64,
}

impl View {
    fn over(track: &Track, axis: Axis, load: &[Vec<f64>]) -> Self {
        let places = match (axis, &track.turns) {
            (Axis::Turns, Some(turns)) => turns,
            _ => &track.times,
        };
        let blocks = blocks::reduce(track, places, load);
        let swing = period::columns(&blocks);
        let contest = contest::hold(&blocks, &swing);
        let length = places.last().copied().unwrap_or(0.0) - places.first().copied().unwrap_or(0.0);
        Self { axis, blocks, swing, contest, pace: length / track.span_s() }
    }

    /// The same view of a part of its track.
    pub(super) fn of_part(&self, part: &Track) -> Self {
        let load = load::columns(part);
        let columns = if self.blocks.load.len() > load.plain.len() { &load.bent } else { &load.plain };
        Self::over(part, self.axis, columns)
    }

    /// Solves a fit of this view's contest.
    pub(super) fn solve(&self, fit: &Fit) -> Option<Solved> {
        Solved::new(&self.blocks, &self.swing, fit, Knee::Known)
    }

    fn slope(&self, fit: &Fit) -> Option<EndSlope> {
        Solved::new(&self.blocks, &self.swing, fit, Knee::Estimated)?.end_slope()
    }

    /// Turns a slope per axis into one a second.
    pub(super) fn per_second(&self) -> f64 {
        self.pace / self.blocks.length
    }

    /// The slope at the end over all growing shapes that are nearly as good as the best one (Buckland, Burnham and
    /// Augustin 1997): weights exp(-difference / 2), and the variance holds their disagreement.
    pub(super) fn growth(&self) -> Option<EndSlope> {
        // Beyond a difference of six a shape weighs less than a twentieth.
        const NEAR: f64 = 6.0;
        let best = self.contest.growing.first()?.score;
        let near: Vec<(f64, EndSlope)> = self
            .contest
            .growing
            .iter()
            .take_while(|fit| fit.score < best + NEAR)
            .filter_map(|fit| Some(((-(fit.score - best) / 2.0).exp(), self.slope(fit)?)))
            .collect();
        let total: f64 = near.iter().map(|(weight, _)| weight).sum();
        let slope = near.iter().map(|(weight, one)| weight * one.slope).sum::<f64>() / total;
        let scatter = |one: &EndSlope| one.error.powi(2) + (one.slope - slope).powi(2);
        let variance = near.iter().map(|(weight, one)| weight * scatter(one)).sum::<f64>() / total;
        let freedom = near.iter().map(|(_, one)| one.freedom).fold(f64::INFINITY, f64::min);
        (slope.is_finite() && variance.is_finite()).then(|| EndSlope { slope, error: variance.sqrt(), freedom })
    }
}

/// The view that the evidence prefers: over time or over turns, with the load alone or bent. Turns only matter where
/// their rate changes; otherwise they are time in another unit.
pub(super) fn best(track: &Track, load: &LoadColumns) -> Option<View> {
    let mut views = vec![(Axis::Time, &load.plain)];
    if track.turns.as_ref().is_some_and(|turns| uneven(&track.times, turns)) {
        views.push((Axis::Turns, &load.plain));
    }
    if !load.bent.is_empty() {
        views.extend(views.clone().iter().map(|(axis, _)| (*axis, &load.bent)));
    }
    let seen = views.into_iter().map(|(axis, load)| View::over(track, axis, load));
    let better = |best: View, other: View| {
        if other.contest.best_score() < best.contest.best_score() { other } else { best }
    };
    seen.reduce(better)
}

/// Whether turns are done at a changing rate: over fortieths of the run, beyond what the counting of turns itself
/// scatters.
fn uneven(times: &[f64], turns: &[f64]) -> bool {
    let size = times.len().div_ceil(40).max(1);
    let edges: Vec<usize> = (0..times.len()).step_by(size).collect();
    let rate = |pair: &[usize]| (turns[pair[1]] - turns[pair[0]]) / (times[pair[1]] - times[pair[0]]);
    let rates: Vec<f64> = edges.windows(2).map(rate).collect();
    let count = rates.len().max(1) as f64;
    let each = (turns[turns.len() - 1] - turns[0]) / count;
    let mean = rates.iter().sum::<f64>() / count;
    let deviation = (rates.iter().map(|rate| (rate - mean).powi(2)).sum::<f64>() / count).sqrt();
    // An eighth of the rate moves the slope by less than its usual interval; counts scatter by their root, here times
    // 1.5.
    deviation > mean * (0.12_f64.powi(2) + 2.25 / each.max(1.0)).sqrt()
}
