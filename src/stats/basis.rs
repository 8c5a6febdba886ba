//! Least squares on several columns by an orthonormal basis: modified Gram-Schmidt (Björck 1967), which needs no matrix
//! and lets columns be added one at a time.

/// An orthonormal basis of the columns given so far.
#[derive(Clone, Debug, Default)]
pub struct Basis {
    columns: Vec<Vec<f64>>,
    /// By column added: its shares along the earlier directions, then its norm: the triangular factor of the columns.
    shares: Vec<Vec<f64>>,
}

/// A column whose norm falls below this share when the basis is taken out of it lies within the basis already.
const DEPENDENT: f64 = 1e-7;

impl Basis {
    /// Adds a column and returns the norm of what the basis did not yet hold of it; `None`, and nothing is added, where
    /// that is nothing.
    pub fn push(&mut self, mut column: Vec<f64>) -> Option<f64> {
        let before = norm(&column);
        let mut shares = self.take_out(&mut column);
        let after = norm(&column);
        if after.is_nan() || after <= DEPENDENT * before {
            return None;
        }
        for value in &mut column {
            *value /= after;
        }
        self.columns.push(column);
        shares.push(after);
        self.shares.push(shares);
        Some(after)
    }

    /// Leaves of a column what is left when the basis is taken out of it, the residuals of least squares, and returns
    /// its shares along the directions.
    pub fn take_out(&self, column: &mut [f64]) -> Vec<f64> {
        let mut shares = Vec::with_capacity(self.columns.len() + 1);
        for direction in &self.columns {
            let share = dot(direction, column);
            column.iter_mut().zip(direction).for_each(|(value, unit)| *value -= share * unit);
            shares.push(share);
        }
        shares
    }

    /// The coefficients of the columns, in the order in which they were added, for values with these shares along the
    /// directions: back substitution.
    pub fn coefficients(&self, shares: &[f64]) -> Vec<f64> {
        let mut found = shares.to_vec();
        for at in (0..found.len().min(self.shares.len())).rev() {
            let (earlier, norm) = self.shares[at].split_at(at);
            found[at] /= norm[0];
            let coefficient = found[at];
            found.iter_mut().zip(earlier).for_each(|(value, share)| *value -= coefficient * share);
        }
        found
    }

    /// How far the fitted value at this row of columns scatters, in deviations of the noise: the norm of the row in the
    /// directions.
    pub fn leverage(&self, row: &[f64]) -> f64 {
        let along = self.along(row);
        dot(&along, &along).sqrt()
    }

    /// A row of columns in the directions, by forward substitution: its inner product with the shares of the values is the
    /// row's with the coefficients.
    pub fn along(&self, row: &[f64]) -> Vec<f64> {
        let mut along: Vec<f64> = Vec::with_capacity(self.columns.len());
        for (at, shares) in self.shares.iter().enumerate() {
            let held = dot(&shares[..at], &along);
            along.push((row.get(at).copied().unwrap_or(0.0) - held) / shares[at]);
        }
        along
    }

    /// The directions, in the order in which they were added.
    pub fn directions(&self) -> &[Vec<f64>] {
        &self.columns
    }

    /// How many columns it holds.
    pub fn rank(&self) -> usize {
        self.columns.len()
    }
}

/// The inner product of two columns.
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn norm(column: &[f64]) -> f64 {
    dot(column, column).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_residuals_agree_with_numpy() {
        // python3 -c "import numpy; x = numpy.arange(6.); A = numpy.c_[x**0, x, x**2]
        // print(numpy.linalg.lstsq(A, numpy.array([1, 3, 2, 5, 4, 9.]), rcond=None)[1])"
        let x: Vec<f64> = (0..6).map(f64::from).collect();
        let mut basis = Basis::default();
        basis.push(vec![1.0; 6]);
        basis.push(x.clone());
        basis.push(x.iter().map(|x| x * x).collect());
        let mut left = vec![1.0, 3.0, 2.0, 5.0, 4.0, 9.0];
        basis.take_out(&mut left);
        assert!((dot(&left, &left) - NUMPY_RESIDUAL).abs() < 1e-9);
    }

    const NUMPY_COEFFICIENTS: [f64; 3] = [1.607_142_857_142_86, -0.025, 0.267_857_142_857_142_46];
    const NUMPY_LEVERAGE: f64 = 0.906_326_967_174_966_6;
    const NUMPY_RESIDUAL: f64 = 7.092_857_142_857_143;

    #[test]
    fn a_column_that_is_there_already_is_not_added() {
        let mut basis = Basis::default();
        assert!(basis.push(vec![1.0, 2.0, 3.0]).is_some());
        assert!(basis.push(vec![2.0, 4.0, 6.0]).is_none());
        assert!(basis.push(vec![0.0; 3]).is_none());
        assert_eq!(basis.rank(), 1);
    }

    #[test]
    fn coefficients_and_leverage_agree_with_numpy() {
        // python3 -c "import numpy; x = numpy.arange(6.); A = numpy.c_[x**0, x, x**2]; y = [1, 3, 2, 5, 4, 9.]
        // print(numpy.linalg.lstsq(A, y, rcond=None)[0]); r = numpy.array([1, 5, 25.])
        // print(numpy.sqrt(r @ numpy.linalg.inv(A.T @ A) @ r))"
        let x: Vec<f64> = (0..6).map(f64::from).collect();
        let mut basis = Basis::default();
        basis.push(vec![1.0; 6]);
        basis.push(x.clone());
        basis.push(x.iter().map(|x| x * x).collect());
        let found = basis.coefficients(&basis.take_out(&mut [1.0, 3.0, 2.0, 5.0, 4.0, 9.0]));
        for (found, expected) in found.iter().zip(NUMPY_COEFFICIENTS) {
            assert!((found - expected).abs() < 1e-9);
        }
        assert!((basis.leverage(&[1.0, 5.0, 25.0]) - NUMPY_LEVERAGE).abs() < 1e-9);
    }

    proptest! {
        #[test]
        fn residuals_are_orthogonal_to_the_columns(values in prop::collection::vec(-1e3..1e3f64, 12)) {
            let column: Vec<f64> = (0..12).map(|at| f64::from(at).sqrt()).collect();
            let mut basis = Basis::default();
            basis.push(vec![1.0; 12]);
            basis.push(column.clone());
            let mut left = values.clone();
            basis.take_out(&mut left);
            prop_assert!(dot(&left, &column).abs() < 1e-8 && left.iter().sum::<f64>().abs() < 1e-8);
        }
    }
}
