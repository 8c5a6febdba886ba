//! What may still be wrong with a growth or a stop that the contest has found, and how much longer a run would tell.

use crate::stats::outliers;
use crate::stats::quantile;

use super::fitting::Fit;
use super::growth::Cause;
use super::sawtooth;
use super::shapes::Form;
use super::solved::{EndSlope, Solved};
use super::stairs;
use super::tail::Tail;
use super::weigh::{Evidence, Seen};

/// Growth that came in fewer jumps than this is not a rate yet.
const JUMPS: f64 = 4.0;
/// Noise below this share of the growth leaves its jumps to be seen.
const QUIET: f64 = 0.05;
/// After a warm-up, growth at a slower pace is believed once it was watched for twice the time that the warm-up took.
const LONGEST_WARM_UP: f64 = 1.0 / 3.0;

/// What speaks against a growth that the contest has proven.
pub(super) fn of_growth(seen: &Seen<'_>, evidence: &Evidence<'_>) -> Option<Cause> {
    let blocks = &seen.view.blocks;
    // Where the noise about a line is high, it, and not jumps, makes the lower envelope rise in few places.
    let line = matches!(evidence.fit.candidate.form, Form::Line) && evidence.fit.candidate.start <= 0.0;
    let quiet = !line || outliers::difference_noise(&blocks.value) < QUIET * evidence.risen;
    let plain = blocks.load.is_empty() && seen.view.swing.is_empty() && quiet;
    if plain && effective_jumps(seen, evidence) < JUMPS {
        return Some(Cause::FewJumps);
    }
    if let Some(ended_s) = long_warm_up(seen, evidence) {
        return Some(Cause::LongWarmUp { ended_s });
    }
    if !seen.floors.judged {
        let cycles = sawtooth::cycles(&seen.floors.track, 0);
        if cycles.count >= 2 && evidence.risen < 2.0 * cycles.deepest {
            return Some(Cause::FewCycles { count: cycles.count });
        }
    }
    // Rises between falls that take back half of them are cycles, and their slope is the slope within a cycle.
    let heights = evidence.solved.jump_heights(evidence.fit.jumps.len());
    let fallen: f64 = heights.iter().filter(|height| **height < 0.0).map(|height| -height).sum();
    if fallen > 0.5 * evidence.risen {
        return Some(Cause::FewCycles { count: heights.iter().filter(|height| **height < 0.0).count() });
    }
    let noise = noise_before(seen, evidence);
    let load = load_swing(seen, evidence);
    // Growth must be twice what the series moved about before it began, and more than the load's column may have wrong.
    (evidence.risen < 2.0 * noise || evidence.risen < 0.03 * load).then_some(Cause::Undecided)
}

/// The number of equal jumps that would have made the lasting growth since its onset: `(sum d)^2 / sum d^2` over the
/// rises of the lower envelope, the level that is never gone below again.
fn effective_jumps(seen: &Seen<'_>, evidence: &Evidence<'_>) -> f64 {
    let blocks = &seen.view.blocks;
    let (mut sum, mut squares) = (0.0, 0.0);
    let mut lasting = f64::INFINITY;
    for at in (0..blocks.value.len()).rev() {
        // A jump that the shape has beside its slope is no part of the slope.
        let value = blocks.value[at] - evidence.solved.jumps_at(at);
        let new_life = blocks.segment.get(at + 1).is_some_and(|next| *next != blocks.segment[at]);
        let above = if new_life { f64::INFINITY } else { lasting };
        lasting = above.min(value);
        if above.is_finite() && blocks.since[at] >= evidence.onset {
            sum += above - lasting;
            // What rose over a gap may have risen in as many parts as the gap is long.
            squares += (above - lasting).powi(2) / blocks.spacing[at + 1].max(1.0);
        }
    }
    if squares > 0.0 { sum * sum / squares } else { 0.0 }
}

/// The slope of a stair whose steps come as they like: where the noise wanders (a rho near 1), the sum of k jumps of
/// unequal height scatters by `1 / sqrt(k)` of itself, k being the number of equal ones (compound Poisson; Parzen
/// 1962), and no fit of the steps that happened to come makes the next ones surer.
pub(super) fn stair_error(seen: &Seen<'_>, fit: &Fit, slope: EndSlope) -> EndSlope {
    const WANDERS: f64 = 0.8;
    match stairs::find(seen.readings) {
        Some(stair) if fit.rho >= WANDERS => {
            EndSlope { error: slope.error.max(slope.slope.abs() / stair.effective.sqrt()), ..slope }
        }
        _ => slope,
    }
}

/// When the warm-up ended, if it took more than a third of the run and rose at more than twice the pace of what
/// follows.
fn long_warm_up(seen: &Seen<'_>, evidence: &Evidence<'_>) -> Option<f64> {
    let onset = evidence.onset;
    let blocks = &seen.view.blocks;
    let bends = matches!(evidence.fit.candidate.form, Form::Bend { .. } | Form::TwoBends { .. });
    if onset <= LONGEST_WARM_UP || !bends {
        return None;
    }
    let before: Vec<usize> =
        (0..blocks.since.len()).filter(|&at| blocks.since[at] <= onset && blocks.segment[at] == 0).collect();
    let (first, last) = (*before.first()?, *before.last()?);
    let own = |at: usize| blocks.value[at] - evidence.solved.context_at(at);
    let pace = (own(last) - own(first)) / (blocks.since[last] - blocks.since[first]);
    (pace > 2.0 * evidence.slope.slope).then(|| blocks.time_at(onset)).flatten()
}

/// What the series moved about before a late growth began; 0 where the growth did not begin late.
fn noise_before(seen: &Seen<'_>, evidence: &Evidence<'_>) -> f64 {
    let late = matches!(evidence.fit.candidate.form, Form::Late { .. } | Form::Bend { .. } | Form::TwoBends { .. });
    let blocks = &seen.view.blocks;
    let before: Vec<f64> = (0..blocks.value.len())
        .filter(|&at| blocks.since[at] < evidence.onset)
        .map(|at| blocks.value[at] - evidence.solved.context_at(at))
        .collect();
    let rose = before.last().copied().unwrap_or(0.0) - before.first().copied().unwrap_or(0.0);
    let moved = quantile::spread(&before, 0.05, 0.95);
    // A warm-up rises by what it moves; what comes back moves about.
    if late && before.len() >= 5 && moved > 2.0 * rose { moved } else { 0.0 }
}

/// How far the load moves the metric.
fn load_swing(seen: &Seen<'_>, evidence: &Evidence<'_>) -> f64 {
    let parts: Vec<f64> = (0..seen.view.blocks.value.len()).map(|at| evidence.solved.context_at(at)).collect();
    quantile::spread(&parts, 0.0, 1.0)
}

/// A rise has stopped when its pace is known to be less than this part of what it was.
const STOPPED: f64 = 4.0;
/// Of a Poisson stair, the chance of a last tread this long; below it the stair has probably ended.
const TREAD: f64 = 0.2;

/// What speaks against a stop that the contest has found.
pub(super) fn of_stop(seen: &Seen<'_>, tail: &Tail, least: f64) -> Option<Cause> {
    let view = seen.view;
    let level_s = view.blocks.length * (1.0 - tail.from) / view.pace;
    let length = 1.0 - tail.from;
    let has_risen = tail.pace_before * tail.from > least.max(2.0 * spread_of(seen, tail));
    let slope = tail.slope?;
    let highest = slope.slope + slope.half_width();
    if !seen.floors.judged {
        let from =
            seen.floors.track.times.partition_point(|time| *time < view.blocks.time_at(tail.from).unwrap_or(0.0));
        let count = [0, from].map(|from| sawtooth::cycles(&seen.floors.track, from).count).into_iter().max();
        if let Some(count) = count.filter(|count| *count >= 1) {
            return Some(Cause::FewCycles { count });
        }
    }
    if has_risen && tail.from > 0.2 && highest > tail.pace_before / STOPPED && highest * length > least {
        return Some(Cause::JustStopped { level_s });
    }
    let count = tail.jumps.len().saturating_sub(tail.falls);
    if count >= 2 && (-(count as f64) * length / tail.from).exp() > TREAD {
        return Some(Cause::Steps { count, level_s });
    }
    if let (Some(stopped), Some(slowing)) = (view.contest.stopped.first(), view.contest.slowing.first()) {
        let blocks = view.blocks.value.len();
        let rise = |solved: Solved| solved.at(blocks - 1).value - solved.at(blocks - 1 - blocks / 4).value;
        let still = view.solve(slowing).map_or(0.0, rise);
        if slowing.score < stopped.score - 2.0 && still > least {
            return Some(Cause::Slowing);
        }
    }
    if hides_growth(seen, highest * length, least) {
        return Some(Cause::Noisy);
    }
    late_rise(seen, tail, least)
}

/// Whether the interval leaves room for a growth by half of the level: such a level was not seen to stay.
fn hides_growth(seen: &Seen<'_>, most: f64, least: f64) -> bool {
    let level = quantile::median(&seen.view.blocks.value).unwrap_or(0.0) + seen.view.blocks.level;
    most > least && most > 0.5 * level.abs() && level.abs() > seen.readings.quantum
}

/// What the level moves about.
fn spread_of(seen: &Seen<'_>, tail: &Tail) -> f64 {
    let blocks = &seen.view.blocks;
    let level = (0..blocks.value.len()).filter(|&at| blocks.since[at] >= tail.from);
    let values: Vec<f64> = level.map(|at| blocks.value[at] - tail.solved.context_at(at)).collect();
    quantile::spread(&values, 0.05, 0.95)
}

/// Whether the last blocks, three at least, all lie above everything in the first three quarters of the level, and well
/// above: chance puts three of forty there once in ten thousand runs.
fn late_rise(seen: &Seen<'_>, tail: &Tail, least: f64) -> Option<Cause> {
    const FEWEST: usize = 3;
    let blocks = &seen.view.blocks;
    let level: Vec<usize> = (0..blocks.value.len()).filter(|&at| blocks.since[at] >= tail.from).collect();
    let value = |at: &usize| blocks.value[*at] - tail.solved.context_at(*at);
    let values: Vec<f64> = level.iter().map(value).collect();
    let before = &values[..values.len() * 3 / 4];
    let most = before.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let above = values.iter().rev().take_while(|value| **value > most).count();
    let late = &values[values.len() - above..];
    let rise = quantile::median(late)? - quantile::median(before)?;
    let stands_out = rise > least.max(quantile::spread(before, 0.05, 0.95));
    let since_s = blocks.time.last()? - blocks.time[level[level.len() - above]];
    (before.len() >= 8 && above >= FEWEST && stands_out).then_some(Cause::LateRise { since_s })
}

/// How much longer to run, in seconds.
pub(super) fn longer(seen: &Seen<'_>, cause: Cause) -> f64 {
    let span = seen.readings.span_s();
    match cause {
        // Eight cycles show a floor with its noise.
        Cause::FewCycles { count } => span * (8.0 / count.max(1) as f64 - 1.0).max(1.0),
        // Until the level is as long as what went before it.
        Cause::JustStopped { level_s } => (span - 2.0 * level_s).max(0.5 * span).max(until_over(seen).unwrap_or(0.0)),
        Cause::Steps { level_s, .. } => (span - 2.0 * level_s).max(0.5 * span),
        Cause::LongWarmUp { ended_s } => (4.0 * ended_s - span).max(0.5 * span),
        Cause::Slowing => until_over(seen).unwrap_or(2.0 * span).max(0.5 * span),
        // The interval of a slope shrinks with the length of the run to the power 1.5.
        _ => span,
    }
}

/// How long until an exponential warm-up is over and was seen level: five time constants end it, and one more shows it.
/// `None` where something else describes the series better.
fn until_over(seen: &Seen<'_>) -> Option<f64> {
    const TIME_CONSTANTS: f64 = 6.0;
    let contest = &seen.view.contest;
    let firsts = [contest.stopped.first(), contest.slowing.first()];
    let best = firsts.into_iter().flatten().min_by(|a, b| a.score.total_cmp(&b.score))?;
    match best.candidate.form {
        Form::Saturating { tau } => Some((TIME_CONSTANTS * tau - 1.0) * seen.readings.span_s()),
        _ => None,
    }
}
