//! Straight lines: least squares with an interval that holds when neighbours resemble each other.

use super::student_t;

/// A straight line through points.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Line {
    /// The value at `x = 0`.
    pub intercept: f64,
    /// The rise per unit of x.
    pub slope: f64,
}

impl Line {
    /// The value at x.
    pub fn at(self, x: f64) -> f64 {
        self.intercept + self.slope * x
    }
}

/// A slope with its standard error.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slope {
    /// The line.
    pub line: Line,
    /// The standard error of the slope.
    pub standard_error: f64,
    /// The degrees of freedom with which t intervals of it are built.
    pub freedom: f64,
}

impl Slope {
    /// Half the width of the interval that holds the slope with this probability.
    pub fn half_width(self, probability: f64) -> f64 {
        self.standard_error * student_t::critical(probability, self.freedom)
    }
}

/// The least-squares line (Legendre 1805), computed about the means so that large offsets cost no digits; `None` with
/// fewer than two distinct x.
pub fn least_squares(x: &[f64], y: &[f64]) -> Option<Line> {
    let n = x.len().min(y.len());
    if n < 2 {
        return None;
    }
    let (mean_x, mean_y) = (mean(&x[..n]), mean(&y[..n]));
    let (mut sxx, mut sxy) = (0.0, 0.0);
    for (&x, &y) in x.iter().zip(y) {
        sxx += (x - mean_x) * (x - mean_x);
        sxy += (x - mean_x) * (y - mean_y);
    }
    let slope = sxy / sxx;
    (sxx > 0.0 && slope.is_finite()).then_some(Line { intercept: mean_y - slope * mean_x, slope })
}

/// The least-squares slope with the Newey-West standard error (1987) over the lags of [`bandwidth`], because the textbook's
/// fewer cover far too seldom.
pub fn newey_west(x: &[f64], y: &[f64]) -> Option<Slope> {
    let line = least_squares(x, y)?;
    let n = x.len().min(y.len());
    if n < 4 {
        return None;
    }
    let (lags, freedom) = bandwidth(n);
    let standard_error = newey_west_error(x, y, line, lags);
    Some(Slope { line, standard_error, freedom })
}

/// The Newey-West standard error of a line's slope with this many lags, with the small-sample factor `n / (n - 2)`.
pub fn newey_west_error(x: &[f64], y: &[f64], line: Line, lags: usize) -> f64 {
    let n = x.len().min(y.len());
    let mean_x = mean(&x[..n]);
    let sxx: f64 = x[..n].iter().map(|x| (x - mean_x) * (x - mean_x)).sum();
    let scores: Vec<f64> = x.iter().zip(y).map(|(&x, &y)| (x - mean_x) * (y - line.at(x))).collect();
    let sum = long_run_sum(&scores, lags);
    (sum.max(0.0) * n as f64 / (n as f64 - 2.0)).sqrt() / sxx
}

/// The variance of the sum of these scores, however much neighbours resemble each other: squares and products over so many
/// lags with Bartlett's falling weights (Newey and West 1987). It may come out below zero for few scores.
pub fn long_run_sum(scores: &[f64], lags: usize) -> f64 {
    let mut sum: f64 = scores.iter().map(|score| score * score).sum();
    for lag in 1..=lags.min(scores.len().saturating_sub(1)) {
        let weight = 1.0 - lag as f64 / (lags as f64 + 1.0);
        let products: f64 = scores[lag..].iter().zip(scores).map(|(a, b)| a * b).sum();
        sum += 2.0 * weight * products;
    }
    sum
}

/// So many lags, and the degrees of freedom that they leave: `S = 1.3 sqrt(n)` and `1.5 n / S` (Lazarus, Lewis, Stock and
/// Watson 2018, for the Bartlett kernel).
pub fn bandwidth(n: usize) -> (usize, f64) {
    let lags = (1.3 * (n as f64).sqrt()).ceil().min(n as f64 - 1.0) as usize;
    (lags, (1.5 * n as f64 / (lags as f64 + 1.0)).clamp(1.0, (n as f64 - 2.0).max(1.0)))
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const X: [f64; 10] = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0];
    const Y: [f64; 10] = [3.1, 3.9, 5.2, 5.8, 7.4, 7.9, 9.3, 9.8, 11.4, 11.7];

    #[test]
    fn the_newey_west_error_agrees_with_statsmodels() {
        // python3 -c "import numpy, statsmodels.api as s
        // x = numpy.arange(10.); y = [3.1, 3.9, 5.2, 5.8, 7.4, 7.9, 9.3, 9.8, 11.4, 11.7]
        // f = s.OLS(y, s.add_constant(x)).fit(cov_type='HAC', cov_kwds={'maxlags': 3, 'use_correction': True})
        // print(f.params, f.bse)"
        let line = least_squares(&X, &Y).unwrap();
        assert!((line.slope - NUMPY_SLOPE).abs() < 1e-12);
        assert!((newey_west_error(&X, &Y, line, 3) - STATSMODELS_ERROR).abs() < 1e-12);
    }

    const NUMPY_SLOPE: f64 = 0.993_333_333_333_333_8;
    const STATSMODELS_ERROR: f64 = 0.015_429_140_008_169_605;

    proptest! {
        #[test]
        fn an_exact_line_is_found(slope in -1e6..1e6f64, intercept in -1e9..1e9f64, n in 2usize..60) {
            let x: Vec<f64> = (0..n).map(|i| i as f64).collect();
            let y: Vec<f64> = x.iter().map(|x| intercept + slope * x).collect();
            let line = least_squares(&x, &y).unwrap();
            prop_assert!((line.slope - slope).abs() <= 1e-9 * (1e9 + slope.abs()));
        }

        #[test]
        fn the_slope_scales_with_the_values_and_against_the_time(
            y in prop::collection::vec(-1e3..1e3f64, 8..40), by in 0.01..100.0f64, shift in -1e3..1e3f64,
        ) {
            let x: Vec<f64> = (0..y.len()).map(|i| i as f64).collect();
            let base = newey_west(&x, &y).unwrap();
            let scaled: Vec<f64> = y.iter().map(|y| y * by + shift).collect();
            let stretched: Vec<f64> = x.iter().map(|x| x * by).collect();
            let tall = newey_west(&x, &scaled).unwrap();
            let wide = newey_west(&stretched, &y).unwrap();
            prop_assert!((tall.line.slope - base.line.slope * by).abs() < 1e-6 * by.max(1.0));
            prop_assert!((tall.standard_error - base.standard_error * by).abs() < 1e-6 * by.max(1.0));
            prop_assert!((wide.line.slope * by - base.line.slope).abs() < 1e-6);
        }

        #[test]
        fn time_backwards_turns_the_sign(y in prop::collection::vec(-1e3..1e3f64, 4..40)) {
            let x: Vec<f64> = (0..y.len()).map(|i| i as f64).collect();
            let back: Vec<f64> = y.iter().rev().copied().collect();
            let (a, b) = (least_squares(&x, &y).unwrap(), least_squares(&x, &back).unwrap());
            prop_assert!((a.slope + b.slope).abs() < 1e-6);
        }
    }
}
