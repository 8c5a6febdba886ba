//! The terminal's table: what is worse first, and the answer as the last line, so that it is on the screen.

use std::fmt::Write as _;

use crate::domain::comparison::{Change, Quantity, Row, Standing, Weight};
use crate::domain::{Comparison, Verdict};

use super::super::text::{Style, painted, printable, wrap};
use super::words::{difference, seen, tells_difference, value};

/// Rows without a difference that are shown; with many steps there are hundreds, and JSON has all.
const QUIET_ROWS: usize = 30;
/// The width of the first column.
const WHAT: usize = 36;

/// The whole comparison for a terminal.
pub fn comparison_text(comparison: &Comparison, style: Style) -> String {
    let mut out = String::new();
    for baseline in &comparison.baselines {
        let _ = writeln!(out, "baseline   {}", printable(baseline));
    }
    let _ = writeln!(out, "candidate  {}", printable(&comparison.candidate));
    for mismatch in &comparison.mismatches {
        let word = if mismatch.weight == Weight::Prevents { "NOT ALIKE" } else { "differs" };
        let told = format!("{word}: {}: {}, then {}", mismatch.what, mismatch.baseline, mismatch.candidate);
        wrap(&mut out, &printable(&told));
    }
    comparison.notes.iter().for_each(|note| wrap(&mut out, &printable(note)));
    for change in Change::ALL {
        let rows: Vec<&Row> = comparison.rows.iter().filter(|row| row.change == change).collect();
        group(&mut out, change, &rows, style);
    }
    out.push('\n');
    wrap(&mut out, &comparison.yardstick);
    let mut verdict = String::new();
    let word = comparison.verdict.words().to_uppercase();
    wrap(&mut verdict, &printable(&format!("{word}: {}", comparison.reason)));
    let change = match comparison.verdict {
        Standing::Regression => Change::Worse,
        Standing::CannotTell => Change::CannotTell,
        Standing::NotShown => Change::Better,
    };
    out.push_str(&verdict.replacen(&word, &coloured(&word, change, style), 1));
    out
}

fn coloured(word: &str, change: Change, style: Style) -> String {
    match change {
        Change::Worse => painted(word, Verdict::Growing, style),
        Change::CannotTell => painted(word, Verdict::Inconclusive, style),
        Change::Better => painted(word, Verdict::Steady, style),
        Change::Tolerated | Change::NotShown => word.to_owned(),
    }
}

fn group(out: &mut String, change: Change, rows: &[&Row], style: Style) {
    if rows.is_empty() {
        return;
    }
    let last = if change == Change::NotShown { "least seen" } else { "difference (95 %)" };
    let head = coloured(&format!("{:<WHAT$}", change.words().to_uppercase()), change, style);
    let _ = writeln!(out, "\n{head}{:>11} {:>11}  {last}", "baseline", "candidate");
    let (rows, hidden) = chosen(change, rows);
    let mut told: Option<&str> = None;
    for row in rows {
        let last = if tells_difference(row) { difference(row) } else { seen(row) };
        let name = named(row);
        let (before, after) = (value(row, row.baseline), value(row, row.candidate));
        let line = format!("{name:<WHAT$}{before:>11} {after:>11}  {last}");
        let _ = writeln!(out, "{}", line.trim_end());
        // One reason often holds for many rows; it is said once.
        if let Some(reason) = row.reason.as_deref().filter(|reason| told != Some(reason)) {
            let mut wrapped = String::new();
            wrap(&mut wrapped, &printable(reason));
            for line in wrapped.lines() {
                let _ = writeln!(out, "    {line}");
            }
            told = Some(reason);
        }
    }
    if hidden > 0 {
        let _ = writeln!(out, "... and {hidden} more that keep nothing open (--json has all)");
    }
}

/// The rows that are shown, and how many are not: of what cannot be told, what keeps the answer open; of what does not
/// differ, the first, without the growth per turn, which says again what the growth says.
fn chosen<'a>(change: Change, rows: &[&'a Row]) -> (Vec<&'a Row>, usize) {
    let is_shown = |row: &&&Row| match change {
        Change::CannotTell => row.keeps_open,
        Change::NotShown => row.quantity != Quantity::GrowthPerTurn,
        _ => true,
    };
    let most = if change == Change::NotShown { QUIET_ROWS } else { usize::MAX };
    let shown: Vec<&Row> = rows.iter().filter(is_shown).take(most).copied().collect();
    let hidden = rows.len() - shown.len();
    (shown, hidden)
}

/// A name of the row in the width of its column: where it is too long, the number's name stays whole.
fn named(row: &Row) -> String {
    let tail = format!(", {}", row.quantity.words());
    let room = (WHAT - 1).saturating_sub(tail.chars().count());
    let label = printable(&row.label);
    if label.chars().count() <= room {
        return label + &tail;
    }
    label.chars().take(room.saturating_sub(1)).chain(['~']).collect::<String>() + &tail
}
