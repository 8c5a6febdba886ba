//! A user's cookies (RFC 6265), as far as a target needs them, in bounded memory.

use std::time::{Duration, SystemTime};

use hyper::HeaderMap;
use hyper::header::{HeaderValue, SET_COOKIE};

use super::endpoint::Endpoint;
use crate::domain::Elapsed;

/// As many cookies as browsers keep of one site; the oldest makes room.
const MOST: usize = 50;
/// As long as browsers take a name with its value; a longer cookie is not kept.
const LONGEST: usize = 4096;

/// The cookies of one user.
#[derive(Clone, Default)]
pub struct Jar {
    cookies: Vec<Cookie>,
}

#[derive(Clone)]
struct Cookie {
    name: String,
    value: String,
    domain: Domain,
    path: String,
    over: Over,
    /// `None` for as long as the user lives.
    expires: Option<Elapsed>,
}

/// Which hosts get a cookie.
#[derive(Clone, PartialEq, Eq)]
enum Domain {
    /// The one that set it.
    Host(String),
    /// Those that end so.
    Suffix(String),
}

/// What a cookie may be sent over.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Over {
    Anything,
    Tls,
}

impl Jar {
    /// An empty jar.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in what an answer to a request of `path` sets.
    pub fn take_in(&mut self, endpoint: &Endpoint, path: &str, answer: &HeaderMap, now: Elapsed) {
        for header in answer.get_all(SET_COOKIE) {
            // One that a header cannot send back is not kept.
            let Some((cookie, lives)) = header.to_str().ok().and_then(|text| read(text, endpoint, path)) else {
                continue;
            };
            self.cookies.retain(|other| {
                (&other.name, &other.domain, &other.path) != (&cookie.name, &cookie.domain, &cookie.path)
            });
            if lives == Some(Duration::ZERO) {
                continue;
            }
            if self.cookies.len() == MOST {
                self.cookies.remove(0);
            }
            let expires = lives.and_then(|lives| now.since_start().checked_add(lives)).map(Elapsed::new);
            self.cookies.push(Cookie { expires, ..cookie });
        }
    }

    /// The header for a request of `path`, `None` where no cookie belongs to it.
    pub fn header(&mut self, endpoint: &Endpoint, path: &str, now: Elapsed) -> Option<HeaderValue> {
        self.cookies.retain(|cookie| cookie.expires.is_none_or(|expires| now < expires));
        let path = path_only(path);
        let mut text = String::new();
        for cookie in self.cookies.iter().filter(|cookie| cookie.belongs(endpoint, path)) {
            if !text.is_empty() {
                text.push_str("; ");
            }
            text.push_str(&cookie.name);
            text.push('=');
            text.push_str(&cookie.value);
        }
        let mut header = (!text.is_empty()).then(|| HeaderValue::try_from(text).ok())??;
        header.set_sensitive(true);
        Some(header)
    }
}

impl Cookie {
    fn belongs(&self, endpoint: &Endpoint, path: &str) -> bool {
        let host = match &self.domain {
            Domain::Host(host) => host == endpoint.host(),
            Domain::Suffix(suffix) => ends_in(endpoint.host(), suffix),
        };
        let below = path.strip_prefix(self.path.as_str());
        let path = below.is_some_and(|rest| self.path.ends_with('/') || rest.is_empty() || rest.starts_with('/'));
        host && path && (self.over == Over::Anything || endpoint.is_encrypted())
    }
}

/// Whether a host is `suffix` or one of its names.
fn ends_in(host: &str, suffix: &str) -> bool {
    host == suffix || host.strip_suffix(suffix).is_some_and(|before| before.ends_with('.'))
}

fn path_only(path: &str) -> &str {
    path.split('?').next().unwrap_or_default()
}

/// Reads a `Set-Cookie`: the cookie, and how long it lives.
fn read(text: &str, endpoint: &Endpoint, path: &str) -> Option<(Cookie, Option<Duration>)> {
    let mut parts = text.split(';');
    let (name, value) = parts.next()?.split_once('=')?;
    let (name, value) = (name.trim(), value.trim());
    if name.is_empty() || name.len() + value.len() > LONGEST {
        return None;
    }
    let directory = path_only(path).rsplit_once('/').map_or("/", |(directory, _)| directory);
    let mut cookie = Cookie {
        name: name.to_owned(),
        value: value.to_owned(),
        domain: Domain::Host(endpoint.host().to_owned()),
        path: if directory.is_empty() { "/" } else { directory }.to_owned(),
        over: Over::Anything,
        expires: None,
    };
    let (mut max_age, mut expires) = (None, None);
    for part in parts {
        let (attribute, value) = part.split_once('=').unwrap_or((part, ""));
        let value = value.trim();
        match attribute.trim().to_ascii_lowercase().as_str() {
            "path" if value.starts_with('/') && value.len() <= LONGEST => value.clone_into(&mut cookie.path),
            "domain" if !value.is_empty() => {
                let suffix = value.trim_start_matches('.').to_ascii_lowercase();
                // A server speaks for itself and for what it is part of, but not for a whole top level.
                if endpoint.host() != suffix && !(suffix.contains('.') && ends_in(endpoint.host(), &suffix)) {
                    return None;
                }
                // A number has no names below it.
                if endpoint.host().parse::<std::net::IpAddr>().is_err() {
                    cookie.domain = Domain::Suffix(suffix);
                }
            }
            "max-age" => max_age = seconds(value).or(max_age),
            "expires" => expires = until(value, SystemTime::now()).or(expires),
            "secure" => cookie.over = Over::Tls,
            _ => {}
        }
    }
    Some((cookie, max_age.or(expires)))
}

fn seconds(text: &str) -> Option<Duration> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // A life below zero is over, and one of more seconds than fit lasts.
    Some(if text.starts_with('-') { Duration::ZERO } else { Duration::from_secs(digits.parse().unwrap_or(u64::MAX)) })
}

/// Dates of cookies are often written `Wed, 21-Oct-2015 07:28:00 GMT`, which is no date of HTTP.
fn until(text: &str, now: SystemTime) -> Option<Duration> {
    let date = httpdate::parse_http_date(text).or_else(|_| httpdate::parse_http_date(&text.replace('-', " "))).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

impl std::fmt::Debug for Jar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Jar({} cookies)", self.cookies.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Elapsed {
        Elapsed::new(Duration::from_secs(seconds))
    }

    fn jar(base: &str, set: &[&str]) -> (Endpoint, Jar) {
        let (endpoint, mut jar) = (Endpoint::new(base, None).unwrap(), Jar::new());
        let mut answer = HeaderMap::new();
        for text in set {
            answer.append(SET_COOKIE, HeaderValue::from_str(text).unwrap());
        }
        jar.take_in(&endpoint, "/v1/login?next=/x/y", &answer, at(0));
        (endpoint, jar)
    }

    fn sent(base: &str, set: &[&str], path: &str, now: Elapsed) -> String {
        let (endpoint, mut jar) = jar(base, set);
        jar.header(&endpoint, path, now).map_or_else(String::new, |header| header.to_str().unwrap().to_owned())
    }

    const BASE: &str = "http://127.0.0.1:8080";

    #[test]
    fn a_cookie_comes_back_where_it_belongs_and_a_later_one_of_its_name_replaces_it() {
        let set = ["sid=1; HttpOnly; SameSite=Lax", "a=b=c; Path=/", "sid=2"];
        assert_eq!(sent(BASE, &set, "/v1/turns", at(0)), "a=b=c; sid=2");
        assert_eq!(sent(BASE, &set, "/v1", at(0)), "a=b=c; sid=2");
        assert_eq!(sent(BASE, &set, "/v10", at(0)), "a=b=c");
        assert_eq!(sent(BASE, &["x=1; Path=/v1/a"], "/v1/a?q=/", at(0)), "x=1");
    }

    #[test]
    fn a_cookie_lives_as_long_as_it_was_given() {
        assert_eq!(sent(BASE, &["x=1; Max-Age=10"], "/v1/", at(9)), "x=1");
        assert_eq!(sent(BASE, &["x=1; Max-Age=10"], "/v1/", at(10)), "");
        assert_eq!(sent(BASE, &["x=1", "x=; Max-Age=0"], "/v1/", at(0)), "");
        assert_eq!(sent(BASE, &["x=1", "x=; Expires=Thu, 01-Jan-1970 00:00:01 GMT"], "/v1/", at(0)), "");
        assert_eq!(sent(BASE, &["x=1; Max-Age=5; Expires=Thu, 01 Jan 1970 00:00:00 GMT"], "/v1/", at(0)), "x=1");
        assert_eq!(sent(BASE, &["x=1; Max-Age=soon; Expires=never"], "/v1/", at(1 << 40)), "x=1");
    }

    #[test]
    fn a_cookie_of_another_host_or_for_tls_alone_is_not_sent() {
        assert_eq!(sent(BASE, &["x=1; Secure"], "/v1/", at(0)), "");
        assert_eq!(sent(BASE, &["x=1; Domain=example.org"], "/v1/", at(0)), "");
        assert_eq!(
            sent("http://api.example.org", &["x=1; Domain=.Example.org", "y=2; Domain=org"], "/v1/", at(0)),
            "x=1"
        );
        let (_, mut jar) = jar("http://api.example.org", &["host=1", "site=2; Domain=example.org"]);
        let other = Endpoint::new("http://www.example.org", None).unwrap();
        assert_eq!(jar.header(&other, "/v1/", at(0)).unwrap(), "site=2");
    }

    #[test]
    fn a_server_that_sets_cookies_without_end_fills_no_memory() {
        let many: Vec<String> = (0..1000).map(|k| format!("n{k}=1")).collect();
        let long = format!("long={}", "x".repeat(LONGEST));
        let set: Vec<&str> = many.iter().map(String::as_str).chain([long.as_str(), "=1", "no cookie"]).collect();
        let (_, jar) = jar(BASE, &set);
        assert_eq!(jar.cookies.len(), MOST);
        assert_eq!(jar.cookies.last().unwrap().name, "n999");
    }

    #[test]
    fn no_value_is_printed() {
        let (endpoint, mut jar) = jar(BASE, &["sid=s3cret"]);
        let header = jar.header(&endpoint, "/v1/", at(0));
        assert!(!format!("{jar:?} {header:?}").contains("s3cret"));
    }
}
