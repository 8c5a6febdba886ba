//! What a step says about its answer: what is taken from it, and what it must be.

use std::time::Duration;

use toml::de::DeValue;

use crate::profile::error::{did_you_mean, nearest};
use crate::profile::model::{Capture, Expect, JsonExpectation, ReportedLatency, StatusPattern};
use crate::profile::template::Template;
use crate::profile::units;

use super::fields::{Entry, Field};
use super::reader::{Keeping, Reader};
use super::template::is_name;
use super::{json, keys};

/// The classes of failure on the way that a profile may name, besides `status 503` and the like.
pub const WAY_FAILURES: [&str; 7] =
    ["connect refused", "name lookup", "connect", "tls", "timeout", "connection lost", "not HTTP"];
/// The kinds of failure of an answer that may be tried again: it is not what was expected, or lacks what is captured.
pub const ANSWER_FAILURES: [&str; 2] = ["expectation", "capture"];

/// How far a reported latency may be from the measured one where the profile does not say: what a scheduler may take on
/// either side, and a tenth.
const WITHIN: Duration = Duration::from_millis(5);
const SHARE: f64 = 0.1;

/// Reads `capture = { sid = "$.id", ... }`.
pub(super) fn captures(reader: &mut Reader<'_>, field: &Field<'_, '_>) -> Vec<(String, Capture)> {
    let entries = field.entries(reader, "a table of variables, such as { sid = \"$.id\" }");
    entries.iter().filter_map(|entry| capture(reader, entry)).collect()
}

fn capture(reader: &mut Reader<'_>, entry: &Entry<'_, '_>) -> Option<(String, Capture)> {
    if !is_name(entry.key) {
        reader.problem(entry.at, format!("`{}`: a variable's name is of letters, digits, _ and -", entry.field.name));
        return None;
    }
    let place = entry.field.form(reader, "where the value stands, such as \"$.id\"", place)?;
    Some((entry.key.to_owned(), place))
}

/// Reads where a value stands in an answer.
fn place(text: &str) -> Result<Capture, String> {
    let text = text.trim();
    if text.starts_with('$') {
        return json::path(text).map(Capture::Json);
    }
    match text.split_once(char::is_whitespace) {
        Some(("header", name)) => header_name(name.trim()).map(|()| Capture::Header(name.trim().to_lowercase())),
        Some(("cookie", name)) => header_name(name.trim()).map(|()| Capture::Cookie(name.trim().to_owned())),
        _ => Err(format!("`{text}` is no place in an answer; write \"$.id\", \"header etag\" or \"cookie session\"")),
    }
}

/// Whether a header may have this name (RFC 9110, a token).
pub(super) fn header_name(name: &str) -> Result<(), String> {
    let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if !name.is_empty() && name.chars().all(token) { Ok(()) } else { Err(format!("`{name}` is no name of a header")) }
}

/// Reads `headers = { name = "value" }`.
pub(super) fn headers(reader: &mut Reader<'_>, field: &Field<'_, '_>) -> Vec<(String, Template)> {
    let entries = field.entries(reader, "a table of headers, such as { accept = \"text/html\" }");
    let mut headers = Vec::new();
    for entry in entries {
        if let Err(message) = header_name(entry.key) {
            reader.problem(entry.at, format!("`{}`: {message}", field.name));
        }
        let Some(value) = reader.template(&entry.field, Keeping::Secret) else { continue };
        if value.source.chars().any(|c| c.is_control() && c != '\t') {
            reader.wrong(&entry.field, "a header is one line");
        }
        headers.push((entry.key.to_lowercase(), value));
    }
    headers
}

/// Reads `expect`, in all its forms.
pub(super) fn expect(reader: &mut Reader<'_>, field: &Field<'_, '_>) -> Expect {
    match field.value.get_ref() {
        DeValue::Table(_) => whole(reader, field),
        _ => Expect { status: statuses(reader, field), ..Expect::default() },
    }
}

fn whole(reader: &mut Reader<'_>, field: &Field<'_, '_>) -> Expect {
    let mut expect = Expect::default();
    let Some(fields) = field.table(reader, &field.name, keys::EXPECT) else { return expect };
    if let Some(field) = fields.get("status") {
        expect.status = statuses(reader, &field);
    }
    if let Some(field) = fields.get("json") {
        let entries = field.entries(reader, "a table of JSON paths, such as { \"$.id\" = { exists = true } }");
        expect.json = entries.iter().filter_map(|entry| expected_json(reader, entry)).collect();
    }
    if let Some(field) = fields.get("headers") {
        expect.headers = headers(reader, &field);
    }
    expect.body_bytes =
        fields.get("body").and_then(|field| field.form(reader, "a size such as \"1 B..64 KiB\"", units::size_bounds));
    expect.reported_latency = fields.get("latency").and_then(|field| reported_latency(reader, &field));
    expect.failure = fields.get("failure").and_then(|field| failure(reader, &field));
    if expect.failure.is_some() && fields.present(keys::EXPECT).len() > 1 {
        reader.wrong(field, "a step that must fail has no answer to expect anything of; leave `failure` alone here");
    }
    expect
}

fn statuses(reader: &mut Reader<'_>, field: &Field<'_, '_>) -> Vec<StatusPattern> {
    match field.value.get_ref() {
        DeValue::Array(_) => {
            let items = field.list(reader, "a list");
            if items.is_empty() {
                reader.wrong(field, "it is empty; write a status such as 200 or \"2xx\"");
            }
            items.iter().filter_map(|item| status(reader, item)).collect()
        }
        _ => status(reader, field).into_iter().collect(),
    }
}

fn status(reader: &mut Reader<'_>, field: &Field<'_, '_>) -> Option<StatusPattern> {
    field.number_or(reader, "a status such as 201, [200, 201] or \"2xx\"", |text| {
        let hundred =
            text.strip_suffix("xx").and_then(|digit| digit.parse().ok()).filter(|digit| (1..=5).contains(digit));
        let exactly = text.parse().ok().filter(|status| (100..=599).contains(status));
        let pattern = hundred.map(StatusPattern::Hundred).or(exactly.map(StatusPattern::Exactly));
        pattern.ok_or_else(|| format!("`{text}` is no status; write a number from 100 to 599, or \"2xx\""))
    })
}

fn expected_json(reader: &mut Reader<'_>, entry: &Entry<'_, '_>) -> Option<(String, JsonExpectation)> {
    let path = match json::path(entry.key) {
        Ok(path) => path,
        Err(message) => {
            reader.problem(entry.at, format!("`{}`: {message}", entry.field.name));
            return None;
        }
    };
    json_expectation(reader, &entry.field).map(|expectation| (path, expectation))
}

fn json_expectation(reader: &mut Reader<'_>, field: &Field<'_, '_>) -> Option<JsonExpectation> {
    let operator = match field.value.get_ref() {
        DeValue::Table(table) => {
            table.keys().map(toml::Spanned::get_ref).any(|key| keys::JSON_EXPECTATION.contains(&&**key))
        }
        _ => false,
    };
    if !operator {
        return json::template(reader, field).map(JsonExpectation::Equals);
    }
    let fields = field.table(reader, &field.name, keys::JSON_EXPECTATION)?;
    let present = fields.present(keys::JSON_EXPECTATION);
    if present.len() != 1 {
        reader.wrong(field, "one of exists, absent, between and at_least is enough");
    }
    let key = *present.first()?;
    let value = fields.get(key)?;
    match key {
        "exists" | "absent" => match value.value.get_ref() {
            DeValue::Boolean(truth) if *truth == (key == "exists") => Some(JsonExpectation::Exists),
            DeValue::Boolean(_) => Some(JsonExpectation::Absent),
            _ => {
                value.expected(reader, "true or false");
                None
            }
        },
        "between" => between(reader, &value),
        _ => value.whole(reader, 0..=u32::MAX).map(|least| JsonExpectation::AtLeast(u64::from(least))),
    }
}

fn between(reader: &mut Reader<'_>, field: &Field<'_, '_>) -> Option<JsonExpectation> {
    let ends: Vec<f64> =
        field.list(reader, "two numbers, such as [1, 5]").iter().filter_map(|end| end.number(reader)).collect();
    match ends.as_slice() {
        [from, to] if from <= to => Some(JsonExpectation::Between(*from, *to)),
        _ => {
            reader.wrong(field, "write two numbers, the smaller one first, such as [1, 5]");
            None
        }
    }
}

fn reported_latency(reader: &mut Reader<'_>, field: &Field<'_, '_>) -> Option<ReportedLatency> {
    let fields = field.table(reader, &field.name, keys::REPORTED_LATENCY)?;
    let within = fields.get("within").and_then(|field| field.time(reader)).unwrap_or(WITHIN);
    let share = fields.get("share").and_then(|field| field.share(reader)).unwrap_or(SHARE);
    let Some(at) = fields.get("at") else {
        reader.wrong(field, "say where the latency stands in the answer, such as at = \"$.latency_ms\"");
        return None;
    };
    match at.form(reader, "a place such as \"$.latency_ms\"", place)? {
        Capture::Cookie(_) => {
            reader.wrong(&at, "a latency stands in the body or in a header, not in a cookie");
            None
        }
        at => Some(ReportedLatency { at, within, share }),
    }
}

/// Reads the way in which a step must fail.
fn failure(reader: &mut Reader<'_>, field: &Field<'_, '_>) -> Option<String> {
    class_of_failure(reader, field, &WAY_FAILURES)
}

/// Reads a class of failure that is tried again.
pub(super) fn retried(reader: &mut Reader<'_>, field: &Field<'_, '_>) -> Option<String> {
    class_of_failure(reader, field, &[&WAY_FAILURES[..], &ANSWER_FAILURES[..]].concat())
}

fn class_of_failure(reader: &mut Reader<'_>, field: &Field<'_, '_>, known: &[&str]) -> Option<String> {
    field.form(reader, "a class of failure such as \"timeout\" or \"status 503\"", |text| {
        let status = text.strip_prefix("status ").filter(|status| status.len() == 3);
        let status = status.and_then(|status| status.parse::<u16>().ok());
        if status.is_some_and(|status| (100..=599).contains(&status)) || known.contains(&text) {
            return Ok(text.to_owned());
        }
        let near = nearest(text, known.iter().copied());
        let known = format!("; there are {} and \"status 503\" with any status", known.join(", "));
        Err(format!("`{text}` is no class of failure{}", if near.is_some() { did_you_mean(near) } else { known }))
    })
}
