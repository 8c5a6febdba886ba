//! Objectives on the target's own metrics: levels, growth with its interval, plain increases, counters against counters.

use crate::domain::objective::{Bound, LimitUnit, Objective, Outcome, Quantity, Stat};
use crate::domain::rate::{self, Per, grouped};
use crate::domain::{Estimate, Finding, Role, Series, Unit, Verdict};
use crate::stats::quantile::quantile;

use super::Evidence;
use super::reading::{Lack, Reading};
use super::timeline::{When, counted};

/// The number of a metric, in a phase or over the whole run.
///
/// # Errors
/// Where there is none.
pub(super) fn reading(objective: &Objective, evidence: Evidence<'_>, phase: Option<&str>) -> Result<Reading, Lack> {
    match &objective.quantity {
        Quantity::Level { metric, stat } => {
            let series = series(evidence, metric, objective.bound.unit)?;
            level(*stat, &readings(evidence, series, phase)?)
        }
        Quantity::Increase { metric, turns } => {
            let series = series(evidence, metric, objective.bound.unit)?;
            increase(*turns, &readings(evidence, series, phase)?)
        }
        Quantity::Ratio { part, whole } => {
            let gained = |name: &str| gain_of(evidence, name, phase, LimitUnit::Number);
            let (part, (below, basis)) = (gained(part)?.0, gained(whole)?);
            if below > 0.0 {
                return Ok(Reading { value: part / below, basis });
            }
            Err(Lack::unknown(format!("{whole} did not rise, so there is nothing to take a share of")))
        }
        Quantity::PerTurn { metric } => {
            let series = series(evidence, metric, objective.bound.unit)?;
            let points = readings(evidence, series, phase)?;
            let turns = turns_between(&points);
            if turns < 1.0 {
                return Err(Lack::unknown("no turn was completed meanwhile"));
            }
            Ok(Reading { value: gain(&points) / turns, basis: turns as u64 })
        }
        _ => Err(Lack::unknown("it is no metric")),
    }
}

fn gain_of(evidence: Evidence<'_>, name: &str, phase: Option<&str>, unit: LimitUnit) -> Result<(f64, u64), Lack> {
    let points = readings(evidence, series(evidence, name, unit)?, phase)?;
    Ok((gain(&points), points.len() as u64))
}

/// A reading: when, how much, and the turns until then (NaN where they are unknown).
#[derive(Clone, Copy, Debug)]
struct Point {
    value: f64,
    turns: f64,
}

fn series<'a>(evidence: Evidence<'a>, name: &str, unit: LimitUnit) -> Result<&'a Series, Lack> {
    let Some(series) = evidence.set.get(name) else {
        let known: Vec<&str> = evidence.set.series.iter().map(|series| series.name.as_str()).take(12).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        return Err(Lack::unknown(format!("there is no metric {name} in the record; there are {known}")));
    };
    if let Some(cause) = &series.unreadable {
        return Err(Lack::unknown(format!("{name} could not be read: {cause}")));
    }
    let is_bytes = matches!(unit, LimitUnit::Bytes | LimitUnit::BytesPerTurn);
    if is_bytes && matches!(series.unit, Unit::Count | Unit::Milliseconds) {
        return Err(Lack::unknown(format!("{name} is no amount of memory, and the limit is one")));
    }
    Ok(series)
}

/// The readings of a phase, or of the whole run, with the last one before it, from which counters gain.
fn readings(evidence: Evidence<'_>, series: &Series, phase: Option<&str>) -> Result<Vec<Point>, Lack> {
    let spans: Vec<(f64, f64)> = match phase {
        None => vec![(f64::NEG_INFINITY, f64::INFINITY)],
        Some(phase) => counted(evidence.windows, When::Phase(phase), None)
            .into_iter()
            .map(|stretch| (stretch.from_s, stretch.to_s))
            .collect(),
    };
    if spans.is_empty() {
        return Err(Lack::unknown("that phase never came"));
    }
    let turns = evidence.set.turns.as_deref();
    let points = evidence.set.elapsed_s.iter().zip(&series.values).enumerate().filter(|(_, (at, value))| {
        value.is_finite() && spans.iter().any(|(from_s, to_s)| (*from_s..=*to_s).contains(*at))
    });
    let turns_at = |index: usize| turns.and_then(|turns| turns.get(index)).copied().unwrap_or(f64::NAN);
    let points: Vec<Point> =
        points.map(|(index, (_, value))| Point { value: *value, turns: turns_at(index) }).collect();
    if points.is_empty() { Err(Lack::unknown("it was not read once meanwhile")) } else { Ok(points) }
}

fn level(stat: Stat, points: &[Point]) -> Result<Reading, Lack> {
    let mut values: Vec<f64> = points.iter().map(|point| point.value).collect();
    let last = values.last().copied();
    values.sort_by(f64::total_cmp);
    let value = match stat {
        Stat::Quantile(share) => quantile(&values, share),
        Stat::Min => values.first().copied(),
        Stat::Max => values.last().copied(),
        Stat::Mean => Some(values.iter().sum::<f64>() / values.len() as f64),
        Stat::Last => last,
    };
    let basis = values.len() as u64;
    value.map(|value| Reading { value, basis }).ok_or_else(|| Lack::unknown("it was not read once meanwhile"))
}

/// What a counter gained; a fall is a restart from zero, as Prometheus' `increase` takes it.
fn gain(points: &[Point]) -> f64 {
    let pairs = points.windows(2).map(|pair| (pair[0].value, pair[1].value));
    pairs.map(|(before, after)| if after >= before { after - before } else { after }).sum()
}

fn turns_between(points: &[Point]) -> f64 {
    let mut known = points.iter().map(|point| point.turns).filter(|turns| turns.is_finite());
    let first = known.next();
    first.zip(known.next_back()).map_or(0.0, |(first, last)| last - first)
}

/// The share of the readings at either end whose median stands for that end, so that one reading decides nothing.
const END: usize = 10;

/// By how much a metric rose: the median of the last tenth less that of the first, brought to so many turns. It is what a
/// script with a reading before and one after would print, and no proof of anything in the long run.
fn increase(turns: Option<f64>, points: &[Point]) -> Result<Reading, Lack> {
    let size = points.len().div_ceil(END);
    if points.len() < 2 {
        return Err(Lack::unknown("it was read once only"));
    }
    let (first, last) = (&points[..size], &points[points.len() - size..]);
    let middle = |part: &[Point], pick: fn(&Point) -> f64| {
        let mut values: Vec<f64> = part.iter().map(pick).collect();
        values.sort_by(f64::total_cmp);
        quantile(&values, 0.5).unwrap_or(f64::NAN)
    };
    let rise = middle(last, |point| point.value) - middle(first, |point| point.value);
    let basis = points.len() as u64;
    let Some(wanted) = turns else { return Ok(Reading { value: rise, basis }) };
    let between = middle(last, |point| point.turns) - middle(first, |point| point.turns);
    if between.is_nan() {
        return Err(Lack::unknown("the record holds no turns"));
    }
    if between < wanted {
        let reason =
            format!("only {} turns lie between the readings, fewer than {}", grouped(between), grouped(wanted));
        return Err(Lack::unknown(reason));
    }
    Ok(Reading { value: rise * wanted / between, basis })
}

/// How a growth stands to its bound: the whole interval must lie on one side.
pub(super) fn growth(
    bound: &Bound,
    metric: &str,
    per: Per,
    findings: &[Finding],
) -> Result<(Reading, Outcome, String), Lack> {
    let anonymous = format!("{metric}_anon");
    let named = |name: &str| findings.iter().find(|finding| finding.metric == name);
    // `rss` also means the anonymous memory that is judged in its place, as it does for a budget.
    let judged = named(&anonymous).filter(|finding| finding.role == Role::Decides).or_else(|| named(metric));
    let finding = judged.ok_or_else(|| Lack::unknown(format!("there is no finding on {metric}")))?;
    let open = finding.verdict == Verdict::Inconclusive;
    let unsure = || Lack::unknown(format!("{}: {}", finding.label, finding.reason));
    if open && finding.growth_per_hour.is_none() {
        return Err(unsure());
    }
    let still = Estimate { estimate: 0.0, low: 0.0, high: 0.0, confidence: 0.95 };
    let interval = match per {
        Per::Hour => finding.growth_per_hour.unwrap_or(still),
        Per::Turn => match (finding.growth_per_turn, finding.growth_per_hour) {
            (Some(growth), _) => growth,
            (None, None) => still,
            (None, Some(_)) => {
                return Err(Lack::unknown("growth per turn cannot be told: the record holds too few turns"));
            }
        },
    };
    let reading = Reading { value: interval.estimate, basis: finding.samples as u64 };
    let outcome = match (bound.holds(interval.low), bound.holds(interval.high)) {
        (true, true) => Outcome::Met,
        (false, false) => Outcome::Crossed,
        _ => Outcome::CannotTell,
    };
    // Where it is open whether it grows at all, only an interval that lies wholly within says something.
    if open && outcome != Outcome::Met {
        return Err(unsure());
    }
    let told = rate::rate(interval, finding.unit, per);
    let reason = match outcome {
        Outcome::Met => format!("{} grows by {told}, wholly within", finding.label),
        Outcome::Crossed => format!("{} grows by {told}, wholly beyond", finding.label),
        Outcome::CannotTell => format!("{} grows by {told}, an interval that holds the limit", finding.label),
    };
    Ok((reading, outcome, reason))
}
