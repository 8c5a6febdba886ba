//! JUnit XML, the form that CI systems show as tests: one case a metric and an objective, and one for the
//! run as a whole.
//!
//! A CI must not be green by accident, so what the record cannot tell is an *error*, never a pass and never "skipped".
//! Growth beyond the budget and a ceiling that was crossed are *failures*. Metrics that do not decide are skipped cases
//! with their numbers. The suite has a failure or an error exactly where soak's exit code is not 0.

use std::fmt::Write as _;

use crate::domain::assessment::BudgetOutcome;
use crate::domain::metric::Role;
use crate::domain::objective;
use crate::domain::{Finding, ObjectiveFinding, Run, Verdict};

use super::escape::markup;
use super::facts::facts;
use super::material::{Material, NOTHING, row, sentence};
use super::text::{Subject, told_of_requests};

/// What a case comes out as.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Passed,
    Failed,
    Errored,
    Skipped,
}

struct Case {
    name: String,
    outcome: Outcome,
    /// The kind of failure or error, a word or two.
    kind: &'static str,
    message: String,
    details: String,
    time_s: f64,
}

/// The document.
pub fn junit(material: &Material<'_>) -> String {
    let cases: Vec<Case> = std::iter::once(whole(material))
        .chain(material.assessment.objectives.iter().map(|objective| objective_case(material, objective)))
        .chain(material.findings().map(|finding| case(material, finding)))
        .collect();
    let count = |outcome| cases.iter().filter(|case| case.outcome == outcome).count();
    let (failures, errors, skipped) = (count(Outcome::Failed), count(Outcome::Errored), count(Outcome::Skipped));
    let (tests, time, name) = (cases.len(), seconds(material.set.span_s()), markup(material.name()));
    let totals = format!("tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\"");
    let mut out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned();
    let _ = writeln!(out, "<testsuites name=\"soak\" {totals} time=\"{time}\">");
    let _ = write!(out, "  <testsuite name=\"soak {name}\" {totals} skipped=\"{skipped}\" time=\"{time}\"");
    if let Subject::Run(run) = material.subject {
        out.push_str(&origin(run));
    }
    out.push_str(">\n    <properties>\n");
    let _ = writeln!(out, "      <property name=\"exit code\" value=\"{}\"/>", material.exit_code);
    for fact in facts(material) {
        let _ = writeln!(out, "      <property name=\"{}\" value=\"{}\"/>", fact.name, markup(&fact.value));
    }
    out.push_str("    </properties>\n");
    for case in &cases {
        put(&mut out, case, &name);
    }
    out.push_str("  </testsuite>\n</testsuites>\n");
    out
}

/// Where and when, as attributes; the schema wants a time without its zone.
fn origin(run: &Run) -> String {
    let started = run.header.started_at.trim_end_matches('Z').split(['.', '+']).next().unwrap_or_default();
    format!(" timestamp=\"{}\" hostname=\"{}\"", markup(started), markup(&run.header.host.name))
}

/// The run as a whole: what the exit code says, whichever metric or ceiling or want of load brought it about.
fn whole(material: &Material<'_>) -> Case {
    let (outcome, kind) = match (material.exit_code, &material.assessment.crossed) {
        (0, _) => (Outcome::Passed, ""),
        (_, Some(_)) => (Outcome::Failed, "ceiling crossed"),
        (1, None) if material.assessment.verdict == Verdict::Growing => (Outcome::Failed, "growing"),
        (1, None) => (Outcome::Failed, "objective crossed"),
        _ => (Outcome::Errored, "inconclusive"),
    };
    let message = material.reason();
    let details = format!("{}: {message}", material.headline());
    Case { name: "the run".to_owned(), outcome, kind, message, details, time_s: material.set.span_s() }
}

fn objective_case(material: &Material<'_>, objective: &ObjectiveFinding) -> Case {
    let (outcome, kind) = match objective.outcome {
        objective::Outcome::Met => (Outcome::Passed, ""),
        objective::Outcome::Crossed => (Outcome::Failed, "objective crossed"),
        objective::Outcome::CannotTell => (Outcome::Errored, "cannot tell"),
    };
    let message = sentence(&objective.reason);
    let details = format!("{}: {}\n{message}", objective.outcome.words(), objective.text);
    let name = format!("objective: {}", objective.text);
    Case { name, outcome, kind, message, details, time_s: material.set.span_s() }
}

fn case(material: &Material<'_>, finding: &Finding) -> Case {
    let (outcome, kind) = match (finding.role, finding.verdict, finding.budget) {
        (Role::Beside | Role::Context, ..) => (Outcome::Skipped, ""),
        (_, Verdict::Steady, _) | (.., Some(BudgetOutcome::Within)) => (Outcome::Passed, ""),
        (_, Verdict::Growing, Some(BudgetOutcome::Straddles)) => (Outcome::Errored, "may be over budget"),
        (_, Verdict::Growing, _) => (Outcome::Failed, "growing"),
        (_, Verdict::Inconclusive, _) => (Outcome::Errored, "inconclusive"),
    };
    let message = match outcome {
        Outcome::Skipped => "shown beside the others; does not decide".to_owned(),
        _ => sentence(&finding.reason),
    };
    Case {
        name: format!("{} ({})", finding.metric, finding.label),
        outcome,
        kind,
        message,
        details: details(material, finding),
        time_s: finding.observed_s,
    }
}

fn details(material: &Material<'_>, finding: &Finding) -> String {
    let row = row(finding, material.latest(finding));
    let mut lines = vec![
        format!("verdict: {}, {}", row.verdict, finding.shape.words()),
        format!("growth: {}", row.growth),
        format!("latest: {}", row.latest),
    ];
    let more = [("per turn", &row.per_turn), ("limit", &row.to_limit), ("least growth seen", &row.detectable)];
    lines.extend(more.iter().filter(|(_, value)| *value != NOTHING).map(|(name, value)| format!("{name}: {value}")));
    lines.push(sentence(&finding.reason));
    lines.extend(finding.advice.as_deref().map(sentence));
    lines.extend(finding.attribution.as_ref().map(told_of_requests));
    lines.join("\n")
}

fn put(out: &mut String, case: &Case, suite: &str) {
    let (name, message) = (markup(&case.name), markup(&case.message));
    // Line ends are the report's own and stay; what came from elsewhere was cleaned line by line.
    let details = case.details.lines().map(markup).collect::<Vec<_>>().join("\n");
    let time = seconds(case.time_s);
    let _ = writeln!(out, "    <testcase classname=\"soak.{suite}\" name=\"{name}\" time=\"{time}\">");
    let element = match case.outcome {
        Outcome::Failed => "failure",
        Outcome::Errored => "error",
        Outcome::Skipped => {
            let _ = writeln!(out, "      <skipped message=\"{message}\"/>");
            ""
        }
        Outcome::Passed => "",
    };
    if element.is_empty() {
        let _ = writeln!(out, "      <system-out>{details}</system-out>");
    } else {
        let kind = case.kind;
        let _ = writeln!(out, "      <{element} type=\"{kind}\" message=\"{message}\">{details}</{element}>");
    }
    out.push_str("    </testcase>\n");
}

fn seconds(length: f64) -> String {
    format!("{:.3}", if length.is_finite() { length.max(0.0) } else { 0.0 })
}
