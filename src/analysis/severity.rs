//! How much a proven growth matters, apart from whether it is proven: its grade, and the time until a ceiling is
//! reached.

use crate::domain::assessment::Grade;
use crate::domain::{Estimate, Unit};

/// Under this growth of memory, in bytes an hour, a server is usual (5 MB/min, the founding documents' table).
const USUAL: f64 = 5e6 * 60.0;
/// Beyond this growth of memory, in bytes an hour, it is a leak that matters now (10 MB/min, the same table).
const SERIOUS: f64 = 10e6 * 60.0;

/// The grade of a growth an hour.
pub(super) fn grade(unit: Unit, per_hour: Estimate) -> Grade {
    match unit {
        Unit::Count => Grade::Sign,
        _ if per_hour.high < USUAL => Grade::Minor,
        _ if per_hour.low > SERIOUS => Grade::Severe,
        _ => Grade::Moderate,
    }
}

/// Seconds until the ceiling at the estimated growth a second, and at both ends of its interval.
pub(super) fn time_to_limit(limit: f64, level: f64, per_second: Estimate) -> Option<Estimate> {
    let room = (limit - level).max(0.0);
    let at = |rate: f64| if rate > 0.0 { room / rate } else { f64::INFINITY };
    let estimate = at(per_second.estimate);
    estimate.is_finite().then(|| Estimate {
        estimate,
        low: at(per_second.high),
        high: at(per_second.low),
        confidence: per_second.confidence,
    })
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "the numbers are exact")]
mod tests {
    use super::*;

    fn rate(low: f64, high: f64) -> Estimate {
        Estimate { estimate: f64::midpoint(low, high), low, high, confidence: 0.95 }
    }

    #[test]
    fn an_interval_on_both_sides_of_a_bound_is_moderate() {
        let minute = 60e6;
        assert_eq!(grade(Unit::Bytes, rate(1.0 * minute, 4.9 * minute)), Grade::Minor);
        assert_eq!(grade(Unit::Bytes, rate(4.0 * minute, 6.0 * minute)), Grade::Moderate);
        assert_eq!(grade(Unit::Bytes, rate(9.0 * minute, 12.0 * minute)), Grade::Moderate);
        assert_eq!(grade(Unit::Bytes, rate(10.1 * minute, 12.0 * minute)), Grade::Severe);
        assert_eq!(grade(Unit::Count, rate(0.1, 0.2)), Grade::Sign);
    }

    #[test]
    fn the_ceiling_is_reached_sooner_at_the_upper_rate() {
        let time = time_to_limit(100.0, 40.0, rate(1.0, 3.0)).unwrap();
        assert_eq!((time.low, time.estimate, time.high), (20.0, 30.0, 60.0));
        assert_eq!(time_to_limit(100.0, 40.0, rate(-1.0, 3.0)).unwrap().high, f64::INFINITY);
    }
}
