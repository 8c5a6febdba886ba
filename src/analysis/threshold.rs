//! Budgets: the growth that a user allows, as he writes it (`rss > 2 MiB/h` fails the run), and how a finding stands to
//! it.

use std::fmt;
use std::str::FromStr;

use crate::domain::assessment::BudgetOutcome;
use crate::domain::{Estimate, Unit};

/// What the growth is counted against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Per {
    /// Per hour of wall time.
    Hour,
    /// Per turn of the flow.
    Turn,
}

/// The growth of one metric beyond which a run fails.
#[derive(Clone, Debug, PartialEq)]
pub struct Budget {
    /// The metric's name: `rss`, which also means the `rss_anon` that is judged in its place.
    pub metric: String,
    /// The growth allowed, in bytes or things, per `per`.
    pub allowed: f64,
    /// What it is counted against.
    pub per: Per,
    /// Whether the amount was written in bytes.
    pub unit: Unit,
}

/// Why a budget cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BudgetError {
    /// There is no `>` in it.
    #[error("`{0}` has no `>`: write METRIC > AMOUNT/TIME, such as `rss > 2 MiB/h`")]
    NoComparison(String),
    /// The metric's name is missing or no name.
    #[error("`{0}` is no metric's name: write METRIC > AMOUNT/TIME, such as `rss > 2 MiB/h`")]
    Metric(String),
    /// There is no `/` in the amount.
    #[error("`{0}` does not say per what: add /s, /min, /h, /day or /turn")]
    NoRate(String),
    /// The number is missing, negative or no number.
    #[error("`{0}` is no amount: write a number that is 0 or more, such as 2 or 0.5")]
    Amount(String),
    /// The unit is unknown.
    #[error("`{0}` is no unit: use B, KB, KiB, MB, MiB, GB or GiB for memory, and none for counts")]
    Unit(String),
    /// The time is unknown.
    #[error("`{0}` is no time to count against: use s, min, h, day or turn")]
    Time(String),
}

impl Budget {
    /// Reads a budget such as `rss > 2 MiB/h`, `fds > 3/h` or `rss_anon > 100 B/turn`.
    ///
    /// # Errors
    /// Says which part cannot be understood, and what may stand there.
    pub fn parse(text: &str) -> Result<Self, BudgetError> {
        let (metric, growth) = text.split_once('>').ok_or_else(|| BudgetError::NoComparison(text.trim().to_owned()))?;
        let (amount, time) = growth.rsplit_once('/').ok_or_else(|| BudgetError::NoRate(growth.trim().to_owned()))?;
        let metric = metric_name(metric.trim())?;
        let (value, unit) = self::amount(amount.trim())?;
        let (per, times) = per_scale(time.trim())?;
        Ok(Self { metric, allowed: value * times, per, unit })
    }

    /// Whether this budget is meant for the metric of this name: `rss` also covers `rss_anon`, which is judged in its
    /// place, alone and over a tree.
    pub fn covers(&self, metric: &str) -> bool {
        self.metric == metric || metric.strip_suffix("_anon").is_some_and(|plain| plain == self.metric)
    }

    /// How a growth with this interval (per hour or per turn, as [`Budget::per`] says) stands to the budget.
    pub fn outcome(&self, growth: Estimate) -> BudgetOutcome {
        if growth.high <= self.allowed {
            BudgetOutcome::Within
        } else if growth.low > self.allowed {
            BudgetOutcome::Over
        } else {
            BudgetOutcome::Straddles
        }
    }
}

impl FromStr for Budget {
    type Err = BudgetError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for Per {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hour => "hour",
            Self::Turn => "turn",
        })
    }
}

fn metric_name(name: &str) -> Result<String, BudgetError> {
    let valid = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c));
    if valid { Ok(name.to_owned()) } else { Err(BudgetError::Metric(name.to_owned())) }
}

/// Reads an amount such as `2 MiB` or `3`: its value in bytes or things, and which of the two it is.
pub(super) fn amount(text: &str) -> Result<(f64, Unit), BudgetError> {
    let digits = text.find(|c: char| !(c.is_ascii_digit() || ".+-".contains(c))).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let value: f64 = number.parse().map_err(|_| BudgetError::Amount(text.to_owned()))?;
    if value.is_nan() || value < 0.0 {
        return Err(BudgetError::Amount(text.to_owned()));
    }
    let scale = unit_scale(unit.trim())?;
    Ok((value * scale, if unit.trim().is_empty() { Unit::Count } else { Unit::Bytes }))
}

fn unit_scale(unit: &str) -> Result<f64, BudgetError> {
    const KIB: f64 = 1024.0;
    Ok(match unit {
        "" | "B" => 1.0,
        "KiB" => KIB,
        "MiB" => KIB * KIB,
        "GiB" => KIB * KIB * KIB,
        "KB" | "kB" => 1e3,
        "MB" => 1e6,
        "GB" => 1e9,
        _ => return Err(BudgetError::Unit(unit.to_owned())),
    })
}

fn per_scale(time: &str) -> Result<(Per, f64), BudgetError> {
    Ok(match time {
        "s" | "sec" | "second" => (Per::Hour, 3600.0),
        "min" | "minute" => (Per::Hour, 60.0),
        "h" | "hour" => (Per::Hour, 1.0),
        "d" | "day" => (Per::Hour, 1.0 / 24.0),
        "turn" => (Per::Turn, 1.0),
        _ => return Err(BudgetError::Time(time.to_owned())),
    })
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "the numbers are exact")]
mod tests {
    use super::*;

    fn allowed(text: &str) -> f64 {
        Budget::parse(text).unwrap().allowed
    }

    #[test]
    fn amounts_and_times_are_brought_to_bytes_an_hour() {
        assert_eq!(allowed("rss > 2 MiB/h"), 2.0 * 1_048_576.0);
        assert_eq!(allowed("rss>1.5MB/min"), 90e6);
        assert_eq!(allowed("rss_anon > 24 KiB/day"), 1024.0);
        assert_eq!(allowed("fds > 3/h"), 3.0);
        assert_eq!(allowed("threads > 0 / h"), 0.0);
        assert_eq!(Budget::parse("rss > 100 B/turn").unwrap().per, Per::Turn);
    }

    #[test]
    fn each_part_that_is_wrong_is_named() {
        let wrong = |text: &str| Budget::parse(text).unwrap_err();
        assert_eq!(wrong("rss 2 MiB/h"), BudgetError::NoComparison("rss 2 MiB/h".to_owned()));
        assert_eq!(wrong("> 2 MiB/h"), BudgetError::Metric(String::new()));
        assert_eq!(wrong("rss > 2 MiB"), BudgetError::NoRate("2 MiB".to_owned()));
        assert_eq!(wrong("rss > many/h"), BudgetError::Amount("many".to_owned()));
        assert_eq!(wrong("rss > -2 MiB/h"), BudgetError::Amount("-2 MiB".to_owned()));
        assert_eq!(wrong("rss > 2 MiBit/h"), BudgetError::Unit("MiBit".to_owned()));
        assert_eq!(wrong("rss > 2 MiB/fortnight"), BudgetError::Time("fortnight".to_owned()));
    }

    #[test]
    fn a_budget_on_rss_covers_the_anonymous_memory_judged_in_its_place() {
        let budget = Budget::parse("rss > 2 MiB/h").unwrap();
        assert!(budget.covers("rss") && budget.covers("rss_anon") && !budget.covers("tree_rss_anon"));
        assert!(Budget::parse("tree_rss > 2 MiB/h").unwrap().covers("tree_rss_anon"));
    }

    #[test]
    fn an_interval_that_holds_the_budget_straddles_it() {
        let budget = Budget::parse("fds > 3/h").unwrap();
        let growth = |low, high| Estimate { estimate: f64::midpoint(low, high), low, high, confidence: 0.95 };
        assert_eq!(budget.outcome(growth(1.0, 2.0)), BudgetOutcome::Within);
        assert_eq!(budget.outcome(growth(2.0, 4.0)), BudgetOutcome::Straddles);
        assert_eq!(budget.outcome(growth(4.0, 5.0)), BudgetOutcome::Over);
    }
}
