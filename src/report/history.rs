//! The runs of a folder in words: a line a run, and beneath it where it leaves the runs before.

use std::fmt::Write as _;

use crate::domain::comparison::Quantity;
use crate::domain::history::{Entry, Figure};
use crate::domain::rate::{amount, bound, span, with_decimals};
use crate::domain::{Metric, Unit, Verdict};

use super::text::{Style, painted, printable};

/// One JSON object, without an end of line.
///
/// # Errors
/// None that a well-formed entry can cause.
pub fn history_json_line(entry: &Entry) -> serde_json::Result<String> {
    serde_json::to_string(entry)
}

/// The columns of figures: heading, width, and which figure stands there.
const COLUMNS: [(&str, usize, &str, Quantity); 7] = [
    ("memory", 10, "rss_anon", Quantity::Level),
    ("growth", 12, "rss_anon", Quantity::GrowthPerHour),
    ("fds", 7, "fds", Quantity::Level),
    ("growth", 10, "fds", Quantity::GrowthPerHour),
    ("threads", 8, "threads", Quantity::Level),
    ("p95", 9, "requests", Quantity::P95),
    ("failed", 8, "requests", Quantity::Failures),
];

/// The whole list.
pub fn history_text(entries: &[Entry], style: Style) -> String {
    let mut out = format!("{:<17}{:<14}{:<12}{:>10}  {:<13}", "started (UTC)", "label", "target", "length", "verdict");
    for (head, width, ..) in COLUMNS {
        let _ = write!(out, "{head:>width$}");
    }
    out.push('\n');
    for entry in entries {
        line(&mut out, entry, style);
    }
    out
}

fn line(out: &mut String, entry: &Entry, style: Style) {
    let when = entry.started_at.as_deref().unwrap_or(&entry.run);
    let when = cut(when, 16).replace('T', " ");
    if let Some(why) = &entry.broken {
        let _ = writeln!(out, "{when:<17}cannot be read: {}", printable(why));
        return;
    }
    let label = entry.label.as_deref().map_or_else(|| "-".to_owned(), |label| cut(label, 12));
    let target = cut(entry.target.as_deref().unwrap_or("-"), 11);
    let length = entry.recorded_s.map_or_else(|| "-".to_owned(), |length| span(length.round()));
    let verdict = entry.verdict.unwrap_or(Verdict::Inconclusive);
    let word = painted(&format!("{:<13}", verdict.word()), verdict, style);
    let _ = write!(out, "{when:<17}{label:<14}{target:<12}{length:>10}  {word}");
    for (_, width, subject, quantity) in COLUMNS {
        let is_wanted = |figure: &&Figure| figure.subject == subject && figure.quantity == quantity;
        let told = entry.figures.iter().find(is_wanted).map_or_else(|| "-".to_owned(), |it| value(it, it.value));
        let _ = write!(out, "{told:>width$}");
    }
    out.push('\n');
    for (figure, departure) in entry.figures.iter().filter_map(|figure| Some((figure, figure.departs?))) {
        let share = (departure.usual > 0.0).then(|| 100.0 * (figure.value / departure.usual - 1.0));
        let share = share.map_or_else(String::new, |share| {
            format!(", {}{} %", if share > 0.0 { "+" } else { "" }, with_decimals(share, 0))
        });
        let _ = writeln!(
            out,
            "{:<17}^ {}, {}: {} against {} in the {} runs before{share}",
            "",
            label_of(&figure.subject),
            figure.quantity.words(),
            value(figure, figure.value),
            value(figure, departure.usual),
            departure.runs,
        );
    }
}

/// So many characters of a text that may be anybody's.
fn cut(text: &str, width: usize) -> String {
    printable(text).chars().take(width).collect()
}

fn label_of(subject: &str) -> &str {
    Metric::from_name(subject).map_or(subject, |metric| metric.label())
}

fn value(figure: &Figure, value: f64) -> String {
    match figure.quantity {
        Quantity::GrowthPerHour if value.abs() < 1e-3 => "0".to_owned(),
        Quantity::GrowthPerHour => bound(value, figure.unit),
        Quantity::Failures => format!("{} %", with_decimals(100.0 * value, 2)),
        Quantity::P95 => amount(value, Unit::Milliseconds),
        _ => amount(value, figure.unit),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::history::Departure;

    fn entry(run: &str) -> Entry {
        let figure = |subject: &str, quantity, unit, value| Figure {
            subject: subject.to_owned(),
            quantity,
            unit,
            value,
            departs: None,
        };
        Entry {
            run: run.to_owned(),
            broken: None,
            started_at: Some("2026-11-21T08:00:00.000Z".into()),
            label: Some("0123456789abcdef0123456789abcdef01234567".into()),
            target: Some("api\u{1b}[31m".into()),
            load: None,
            recorded_s: Some(3_600.0),
            verdict: Some(Verdict::Growing),
            figures: vec![
                figure("rss_anon", Quantity::Level, Unit::Bytes, 13_000_000.0),
                figure("rss_anon", Quantity::GrowthPerHour, Unit::Bytes, 0.0),
                figure("requests", Quantity::P95, Unit::Milliseconds, 12.5),
            ],
        }
    }

    #[test]
    fn a_run_is_a_line_a_step_stands_beneath_and_what_is_broken_says_why() {
        let mut stepped = entry("b");
        stepped.figures[2].departs = Some(Departure { usual: 10.0, runs: 5 });
        let lost =
            Entry { broken: Some("there is no record".into()), started_at: None, ..entry("2026-11-22T08-00-00Z-x") };
        let text = history_text(&[entry("a"), stepped, lost], Style::Plain);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 5, "{text}");
        assert!(lines[1].starts_with("2026-11-21 08:00 0123456789ab") && lines[1].contains("12.4 MiB"), "{text}");
        assert!(lines[3].contains("^ requests, p95: 12.5 ms against 10.0 ms in the 5 runs before, +25 %"), "{text}");
        assert!(lines[4].contains("cannot be read: there is no record"), "{text}");
        assert!(!text.contains('\u{1b}'));
    }
}
