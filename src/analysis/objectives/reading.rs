//! One number from what happened in some windows, or why there is none.

use std::time::Duration;

use crate::domain::objective::{Bound, Outcome, Quantity, Share, Stat};
use crate::domain::rate::grouped;
use crate::domain::traffic::Measure;
use crate::stats::latencies::Latencies;

use super::tally::Tally;

/// A number and how many requests, turns or readings it rests on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Reading {
    /// In the objective's unit.
    pub(super) value: f64,
    /// Requests, turns, events or readings.
    pub(super) basis: u64,
}

/// Why there is no number that decides, and what follows from that.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Lack {
    /// Crossed where it never ran, else cannot tell.
    pub(super) outcome: Outcome,
    /// In words.
    pub(super) reason: String,
    /// The number that there is all the same.
    pub(super) reading: Option<Reading>,
}

impl Lack {
    /// It was to happen and did not.
    pub(super) fn crossed(reason: impl Into<String>) -> Self {
        Self { outcome: Outcome::Crossed, reason: reason.into(), reading: None }
    }

    /// The record cannot tell.
    pub(super) fn unknown(reason: impl Into<String>) -> Self {
        Self { outcome: Outcome::CannotTell, reason: reason.into(), reading: None }
    }
}

/// The number of a quantity of the traffic over so many seconds.
pub(super) fn read(quantity: &Quantity, tally: &Tally, seconds: f64, bound: Option<&Bound>) -> Result<Reading, Lack> {
    let whole = |value: u64| Reading { value: value as f64, basis: tally.requests };
    match quantity {
        Quantity::Latency { measure, stat } => latency(*measure, *stat, tally, bound),
        Quantity::Share(share) => self::share(*share, tally),
        Quantity::Count(count) => Ok(whole(tally.count(*count))),
        Quantity::Throughput(count) if seconds > 0.0 => {
            Ok(Reading { value: tally.count(*count) as f64 / seconds, basis: tally.requests })
        }
        _ => Err(Lack::unknown("the time that counts is too short")),
    }
}

fn share(share: Share, tally: &Tally) -> Result<Reading, Lack> {
    let (part, whole) = match share {
        Share::Failed => (tally.failed, tally.judged()),
        Share::Available => (tally.judged().saturating_sub(tally.failed), tally.judged()),
        Share::Limited => (tally.limited, tally.requests),
    };
    if whole == 0 {
        return Err(Lack::unknown(format!(
            "all {} requests were put off by the server",
            grouped(tally.requests as f64)
        )));
    }
    Ok(Reading { value: part as f64 / whole as f64, basis: whole })
}

fn latency(measure: Measure, stat: Stat, tally: &Tally, bound: Option<&Bound>) -> Result<Reading, Lack> {
    if tally.unreadable > 0 {
        return Err(Lack::unknown(format!("{} windows of the record cannot be read", tally.unreadable)));
    }
    let Some((latencies, basis)) = tally.latencies.as_ref().map(|all| (all, all.count())).filter(|(_, n)| *n > 0)
    else {
        return Err(never_measured(measure, tally));
    };
    let value = match stat {
        Stat::Quantile(share) => latencies.quantile(share),
        Stat::Min => latencies.min(),
        Stat::Mean => latencies.mean(),
        Stat::Max | Stat::Last => latencies.max(),
    };
    let reading = Reading { value: value.unwrap_or_default().as_secs_f64() * 1000.0, basis };
    match stat {
        Stat::Quantile(share) if basis < needed(share) => Err(too_few(share, latencies, reading, bound)),
        _ => Ok(reading),
    }
}

fn never_measured(measure: Measure, tally: &Tally) -> Lack {
    let requests = grouped(tally.requests as f64);
    match measure {
        Measure::Lag => Lack::unknown("the record holds no distribution of the lag"),
        _ if tally.requests == tally.failed => Lack::crossed(format!("none of {requests} requests was answered")),
        Measure::FirstEvent | Measure::Gap => Lack::crossed(format!("none of {requests} answers streamed events")),
        _ => Lack::crossed(format!("it was measured in none of {requests} requests")),
    }
}

/// The fewest values of which a percentile is one that can be told from the longest: with 20, p95 leaves one above it.
pub(in crate::analysis) fn needed(share: f64) -> u64 {
    let rest = 1.0 - share;
    // p100 is the longest and needs no others; a little is taken off for 1 / (1 - 0.95), which is 20 only nearly.
    if rest < 1e-9 { 1 } else { (1.0 / rest - 1e-6).ceil() as u64 }
}

/// With so little a percentile is the luck of one request, unless so many are over the limit that luck is excluded.
fn too_few(share: f64, latencies: &Latencies, reading: Reading, bound: Option<&Bound>) -> Lack {
    let (basis, needed) = (grouped(reading.basis as f64), grouped(needed(share) as f64));
    let stat = Stat::Quantile(share);
    let few = format!("{stat} needs at least {needed} values, and there were {basis}");
    if let Some(bound) = bound.filter(|bound| bound.comparison.is_ceiling()) {
        let over = latencies.longer_than(Duration::from_secs_f64((bound.limit / 1000.0).clamp(0.0, 1e9)));
        if binomial_tail(over, reading.basis, 1.0 - share) < UNLIKELY {
            let reason = format!("{few}, but {over} of them were over the limit, which is too many for chance");
            return Lack { outcome: Outcome::Crossed, reason, reading: Some(reading) };
        }
    }
    Lack { outcome: Outcome::CannotTell, reason: few, reading: Some(reading) }
}

/// The usual bound of significance.
const UNLIKELY: f64 = 0.05;

/// The probability of at least `hits` of `trials`, each with this probability (the binomial distribution).
fn binomial_tail(hits: u64, trials: u64, probability: f64) -> f64 {
    if hits == 0 {
        return 1.0;
    }
    let odds = probability / (1.0 - probability);
    let mut term = (1.0 - probability).powf(trials as f64);
    let mut below = 0.0;
    for done in 0..hits.min(trials + 1) {
        below += term;
        term *= (trials - done) as f64 / (done + 1) as f64 * odds;
    }
    1.0 - below
}

/// What a count is of, in words, for reasons.
pub(super) fn noun(quantity: &Quantity, is_turns: bool) -> &'static str {
    match quantity {
        Quantity::Latency { measure: Measure::Gap, .. } => "gap",
        Quantity::Latency { measure: Measure::FirstEvent, .. } => "stream",
        _ if is_turns => "turn",
        _ => "request",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_needs_as_many_values_as_leave_one_above_it() {
        assert_eq!([0.5, 0.9, 0.95, 0.99, 0.999, 1.0].map(needed), [2, 10, 20, 100, 1000, 1]);
    }

    #[test]
    fn the_tail_of_the_binomial_is_that_of_the_tables() {
        // 10 trials with 0.05: P(K >= 1) = 0.4013, P(K >= 2) = 0.0861, P(K >= 3) = 0.0115.
        for (hits, tail) in [(0, 1.0), (1, 0.4013), (2, 0.0861), (3, 0.0115)] {
            assert!((binomial_tail(hits, 10, 0.05) - tail).abs() < 5e-5, "{hits}");
        }
    }
}
