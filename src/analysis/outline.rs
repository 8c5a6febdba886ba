//! The outline of a finding: the name of its shape, where warm-up ended and growth began, and the curve for the chart.

use crate::domain::Verdict;
use crate::domain::assessment::{FitPoint, Shape};
use crate::stats::quantile;

use super::growth::{Cause, Growth};
use super::shapes::Form;
use super::sittings::Behind;
use super::solved::Solved;
use super::stairs;
use super::tail::Tail;
use super::weigh::{self, Evidence, Seen};

/// Fills in the outline of what was weighed.
pub(super) fn draw(growth: &mut Growth, seen: &Seen<'_>, evidence: &Evidence<'_>, tail: Option<&Tail>) {
    let blocks = &seen.view.blocks;
    let grows = match growth.verdict {
        Verdict::Growing => true,
        Verdict::Inconclusive => seen.view.contest.over_stopped() > 0.0,
        Verdict::Steady => false,
    };
    let start = seen.readings.times.first().copied();
    if let Some(tail) = tail.filter(|_| !grows) {
        growth.settled_after_s = settled_at(seen, tail.from, |at| tail.last_level(seen.view, at)).or(start);
        growth.shape = level_shape(growth, seen, tail);
        growth.fit = curve(seen, &tail.solved, tail.fit.candidate.start);
    } else {
        growth.shape = if growth.cause == Cause::Climbs { Shape::Staircase } else { rising_shape(seen, evidence) };
        growth.fit = curve(seen, &evidence.solved, evidence.fit.candidate.start);
        let onset = match evidence.fit.candidate.form {
            Form::Line => settled_at(seen, evidence.onset, |at| evidence.solved.at(at).value),
            _ if evidence.onset > 0.0 => blocks.time_at(evidence.onset),
            _ => None,
        };
        growth.onset_s = onset.or(start).filter(|_| growth.verdict == Verdict::Growing);
        growth.settled_after_s = match growth.shape {
            Shape::LateOnset | Shape::Staircase => start,
            _ if evidence.fit.candidate.form == Form::Line => onset.or(start),
            _ => blocks.time_at(seen.view.contest.warm_up()),
        };
    }
    let slowing = seen.view.contest.slowing.first().filter(|_| growth.cause == Cause::Slowing);
    if let Some((fit, solved)) = slowing.and_then(|fit| Some((fit, seen.view.solve(fit)?))) {
        growth.fit = curve(seen, &solved, fit.candidate.start);
    }
    if matches!(growth.cause, Cause::Slowing | Cause::JustStopped { .. } | Cause::LongWarmUp { .. }) {
        growth.settled_after_s = None;
    }
}

/// Fills in the outline of growth that only shows behind the start: its line is drawn there.
pub(super) fn draw_behind(growth: &mut Growth, seen: &Seen<'_>, behind: &Behind) {
    let part = Seen { view: &behind.view, ..*seen };
    let Some(evidence) = weigh::evidence(&part) else { return };
    let start = evidence.fit.candidate.start;
    growth.fit = curve(&part, &evidence.solved, start);
    growth.onset_s = behind.view.blocks.time_at(evidence.onset);
    growth.settled_after_s = growth.onset_s;
    growth.shape = if seen.floors.judged { Shape::SawtoothRising } else { Shape::WarmUpThenGrowing };
}

/// When the series came onto its last level or line to stay, going back from this share of the axis: a fit that leaves
/// out the start leaves out more than the warm-up. `None` where it was on it from the start.
fn settled_at(seen: &Seen<'_>, share: f64, last: impl Fn(usize) -> f64) -> Option<f64> {
    // A thirtieth of the way is left after some three and a half time constants.
    const NEAR: f64 = 0.03;
    let blocks = &seen.view.blocks;
    let next = blocks.since.iter().position(|since| *since >= share)?;
    let off = |at: usize| blocks.value[at] - last(at);
    let behind: Vec<f64> = (next..blocks.value.len()).map(off).collect();
    let noise = quantile::spread(&behind, 0.05, 0.95);
    let way = (0..next).map(|at| off(at).abs()).fold(0.0, f64::max);
    let bound = noise.max(NEAR * way).max(seen.readings.quantum);
    let first = (0..next).rev().take_while(|&at| off(at).abs() <= bound).last().unwrap_or(next);
    (first > 0).then(|| blocks.time[first])
}

fn rising_shape(seen: &Seen<'_>, evidence: &Evidence<'_>) -> Shape {
    if seen.floors.judged {
        return Shape::SawtoothRising;
    }
    let slopes = evidence.solved.shape_coefficients();
    let last = slopes.last().copied().unwrap_or(0.0);
    let first = slopes.first().copied().unwrap_or(0.0);
    match evidence.fit.candidate.form {
        Form::Late { .. } => Shape::LateOnset,
        Form::Bend { .. } | Form::TwoBends { .. } if first < last => Shape::LateOnset,
        Form::Bend { .. } | Form::TwoBends { .. } | Form::SaturatingLine { .. } => Shape::WarmUpThenGrowing,
        _ if stairs::find(seen.readings).is_some_and(|stair| stair.effective >= 4.0) => Shape::Staircase,
        _ if evidence.fit.candidate.start > 0.0 => Shape::WarmUpThenGrowing,
        _ => Shape::Linear,
    }
}

fn level_shape(growth: &Growth, seen: &Seen<'_>, tail: &Tail) -> Shape {
    if seen.floors.judged {
        return Shape::Sawtooth;
    }
    if !seen.view.swing.is_empty() {
        return Shape::Periodic;
    }
    let range = quantile::spread(&seen.view.blocks.value, 0.0, 1.0);
    let context: Vec<f64> = (0..seen.view.blocks.value.len()).map(|at| tail.solved.context_at(at)).collect();
    if quantile::spread(&context, 0.0, 1.0) > 0.5 * range {
        return Shape::FollowsLoad;
    }
    let rose = tail.pace_before * tail.from;
    let falls = growth.per_second.is_some_and(|rate| rate.high < 0.0);
    if matches!(growth.cause, Cause::Steps { .. }) {
        return Shape::Staircase;
    }
    match tail.fit.candidate.form {
        _ if falls || rose < -0.5 * range => Shape::Falling,
        Form::Flat if !tail.jumps.is_empty() && tail.fit.jumps.len() <= 4 && rose > 0.5 * range => Shape::Step,
        _ if rose > 0.5 * range => Shape::WarmUpThenFlat,
        _ => Shape::Flat,
    }
}

/// The fitted curve at the blocks that were fitted, with its band.
fn curve(seen: &Seen<'_>, solved: &Solved, start: f64) -> Vec<FitPoint> {
    let blocks = &seen.view.blocks;
    let fitted = (0..blocks.value.len()).filter(|&at| blocks.since[at] >= start);
    fitted
        .map(|at| {
            let point = solved.at(at);
            let value = blocks.level + point.value;
            FitPoint {
                elapsed_s: blocks.time[at],
                value,
                low: value - point.half_width,
                high: value + point.half_width,
            }
        })
        .collect()
}
