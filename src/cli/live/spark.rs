//! A trail as bars of eighths: the whole run in as many columns as there are, with every spike and dip.

use crate::runner::{Cell, Trail};

/// What bars are made of, from empty to full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Glyphs {
    /// Block elements.
    Blocks,
    /// For terminals that are told to have no UTF-8, and the kernel's own.
    Ascii,
}

impl Glyphs {
    fn steps(self) -> &'static [char] {
        match self {
            Self::Blocks => &[' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'],
            Self::Ascii => &[' ', '.', ':', '=', '#'],
        }
    }
}

/// A change of less than this share of the level fills no bar: noise must not look like a mountain.
const LEAST_RANGE: f64 = 0.02;

/// The trail in `width` columns and `height` rows, the uppermost row first. Columns before the first reading are none; a
/// short trail is shorter than `width`.
pub(super) fn bars(trail: &Trail, width: usize, height: usize, glyphs: Glyphs) -> Vec<String> {
    let steps = glyphs.steps();
    let columns = columns(trail.cells(), width);
    let low = columns.iter().map(|cell| cell.low).min().unwrap_or(0) as f64;
    let high = columns.iter().map(|cell| cell.high).max().unwrap_or(0) as f64;
    let range = (high - low).max(LEAST_RANGE * high).max(1.0);
    let full = (height * (steps.len() - 1)) as f64;
    // A level that never changed is a thin line, not an empty place.
    let levels: Vec<usize> =
        columns.iter().map(|cell| 1 + ((shown(cell) - low) / range * (full - 1.0)).round() as usize).collect();
    let row = |row: usize| {
        let below = (height - 1 - row) * (steps.len() - 1);
        levels.iter().map(|level| steps[level.saturating_sub(below).min(steps.len() - 1)]).collect()
    };
    (0..height).map(row).collect()
}

/// Neighbouring cells as one, so that there are `width` at most.
fn columns(cells: &[Cell], width: usize) -> Vec<Cell> {
    let width = width.min(cells.len());
    let bounds = |column: usize| column * cells.len() / width;
    (0..width)
        .filter_map(|column| cells[bounds(column)..bounds(column + 1)].iter().copied().reduce(Cell::with))
        .collect()
}

/// Of a column's extremes the one that stands out: a spike upwards, or a dip.
fn shown(cell: &Cell) -> f64 {
    let (low, high, mean) = (cell.low as f64, cell.high as f64, cell.mean());
    if mean - low > high - mean { low } else { high }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trail(values: impl IntoIterator<Item = u64>) -> Trail {
        let mut trail = Trail::default();
        for value in values {
            trail.push(value);
        }
        trail
    }

    #[test]
    fn a_ramp_rises_from_the_first_step_to_the_last() {
        assert_eq!(bars(&trail((0..8).map(|step| step * 100)), 8, 1, Glyphs::Blocks), ["▁▂▃▄▅▆▇█"]);
        assert_eq!(bars(&trail((0..4).map(|step| step * 100)), 8, 1, Glyphs::Ascii), [".:=#"]);
    }

    #[test]
    fn a_spike_and_a_dip_survive_being_thinned() {
        let line = |odd: u64| {
            let values = (0..10_000).map(|tick| if tick == 5_000 { odd } else { 1000 });
            bars(&trail(values), 20, 1, Glyphs::Blocks).remove(0)
        };
        assert_eq!(line(5000).matches('█').count(), 1);
        assert_eq!(line(0).matches('▁').count(), 1);
    }

    #[test]
    fn noise_below_two_per_cent_stays_low_and_nothing_is_nothing() {
        let noise = bars(&trail((0..40).map(|tick| 100_000 + tick % 3)), 40, 1, Glyphs::Blocks).remove(0);
        assert_eq!(noise, "▁".repeat(40));
        assert_eq!(bars(&Trail::default(), 10, 2, Glyphs::Blocks), ["", ""]);
        assert_eq!(bars(&trail([u64::MAX, 0]), 0, 1, Glyphs::Blocks), [""]);
    }

    #[test]
    fn two_rows_have_twice_the_steps() {
        assert_eq!(bars(&trail([0, 100]), 2, 2, Glyphs::Blocks), [" █", "▁█"]);
    }
}
