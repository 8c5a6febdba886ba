//! Reads texts with places to fill in: `{{variable}}`, `{{random.int(1, 9)}}`, `${NAME}`, `${NAME:-default}`. `{{{{` is
//! a literal `{{` and `$${` a literal `${`.

use crate::profile::template::Random;
use crate::profile::units;

/// The longest text that one place may draw: a body beyond it is a slip of the keyboard.
const MAX_DRAWN_BYTES: u64 = 64 * 1024 * 1024;

/// A part of a text, as it is written.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part<'t> {
    Text(String),
    Variable { name: String, written: &'t str },
    Other { name: String, written: &'t str },
    Random(Random),
    Environment { name: &'t str, default: Option<&'t str>, written: &'t str },
}

/// The parts of a text, in order.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Parts<'t>(pub(super) Vec<Part<'t>>);

/// The part of the text that is wrong, and what is wrong with it.
pub(super) type Fault<'t> = (&'t str, String);

impl<'t> Parts<'t> {
    /// Takes a text apart.
    pub(super) fn read(text: &'t str) -> Result<Self, Fault<'t>> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(opening) = ["{{", "$"].iter().filter_map(|mark| rest.find(mark)).min() {
            let (before, after) = rest.split_at(opening);
            push_text(&mut parts, before);
            rest = next(after, &mut parts)?;
        }
        push_text(&mut parts, rest);
        Ok(Self(parts))
    }
}

/// Reads what stands at the start of the text, a mark, and answers with what follows.
fn next<'t>(text: &'t str, parts: &mut Vec<Part<'t>>) -> Result<&'t str, Fault<'t>> {
    for (escape, literal) in [("{{{{", "{{"), ("$${", "${")] {
        if let Some(rest) = text.strip_prefix(escape) {
            push_text(parts, literal);
            return Ok(rest);
        }
    }
    if let Some(inside) = text.strip_prefix("{{") {
        let (name, rest) = inside.split_once("}}").ok_or_else(|| {
            (
                text,
                "`{{` is opened and not closed; close it by `}}`, or write `{{{{` for the two braces themselves".into(),
            )
        })?;
        parts.push(place(name.trim()).map_err(|message| (name, message))?);
        return Ok(rest);
    }
    if let Some(inside) = text.strip_prefix("${") {
        let (name, rest) = inside.split_once('}').ok_or_else(|| {
            (text, "`${` is opened and not closed; close it by `}`, or write `$${` for the two signs themselves".into())
        })?;
        parts.push(environment(name)?);
        return Ok(rest);
    }
    // A dollar sign alone.
    let (dollar, rest) = text.split_at(1);
    push_text(parts, dollar);
    Ok(rest)
}

fn environment(written: &str) -> Result<Part<'_>, Fault<'_>> {
    let (name, default) = match written.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (written, None),
    };
    let valid = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if valid {
        Ok(Part::Environment { name, default, written })
    } else {
        Err((written, format!("`${{{written}}}` names no environment variable; write ${{NAME}} or ${{NAME:-default}}")))
    }
}

fn place(inside: &str) -> Result<Part<'_>, String> {
    if let Some(random) = random(inside) {
        return random.map(Part::Random);
    }
    if !is_variable(inside) {
        return Err(format!("`{{{{{inside}}}}}` is no variable: a name is of letters, digits, _ and -"));
    }
    Ok(match inside.strip_prefix("other.") {
        Some(name) => Part::Other { name: name.to_owned(), written: inside },
        None => Part::Variable { name: inside.to_owned(), written: inside },
    })
}

/// A name, or two with a dot between them.
fn is_variable(text: &str) -> bool {
    let mut names = text.splitn(2, '.');
    names.all(is_name)
}

/// Whether templates can name it.
pub(super) fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_alphanumeric() || "_-".contains(c))
}

/// What is drawn, where the text says `random`.
fn random(inside: &str) -> Option<Result<Random, String>> {
    let call = match inside.strip_prefix("random") {
        Some("") => return Some(Ok(Random::Number)),
        Some(rest) => rest.strip_prefix('.')?,
        None => return None,
    };
    let (name, arguments) = match call.split_once('(') {
        Some((name, rest)) => match rest.strip_suffix(')') {
            Some(arguments) => (name, arguments.split(',').map(str::trim).collect()),
            None => return Some(Err(format!("`{{{{{inside}}}}}` does not close its parenthesis"))),
        },
        None => (call, Vec::new()),
    };
    Some(draw(name, &arguments).map_err(|message| format!("`{{{{{inside}}}}}`: {message}")))
}

fn draw(name: &str, arguments: &[&str]) -> Result<Random, String> {
    let whole = |text: &str| text.parse::<i64>().map_err(|_| format!("`{text}` is no whole number"));
    match (name, arguments) {
        ("int", [from, to]) => {
            let (from, to) = (whole(from)?, whole(to)?);
            if from > to { Err("the smaller number stands first".to_owned()) } else { Ok(Random::Int(from, to)) }
        }
        ("uuid", []) => Ok(Random::Uuid),
        ("word", []) => Ok(Random::Word),
        ("text", [size]) => bounded(units::bytes(size)?).map(Random::Text),
        ("hex", [digits]) => {
            bounded(digits.parse().map_err(|_| format!("`{digits}` is no number of digits"))?).map(Random::Hex)
        }
        ("of", [_, ..]) => Ok(Random::Of(arguments.iter().map(|&choice| choice.to_owned()).collect())),
        _ => Err(
            "there are random, random.int(1, 100), random.uuid, random.word, random.text(2KiB), random.hex(32) and \
                  random.of(a, b)"
                .to_owned(),
        ),
    }
}

fn bounded(bytes: u64) -> Result<u64, String> {
    match bytes {
        1..=MAX_DRAWN_BYTES => Ok(bytes),
        _ => Err("the size lies between 1 B and 64 MiB".to_owned()),
    }
}

fn push_text(parts: &mut Vec<Part<'_>>, text: &str) {
    match parts.last_mut() {
        _ if text.is_empty() => {}
        Some(Part::Text(last)) => last.push_str(text),
        _ => parts.push(Part::Text(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> Vec<Part<'_>> {
        Parts::read(text).unwrap().0
    }

    fn variable(name: &str) -> Part<'_> {
        Part::Variable { name: name.to_owned(), written: name }
    }

    #[test]
    fn a_text_falls_into_its_pieces() {
        let expected = [
            Part::Text("/a/".to_owned()),
            variable("sid"),
            Part::Text("?n=".to_owned()),
            Part::Random(Random::Int(1, 9)),
            Part::Environment { name: "KEY", default: Some("x y"), written: "KEY:-x y" },
        ];
        assert_eq!(parts("/a/{{ sid }}?n={{random.int(1, 9)}}${KEY:-x y}"), expected);
        assert_eq!(parts("{{other.sid}}"), [Part::Other { name: "sid".to_owned(), written: "other.sid" }]);
        assert_eq!(parts("{{users.name}}"), [variable("users.name")]);
        assert_eq!(parts(""), []);
    }

    #[test]
    fn marks_written_twice_stand_for_themselves() {
        assert_eq!(parts("{{{{a}} costs $5 $${x}"), [Part::Text("{{a}} costs $5 ${x}".to_owned())]);
    }

    #[test]
    fn everything_that_can_be_drawn_is_read() {
        let drawn = |text| parts(text).into_iter().next().unwrap();
        assert_eq!(drawn("{{random}}"), Part::Random(Random::Number));
        assert_eq!(drawn("{{random.uuid}}"), Part::Random(Random::Uuid));
        assert_eq!(drawn("{{random.word}}"), Part::Random(Random::Word));
        assert_eq!(drawn("{{random.text(2KiB)}}"), Part::Random(Random::Text(2048)));
        assert_eq!(drawn("{{random.hex(32)}}"), Part::Random(Random::Hex(32)));
        assert_eq!(drawn("{{random.of(a, b)}}"), Part::Random(Random::Of(vec!["a".to_owned(), "b".to_owned()])));
    }

    #[test]
    fn what_cannot_be_filled_in_is_named() {
        for (text, named) in [
            ("a {{b", "{{b"),
            ("a ${b", "${b"),
            ("{{a b}}", "a b"),
            ("{{}}", ""),
            ("${1}", "1"),
            ("{{random.int(9, 1)}}", "random.int(9, 1)"),
            ("{{random.dice(6)}}", "random.dice(6)"),
            ("{{random.text(1 TB)}}", "random.text(1 TB)"),
            ("{{random.int(1, 2}}", "random.int(1, 2"),
        ] {
            assert_eq!(Parts::read(text).unwrap_err().0, named, "{text}");
        }
    }
}
