//! A profile from a HAR recording, as the network panel of a browser saves it (HAR 1.2).

use std::collections::BTreeMap;

use serde::Deserialize;

use super::sketch::{Address, Request, Sketch, is_token};
use super::{ConvertError, Draft};

#[derive(Deserialize)]
struct Har {
    log: Log,
}

#[derive(Deserialize)]
struct Log {
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    request: Sent,
    response: Answer,
}

#[derive(Deserialize)]
struct Sent {
    method: String,
    url: String,
    #[serde(default)]
    headers: Vec<Pair>,
    #[serde(rename = "postData")]
    post_data: Option<PostData>,
}

#[derive(Deserialize)]
struct Pair {
    name: String,
    #[serde(default)]
    value: String,
}

#[derive(Deserialize)]
struct PostData {
    #[serde(default, rename = "mimeType")]
    mime_type: String,
    text: Option<String>,
    #[serde(default)]
    params: Vec<Pair>,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    status: i64,
    #[serde(default)]
    content: Content,
}

#[derive(Default, Deserialize)]
struct Content {
    #[serde(default, rename = "mimeType")]
    mime_type: String,
}

/// Endings of files that a browser fetches for a page, and kinds of content: they say nothing about the server's work.
const STATIC_ENDINGS: [&str; 15] = [
    ".js", ".mjs", ".css", ".map", ".png", ".jpg", ".jpeg", ".gif", ".svg", ".ico", ".webp", ".avif", ".woff",
    ".woff2", ".ttf",
];
const STATIC_TYPES: [&str; 6] = ["image/", "font/", "text/css", "javascript", "video/", "audio/"];

/// Writes a profile that sends what a browser recorded: the requests to the host that most of them go to.
///
/// # Errors
/// Where the text is no HAR file, or nothing is left of it.
pub fn from_har(text: &str) -> Result<Draft, ConvertError> {
    let form = |error: serde_json::Error| ConvertError::Form { form: "HAR file", reason: error.to_string() };
    let har: Har = serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(form)?;
    let (mut kept, mut left) = (Vec::new(), BTreeMap::<&str, u64>::new());
    for entry in har.log.entries {
        let Some(address) = Address::read(&entry.request.url) else {
            *left.entry("requests that are not HTTP").or_default() += 1;
            continue;
        };
        match left_out(&entry, &address) {
            Some(why) => *left.entry(why).or_default() += 1,
            None => kept.push((entry, address)),
        }
    }
    let mut hosts = BTreeMap::<String, u64>::new();
    for (_, address) in &kept {
        *hosts.entry(address.origin.clone()).or_default() += 1;
    }
    let main = hosts.iter().max_by_key(|(_, count)| **count).map(|(host, _)| host.clone());
    let mut sketch = Sketch { about: "From a browser's recording".to_owned(), base: main.clone(), ..Sketch::default() };
    sketch.notes.extend(left.iter().map(|(why, count)| format!("left out: {count} {why}")));
    let others = hosts.iter().filter(|(host, _)| Some(*host) != main.as_ref());
    sketch.notes.extend(others.map(|(host, count)| format!("left out: {count} to the other host {host}")));
    for (entry, address) in kept.into_iter().filter(|(_, address)| Some(&address.origin) == main.as_ref()) {
        let request = request(&mut sketch, entry, &address);
        sketch.requests.push(request);
    }
    if sketch.requests.len() > 1 {
        let advice =
            "ids that the server gave stand in it as they were recorded: replace them by `capture` and {{name}}";
        sketch.notes.push(advice.to_owned());
    }
    sketch.draft("all were static files, or not HTTP")
}

fn left_out(entry: &Entry, address: &Address) -> Option<&'static str> {
    let path = address.path.split('?').next().unwrap_or_default().to_lowercase();
    let kind = entry.response.content.mime_type.to_lowercase();
    if STATIC_ENDINGS.iter().any(|ending| path.ends_with(ending)) || STATIC_TYPES.iter().any(|part| kind.contains(part))
    {
        Some("static files")
    } else if entry.request.method == "OPTIONS" {
        Some("preflights of a browser")
    } else if entry.response.status < 200 || !is_token(&entry.request.method) {
        Some("requests without an answer, or upgrades")
    } else {
        None
    }
}

fn request(sketch: &mut Sketch, entry: Entry, address: &Address) -> Request {
    let url = sketch.path(&address.path);
    let headers = sketch.headers(entry.request.headers.into_iter().map(|pair| (pair.name, pair.value)));
    let body = entry.request.post_data.map(|data| {
        let fields =
            || data.params.iter().map(|pair| format!("{}={}", pair.name, pair.value)).collect::<Vec<_>>().join("&");
        let text = data.text.clone().filter(|text| !text.is_empty()).unwrap_or_else(fields);
        sketch.body(&data.mime_type, &text)
    });
    let status = u16::try_from(entry.response.status).ok().filter(|status| *status != 304 && *status < 600);
    Request {
        method: entry.request.method.to_uppercase(),
        url,
        headers,
        body: body.unwrap_or_default(),
        status,
        ..Request::default()
    }
}
