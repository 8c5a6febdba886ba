//! JSON in a profile: bodies and expected values with places to fill in, and the paths that point into answers.

use serde_json::{Number, Value};
use serde_json_path::JsonPath;
use toml::de::DeValue;

use crate::profile::template::{JsonTemplate, Piece};

use super::fields::Field;
use super::reader::{Keeping, Reader};

/// A path that is longer is no path, and ...
const MAX_PATH_BYTES: usize = 500;
/// ... the parser takes twice as long for each further bracket that is opened within a filter.
const MAX_PATH_DEPTH: usize = 6;

/// Reads a JSON path (RFC 9535).
pub(super) fn path(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.len() > MAX_PATH_BYTES || depth(text) > MAX_PATH_DEPTH {
        return Err("this JSON path is too long or too deep".to_owned());
    }
    match JsonPath::parse(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => Err(format!("`{text}` is no JSON path: {}; it looks like this: $.items[0].id", error.message())),
    }
}

fn depth(path: &str) -> usize {
    let (mut now, mut deepest) = (0_usize, 0);
    for c in path.chars() {
        match c {
            '(' | '[' => now += 1,
            ')' | ']' => now = now.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(now);
    }
    deepest
}

/// Reads any value as JSON whose texts have places to fill in.
pub(super) fn template(reader: &mut Reader<'_>, field: &Field<'_, '_>) -> Option<JsonTemplate> {
    match field.value.get_ref() {
        DeValue::String(_) => {
            let template = reader.template(field, Keeping::Secret)?;
            Some(match template.pieces.as_slice() {
                [] => JsonTemplate::Plain(Value::String(String::new())),
                [Piece::Text(text)] => JsonTemplate::Plain(Value::String(text.clone())),
                [Piece::Variable(name)] => match reader.typed.get(name) {
                    Some(value) => JsonTemplate::Plain(value.clone()),
                    None => JsonTemplate::Text(template),
                },
                _ => JsonTemplate::Text(template),
            })
        }
        DeValue::Array(_) => {
            let items = field.list(reader, "a list");
            let items = items.iter().map(|item| self::template(reader, item)).collect::<Vec<_>>();
            items.into_iter().collect::<Option<_>>().map(JsonTemplate::Array)
        }
        DeValue::Table(_) => {
            let entries = field.entries(reader, "a table");
            let entries = entries
                .iter()
                .map(|entry| Some((entry.key.to_owned(), self::template(reader, &entry.field)?)))
                .collect::<Vec<_>>();
            entries.into_iter().collect::<Option<_>>().map(JsonTemplate::Object)
        }
        _ => scalar(reader, field).map(JsonTemplate::Plain),
    }
}

/// Reads a number, truth value or date as JSON.
pub(super) fn scalar(reader: &mut Reader<'_>, field: &Field<'_, '_>) -> Option<Value> {
    match field.value.get_ref() {
        DeValue::Boolean(truth) => Some(Value::Bool(*truth)),
        DeValue::Datetime(date) => Some(Value::String(date.to_string())),
        DeValue::Integer(number) => {
            let whole = i64::from_str_radix(number.as_str(), number.radix()).ok();
            if whole.is_none() {
                reader.wrong(field, "this number is too large");
            }
            whole.map(Value::from)
        }
        _ => field.number(reader).and_then(Number::from_f64).map(Value::Number),
    }
}
