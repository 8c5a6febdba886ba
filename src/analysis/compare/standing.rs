//! From rows to the one answer: what a gate does with the candidate, and why.

use crate::domain::comparison::{Change, Mismatch, Row, Standing, Weight};

use super::{ENOUGH_BASELINES, Tolerances, USUAL_TOLERANCE};

/// What a difference is held against, in one sentence.
pub(super) fn yardstick(baselines: usize, tolerances: &Tolerances) -> String {
    let percent = |share: f64| format!("{} %", (share * 1000.0).round() / 10.0);
    let all = tolerances.all;
    if baselines >= ENOUGH_BASELINES {
        let beyond = all.map_or_else(String::new, |share| format!(", and {} beyond it is tolerated", percent(share)));
        return format!(
            "the spread between the {baselines} baselines says how far one more run may lie from them{beyond}"
        );
    }
    let runs = if baselines == 1 { "one run" } else { "two runs" };
    format!(
        "{runs} against one cannot tell how much runs differ by themselves, so a difference up to {} is tolerated; \
         {ENOUGH_BASELINES} or more baselines would tell",
        percent(all.unwrap_or(USUAL_TOLERANCE))
    )
}

/// The answer and its reason.
pub(super) fn of(rows: &[Row], mismatches: &[Mismatch], died: Option<String>) -> (Standing, String) {
    let worse: Vec<&Row> = rows.iter().filter(|row| row.change == Change::Worse).collect();
    if let Some(death) = died {
        return (Standing::Regression, death);
    }
    if mismatches.iter().any(|mismatch| mismatch.weight == Weight::Prevents) {
        let what: Vec<&str> = mismatches
            .iter()
            .filter(|mismatch| mismatch.weight == Weight::Prevents)
            .map(|mismatch| mismatch.what.as_str())
            .collect();
        return (Standing::CannotTell, format!("the runs were not made alike: {} differs", what.join(", ")));
    }
    if let Some((first, rest)) = worse.split_first() {
        let others = if rest.is_empty() { String::new() } else { format!(" (and {} more)", rest.len()) };
        return (Standing::Regression, format!("{} is worse{others}", name(first)));
    }
    let open: Vec<&Row> = rows.iter().filter(|row| row.keeps_open).collect();
    if let Some((first, rest)) = open.split_first() {
        let others = if rest.is_empty() { String::new() } else { format!(" (and {} more)", rest.len()) };
        let why = first.reason.as_deref().unwrap_or("the runs do not tell");
        return (Standing::CannotTell, format!("{}{others}: {why}", name(first)));
    }
    if rows.is_empty() {
        return (Standing::CannotTell, "the runs have nothing in common that could be compared".to_owned());
    }
    let told = rows.iter().filter(|row| row.change != Change::CannotTell).count();
    (Standing::NotShown, format!("none of {told} numbers is shown to be worse"))
}

fn name(row: &Row) -> String {
    format!("{}, {}", row.label, row.quantity.words())
}
