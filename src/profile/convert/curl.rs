//! A profile from a curl command, as browsers copy them.

use super::sketch::{Address, Request, Sketch, SketchBody, is_token};
use super::toml_text::quoted;
use super::{ConvertError, Draft};

/// Options that change nothing that a profile sends.
const IDLE: [&str; 15] = [
    "-s",
    "--silent",
    "-S",
    "--show-error",
    "-v",
    "--verbose",
    "-i",
    "--include",
    "--compressed",
    "-f",
    "--fail",
    "-N",
    "--no-buffer",
    "--globoff",
    "-g",
];
/// Options of this kind that take a value.
const IDLE_WITH_VALUE: [&str; 6] = ["-o", "--output", "-w", "--write-out", "--connect-timeout", "--retry"];

/// What a command says.
#[derive(Debug, Default)]
struct Command {
    url: Option<String>,
    method: Option<String>,
    headers: Vec<(String, String)>,
    data: Vec<String>,
    json: bool,
    as_query: bool,
    head: bool,
    target: Vec<(&'static str, String)>,
    timeout: Option<String>,
    notes: Vec<String>,
}

/// Writes a profile that sends what a curl command sends.
///
/// # Errors
/// Where the command cannot be read, or asks for what a profile cannot say.
pub fn from_curl(command: &str) -> Result<Draft, ConvertError> {
    let words = words(command)?;
    let mut words = words.into_iter().peekable();
    words.next_if(|word| word == "curl");
    let mut command = Command::default();
    while let Some(word) = words.next() {
        // `--data=x` and `-dx` are one word each.
        let (option, mut glued) = match word.split_once('=') {
            Some((option, value)) if option.starts_with("--") => (option.to_owned(), Some(value.to_owned())),
            _ if word.len() > 2 && word.starts_with('-') && !word.starts_with("--") && word.is_char_boundary(2) => {
                (word[..2].to_owned(), Some(word[2..].to_owned()))
            }
            _ => (word.clone(), None),
        };
        if IDLE.contains(&option.as_str()) {
            // `-sS` is two options.
            if let Some(rest) = glued.filter(|_| !option.starts_with("--")) {
                words = prepend(format!("-{rest}"), words);
            }
            continue;
        }
        let mut value = || {
            glued.take().or_else(|| words.next()).ok_or_else(|| ConvertError::Curl(format!("{option} lacks its value")))
        };
        command.option(&option, &mut value)?;
    }
    command.sketch()?.draft("the command names no URL")
}

type Words = std::iter::Peekable<std::vec::IntoIter<String>>;

fn prepend(word: String, rest: Words) -> Words {
    let mut words = vec![word];
    words.extend(rest);
    words.into_iter().peekable()
}

impl Command {
    fn option(
        &mut self,
        option: &str,
        value: &mut impl FnMut() -> Result<String, ConvertError>,
    ) -> Result<(), ConvertError> {
        match option {
            "-X" | "--request" => {
                let method = value()?.to_uppercase();
                if !is_token(&method) {
                    return Err(ConvertError::Curl(format!("`{method}` is no method")));
                }
                self.method = Some(method);
            }
            "-H" | "--header" => {
                let header = value()?;
                let (name, value) = header
                    .split_once(':')
                    .ok_or_else(|| ConvertError::Curl("a header lacks its colon; write -H 'name: value'".to_owned()))?;
                self.headers.push((name.trim().to_owned(), value.trim().to_owned()));
            }
            "-d" | "--data" | "--data-raw" | "--data-ascii" | "--data-binary" | "--data-urlencode" => {
                let data = value()?;
                if data.starts_with('@') && option != "--data-raw" {
                    return Err(ConvertError::Curl(format!("{option} @FILE: put the file's content into the command")));
                }
                self.data.push(data);
            }
            "--json" => {
                self.data.push(value()?);
                self.json = true;
            }
            "-G" | "--get" => self.as_query = true,
            "-I" | "--head" => self.head = true,
            "-u" | "--user" => self.headers.push(("authorization".to_owned(), format!("Basic {}", basic(&value()?)))),
            "-b" | "--cookie" => self.headers.push(("cookie".to_owned(), value()?)),
            "-A" | "--user-agent" | "-e" | "--referer" => {
                value()?;
            }
            "--url" => self.url = Some(value()?),
            "--http2" | "--http2-prior-knowledge" => self.target.push(("http", quoted("2"))),
            "--unix-socket" => self.target.push(("unix", quoted(&value()?))),
            "--cacert" => self.target.push(("ca", quoted(&value()?))),
            "-m" | "--max-time" => {
                let seconds = value()?.parse::<f64>().ok().filter(|seconds| (0.001..=86_400.0).contains(seconds));
                let seconds = seconds.ok_or_else(|| ConvertError::Curl("-m takes seconds, up to a day".to_owned()))?;
                self.timeout = Some(format!("{}ms", (seconds * 1000.0).round()));
            }
            "-k" | "--insecure" => {
                self.notes
                    .push("-k is left out: soak checks certificates; name a private one by [target] ca".to_owned());
            }
            "-L" | "--location" => {
                self.notes
                    .push("-L is left out: soak does not follow redirects; add a step for the address".to_owned());
            }
            _ if IDLE_WITH_VALUE.contains(&option) => {
                value()?;
            }
            _ if option.starts_with('-') && option.len() > 1 => {
                return Err(ConvertError::Curl(format!(
                    "the option {option} has no counterpart in a profile; remove it"
                )));
            }
            url if self.url.is_none() => self.url = Some(url.to_owned()),
            _ => return Err(ConvertError::Curl("it names several URLs; convert one command at a time".to_owned())),
        }
        Ok(())
    }

    fn sketch(mut self) -> Result<Sketch, ConvertError> {
        let url = self.url.take().ok_or_else(|| ConvertError::Curl("the command names no URL".to_owned()))?;
        let whole = if url.contains("://") { url } else { format!("http://{url}") };
        let address = Address::read(&whole)
            .ok_or_else(|| ConvertError::Curl("its URL is none that starts with http:// or https://".to_owned()))?;
        if let Some(user) = &address.user {
            self.headers.push(("authorization".to_owned(), format!("Basic {}", basic(user))));
        }
        let data = self.data.join("&");
        let mut path = address.path;
        if self.as_query && !data.is_empty() {
            path = format!("{path}{}{data}", if path.contains('?') { "&" } else { "?" });
        }
        let sends = !data.is_empty() && !self.as_query;
        let given = self.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        let content_type = match given {
            Some((_, value)) => value.clone(),
            None if self.json => "application/json".to_owned(),
            None => "application/x-www-form-urlencoded".to_owned(),
        };
        let method = self.method.unwrap_or_else(|| match (self.head, sends) {
            (true, _) => "HEAD".to_owned(),
            (_, true) => "POST".to_owned(),
            _ => "GET".to_owned(),
        });
        let mut sketch =
            Sketch { about: "From a curl command".to_owned(), base: Some(address.origin), ..Sketch::default() };
        let url = sketch.path(&path);
        let mut headers = sketch.headers(self.headers.into_iter());
        let body = if sends { sketch.body(&content_type, &data) } else { SketchBody::Empty };
        if sends && !headers.iter().any(|(name, _)| name == "content-type") {
            headers.push(("content-type".to_owned(), content_type));
        }
        sketch.requests.push(Request { method, url, headers, body, timeout: self.timeout, ..Request::default() });
        sketch.target = self.target;
        sketch.notes = self.notes;
        Ok(sketch)
    }
}

/// User and password as the header sends them.
fn basic(user: &str) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(user)
}

/// Splits a command as a shell does: single, double and `$'` quotes, backslashes, lines that go on.
fn words(command: &str) -> Result<Vec<String>, ConvertError> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = command.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('\n') | None => {}
                Some('\r') => {
                    chars.next_if_eq(&'\n');
                }
                Some(c) => word.get_or_insert_default().push(c),
            },
            '$' if chars.peek() == Some(&'\'') => {
                chars.next();
                quoted_part(&mut chars, word.get_or_insert_default(), Quote::Dollar)?;
            }
            '\'' => quoted_part(&mut chars, word.get_or_insert_default(), Quote::Single)?,
            '"' => quoted_part(&mut chars, word.get_or_insert_default(), Quote::Double)?,
            c if c.is_whitespace() => words.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Ok(words)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Quote {
    Single,
    Double,
    Dollar,
}

fn quoted_part(
    chars: &mut std::iter::Peekable<std::str::Chars<'_>>,
    word: &mut String,
    quote: Quote,
) -> Result<(), ConvertError> {
    let end = if quote == Quote::Double { '"' } else { '\'' };
    while let Some(c) = chars.next() {
        match c {
            c if c == end => return Ok(()),
            '\\' if quote == Quote::Dollar => match chars.next() {
                Some('n') => word.push('\n'),
                Some('t') => word.push('\t'),
                Some('r') => word.push('\r'),
                Some('u') => {
                    let digits: String = (0..4).filter_map(|_| chars.next_if(char::is_ascii_hexdigit)).collect();
                    word.extend(u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32));
                }
                Some(c) => word.push(c),
                None => {}
            },
            '\\' if quote == Quote::Double => match chars.next() {
                Some(c @ ('"' | '\\' | '$' | '`')) => word.push(c),
                Some('\n') | None => {}
                Some(c) => word.extend(['\\', c]),
            },
            c => word.push(c),
        }
    }
    Err(ConvertError::Curl(format!("the quote {end} is opened and not closed")))
}
