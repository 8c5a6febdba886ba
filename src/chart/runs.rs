//! How the lines of several runs are drawn: each in its own colour and dashes, with its letter at its end, and faint behind
//! it all that it measured.

use super::layout::{self, Rect};
use super::paint::{Drawn, Painter, Plot, pieces};
use super::pen::{Dashes, Face};
use super::scene::{Line, Panel};
use super::theme::Ink;

/// The patterns that tell runs apart in grey print; each shows within the length of a legend's swatch.
const RUNS: [&[f64]; 6] =
    [&[], &[14.0, 6.0], &[3.0, 5.0], &[13.0, 4.0, 3.0, 4.0], &[7.0, 4.0], &[12.0, 4.0, 3.0, 3.0, 3.0, 4.0]];

/// The dashes of a line. Beyond six runs the colours come round again, each with another pattern.
pub(super) fn dashes_of(ink: Ink, width: f64) -> Dashes {
    match ink {
        Ink::Run(number) => Dashes { width, pattern: RUNS[(number + number / RUNS.len()) % RUNS.len()] },
        _ => Dashes { width, pattern: &[] },
    }
}

/// The height of one letter at the end of a line.
const LETTER_ROW: f64 = 18.0;

/// Heights as near to these as can be, ascending, a row apart and within a plot that has room for all.
fn apart(heights: &[f64], plot: Rect) -> Vec<f64> {
    let mut rows: Vec<f64> = Vec::new();
    for &height in heights {
        rows.push(rows.last().map_or(height, |above| height.max(above + LETTER_ROW)));
    }
    let mut below = plot.bottom + 0.5 * LETTER_ROW;
    for row in rows.iter_mut().rev() {
        *row = row.min(below - 0.5 * LETTER_ROW).max(plot.top);
        below = *row - 0.5 * LETTER_ROW;
    }
    rows
}

impl Painter<'_> {
    /// All values of one run among several, faint behind the middle lines, so that no spike is lost.
    pub(super) fn behind(&mut self, line: &Line, plot: Plot<'_>) -> Drawn {
        let faint = self.palette.faded(self.palette.line(line.ink));
        for stroke in line.strokes.iter().filter(|_| !line.middle.is_empty()) {
            let points: Vec<_> = stroke.iter().map(|&point| plot.at(point)).collect();
            for piece in pieces(&points) {
                self.pen.line(piece, faint, 1.2)?;
            }
        }
        Ok(())
    }

    /// The line of one run among several, in its own dashes: what it measured, or the middle of what is too dense for them.
    pub(super) fn middle(&mut self, line: &Line, plot: Plot<'_>) -> Drawn {
        if !matches!(line.ink, Ink::Run(_)) {
            return Ok(());
        }
        let colour = self.palette.line(line.ink);
        for stroke in if line.middle.is_empty() { &line.strokes } else { &line.middle } {
            let points: Vec<_> = stroke.iter().map(|&point| plot.at(point)).collect();
            self.pen.dashes(&points, colour, dashes_of(line.ink, 2.8))?;
            if points.len() == 1 || line.is_sparse() {
                points.iter().try_for_each(|&point| self.pen.dot(point, 3.6, colour))?;
            }
        }
        Ok(())
    }

    /// The letter of each run at the end of its line, moved apart where lines end together.
    pub(super) fn letters(&mut self, panel: &Panel, plot: Plot<'_>) -> Drawn {
        let mut ends: Vec<(f64, f64, &Line)> = Vec::new();
        for line in panel.lines.iter().filter(|line| matches!(line.ink, Ink::Run(_))) {
            let drawn = if line.middle.is_empty() { &line.strokes } else { &line.middle };
            ends.extend(drawn.last().and_then(|stroke| stroke.last()).map(|&point| {
                let (x, y) = plot.at(point);
                (x, y, line)
            }));
        }
        // Fewer letters than lines would look as if some had ended.
        if ends.len() as f64 * LETTER_ROW > plot.rect.bottom - plot.rect.top {
            return Ok(());
        }
        ends.sort_by(|a, b| a.0.total_cmp(&b.0));
        for together in ends.chunk_by_mut(|a, b| b.0 - a.0 < LETTER_ROW) {
            together.sort_by(|a, b| a.1.total_cmp(&b.1));
            let heights: Vec<f64> = together.iter().map(|end| end.1).collect();
            for ((x, _, line), y) in together.iter().zip(apart(&heights, plot.rect)) {
                let letter = line.name.split(' ').next().unwrap_or_default();
                let face = Face { colour: self.palette.line(line.ink), ..self.bold(layout::LEGEND) };
                self.pen.words(letter, x + 9.0, y + 6.5, face)?;
            }
        }
        Ok(())
    }
}
