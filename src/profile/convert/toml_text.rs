//! Writes values as TOML, and literal texts so that templates leave them alone.

use serde_json::Value;

/// A literal text as a template: what would be a place to fill in is doubled.
pub(super) fn literal(text: &str) -> String {
    let (mut literal, mut rest) = (String::with_capacity(text.len()), text);
    // From left to right, as the reader goes: in `${{` only the first two signs are a mark.
    while let Some(c) = rest.chars().next() {
        let (written, length) = match c {
            '{' if rest.starts_with("{{") => ("{{{{", 2),
            '$' if rest.starts_with("${") => ("$${", 2),
            c => (&rest[..c.len_utf8()], c.len_utf8()),
        };
        literal.push_str(written);
        rest = &rest[length..];
    }
    literal
}

/// A text in quotes.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            c if c.is_control() => {
                quoted.push_str("\\u");
                // TOML asks for four digits; control characters have no more.
                quoted.extend(
                    [12, 8, 4, 0].map(|shift| char::from_digit(u32::from(c) >> shift & 0xF, 16).unwrap_or('0')),
                );
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// A key, bare where TOML allows it.
pub(super) fn key(name: &str) -> String {
    let bare = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
    if bare { name.to_owned() } else { quoted(name) }
}

/// How deep a value may be nested: TOML's parser takes no more than 80.
const MAX_DEPTH: usize = 60;

/// JSON in one line of TOML, its texts as templates already; `None` where TOML has no such value (null, a number beyond
/// 63 bits) or would not take it so deep.
pub(super) fn inline(value: &Value) -> Option<String> {
    inline_at(value, 0)
}

fn inline_at(value: &Value, depth: usize) -> Option<String> {
    if depth > MAX_DEPTH {
        return None;
    }
    Some(match value {
        Value::Null => return None,
        Value::Bool(truth) => truth.to_string(),
        Value::Number(number) if number.is_f64() => format!("{:?}", number.as_f64()?),
        Value::Number(number) => number.as_i64()?.to_string(),
        Value::String(text) => quoted(text),
        Value::Array(items) => {
            let items: Option<Vec<String>> = items.iter().map(|item| inline_at(item, depth + 1)).collect();
            format!("[{}]", items?.join(", "))
        }
        Value::Object(entries) if entries.is_empty() => "{}".to_owned(),
        Value::Object(entries) => {
            let entry =
                |(name, value): (&String, &Value)| Some(format!("{} = {}", key(name), inline_at(value, depth + 1)?));
            format!("{{ {} }}", entries.iter().map(entry).collect::<Option<Vec<_>>>()?.join(", "))
        }
    })
}
