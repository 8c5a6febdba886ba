//! Growth: the verdicts on each metric decide first, and rates are held against each other only where both grow or one is open.

use crate::domain::assessment::BudgetOutcome;
use crate::domain::comparison::{Change, Quantity};
use crate::domain::{Estimate, Finding, Unit, Verdict};
use crate::stats::contrast::Known;
use crate::stats::student_t;

use super::Side;
use super::draft::{Draft, Scale};
use super::levels::{Compared, finding, metrics};

/// The freedom with which the interval of a growth is taken back to an error: blocks less the parameters of a shape.
const FREEDOM: f64 = 40.0;
/// Rates that differ by less an hour are alike, whatever their intervals: a mebibyte, or one of what is counted.
const BYTES_FLOOR_PER_HOUR: f64 = 1_048_576.0;
const COUNT_FLOOR_PER_HOUR: f64 = 1.0;

/// Two rows for each metric that decides, an hour and a turn, where both sides have them.
pub(super) fn drafts(baselines: &[Side<'_>], candidate: Side<'_>) -> Vec<Draft> {
    let rows = metrics(baselines, candidate).into_iter().filter_map(|metric| {
        let after = finding(candidate, &metric.name)?;
        let before: Option<Vec<&Finding>> = baselines.iter().map(|side| finding(*side, &metric.name)).collect();
        Some((metric, before?, after))
    });
    rows.flat_map(|(metric, before, after)| {
        let hour = draft(&metric, &before, after, Quantity::GrowthPerHour);
        let turn = draft(&metric, &before, after, Quantity::GrowthPerTurn);
        // Time or turns are two words for one growth; without a rate on either side the hour's row says it alone.
        let has_turns = !turn.baselines.is_empty() && turn.candidate.is_some();
        [Some(hour), has_turns.then_some(turn)].into_iter().flatten()
    })
    .collect()
}

fn draft(metric: &Compared, before: &[&Finding], after: &Finding, quantity: Quantity) -> Draft {
    let rate = |finding: &Finding| match quantity {
        Quantity::GrowthPerTurn => finding.growth_per_turn,
        _ => finding.growth_per_hour,
    };
    let per_hour = quantity == Quantity::GrowthPerHour;
    let mut words: Vec<&str> = before.iter().chain([&after]).map(|finding| finding.verdict.word()).collect();
    words.dedup();
    Draft {
        subject: metric.name.clone(),
        label: metric.label.clone(),
        quantity,
        unit: metric.unit,
        of: format!("slope at the end ({})", words.join(", then ")),
        scale: Scale::Plain,
        baselines: before.iter().filter_map(|finding| known(rate(finding)?)).collect(),
        candidate: rate(after).and_then(known),
        floor: if per_hour { floor(metric.unit) } else { 0.0 },
        least_seen: after.detectable_per_hour.filter(|_| per_hour),
        doubt: doubt(after),
        is_rare: false,
        settled: settled(before, after),
    }
}

fn known(growth: Estimate) -> Option<Known> {
    let half = (growth.high - growth.low) / 2.0;
    let error = half / student_t::critical(growth.confidence, FREEDOM);
    (growth.estimate.is_finite() && error.is_finite()).then_some(Known {
        value: growth.estimate,
        error,
        freedom: FREEDOM,
    })
}

fn floor(unit: Unit) -> f64 {
    match unit {
        Unit::Bytes => BYTES_FLOOR_PER_HOUR,
        Unit::Count => COUNT_FLOOR_PER_HOUR,
        Unit::Milliseconds | Unit::Number => 0.0,
    }
}

/// What the verdicts decide by themselves; `None` where the rates must.
fn settled(before: &[&Finding], after: &Finding) -> Option<(Change, Option<String>)> {
    let all = |verdict: Verdict| before.iter().all(|finding| finding.verdict == verdict);
    let why = |words: &str| Some(format!("{words}: {}", after.reason));
    match after.verdict {
        Verdict::Growing if after.budget == Some(BudgetOutcome::Within) => {
            Some((Change::Tolerated, why("it grows within its budget")))
        }
        Verdict::Growing if all(Verdict::Steady) => Some((Change::Worse, why("steady before, it grows now"))),
        Verdict::Steady if all(Verdict::Growing) => Some((Change::Better, why("growing before, it is steady now"))),
        Verdict::Steady => Some((Change::NotShown, None)),
        Verdict::Growing | Verdict::Inconclusive => None,
    }
}

/// A rise that may be a warm-up proves nothing, however far it is from the baselines' rate.
fn doubt(after: &Finding) -> Option<String> {
    let is_open = after.verdict == Verdict::Inconclusive;
    let advice = after.advice.as_ref().map_or_else(String::new, |advice| format!("; {advice}"));
    is_open.then(|| format!("its rate differs, but whether it grows is open: {}{advice}", after.reason))
}
