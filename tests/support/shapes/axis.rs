//! When the samples are taken: how long, how many, how evenly.

use super::random::Random;

/// The shortest run, in seconds.
const SHORTEST_S: f64 = 120.0;

/// The longest run, in seconds.
pub(super) const LONGEST_S: f64 = 3.0 * 86_400.0;

/// A time axis of 100 to 3000 samples over 2 minutes to 3 days, each log-uniform.
pub(super) fn any(random: &mut Random) -> Vec<f64> {
    let duration = random.octaves(SHORTEST_S, LONGEST_S);
    of(random, duration)
}

/// A time axis of this duration in seconds.
pub(super) fn of(random: &mut Random, duration: f64) -> Vec<f64> {
    let samples = random.octaves(100.0, 3000.0).round() as usize;
    let interval = duration / (samples - 1) as f64;
    // A recorder that waits between samples is late by a little, and now and then by a lot.
    let jitter = interval * 0.02;
    (0..samples)
        .map(|i| {
            let late = random.unit() * jitter + if random.chance(0.005) { 0.3 * interval } else { 0.0 };
            i as f64 * interval + if i == 0 { 0.0 } else { late }
        })
        .collect()
}

/// From the first sample to the last, in seconds.
pub(super) fn span(elapsed_s: &[f64]) -> f64 {
    elapsed_s.last().copied().unwrap_or_default()
}

/// How many cycles a run can show with enough samples in each to see them, at most `most` and at least `least`.
pub(super) fn cycles(random: &mut Random, samples: usize, least: f64, most: f64) -> f64 {
    const SAMPLES_A_CYCLE: f64 = 14.0;
    let most = most.min(samples as f64 / SAMPLES_A_CYCLE).max(least * 1.01);
    random.octaves(least, most)
}
