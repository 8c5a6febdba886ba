//! Order statistics: quantiles, the median, and the spread measures that outliers do not move.

/// The quantile of this share (0 to 1) of the finite values, by linear interpolation between order statistics (Hyndman
/// and Fan 1996, type 7); `None` without a finite value.
pub fn quantile(values: &[f64], share: f64) -> Option<f64> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    quantile_of_sorted(&sorted, share)
}

/// The quantile of values that are finite and in ascending order already.
pub fn quantile_of_sorted(sorted: &[f64], share: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let position = share.clamp(0.0, 1.0) * last as f64;
    let below = position.floor();
    let low = sorted[below as usize];
    let high = sorted[(below as usize + 1).min(last)];
    Some(low + (high - low) * (position - below))
}

/// The median of the finite values.
pub fn median(values: &[f64]) -> Option<f64> {
    quantile(values, 0.5)
}

/// The distance between two quantiles of the finite values; 0 without a value.
pub fn spread(values: &[f64], low: f64, high: f64) -> f64 {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    match (quantile_of_sorted(&sorted, low), quantile_of_sorted(&sorted, high)) {
        (Some(low), Some(high)) => high - low,
        _ => 0.0,
    }
}

/// The median absolute deviation from the median, times 1.4826 so that it estimates the standard deviation of normal
/// noise (Hampel 1974); 0 without a value.
pub fn mad_sigma(values: &[f64]) -> f64 {
    let Some(centre) = median(values) else { return 0.0 };
    let distances: Vec<f64> = values.iter().map(|value| (value - centre).abs()).collect();
    1.4826 * median(&distances).unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn quantiles_interpolate_between_order_statistics() {
        // python3 -c "import numpy; print(numpy.quantile([3, 1, 4, 1, 5, 9, 2, 6], [0.1, 0.5, 0.9]))"
        let values = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0];
        assert!((quantile(&values, 0.1).unwrap() - 1.0).abs() < 1e-12);
        assert!((quantile(&values, 0.5).unwrap() - 3.5).abs() < 1e-12);
        assert!((quantile(&values, 0.9).unwrap() - 6.9).abs() < 1e-12);
    }

    #[test]
    fn what_is_not_finite_is_no_value() {
        assert_eq!(median(&[f64::NAN, 2.0, f64::INFINITY]), Some(2.0));
        assert_eq!(median(&[f64::NAN]), None);
    }

    proptest! {
        #[test]
        fn a_quantile_lies_within_the_values(values in prop::collection::vec(-1e9..1e9f64, 1..50), share in 0.0..1.0f64) {
            let low = values.iter().copied().fold(f64::INFINITY, f64::min);
            let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let found = quantile(&values, share).unwrap();
            prop_assert!(found >= low && found <= high);
        }

        #[test]
        fn the_deviation_scales_and_does_not_shift(values in prop::collection::vec(-1e6..1e6f64, 1..50), shift in -1e6..1e6f64) {
            let moved: Vec<f64> = values.iter().map(|value| value * 3.0 + shift).collect();
            prop_assert!((mad_sigma(&moved) - 3.0 * mad_sigma(&values)).abs() < 1e-6);
        }
    }
}
