//! Least squares on several columns by an orthonormal basis: modified Gram-Schmidt (Björck 1967), which needs no matrix
//! and lets columns be added one at a time.

/// An orthonormal basis of the columns given so far.
#[derive(Clone, Debug, Default)]
pub struct Basis {
    columns: Vec<Vec<f64>>,
}

/// A column whose norm falls below this share when the basis is taken out of it lies within the basis already.
const DEPENDENT: f64 = 1e-7;

impl Basis {
    /// Adds a column and returns the norm of what the basis did not yet hold of it; `None`, and nothing is added, where
    /// that is nothing.
    pub fn push(&mut self, mut column: Vec<f64>) -> Option<f64> {
        let before = norm(&column);
        self.take_out(&mut column);
        let after = norm(&column);
        if after.is_nan() || after <= DEPENDENT * before {
            return None;
        }
        column.iter_mut().for_each(|value| *value /= after);
        self.columns.push(column);
        Some(after)
    }

    /// What is left of a column when the basis is taken out of it: the residuals of least squares.
    pub fn take_out(&self, column: &mut [f64]) {
        for direction in &self.columns {
            let share = dot(direction, column);
            column.iter_mut().zip(direction).for_each(|(value, unit)| *value -= share * unit);
        }
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

    const NUMPY_RESIDUAL: f64 = 7.092_857_142_857_143;

    #[test]
    fn a_column_that_is_there_already_is_not_added() {
        let mut basis = Basis::default();
        assert!(basis.push(vec![1.0, 2.0, 3.0]).is_some());
        assert!(basis.push(vec![2.0, 4.0, 6.0]).is_none());
        assert!(basis.push(vec![0.0; 3]).is_none());
        assert_eq!(basis.rank(), 1);
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
