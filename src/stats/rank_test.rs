//! Whether the values of one group tend to be greater than those of another, whatever their distribution.

use super::student_t::central_probability;

/// Degrees of freedom at which Student's t is the normal distribution for every purpose here.
const NORMAL: f64 = 1e5;

/// The two-sided p-value of Mann and Whitney's rank test (1947) by the normal approximation with the correction for ties
/// and for continuity, which holds from about eight values in each group; 1 where a group is empty or all are alike.
pub fn mann_whitney(first: &[f64], second: &[f64]) -> f64 {
    let (n1, n2) = (first.len() as f64, second.len() as f64);
    let mut all: Vec<(f64, bool)> = first.iter().map(|value| (*value, true)).collect();
    all.extend(second.iter().map(|value| (*value, false)));
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut rank_sum, mut ties, mut start) = (0.0, 0.0, 0);
    for group in all.chunk_by(|a, b| a.0.total_cmp(&b.0).is_eq()) {
        let size = group.len() as f64;
        let rank = start as f64 + f64::midpoint(1.0, size);
        rank_sum += rank * group.iter().filter(|(_, is_first)| *is_first).count() as f64;
        ties += size * (size * size - 1.0);
        start += group.len();
    }
    let n = n1 + n2;
    let u = rank_sum - n1 * (n1 + 1.0) / 2.0;
    let variance = n1 * n2 / 12.0 * (n + 1.0 - ties / (n * (n - 1.0)));
    // Where a group is empty or all values are alike, this is zero or not a number.
    if variance > 0.0 {
        let distance = ((u - n1 * n2 / 2.0).abs() - 0.5).max(0.0);
        1.0 - central_probability(distance / variance.sqrt(), NORMAL)
    } else {
        1.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_that_do_not_overlap_differ_and_alike_ones_do_not() {
        let low: Vec<f64> = (0..10).map(f64::from).collect();
        let high: Vec<f64> = low.iter().map(|value| value + 10.0).collect();
        // U = 0, mean 50, standard deviation sqrt(175) = 13.229: z = 3.742, p = 0.00018.
        assert!((mann_whitney(&low, &high) - 0.000_183).abs() < 2e-6);
        assert!(mann_whitney(&low, &low) > 0.9);
    }

    #[test]
    fn nothing_and_ties_prove_nothing() {
        assert!(mann_whitney(&[], &[1.0]) >= 1.0);
        assert!(mann_whitney(&[2.0; 20], &[2.0; 20]) >= 1.0);
        assert!(mann_whitney(&[], &[]) >= 1.0);
    }
}
