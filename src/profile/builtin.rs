//! The profiles that soak brings along, and the one that a bare URL means.

use std::collections::BTreeMap;
use std::path::Path;

use super::environment::Environment;
use super::error::{ProfileError, nearest};
use super::model::{Class, Flow, Profile, Secret, Think};
use super::template::{Piece, Template};
use super::{read, scenarios};

/// The shipped profiles: the file's name without its ending, and its text.
const SHIPPED: [(&str, &str); 6] = [
    ("agents-chat", include_str!("../../profiles/agents-chat.toml")),
    ("auditor", include_str!("../../profiles/auditor.toml")),
    ("classify-slo", include_str!("../../profiles/classify-slo.toml")),
    ("health", include_str!("../../profiles/health.toml")),
    ("interview", include_str!("../../profiles/interview.toml")),
    ("socratic-api", include_str!("../../profiles/socratic-api.toml")),
];

/// The names of the shipped profiles, in alphabetical order.
pub fn builtin_names() -> impl Iterator<Item = &'static str> {
    SHIPPED.iter().map(|(name, _)| *name)
}

/// The text of a shipped profile.
///
/// # Errors
/// Where there is none of this name.
pub fn builtin_text(name: &str) -> Result<&'static str, ProfileError> {
    let found = SHIPPED.iter().find(|(shipped, _)| *shipped == name).map(|(_, text)| *text);
    found.ok_or_else(|| ProfileError::NoBuiltin {
        name: name.to_owned(),
        near: nearest(name, builtin_names()).map(str::to_owned),
        known: builtin_names().collect::<Vec<_>>().join(", "),
    })
}

impl Profile {
    /// The shipped profile of this name.
    ///
    /// # Errors
    /// Where there is none of this name, or it asks for an environment variable that is not set.
    pub fn builtin(name: &str, environment: &dyn Environment) -> Result<Self, ProfileError> {
        Self::parse(builtin_text(name)?, name, Path::new("."), environment)
    }

    /// What a bare URL means: one class that sends one GET. What may be secret in the URL (user and password, the values
    /// of the query) is sent and never shown. The URL is an absolute one; the driver refuses others.
    pub fn plain_get(url: &str) -> Self {
        let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
        let rest = rest.split('#').next().unwrap_or_default();
        let (authority, path) = match rest.find(['/', '?']) {
            Some(end) => rest.split_at(end),
            None => (rest, "/"),
        };
        let mut secrets = Vec::new();
        let base = base(scheme, authority, &mut secrets);
        let step = read::plain_get(address(path, &mut secrets), read::plain_connection().timeout);
        let name = "get".to_owned();
        Self {
            about: String::new(),
            connection: super::Connection { url: Some(base), ..read::plain_connection() },
            variables: BTreeMap::new(),
            data: Vec::new(),
            tenants: Vec::new(),
            setup: Vec::new(),
            classes: vec![Class { name: name.clone(), weight: 1.0, flow: name.clone(), think: Think::None }],
            flows: vec![Flow { name: name.clone(), steps: vec![step] }],
            scenarios: scenarios::without_class(),
            default_scenario: "smoke".to_owned(),
            objectives: Vec::new(),
            budgets: Vec::new(),
            scrape: None,
            slow_after: None,
            warm_up: None,
            secrets,
            name,
        }
    }
}

/// Scheme and host, and what stands before the host as a secret.
fn base(scheme: &str, authority: &str, secrets: &mut Vec<Secret>) -> Template {
    let Some((user, host)) = authority.rsplit_once('@') else {
        return Template::text(format!("{scheme}://{authority}"));
    };
    let pieces = vec![
        Piece::Text(format!("{scheme}://")),
        Piece::Secret(Secret::new(format!("{user}@"))),
        Piece::Text(host.to_owned()),
    ];
    let password = user.split_once(':').map_or(user, |(_, password)| password);
    keep(password, secrets);
    Template { source: format!("{scheme}://{host}"), pieces }
}

/// Path and query, the query's values as secrets; a part without `=` may be a bare token, and is all value.
fn address(path: &str, secrets: &mut Vec<Secret>) -> Template {
    let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
    let path = if path.is_empty() { "/" } else { path };
    let Some(query) = query else { return Template::text(path) };
    let (mut source, mut pieces) = (path.to_owned(), vec![Piece::Text(path.to_owned())]);
    for (index, part) in query.split('&').enumerate() {
        let (name, value) = part.split_once('=').map_or(("", part), |(name, value)| (name, value));
        let mark = if index == 0 { "?" } else { "&" };
        let equals = if part.contains('=') { "=" } else { "" };
        let before = format!("{mark}{name}{equals}");
        source.push_str(&before);
        source.push_str("***");
        pieces.push(Piece::Text(before));
        pieces.push(Piece::Secret(Secret::new(value.to_owned())));
        keep(value, secrets);
    }
    Template { source, pieces }
}

fn keep(value: &str, secrets: &mut Vec<Secret>) {
    let secret = Secret::new(value.to_owned());
    if !value.is_empty() && !secrets.contains(&secret) {
        secrets.push(secret);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_profile_is_sound() {
        for name in builtin_names() {
            let profile = Profile::builtin(name, &BTreeMap::new()).unwrap();
            assert!(!profile.classes.is_empty() && !profile.about.is_empty(), "{name}");
        }
    }

    #[test]
    fn an_unknown_built_in_profile_names_the_nearest() {
        let message = Profile::builtin("heath", &BTreeMap::new()).unwrap_err().to_string();
        assert!(message.contains("`health`"), "{message}");
    }

    #[test]
    fn a_bare_url_is_one_get_that_shows_no_secret() {
        let profile = Profile::plain_get("http://ann:s3cret@127.0.0.1:8080/a/b?token=s3cret2&page=2&s3cret3#x");
        let step = &profile.flows[0].steps[0];
        assert_eq!(step.name, "GET /a/b?token=***&page=***&***");
        let sent: String = step.url.pieces.iter().map(revealed).collect();
        assert_eq!(sent, "/a/b?token=s3cret2&page=2&s3cret3");
        let base = profile.connection.url.as_ref().unwrap();
        assert_eq!(base.pieces.iter().map(revealed).collect::<String>(), "http://ann:s3cret@127.0.0.1:8080");
        assert!(!format!("{profile:?}").contains("s3cret"));
        assert_eq!(profile.secrets.len(), 4);
    }

    fn revealed(piece: &Piece) -> String {
        match piece {
            Piece::Text(text) => text.clone(),
            Piece::Secret(secret) => secret.reveal().to_owned(),
            _ => String::new(),
        }
    }

    #[test]
    fn a_bare_host_is_its_front_page() {
        let profile = Profile::plain_get("http://127.0.0.1:8080");
        assert_eq!(profile.flows[0].steps[0].name, "GET /");
        assert_eq!(profile.connection.url.unwrap().source, "http://127.0.0.1:8080");
        assert_eq!(Profile::plain_get("http://h?x=1").flows[0].steps[0].name, "GET /?x=***");
    }
}
