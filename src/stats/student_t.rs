//! Student's t distribution: how wide an interval must be when the noise itself was estimated from few points.

/// The probability that |t| stays under this bound, with this many degrees of freedom.
pub fn central_probability(bound: f64, freedom: f64) -> f64 {
    if bound <= 0.0 {
        return 0.0;
    }
    // Abramowitz and Stegun 26.5.27 with 26.7.1: A(t|v) = 1 - I_x(v/2, 1/2), x = v / (v + t^2).
    1.0 - incomplete_beta(freedom / (freedom + bound * bound), freedom / 2.0, 0.5)
}

/// The bound that |t| stays under with this probability (0.95 for a 95 % interval).
pub fn critical(probability: f64, freedom: f64) -> f64 {
    let freedom = freedom.max(1.0);
    let probability = probability.clamp(0.0, 1.0 - 1e-9);
    let (mut low, mut high) = (0.0, 1.0);
    while central_probability(high, freedom) < probability && high < 1e12 {
        high *= 2.0;
    }
    // Bisection: the function is monotone, and 60 halvings reach the last bit that matters.
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if central_probability(middle, freedom) < probability {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

/// The regularised incomplete beta function by Lentz's continued fraction (Abramowitz and Stegun 26.5.8).
fn incomplete_beta(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    // The fraction converges fast only on this side; the other follows by symmetry (26.5.2).
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - incomplete_beta(1.0 - x, b, a);
    }
    let front = (a * x.ln() + b * (1.0 - x).ln() + ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b)).exp() / a;
    front * beta_fraction(x, a, b)
}

#[expect(clippy::many_single_char_names, reason = "the names of the cited formula")]
fn beta_fraction(x: f64, a: f64, b: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let keep = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / keep(1.0 - (a + b) * x / (a + 1.0));
    let mut fraction = d;
    for step in 1..500 {
        let m = f64::from(step);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        for term in [even, odd] {
            d = 1.0 / keep(1.0 + term * d);
            c = keep(1.0 + term / c);
            fraction *= d * c;
        }
        if (d * c - 1.0).abs() < 1e-15 {
            break;
        }
    }
    fraction
}

/// The logarithm of the gamma function for positive arguments: Stirling's series (Abramowitz and Stegun 6.1.41) above
/// 10, reached by the recurrence.
fn ln_gamma(x: f64) -> f64 {
    let (mut x, mut shift) = (x, 0.0);
    while x < 10.0 {
        shift += x.ln();
        x += 1.0;
    }
    let inverse = 1.0 / (x * x);
    let series = (1.0 / 12.0 - inverse * (1.0 / 360.0 - inverse * (1.0 / 1260.0 - inverse / 1680.0))) / x;
    (x - 0.5) * x.ln() - x + 0.5 * (2.0 * std::f64::consts::PI).ln() + series - shift
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn critical_values_agree_with_scipy() {
        // python3 -c "from scipy.stats import t; print([t.ppf(0.975, v) for v in (1, 2, 5, 10, 43, 1000)])"
        let table = [
            (1.0, 12.706_204_736_432_095),
            (2.0, 4.302_652_729_911_275),
            (5.0, 2.570_581_836_614_74),
            (10.0, 2.228_138_851_986_273_5),
            (43.0, 2.016_692_199_227_821),
            (1000.0, 1.962_339_080_825_408_4),
        ];
        for (freedom, expected) in table {
            assert!((critical(0.95, freedom) - expected).abs() < 1e-6 * expected, "{freedom}");
        }
    }

    proptest! {
        #[test]
        fn the_critical_value_is_where_the_probability_is_reached(p in 0.1..0.999f64, freedom in 1.0..200.0f64) {
            prop_assert!((central_probability(critical(p, freedom), freedom) - p).abs() < 1e-7);
        }
    }
}
