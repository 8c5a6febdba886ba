//! The latest of everything, for the progress line, in memory that does not grow with the run.

use crate::analysis;
use crate::domain::{Elapsed, Estimate, Metric, Readings, Sample, TrafficTick};

/// What a progress line shows.
#[derive(Clone, Debug, Default)]
pub struct Latest {
    /// When the latest sample was taken.
    pub at: Elapsed,
    /// What it read.
    pub readings: Readings,
    /// The latest of the driver's ticks.
    pub traffic: Option<TrafficTick>,
    /// Growth of the memory that is judged, in bytes per hour, so far; `None` while there is too little to say.
    pub growth: Option<Estimate>,
}

/// Points that are kept at most; a straight line through a thinned series is the same line.
const KEPT: usize = 1024;
/// Below these a slope says nothing.
const MIN_POINTS: usize = 30;
const MIN_SPAN_S: f64 = 10.0;

/// A thinned copy of the memory series, and the latest readings.
#[derive(Debug)]
pub(super) struct SoFar {
    latest: Latest,
    times: Vec<f64>,
    values: Vec<f64>,
    stride: usize,
    seen: usize,
}

impl SoFar {
    pub(super) fn new() -> Self {
        Self { latest: Latest::default(), times: Vec::new(), values: Vec::new(), stride: 1, seen: 0 }
    }

    pub(super) fn sample(&mut self, sample: &Sample) {
        self.latest.at = sample.at;
        self.latest.readings = sample.readings;
        let memory = sample.readings.get(Metric::RssAnon).or_else(|| sample.readings.get(Metric::Rss));
        let Some(memory) = memory else { return };
        self.seen += 1;
        if !self.seen.is_multiple_of(self.stride) {
            return;
        }
        let swap = sample.readings.get(Metric::Swap).unwrap_or(0);
        self.times.push(sample.at.as_secs_f64());
        self.values.push(memory as f64 + swap as f64);
        if self.times.len() == KEPT {
            // Every second point goes, and from now on every second one is taken.
            for kept in [&mut self.times, &mut self.values] {
                *kept = kept.iter().copied().skip(1).step_by(2).collect();
            }
            self.stride *= 2;
        }
    }

    pub(super) fn traffic(&mut self, tick: TrafficTick) {
        self.latest.traffic = Some(tick);
    }

    /// The latest of everything, with the growth so far computed now.
    pub(super) fn latest(&self) -> Latest {
        let span = self.times.last().unwrap_or(&0.0) - self.times.first().unwrap_or(&0.0);
        let growth = (self.times.len() >= MIN_POINTS && span >= MIN_SPAN_S)
            .then(|| analysis::growth_so_far(&self.times, &self.values))
            .flatten();
        Latest { growth, ..self.latest.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(second: usize) -> Sample {
        let mut sample = Sample { at: Elapsed::from_secs_f64(second as f64), ..Sample::default() };
        sample.readings.set_raw(Metric::RssAnon, 1_000_000 + 100 * second as u64);
        sample
    }

    #[test]
    fn memory_stays_bounded_and_the_slope_stays_the_same() {
        let mut so_far = SoFar::new();
        for second in 0..100_000 {
            so_far.sample(&sample(second));
        }
        assert!(so_far.times.len() < KEPT && so_far.times.len() == so_far.values.len());
        let growth = so_far.latest().growth.unwrap();
        assert!((growth.estimate / 360_000.0 - 1.0).abs() < 1e-6, "{growth:?}");
    }

    #[test]
    fn too_little_says_nothing() {
        let mut so_far = SoFar::new();
        for second in 0..20 {
            so_far.sample(&sample(second));
        }
        assert_eq!(so_far.latest().growth, None);
    }
}
