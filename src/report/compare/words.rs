//! The cells of a row: what, the two numbers, the difference with its interval, what would have been seen.

use crate::domain::Unit;
use crate::domain::comparison::{Change, Quantity, Row};
use crate::domain::rate::{Per, amount, bound, each_turn, quantity, rate, with_decimals};

/// A cell that says nothing.
pub(super) const NOTHING: &str = "-";

/// What the row is about.
pub(super) fn what(row: &Row) -> String {
    format!("{}, {}", row.label, row.quantity.words())
}

/// A number of the row, in words.
pub(super) fn value(row: &Row, value: Option<f64>) -> String {
    let Some(value) = value.filter(|value| value.is_finite()) else { return NOTHING.to_owned() };
    match row.quantity {
        // Less than a thousandth of a byte an hour, or a billionth a turn, is what rounding leaves of nothing.
        Quantity::GrowthPerHour if value.abs() < 1e-3 => "0".to_owned(),
        Quantity::GrowthPerTurn if value.abs() < 1e-9 => "0".to_owned(),
        Quantity::GrowthPerHour => bound(value, row.unit),
        Quantity::GrowthPerTurn => {
            each_turn(value, row.unit).replace(" per turn", "").replace(" per ", "/").replace(" turns", "")
        }
        Quantity::Failures => percent(value),
        Quantity::Throughput => format!("{}/s", amount(value, Unit::Number)),
        Quantity::Level => quantity(value, row.unit),
        Quantity::P50 | Quantity::P95 | Quantity::P99 | Quantity::FirstByte => amount(value, Unit::Milliseconds),
    }
}

/// The difference with its interval: as a share of the baseline where there is one to take a share of, else as it is.
pub(super) fn difference(row: &Row) -> String {
    let Some(difference) = row.difference else { return NOTHING.to_owned() };
    match row.quantity {
        Quantity::GrowthPerHour => rate(difference, row.unit, Per::Hour),
        Quantity::GrowthPerTurn => rate(difference, row.unit, Per::Turn),
        Quantity::Failures => {
            let [estimate, low, high] = [difference.estimate, difference.low, difference.high].map(points);
            format!("{estimate} points ({low} to {high})")
        }
        _ => match row.baseline.filter(|baseline| *baseline > 0.0) {
            Some(baseline) => {
                let share = difference.scaled(100.0 / baseline);
                let digits = usize::from(share.high - share.low < 10.0 && share.estimate.abs() < 100.0);
                let [estimate, low, high] = [share.estimate, share.low, share.high].map(|part| signed(part, digits));
                format!("{estimate} % ({low} to {high})")
            }
            None => signed(difference.estimate, 1),
        },
    }
}

/// The least difference that would have been called worse; empty where that is not known.
pub(super) fn seen(row: &Row) -> String {
    let Some(least) = row.least_seen else { return String::new() };
    match row.quantity {
        Quantity::GrowthPerHour => format!("+{}", bound(least, row.unit)),
        Quantity::GrowthPerTurn => format!("+{}", each_turn(least, row.unit)),
        Quantity::Failures => format!("{} points", points(least)),
        _ => match row.baseline.filter(|baseline| *baseline > 0.0) {
            Some(baseline) => format!("{} %", signed(100.0 * least / baseline, 0)),
            None => signed(least, 1),
        },
    }
}

/// Whether the difference tells more than what would have been seen.
pub(super) fn tells_difference(row: &Row) -> bool {
    row.change != Change::NotShown
}

fn percent(share: f64) -> String {
    format!("{} %", with_decimals(100.0 * share, 2))
}

fn points(share: f64) -> String {
    signed(100.0 * share, 2)
}

fn signed(value: f64, digits: usize) -> String {
    let text = with_decimals(value, digits);
    let is_zero = text.chars().all(|c| matches!(c, '0' | '.'));
    if value > 0.0 && !is_zero { format!("+{text}") } else { text }
}
