//! JSON lines: one object a line, whose keys are the names that a CSV's header would have. Nested objects count by their
//! path (`memory.rss_kb` is `memory_rss_kb`).

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io::BufRead;

use serde_json::{Map, Value};

use super::column::{Column, Purpose};
use super::error::Fault;
use super::lines::Lines;
use super::table::Table;

/// Objects nested deeper than this hold no sample's numbers.
const DEEPEST: usize = 4;

/// Reads every line. The time must be in the first one; other keys may come later.
pub(super) fn table<R: BufRead>(lines: &mut Lines<R>) -> Result<Table, Fault> {
    let mut table = Table::new();
    let mut positions: HashMap<String, usize> = HashMap::new();
    let mut first = true;
    let mut cut = None;
    while let Some(line) = lines.next()? {
        let number = line.number;
        let object: Map<String, Value> = match serde_json::from_str(&line.text) {
            Ok(object) => object,
            // The last line of a recorder that was killed.
            Err(_) if !line.whole && !first => {
                cut = Some(number);
                break;
            }
            Err(error) => return Err(Fault::NotAnObject { line: number, why: error.to_string() }),
        };
        if first {
            declare(&mut table, &mut positions, &object, number)?;
            table.choose_time()?;
            first = false;
        }
        take(&mut table, &mut positions, &object, number)?;
        table.end_row(number)?;
    }
    if let Some(line) = cut {
        table.notes.push(format!("line {line} is cut short and was left out"));
    }
    Ok(table)
}

/// Calls `leaf` with the whole name of each value: `a.b` for a `b` within `a`. Lists have no name for their parts and are left
/// out, and so is what is nested too deep.
fn walk(
    object: &Map<String, Value>,
    path: &str,
    depth: usize,
    leaf: &mut dyn FnMut(String, &Value) -> Result<(), Fault>,
) -> Result<(), Fault> {
    for (key, value) in object {
        let name = format!("{path}{key}");
        match value {
            Value::Object(inner) if depth < DEEPEST => walk(inner, &format!("{name}."), depth + 1, leaf)?,
            Value::Object(_) | Value::Array(_) => {}
            value => leaf(name, value)?,
        }
    }
    Ok(())
}

/// Makes columns of the keys, so that the time is known before the first value is read.
fn declare(
    table: &mut Table,
    positions: &mut HashMap<String, usize>,
    object: &Map<String, Value>,
    line: u64,
) -> Result<(), Fault> {
    walk(object, "", 0, &mut |name, _| {
        if let Entry::Vacant(place) = positions.entry(name) {
            let position = table.add(Column::named(place.key(), None), line)?;
            place.insert(position);
        }
        Ok(())
    })
}

fn take(
    table: &mut Table,
    positions: &mut HashMap<String, usize>,
    object: &Map<String, Value>,
    line: u64,
) -> Result<(), Fault> {
    walk(object, "", 0, &mut |name, value| {
        let position = if let Some(&position) = positions.get(&name) {
            position
        } else {
            let mut column = Column::named(&name, None);
            // The first line settled which key is the time.
            if matches!(column.purpose, Purpose::Time { .. }) {
                column.purpose = Purpose::Series;
            }
            let position = table.add(column, line)?;
            positions.insert(name, position);
            position
        };
        match value {
            Value::Null => Ok(()),
            Value::Number(number) => table.field(position, &number.to_string(), line),
            Value::String(text) => table.field(position, text, line),
            other => table.field(position, &other.to_string(), line),
        }
    })
}
