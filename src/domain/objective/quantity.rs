//! What an objective looks at, and the words for it.

use std::fmt;

use crate::domain::rate::Per;
use crate::domain::traffic::Measure;

/// Which number of a distribution.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Stat {
    /// The value that this share (0 to 1) does not exceed.
    Quantile(f64),
    /// The least.
    Min,
    /// The mean.
    Mean,
    /// The greatest.
    Max,
    /// The last; of a metric's readings only.
    Last,
}

/// What of the traffic is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// Requests that ended.
    Requests,
    /// Whole turns.
    Turns,
    /// Requests that failed.
    Failed,
    /// Requests that the server put off.
    Limited,
    /// Attempts after the first.
    Retried,
    /// Steps that were not done for want of a value.
    Skipped,
    /// Answers that the client left in the middle.
    Left,
    /// Events of streamed answers.
    Events,
}

/// Which share of the requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    /// Those that failed, of those that were not put off.
    Failed,
    /// Those that went well, of those that were not put off.
    Available,
    /// Those that were put off, of all.
    Limited,
}

/// What an objective looks at.
#[derive(Clone, Debug, PartialEq)]
pub enum Quantity {
    /// A length of time.
    Latency {
        /// Which.
        measure: Measure,
        /// Which number of its distribution.
        stat: Stat,
    },
    /// A share of the requests.
    Share(Share),
    /// A number of requests or turns.
    Count(Count),
    /// The same per second.
    Throughput(Count),
    /// The level of a metric.
    Level {
        /// The metric's name.
        metric: String,
        /// Which number of its readings.
        stat: Stat,
    },
    /// The growth of a metric with its interval, as the analysis finds it.
    Growth {
        /// The metric's name.
        metric: String,
        /// What it is counted over.
        per: Per,
    },
    /// By how much a metric rose from the beginning to the end.
    Increase {
        /// The metric's name.
        metric: String,
        /// Brought to so many turns; `None` for the run as a whole.
        turns: Option<f64>,
    },
    /// What one counter of the target gained for what another gained.
    Ratio {
        /// The counter above the line.
        part: String,
        /// The counter below the line.
        whole: String,
    },
    /// What a counter of the target gained per turn.
    PerTurn {
        /// The counter.
        metric: String,
    },
}

impl Stat {
    /// The statistic of this name: `p95`, `p99.9`, k6's `p(95)`, `mean`, `avg`, `med`, `min`, `max`, `last`.
    pub(super) fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "min" => Self::Min,
            "max" | "maximum" => Self::Max,
            "mean" | "avg" | "average" => Self::Mean,
            "med" | "median" => Self::Quantile(0.5),
            "last" => Self::Last,
            _ => {
                let rest = word.strip_prefix('p')?;
                let number = rest.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).unwrap_or(rest);
                let plain = !number.is_empty() && number.chars().all(|c| c.is_ascii_digit() || c == '.');
                let percent: f64 = number.parse().ok().filter(|_| plain)?;
                (percent > 0.0 && percent <= 100.0).then_some(Self::Quantile(percent / 100.0))?
            }
        })
    }
}

impl fmt::Display for Stat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // Rounded, for 0.999 times 100 is 99.9 only nearly.
            Self::Quantile(share) => write!(f, "p{}", (share * 1e6).round() / 1e4),
            Self::Min => f.write_str("min"),
            Self::Mean => f.write_str("mean"),
            Self::Max => f.write_str("max"),
            Self::Last => f.write_str("last"),
        }
    }
}

/// Whether a word means to be a percentile, though it may be none: `p0`, `p(101)`.
pub(super) fn is_percentile(word: &str) -> bool {
    word.strip_prefix('p').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit() || c == '('))
}

/// The measure of this name, as it is written in an objective.
pub(super) fn measure(words: &[&str]) -> Option<Measure> {
    Some(match words {
        ["response" | "latency"] | ["response", "time"] => Measure::Response,
        ["service"] | ["service", "time"] => Measure::Service,
        ["ttfb" | "headers"] | ["time", "to", "headers"] => Measure::Ttfb,
        ["first", "byte"] => Measure::FirstByte,
        ["ttft"] | ["first", "event" | "token"] => Measure::FirstEvent,
        ["gap" | "gaps" | "icl" | "itl"] | ["event", "gap" | "gaps"] => Measure::Gap,
        ["turn"] | ["whole", "turn"] => Measure::Turn,
        ["lag"] => Measure::Lag,
        _ => return None,
    })
}

/// What is counted by this name.
pub(super) fn count(words: &[&str]) -> Option<Count> {
    Some(match words {
        ["requests"] => Count::Requests,
        ["turns"] => Count::Turns,
        ["errors" | "failed" | "failures"] | ["failed", "requests"] => Count::Failed,
        ["limited"] => Count::Limited,
        ["retried" | "retries"] => Count::Retried,
        ["skipped"] => Count::Skipped,
        ["left"] => Count::Left,
        ["events"] => Count::Events,
        _ => return None,
    })
}
