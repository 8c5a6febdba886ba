//! Markdown for a pull request: the answer, what differs, and the rest folded away.

use std::fmt::Write as _;

use crate::domain::Comparison;
use crate::domain::comparison::{Change, Row, Weight};

use super::super::escape::markdown as escaped;
use super::words::{difference, seen, value, what};

/// The whole comparison in Markdown.
pub fn comparison_markdown(comparison: &Comparison) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "### soak: {}\n", comparison.verdict.words());
    let _ = writeln!(out, "{}.\n", escaped(&comparison.reason));
    let baselines: Vec<String> = comparison.baselines.iter().map(|source| escaped(source)).collect();
    let _ = writeln!(out, "Baseline {}, candidate {}.\n", baselines.join(", "), escaped(&comparison.candidate));
    for mismatch in &comparison.mismatches {
        let word = if mismatch.weight == Weight::Prevents { "**Not alike**" } else { "Differs" };
        let told = format!("{}: {}, then {}", mismatch.what, mismatch.baseline, mismatch.candidate);
        let _ = writeln!(out, "- {word}: {}", escaped(&told));
    }
    for note in &comparison.notes {
        let _ = writeln!(out, "- {}", escaped(note));
    }
    let (told, quiet): (Vec<&Row>, Vec<&Row>) = comparison.rows.iter().partition(|row| is_told(row));
    if !told.is_empty() {
        table(&mut out, &told);
    }
    if !quiet.is_empty() {
        let _ = write!(out, "\n<details><summary>{} numbers without a difference that counts</summary>\n", quiet.len());
        table(&mut out, &quiet);
        out.push_str("\n</details>\n");
    }
    let _ = writeln!(out, "\n{}.", escaped(&comparison.yardstick));
    out
}

fn is_told(row: &Row) -> bool {
    matches!(row.change, Change::Worse | Change::CannotTell | Change::Better)
}

fn table(out: &mut String, rows: &[&Row]) {
    out.push_str("\n| | What | Baseline | Candidate | Difference (95 %) | Least seen |\n|---|---|---:|---:|---|---|\n");
    for row in rows {
        let why = row.reason.as_ref().map_or_else(String::new, |reason| format!("; {reason}"));
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} |",
            row.change.words(),
            escaped(&what(row)),
            value(row, row.baseline),
            value(row, row.candidate),
            escaped(&format!("{}{why}", difference(row))),
            seen(row),
        );
    }
}
