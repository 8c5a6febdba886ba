//! What shapes are put together from: noise, cycles, bursts, queues, and a leak of the right size.

use super::axis;
use super::random::Random;
use super::{Made, PAGE};
use soak::domain::Unit;

/// Samples over which noise forgets itself, at most, as a share of the run: slower noise is no noise but a shape.
const SLOWEST_NOISE: f64 = 1.0 / 40.0;

/// A size of a process, in bytes.
pub(super) fn base(random: &mut Random) -> f64 {
    random.octaves(20.0 * 1_048_576.0, 4096.0 * 1_048_576.0)
}

/// Noise with memory (AR(1)) of a random strength, from two pages to half a percent of the level.
pub(super) fn noise(random: &mut Random, samples: usize, level: f64) -> Vec<f64> {
    let sd = random.octaves(2.0 * PAGE, (0.005 * level).max(4.0 * PAGE));
    let memory = random.uniform(0.0, samples as f64 * SLOWEST_NOISE);
    correlated(random, samples, sd, memory)
}

/// AR(1) noise of this standard deviation which forgets itself over `memory` samples.
pub(super) fn correlated(random: &mut Random, samples: usize, sd: f64, memory: f64) -> Vec<f64> {
    let rho = if memory > 0.2 { (-1.0 / memory).exp() } else { 0.0 };
    let fresh = (1.0 - rho * rho).sqrt() * sd;
    let mut value = random.normal() * sd;
    (0..samples)
        .map(|_| {
            value = rho * value + fresh * random.normal();
            value
        })
        .collect()
}

/// Adds one series to another.
pub(super) fn add(to: &mut [f64], more: impl IntoIterator<Item = f64>) {
    for (value, more) in to.iter_mut().zip(more) {
        *value += more;
    }
}

/// Standard deviation, 0 of nothing.
pub(super) fn standard_deviation(values: &[f64]) -> f64 {
    if values.is_empty() {
        return 0.0;
    }
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len() as f64).sqrt()
}

/// A rise that is this many times the noise of what was made so far, and no less than 80 pages or 12 of a count.
pub(super) fn rise(random: &mut Random, made: &Made, least: f64, most: f64) -> f64 {
    let step = if made.unit == Unit::Bytes { PAGE } else { 1.0 };
    let floor = if made.unit == Unit::Bytes { 80.0 * PAGE } else { 12.0 };
    let sd = standard_deviation(&made.rest).max(step);
    (random.octaves(least, most) * sd).max(floor)
}

/// A leak along a straight line from `onset_s` to the end.
pub(super) fn line(made: &mut Made, rise: f64, onset_s: f64) {
    let end = axis::span(&made.elapsed_s);
    made.onset_s = onset_s;
    made.leaked = made.elapsed_s.iter().map(|&at| rise * (at - onset_s).max(0.0) / (end - onset_s).max(1e-9)).collect();
}

/// Instants of events, each an exponential wait of this mean after the last.
pub(super) fn arrivals(random: &mut Random, end: f64, mean: f64) -> Vec<f64> {
    let mut found = Vec::new();
    let mut at = random.exponential(mean);
    while at < end {
        found.push(at);
        at += random.exponential(mean);
    }
    found
}

/// Ends of cycles of about equal length: `count` of them, each off by up to `uneven` of the length.
pub(super) fn cycle_ends(random: &mut Random, end: f64, count: f64, uneven: f64) -> Vec<f64> {
    let length = end / count;
    let mut at = -random.unit() * length;
    let mut found = vec![at];
    while at < end {
        at += length * (1.0 + uneven * random.uniform(-1.0, 1.0));
        found.push(at);
    }
    found
}

/// A ramp from 0 to `height` in each cycle, with a fall at its end; each cycle's height is off by up to `uneven`.
pub(super) fn teeth(random: &mut Random, elapsed_s: &[f64], ends: &[f64], height: f64, uneven: f64) -> Vec<f64> {
    let heights: Vec<f64> = ends.iter().map(|_| height * (1.0 + uneven * random.uniform(-1.0, 1.0))).collect();
    elapsed_s
        .iter()
        .map(|&at| {
            let cycle = ends.partition_point(|&end| end <= at).clamp(1, ends.len() - 1);
            let (from, to) = (ends[cycle - 1], ends[cycle]);
            heights[cycle] * ((at - from) / (to - from)).clamp(0.0, 1.0)
        })
        .collect()
}

/// How many are there at each instant, of things that arrive one by one and stay for a random while.
pub(super) fn queue(random: &mut Random, elapsed_s: &[f64], mean_busy: f64, mean_stay: f64) -> Vec<f64> {
    let end = axis::span(elapsed_s);
    // Start long before the run, so that it starts in the queue's steady state.
    let early = 8.0 * mean_stay;
    let mut changes: Vec<(f64, f64)> = Vec::new();
    for at in arrivals(random, end + early, mean_stay / mean_busy) {
        changes.push((at - early, 1.0));
        changes.push((at - early + random.exponential(mean_stay), -1.0));
    }
    changes.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut next, mut busy) = (0, 0.0);
    elapsed_s
        .iter()
        .map(|&at| {
            while next < changes.len() && changes[next].0 <= at {
                busy += changes[next].1;
                next += 1;
            }
            busy
        })
        .collect()
}

/// A day's load between 0 and 1: a broad hump with a smaller one, from a random hour on.
pub(super) fn day_load(random: &mut Random, elapsed_s: &[f64]) -> Vec<f64> {
    let (start, second) = (random.uniform(0.0, 86_400.0), random.uniform(0.0, 0.35));
    let turn = 2.0 * std::f64::consts::PI / 86_400.0;
    elapsed_s
        .iter()
        .map(|&at| {
            let angle = (at + start) * turn;
            0.5 + 0.5 * (angle.sin() + second * (2.0 * angle + 0.7).sin()) / (1.0 + second)
        })
        .collect()
}
