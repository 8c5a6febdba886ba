//! Quantities, rates and lengths of time in words, the same in every report and on every chart.
//!
//! A rate is never worded without its interval: [`rate`] takes the whole [`Estimate`].

use super::assessment::Estimate;
use super::bytes::three_digits;
use super::metric::Unit;

/// What a rate is counted over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Per {
    /// An hour.
    Hour,
    /// A turn of the traffic.
    Turn,
}

/// A value of a metric in words: `12.4 MiB`, `42`, `1.20 s`.
pub fn quantity(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Count | Unit::Number if value.fract() == 0.0 && value.abs() < 1e15 => grouped(value),
        _ => amount(value, unit),
    }
}

/// An amount that need not be whole in words: `4.10 KiB`, `0.30`, `12 ms`.
pub fn amount(value: f64, unit: Unit) -> String {
    let (scale, suffix) = scale_of(unit, value);
    let shown = value / scale;
    let number = bounded(shown, decimals_of(unit, shown));
    // `12/day`, but `12.0 MiB`, whose digits tell how exact it is.
    let number = if unit == Unit::Count { number.strip_suffix(".0").unwrap_or(&number) } else { &number };
    format!("{number}{suffix}")
}

/// A rate with its interval in words: `12.4 MiB/h (11.9 to 12.8)`, per day where an hour brings next to nothing.
pub fn rate(rate: Estimate, unit: Unit, per: Per) -> String {
    // Of what a turn leaves behind, three digits count; of what an hour does, whole things.
    let digits = if per == Per::Turn { Unit::Number } else { unit };
    let (shown, suffix, per) = shown(rate, unit, per);
    let mut decimals = decimals_of(digits, shown.estimate.abs().max(shown.high.abs().min(shown.low.abs())));
    // An interval narrower than the digits shown gets more of them.
    let is_narrow = |decimals: usize| (shown.high - shown.low) < 2.0 * 10_f64.powi(-(decimals as i32));
    while decimals < 4 && shown.high > shown.low && is_narrow(decimals) {
        decimals += 1;
    }
    let [estimate, low, high] = [shown.estimate, shown.low, shown.high].map(|value| bounded(value, decimals));
    format!("{estimate}{suffix}{per} ({low} to {high})")
}

/// What one request leaves behind, with its interval, in words: `4.10 KiB per request (4.00 to 4.20)`.
pub fn rate_per_request(per_request: Estimate, unit: Unit) -> String {
    // The words of a rate per turn hold no other turn than that one.
    rate(per_request, unit, Per::Turn).replacen("turn", "request", 1)
}

/// The interval of a growth per hour alone: `-1.2 to 3.4 MiB/h`.
pub fn interval(rate: Estimate, unit: Unit) -> String {
    let (shown, suffix, per) = shown(rate, unit, Per::Hour);
    let decimals = decimals_of(unit, shown.low.abs().max(shown.high.abs())).min(1);
    format!("{} to {}{suffix}{per}", bounded(shown.low, decimals), bounded(shown.high, decimals))
}

/// A growth per hour without an interval, for a bound such as the least that would have been seen: `1.2 MiB/h`.
pub fn bound(per_hour: f64, unit: Unit) -> String {
    let (factor, per) = time_base(unit, per_hour);
    format!("{}{per}", amount(per_hour * factor, unit))
}

/// A growth per turn without an interval, for a title: `4.10 KiB per turn`.
pub fn each_turn(per_turn: f64, unit: Unit) -> String {
    let (factor, per) = turn_base(per_turn);
    format!("{}{per}", amount(per_turn * factor, unit))
}

/// A rate in the unit and over the time in which it reads well, with their words. Where the interval excludes zero the
/// estimate chooses, else the interval's wider end, so that a rate of zero does not word its interval in single bytes.
fn shown(rate: Estimate, unit: Unit, per: Per) -> (Estimate, &'static str, &'static str) {
    let is_certain = rate.low > 0.0 || rate.high < 0.0;
    let widest = [rate.low, rate.high].into_iter().filter(|end| end.is_finite()).fold(0.0, |a: f64, b| a.max(b.abs()));
    let leading = if is_certain { rate.estimate.abs() } else { widest.max(rate.estimate.abs()) };
    let (factor, per) = match per {
        Per::Hour => time_base(unit, leading),
        Per::Turn => turn_base(leading),
    };
    let (scale, suffix) = scale_of(unit, leading * factor);
    (rate.scaled(factor / scale), suffix, per)
}

/// Per hour, or per day where an hour brings less than 1 KiB or one of what is counted.
fn time_base(unit: Unit, per_hour: f64) -> (f64, &'static str) {
    let little = match unit {
        Unit::Bytes => 1024.0,
        Unit::Count => 1.0,
        Unit::Milliseconds | Unit::Number => 0.0,
    };
    if per_hour.abs() < little { (24.0, "/day") } else { (1.0, "/h") }
}

/// Over so many turns that one byte or thing comes of them, up to a million: a page in ten thousand requests is a leak, and
/// `0.0000 per turn` would hide it.
fn turn_base(per_turn: f64) -> (f64, &'static str) {
    match per_turn.abs() {
        none if none <= 0.0 => (1.0, " per turn"),
        little if little < 1e-3 => (1e6, " per 1 M turns"),
        little if little < 1.0 => (1e3, " per 1,000 turns"),
        _ => (1.0, " per turn"),
    }
}

fn scale_of(unit: Unit, value: f64) -> (f64, &'static str) {
    match unit {
        Unit::Bytes => {
            const UNITS: [&str; 7] = [" B", " KiB", " MiB", " GiB", " TiB", " PiB", " EiB"];
            let (mut scale, mut index) = (1.0, 0);
            // 999.5 rounds to "1000" in three digits, which is why the next unit begins there and not at 1024.
            while value.abs() / scale >= 999.5 && index + 1 < UNITS.len() {
                scale *= 1024.0;
                index += 1;
            }
            (scale, UNITS[index])
        }
        Unit::Count | Unit::Number => (1.0, ""),
        Unit::Milliseconds if value.abs() >= 3_600_000.0 => (3_600_000.0, " h"),
        Unit::Milliseconds if value.abs() >= 1_000.0 => (1_000.0, " s"),
        Unit::Milliseconds => (1.0, " ms"),
    }
}

/// Decimals that leave three significant digits; a count of one and more needs no more than tenths, and bytes no parts.
fn decimals_of(unit: Unit, value: f64) -> usize {
    let text = three_digits(value.abs());
    let decimals = text.split_once('.').map_or(0, |(_, fraction)| fraction.len().min(4));
    match unit {
        Unit::Count if value.abs() >= 1.0 => decimals.min(1),
        _ => decimals,
    }
}

/// A number with these decimals; an unbounded one in words.
fn bounded(value: f64, decimals: usize) -> String {
    if value.is_finite() { with_decimals(value, decimals) } else { "unbounded".to_owned() }
}

/// A length of time in one unit with two or three digits, as an estimate is told: `60 s`, `6.2 h`, `9 days`.
pub fn about(seconds: f64) -> String {
    if !seconds.is_finite() {
        return "for ever".to_owned();
    }
    let (value, unit) = match seconds {
        seconds if seconds < 119.5 => (seconds, "s"),
        seconds if seconds < 59.5 * 60.0 => (seconds / 60.0, "min"),
        seconds if seconds < 47.5 * 3_600.0 => (seconds / 3_600.0, "h"),
        seconds => (seconds / 86_400.0, "days"),
    };
    let text = if value < 10.0 { format!("{value:.1}") } else { grouped(value) };
    format!("{} {unit}", text.strip_suffix(".0").unwrap_or(&text))
}

/// The larger unit of a span, in seconds and by name, and the smaller one that stands beside it.
const STEPS: [(f64, &str, f64, &str); 3] =
    [(86400.0, "d", 3600.0, "h"), (3600.0, "h", 60.0, "min"), (60.0, "min", 1.0, "s")];

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

/// A whole number with a comma between thousands.
pub fn grouped(value: f64) -> String {
    with_decimals(value, 0)
}

/// A number with these decimals and a comma between thousands. A zero that was rounded from below has no sign.
pub fn with_decimals(value: f64, decimals: usize) -> String {
    let plain = format!("{:.decimals$}", value.abs());
    let (whole, fraction) = plain.split_once('.').unwrap_or((&plain, ""));
    let mut text = String::new();
    for (position, digit) in whole.chars().enumerate() {
        if position > 0 && (whole.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if !fraction.is_empty() {
        text.push('.');
        text.push_str(fraction);
    }
    let is_zero = plain.chars().all(|c| matches!(c, '0' | '.'));
    if value < 0.0 && !is_zero { format!("-{text}") } else { text }
}

/// A number of things: `1 sample`, `43,200 samples`.
pub fn counted(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", grouped(count as f64))
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
        assert_eq!(rate(estimate(0.0, -5700.0, 5700.0), Unit::Bytes, Per::Hour), "0.00 KiB/h (-5.57 to 5.57)");
        assert_eq!(rate(estimate(0.25, 0.2, 0.3), Unit::Count, Per::Hour), "6.0/day (4.8 to 7.2)");
        assert_eq!(rate(estimate(12_000.0, 11_000.0, 13_000.0), Unit::Count, Per::Hour), "12,000/h (11,000 to 13,000)");
    }

    #[test]
    fn a_small_rate_per_turn_is_told_over_as_many_turns_as_give_it_digits() {
        let told = |value: f64, unit: Unit| rate(estimate(value, 0.9 * value, 1.1 * value), unit, Per::Turn);
        assert_eq!(told(0.0345, Unit::Number), "34.5 per 1,000 turns (31.1 to 38.0)");
        assert_eq!(told(4.1e-4, Unit::Bytes), "410 B per 1 M turns (369 to 451)");
        assert_eq!(told(2.5e-3, Unit::Count), "2.50 per 1,000 turns (2.25 to 2.75)");
        assert_eq!(told(7.77e-6, Unit::Count), "7.77 per 1 M turns (6.99 to 8.55)");
        assert_eq!(told(3.0, Unit::Bytes), "3.00 B per turn (2.70 to 3.30)");
        assert_eq!(rate(estimate(0.0, 0.0, 0.0), Unit::Count, Per::Turn), "0 per turn (0 to 0)");
        assert_eq!(
            rate(estimate(0.0, -2e-6, 2e-6), Unit::Count, Per::Turn),
            "0.00 per 1 M turns (-2.00 to 2.00)",
            "an interval is worded by its wider end"
        );
        assert_eq!(each_turn(4198.0, Unit::Bytes), "4.10 KiB per turn");
        assert_eq!(each_turn(1.0 / 4000.0, Unit::Count), "250 per 1 M turns");
    }

    #[test]
    fn what_a_request_leaves_is_worded_as_what_a_turn_leaves() {
        let told = |value: f64| rate_per_request(estimate(value, 0.9 * value, 1.1 * value), Unit::Bytes);
        assert_eq!(told(4198.0), "4.10 KiB per request (3.69 to 4.51)");
        assert_eq!(told(0.0345), "34.5 B per 1,000 requests (31.1 to 38.0)");
    }

    #[test]
    fn a_zero_has_no_sign() {
        assert_eq!(rate(estimate(-0.01, -2.0, 2.0), Unit::Count, Per::Hour), "0.0/h (-2.0 to 2.0)");
    }

    #[test]
    fn an_estimate_of_time_has_one_unit() {
        let shown: Vec<String> = [12.0, 119.0, 3540.0, 22_320.0, 777_600.0].map(about).into_iter().collect();
        assert_eq!(shown, ["12 s", "119 s", "59 min", "6.2 h", "9 days"]);
        assert_eq!(about(f64::INFINITY), "for ever");
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
