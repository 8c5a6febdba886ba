//! What must stand in no file: values from the environment, and what a login answered.

use serde_json::Value;

use crate::profile::Profile;

/// What is shown in a secret's place.
pub(super) const HIDDEN: &str = "***";

/// Parts of names whose values are taken for secrets.
const TELLING: [&str; 7] = ["token", "password", "passwd", "secret", "key", "session", "auth"];

/// Whether a value of this name is taken for a secret.
pub(super) fn is_telling(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    TELLING.iter().any(|part| name.contains(part))
}

/// The secrets of a run, to be found in what is to be written.
#[derive(Default)]
pub(super) struct Secrets {
    texts: Vec<String>,
}

impl Secrets {
    /// Those that the profile knows.
    pub(super) fn of(profile: &Profile) -> Self {
        let mut secrets = Self::default();
        profile.secrets.iter().for_each(|secret| secrets.add(secret.reveal()));
        secrets
    }

    /// One more.
    pub(super) fn add(&mut self, text: &str) {
        if !text.is_empty() && !self.texts.iter().any(|known| known == text) {
            self.texts.push(text.to_owned());
            // The longest first, so that one that holds another is replaced whole.
            self.texts.sort_by_key(|text| std::cmp::Reverse(text.len()));
        }
    }

    /// A captured value.
    pub(super) fn add_value(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.add(text),
            Value::Number(number) => self.add(&number.to_string()),
            _ => {}
        }
    }

    /// The text without them.
    pub(super) fn hide(&self, text: &str) -> String {
        let hide = |text: String, secret: &String| {
            if text.contains(secret.as_str()) { text.replace(secret.as_str(), HIDDEN) } else { text }
        };
        self.texts.iter().fold(text.to_owned(), hide)
    }
}

/// A path, or a whole URL, without the values of its query, user and password.
pub(super) fn shown_url(url: &str) -> String {
    let (path, query) = url.split_once('?').map_or((url, None), |(path, query)| (path, Some(query)));
    let path = path.split('#').next().unwrap_or_default();
    let mut shown = match path.split_once("://") {
        Some((scheme, rest)) => {
            let (authority, rest) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            let host = authority.rsplit('@').next().unwrap_or_default();
            format!("{scheme}://{host}{rest}")
        }
        None => path.to_owned(),
    };
    if let Some(query) = query {
        // A part without `=` may be a bare token: it is all value.
        let hidden = |part: &str| part.split_once('=').map_or(HIDDEN.into(), |(name, _)| format!("{name}={HIDDEN}"));
        let names: Vec<String> = query.split('#').next().unwrap_or_default().split('&').map(hidden).collect();
        shown.push('?');
        shown.push_str(&names.join("&"));
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_user_password_query_values_and_fragment() {
        for (url, shown) in [
            ("/a/b?token=s3cret&page=s3cret&s3cret#s3cret", "/a/b?token=***&page=***&***"),
            ("http://ann:s3cret@127.0.0.1:80/a#s3cret", "http://127.0.0.1:80/a"),
            ("http://ann:s3cret@host?x=s3cret", "http://host?x=***"),
            ("/plain", "/plain"),
        ] {
            assert_eq!(shown_url(url), shown);
        }
    }

    #[test]
    fn a_secret_that_holds_another_is_hidden_whole() {
        let mut secrets = Secrets::default();
        secrets.add("abc");
        secrets.add("abcdef");
        secrets.add("");
        assert_eq!(secrets.hide("x abcdef y abc"), "x *** y ***");
        assert_eq!(secrets.hide("nothing"), "nothing");
    }

    #[test]
    fn names_that_tell_of_secrets_are_known_however_they_are_written() {
        assert!(["access_token", "X-API-Key", "sessionId", "Authorization"].iter().all(|name| is_telling(name)));
        assert!(!["id", "sid", "page", "name"].iter().any(|name| is_telling(name)));
    }
}
