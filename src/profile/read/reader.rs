//! What all parts of the reader share: the text with its positions, the problems found so far, the environment, the
//! secrets that came from it, and the variables that templates ask for.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::profile::environment::Environment;
use crate::profile::error::Problem;
use crate::profile::model::Secret;
use crate::profile::template::{Piece, Template};

use super::fields::Field;
use super::template::{Part, Parts};

/// A variable that a template names, and where it does.
#[derive(Clone, Debug)]
pub(super) struct Use {
    pub(super) variable: Wanted,
    pub(super) at: usize,
}

/// What a template wants filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// `{{name}}`, `{{table.column}}`.
    Variable(String),
    /// `{{other.name}}`.
    Other(String),
}

/// What becomes of a value from the environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keeping {
    /// It is a secret: sent, and never shown.
    Secret,
    /// It may be shown: the target's address.
    Shown,
}

/// The state of one reading.
pub(super) struct Reader<'a> {
    text: &'a str,
    folder: &'a Path,
    environment: &'a dyn Environment,
    problems: Vec<(usize, String)>,
    uses: Vec<Use>,
    pub(super) secrets: Vec<Secret>,
    /// The variables of `[vars]` that are numbers or truth values, and stay so in JSON.
    pub(super) typed: BTreeMap<String, serde_json::Value>,
    /// Whether the template read last holds a value that only stands in for one.
    stood_in: bool,
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str, folder: &'a Path, environment: &'a dyn Environment) -> Self {
        Self {
            text,
            folder,
            environment,
            problems: Vec::new(),
            uses: Vec::new(),
            secrets: Vec::new(),
            typed: BTreeMap::new(),
            stood_in: false,
        }
    }

    /// Notes that something is wrong at this byte of the text.
    pub(super) fn problem(&mut self, at: usize, message: impl Into<String>) {
        // One line, whatever stands in the file.
        let message: String = message.into().chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        self.problems.push((at, message));
    }

    /// Notes that a field's value is wrong, by the field's name.
    pub(super) fn wrong(&mut self, field: &Field<'_, '_>, message: impl AsRef<str>) {
        self.problem(field.start(), format!("`{}`: {}", field.name, message.as_ref()));
    }

    /// A value, or a problem of the field.
    pub(super) fn take<T>(&mut self, field: &Field<'_, '_>, value: Result<T, String>) -> Option<T> {
        value.map_err(|message| self.wrong(field, message)).ok()
    }

    pub(super) fn is_sound(&self) -> bool {
        self.problems.is_empty()
    }

    /// All problems, in the order of the file.
    pub(super) fn into_problems(self) -> Vec<Problem> {
        let mut problems: Vec<Problem> = self
            .problems
            .into_iter()
            .map(|(at, message)| {
                let (line, column) = position(self.text, at);
                Problem { line, column, message }
            })
            .collect();
        problems.sort();
        problems.dedup();
        problems
    }

    /// The variables that were asked for since the last call.
    pub(super) fn take_uses(&mut self) -> Vec<Use> {
        std::mem::take(&mut self.uses)
    }

    /// Where a part of a text value stands in the file: exactly, unless the value is written with escapes before it.
    pub(super) fn locate(&self, span: &Range<usize>, part: &str) -> usize {
        let written = self.text.get(span.clone()).unwrap_or_default();
        written.find(part).map_or(span.start, |offset| span.start + offset)
    }

    /// Reads a text with places to fill in.
    pub(super) fn template(&mut self, field: &Field<'_, '_>, keeping: Keeping) -> Option<Template> {
        let text = field.text(self)?;
        self.template_of(text, field, keeping)
    }

    /// Reads a text of this field as one with places to fill in.
    pub(super) fn template_of(&mut self, text: &str, field: &Field<'_, '_>, keeping: Keeping) -> Option<Template> {
        let span = field.span();
        let parts = match Parts::read(text) {
            Ok(parts) => parts,
            Err((part, message)) => {
                let at = self.locate(&span, part);
                self.problem(at, format!("`{}`: {message}", field.name));
                return None;
            }
        };
        self.stood_in = false;
        let mut template = Template { source: text.to_owned(), pieces: Vec::new() };
        for part in parts.0 {
            match part {
                Part::Text(text) => push_text(&mut template.pieces, text),
                Part::Random(random) => template.pieces.push(Piece::Random(random)),
                Part::Variable { name, written } => {
                    let at = self.locate(&span, written);
                    self.uses.push(Use { variable: Wanted::Variable(name.clone()), at });
                    template.pieces.push(Piece::Variable(name));
                }
                Part::Other { name, written } => {
                    let at = self.locate(&span, written);
                    self.uses.push(Use { variable: Wanted::Other(name.clone()), at });
                    template.pieces.push(Piece::Other(name));
                }
                Part::Environment { name, default, written } => {
                    let at = self.locate(&span, written);
                    let value = self.environment_value(name, default, at)?;
                    match keeping {
                        Keeping::Shown => push_text(&mut template.pieces, value),
                        Keeping::Secret => {
                            let secret = Secret::new(value);
                            self.keep_secret(secret.reveal().to_owned());
                            template.pieces.push(Piece::Secret(secret));
                        }
                    }
                }
            }
        }
        Some(template)
    }

    /// Whether the template read last holds a value that only stands in for one that is not set.
    pub(super) fn stood_in(&self) -> bool {
        self.stood_in
    }

    /// Keeps a value that must not be shown anywhere.
    pub(super) fn keep_secret(&mut self, value: String) {
        let secret = Secret::new(value);
        if !secret.reveal().is_empty() && !self.secrets.contains(&secret) {
            self.secrets.push(secret);
        }
    }

    /// The path that a field names, from the profile's folder; `${NAME}` in it is filled in.
    pub(super) fn path(&mut self, field: &Field<'_, '_>) -> Option<PathBuf> {
        let template = self.template(field, Keeping::Shown)?;
        let mut path = String::new();
        for piece in template.pieces {
            if let Piece::Text(text) = piece {
                path.push_str(&text);
            } else {
                self.wrong(field, "a path is fixed before the first turn; only ${NAME} can be filled in");
                return None;
            }
        }
        if path.is_empty() {
            self.wrong(field, "a path is missing here");
            return None;
        }
        Some(self.folder.join(path))
    }

    fn environment_value(&mut self, name: &str, default: Option<&str>, at: usize) -> Option<String> {
        // As in a shell, `:-` stands in for an empty value too.
        let set = self.environment.value(name).filter(|value| default.is_none() || !value.is_empty());
        let value = set.or_else(|| default.map(str::to_owned)).or_else(|| {
            self.stood_in = true;
            self.environment.stand_in(name)
        });
        if value.is_none() {
            let message = format!(
                "the environment variable {name} is not set; set it (`export {name}=...`), or write ${{{name}:-default}}"
            );
            self.problem(at, message);
        }
        value
    }
}

fn push_text(pieces: &mut Vec<Piece>, text: String) {
    match pieces.last_mut() {
        Some(Piece::Text(last)) => last.push_str(&text),
        _ => pieces.push(Piece::Text(text)),
    }
}

/// Line and column of a byte, both from 1, the column in characters.
pub(super) fn position(text: &str, at: usize) -> (usize, usize) {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    let before = text.get(..at).unwrap_or_default();
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line = before.matches('\n').count() + 1;
    (line, before.get(line_start..).unwrap_or_default().chars().count() + 1)
}
