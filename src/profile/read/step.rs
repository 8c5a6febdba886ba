//! Reads one step: a request, and what is done around it.

use std::time::Duration;

use toml::de::DeValue;

use crate::profile::model::{Body, Expect, Leave, LeaveAfter, Need, OnFailure, Retry, Step, Stream, Think};
use crate::profile::template::{Piece, Template};
use crate::profile::units;

use super::fields::{Field, Fields};
use super::reader::{Keeping, Reader, Use};
use super::{expect, json, keys};

/// How often a step may be done in a row: a turn that is longer belongs into several turns.
const MAX_REPEAT: u32 = 100_000;
/// How often a request may be tried: more is no retry but a siege.
const MAX_ATTEMPTS: u32 = 100;

/// A step, with what is checked once everything is read.
pub(super) struct ReadStep {
    pub(super) step: Step,
    /// Where it stands in the text.
    pub(super) at: usize,
    pub(super) uses: Vec<Use>,
}

/// Reads a step from its table. `timeout` is the profile's.
pub(super) fn step(reader: &mut Reader<'_>, fields: &Fields<'_, '_>, timeout: Duration) -> Option<ReadStep> {
    reader.take_uses();
    let request = request(reader, fields);
    let name = fields.get("name").and_then(|field| field.words(reader));
    let headers = fields.get("headers").map(|field| expect::headers(reader, &field)).unwrap_or_default();
    let body = body(reader, fields);
    let captures = fields.get("capture").map(|field| expect::captures(reader, &field)).unwrap_or_default();
    let expect = fields.get("expect").map(|field| expect::expect(reader, &field)).unwrap_or_default();
    let think = fields.get("think").and_then(|field| think(reader, &field)).unwrap_or_default();
    let repeat = fields.get("repeat").and_then(|field| field.whole(reader, 1..=MAX_REPEAT)).unwrap_or(1);
    let retry = fields.get("retry").and_then(|field| retry(reader, &field)).unwrap_or_default();
    let timeout = fields.get("timeout").and_then(|field| field.some_time(reader)).unwrap_or(timeout);
    let stream = fields
        .get("stream")
        .and_then(|field| field.choice(reader, &[("events", Stream::ServerSentEvents), ("chunks", Stream::Chunks)]));
    let leave = fields.get("leave").and_then(|field| leave(reader, &field, stream));
    let on_failure = fields
        .get("on_failure")
        .and_then(|field| field.choice(reader, &[("end turn", OnFailure::EndTurn), ("go on", OnFailure::GoOn)]));
    if expect.failure.is_some() && !captures.is_empty() {
        reader
            .problem(fields.start(), format!("`{}`: a step that must fail leaves nothing to capture", fields.place()));
    }
    check_paths_and_stream(reader, fields, stream.unwrap_or_default(), &expect);
    let uses = reader.take_uses();
    let (method, url) = request?;
    let name = name.map_or_else(|| format!("{method} {url}"), str::to_owned);
    let step = Step {
        name,
        method,
        url,
        headers,
        body,
        captures,
        expect,
        think,
        repeat,
        retry,
        timeout,
        stream: stream.unwrap_or_default(),
        leave,
        on_failure: on_failure.unwrap_or_default(),
        need: Need::default(),
    };
    Some(ReadStep { step, at: fields.start(), uses })
}

/// A GET with nothing around it.
pub(in crate::profile) fn plain_get(url: Template, timeout: Duration) -> Step {
    Step {
        name: format!("GET {url}"),
        method: "GET".to_owned(),
        url,
        headers: Vec::new(),
        body: Body::Empty,
        captures: Vec::new(),
        expect: Expect::default(),
        think: Think::None,
        repeat: 1,
        retry: Retry::default(),
        timeout,
        stream: Stream::No,
        leave: None,
        on_failure: OnFailure::EndTurn,
        need: Need::default(),
    }
}

/// A body that comes in events is not one JSON value.
fn check_paths_and_stream(reader: &mut Reader<'_>, fields: &Fields<'_, '_>, stream: Stream, expect: &Expect) {
    if stream != Stream::No && !expect.json.is_empty() {
        reader.problem(
            fields.start(),
            format!("`{}`: a streamed answer is not one JSON value; expect its status and headers", fields.place()),
        );
    }
}

/// Reads method and URL: `get = "/path"`, or `method` with `url`.
fn request(reader: &mut Reader<'_>, fields: &Fields<'_, '_>) -> Option<(String, Template)> {
    let mut given = fields.present(keys::METHODS);
    given.extend(fields.present(&["method"]));
    let [key] = given.as_slice() else {
        let message = if given.is_empty() {
            "it sends nothing; write a request, such as get = \"/path\"".to_owned()
        } else {
            format!("a step is one request; this one has {}", given.join(" and "))
        };
        reader.problem(fields.start(), format!("`{}`: {message}", fields.place()));
        return None;
    };
    let value = fields.get(key)?;
    if *key == "method" {
        let method = value.words(reader)?.to_uppercase();
        if let Err(message) = expect::header_name(&method) {
            reader.wrong(&value, message.replace("a header", "a method"));
            return None;
        }
        let Some(address) = fields.get("url") else {
            reader.wrong(&value, "`url` is missing beside it");
            return None;
        };
        return url(reader, &address).map(|url| (method, url));
    }
    if let Some(extra) = fields.get("url") {
        reader.wrong(&extra, format!("`{key}` says the URL already; `url` belongs to `method`"));
    }
    url(reader, &value).map(|url| (key.to_uppercase(), url))
}

/// Reads the URL of a step: a path, or a whole address.
pub(super) fn url(reader: &mut Reader<'_>, field: &Field<'_, '_>) -> Option<Template> {
    let template = reader.template(field, Keeping::Secret)?;
    let first = template.pieces.first();
    let sound = match first {
        Some(Piece::Text(text)) => ["/", "http://", "https://"].iter().any(|start| text.starts_with(start)),
        Some(_) => true,
        None => false,
    };
    if !sound {
        reader.wrong(
            field,
            format!("`{template}` is no path; a path starts with /, a whole address with http:// or https://"),
        );
        return None;
    }
    let texts =
        template.pieces.iter().filter_map(|piece| if let Piece::Text(text) = piece { Some(text) } else { None });
    if texts.into_iter().any(|text| text.contains(|c: char| c.is_whitespace() || c.is_control())) {
        reader.wrong(field, "a blank stands in the address; write %20 for it");
    }
    if has_password(&template.source) {
        reader.wrong(field, "a password stands in the address; send it as a header with ${NAME} from the environment");
    }
    Some(template)
}

/// Whether an address as it is written holds `user:password@` in plain sight.
pub(super) fn has_password(source: &str) -> bool {
    let authority = source.split_once("://").map(|(_, rest)| rest.split(['/', '?', '#']).next().unwrap_or_default());
    let user = authority.and_then(|authority| authority.rsplit_once('@')).map(|(user, _)| user);
    user.is_some_and(|user| !user.contains("${"))
}

fn body(reader: &mut Reader<'_>, fields: &Fields<'_, '_>) -> Body {
    let given = fields.present(keys::BODIES);
    if given.len() > 1 {
        let message = format!("`{}`: a request has one body; this one has {}", fields.place(), given.join(" and "));
        reader.problem(fields.start(), message);
    }
    let Some((key, field)) = given.first().and_then(|&key| Some((key, fields.get(key)?))) else { return Body::Empty };
    match key {
        "json" => json::template(reader, &field).map(Body::Json),
        "form" => Some(Body::Form(form(reader, &field))),
        _ => reader.template(&field, Keeping::Secret).map(Body::Raw),
    }
    .unwrap_or(Body::Empty)
}

fn form(reader: &mut Reader<'_>, field: &Field<'_, '_>) -> Vec<(String, Template)> {
    let entries = field.entries(reader, "a table of fields, such as { q = \"{{random.word}}\" }");
    let values = entries.iter().filter_map(|entry| Some((entry.key.to_owned(), text_or_number(reader, &entry.field)?)));
    values.collect()
}

/// Reads a text, or a number or truth value as the text that it is written as.
pub(super) fn text_or_number(reader: &mut Reader<'_>, field: &Field<'_, '_>) -> Option<Template> {
    match field.value.get_ref() {
        DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) => {
            json::scalar(reader, field).map(|value| Template::text(value.to_string()))
        }
        _ => reader.template(field, Keeping::Secret),
    }
}

/// Reads a pause.
pub(super) fn think(reader: &mut Reader<'_>, field: &Field<'_, '_>) -> Option<Think> {
    field.form(reader, "a pause such as \"1s\" or \"1s..3s\"", units::think)
}

fn retry(reader: &mut Reader<'_>, field: &Field<'_, '_>) -> Option<Retry> {
    let mut retry = Retry::default();
    if !matches!(field.value.get_ref(), DeValue::Table(_)) {
        retry.attempts = field.whole(reader, 1..=MAX_ATTEMPTS)?;
        return Some(retry);
    }
    let fields = field.table(reader, &field.name, keys::RETRY)?;
    match fields.get("attempts") {
        Some(attempts) => retry.attempts = attempts.whole(reader, 1..=MAX_ATTEMPTS)?,
        None => reader.wrong(field, "say how often it is tried in all, such as attempts = 3"),
    }
    if let Some(backoff) = fields.get("backoff") {
        retry.backoff = backoff.some_time(reader)?;
    }
    if let Some(longest) = fields.get("longest") {
        retry.longest = longest.some_time(reader)?;
        if retry.longest < retry.backoff {
            reader.wrong(&longest, "the longest pause is shorter than the first one, `backoff`");
        }
    }
    if let Some(jitter) = fields.get("jitter") {
        retry.jitter = jitter.share(reader)?;
    }
    if let Some(on) = fields.get("on") {
        let classes = on.list(reader, "a list of failures, such as [\"timeout\", \"status 503\"]");
        retry.on = classes.iter().filter_map(|class| expect::retried(reader, class)).collect();
    }
    Some(retry)
}

fn leave(reader: &mut Reader<'_>, field: &Field<'_, '_>, stream: Option<Stream>) -> Option<Leave> {
    let form = "when the client leaves, such as \"3 events\" or \"500ms\"";
    let leave = if let DeValue::Table(_) = field.value.get_ref() {
        let fields = field.table(reader, &field.name, keys::LEAVE)?;
        let share = fields.get("share").map_or(Some(1.0), |share| share.share(reader))?;
        let Some(after) = fields.get("after") else {
            reader.wrong(field, format!("say {form}"));
            return None;
        };
        Leave { after: after.form(reader, form, leave_after)?, share }
    } else {
        Leave { after: field.form(reader, form, leave_after)?, share: 1.0 }
    };
    if matches!(leave.after, LeaveAfter::Events(_)) && stream.is_none() {
        reader.wrong(field, "events come in a stream only; add stream = \"events\" or stream = \"chunks\"");
    }
    Some(leave)
}

fn leave_after(text: &str) -> Result<LeaveAfter, String> {
    if let Some(count) = text.trim().strip_suffix("events").or_else(|| text.trim().strip_suffix("event")) {
        let count = count.trim().parse::<u32>().ok().filter(|&count| count > 0);
        return count.map(LeaveAfter::Events).ok_or_else(|| format!("`{text}` counts no events; write \"3 events\""));
    }
    match units::time(text)? {
        Duration::ZERO => Err("leaving at once sends nothing; give a time above zero".to_owned()),
        time => Ok(LeaveAfter::Time(time)),
    }
}
