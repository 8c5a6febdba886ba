//! Markdown for a pull request or a ticket: the verdict, a table of findings, the pictures, the conditions in one line.
//! It fits a comment whatever the run.

use std::fmt::Write as _;

use crate::domain::metric::Role;
use crate::domain::{Finding, Verdict};

use super::escape::markdown;
use super::facts::facts;
use super::grids::{self, Grid};
use super::heap;
use super::material::{Material, row, sentence};
use super::text::told_of_requests;

/// Rows of the table at most: a CSV may have thousands of columns, and a comment holds 65,536 characters.
const ROWS: usize = 40;
/// Characters of one name or sentence at most.
const LONGEST: usize = 300;

/// The document. `pictures` are the names of picture files beside it, the overview first; they become relative links.
pub fn markdown_report(material: &Material<'_>, pictures: &[String]) -> String {
    let mut out = format!("**soak: {}** · {}\n\n", shown(&material.headline()), shown(material.name()));
    let (reason, code) = (shown(&material.reason()), material.exit_code);
    let _ = writeln!(out, "{reason} (Exit code {code}: {}.)\n", material.exit_code_words());
    grid(&mut out, &grids::objectives(material.assessment));
    table(&mut out, material);
    told(&mut out, material);
    portions(&mut out, material);
    performance(&mut out, material);
    heap(&mut out, material);
    let mut pictures = pictures.iter();
    if let Some(overview) = pictures.next() {
        let _ = writeln!(out, "\n![Chart of the whole run]({})", link(overview));
    }
    let more: Vec<String> = pictures.map(|file| format!("[{}]({})", shown(file), link(file))).collect();
    if !more.is_empty() {
        let _ = writeln!(out, "\nCharts by metric: {}", more.join(", "));
    }
    let conditions: Vec<String> =
        facts(material).iter().map(|fact| format!("{}: {}", fact.name, shown(&fact.value))).collect();
    let _ = writeln!(out, "\n<sub>{}</sub>", conditions.join(" · "));
    out
}

fn table(out: &mut String, material: &Material<'_>) {
    let findings: Vec<&Finding> = material.findings().collect();
    if findings.is_empty() {
        out.push_str("Nothing was measured.\n");
        return;
    }
    out.push_str("| metric | verdict | shape | latest | growth (95 % interval) | per turn | least seen |\n");
    out.push_str("|---|---|---|--:|--:|--:|--:|\n");
    for finding in findings.iter().take(ROWS) {
        let row = row(finding, material.latest(finding));
        let beside = if finding.role == Role::Decides { "" } else { " \\*" };
        let verdict = if is_told(finding) { format!("**{}**", row.verdict) } else { row.verdict };
        let label = shown(&finding.label);
        let (shape, latest, growth) = (row.shape, row.latest, row.growth);
        let (per_turn, least) = (row.per_turn, row.detectable);
        let _ = writeln!(out, "| {label}{beside} | {verdict} | {shape} | {latest} | {growth} | {per_turn} | {least} |");
    }
    if findings.len() > ROWS {
        let _ = writeln!(out, "\n{} more metrics are in report.json.", findings.len() - ROWS);
    }
    if findings.iter().any(|finding| finding.role != Role::Decides) {
        out.push_str("\n\\* shown beside the others; does not decide\n");
    }
}

/// What each kind of request has of the growth.
fn portions(out: &mut String, material: &Material<'_>) {
    let portions = grids::portions(material.assessment);
    if !portions.rows.is_empty() {
        out.push('\n');
        grid(out, &portions);
    }
}

/// Steps, phases and signs of a bottleneck.
fn performance(out: &mut String, material: &Material<'_>) {
    let Some(performance) = &material.assessment.performance else { return };
    out.push('\n');
    grid(out, &grids::steps(performance));
    if performance.phases.len() > 1 {
        grid(out, &grids::phases(performance));
    }
    for sign in performance.signs.iter().take(ROWS / 4) {
        let _ = writeln!(out, "- {}", shown(&sentence(&sign.reason)));
    }
}

/// The call sites of the heap.
fn heap(out: &mut String, material: &Material<'_>) {
    let Some(report) = material.heap else { return };
    let _ = writeln!(out, "\n**Heap**: {}\n", shown(&sentence(&report.finding)));
    if let Some(split) = &report.split {
        let _ = writeln!(out, "{}\n", shown(&sentence(&split.reason)));
    }
    let rows = heap::told(&report.growth, ROWS / 4).map(|site| heap::cells(site).into()).collect();
    grid(out, &Grid { label: "Call sites of the heap", heads: heap::HEADS.to_vec(), rows });
}

fn grid(out: &mut String, grid: &Grid) {
    if grid.rows.is_empty() {
        return;
    }
    let _ = writeln!(out, "| {} |\n|{}", grid.heads.join(" | "), "---|".repeat(grid.heads.len()));
    for row in grid.rows.iter().take(ROWS) {
        let cells: Vec<String> = row.iter().map(|cell| shown(cell)).collect();
        let _ = writeln!(out, "| {} |", cells.join(" | "));
    }
    if grid.rows.len() > ROWS {
        let _ = writeln!(out, "\n{} more are in report.json.", grid.rows.len() - ROWS);
    }
    out.push('\n');
}

fn is_told(finding: &Finding) -> bool {
    finding.role == Role::Decides && finding.verdict != Verdict::Steady
}

fn told(out: &mut String, material: &Material<'_>) {
    for (position, finding) in material.deciding().filter(|finding| is_told(finding)).take(ROWS / 4).enumerate() {
        if position == 0 {
            out.push('\n');
        }
        let limit = row(finding, None).to_limit;
        let limit = if finding.time_to_limit_s.is_some() { format!(" Limit: {limit}.") } else { String::new() };
        let advice = finding.advice.as_deref().map_or_else(String::new, |advice| format!(" {}", sentence(advice)));
        let requests = finding.attribution.as_ref().map(|found| format!(" {}", told_of_requests(found)));
        let words = format!("{}{limit}{advice}{}", sentence(&finding.reason), requests.unwrap_or_default());
        let _ = writeln!(out, "- **{}**: {}", shown(&finding.label), shown(&words));
    }
}

fn shown(text: &str) -> String {
    if text.chars().count() <= LONGEST {
        return markdown(text);
    }
    markdown(&text.chars().take(LONGEST).chain(['…']).collect::<String>())
}

/// A file's name as a relative link: everything but the plainest letters as percent codes.
fn link(file: &str) -> String {
    let mut out = String::new();
    for byte in file.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_./".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}
