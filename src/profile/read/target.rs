//! Reads `[target]`: how the server is reached, and `[scrape]`: its own metrics page.

use std::time::Duration;

use toml::de::DeValue;

use crate::domain::Unit;
use crate::profile::model::{Connection, Cookies, HttpVersion, Judge, Keep, Scrape, ScrapeSeries};
use crate::profile::template::Piece;

use super::fields::{Field, Fields};
use super::reader::{Keeping, Reader};
use super::{expect, keys, step};

/// How long a request may take where nothing is said: long enough for an answer that is thought over, short enough for a
/// dead server to be noticed.
const TIMEOUT: Duration = Duration::from_secs(30);
/// How often the metrics page is read where nothing is said, and at most: a page of a thousand series costs its server.
const SCRAPE_INTERVAL: Duration = Duration::from_secs(10);
const MIN_SCRAPE_INTERVAL: Duration = Duration::from_millis(100);

/// The connection of a profile that says nothing about it.
pub(in crate::profile) fn plain_connection() -> Connection {
    Connection {
        url: None,
        headers: Vec::new(),
        http: HttpVersion::default(),
        keep: Keep::default(),
        cookies: Cookies::default(),
        ca: None,
        unix_socket: None,
        timeout: TIMEOUT,
    }
}

/// Reads `[target]`.
pub(super) fn connection(reader: &mut Reader<'_>, top: &Fields<'_, '_>) -> Connection {
    let mut connection = plain_connection();
    let Some(fields) = top.get("target").and_then(|field| field.table(reader, "[target]", keys::TARGET)) else {
        return connection;
    };
    connection.url = fields.get("url").and_then(|field| base(reader, &field));
    connection.headers = fields.get("headers").map(|field| expect::headers(reader, &field)).unwrap_or_default();
    if let Some(field) = fields.get("http") {
        let version = field.number_or(reader, "\"1.1\" or \"2\"", |text| match text {
            "1.1" => Ok(HttpVersion::Http1),
            "2" | "2.0" => Ok(HttpVersion::Http2),
            _ => Err(format!("`{text}` is no version of HTTP that soak speaks; there are \"1.1\" and \"2\"")),
        });
        connection.http = version.unwrap_or_default();
    }
    let keeps = [("keep", Keep::Alive), ("per turn", Keep::PerTurn), ("per request", Keep::PerRequest)];
    connection.keep = fields.get("connections").and_then(|field| field.choice(reader, &keeps)).unwrap_or_default();
    let cookies = [("keep", Cookies::Kept), ("ignore", Cookies::Ignored)];
    connection.cookies = fields.get("cookies").and_then(|field| field.choice(reader, &cookies)).unwrap_or_default();
    connection.timeout = fields.get("timeout").and_then(|field| field.some_time(reader)).unwrap_or(TIMEOUT);
    connection.unix_socket = fields.get("unix").and_then(|field| reader.path(&field));
    connection.ca = fields.get("ca").and_then(|field| {
        let path = reader.path(&field)?;
        if !path.is_file() {
            reader.wrong(&field, format!("there is no file {}", path.display()));
        }
        Some(path)
    });
    connection
}

/// Reads the address that paths are appended to.
fn base(reader: &mut Reader<'_>, field: &Field<'_, '_>) -> Option<crate::profile::Template> {
    let template = reader.template(field, Keeping::Shown)?;
    if step::has_password(&template.source) {
        reader.wrong(field, "a password stands in the address; send it as a header with ${NAME} from the environment");
        return None;
    }
    let [Piece::Text(whole)] = template.pieces.as_slice() else {
        reader.wrong(field, "the target's address is fixed before the first turn; only ${NAME} can be filled in");
        return None;
    };
    // Only checking, a value that is not set may stand in for the whole address.
    if reader.stood_in() {
        return Some(template);
    }
    let host = ["http://", "https://"].iter().find_map(|scheme| whole.strip_prefix(scheme));
    let sound = host.is_some_and(|rest| {
        !rest.is_empty() && !rest.starts_with('/') && !rest.contains(|c: char| c.is_whitespace() || c.is_control())
    });
    if !sound {
        // Not repeated where it came from the environment: it may hold a password.
        reader.wrong(field, format!("`{}` is no address; it looks like this: http://127.0.0.1:8080", template.source));
        return None;
    }
    if let Some((user, _)) = host.and_then(|rest| rest.split(['/', '?', '#']).next()).and_then(|at| at.rsplit_once('@'))
    {
        let password = user.split_once(':').map_or(user, |(_, password)| password).to_owned();
        reader.keep_secret(password);
    }
    if whole.contains(['?', '#']) {
        reader.wrong(field, "paths are appended to it, so it ends before `?` and `#`");
    }
    Some(template)
}

/// Reads `[scrape]`.
pub(super) fn scrape(reader: &mut Reader<'_>, top: &Fields<'_, '_>) -> Option<Scrape> {
    let field = top.get("scrape")?;
    let fields = field.table(reader, "[scrape]", keys::SCRAPE)?;
    let interval = fields.get("interval").map_or(Some(SCRAPE_INTERVAL), |field| {
        let interval = field.some_time(reader)?;
        if interval < MIN_SCRAPE_INTERVAL {
            reader.wrong(&field, "reading the page more often than every 100ms would be load of its own");
        }
        Some(interval)
    });
    let series: Vec<ScrapeSeries> = if let Some(list) = fields.get("series") {
        let items = list.list(reader, "a list of series, such as [\"go_goroutines\"]");
        if items.is_empty() {
            reader.wrong(&list, "it names no series");
        }
        items.iter().filter_map(|item| series(reader, item)).collect()
    } else {
        reader.problem(fields.start(), "`[scrape]`: say which `series` to take, such as [\"go_goroutines\"]");
        Vec::new()
    };
    for (index, one) in series.iter().enumerate() {
        if series[..index].iter().any(|earlier| earlier.name == one.name) {
            reader.wrong(&field, format!("two series are called `{}`; give one another `name`", one.name));
        }
    }
    let Some(url) = fields.get("url") else {
        reader.problem(fields.start(), "`[scrape]`: `url` is missing, such as url = \"/metrics\"");
        return None;
    };
    Some(Scrape { url: step::url(reader, &url)?, interval: interval?, series })
}

fn series(reader: &mut Reader<'_>, field: &Field<'_, '_>) -> Option<ScrapeSeries> {
    if !matches!(field.value.get_ref(), DeValue::Table(_)) {
        let source = field.words(reader)?.to_owned();
        return Some(ScrapeSeries { name: plain_name(&source), unit: unit_of(&source), source, judge: Judge::No });
    }
    let fields = field.table(reader, &field.name, keys::SERIES)?;
    let Some(source) = fields.get("source") else {
        reader.wrong(field, "`source` is missing: the series' name on the page");
        return None;
    };
    let source = source.words(reader)?.to_owned();
    let name =
        fields.get("name").map_or_else(|| Some(plain_name(&source)), |name| name.words(reader).map(str::to_owned));
    let judges = [("growth", Judge::Growth), ("no", Judge::No)];
    let judge = fields.get("judge").and_then(|field| field.choice(reader, &judges)).unwrap_or_default();
    let units = [
        ("bytes", Unit::Bytes),
        ("count", Unit::Count),
        ("milliseconds", Unit::Milliseconds),
        ("number", Unit::Number),
    ];
    let unit = match fields.get("unit") {
        Some(field) => field.choice(reader, &units)?,
        None => unit_of(&source),
    };
    Some(ScrapeSeries { source, name: name?, judge, unit })
}

/// The series' name without its labels.
fn plain_name(source: &str) -> String {
    source.split('{').next().unwrap_or(source).to_owned()
}

/// The unit by Prometheus's own rule of naming: it is the name's ending.
fn unit_of(source: &str) -> Unit {
    let name = plain_name(source);
    if name.trim_end_matches("_total").ends_with("_bytes") { Unit::Bytes } else { Unit::Number }
}
