//! Texts with places to fill in: `/sessions/{{sid}}/turns`. Parsed once when the profile is read, filled at each request.

use std::fmt;

use serde_json::Value;

/// A text with places to fill in. It prints as it was written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Template {
    /// The text as it stands in the file: what reports show, and the key that keeps the number of URLs small.
    pub source: String,
    /// Its pieces, in order.
    pub pieces: Vec<Piece>,
}

/// A part of a template.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// A text as it is.
    Text(String),
    /// A value from the environment: `${NAME}`. It is sent and never shown.
    Secret(super::Secret),
    /// A variable: `{{sid}}`, `{{users.name}}`, `{{tenant}}`, `{{tenant.key}}`, `{{user}}`, `{{turn}}`, `{{repeat}}`.
    Variable(String),
    /// The latest value that a user of another tenant has captured: `{{other.sid}}`. A step that needs one is skipped and
    /// counted as skipped while there is none.
    Other(String),
    /// Something drawn anew each time.
    Random(Random),
}

/// What is drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Random {
    /// `{{random}}`: a whole number of 63 bits.
    Number,
    /// `{{random.int(1, 100)}}`: a whole number between both ends, included.
    Int(i64, i64),
    /// `{{random.uuid}}`: a UUID of version 4.
    Uuid,
    /// `{{random.word}}`: a word of a small list.
    Word,
    /// `{{random.text(2KiB)}}`: words of so many bytes in all.
    Text(u64),
    /// `{{random.hex(32)}}`: so many hexadecimal digits.
    Hex(u64),
    /// `{{random.of(a, b, c)}}`: one of them.
    Of(Vec<String>),
}

impl Template {
    /// A text without places to fill in.
    pub fn text(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { pieces: vec![Piece::Text(text.clone())], source: text }
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

/// JSON whose texts have places to fill in. A text that is one variable and nothing else becomes the variable's value with
/// its type: `"{{count}}"` may become a number.
#[derive(Clone, Debug, PartialEq)]
pub enum JsonTemplate {
    /// A value without templates.
    Plain(Value),
    /// A text.
    Text(Template),
    /// An array.
    Array(Vec<JsonTemplate>),
    /// An object; its names are not templates.
    Object(Vec<(String, JsonTemplate)>),
}
