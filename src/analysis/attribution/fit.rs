//! Generalised least squares of the points on what had been asked: a slow trend of time itself, what each group of requests
//! leaves for good, and what it takes only for a while.
//!
//! ```text
//! value(t) = trend(t) + sum over groups of (kept * requests so far(t) + passing * pace(t)) + noise, AR(1)
//! ```
//!
//! The noise of neighbours is taken for at least as alike as [`RHOS`] begins with, so that what counts is what happens from
//! one point to the next, and not whether two lines wander alike. Standard errors are those of Newey and West (1987) on what
//! the fit leaves, each point for itself (`MacKinnon` and White 1985), and never less than the ordinary ones.

use crate::stats::autoregression::Whitening;
use crate::stats::basis::{Basis, dot};
use crate::stats::line_fit;

use super::points::{Points, rise};

/// How alike neighbouring points may be; closer together near 1, where the likelihood changes fast.
const RHOS: [f64; 7] = [0.8, 0.9, 0.95, 0.98, 0.99, 0.997, 0.999];
/// Of what a group's count varies by, beside the trend, at least this share must be its own and no mixture of the others'.
const OWN: f64 = 0.05;

/// What a column of the fit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Time itself.
    Trend,
    /// The requests so far of the group with this number.
    Kept(usize),
    /// What requests of the group with this number take for a while.
    Passing(usize),
}

/// A column at the points.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) part: Part,
    pub(super) values: Vec<f64>,
    /// What the column was divided by, for columns of one size cost no digits.
    scale: f64,
}

impl Column {
    pub(super) fn new(part: Part, values: Vec<f64>) -> Self {
        let scale = values.iter().map(|value| value.abs()).fold(0.0, f64::max);
        let scale = if scale > 0.0 { scale } else { 1.0 };
        Self { part, values: values.into_iter().map(|value| value / scale).collect(), scale }
    }

    /// A group's requests so far, counted from the first point.
    pub(super) fn kept(group: usize, counted: &[f64]) -> Self {
        let first = counted.first().copied().unwrap_or(0.0);
        Self::new(Part::Kept(group), counted.iter().map(|count| count - first).collect())
    }

    /// How much it rises over the points, in its own unit.
    pub(super) fn rise(&self) -> f64 {
        rise(&self.values) * self.scale
    }
}

/// The columns of the trend: a level, a line, and so many halves of a wave.
pub(super) fn trend(points: &Points, waves: usize) -> Vec<Column> {
    let start = points.times.first().copied().unwrap_or(0.0);
    let share: Vec<f64> = points.times.iter().map(|time| (time - start) / points.span_s()).collect();
    let wave = |number: usize| {
        let angle = std::f64::consts::PI * number as f64;
        Column::new(Part::Trend, share.iter().map(|share| (angle * share).cos()).collect())
    };
    let mut columns = vec![Column::new(Part::Trend, vec![1.0; points.len()]), Column::new(Part::Trend, share.clone())];
    columns.extend((1..=waves).map(wave));
    columns
}

/// A number with its standard error.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Measured {
    pub(super) value: f64,
    pub(super) error: f64,
}

/// Columns fitted to the points.
#[derive(Clone, Debug)]
pub(super) struct Fit {
    /// The columns that were fitted; one that lies in the others is left out.
    pub(super) columns: Vec<Column>,
    whitening: Whitening,
    basis: Basis,
    coefficients: Vec<f64>,
    /// What is left of the points.
    rest: Vec<f64>,
    /// How much of each point's own value is in its fit: it leaves so much less than its noise.
    leverage: Vec<f64>,
    variance: f64,
    likelihood: f64,
}

impl Fit {
    /// The fit with the likeliest noise; `None` where a group's count lies in the other columns.
    pub(super) fn new(points: &Points, columns: &[Column]) -> Option<Self> {
        let fits = RHOS.iter().filter_map(|&rho| Self::with(points, columns, rho));
        fits.min_by(|one, other| one.likelihood.total_cmp(&other.likelihood))
    }

    fn with(points: &Points, columns: &[Column], rho: f64) -> Option<Self> {
        let whitening = Whitening::new(&points.spacing, rho);
        let mut basis = Basis::default();
        let mut fitted = Vec::with_capacity(columns.len());
        for column in columns {
            match (basis.push(whitening.apply(&column.values)), column.part) {
                (Some(_), _) => fitted.push(column.clone()),
                (None, Part::Kept(_)) => return None,
                (None, Part::Trend | Part::Passing(_)) => {}
            }
        }
        let mut rest = whitening.apply(&points.values);
        let shares = basis.take_out(&mut rest);
        let count = points.len() as f64;
        let freedom = (count - basis.rank() as f64).max(1.0);
        let squares = dot(&rest, &rest);
        let mean = (squares / count).max(points.least_variance).max(f64::MIN_POSITIVE);
        Some(Self {
            coefficients: basis.coefficients(&shares),
            likelihood: count * mean.ln() + whitening.log_determinant(),
            variance: (squares / freedom).max(points.least_variance),
            columns: fitted,
            leverage: leverage(&basis, points.len()),
            whitening,
            basis,
            rest,
        })
    }

    /// The BIC in its small-sample form (`McQuarrie` and Tsai 1998), for a choice among so many columns.
    pub(super) fn score(&self, choices: usize) -> f64 {
        let count = self.rest.len() as f64;
        let used = self.basis.rank() as f64 + 1.0;
        let small = count / (count - used - 1.0).max(1.0);
        self.likelihood + used * small * count.ln() + 2.0 * (choices.max(1) as f64).ln()
    }

    /// How much less a further column would leave, as a share of what is left.
    pub(super) fn gain(&self, column: &Column) -> f64 {
        let mut white = self.whitening.apply(&column.values);
        let before = dot(&white, &white);
        self.basis.take_out(&mut white);
        let own = dot(&white, &white);
        let squares = dot(&self.rest, &self.rest);
        if own <= 1e-9 * before || squares <= 0.0 { 0.0 } else { dot(&white, &self.rest).powi(2) / own / squares }
    }

    /// The sum of the coefficients of the kept columns with these weights by group.
    pub(super) fn kept(&self, weights: &[f64]) -> Measured {
        let weight = |column: &Column| match column.part {
            Part::Kept(group) => weights.get(group).copied().unwrap_or(0.0) / column.scale,
            Part::Trend | Part::Passing(_) => 0.0,
        };
        let row: Vec<f64> = self.columns.iter().map(weight).collect();
        let along = self.basis.along(&row);
        let mut scores = vec![0.0; self.rest.len()];
        for (share, direction) in along.iter().zip(self.basis.directions()) {
            scores.iter_mut().zip(direction).for_each(|(score, unit)| *score += share * unit);
        }
        scores
            .iter_mut()
            .zip(&self.rest)
            .zip(&self.leverage)
            .for_each(|((score, rest), own)| *score *= rest / (1.0 - own));
        let robust = line_fit::long_run_sum(&scores, line_fit::bandwidth(scores.len()).0);
        let plain = self.variance * dot(&along, &along);
        Measured { value: dot(&row, &self.coefficients), error: robust.max(plain).sqrt() }
    }

    /// How much the points rise by what is there only for a while.
    pub(super) fn passing(&self) -> f64 {
        let fitted = self.columns.iter().zip(&self.coefficients);
        fitted
            .filter(|(column, _)| matches!(column.part, Part::Passing(_)))
            .map(|(column, coefficient)| coefficient * rise(&column.values))
            .sum()
    }
}

impl Fit {
    /// The most that requests of a group were seen to hold for a while, over the least, in the metric's unit.
    pub(super) fn held(&self, group: usize) -> f64 {
        let own = self.columns.iter().zip(&self.coefficients).filter(|(column, _)| column.part == Part::Passing(group));
        let mut sum = vec![0.0_f64; self.rest.len()];
        for (column, coefficient) in own {
            sum.iter_mut().zip(&column.values).for_each(|(sum, value)| *sum += coefficient * value);
        }
        let most = sum.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        most - sum.iter().copied().fold(f64::INFINITY, f64::min)
    }
}

/// Never all of it: a point that is fitted exactly says nothing of the noise.
fn leverage(basis: &Basis, count: usize) -> Vec<f64> {
    const MOST: f64 = 0.9;
    let mut own = vec![0.0_f64; count];
    for direction in basis.directions() {
        own.iter_mut().zip(direction).for_each(|(own, unit)| *own += unit * unit);
    }
    own.into_iter().map(|own| own.min(MOST)).collect()
}

/// The groups whose counts are mixtures of the others', or nearly: what one of them does, the others could do as well.
pub(super) fn mixtures(points: &Points, trend: &[Column], kept: &[Column]) -> Vec<bool> {
    let whitening = Whitening::new(&points.spacing, RHOS[1]);
    let base = |without: Option<usize>| {
        let mut basis = Basis::default();
        let others = kept.iter().enumerate().filter(|(at, _)| without.is_some_and(|own| own != *at));
        for column in trend.iter().chain(others.map(|(_, column)| column)) {
            basis.push(whitening.apply(&column.values));
        }
        basis
    };
    let left = |basis: &Basis, column: &Column| {
        let mut white = whitening.apply(&column.values);
        basis.take_out(&mut white);
        dot(&white, &white)
    };
    let alone = base(None);
    kept.iter().enumerate().map(|(at, column)| left(&base(Some(at)), column) < OWN * left(&alone, column)).collect()
}
