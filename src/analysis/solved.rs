//! One fit of the contest, solved in full: its coefficients, its slope at the end with the error, and its curve.

use crate::stats::autoregression::Whitening;
use crate::stats::basis::{Basis, dot};
use crate::stats::student_t;

use super::blocks::Blocks;
use super::fitting::{Fit, base_columns, dropped};
use super::jumps::jump_column;

/// A slope per unit of the run's axis, with its standard error.
#[derive(Clone, Copy, Debug)]
pub(super) struct EndSlope {
    /// The slope.
    pub(super) slope: f64,
    /// Its standard error.
    pub(super) error: f64,
    /// Degrees of freedom of the error.
    pub(super) freedom: f64,
}

impl EndSlope {
    /// Half the width of the 95 % interval.
    pub(super) fn half_width(self) -> f64 {
        self.error * student_t::critical(0.95, self.freedom)
    }
}

/// A fit with its coefficients.
pub(super) struct Solved {
    columns: Vec<Vec<f64>>,
    coefficients: Vec<f64>,
    basis: Basis,
    deviation: f64,
    freedom: f64,
    last_norm: f64,
    lives: usize,
    base_columns: usize,
    shape_columns: usize,
}

/// Whether the place of a knee counts as known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Knee {
    /// It is where the fit put it: for the curve.
    Known,
    /// It was estimated too, which widens the slope's interval: the curve's derivative by the knee stands as one more
    /// column (linearised nonlinear least squares; Seber and Wild 1989).
    Estimated,
}

/// The value of a curve at one block and the half width of its 95 % band.
#[derive(Clone, Copy, Debug)]
pub(super) struct CurvePoint {
    /// The value, above the blocks' level.
    pub(super) value: f64,
    /// Half the width of the band.
    pub(super) half_width: f64,
}

impl Solved {
    /// Solves a fit. The rho that fits best is too small on few points; it is raised by its first-order bias (Kendall
    /// 1954: `(1 + 3 rho) / n`).
    pub(super) fn new(blocks: &Blocks, extra: &[Vec<f64>], fit: &Fit, knee: Knee) -> Option<Self> {
        let count = blocks.value.len();
        let rho = (fit.rho + (1.0 + 3.0 * fit.rho) / count as f64).min(0.99);
        let whitening = Whitening::new(&blocks.spacing, rho).without(&dropped(blocks, fit.candidate.start));
        let mut solved = Self {
            columns: Vec::new(),
            coefficients: Vec::new(),
            basis: Basis::default(),
            deviation: 0.0,
            freedom: 1.0,
            last_norm: f64::NAN,
            lives: blocks.segment.last().map_or(0, |last| last + 1),
            base_columns: 0,
            shape_columns: 0,
        };
        for column in base_columns(blocks, extra) {
            solved.push(&whitening, column);
        }
        solved.base_columns = solved.columns.len();
        for &from in &fit.jumps {
            solved.push(&whitening, jump_column(blocks, from));
        }
        if let (Knee::Estimated, Some(place)) = (knee, fit.candidate.form.knee()) {
            solved.push(&whitening, blocks.since.iter().map(|since| f64::from(u8::from(*since > place))).collect());
        }
        for column in fit.candidate.form.columns(&blocks.since) {
            solved.shape_columns += usize::from(solved.push(&whitening, column));
        }
        let mut rest = whitening.apply(&blocks.value);
        solved.coefficients = solved.basis.coefficients(&solved.basis.take_out(&mut rest));
        solved.freedom = count.checked_sub(fit.parameters + 1).filter(|freedom| *freedom > 0)? as f64;
        solved.deviation = (dot(&rest, &rest) / solved.freedom).max(blocks.least_variance / count as f64).sqrt();
        Some(solved)
    }

    fn push(&mut self, whitening: &Whitening, column: Vec<f64>) -> bool {
        let norm = self.basis.push(whitening.apply(&column));
        if let Some(norm) = norm {
            self.last_norm = norm;
            self.columns.push(column);
        }
        norm.is_some()
    }

    /// The coefficient of the last column: the slope at the end of a growing shape.
    pub(super) fn end_slope(&self) -> Option<EndSlope> {
        let slope = self.shape_coefficients().last().copied()?;
        Some(EndSlope { slope, error: self.deviation / self.last_norm, freedom: self.freedom })
    }

    /// The coefficients of the shape's own columns.
    pub(super) fn shape_coefficients(&self) -> &[f64] {
        &self.coefficients[self.coefficients.len() - self.shape_columns..]
    }

    /// The heights of the jumps, in the order in which the fit holds them.
    pub(super) fn jump_heights(&self, count: usize) -> Vec<f64> {
        self.coefficients.iter().skip(self.base_columns).take(count).copied().collect()
    }

    /// What the jumps add at one block.
    pub(super) fn jumps_at(&self, block: usize) -> f64 {
        let end = self.coefficients.len() - self.shape_columns;
        (self.base_columns..end).map(|column| self.columns[column][block] * self.coefficients[column]).sum()
    }

    /// What the load and the swing add at one block.
    pub(super) fn context_at(&self, block: usize) -> f64 {
        (self.lives.min(self.base_columns)..self.base_columns)
            .map(|column| self.columns[column][block] * self.coefficients[column])
            .sum()
    }

    /// The curve at one block.
    pub(super) fn at(&self, block: usize) -> CurvePoint {
        let row: Vec<f64> = self.columns.iter().map(|column| column[block]).collect();
        let half_width = self.deviation * self.basis.leverage(&row) * student_t::critical(0.95, self.freedom);
        CurvePoint { value: dot(&row, &self.coefficients), half_width }
    }
}
