//! Tables of rows: from CSV, JSON lines or JSON files, or written in the profile itself.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde_json::Value;
use toml::de::DeValue;

use crate::profile::model::{DataTable, Pick};
use crate::profile::template::Piece;

use super::fields::{Entry, Field};
use super::reader::{Keeping, Reader};
use super::template::is_name;
use super::{json, keys};

/// The largest file of rows: it is held in memory for the whole run.
const MAX_FILE_BYTES: u64 = 64 * 1024 * 1024;

/// Columns, and rows of as many values.
type Rows = (Vec<String>, Vec<Vec<Value>>);

/// Reads `[data.NAME]`.
pub(super) fn table(reader: &mut Reader<'_>, entry: &Entry<'_, '_>) -> Option<DataTable> {
    let place = format!("[data.{}]", entry.key);
    let fields = entry.field.table(reader, &place, keys::DATA)?;
    let picks = [("sequential", Pick::Sequential), ("random", Pick::Random), ("per user", Pick::PerUser)];
    let pick = fields.get("pick").and_then(|field| field.choice(reader, &picks)).unwrap_or_default();
    if !is_name(entry.key) {
        reader.problem(entry.at, format!("`{place}`: a table's name is of letters, digits, _ and -"));
        return None;
    }
    let (columns, rows) = match (fields.get("file"), fields.get("rows")) {
        (Some(file), None) => {
            let path = reader.path(&file)?;
            let rows = from_file(&path).map_err(|message| format!("{}: {message}", path.display()));
            reader.take(&file, rows)?
        }
        (None, Some(rows)) => written(reader, &rows)?,
        _ => {
            reader.problem(
                entry.at,
                format!("`{place}`: give either file = \"users.csv\" or rows = [{{ name = \"ann\" }}]"),
            );
            return None;
        }
    };
    if rows.is_empty() {
        reader.problem(entry.at, format!("`{place}`: it has no rows"));
    }
    Some(DataTable { name: entry.key.to_owned(), columns, rows, pick })
}

fn from_file(path: &Path) -> Result<Rows, String> {
    let mut file = File::open(path).map_err(|error| format!("it cannot be opened: {error}"))?;
    let mut text = Vec::new();
    let limit = MAX_FILE_BYTES + 1;
    Read::by_ref(&mut file)
        .take(limit)
        .read_to_end(&mut text)
        .map_err(|error| format!("it cannot be read: {error}"))?;
    if text.len() as u64 == limit {
        return Err("it is larger than 64 MiB; a sample of its rows will do".to_owned());
    }
    let text = String::from_utf8(text).map_err(|_| "it is not UTF-8".to_owned())?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("csv") => from_csv(text),
        Some("jsonl" | "ndjson") => {
            let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
            let rows = lines.map(|(number, line)| {
                serde_json::from_str(line).map_err(|error| format!("line {}: {error}", number + 1))
            });
            from_objects(&rows.collect::<Result<Vec<Value>, _>>()?)
        }
        Some("json") => match serde_json::from_str(text).map_err(|error| error.to_string())? {
            Value::Array(rows) => from_objects(&rows),
            _ => Err("it is no array; write [{\"name\": \"ann\"}, ...]".to_owned()),
        },
        _ => Err("its ending says no format; there are .csv, .jsonl and .json".to_owned()),
    }
}

fn from_csv(text: &str) -> Result<Rows, String> {
    let mut lines = records(text.as_bytes());
    if lines.is_empty() {
        return Err("it is empty; its first line names the columns".to_owned());
    }
    let (_, columns) = lines.remove(0);
    let mut rows = Vec::with_capacity(lines.len());
    for (line, values) in lines {
        if values.len() != columns.len() {
            return Err(format!("line {line} has {} values where the first has {} names", values.len(), columns.len()));
        }
        rows.push(values.into_iter().map(Value::String).collect());
    }
    Ok((columns, rows))
}

/// The records of a CSV text with the number of the line in which each ends.
fn records(mut input: &[u8]) -> Vec<(u64, Vec<String>)> {
    let mut reader = csv_core::Reader::new();
    // A field is no longer than the text.
    let mut buffer = vec![0; input.len() + 1];
    let (mut records, mut record, mut length) = (Vec::new(), Vec::new(), 0);
    loop {
        let (result, read, written) = reader.read_field(input, &mut buffer[length..]);
        input = &input[read..];
        length += written;
        match result {
            // Told again with no input left, it knows that this was the end.
            csv_core::ReadFieldResult::InputEmpty | csv_core::ReadFieldResult::OutputFull => {}
            csv_core::ReadFieldResult::Field { record_end } => {
                record.push(String::from_utf8_lossy(&buffer[..length]).into_owned());
                length = 0;
                if record_end {
                    records.push((reader.line().saturating_sub(1).max(1), std::mem::take(&mut record)));
                }
            }
            csv_core::ReadFieldResult::End => return records,
        }
    }
}

fn from_objects(rows: &[Value]) -> Result<Rows, String> {
    let columns: Vec<String> = match rows.first() {
        Some(Value::Object(first)) => first.keys().cloned().collect(),
        Some(_) => return Err("row 1 is no object; write {\"name\": \"ann\"}".to_owned()),
        None => return Ok((Vec::new(), Vec::new())),
    };
    let row = |(index, row): (usize, &Value)| {
        let Value::Object(row) = row else { return Err(format!("row {} is no object", index + 1)) };
        let values: Option<Vec<Value>> = columns.iter().map(|column| row.get(column).cloned()).collect();
        let values = values.filter(|values| values.len() == row.len());
        values.ok_or_else(|| {
            format!("row {} has other names than the first, which has {}", index + 1, columns.join(", "))
        })
    };
    let rows = rows.iter().enumerate().map(row).collect::<Result<_, _>>()?;
    Ok((columns.clone(), rows))
}

/// Reads rows that stand in the profile.
fn written(reader: &mut Reader<'_>, field: &Field<'_, '_>) -> Option<Rows> {
    let rows = field.list(reader, "a list of rows, such as [{ name = \"ann\" }]");
    let mut objects = Vec::new();
    for row in rows {
        let mut object = serde_json::Map::new();
        for entry in row.entries(reader, "a row, such as { name = \"ann\" }") {
            object.insert(entry.key.to_owned(), cell(reader, &entry.field)?);
        }
        objects.push(Value::Object(object));
    }
    reader.take(field, from_objects(&objects))
}

/// Reads a value of a row; `${NAME}` in it is filled in.
fn cell(reader: &mut Reader<'_>, field: &Field<'_, '_>) -> Option<Value> {
    if !matches!(field.value.get_ref(), DeValue::String(_)) {
        return match field.value.get_ref() {
            DeValue::Array(_) | DeValue::Table(_) => {
                field.expected(reader, "a text or a number");
                None
            }
            _ => json::scalar(reader, field),
        };
    }
    let mut text = String::new();
    for piece in reader.template(field, Keeping::Secret)?.pieces {
        match piece {
            Piece::Text(part) => text.push_str(&part),
            Piece::Secret(secret) => text.push_str(secret.reveal()),
            _ => {
                reader.wrong(field, "a row is fixed before the first turn; only ${NAME} can be filled in");
                return None;
            }
        }
    }
    Some(Value::String(text))
}
