//! One number a metric out of several processes: a sum is there only if every part of it is.

use crate::domain::{Bytes, Metric, Readings};

/// The sums of one tick.
#[derive(Debug)]
pub(super) struct Sums {
    parts: [Part; Metric::COUNT],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// Nobody was asked.
    None,
    Sum(u64),
    /// Somebody could not say, and a sum without its part would be a lie.
    Missing,
}

impl Sums {
    pub(super) fn new() -> Self {
        Self { parts: [Part::None; Metric::COUNT] }
    }

    pub(super) fn add(&mut self, metric: Metric, value: Option<u64>) {
        let part = &mut self.parts[metric as usize];
        *part = match (*part, value) {
            (Part::Missing, _) | (_, None) => Part::Missing,
            (Part::None, Some(value)) => Part::Sum(value),
            (Part::Sum(sum), Some(value)) => Part::Sum(sum.saturating_add(value)),
        };
    }

    pub(super) fn add_bytes(&mut self, metric: Metric, size: Option<Bytes>) {
        self.add(metric, size.map(Bytes::get));
    }

    /// Whether somebody could not say.
    pub(super) fn is_missing(&self, metric: Metric) -> bool {
        self.parts[metric as usize] == Part::Missing
    }

    /// Writes down the sums that are complete.
    pub(super) fn write(&self, readings: &mut Readings) {
        for (metric, part) in Metric::all().zip(&self.parts) {
            if let Part::Sum(sum) = part {
                readings.set_raw(metric, *sum);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_without_one_of_its_parts_is_missing() {
        let mut sums = Sums::new();
        sums.add(Metric::Fds, Some(3));
        sums.add(Metric::Fds, None);
        sums.add(Metric::Fds, Some(4));
        sums.add(Metric::Threads, Some(3));
        sums.add(Metric::Threads, Some(4));
        let mut readings = Readings::new();
        sums.write(&mut readings);
        assert!(sums.is_missing(Metric::Fds));
        assert_eq!((readings.get(Metric::Fds), readings.get(Metric::Threads)), (None, Some(7)));
    }
}
