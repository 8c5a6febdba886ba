//! Takes secrets out of what was recorded: each becomes `${NAME}`, and the same value always the same name.

use serde_json::Value;

use super::toml_text::literal;

/// Parts of a name behind which a secret stands.
const TELLING: [&str; 12] = [
    "authorization",
    "cookie",
    "token",
    "secret",
    "password",
    "passwd",
    "api-key",
    "apikey",
    "session",
    "signature",
    "credential",
    "csrf",
];
/// Whole names behind which a secret stands, too short to be looked for in others.
const TELLING_WHOLE: [&str; 9] = ["key", "sig", "auth", "pwd", "pass", "pin", "otp", "code", "jwt"];

/// The secrets found so far.
#[derive(Debug, Default)]
pub(super) struct Secrets {
    /// Name in the environment, value, and where it stood.
    found: Vec<(String, String, String)>,
}

impl Secrets {
    /// The text that stands for a value of this name: itself, or `${NAME}` where it is a secret.
    pub(super) fn value(&mut self, name: &str, value: &str) -> String {
        if value.is_empty() || !(is_telling(name) || is_token(value)) {
            return literal(value);
        }
        // The scheme of an authorization is no secret, and a reader wants to see it.
        match value.split_once(' ') {
            Some((scheme @ ("Bearer" | "bearer"), token)) => format!("{scheme} {}", self.place("TOKEN", token, name)),
            Some((scheme @ ("Basic" | "basic"), token)) => {
                format!("{scheme} {}", self.place("BASIC_AUTH", token, name))
            }
            _ => self.place(&variable(name), value, name),
        }
    }

    /// Puts `${NAME}` in the place of a value.
    pub(super) fn place(&mut self, name: &str, value: &str, from: &str) -> String {
        if let Some((known, _, _)) = self.found.iter().find(|(_, other, _)| other == value) {
            return format!("${{{known}}}");
        }
        let taken = |name: &str| self.found.iter().any(|(other, _, _)| other == name);
        let mut unique = name.to_owned();
        let mut number = 2;
        while taken(&unique) {
            unique = format!("{name}_{number}");
            number += 1;
        }
        let place = format!("${{{unique}}}");
        self.found.push((unique, value.to_owned(), from.to_owned()));
        place
    }

    /// The texts of a JSON value as templates, its secrets taken out by the names of their fields.
    pub(super) fn json(&mut self, name: &str, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.value(name, &text)),
            Value::Array(items) => Value::Array(items.into_iter().map(|item| self.json(name, item)).collect()),
            Value::Object(entries) => Value::Object(
                entries.into_iter().map(|(name, value)| (name.clone(), self.json(&name, value))).collect(),
            ),
            // A secret may be a number: a PIN.
            Value::Number(number) if is_telling(name) => {
                Value::String(self.place(&variable(name), &number.to_string(), name))
            }
            other => other,
        }
    }

    /// A line for each secret: its name, where it stood, what to do.
    pub(super) fn notes(&self) -> impl Iterator<Item = String> {
        self.found
            .iter()
            .map(|(name, _, from)| format!("`{from}` is a secret: set it by `export {name}=...` before a run"))
    }
}

/// Whether a secret stands behind this name.
pub(super) fn is_telling(name: &str) -> bool {
    let name = name.to_lowercase().replace('_', "-");
    TELLING.iter().any(|part| name.contains(part)) || name.split('-').any(|word| TELLING_WHOLE.contains(&word))
}

/// Whether a value is a secret by its looks: a JSON web token, or a long one of GitHub's or a cloud's prefixes.
fn is_token(value: &str) -> bool {
    let token = value.strip_prefix("Bearer ").unwrap_or(value);
    (token.starts_with("eyJ") && token.matches('.').count() == 2)
        || ["ghp_", "sk-", "sk_live_", "xoxb-", "AKIA"]
            .iter()
            .any(|prefix| token.starts_with(prefix) && token.len() > 15)
}

/// A name in the environment from the name of a field.
fn variable(name: &str) -> String {
    let name: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect();
    match name.trim_matches('_') {
        "" => "SECRET".to_owned(),
        name if name.starts_with(|c: char| c.is_ascii_digit()) => format!("SECRET_{name}"),
        name => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_known_by_its_name_or_its_looks_and_keeps_one_variable() {
        let mut secrets = Secrets::default();
        assert_eq!(secrets.value("Authorization", "Bearer abc"), "Bearer ${TOKEN}");
        assert_eq!(secrets.value("x-session-token", "abc"), "${TOKEN}");
        assert_eq!(secrets.value("password", "pw"), "${PASSWORD}");
        assert_eq!(secrets.value("password", "other"), "${PASSWORD_2}");
        assert_eq!(secrets.value("note", "eyJh.eyJi.sig"), "${NOTE}");
        assert_eq!(secrets.value("keyboard", "a {{b}}"), "a {{{{b}}");
        assert_eq!(secrets.notes().count(), 4);
        assert!(secrets.notes().all(|note| !note.contains("abc")));
    }
}
