//! Ceilings: levels that end a run before its time, as a user writes them (`fds > 90%`, `rss > 2 GiB`). Unlike a trend, a
//! level needs no evidence: it is looked at with every sample, marked disturbances and warm-up among them.

use std::fmt;

use crate::domain::{Metric, Readings, Unit};

use super::threshold::{self, BudgetError};

/// A level that a metric must not pass.
#[derive(Clone, Debug, PartialEq)]
pub struct Ceiling {
    metric: Metric,
    bound: Bound,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Bound {
    /// In the metric's own unit.
    Level(f64),
    /// A share of the metric's limit, between 0 and 1.
    OfLimit(f64),
}

/// Why a ceiling cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CeilingError {
    /// There is no `>` in it.
    #[error("`{0}` has no `>`: write METRIC > AMOUNT or METRIC > N%, such as `rss > 2 GiB` or `fds > 90%`")]
    NoComparison(String),
    /// The metric is none of soak's.
    #[error("`{0}` is no metric; there are {known}", known = names())]
    Metric(String),
    /// The share is none, or of a metric that has no limit.
    #[error("`{0}` is no share of a limit: write 1% to 100%, of fds, threads, rss, rss_anon or cgroup_memory")]
    Share(String),
    /// The amount cannot be understood.
    #[error(transparent)]
    Amount(#[from] BudgetError),
}

fn names() -> String {
    Metric::all().map(Metric::name).collect::<Vec<_>>().join(", ")
}

/// A ceiling that was passed, and by what.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Crossing {
    /// The metric.
    pub metric: Metric,
    /// Its reading, in its own unit.
    pub reading: u64,
    /// The level that it passed, in the same unit.
    pub level: f64,
}

impl Ceiling {
    /// Reads a ceiling such as `rss > 2 GiB`, `threads > 500` or `fds > 90%`, the last of the metric's limit.
    ///
    /// # Errors
    /// Says which part cannot be understood, and what may stand there.
    pub fn parse(text: &str) -> Result<Self, CeilingError> {
        let (name, amount) = text.split_once('>').ok_or_else(|| CeilingError::NoComparison(text.trim().to_owned()))?;
        let (name, amount) = (name.trim(), amount.trim());
        let metric = Metric::from_name(name).ok_or_else(|| CeilingError::Metric(name.to_owned()))?;
        let bound = match amount.strip_suffix('%') {
            Some(percent) => match percent.trim().parse::<f64>() {
                Ok(percent) if percent > 0.0 && percent <= 100.0 && metric.limit().is_some() => {
                    Bound::OfLimit(percent / 100.0)
                }
                _ => return Err(CeilingError::Share(amount.to_owned())),
            },
            None => Bound::Level(threshold::amount(amount)?.0),
        };
        Ok(Self { metric, bound })
    }

    /// Whether these readings pass it. `limit` is the latest reading of the metric's limit, which is not read with every
    /// sample; without one, a share of it cannot be passed.
    pub fn crossing(&self, readings: &Readings, limit: Option<u64>) -> Option<Crossing> {
        let reading = readings.get(self.metric)?;
        let level = match self.bound {
            Bound::Level(level) => level,
            Bound::OfLimit(share) => limit? as f64 * share,
        };
        (reading as f64 > level).then_some(Crossing { metric: self.metric, reading, level })
    }

    /// The metric whose reading is the limit that a share is taken of.
    pub fn limit(&self) -> Option<Metric> {
        self.metric.limit()
    }
}

impl fmt::Display for Crossing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use crate::domain::rate::quantity;
        let unit = self.metric.unit();
        let level = if unit == Unit::Bytes { self.level } else { self.level.floor() };
        let (reading, level) = (quantity(self.reading as f64, unit), quantity(level, unit));
        write!(f, "{} reached {reading}, over the ceiling of {level}", self.metric.label())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fds(count: u64) -> Readings {
        let mut readings = Readings::new();
        readings.set_count(Metric::Fds, count);
        readings
    }

    #[test]
    fn a_share_is_of_the_limit_that_was_read_last() {
        let ceiling = Ceiling::parse("fds > 90%").unwrap();
        assert_eq!(ceiling.limit(), Some(Metric::FdLimit));
        assert_eq!(ceiling.crossing(&fds(900), Some(1000)), None);
        let crossing = ceiling.crossing(&fds(901), Some(1000)).unwrap();
        assert_eq!(crossing.to_string(), "File descriptors reached 901, over the ceiling of 900");
        assert_eq!(ceiling.crossing(&fds(901), None), None);
    }

    #[test]
    fn a_level_is_in_the_metric_s_unit() {
        let mut readings = Readings::new();
        readings.set_raw(Metric::Rss, 3 << 30);
        let crossing = Ceiling::parse("rss>2GiB").unwrap().crossing(&readings, None).unwrap();
        assert_eq!(crossing.to_string(), "Resident memory, RSS reached 3.00 GiB, over the ceiling of 2.00 GiB");
        assert_eq!(Ceiling::parse("fds > 10").unwrap().crossing(&readings, None), None);
    }

    #[test]
    fn each_part_that_is_wrong_is_named() {
        let wrong = |text: &str| Ceiling::parse(text).unwrap_err().to_string();
        assert!(wrong("rss 2 GiB").contains("has no `>`"));
        assert!(wrong("rsss > 2 GiB").contains("rss, rss_anon"));
        assert!(wrong("fds > 0%").contains("1% to 100%") && wrong("vms > 90%").contains("cgroup_memory"));
        assert!(wrong("rss > 2 GiBit").contains("is no unit") && wrong("rss > many").contains("no amount"));
    }
}
