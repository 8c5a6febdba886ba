//! Requests in order, as a profile will send them, and the TOML that says so.

use std::collections::BTreeMap;

use serde_json::Value;

use super::secrets::Secrets;
use super::toml_text::{inline, key, literal, quoted};
use super::{ConvertError, Draft};

/// Headers that the client sets itself, or that only a browser needs.
const OWN_HEADERS: [&str; 14] = [
    "host",
    "content-length",
    "connection",
    "accept-encoding",
    "user-agent",
    "referer",
    "origin",
    "upgrade-insecure-requests",
    "dnt",
    "priority",
    "te",
    "pragma",
    "cache-control",
    "transfer-encoding",
];

/// What a request sends. Texts are templates already.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum SketchBody {
    #[default]
    Empty,
    Json(Value),
    Form(Vec<(String, String)>),
    Raw(String),
}

/// One request. Texts are templates already.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Request {
    pub(super) name: Option<String>,
    pub(super) method: String,
    /// The path with its query.
    pub(super) url: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: SketchBody,
    pub(super) status: Option<u16>,
    pub(super) timeout: Option<String>,
}

/// A profile in the making.
#[derive(Debug, Default)]
pub(super) struct Sketch {
    pub(super) about: String,
    pub(super) base: Option<String>,
    pub(super) target: Vec<(&'static str, String)>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) variables: BTreeMap<String, String>,
    pub(super) requests: Vec<Request>,
    pub(super) secrets: Secrets,
    pub(super) notes: Vec<String>,
}

/// A URL in its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    /// Scheme and host, without user and password.
    pub(super) origin: String,
    pub(super) user: Option<String>,
    /// Path and query.
    pub(super) path: String,
}

impl Address {
    /// Takes an absolute URL apart; `None` where it is none.
    pub(super) fn read(url: &str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        if !["http", "https"].contains(&scheme) {
            return None;
        }
        let rest = rest.split('#').next().unwrap_or_default();
        let (authority, path) = match rest.find(['/', '?']) {
            Some(end) => rest.split_at(end),
            None => (rest, "/"),
        };
        let (user, host) = match authority.rsplit_once('@') {
            Some((user, host)) => (Some(user.to_owned()), host),
            None => (None, authority),
        };
        let sound = |c: char| c.is_alphanumeric() || "-._:[]%".contains(c);
        if host.is_empty() || !host.chars().all(sound) {
            return None;
        }
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        Some(Self { origin: format!("{scheme}://{host}"), user, path })
    }
}

impl Sketch {
    /// A path with its query as a template, the query's secrets taken out.
    pub(super) fn path(&mut self, path: &str) -> String {
        let encoded: String = path.chars().map(encoded).collect();
        let Some((path, query)) = encoded.split_once('?') else { return literal(&encoded) };
        let parts = query.split('&').map(|part| match part.split_once('=') {
            Some((name, value)) => format!("{}={}", literal(name), self.secrets.value(name, value)),
            None => literal(part),
        });
        let parts: Vec<String> = parts.collect();
        format!("{}?{}", literal(path), parts.join("&"))
    }

    /// Headers as templates, without those that the client sets itself.
    pub(super) fn headers(&mut self, headers: impl Iterator<Item = (String, String)>) -> Vec<(String, String)> {
        let kept = headers.filter(|(name, _)| {
            let name = name.to_lowercase();
            is_token(&name) && !name.starts_with("sec-") && !OWN_HEADERS.contains(&name.as_str())
        });
        let one_line = |value: &str| value.trim().replace(char::is_control, " ");
        kept.map(|(name, value)| (name.to_lowercase(), self.secrets.value(&name, &one_line(&value)))).collect()
    }

    /// What is sent, by its content type.
    pub(super) fn body(&mut self, content_type: &str, text: &str) -> SketchBody {
        if text.is_empty() {
            return SketchBody::Empty;
        }
        if content_type.contains("json")
            && let Ok(value) = serde_json::from_str::<Value>(text)
        {
            let value = self.secrets.json("", value);
            // TOML has no null; the text itself has.
            return if inline(&value).is_some() { SketchBody::Json(value) } else { SketchBody::Raw(value.to_string()) };
        }
        if content_type.contains("x-www-form-urlencoded")
            && let Some(fields) = text.split('&').map(|field| field.split_once('=')).collect::<Option<Vec<_>>>()
        {
            let fields = fields.into_iter().map(|(name, value)| (decoded(name), decoded(value)));
            return SketchBody::Form(
                fields.map(|(name, value)| (name.clone(), self.secrets.value(&name, &value))).collect(),
            );
        }
        SketchBody::Raw(self.secrets.value("", text))
    }

    /// The profile as TOML.
    ///
    /// # Errors
    /// Where no request is left.
    pub(super) fn draft(mut self, nothing: &str) -> Result<Draft, ConvertError> {
        if self.requests.is_empty() {
            return Err(ConvertError::Nothing(nothing.to_owned()));
        }
        self.name_apart();
        let base = self.base.as_deref().unwrap_or("http://127.0.0.1:8080");
        let mut lines = vec![
            format!("about = {}", quoted(&self.about)),
            String::new(),
            "[target]".to_owned(),
            format!("url = {}", quoted(&format!("${{SOAK_URL:-{base}}}"))),
        ];
        lines.extend(self.target.iter().map(|(name, value)| format!("{name} = {value}")));
        lines.extend(inline_table("headers", &self.headers));
        if !self.variables.is_empty() {
            lines.extend([String::new(), "[vars]".to_owned()]);
            lines.extend(self.variables.iter().map(|(name, value)| format!("{} = {}", key(name), quoted(value))));
        }
        for request in &self.requests {
            request.write(&mut lines);
        }
        lines.push(String::new());
        self.notes.extend(self.secrets.notes());
        Ok(Draft { text: lines.join("\n"), notes: self.notes })
    }

    /// Gives requests that differ names that differ.
    fn name_apart(&mut self) {
        let mut taken: Vec<(String, String, String)> = Vec::new();
        for request in &mut self.requests {
            let path = request.url.split('?').next().unwrap_or_default();
            let plain = request.name.clone().unwrap_or_else(|| format!("{} {path}", request.method));
            let mut name = plain.clone();
            let mut number = 2;
            let differs = |name: &str, request: &Request| {
                taken
                    .iter()
                    .any(|(other, method, url)| other == name && (method, url) != (&request.method, &request.url))
            };
            while differs(&name, request) {
                name = format!("{plain} ({number})");
                number += 1;
            }
            taken.push((name.clone(), request.method.clone(), request.url.clone()));
            request.name = Some(name);
        }
    }
}

/// A table in one line; nothing where it is empty.
fn inline_table(name: &str, entries: &[(String, String)]) -> Option<String> {
    // A header that comes twice is one with its values in a row (RFC 9110, 5.3).
    let mut merged: Vec<(String, String)> = Vec::new();
    for (name, value) in entries {
        match merged.iter_mut().find(|(other, _)| other == name) {
            Some((_, values)) => *values = format!("{values}, {value}"),
            None => merged.push((name.clone(), value.clone())),
        }
    }
    let entries: Vec<String> =
        merged.iter().map(|(name, value)| format!("{} = {}", key(name), quoted(value))).collect();
    (!entries.is_empty()).then(|| format!("{name} = {{ {} }}", entries.join(", ")))
}

impl Request {
    /// Adds the lines of its step.
    fn write(&self, lines: &mut Vec<String>) {
        lines.extend([String::new(), "[[step]]".to_owned()]);
        let plain = format!("{} {}", self.method, self.url);
        lines.extend(self.name.as_ref().filter(|name| **name != plain).map(|name| format!("name = {}", quoted(name))));
        let method = self.method.to_lowercase();
        if ["get", "post", "put", "patch", "delete", "head", "options"].contains(&method.as_str()) {
            lines.push(format!("{method} = {}", quoted(&self.url)));
        } else {
            lines.extend([format!("method = {}", quoted(&self.method)), format!("url = {}", quoted(&self.url))]);
        }
        // soak writes the content type of JSON and of forms itself.
        let own_type = matches!(self.body, SketchBody::Json(_) | SketchBody::Form(_));
        let headers = self.headers.iter().filter(|(name, _)| !(own_type && name == "content-type")).cloned();
        lines.extend(inline_table("headers", &headers.collect::<Vec<_>>()));
        match &self.body {
            SketchBody::Empty => {}
            SketchBody::Json(value) => lines.extend(inline(value).map(|value| format!("json = {value}"))),
            SketchBody::Form(fields) => lines.extend(inline_table("form", fields)),
            SketchBody::Raw(body) => lines.push(format!("body = {}", quoted(body))),
        }
        lines.extend(self.status.map(|status| format!("expect = {status}")));
        lines.extend(self.timeout.as_ref().map(|timeout| format!("timeout = {}", quoted(timeout))));
    }
}

/// Whether a header or a method may be called so (RFC 9110, 5.6.2).
pub(super) fn is_token(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c))
}

/// A character as it may stand in an address: blanks and control characters are encoded.
pub(super) fn encoded(c: char) -> String {
    if !c.is_whitespace() && !c.is_control() {
        return c.to_string();
    }
    let mut buffer = [0; 4];
    let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or('0').to_ascii_uppercase();
    c.encode_utf8(&mut buffer).bytes().flat_map(|byte| ['%', digit(byte >> 4), digit(byte & 0xF)]).collect()
}

/// A url-encoded text decoded.
fn decoded(text: &str) -> String {
    let text = text.replace('+', " ");
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = text.get(at + 1..at + 3).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match (bytes[at], hex) {
            (b'%', Some(byte)) => {
                decoded.push(byte);
                at += 3;
            }
            (byte, _) => {
                decoded.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}
