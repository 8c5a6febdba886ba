//! Objectives, steps and phases as tables of words, not yet escaped: what HTML and Markdown show alike, and the lines of
//! the terminal's summary.

use crate::domain::attribution::{Charge, Portion};
use crate::domain::objective::{LimitUnit, ObjectiveFinding, Outcome};
use crate::domain::performance::{LatencyFigures, Performance, PhaseFigures, StepFigures};
use crate::domain::rate::{grouped, rate_per_request, span, with_decimals};
use crate::domain::{Assessment, Finding};

use super::material::NOTHING;

/// A table of words.
pub(super) struct Grid {
    /// What it shows.
    pub(super) label: &'static str,
    /// The columns.
    pub(super) heads: Vec<&'static str>,
    /// The rows.
    pub(super) rows: Vec<Vec<String>>,
}

impl Grid {
    /// Without the columns that say nothing in any row; the first is kept.
    fn of(label: &'static str, heads: &[&'static str], rows: &[Vec<String>]) -> Self {
        let is_told = |column: &usize| *column == 0 || rows.iter().any(|cells| cells[*column] != NOTHING);
        let told: Vec<usize> = (0..heads.len()).filter(is_told).collect();
        let heads = told.iter().map(|&column| heads[column]).collect();
        let rows = rows.iter().map(|cells| told.iter().map(|&column| cells[column].clone()).collect()).collect();
        Self { label, heads, rows }
    }
}

/// The objectives, the crossed ones first, then those that cannot be told.
pub(super) fn sorted(assessment: &Assessment) -> Vec<&ObjectiveFinding> {
    let of = |outcome| assessment.objectives_that(outcome);
    of(Outcome::Crossed).chain(of(Outcome::CannotTell)).chain(of(Outcome::Met)).collect()
}

/// The table of objectives.
pub(super) fn objectives(assessment: &Assessment) -> Grid {
    let row = |objective: &&ObjectiveFinding| {
        vec![
            objective.text.clone(),
            objective.outcome.words().to_owned(),
            objective.value.map_or_else(|| NOTHING.to_owned(), |value| objective.unit.words(value)),
            objective.unit.words(objective.limit),
            objective.grade.map_or(NOTHING, |grade| grade.word()).to_owned(),
            objective.reason.clone(),
        ]
    };
    let rows: Vec<Vec<String>> = sorted(assessment).iter().map(row).collect();
    Grid::of("Objectives", &["Objective", "Outcome", "Value", "Limit", "Grade", "Why"], &rows)
}

/// What each kind of request has of the growths, a row a metric and kind.
pub(super) fn portions(assessment: &Assessment) -> Grid {
    let of = |finding: &Finding| {
        let portions = finding.attribution.iter().flat_map(|attribution| &attribution.portions);
        portions.map(|portion| portion_row(finding, portion)).collect::<Vec<_>>()
    };
    let rows: Vec<Vec<String>> = assessment.findings.iter().flat_map(of).collect();
    let heads = ["Metric", "Request", "Came", "Each leaves (95 % interval)", "Share of the growth", "To blame"];
    Grid::of("Growth by request", &heads, &rows)
}

fn portion_row(finding: &Finding, portion: &Portion) -> Vec<String> {
    let share = |value: f64| with_decimals(100.0 * value, 0);
    let Portion { share: whole, .. } = portion;
    vec![
        finding.label.clone(),
        portion.name.clone(),
        grouped(portion.count as f64),
        rate_per_request(portion.per_request, finding.unit),
        format!("{} % ({} to {})", share(whole.estimate), share(whole.low), share(whole.high)),
        if portion.charge == Charge::ToBlame { "yes" } else { NOTHING }.to_owned(),
    ]
}

/// The table of steps and turns.
pub(super) fn steps(performance: &Performance) -> Grid {
    let row = |step: &StepFigures| {
        let [p50, p95, p99, max] = latency(step.response);
        let left_out = |count: u64| if count == 0 { NOTHING.to_owned() } else { grouped(count as f64) };
        vec![
            format!("{} / {}", step.class, step.step.as_deref().unwrap_or("whole turns")),
            grouped(step.requests as f64),
            grouped(step.failed as f64),
            left_out(step.limited),
            per_second(step.per_second),
            p50,
            p95,
            p99,
            max,
            ms(step.ttfb_p95_ms),
            ms(step.first_event_p95_ms),
            ms(step.gap_p95_ms),
        ]
    };
    let rows: Vec<Vec<String>> = performance.steps.iter().map(row).collect();
    let heads = [
        "Class / step",
        "Requests",
        "Failed",
        "Put off",
        "Per second",
        "p50",
        "p95",
        "p99",
        "Longest",
        "Headers p95",
        "First event p95",
        "Gaps p95",
    ];
    Grid::of("Turns and steps", &heads, &rows)
}

/// The table of phases.
pub(super) fn phases(performance: &Performance) -> Grid {
    let row = |phase: &PhaseFigures| {
        let [p50, p95, p99, _] = latency(phase.response);
        vec![
            phase.phase.clone(),
            format!("{} to {}", span(phase.from_s.round()), span(phase.to_s.round())),
            grouped(f64::from(phase.users)),
            per_second(phase.turns_per_s),
            per_second(phase.requests_per_s),
            p50,
            p95,
            p99,
            LimitUnit::Share.words(phase.failed),
        ]
    };
    let rows: Vec<Vec<String>> = performance.phases.iter().map(row).collect();
    let heads = ["Phase", "From, to", "Users", "Turns/s", "Requests/s", "p50", "p95", "p99", "Errors"];
    Grid::of("Phases", &heads, &rows)
}

fn latency(figures: Option<LatencyFigures>) -> [String; 4] {
    let of = |pick: fn(&LatencyFigures) -> f64| ms(figures.as_ref().map(pick));
    [of(|it| it.p50_ms), of(|it| it.p95_ms), of(|it| it.p99_ms), of(|it| it.max_ms)]
}

fn ms(value: Option<f64>) -> String {
    value.map_or_else(|| NOTHING.to_owned(), |value| LimitUnit::Milliseconds.words(value))
}

fn per_second(value: f64) -> String {
    with_decimals(value, usize::from(value < 100.0))
}

/// The words that stand before the verdict where objectives keep a gate from passing, and why; `None` where all are met.
pub(super) fn gate_words(assessment: &Assessment) -> Option<(&'static str, String)> {
    let told = |words, outcome| {
        let mut all = assessment.objectives_that(outcome);
        let first = all.next()?;
        let others = match all.count() {
            0 => String::new(),
            1 => " (and one more)".to_owned(),
            more => format!(" (and {more} more)"),
        };
        Some((words, format!("{}: {}{others}", first.text, first.reason)))
    };
    told("OBJECTIVE CROSSED", Outcome::Crossed).or_else(|| told("OBJECTIVE UNDECIDED", Outcome::CannotTell))
}

/// How many objectives the summary shows a line each.
const LINES: usize = 4;

/// The objectives for the terminal's summary: how many are met, and a line each for the worst.
pub(super) fn lines(assessment: &Assessment) -> Vec<String> {
    let all = sorted(assessment);
    if all.is_empty() {
        return Vec::new();
    }
    let counts = [Outcome::Crossed, Outcome::CannotTell, Outcome::Met].map(|outcome| {
        let count = assessment.objectives_that(outcome).count();
        (count > 0).then(|| format!("{count} {}", outcome.words()))
    });
    let mut lines = vec![format!("objectives: {}", counts.into_iter().flatten().collect::<Vec<_>>().join(", "))];
    for objective in all.iter().take(LINES) {
        let outcome = objective.outcome.words();
        // The value first: a graded objective is longer than the line.
        lines.push(match objective.value {
            Some(value) => format!("  {outcome:<12}{:<10} {}", objective.unit.words(value), objective.text),
            None => format!("  {outcome:<12}{}: {}", objective.text, objective.reason),
        });
    }
    lines
}
