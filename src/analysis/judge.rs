//! The run's verdict, by one rule: growing if any deciding finding grows beyond its budget, else inconclusive if any
//! deciding finding is inconclusive or straddles its budget, else steady. Where the whole interval of a growth lies within
//! its budget, it does not matter whether the metric grows. Nothing that decides is inconclusive. A look before the end never
//! says growing of the run, only of the finding.
//!
//! A metric that was read on a much slower cadence than the others, and too seldom for a verdict of its own, does not keep
//! the run from one. A metric that could not be read at all does.

use crate::domain::assessment::BudgetOutcome;
use crate::domain::rate::{Per, rate};
use crate::domain::{Assessment, Finding, Role, Verdict};

use super::growth::FEWEST;
use super::options::Look;

/// The assessment that follows from the findings.
pub(super) fn run(findings: Vec<Finding>, look: Look) -> Assessment {
    let (verdict, reason) = {
        let deciding: Vec<&Finding> = findings.iter().filter(|finding| finding.role == Role::Decides).collect();
        let most = deciding.iter().map(|finding| finding.samples).max().unwrap_or(0);
        let of = |wanted: Verdict| {
            let counts = move |finding: &&&Finding| effect(finding) == wanted && !is_read_seldom(finding, most);
            deciding.iter().filter(counts).copied()
        };
        if let Some(first) = of(Verdict::Growing).next() {
            // A run that goes on may still settle; only its end can fail it.
            let verdict = if look == Look::Final { Verdict::Growing } else { Verdict::Inconclusive };
            (verdict, told(first, of(Verdict::Growing).count()))
        } else if let Some(first) = of(Verdict::Inconclusive).next() {
            (Verdict::Inconclusive, told(first, of(Verdict::Inconclusive).count()))
        } else if deciding.is_empty() {
            (Verdict::Inconclusive, "no series that could decide was recorded".to_owned())
        } else {
            (Verdict::Steady, steady(&deciding))
        }
    };
    Assessment {
        verdict,
        reason,
        crossed: None,
        left_out: Vec::new(),
        findings,
        objectives: Vec::new(),
        performance: None,
    }
}

/// With fewer readings than one in this many of the others', a metric was on another cadence.
const SELDOM: usize = 10;

fn is_read_seldom(finding: &Finding, most: usize) -> bool {
    finding.verdict == Verdict::Inconclusive
        && (1..FEWEST).contains(&finding.samples)
        && finding.samples.saturating_mul(SELDOM) <= most
}

/// What a finding means for the run once its budget is counted in.
fn effect(finding: &Finding) -> Verdict {
    match (finding.verdict, finding.budget) {
        (Verdict::Growing | Verdict::Inconclusive, Some(BudgetOutcome::Within)) => Verdict::Steady,
        (Verdict::Growing, Some(BudgetOutcome::Straddles)) => Verdict::Inconclusive,
        (verdict, _) => verdict,
    }
}

fn told(first: &Finding, count: usize) -> String {
    let others = match count {
        1 => String::new(),
        2 => " (and one more)".to_owned(),
        _ => format!(" (and {} more)", count - 1),
    };
    let per_turn = first.growth_per_turn.filter(|_| first.verdict == Verdict::Growing);
    let per_turn = per_turn.map_or_else(String::new, |growth| format!(", {}", rate(growth, first.unit, Per::Turn)));
    format!("{}: {}{per_turn}{others}", first.label, first.reason)
}

/// A label within a sentence; abbreviations such as RSS and `CLOSE_WAIT` stay as they are.
fn uncapitalised(label: &str) -> String {
    let mut letters = label.chars();
    match (letters.next(), letters.clone().next()) {
        (Some(first), Some(second)) if second.is_lowercase() => first.to_lowercase().chain(letters).collect(),
        _ => label.to_owned(),
    }
}

fn steady(deciding: &[&Finding]) -> String {
    // One that was read too seldom to decide proves nothing either way, and is not named.
    let told = deciding.iter().filter(|finding| effect(finding) == Verdict::Steady);
    let names: Vec<String> = told.map(|finding| uncapitalised(&finding.label)).collect();
    let within =
        deciding.iter().filter(|finding| finding.verdict != Verdict::Steady && finding.budget.is_some()).count();
    match within {
        0 => format!("nothing grows: {}", names.join(", ")),
        _ => format!("nothing grows beyond its budget: {}", names.join(", ")),
    }
}
