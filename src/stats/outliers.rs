//! Single points that do not belong: the Hampel filter (Hampel 1974; Davies and Gather 1993).

use super::quantile;

/// Replaces each inner value that lies further than `bound` deviations from the median of the window that reaches
/// `reach` values to either side by that median, the window being levelled by the medians of its halves first. The
/// values at either end stay: there the window would be one-sided, and a growth that begins at the end would be
/// filtered out. A line and a step pass unchanged.
pub fn hampel(values: &[f64], reach: usize, bound: f64) -> Vec<f64> {
    let mut cleaned = values.to_vec();
    for at in reach..values.len().saturating_sub(reach) {
        let window = &values[at - reach..=at + reach];
        let halves = (quantile::median(&window[..reach]), quantile::median(&window[reach + 1..]));
        let (Some(left), Some(right)) = halves else { continue };
        let slope = (right - left) / (reach as f64 + 1.0);
        let level = |(place, value): (usize, &f64)| value - slope * (place as f64 - reach as f64);
        let levelled: Vec<f64> = window.iter().enumerate().map(level).collect();
        let Some(centre) = quantile::median(&levelled) else { continue };
        let deviation = quantile::mad_sigma(&levelled);
        if deviation > 0.0 && (values[at] - centre).abs() > bound * deviation {
            cleaned[at] = centre;
        }
    }
    cleaned
}

/// The standard deviation of the noise from second differences, which no straight line touches: the median absolute
/// one, over sqrt(6) (Gasser, Sroka and Jennen-Steinmetz 1986, made robust).
pub fn difference_noise(values: &[f64]) -> f64 {
    let second: Vec<f64> = values.windows(3).map(|three| three[0] - 2.0 * three[1] + three[2]).collect();
    let absolute: Vec<f64> = second.iter().map(|difference| difference.abs()).collect();
    1.4826 * quantile::median(&absolute).unwrap_or(0.0) / 6.0_f64.sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lone_spike_goes_and_a_step_stays() {
        let mut values = vec![1.0, 1.1, 0.9, 1.0, 1.1, 0.9, 1.0, 1.1, 0.9, 1.0];
        values[5] = 50.0;
        assert!(hampel(&values, 3, 5.0)[5] < 2.0);
        let step: Vec<f64> = (0..12).map(|at| if at < 6 { 1.0 + 0.01 * f64::from(at % 2) } else { 9.0 }).collect();
        assert_eq!(hampel(&step, 3, 5.0), step);
    }

    #[test]
    fn a_straight_line_has_no_noise() {
        let line: Vec<f64> = (0..20).map(|at| 3.0 * f64::from(at)).collect();
        assert!(difference_noise(&line) < 1e-9);
    }
}
