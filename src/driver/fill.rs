//! Templates filled in: what is sent, and which parts of it must not be shown.

use std::fmt::Write as _;
use std::ops::Range;

use fastrand::Rng;
use serde_json::Value;

use super::secrets::{HIDDEN, is_telling};
use super::variables::{Found, Knowledge, Shared};
use crate::profile::{JsonTemplate, Piece, Random, Template};

/// Words for `{{random.word}}` and `{{random.text}}`.
const WORDS: [&str; 32] = [
    "amber", "basin", "cedar", "delta", "ember", "fjord", "grove", "heron", "inlet", "jetty", "knoll", "larch",
    "maple", "north", "ocean", "pearl", "quarry", "river", "slate", "tidal", "upland", "valley", "willow", "xenon",
    "yarrow", "zephyr", "arch", "brook", "cliff", "dune", "fern", "gale",
];

/// Why a template cannot be filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Missing {
    /// Nobody knows this name.
    Variable(String),
    /// Nobody else has captured anything under this name yet.
    Other(String),
}

/// A text that was filled in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Filled {
    /// What is sent.
    pub(super) text: String,
    /// The parts of it that must stand in no file.
    pub(super) hidden: Vec<Range<usize>>,
}

impl Filled {
    /// The text without what must stand in no file.
    pub(super) fn shown(&self) -> String {
        let (mut shown, mut end) = (String::with_capacity(self.text.len()), 0);
        for hidden in &self.hidden {
            shown.push_str(&self.text[end..hidden.start]);
            shown.push_str(HIDDEN);
            end = hidden.end;
        }
        shown.push_str(&self.text[end..]);
        shown
    }
}

/// Fills in a text.
///
/// # Errors
/// A name that nobody knows.
pub(super) fn text(
    template: &Template,
    shared: &Shared,
    knowledge: &Knowledge,
    random: &mut Rng,
) -> Result<Filled, Missing> {
    let mut filled = Filled::default();
    for piece in &template.pieces {
        let start = filled.text.len();
        if fill_piece(piece, &mut filled.text, shared, knowledge, random)? {
            filled.hidden.push(start..filled.text.len());
        }
    }
    Ok(filled)
}

/// Appends a piece, and answers whether it is a secret.
fn fill_piece(
    piece: &Piece,
    text: &mut String,
    shared: &Shared,
    knowledge: &Knowledge,
    random: &mut Rng,
) -> Result<bool, Missing> {
    match piece {
        Piece::Text(plain) => text.push_str(plain),
        Piece::Secret(secret) => {
            text.push_str(secret.reveal());
            return Ok(true);
        }
        Piece::Variable(name) => {
            let named = shared.find(name, knowledge).ok_or_else(|| Missing::Variable(name.clone()))?;
            match named.found {
                Found::Text(found) => text.push_str(found),
                Found::Value(value) => push_value(text, value),
                Found::Number(number) => push(text, number),
            }
            return Ok(named.is_secret);
        }
        Piece::Other(name) => {
            let found = shared.board.of_another(name, knowledge.owner(), random);
            push_value(text, found.ok_or_else(|| Missing::Other(name.clone()))?);
            return Ok(is_telling(name));
        }
        Piece::Random(what) => push_random(text, what, random),
    }
    Ok(false)
}

fn push(text: &mut String, what: impl std::fmt::Display) {
    // Writing into a String cannot fail.
    let _ = write!(text, "{what}");
}

fn push_value(text: &mut String, value: &Value) {
    match value {
        Value::String(plain) => text.push_str(plain),
        other => push(text, other),
    }
}

fn push_random(text: &mut String, what: &Random, random: &mut Rng) {
    match what {
        Random::Number => push(text, random.u64(..) >> 1),
        Random::Int(from, to) => push(text, random.i64(*from.min(to)..=*from.max(to))),
        Random::Uuid => {
            // RFC 9562, version 4: 122 random bits, and the version and the variant in their places.
            let bits = random.u128(..) & !(0xf << 76) & !(0x3 << 62) | 0x4 << 76 | 0x2 << 62;
            let part = |from: u32, digits: u32| bits >> from & ((1 << (digits * 4)) - 1);
            let _ = write!(
                text,
                "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
                part(96, 8),
                part(80, 4),
                part(64, 4),
                part(48, 4),
                part(0, 12)
            );
        }
        Random::Word => text.push_str(word(random)),
        Random::Text(bytes) => {
            let end = text.len() + usize::try_from(*bytes).unwrap_or(usize::MAX);
            while text.len() < end {
                text.push_str(word(random));
                text.push(' ');
            }
            // The words are ASCII, so it can be cut anywhere.
            text.truncate(end);
        }
        Random::Hex(digits) => (0..*digits).for_each(|_| push(text, format_args!("{:x}", random.u8(..16)))),
        Random::Of(choices) => {
            if let Some(chosen) = random.choice(choices) {
                text.push_str(chosen);
            }
        }
    }
}

fn word(random: &mut Rng) -> &'static str {
    WORDS[random.usize(..WORDS.len())]
}

/// Fills in JSON. A text that is one variable and nothing else becomes the variable's value with its type.
///
/// # Errors
/// A name that nobody knows.
pub(super) fn json(
    template: &JsonTemplate,
    shared: &Shared,
    knowledge: &Knowledge,
    random: &mut Rng,
) -> Result<Value, Missing> {
    Ok(match template {
        JsonTemplate::Plain(value) => value.clone(),
        JsonTemplate::Text(template) => match single(template, shared, knowledge, random) {
            Some(value) => value,
            None => Value::String(text(template, shared, knowledge, random)?.text),
        },
        JsonTemplate::Array(items) => {
            Value::Array(items.iter().map(|item| json(item, shared, knowledge, random)).collect::<Result<_, _>>()?)
        }
        JsonTemplate::Object(members) => Value::Object(
            members
                .iter()
                .map(|(name, member)| Ok((name.clone(), json(member, shared, knowledge, random)?)))
                .collect::<Result<_, Missing>>()?,
        ),
    })
}

/// The value with its type, where the text is one variable or one random number.
fn single(template: &Template, shared: &Shared, knowledge: &Knowledge, random: &mut Rng) -> Option<Value> {
    let [piece] = template.pieces.as_slice() else { return None };
    match piece {
        Piece::Variable(name) => match shared.find(name, knowledge)?.found {
            Found::Value(value) => Some(value.clone()),
            Found::Number(number) => Some(number.into()),
            Found::Text(_) => None,
        },
        Piece::Other(name) => shared.board.of_another(name, knowledge.owner(), random).cloned(),
        Piece::Random(Random::Number) => Some((random.u64(..) >> 1).into()),
        Piece::Random(Random::Int(from, to)) => Some(random.i64(*from.min(to)..=*from.max(to)).into()),
        _ => None,
    }
}
