//! The run's verdict, by one rule: growing if any deciding finding grows beyond its budget, else inconclusive if any
//! deciding finding is inconclusive or straddles its budget, else steady. Nothing that decides is inconclusive. A look
//! before the end never says growing of the run, only of the finding.

use crate::domain::assessment::BudgetOutcome;
use crate::domain::{Assessment, Finding, Role, Verdict};

use super::options::Look;

/// The assessment that follows from the findings.
pub(super) fn run(findings: Vec<Finding>, look: Look) -> Assessment {
    let (verdict, reason) = {
        let deciding: Vec<&Finding> = findings.iter().filter(|finding| finding.role == Role::Decides).collect();
        let of = |wanted: Verdict| deciding.iter().filter(move |finding| effect(finding) == wanted).copied();
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
    Assessment { verdict, reason, findings }
}

/// What a finding means for the run once its budget is counted in.
fn effect(finding: &Finding) -> Verdict {
    match (finding.verdict, finding.budget) {
        (Verdict::Growing, Some(BudgetOutcome::Within)) => Verdict::Steady,
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
    format!("{}: {}{others}", first.metric, first.reason)
}

fn steady(deciding: &[&Finding]) -> String {
    let names: Vec<&str> = deciding.iter().map(|finding| finding.metric.as_str()).collect();
    let within = deciding.iter().filter(|finding| finding.verdict == Verdict::Growing).count();
    match within {
        0 => format!("nothing grows: {}", names.join(", ")),
        _ => format!("nothing grows beyond its budget: {}", names.join(", ")),
    }
}
