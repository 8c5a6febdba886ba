//! First-order autoregressive noise, AR(1): each value keeps the share rho of the one before. Whitening turns such
//! noise into independent noise, after which ordinary least squares is the generalised one (Aitken 1935; Prais and
//! Winsten 1954 keep the first value).

/// The transformation that makes AR(1) noise of one rho independent, for points that need not be evenly spaced.
#[derive(Clone, Debug)]
pub struct Whitening {
    carry: Vec<f64>,
    gain: Vec<f64>,
    log_determinant: f64,
}

impl Whitening {
    /// For points at these distances from their predecessors (1 is one step, infinite is a new start). Noise that keeps
    /// rho over one step keeps `rho^d` over the distance d (the Ornstein-Uhlenbeck process seen at uneven times).
    pub fn new(spacing: &[f64], rho: f64) -> Self {
        let mut whitening = Self { carry: Vec::new(), gain: Vec::new(), log_determinant: 0.0 };
        for distance in spacing {
            let kept = if distance.is_finite() && rho > 0.0 { rho.powf(*distance) } else { 0.0 };
            let left = 1.0 - kept * kept;
            whitening.carry.push(kept);
            whitening.gain.push(1.0 / left.sqrt());
            whitening.log_determinant += left.ln();
        }
        whitening
    }

    /// The same, with the first points of every start left out (where `dropped` is true): their rows become zeros.
    #[must_use]
    pub fn without(mut self, dropped: &[bool]) -> Self {
        for (at, &drop) in dropped.iter().enumerate() {
            if drop {
                self.gain[at] = 0.0;
                if let Some(next) = self.carry.get_mut(at + 1) {
                    *next = 0.0;
                    self.gain[at + 1] = 1.0;
                }
            }
        }
        self
    }

    /// The column with its noise made independent.
    pub fn apply(&self, column: &[f64]) -> Vec<f64> {
        let mut before = 0.0;
        let mut white = Vec::with_capacity(column.len());
        for ((&value, carry), gain) in column.iter().zip(&self.carry).zip(&self.gain) {
            white.push((value - carry * before) * gain);
            before = value;
        }
        white
    }

    /// The logarithm of the determinant of the noise's correlation matrix: what the likelihood pays for a rho.
    pub fn log_determinant(&self) -> f64 {
        self.log_determinant
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_determinant_is_that_of_the_correlation_matrix() {
        // python3 -c "import numpy; i = numpy.arange(5); print(numpy.linalg.slogdet(0.7 ** abs(i[:, None] - i))[1])"
        let whitening = Whitening::new(&[f64::INFINITY, 1.0, 1.0, 1.0, 1.0], 0.7);
        assert!((whitening.log_determinant() - -2.693_378_213_055_062_5).abs() < 1e-9);
    }

    #[test]
    fn a_new_start_carries_nothing_over() {
        let whitening = Whitening::new(&[f64::INFINITY, 1.0, f64::INFINITY], 0.6);
        let white = whitening.apply(&[1.0, 1.0, 1.0]);
        assert!((white[0] - 1.0).abs() < 1e-12 && (white[1] - 0.5).abs() < 1e-12 && (white[2] - 1.0).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn without_correlation_nothing_changes(values in prop::collection::vec(-1e6..1e6f64, 1..40)) {
            let whitening = Whitening::new(&vec![1.0; values.len()], 0.0);
            prop_assert_eq!(whitening.apply(&values), values);
        }
    }
}
