//! Tables and values of the file with their names and places, and the forms that a value may take. A key that nobody
//! knows is a problem as soon as its table is opened.

use std::ops::{Range, RangeInclusive};
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::profile::error::{did_you_mean, nearest};
use crate::profile::units;

use super::reader::Reader;

/// A value with its place in the text.
pub(super) type Value<'i> = Spanned<DeValue<'i>>;

/// A value by the name that a message calls it.
#[derive(Clone, Debug)]
pub(super) struct Field<'t, 'i> {
    /// `[target] url`, `[[flow.chat]] expect.status`.
    pub(super) name: String,
    pub(super) value: &'t Value<'i>,
}

/// A table whose keys are known.
#[derive(Clone, Debug)]
pub(super) struct Fields<'t, 'i> {
    place: String,
    span: Range<usize>,
    table: &'t DeTable<'i>,
    keys: &'static [&'static str],
}

impl<'t, 'i> Fields<'t, 'i> {
    /// Opens a table; keys beyond the known ones are problems.
    pub(super) fn open(
        reader: &mut Reader<'_>,
        place: &str,
        span: Range<usize>,
        table: &'t DeTable<'i>,
        keys: &'static [&'static str],
    ) -> Self {
        for key in table.keys() {
            let name: &str = key.get_ref();
            if keys.contains(&name) {
                continue;
            }
            let near = nearest(name, keys.iter().copied());
            let known = if near.is_none() { format!("; there are {}", keys.join(", ")) } else { String::new() };
            let place = if place.is_empty() { format!("`{name}`") } else { format!("`{}`", join(place, name)) };
            reader.problem(key.span().start, format!("{place}: no such key{}{known}", did_you_mean(near)));
        }
        Self { place: place.to_owned(), span, table, keys }
    }

    /// The value of a key.
    pub(super) fn get(&self, key: &str) -> Option<Field<'t, 'i>> {
        debug_assert!(self.keys.contains(&key), "{} {key} is read and not known", self.place);
        self.table.get(key).map(|value| Field { name: join(&self.place, key), value })
    }

    pub(super) fn place(&self) -> &str {
        &self.place
    }

    /// Where it starts in the text.
    pub(super) fn start(&self) -> usize {
        self.span.start
    }

    /// The keys of these that are there, in the file's order.
    pub(super) fn present(&self, keys: &[&'static str]) -> Vec<&'static str> {
        let mut found: Vec<(usize, &'static str)> = keys
            .iter()
            .filter_map(|&key| self.table.get_key_value(key).map(|(name, _)| (name.span().start, key)))
            .collect();
        found.sort_unstable();
        found.into_iter().map(|(_, key)| key).collect()
    }
}

fn join(place: &str, key: &str) -> String {
    match place {
        "" => key.to_owned(),
        header if header.ends_with(']') => format!("{header} {key}"),
        inline => format!("{inline}.{key}"),
    }
}

impl<'t, 'i> Field<'t, 'i> {
    pub(super) fn span(&self) -> Range<usize> {
        self.value.span()
    }

    pub(super) fn start(&self) -> usize {
        self.value.span().start
    }

    /// What kind of value it is, in words.
    fn kind(&self) -> &'static str {
        match self.value.get_ref() {
            DeValue::String(_) => "a text",
            DeValue::Integer(_) | DeValue::Float(_) => "a number",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        }
    }

    /// Notes that another kind of value belongs here.
    pub(super) fn expected(&self, reader: &mut Reader<'_>, form: &str) {
        reader.wrong(self, format!("this is {}; write {form}", self.kind()));
    }

    /// A text.
    pub(super) fn text(&self, reader: &mut Reader<'_>) -> Option<&'t str> {
        if let DeValue::String(text) = self.value.get_ref() {
            Some(text)
        } else {
            self.expected(reader, "a text in quotes");
            None
        }
    }

    /// A text that says something.
    pub(super) fn words(&self, reader: &mut Reader<'_>) -> Option<&'t str> {
        let text = self.text(reader)?.trim();
        if text.is_empty() {
            reader.wrong(self, "it is empty");
            return None;
        }
        Some(text)
    }

    /// A text in one of the forms that a function reads.
    pub(super) fn form<T>(
        &self,
        reader: &mut Reader<'_>,
        example: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        if let DeValue::String(text) = self.value.get_ref() {
            reader.take(self, parse(text))
        } else {
            self.expected(reader, example);
            None
        }
    }

    /// A number, or a text in one of the forms that a function reads.
    pub(super) fn number_or<T>(
        &self,
        reader: &mut Reader<'_>,
        example: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        match self.value.get_ref() {
            DeValue::Integer(number) if number.radix() == 10 => reader.take(self, parse(number.as_str())),
            DeValue::Float(number) => reader.take(self, parse(number.as_str())),
            _ => self.form(reader, example, parse),
        }
    }

    /// A time, which may be zero.
    pub(super) fn time(&self, reader: &mut Reader<'_>) -> Option<Duration> {
        self.form(reader, "a time with its unit, such as \"500ms\", \"90s\" or \"1h30m\"", units::time)
    }

    /// A time above zero.
    pub(super) fn some_time(&self, reader: &mut Reader<'_>) -> Option<Duration> {
        let time = self.time(reader)?;
        if time.is_zero() {
            reader.wrong(self, "no time at all; give a time above zero, such as \"500ms\" or \"90s\"");
            return None;
        }
        Some(time)
    }

    /// A share between 0 and 1.
    pub(super) fn share(&self, reader: &mut Reader<'_>) -> Option<f64> {
        self.number_or(reader, "a share such as \"20%\" or 0.2", units::share)
    }

    /// A whole number within bounds.
    pub(super) fn whole(&self, reader: &mut Reader<'_>, bounds: RangeInclusive<u32>) -> Option<u32> {
        let number = if let DeValue::Integer(number) = self.value.get_ref() {
            i64::from_str_radix(number.as_str(), number.radix()).ok()
        } else {
            self.expected(reader, &format!("a whole number from {} to {}", bounds.start(), bounds.end()));
            return None;
        };
        let number = number.and_then(|number| u32::try_from(number).ok()).filter(|number| bounds.contains(number));
        if number.is_none() {
            reader.wrong(self, format!("it must lie between {} and {}", bounds.start(), bounds.end()));
        }
        number
    }

    /// A finite number.
    pub(super) fn number(&self, reader: &mut Reader<'_>) -> Option<f64> {
        let number = match self.value.get_ref() {
            DeValue::Integer(number) => {
                i64::from_str_radix(number.as_str(), number.radix()).ok().map(|number| number as f64)
            }
            DeValue::Float(number) => number.as_str().parse().ok(),
            _ => {
                self.expected(reader, "a number");
                return None;
            }
        };
        let number = number.filter(|number: &f64| number.is_finite());
        if number.is_none() {
            reader.wrong(self, "this is no number that can be compared");
        }
        number
    }

    /// One of a few words.
    pub(super) fn choice<T: Copy>(&self, reader: &mut Reader<'_>, choices: &[(&str, T)]) -> Option<T> {
        let word = self.text(reader)?;
        let found = choices.iter().find(|(name, _)| *name == word).map(|(_, value)| *value);
        if found.is_none() {
            let near = nearest(word, choices.iter().map(|(name, _)| *name));
            let names: Vec<String> = choices.iter().map(|(name, _)| format!("\"{name}\"")).collect();
            let known = if near.is_none() { format!("; there are {}", names.join(", ")) } else { String::new() };
            reader.wrong(self, format!("`{word}` is unknown here{}{known}", did_you_mean(near)));
        }
        found
    }

    /// The values of a list.
    pub(super) fn list(&self, reader: &mut Reader<'_>, form: &str) -> Vec<Field<'t, 'i>> {
        if let DeValue::Array(items) = self.value.get_ref() {
            items.iter().map(|value| Field { name: self.name.clone(), value }).collect()
        } else {
            self.expected(reader, form);
            Vec::new()
        }
    }

    /// The tables of a list of tables, each to be called by this place.
    pub(super) fn tables(
        &self,
        reader: &mut Reader<'_>,
        place: &str,
        keys: &'static [&'static str],
    ) -> Vec<Fields<'t, 'i>> {
        let items = self.list(reader, &format!("a list of tables, each opened by {place}"));
        if items.is_empty() && matches!(self.value.get_ref(), DeValue::Array(_)) {
            reader.wrong(self, "it is empty");
        }
        let opened = items.into_iter().map(|item| Field { name: place.to_owned(), value: item.value });
        opened.filter_map(|item| item.table(reader, place, keys)).collect()
    }

    /// The table that this is, its keys known.
    pub(super) fn table(
        &self,
        reader: &mut Reader<'_>,
        place: &str,
        keys: &'static [&'static str],
    ) -> Option<Fields<'t, 'i>> {
        if let DeValue::Table(table) = self.value.get_ref() {
            Some(Fields::open(reader, place, self.span(), table, keys))
        } else {
            self.expected(reader, "a table");
            None
        }
    }

    /// The entries of a table whose keys are the file's own, in the file's order.
    pub(super) fn entries(&self, reader: &mut Reader<'_>, form: &str) -> Vec<Entry<'t, 'i>> {
        let DeValue::Table(table) = self.value.get_ref() else {
            self.expected(reader, form);
            return Vec::new();
        };
        let mut entries: Vec<Entry<'t, 'i>> = table
            .iter()
            .map(|(key, value)| Entry {
                key: key.get_ref(),
                at: key.span().start,
                field: Field { name: join(&self.name, key.get_ref()), value },
            })
            .collect();
        entries.sort_by_key(|entry| entry.at);
        entries
    }
}

/// An entry of a table whose keys are the file's own.
#[derive(Clone, Debug)]
pub(super) struct Entry<'t, 'i> {
    pub(super) key: &'t str,
    /// Where the key stands in the text.
    pub(super) at: usize,
    pub(super) field: Field<'t, 'i>,
}
