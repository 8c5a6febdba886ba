//! Limits as they are written (`500ms`, `0.1%`, `200/s`, `500 MiB`, `1 MiB/h`), brought to one unit each.

use serde::{Deserialize, Serialize};

use super::error::ObjectiveError;
use crate::domain::Unit;
use crate::domain::rate::{Per, quantity};

/// What a limit and the value held against it count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitUnit {
    /// Milliseconds.
    Milliseconds,
    /// A share, where 1 is the whole.
    Share,
    /// Whole things.
    Count,
    /// So many a second.
    PerSecond,
    /// Bytes.
    Bytes,
    /// Bytes an hour.
    BytesPerHour,
    /// Bytes a turn.
    BytesPerTurn,
    /// A number of the metric's own kind.
    Number,
    /// So many an hour.
    NumberPerHour,
    /// So many a turn.
    NumberPerTurn,
}

impl LimitUnit {
    /// A value in words: `512 ms`, `0.12 %`, `203/s`, `12.4 MiB/h`.
    pub fn words(self, value: f64) -> String {
        if !value.is_finite() {
            return "unbounded".to_owned();
        }
        match self {
            Self::Milliseconds if value != 0.0 && value.abs() < 1.0 => format!("{:.0} us", value * 1000.0),
            Self::Milliseconds => quantity(value, Unit::Milliseconds),
            Self::Share => percent(value),
            Self::Count | Self::Number => quantity(value, Unit::Number),
            Self::PerSecond => format!("{}/s", quantity(value, Unit::Number)),
            Self::Bytes => quantity(value, Unit::Bytes),
            Self::BytesPerHour => format!("{}/h", quantity(value, Unit::Bytes)),
            Self::BytesPerTurn => format!("{} per turn", quantity(value, Unit::Bytes)),
            Self::NumberPerHour => format!("{}/h", quantity(value, Unit::Number)),
            Self::NumberPerTurn => format!("{} per turn", quantity(value, Unit::Number)),
        }
    }
}

/// A share as a percentage with digits enough to tell 99.95 % from 100 %.
fn percent(share: f64) -> String {
    let percent = share * 100.0;
    // Near either end the digits that matter are those of the distance to it.
    let distance = percent.abs().min((100.0 - percent).abs());
    let digits = match distance {
        distance if distance == 0.0 || distance >= 10.0 => 0,
        distance if distance >= 1.0 => 1,
        distance if distance >= 0.1 => 2,
        _ => 3,
    };
    let text = format!("{percent:.digits$}");
    let text = if digits > 0 { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{text} %")
}

const TIME: &str = "a time, such as 500ms, 2s or 1m (a bare number is milliseconds)";
const PERCENT: &str = "a share, such as 0.1% or 99.9%";
const COUNT: &str = "a whole number for a count, or a share such as 1%";
const RATE: &str = "a number per time, such as 200/s or 3000/min";
const LEVEL: &str = "an amount, such as 500 MiB, 200 or 5s";
const GROWTH: &str = "an amount and what it is counted over, such as 1 MiB/h, 100 kB/turn or 1 MB/10 turns";
const RATIO: &str = "a share or a number, such as 60% or 0.6";

/// A number and what stands behind it, trimmed.
fn split(text: &str) -> Option<(f64, &str)> {
    let text = text.trim();
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let number: f64 = text[..end].parse().ok()?;
    number.is_finite().then(|| (number, text[end..].trim()))
}

fn refuse(text: &str, wanted: &'static str) -> ObjectiveError {
    ObjectiveError::Limit { found: text.to_owned(), wanted }
}

/// A length of time in milliseconds; a bare number is milliseconds, as in k6. Parts may follow each other: `1m30s`.
pub(super) fn milliseconds(text: &str) -> Result<f64, ObjectiveError> {
    let mut rest = text.trim();
    let mut sum = 0.0;
    loop {
        let (number, tail) = split(rest).ok_or_else(|| refuse(text, TIME))?;
        let end = tail.find(|c: char| !c.is_alphabetic()).unwrap_or(tail.len());
        let scale = match &tail[..end] {
            "" if rest == text.trim() && tail.is_empty() => 1.0,
            "ms" => 1.0,
            "us" | "µs" => 1e-3,
            "s" | "sec" => 1e3,
            "m" | "min" => 60e3,
            "h" => 3_600e3,
            _ => return Err(refuse(text, TIME)),
        };
        sum += number * scale;
        rest = tail[end..].trim();
        if rest.is_empty() {
            return Ok(sum);
        }
    }
}

/// A share from a percentage.
pub(super) fn share(text: &str) -> Result<f64, ObjectiveError> {
    match split(text) {
        Some((number, "%")) => Ok(number / 100.0),
        _ => Err(refuse(text, PERCENT)),
    }
}

/// A whole number.
pub(super) fn count(text: &str) -> Result<f64, ObjectiveError> {
    match split(text) {
        Some((number, "")) if number.fract() == 0.0 => Ok(number),
        _ => Err(refuse(text, COUNT)),
    }
}

/// So many a second.
pub(super) fn per_second(text: &str) -> Result<f64, ObjectiveError> {
    let (amount, time) = text.split_once('/').ok_or_else(|| refuse(text, RATE))?;
    let (number, noun) = split(amount).ok_or_else(|| refuse(text, RATE))?;
    if !matches!(noun, "" | "req" | "requests" | "turns" | "events" | "errors" | "failures") {
        return Err(refuse(text, RATE));
    }
    match time.trim() {
        "s" | "sec" | "second" => Ok(number),
        "m" | "min" | "minute" => Ok(number / 60.0),
        "h" | "hour" => Ok(number / 3600.0),
        _ => Err(refuse(text, RATE)),
    }
}

/// The level of a metric, with what it counts: `500 MiB`, `200`, `5s`.
pub(super) fn level(text: &str) -> Result<(f64, LimitUnit), ObjectiveError> {
    let (number, unit) = split(text).ok_or_else(|| refuse(text, LEVEL))?;
    if unit.is_empty() {
        return Ok((number, LimitUnit::Number));
    }
    match bytes(unit) {
        Some(scale) => Ok((number * scale, LimitUnit::Bytes)),
        None => milliseconds(text).map(|ms| (ms, LimitUnit::Milliseconds)).map_err(|_| refuse(text, LEVEL)),
    }
}

/// A growth, with what it is counted over: `1 MiB/h`, `3/day`, `100 kB/turn`, `1 MB/10 turns`.
pub(super) fn growth(text: &str) -> Result<(f64, LimitUnit, Per), ObjectiveError> {
    let (amount, over) = text.split_once('/').ok_or_else(|| refuse(text, GROWTH))?;
    let (amount, unit) = level(amount).map_err(|_| refuse(text, GROWTH))?;
    let (times, noun) = split(over).unwrap_or((1.0, over.trim()));
    let (scale, per) = match noun {
        "s" | "sec" | "second" | "seconds" => (3600.0, Per::Hour),
        "m" | "min" | "minute" | "minutes" => (60.0, Per::Hour),
        "h" | "hour" | "hours" => (1.0, Per::Hour),
        "d" | "day" | "days" => (1.0 / 24.0, Per::Hour),
        "turn" | "turns" => (1.0, Per::Turn),
        _ => return Err(refuse(text, GROWTH)),
    };
    let unit = match (unit, per) {
        (LimitUnit::Bytes, Per::Hour) => LimitUnit::BytesPerHour,
        (LimitUnit::Bytes, Per::Turn) => LimitUnit::BytesPerTurn,
        (LimitUnit::Number, Per::Hour) => LimitUnit::NumberPerHour,
        (LimitUnit::Number, Per::Turn) => LimitUnit::NumberPerTurn,
        _ => return Err(refuse(text, GROWTH)),
    };
    if times > 0.0 { Ok((amount * scale / times, unit, per)) } else { Err(refuse(text, GROWTH)) }
}

/// What one counter gains for what another gains: `60%`, `0.6`.
pub(super) fn ratio(text: &str) -> Result<(f64, LimitUnit), ObjectiveError> {
    match split(text) {
        Some((number, "%")) => Ok((number / 100.0, LimitUnit::Share)),
        Some((number, "")) => Ok((number, LimitUnit::Number)),
        _ => Err(refuse(text, RATIO)),
    }
}

/// A number of turns: `10 turns`.
pub(super) fn turns(text: &str) -> Option<f64> {
    match split(text)? {
        (number, "turn" | "turns") if number > 0.0 => Some(number),
        _ => None,
    }
}

fn bytes(unit: &str) -> Option<f64> {
    const KIB: f64 = 1024.0;
    Some(match unit {
        "B" => 1.0,
        "KiB" => KIB,
        "MiB" => KIB * KIB,
        "GiB" => KIB * KIB * KIB,
        "KB" | "kB" => 1e3,
        "MB" => 1e6,
        "GB" => 1e9,
        _ => return None,
    })
}
