//! One metric over the whole run in memory that does not grow with it: what a sparkline is drawn from.
//!
//! Readings are gathered in cells of equal count. A full trail merges its cells two by two and from then on gathers twice
//! as many readings a cell, so it always covers the whole run, and no extreme is ever lost.

/// Cells that a trail has at most; a wide terminal has fewer columns for it.
const CELLS: usize = 256;

/// What some neighbouring readings have in common.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cell {
    /// The least of them.
    pub low: u64,
    /// The greatest.
    pub high: u64,
    /// Their sum.
    sum: f64,
    /// How many there are.
    count: u64,
}

impl Cell {
    fn of(value: u64) -> Self {
        Self { low: value, high: value, sum: value as f64, count: 1 }
    }

    /// Both together.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self {
            low: self.low.min(other.low),
            high: self.high.max(other.high),
            sum: self.sum + other.sum,
            count: self.count + other.count,
        }
    }

    /// The mean of the readings.
    pub fn mean(&self) -> f64 {
        self.sum / self.count as f64
    }
}

/// The readings of one metric so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trail {
    cells: Vec<Cell>,
    /// Readings that a whole cell holds is two to the power of this.
    doublings: u32,
    latest: Option<u64>,
}

impl Trail {
    /// Adds a reading.
    pub fn push(&mut self, value: u64) {
        self.latest = Some(value);
        let whole = 1_u64 << self.doublings.min(63);
        match self.cells.last_mut().filter(|cell| cell.count < whole) {
            Some(cell) => *cell = cell.with(Cell::of(value)),
            None => self.cells.push(Cell::of(value)),
        }
        if self.cells.len() > CELLS {
            let pairs = self.cells.chunks(2);
            self.cells = pairs.filter_map(|pair| pair.iter().copied().reduce(Cell::with)).collect();
            self.doublings += 1;
        }
    }

    /// The cells in the order of time; the last one may still be filling.
    pub fn cells(&self) -> &[Cell] {
        &self.cells
    }

    /// The latest reading.
    pub fn latest(&self) -> Option<u64> {
        self.latest
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_trail_is_bounded_and_keeps_the_extremes_and_the_latest(values in proptest::collection::vec(any::<u64>(), 1..5000)) {
            let mut trail = Trail::default();
            for &value in &values {
                trail.push(value);
            }
            prop_assert!(trail.cells().len() <= CELLS && trail.cells.capacity() <= 4 * CELLS);
            prop_assert_eq!(trail.cells().iter().map(|cell| cell.high).max(), values.iter().copied().max());
            prop_assert_eq!(trail.cells().iter().map(|cell| cell.low).min(), values.iter().copied().min());
            prop_assert_eq!(trail.cells().iter().map(|cell| cell.count).sum::<u64>(), values.len() as u64);
            prop_assert_eq!(trail.latest(), values.last().copied());
        }
    }

    #[test]
    fn a_single_spike_of_a_night_stays_in_its_place() {
        let mut trail = Trail::default();
        for tick in 0..432_000_u64 {
            trail.push(if tick == 108_000 { 9_000 } else { 100 + tick % 3 });
        }
        let spike = trail.cells().iter().position(|cell| cell.high == 9_000).unwrap();
        let share = spike as f64 / trail.cells().len() as f64;
        assert!((share - 0.25).abs() < 0.02, "{share}");
    }
}
