//! Quantities, rates and lengths of time in words, the same in every report and on every chart.
//!
//! A rate is never worded without its interval: [`rate`] takes the whole [`Estimate`].

use super::assessment::Estimate;
use super::bytes::{human, three_digits};
use super::metric::Unit;

/// What a rate is counted over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Per {
    /// An hour.
    Hour,
    /// A turn of the traffic.
    Turn,
}

impl Per {
    const fn suffix(self) -> &'static str {
        match self {
            Self::Hour => "/h",
            Self::Turn => " per turn",
        }
    }
}

/// A value of a metric in words: `12.4 MiB`, `42`, `1.20 s`.
pub fn quantity(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Bytes => human(value),
        Unit::Count if value.fract() == 0.0 && value.abs() < 1e15 => grouped(value),
        Unit::Milliseconds => format!("{} s", signed_digits(value / 1000.0)),
        Unit::Count | Unit::Number => signed_digits(value),
    }
}

/// A rate with its interval in words: `12.4 MiB/h (11.9 to 12.8)`. The interval is worded in the unit of its widest
/// end, so that its three numbers can be compared by eye.
pub fn rate(rate: Estimate, unit: Unit, per: Per) -> String {
    let Estimate { estimate, low, high, .. } = rate;
    let suffix = per.suffix();
    if unit != Unit::Bytes {
        let digits = places(low, high);
        return format!("{}{suffix} ({} to {})", fixed(estimate, digits), fixed(low, digits), fixed(high, digits));
    }
    const UNITS: [(&str, f64); 5] =
        [("B", 1.0), ("KiB", 1024.0), ("MiB", 1_048_576.0), ("GiB", 1_073_741_824.0), ("TiB", 1_099_511_627_776.0)];
    let widest = estimate.abs().max(low.abs()).max(high.abs());
    let (name, size) = UNITS.into_iter().rev().find(|(_, size)| widest >= *size).unwrap_or(UNITS[0]);
    let (estimate, low, high) = (estimate / size, low / size, high / size);
    let digits = places(low, high);
    format!("{} {name}{suffix} ({} to {})", fixed(estimate, digits), fixed(low, digits), fixed(high, digits))
}

/// A length of time in words, two units at most: `850 ms`, `12.0 s`, `2 min 5 s`, `6 h 12 min`, `3 d 4 h`.
pub fn span(seconds: f64) -> String {
    if !seconds.is_finite() {
        return "for ever".to_owned();
    }
    if seconds < 1.0 {
        return format!("{:.0} ms", (seconds * 1000.0).max(0.0));
    }
    if seconds < 59.95 {
        return if seconds.fract() < 0.05 { format!("{seconds:.0} s") } else { format!("{seconds:.1} s") };
    }
    const STEPS: [(f64, &str, f64, &str); 3] =
        [(86400.0, "d", 3600.0, "h"), (3600.0, "h", 60.0, "min"), (60.0, "min", 1.0, "s")];
    for (large, large_name, small, small_name) in STEPS {
        // Rounded, so that 59 min 59.7 s reads "1 h" and not "60 min".
        if seconds.round() >= large {
            let smalls = (seconds / small).round();
            let larges = (smalls * small / large).floor();
            let rest = smalls - larges * large / small;
            return if rest == 0.0 {
                format!("{larges:.0} {large_name}")
            } else {
                format!("{larges:.0} {large_name} {rest:.0} {small_name}")
            };
        }
    }
    String::new()
}

/// A whole number with commas between its thousands.
pub fn grouped(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut shown = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if value < 0.0 {
        shown.push('-');
    }
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

/// Decimal places that show an interval's ends apart: three significant digits of the larger end, or enough for two of
/// the width, whichever is more; at most eight.
fn places(low: f64, high: f64) -> usize {
    let significant = |value: f64, digits: f64| {
        if value > 0.0 && value.is_finite() { (digits - 1.0 - value.log10().floor()).clamp(0.0, 8.0) } else { 0.0 }
    };
    significant(low.abs().max(high.abs()), 3.0).max(significant((high - low).abs(), 1.0)) as usize
}

fn fixed(value: f64, digits: usize) -> String {
    let shown = format!("{value:.digits$}");
    // "-0.00" is a zero that was rounded from below.
    if shown.starts_with('-') && shown.chars().all(|c| matches!(c, '-' | '0' | '.')) {
        return shown[1..].to_owned();
    }
    shown
}

fn signed_digits(value: f64) -> String {
    if value < 0.0 { format!("-{}", three_digits(-value)) } else { three_digits(value) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn estimate(estimate: f64, low: f64, high: f64) -> Estimate {
        Estimate { estimate, low, high, confidence: 0.95 }
    }

    #[test]
    fn a_rate_carries_its_interval_in_one_unit() {
        const MIB: f64 = 1_048_576.0;
        assert_eq!(
            rate(estimate(12.4 * MIB, 11.9 * MIB, 12.8 * MIB), Unit::Bytes, Per::Hour),
            "12.4 MiB/h (11.9 to 12.8)"
        );
        assert_eq!(rate(estimate(4198.0, 4100.0, 4300.0), Unit::Bytes, Per::Turn), "4.10 KiB per turn (4.00 to 4.20)");
        assert_eq!(rate(estimate(0.0, -900.0, 1000.0), Unit::Bytes, Per::Hour), "0 B/h (-900 to 1000)");
        assert_eq!(rate(estimate(120.0, 119.8, 120.2), Unit::Count, Per::Hour), "120.0/h (119.8 to 120.2)");
    }

    #[test]
    fn a_zero_has_no_sign() {
        assert_eq!(rate(estimate(-0.00001, -0.02, 0.02), Unit::Count, Per::Hour), "0.0000/h (-0.0200 to 0.0200)");
    }

    #[test]
    fn spans_read_in_two_units() {
        let shown: Vec<String> =
            [0.85, 12.0, 12.34, 60.0, 125.0, 3599.7, 22_320.0, 273_600.0].map(span).into_iter().collect();
        assert_eq!(shown, ["850 ms", "12 s", "12.3 s", "1 min", "2 min 5 s", "1 h", "6 h 12 min", "3 d 4 h"]);
        assert_eq!(span(f64::INFINITY), "for ever");
    }

    #[test]
    fn quantities_read_in_their_own_unit() {
        assert_eq!(quantity(12_345.0, Unit::Count), "12,345");
        assert_eq!(quantity(-3.0, Unit::Count), "-3");
        assert_eq!(quantity(1200.0, Unit::Milliseconds), "1.20 s");
        assert_eq!(quantity(13_000_000.0, Unit::Bytes), "12.4 MiB");
        assert_eq!(quantity(0.25, Unit::Number), "0.25");
    }
}
