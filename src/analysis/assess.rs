//! The steps in their order, for every series of a set.

use crate::domain::assessment::{BudgetOutcome, Shape};
use crate::domain::{Assessment, Finding, SeriesSet, Verdict};

use super::growth::{self, Growth};
use super::options::Options;
use super::roles::{self, Judged};
use super::threshold::{Budget, Per};
use super::track::Track;
use super::{judge, severity, words};

/// Judges every series of a set, and the run by them.
pub fn assess(set: &SeriesSet, options: &Options) -> Assessment {
    let findings = roles::judged(set).iter().map(|judged| finding(set, judged, options)).collect();
    let assessment = judge::run(findings, options.look);
    let left_out = left_out(set, options);
    let assessment = Assessment { crossed: options.crossed.clone(), left_out, ..assessment };
    match &options.caveat {
        Some(caveat) if assessment.verdict == Verdict::Steady => Assessment {
            verdict: Verdict::Inconclusive,
            reason: format!("nothing was seen to grow, but {caveat}"),
            ..assessment
        },
        _ => assessment,
    }
}

/// The windows that the trend leaves out, as far as the series reach.
fn left_out(set: &SeriesSet, options: &Options) -> Vec<(f64, f64)> {
    let finite = |at: &&f64| at.is_finite();
    let (Some(&first), Some(&last)) = (set.elapsed_s.iter().find(finite), set.elapsed_s.iter().rfind(finite)) else {
        return Vec::new();
    };
    let held = options.ignore.iter().map(|&(from, to)| (from.max(first), to.min(last)));
    held.filter(|(from, to)| from < to).collect()
}

fn finding(set: &SeriesSet, judged: &Judged<'_>, options: &Options) -> Finding {
    let track = Track::new(set, judged, options);
    if let Some(cause) = &judged.series.unreadable {
        return unreadable(judged, &track, cause);
    }
    let growth = growth::judge(&track, options);
    let unit = judged.series.unit;
    let told = words::Told { growth: &growth, unit, span_s: track.span_s(), look: options.look };
    let reason = words::reason(told);
    let advice = words::advice(&growth);
    let mut finding = blank(judged, &track, reason);
    fill(&mut finding, growth);
    finding.advice = advice;
    match finding.verdict {
        Verdict::Growing => weigh(&mut finding, &track, &options.budgets),
        // Whether it grows or not: whatever it does, it does within what the user allows.
        Verdict::Inconclusive if against(&finding, &options.budgets) == Some(BudgetOutcome::Within) => {
            allow(&mut finding, BudgetOutcome::Within);
        }
        Verdict::Inconclusive | Verdict::Steady => {}
    }
    finding
}

fn blank(judged: &Judged<'_>, track: &Track, reason: String) -> Finding {
    Finding {
        metric: judged.series.name.clone(),
        label: judged.series.label.clone(),
        unit: judged.series.unit,
        role: judged.role,
        verdict: Verdict::Inconclusive,
        shape: Shape::Unknown,
        growth_per_hour: None,
        growth_per_turn: None,
        settled_after_s: None,
        onset_s: None,
        observed_s: track.span_s(),
        samples: track.times.len(),
        detectable_per_hour: None,
        grade: None,
        limit: judged.series.limit,
        time_to_limit_s: None,
        budget: None,
        reason,
        advice: None,
        attribution: None,
        fit: Vec::new(),
    }
}

fn unreadable(judged: &Judged<'_>, track: &Track, cause: &str) -> Finding {
    blank(judged, track, format!("it could not be read: {cause}"))
}

fn fill(finding: &mut Finding, growth: Growth) {
    finding.verdict = growth.verdict;
    finding.shape = growth.shape;
    finding.growth_per_hour = growth.per_second.map(|rate| rate.scaled(3600.0));
    finding.growth_per_turn = growth.per_turn;
    finding.settled_after_s = growth.settled_after_s;
    finding.onset_s = growth.onset_s;
    finding.detectable_per_hour = growth.detectable_per_s.map(|rate| rate * 3600.0);
    finding.fit = growth.fit;
}

/// What a proven growth means: its grade, the time to the ceiling, and how it stands to the user's budget.
fn weigh(finding: &mut Finding, track: &Track, budgets: &[Budget]) {
    let Some(per_hour) = finding.growth_per_hour else { return };
    finding.grade = Some(severity::grade(finding.unit, per_hour));
    let level = track.latest.unwrap_or(0.0);
    finding.time_to_limit_s =
        finding.limit.and_then(|limit| severity::time_to_limit(limit, level, per_hour.scaled(1.0 / 3600.0)));
    if let Some(outcome) = against(finding, budgets) {
        allow(finding, outcome);
    }
}

/// How the growth stands to the user's budgets; `None` where there is none for it, or no interval.
fn against(finding: &Finding, budgets: &[Budget]) -> Option<BudgetOutcome> {
    let outcomes = budgets.iter().filter(|budget| budget.covers(&finding.metric)).filter_map(|budget| {
        let growth = match budget.per {
            Per::Hour => finding.growth_per_hour,
            Per::Turn => finding.growth_per_turn,
        };
        growth.map(|growth| budget.outcome(growth))
    });
    outcomes.max_by_key(|outcome| strictness(*outcome))
}

fn allow(finding: &mut Finding, outcome: BudgetOutcome) {
    finding.budget = Some(outcome);
    finding.reason = format!("{}, {}", finding.reason, words::budget(outcome));
}

/// Of several budgets on one metric, the one that is missed worst counts.
fn strictness(outcome: BudgetOutcome) -> u8 {
    match outcome {
        BudgetOutcome::Within => 0,
        BudgetOutcome::Straddles => 1,
        BudgetOutcome::Over => 2,
    }
}
