//! The sections of the page on objectives, steps, phases and signs of a bottleneck.

use std::fmt::Write as _;

use super::super::escape::markup;
use super::super::grids::{self, Grid};
use super::super::material::{Material, sentence};
use super::super::text::told_of_requests;
use super::sections::{open, table};

/// Rows of a table at most.
const ROWS: usize = 200;

/// The objectives, where there are any.
pub(super) fn objectives(out: &mut String, material: &Material<'_>) {
    if material.assessment.objectives.is_empty() {
        return;
    }
    open(out, "objectives", "Objectives");
    let mut grid = grids::objectives(material.assessment);
    for (row, objective) in grid.rows.iter_mut().zip(grids::sorted(material.assessment)) {
        for cell in row.iter_mut() {
            *cell = markup(cell);
        }
        // The colours of the verdicts mean the same here.
        row[1] = format!("<span class=\"word {}\">{}</span>", class(objective.outcome), objective.outcome.words());
    }
    put(out, &grid);
    out.push_str("</section>\n");
}

/// Which request is to blame, where something grows and several kinds were sent.
pub(super) fn requests(out: &mut String, material: &Material<'_>) {
    let told = material.findings().filter_map(|finding| Some((finding, finding.attribution.as_ref()?)));
    for (number, (finding, attribution)) in told.enumerate() {
        if number == 0 {
            open(out, "requests", "Which request is to blame?");
        }
        let (label, words) = (markup(&finding.label), markup(&told_of_requests(attribution)));
        let _ = writeln!(out, "<p><strong>{label}</strong>: {words}</p>");
    }
    if !material.findings().any(|finding| finding.attribution.is_some()) {
        return;
    }
    let portions = grids::portions(material.assessment);
    if !portions.rows.is_empty() {
        put(out, &escaped(portions));
    }
    out.push_str("</section>\n");
}

/// Steps, phases and signs, where there are windows of traffic.
pub(super) fn performance(out: &mut String, material: &Material<'_>) {
    let Some(performance) = &material.assessment.performance else { return };
    open(out, "performance", "Turns and steps");
    out.push_str(
        "<p class=\"note\">Response times from the moment each request was due, without ramps and warm-up.</p>\n",
    );
    put(out, &escaped(grids::steps(performance)));
    if performance.phases.len() > 1 {
        out.push_str("<h3>Phases</h3>\n");
        put(out, &escaped(grids::phases(performance)));
    }
    if !performance.signs.is_empty() {
        out.push_str("<h3>Signs of a bottleneck</h3>\n<ul>\n");
        for sign in &performance.signs {
            let _ = writeln!(out, "<li>{}</li>", markup(&sentence(&sign.reason)));
        }
        out.push_str("</ul>\n");
    }
    out.push_str("</section>\n");
}

fn class(outcome: crate::domain::objective::Outcome) -> &'static str {
    use crate::domain::objective::Outcome;
    match outcome {
        Outcome::Met => "steady",
        Outcome::Crossed => "growing",
        Outcome::CannotTell => "inconclusive",
    }
}

fn escaped(mut grid: Grid) -> Grid {
    for cell in grid.rows.iter_mut().flatten() {
        *cell = markup(cell);
    }
    grid
}

fn put(out: &mut String, grid: &Grid) {
    let rows = &grid.rows[..grid.rows.len().min(ROWS)];
    table(out, grid.label, &grid.heads, rows);
    if grid.rows.len() > ROWS {
        let _ = writeln!(out, "<p class=\"note\">{} more are in report.json.</p>", grid.rows.len() - ROWS);
    }
}
