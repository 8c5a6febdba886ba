//! Some fifty blocks in place of thousands of readings: what the shapes are fitted to. The cost of everything behind
//! this step does not depend on the length of the run.

use crate::stats::outliers;
use crate::stats::quantile;

use super::track::Track;

/// What the shapes are fitted to. Positions run from 0 to 1 over the run, whatever its length, so that one grid of
/// shapes fits a minute and a week.
#[derive(Clone, Debug, Default)]
pub(super) struct Blocks {
    /// Where the block lies on the run's axis.
    pub(super) at: Vec<f64>,
    /// When it was, in seconds since the start.
    pub(super) time: Vec<f64>,
    /// Where it lies on the axis that starts anew with each life of the target, the longest life being 1.
    pub(super) since: Vec<f64>,
    /// The life it belongs to.
    pub(super) segment: Vec<usize>,
    /// The metric above `level`.
    pub(super) value: Vec<f64>,
    /// What was taken off the values, so that gigabytes cost no digits.
    pub(super) level: f64,
    /// How long the longest life is, in the axis' own unit.
    pub(super) length: f64,
    /// How much of each life came before what is seen of it, in lengths of the longest.
    pub(super) before: f64,
    /// The share of its readings that lie behind its largest step: what a jump within the block moves of its value.
    pub(super) behind: Vec<f64>,
    /// Load columns; empty where the load is unknown or even.
    pub(super) load: Vec<Vec<f64>>,
    /// The distance from the block before, in usual distances; infinite at the start of a life.
    pub(super) spacing: Vec<f64>,
    /// The variance below which no fit is believed to be better: the step of the readings, and the tolerance of the
    /// shapes.
    pub(super) least_variance: f64,
}

/// Blocks per run: enough to place a knee to two hundredths of the run, few enough that a block's mean is quiet.
const MOST: usize = 48;
/// Readings a block at least, where there are that few.
const READINGS: usize = 3;
/// Lives shorter than this share of the run say little and cost a level each.
const SHORT_LIFE: f64 = 0.12;
/// No process follows a curve of the table exactly; below this share of its range the difference is not believed.
const TOLERANCE: f64 = 0.003;

/// How one block's readings become one value.
#[derive(Clone, Copy)]
enum Statistic {
    Mean,
    Median,
    /// The tenth percentile: what lies under spikes.
    Low,
}

impl Blocks {
    /// When the first life reaches this share of the axis, in seconds since the start.
    pub(super) fn time_at(&self, share: f64) -> Option<f64> {
        let next = self.since.iter().position(|since| *since >= share)?;
        let before = next.checked_sub(1).filter(|&before| self.segment[before] == self.segment[next]);
        Some(before.map_or(self.time[next], |before| {
            let part = (share - self.since[before]) / (self.since[next] - self.since[before]);
            self.time[before] + part * (self.time[next] - self.time[before])
        }))
    }
}

/// Reduces a track along its axis (seconds or turns); every reading of the track is one block where it has few of them.
pub(super) fn reduce(track: &Track, axis: &[f64], load: &[Vec<f64>]) -> Blocks {
    let lives = long_lives(track, axis);
    let total: usize = lives.iter().map(std::iter::ExactSizeIterator::len).sum();
    let most = if total > 2 * MOST { MOST.min(total / READINGS) } else { (total / 2).max(total.min(24)) };
    quietest(track, axis, load, &lives, most)
}

/// The lives of the target that are long enough to be judged, as ranges of readings; the longest always is.
fn long_lives(track: &Track, axis: &[f64]) -> Vec<std::ops::Range<usize>> {
    let mut lives: Vec<std::ops::Range<usize>> = Vec::new();
    for at in 0..track.segment.len() {
        match lives.last_mut() {
            Some(life) if track.segment[life.start] == track.segment[at] => life.end = at + 1,
            _ => lives.push(at..at + 1),
        }
    }
    let length = |life: &std::ops::Range<usize>| axis[life.end - 1] - axis[life.start];
    let longest = lives.iter().map(length).fold(0.0, f64::max);
    let whole = axis.last().copied().unwrap_or(0.0) - axis.first().copied().unwrap_or(0.0);
    let bound = (SHORT_LIFE * whole).min(longest);
    lives.retain(|life| length(life) >= bound);
    lives
}

fn quietest(track: &Track, axis: &[f64], load: &[Vec<f64>], lives: &[std::ops::Range<usize>], count: usize) -> Blocks {
    // The mean is preferred where it is nearly as quiet: it is the only one that a load's average also follows.
    let handicaps = [(Statistic::Mean, 1.0), (Statistic::Median, 1.1), (Statistic::Low, 1.25)];
    let usable = if load.is_empty() { &handicaps[..] } else { &handicaps[..1] };
    let mut best: Option<(f64, Blocks)> = None;
    for &(statistic, handicap) in usable {
        let blocks = with_statistic(track, axis, load, lives, count, statistic);
        let noise = outliers::difference_noise(&blocks.value);
        if best.as_ref().is_none_or(|(least, _)| noise * handicap < *least) {
            best = Some((noise * handicap, blocks));
        }
    }
    best.map(|(_, blocks)| blocks).unwrap_or_default()
}

fn with_statistic(
    track: &Track,
    axis: &[f64],
    load: &[Vec<f64>],
    lives: &[std::ops::Range<usize>],
    count: usize,
    statistic: Statistic,
) -> Blocks {
    let total: usize = lives.iter().map(std::iter::ExactSizeIterator::len).sum();
    let start = lives.first().map_or(0.0, |life| axis[life.start]);
    let whole = lives.last().map_or(1.0, |life| axis[life.end - 1]) - start;
    let longest = lives.iter().map(|life| axis[life.end - 1] - axis[life.start]).fold(f64::MIN_POSITIVE, f64::max);
    let mut blocks =
        Blocks { load: vec![Vec::new(); load.len()], length: longest, before: track.before, ..Blocks::default() };
    let mut readings = 0.0_f64;

    for (number, life) in lives.iter().enumerate() {
        let share = (count * life.len()).div_ceil(total).clamp(1, life.len());
        for block in 0..share {
            let from = life.start + block * life.len() / share;
            let to = life.start + (block + 1) * life.len() / share;
            let place = mean(&axis[from..to]);
            blocks.at.push((place - start) / whole);
            blocks.time.push(mean(&track.times[from..to]));
            blocks.since.push((place - axis[life.start]) / longest);
            blocks.segment.push(number);
            blocks.value.push(summary(&track.values[from..to], statistic));
            blocks.behind.push(behind(&track.values, from.max(life.start + 1), to, statistic));
            for (column, load) in blocks.load.iter_mut().zip(load) {
                column.push(mean(&load[from..to]));
            }
            readings = readings.max((to - from) as f64);
        }
    }
    blocks.value = without_excursions(&blocks);
    blocks.spacing = spacing(&blocks);
    let centre = blocks.value.first().copied().unwrap_or(0.0);
    blocks.value.iter_mut().for_each(|value| *value -= centre);
    blocks.level = centre;
    let range = quantile::spread(&blocks.value, 0.0, 1.0);
    let step = track.quantum * track.quantum / 12.0 / readings.max(1.0);
    blocks.least_variance = step.max((TOLERANCE * range).powi(2));
    blocks
}

/// The values without single blocks, and then without short runs of blocks, that do not belong (five deviations, which
/// normal noise does not reach). What happens in more than a tenth of the blocks does belong, and so does what the load
/// explains.
fn without_excursions(blocks: &Blocks) -> Vec<f64> {
    let mut values = blocks.value.clone();
    if !blocks.load.is_empty() {
        return values;
    }
    for reach in [3, 6] {
        let cleaned = outliers::hampel(&values, reach, 5.0);
        let moved = cleaned.iter().zip(&values).filter(|(after, before)| (**after - **before).abs() > 0.0).count();
        if moved * 10 <= values.len() {
            values = cleaned;
        }
    }
    values
}

fn spacing(blocks: &Blocks) -> Vec<f64> {
    // Noise fades with time, whatever the axis counts.
    let steps: Vec<f64> = blocks.time.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let usual = quantile::median(&steps).filter(|step| *step > 0.0).unwrap_or(1.0);
    let mut spacing = vec![f64::INFINITY];
    for (at, step) in steps.iter().enumerate() {
        let same_life = blocks.segment[at] == blocks.segment[at + 1];
        spacing.push(if same_life { (step / usual).max(0.05) } else { f64::INFINITY });
    }
    spacing
}

/// The share of the readings behind the largest step of a block, counting the step into it; all or nothing for an order
/// statistic, which is on one side of a step or on the other.
fn behind(values: &[f64], from: usize, to: usize, statistic: Statistic) -> f64 {
    let step = |at: usize| (values[at] - values[at - 1]).abs();
    let largest = (from..to).max_by(|&a, &b| step(a).total_cmp(&step(b)));
    let share = largest.map_or(1.0, |at| (to - at) as f64 / (to - from) as f64);
    match statistic {
        Statistic::Mean => share,
        Statistic::Median | Statistic::Low => share.round(),
    }
}

fn summary(values: &[f64], statistic: Statistic) -> f64 {
    let found = match statistic {
        Statistic::Mean => Some(mean(values)),
        Statistic::Median => quantile::median(values),
        Statistic::Low => quantile::quantile(values, 0.1),
    };
    found.unwrap_or(0.0)
}

fn mean(values: &[f64]) -> f64 {
    // About the first value, so that gigabytes cost no digits.
    let first = values.first().copied().unwrap_or(0.0);
    first + values.iter().map(|value| value - first).sum::<f64>() / values.len().max(1) as f64
}
