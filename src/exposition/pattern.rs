//! Which series of the page are meant: by name, with `*` for anything, and by labels.

use super::line::{self, Line};

/// Series that are meant: `go_goroutines`, `http_requests_total{code="500"}`, `pool_*`. What matches is added up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    name: String,
    labels: Vec<(String, String)>,
}

/// Why a pattern cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// There is no name.
    #[error(
        "`{0}` names no series: write one as the page does, such as go_goroutines or http_requests_total{{code=\"500\"}}"
    )]
    Name(String),
    /// The labels are not closed, or not in quotes.
    #[error("the labels of `{0}` cannot be read: write {{name=\"value\"}}, with the quotes")]
    Labels(String),
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// Says which part cannot be understood.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let text = text.trim();
        let (name, labels) = match text.split_once('{') {
            None => (text, Vec::new()),
            Some((name, inside)) => match line::labels(inside) {
                Some((labels, "")) => (name.trim(), labels),
                _ => return Err(PatternError::Labels(text.to_owned())),
            },
        };
        let is_name = |c: char| c.is_ascii_alphanumeric() || "_:*.".contains(c);
        if name.is_empty() || !name.chars().all(is_name) {
            return Err(PatternError::Name(text.to_owned()));
        }
        let labels = labels.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Ok(Self { name: name.to_owned(), labels })
    }

    /// Whether the line is one of those that are meant. Labels that the pattern does not name may have any value.
    pub(super) fn covers(&self, line: &Line<'_>) -> bool {
        let has = |(name, value): &(String, String)| {
            line.labels.iter().any(|(label, found)| label == name && matches(value, found))
        };
        matches(&self.name, line.name) && self.labels.iter().all(has)
    }
}

/// Whether `text` is what `pattern` describes, `*` standing for anything.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let mut last = None;
    for part in parts {
        if let Some(between) = last.replace(part) {
            match rest.find(between) {
                Some(at) => rest = &rest[at + between.len()..],
                None => return false,
            }
        }
    }
    last.map_or(rest.is_empty(), |end| rest.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covers(pattern: &str, text: &str) -> bool {
        Pattern::parse(pattern).unwrap().covers(&line::read(text).unwrap())
    }

    #[test]
    fn a_name_covers_all_its_labels_and_labels_narrow_it() {
        assert!(covers("x_total", r#"x_total{code="200"} 1"#));
        assert!(covers(r#"x_total{code="2*"}"#, r#"x_total{path="/",code="204"} 1"#));
        assert!(!covers(r#"x_total{code="200"}"#, r#"x_total{code="500"} 1"#));
        assert!(!covers(r#"x_total{code="200"}"#, "x_total 1"));
        assert!(!covers("x_total", "x_totals 1") && !covers("x_total", "ax_total 1"));
    }

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, text, is) in [
            ("*", "", true),
            ("a*", "abc", true),
            ("*c", "abc", true),
            ("a*b*c", "a1b2c", true),
            ("a*b*c", "a1c", false),
            ("ab*ba", "aba", false),
            ("a**b", "ab", true),
            ("", "x", false),
        ] {
            assert_eq!(matches(pattern, text), is, "{pattern} {text}");
        }
    }

    #[test]
    fn what_cannot_be_understood_is_said() {
        assert_eq!(Pattern::parse(" "), Err(PatternError::Name(String::new())));
        assert_eq!(Pattern::parse("a b"), Err(PatternError::Name("a b".into())));
        for text in ["a{", "a{b=1}", "a{b=\"1\"}c", "a{b=\"1\""] {
            assert_eq!(Pattern::parse(text), Err(PatternError::Labels(text.into())), "{text}");
        }
    }
}
