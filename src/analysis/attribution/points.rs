//! The readings of the stretch in which the metric grew, reduced to some hundred points, and what had been asked by each of
//! them. Counts and readings are averaged alike, so that what a request leaves for good is the same in both.

use crate::analysis::track::Track;

use super::counts::Counts;

/// Points at most: eight for each spell of a run of sixty, and what a fit costs grows with them.
const MOST: usize = 480;

/// Readings that follow each other, averaged.
#[derive(Clone, Debug, Default)]
pub(super) struct Points {
    /// Seconds since the start.
    pub(super) times: Vec<f64>,
    /// The metric above its first value.
    pub(super) values: Vec<f64>,
    /// The distance from the point before, in usual distances; infinite at the first.
    pub(super) spacing: Vec<f64>,
    /// Readings that each point is the mean of; the last may have fewer.
    size: usize,
    /// The instants of all readings.
    readings: Vec<f64>,
    /// The variance that the readings' own step leaves in a point.
    pub(super) least_variance: f64,
}

impl Points {
    /// The longest life of the target between two instants.
    pub(super) fn new(track: &Track, from_s: f64, to_s: f64) -> Self {
        let inside: Vec<usize> =
            (0..track.times.len()).filter(|&at| (from_s..=to_s).contains(&track.times[at])).collect();
        let lives = inside.chunk_by(|&one, &next| track.segment[one] == track.segment[next]);
        let longest = lives.max_by_key(|life| life.len()).unwrap_or_default();
        let size = longest.len().div_ceil(MOST).max(1);
        let readings: Vec<f64> = longest.iter().map(|&at| track.times[at]).collect();
        let first = longest.first().map_or(0.0, |&at| track.values[at]);
        let above: Vec<f64> = longest.iter().map(|&at| track.values[at] - first).collect();
        let times = means(&readings, size);
        let steps: Vec<f64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let usual = crate::stats::quantile::median(&steps).filter(|step| *step > 0.0).unwrap_or(1.0);
        let spacing = std::iter::once(f64::INFINITY).chain(steps.iter().map(|step| step / usual)).collect();
        let least_variance = track.quantum * track.quantum / 12.0 / size as f64;
        Self { values: means(&above, size), times, spacing, size, readings, least_variance }
    }

    pub(super) fn len(&self) -> usize {
        self.times.len()
    }

    /// From the first point to the last, in seconds.
    pub(super) fn span_s(&self) -> f64 {
        self.times.last().copied().unwrap_or(0.0) - self.times.first().copied().unwrap_or(0.0)
    }

    /// The first and the last reading.
    pub(super) fn ends_s(&self) -> Option<(f64, f64)> {
        Some((*self.readings.first()?, *self.readings.last()?))
    }

    /// What had been counted by each point, so many seconds before it.
    pub(super) fn counted(&self, counts: &Counts, so_far: &[f64], before_s: f64) -> Vec<f64> {
        let all: Vec<f64> = self.readings.iter().map(|time| counts.at(so_far, time - before_s)).collect();
        means(&all, self.size)
    }

    /// The pace at each point.
    pub(super) fn pace(&self, counts: &Counts, so_far: &[f64]) -> Vec<f64> {
        let all: Vec<f64> = self.readings.iter().map(|&time| counts.pace(so_far, time)).collect();
        means(&all, self.size)
    }
}

/// How much a column rises from the first of the points to the last: means over a fortieth of them, which are quiet.
pub(super) fn rise(column: &[f64]) -> f64 {
    let end = (column.len() / 40).max(1);
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len().max(1) as f64;
    mean(&column[column.len().saturating_sub(end)..]) - mean(&column[..end.min(column.len())])
}

fn means(values: &[f64], size: usize) -> Vec<f64> {
    values.chunks(size).map(|chunk| chunk.iter().sum::<f64>() / chunk.len() as f64).collect()
}
