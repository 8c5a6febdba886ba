//! Reads `objectives`, `[[objective]]` and `fail_on`: what must hold.

use toml::de::DeValue;

use crate::domain::Objective;
use crate::profile::known::Known;

use super::fields::{Field, Fields};
use super::keys;
use super::reader::Reader;

/// Quantities of which more is better, so that a graded limit on them is a least one.
const MORE_IS_BETTER: [&str; 3] = ["availability", "throughput", "rate"];

/// Reads all objectives, the plain ones first.
pub(super) fn objectives(reader: &mut Reader<'_>, top: &Fields<'_, '_>, known: &Known) -> Vec<Objective> {
    let mut objectives = Vec::new();
    if let Some(list) = top.get("objectives") {
        for item in list.list(reader, "a list of limits, such as [\"p95 < 500ms\"]") {
            let text = item.words(reader).map(str::to_owned);
            objectives.extend(text.and_then(|text| parse(reader, known, &item, &text)));
        }
    }
    if let Some(list) = top.get("objective") {
        let tables = list.tables(reader, "[[objective]]", keys::OBJECTIVE);
        objectives.extend(tables.iter().filter_map(|fields| graded(reader, known, fields)));
    }
    objectives
}

fn parse(reader: &mut Reader<'_>, known: &Known, field: &Field<'_, '_>, text: &str) -> Option<Objective> {
    let objective = text.parse::<Objective>().map_err(|error| error.to_string());
    let sound = objective.and_then(|objective| match known.missing(&objective) {
        Some(missing) => Err(format!("`{text}`: {missing}")),
        None => Ok(objective),
    });
    reader.take(field, sound)
}

/// Turns a graded objective into the one form that objectives are written in:
/// `p95 for turn <= 100ms target, 200ms acceptable, 1s poor`.
fn graded(reader: &mut Reader<'_>, known: &Known, fields: &Fields<'_, '_>) -> Option<Objective> {
    let Some(quantity) = fields.get("quantity") else {
        reader.problem(fields.start(), "`[[objective]]`: `quantity` is missing, such as quantity = \"p95 for login\"");
        return None;
    };
    let words = quantity.words(reader)?;
    let comparison = match words.split_whitespace().next() {
        _ if words.ends_with(['<', '>', '=']) => "",
        Some(first) if MORE_IS_BETTER.contains(&first) => " >=",
        _ => " <=",
    };
    let mut grades = Vec::new();
    for grade in ["target", "acceptable", "poor"] {
        let Some(field) = fields.get(grade) else { continue };
        let limit = match field.value.get_ref() {
            DeValue::String(_) => field.words(reader).map(str::to_owned),
            _ => field.number(reader).map(|number| number.to_string()),
        };
        grades.push((limit?, grade));
    }
    let limits = match grades.as_slice() {
        [] => {
            reader
                .problem(fields.start(), "`[[objective]]`: give a limit: `target`, `acceptable` or `poor`, or several");
            return None;
        }
        // A single limit is no grading.
        [(limit, _)] => limit.clone(),
        several => several.iter().map(|(limit, grade)| format!("{limit} {grade}")).collect::<Vec<_>>().join(", "),
    };
    parse(reader, known, &quantity, &format!("{words}{comparison} {limits}"))
}

/// Reads `fail_on` of the profile or of a scenario: budgets as the command line takes them, which checks what they mean.
pub(super) fn budgets(reader: &mut Reader<'_>, fields: &Fields<'_, '_>) -> Option<Vec<String>> {
    let list = fields.get("fail_on")?;
    let items = list.list(reader, "a list of budgets, such as [\"rss > 2 MiB/h\"]");
    Some(items.iter().filter_map(|item| item.words(reader).map(str::to_owned)).collect())
}
