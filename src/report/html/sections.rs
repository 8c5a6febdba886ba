//! The sections of the page that are words and tables: findings, traffic, how it was decided, limits, conditions.

use std::fmt::Write as _;

use crate::domain::metric::Role;
use crate::domain::rate::{grouped, span};
use crate::domain::{Finding, Phase, Run, Verdict};

use super::super::escape::markup;
use super::super::facts::{Happening, facts, happenings};
use super::super::material::{Material, NOTHING, rough, row, sentence};
use super::super::text::{Subject, graded, told_of_requests};

/// Rows of a table at most: a CSV may have thousands of columns.
const ROWS: usize = 200;
/// Events that are shown at most.
const EVENTS: usize = 100;

/// Opens a section with its heading.
pub(super) fn open(out: &mut String, id: &str, heading: &str) {
    let _ = writeln!(out, "<section aria-labelledby=\"{id}-h\" id=\"{id}\">\n<h2 id=\"{id}-h\">{heading}</h2>");
}

/// A table that scrolls within its own box, so that the page does not on a phone.
pub(super) fn table(out: &mut String, label: &str, heads: &[&str], rows: &[Vec<String>]) {
    let _ = write!(
        out,
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{label}\">\n<table>\n<caption>{label}</caption>\n\
         <thead><tr>"
    );
    for head in heads {
        let _ = write!(out, "<th scope=\"col\">{head}</th>");
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for cells in rows {
        out.push_str("<tr>");
        for (position, cell) in cells.iter().enumerate() {
            let tag = if position == 0 { "th scope=\"row\"" } else { "td" };
            let _ = write!(out, "<{tag}>{cell}</{}>", &tag[..2]);
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody>\n</table>\n</div>\n");
}

/// The table of findings.
pub(super) fn findings(out: &mut String, material: &Material<'_>) {
    open(out, "findings", "Findings");
    let all: Vec<&Finding> = material.findings().collect();
    if all.is_empty() {
        out.push_str("<p>Nothing was measured.</p>\n</section>\n");
        return;
    }
    let heads = [
        "Metric",
        "Verdict",
        "Shape",
        "Latest",
        "Growth per hour (95 % interval)",
        "Per turn",
        "Settled",
        "Growth began",
        "Time to limit",
        "Least growth seen",
    ];
    let rows: Vec<Vec<String>> = all.iter().take(ROWS).map(|finding| cells(material, finding)).collect();
    // A column that says nothing in any row costs the width that the others need.
    let is_told = |column: &usize| *column < 5 || rows.iter().any(|cells| cells[*column] != NOTHING);
    let told: Vec<usize> = (0..heads.len()).filter(is_told).collect();
    let heads: Vec<&str> = told.iter().map(|&column| heads[column]).collect();
    let rows: Vec<Vec<String>> =
        rows.iter().map(|cells| told.iter().map(|&column| cells[column].clone()).collect()).collect();
    table(out, "Findings, one a metric", &heads, &rows);
    if all.len() > ROWS {
        let _ = writeln!(out, "<p class=\"note\">{} more metrics are in report.json.</p>", all.len() - ROWS);
    }
    if all.iter().any(|finding| finding.role != Role::Decides) {
        out.push_str("<p class=\"note\">* shown beside the others; does not decide.</p>\n");
    }
    out.push_str("</section>\n");
}

fn cells(material: &Material<'_>, finding: &Finding) -> Vec<String> {
    let words = row(finding, material.latest(finding));
    let beside = if finding.role == Role::Decides { "" } else { " *" };
    let (class, verdict) = verdict_word(finding);
    vec![
        format!("{}{beside}", markup(&clipped(&finding.label))),
        format!("<span class=\"word {class}\">{verdict}</span>"),
        words.shape.to_owned(),
        words.latest,
        words.growth,
        words.per_turn,
        words.settled,
        words.onset,
        words.to_limit,
        words.detectable,
    ]
}

/// Letters of a metric's name in a table; a CSV may call its columns anything, and report.json has all of it.
const NAME: usize = 80;

fn clipped(name: &str) -> String {
    let kept: String = name.chars().take(NAME).collect();
    if kept.len() < name.len() { kept + "…" } else { kept }
}

/// The class and the word of a finding's verdict; only what decides is coloured.
pub(super) fn verdict_word(finding: &Finding) -> (&'static str, String) {
    let class = if finding.role == Role::Decides { finding.verdict.word() } else { "beside" };
    (class, row(finding, None).verdict)
}

/// The traffic's totals and its failures.
pub(super) fn traffic(out: &mut String, material: &Material<'_>) {
    let Subject::Run(run) = material.subject else { return };
    let Some(conditions) = &run.header.conditions.traffic else { return };
    open(out, "traffic", "Traffic");
    let url = markup(&conditions.url);
    let Some(summary) = run.traffic_summary() else {
        // soak was ended before it could sum up.
        let (turns, errors) = run.traffic.last().map_or((0, 0), |tick| (tick.turns, tick.errors));
        let (turns, errors) = (grouped(turns as f64), grouped(errors as f64));
        let _ = writeln!(out, "<p>{turns} turns to <code>{url}</code> so far, {errors} failed.</p>\n</section>");
        return;
    };
    let millis = |micros: u64| format!("{:.1} ms", micros as f64 / 1000.0);
    let (turns, errors) = (grouped(summary.turns as f64), grouped(summary.errors as f64));
    let _ = writeln!(out, "<p>{turns} turns to <code>{url}</code>, {errors} failed.</p>");
    if let Some(latency) = &summary.latency {
        let (p50, p95, p99, max) =
            (millis(latency.p50_us), millis(latency.p95_us), millis(latency.p99_us), millis(latency.max_us));
        let lag = millis(summary.max_lag_us);
        let _ = writeln!(
            out,
            "<p>Latency, from the moment each request was due: p50 {p50}, p95 {p95}, p99 {p99}, longest {max}. \
             The latest that soak sent a request after its time: {lag}.</p>"
        );
    }
    if !summary.failures.is_empty() {
        let cell = |failure: &crate::domain::traffic::FailureTally| {
            vec![markup(&failure.class), grouped(failure.count as f64), markup(&failure.example)]
        };
        let rows: Vec<Vec<String>> = summary.failures.iter().take(ROWS).map(cell).collect();
        table(out, "Failed requests by class", &["Class", "Count", "What the first of them said"], &rows);
    }
    out.push_str("</section>\n");
}

/// How it was decided, in plain words.
pub(super) fn decided(out: &mut String, material: &Material<'_>) {
    open(out, "decided", "How it was decided");
    out.push_str(
        "<p>For each metric, warm-up was looked for in the data and left out. Shapes that stop growing (a cache that fills, \
         a pool, a sawtooth) then competed with shapes that go on; only where one that goes on leads clearly, and where the \
         interval of its rate excludes zero, is the metric called <em>growing</em>. What the data cannot tell is \
         <em>inconclusive</em> and never called steady. The run's verdict follows from the metrics that decide: growing \
         if any grows beyond its budget, else inconclusive if any is, else steady.</p>\n<dl>\n",
    );
    for finding in material.deciding().take(ROWS) {
        let (label, reason) = (markup(&finding.label), markup(&sentence(&finding.reason)));
        let word = finding.verdict.word();
        let _ = write!(out, "<dt>{label} <span class=\"word {word}\">{word}</span></dt>\n<dd>{reason}");
        if let Some(grade) = finding.grade {
            let _ = write!(out, " Severity: {}.", graded(grade));
        }
        if let Some(advice) = &finding.advice {
            let _ = write!(out, " <strong>{}</strong>", markup(&sentence(advice)));
        }
        if let Some(attribution) = &finding.attribution {
            let _ = write!(out, " {}", markup(&told_of_requests(attribution)));
        }
        out.push_str("</dd>\n");
    }
    out.push_str("</dl>\n</section>\n");
}

/// What this run can and cannot say.
pub(super) fn limits(out: &mut String, material: &Material<'_>) {
    open(out, "limits", "What this run cannot say");
    let observed = span(material.set.span_s());
    let _ = writeln!(
        out,
        "<p>It observed {observed}. Growth slower than the least that it would have seen, growth that begins later, and \
         growth that needs other traffic than there was, it cannot see.</p>"
    );
    let least = |finding: &Finding| {
        let words = match finding.detectable_per_hour {
            Some(rate) => {
                let (hour, day) = (rough(rate, finding.unit), rough(rate * 24.0, finding.unit));
                format!("{hour} per hour, which is {day} a day")
            }
            None if finding.verdict == Verdict::Growing => "growth was seen".to_owned(),
            None => "cannot be told from so little".to_owned(),
        };
        let readings = grouped(finding.samples as f64);
        vec![markup(&finding.label), words, span(finding.observed_s), readings]
    };
    let rows: Vec<Vec<String>> = material.deciding().take(ROWS).map(least).collect();
    if !rows.is_empty() {
        let heads = ["Metric", "Least growth that this run would have called growing", "Observed", "Values"];
        table(out, "The least growth that would have been seen", &heads, &rows);
    }
    for note in material.notes {
        let _ = writeln!(out, "<p class=\"note\">{}</p>", markup(&sentence(note)));
    }
    out.push_str("</section>\n");
}

/// Who was watched, where, how, and what happened meanwhile.
pub(super) fn conditions(out: &mut String, material: &Material<'_>) {
    open(out, "conditions", "Conditions");
    out.push_str("<dl class=\"facts\">\n");
    for fact in facts(material) {
        let value = if fact.value.is_empty() { NOTHING.to_owned() } else { markup(&fact.value) };
        let _ = writeln!(out, "<div><dt>{}</dt><dd>{value}</dd></div>", fact.name);
    }
    out.push_str("</dl>\n");
    if let Subject::Run(run) = material.subject {
        phases(out, run);
        events(out, run);
    }
    out.push_str("</section>\n");
}

fn phases(out: &mut String, run: &Run) {
    let all = run.phases();
    if all.is_empty() {
        return;
    }
    out.push_str("<h3>Phases</h3>\n");
    let row = |phase: &Phase| {
        let (from, to) = (phase.from.as_secs_f64(), phase.to.as_secs_f64());
        vec![markup(&phase.name), span(from), span(to), span(to - from)]
    };
    let rows: Vec<Vec<String>> = all.iter().take(EVENTS).map(row).collect();
    table(out, "Phases of the run", &["Phase", "From", "To", "Lasted"], &rows);
    if all.len() > EVENTS {
        let _ = writeln!(out, "<p class=\"note\">{} more are in the record.</p>", all.len() - EVENTS);
    }
}

fn events(out: &mut String, run: &Run) {
    let all = happenings(run);
    if all.is_empty() {
        return;
    }
    out.push_str("<h3>What happened</h3>\n");
    let row = |event: &Happening| vec![span(event.at_s), markup(&event.what)];
    let rows: Vec<Vec<String>> = all.iter().take(EVENTS).map(row).collect();
    table(out, "Events of the run", &["After", "What"], &rows);
    if all.len() > EVENTS {
        let _ = writeln!(out, "<p class=\"note\">{} more are in the record.</p>", all.len() - EVENTS);
    }
}
