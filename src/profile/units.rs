//! The small forms of a profile's values: times, sizes, shares, rates and pauses as people write them.

use std::time::Duration;

use super::model::Think;

/// As many users, or requests under way, as one address has ports to send them from.
pub(super) const MAX_USERS: u32 = 65_535;
/// Beyond what one thread can send, every request would only wait.
const MAX_RATE_PER_S: f64 = 100_000.0;
/// Below it, hours pass between two turns, and nothing is kept busy.
const MIN_RATE_PER_S: f64 = 0.001;
/// A year: a longer time is a slip of the keyboard, and sums of times must not overflow.
pub(super) const MAX_TIME: Duration = Duration::from_hours(366 * 24);

/// Reads a length of time: `500ms`, `90s`, `1h30m`.
pub(super) fn time(text: &str) -> Result<Duration, String> {
    let time = humantime::parse_duration(text.trim()).map_err(|_| {
        format!("`{text}` is no time; give a number with its unit, such as \"500ms\", \"90s\", \"10m\" or \"1h30m\"")
    })?;
    if time > MAX_TIME {
        return Err(format!("`{text}` is longer than a year"));
    }
    Ok(time)
}

/// Reads a size: `100 B`, `2KiB`, `1.5 MB`; a bare number counts bytes.
pub(super) fn bytes(text: &str) -> Result<u64, String> {
    let text = text.trim();
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let scale = match unit.trim() {
        "" | "B" => 1.0,
        "kB" | "KB" => 1e3,
        "MB" => 1e6,
        "GB" => 1e9,
        "KiB" => 1024.0,
        "MiB" => 1024.0 * 1024.0,
        "GiB" => 1024.0 * 1024.0 * 1024.0,
        _ => return Err(format!("`{text}` is no size; use B, KB, KiB, MB, MiB, GB or GiB, such as \"2 KiB\"")),
    };
    let number: f64 =
        number.parse().map_err(|_| format!("`{text}` is no size; write a number and a unit, such as \"2 KiB\""))?;
    // 2^53: beyond it, a double no longer counts single bytes.
    if number * scale > 9e15 {
        return Err(format!("`{text}` is more than any body holds"));
    }
    Ok((number * scale).round() as u64)
}

/// Reads bounds of a size: `100 B..64 KiB`, `1 B..`, `..64 KiB`, or one size exactly.
pub(super) fn size_bounds(text: &str) -> Result<(u64, u64), String> {
    let Some((from, to)) = text.split_once("..") else {
        return bytes(text).map(|exactly| (exactly, exactly));
    };
    let from = if from.trim().is_empty() { 0 } else { bytes(from)? };
    let to = if to.trim().is_empty() { u64::MAX } else { bytes(to)? };
    if from > to { Err(format!("`{text}` runs backwards; put the smaller size first")) } else { Ok((from, to)) }
}

/// Reads a share of a whole: `20%` or `0.2`.
pub(super) fn share(text: &str) -> Result<f64, String> {
    let (number, scale) = match text.trim().strip_suffix('%') {
        Some(percent) => (percent.trim_end(), 0.01),
        None => (text.trim(), 1.0),
    };
    let share = number.parse::<f64>().map(|number| number * scale);
    match share {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err(format!("`{text}` is no share; write \"20%\" or 0.2, between 0 and 1")),
    }
}

/// Reads a rate in turns per second: `40`, `40/s`, `40 turns/s`, `90/min`.
pub(super) fn rate(text: &str) -> Result<f64, String> {
    let wrong = || format!("`{text}` is no rate; write turns per second, such as 40, \"40/s\" or \"90/min\"");
    let (amount, seconds) = match text.split_once('/') {
        None => (text, 1.0),
        Some((amount, "s")) => (amount, 1.0),
        Some((amount, "min" | "m")) => (amount, 60.0),
        Some((amount, "h")) => (amount, 3600.0),
        Some(_) => return Err(wrong()),
    };
    let amount = amount.trim().trim_end_matches("turns").trim_end();
    let rate = amount.parse::<f64>().map_err(|_| wrong())? / seconds;
    if (MIN_RATE_PER_S..=MAX_RATE_PER_S).contains(&rate) {
        Ok(rate)
    } else {
        Err(format!("`{text}` is not between {MIN_RATE_PER_S} and {MAX_RATE_PER_S} turns per second"))
    }
}

/// Reads a pause: `2s`, `1s..3s`, `normal(2s, 500ms)`, `exponential(2s)`.
pub(super) fn think(text: &str) -> Result<Think, String> {
    let text = text.trim();
    if let Some((name, arguments)) = text.strip_suffix(')').and_then(|call| call.split_once('(')) {
        let arguments: Vec<Duration> = arguments.split(',').map(time).collect::<Result<_, _>>()?;
        return match (name.trim(), arguments.as_slice()) {
            ("normal", [mean, deviation]) => Ok(Think::Normal(*mean, *deviation)),
            ("exponential", [mean]) => Ok(Think::Exponential(*mean)),
            _ => Err(format!("`{text}` is no pause; there are \"normal(2s, 500ms)\" and \"exponential(2s)\"")),
        };
    }
    if let Some((from, to)) = text.split_once("..") {
        let (from, to) = (time(from)?, time(to)?);
        return match from.cmp(&to) {
            std::cmp::Ordering::Less => Ok(Think::Uniform(from, to)),
            std::cmp::Ordering::Equal => Ok(fixed(from)),
            std::cmp::Ordering::Greater => Err(format!("`{text}` runs backwards; put the shorter time first")),
        };
    }
    time(text).map(fixed)
}

fn fixed(pause: Duration) -> Think {
    if pause.is_zero() { Think::None } else { Think::Fixed(pause) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: Duration = Duration::from_secs(1);

    #[test]
    fn pauses_read_in_their_four_forms() {
        assert_eq!(think("2s"), Ok(Think::Fixed(2 * S)));
        assert_eq!(think("0s"), Ok(Think::None));
        assert_eq!(think("1s..3s"), Ok(Think::Uniform(S, 3 * S)));
        assert_eq!(think("normal(2s, 500ms)"), Ok(Think::Normal(2 * S, S / 2)));
        assert_eq!(think("exponential(2s)"), Ok(Think::Exponential(2 * S)));
        for wrong in ["", "2", "3s..1s", "normal(2s)", "poisson(2s)", "-1s", "(", "..", "normal(,)"] {
            assert!(think(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn sizes_and_their_bounds_read_with_units() {
        assert_eq!(bytes("2KiB"), Ok(2048));
        assert_eq!(bytes("1.5 MB"), Ok(1_500_000));
        assert_eq!(size_bounds("100 B..64 KiB"), Ok((100, 65_536)));
        assert_eq!(size_bounds("1 B.."), Ok((1, u64::MAX)));
        assert_eq!(size_bounds("12 B"), Ok((12, 12)));
        for wrong in ["", "x", "5 furlongs", "64 KiB..1 B", "9999999 GiB", "1..2..3"] {
            assert!(size_bounds(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn rates_and_shares_read_as_people_write_them() {
        assert_eq!(rate("40 turns/s"), Ok(40.0));
        assert_eq!(rate("90/min"), Ok(1.5));
        assert_eq!(share("20%"), Ok(0.2));
        for wrong in ["0", "-1", "nan", "inf", "1e9", "4/fortnight"] {
            assert!(rate(wrong).is_err(), "{wrong}");
        }
        for wrong in ["120%", "-0.1", "nan", "x"] {
            assert!(share(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn no_time_is_so_long_that_sums_overflow() {
        assert!(time("400days").is_err());
        assert!(time("99999999999999999999s").is_err());
    }
}
