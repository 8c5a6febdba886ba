//! Pauses of users, drawn as the profile says.

use std::f64::consts::TAU;
use std::time::Duration;

use fastrand::Rng;

use crate::profile::Think;

/// The longest pause: a distribution without end may draw anything, and a day of silence is no traffic.
const LONGEST_S: f64 = 86_400.0;

/// A pause.
pub(super) fn draw(think: Think, random: &mut Rng) -> Duration {
    // 1 - u lies in (0, 1], so logarithms of it are finite.
    let seconds = match think {
        Think::None => return Duration::ZERO,
        Think::Fixed(length) => return length,
        Think::Uniform(from, to) => {
            let (from, to) = (from.as_secs_f64(), to.as_secs_f64());
            from + (to - from) * random.f64()
        }
        Think::Normal(mean, deviation) => {
            // Box and Muller, 1958.
            let (radius, angle) = ((-2.0 * (1.0 - random.f64()).ln()).sqrt(), TAU * random.f64());
            mean.as_secs_f64() + deviation.as_secs_f64() * radius * angle.cos()
        }
        Think::Exponential(mean) => -mean.as_secs_f64() * (1.0 - random.f64()).ln(),
    };
    Duration::from_secs_f64(seconds.clamp(0.0, LONGEST_S))
}

/// How long a user waits before its first turn, so that users do not march in step: any part of a first pause, or of a
/// second where there is none.
pub(super) fn offset(think: Think, random: &mut Rng) -> Duration {
    let span = match draw(think, random) {
        Duration::ZERO => Duration::from_secs(1),
        pause => pause,
    };
    span.mul_f64(random.f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(think: Think) -> Vec<f64> {
        let mut random = Rng::with_seed(11);
        (0..20_000).map(|_| draw(think, &mut random).as_secs_f64()).collect()
    }

    fn moments(values: &[f64]) -> (f64, f64) {
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let square = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len() as f64;
        (mean, square.sqrt())
    }

    #[test]
    fn each_distribution_has_its_mean_and_deviation() {
        let second = Duration::from_secs_f64;
        let cases = [
            (Think::None, 0.0, 0.0),
            (Think::Fixed(second(1.5)), 1.5, 0.0),
            (Think::Uniform(second(1.0), second(3.0)), 2.0, 2.0 / 12_f64.sqrt()),
            (Think::Normal(second(5.0), second(0.5)), 5.0, 0.5),
            (Think::Exponential(second(2.0)), 2.0, 2.0),
        ];
        for (think, mean, deviation) in cases {
            let (seen_mean, seen_deviation) = moments(&seconds(think));
            // Four standard errors of the mean; the deviation of the exponential wanders most, by 1.4 %.
            assert!((seen_mean - mean).abs() <= 4.0 * deviation / 20_000_f64.sqrt() + 1e-9, "{think:?}: {seen_mean}");
            assert!((seen_deviation - deviation).abs() <= 0.06 * deviation + 1e-9, "{think:?}: {seen_deviation}");
        }
    }

    #[test]
    fn no_pause_is_negative() {
        let wide = Think::Normal(Duration::from_secs(1), Duration::from_secs(5));
        assert!(seconds(wide).iter().all(|seconds| *seconds >= 0.0));
    }

    #[test]
    fn users_start_out_of_step() {
        for (think, span) in [(Think::None, 1.0), (Think::Fixed(Duration::from_secs(4)), 4.0)] {
            let offset = |seed| offset(think, &mut Rng::with_seed(seed)).as_secs_f64();
            // A hundred users fall into all ten tenths of the span.
            let tenths: std::collections::BTreeSet<u32> =
                (0..100).map(|user| (offset(super::super::seed_of(9, user)) / span * 10.0) as u32).collect();
            assert_eq!(tenths, (0..10).collect());
        }
    }
}
