//! Turns what went wrong into one line that names it and says what to do, and into exit code 2.

use std::error::Error;
use std::fmt;

/// soak's own failure: what was being done, why it failed, what to do.
#[derive(Debug)]
pub(super) struct Failure {
    what: String,
    hint: Option<&'static str>,
}

impl Failure {
    /// The exit code of a failure of soak itself.
    pub(super) const CODE: u8 = 2;

    pub(super) fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), hint: None }
    }

    /// A failure from an error and all that it came from.
    pub(super) fn from_error(error: &dyn Error) -> Self {
        let mut what = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            let cause_text = cause.to_string();
            // Some errors repeat their source in their own words.
            if !what.contains(&cause_text) {
                what.push_str(": ");
                what.push_str(&cause_text);
            }
            source = cause.source();
        }
        Self { what, hint: None }
    }

    /// What went wrong, where it stands in a list.
    pub(super) fn what(&self) -> &str {
        &self.what
    }

    /// The same under the flag that it is about.
    #[must_use]
    pub(super) fn of(mut self, flag: &str) -> Self {
        self.what = format!("{flag}: {}", self.what);
        self
    }

    /// Adds what to do.
    #[must_use]
    pub(super) fn hint(mut self, hint: &'static str) -> Self {
        self.hint = Some(hint);
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // One line, whatever a file's name or a system's message holds.
        let what: String = self.what.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        write!(f, "soak: {}", what.trim_end())?;
        match self.hint {
            Some(hint) => write!(f, "; {hint}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_one_line_with_its_causes_and_what_to_do() {
        #[derive(Debug, thiserror::Error)]
        #[error("cannot read a\nb")]
        struct Outer(#[source] std::io::Error);
        let error = Outer(std::io::Error::other("disk on fire"));
        let shown = Failure::from_error(&error).hint("try another disk").to_string();
        assert_eq!(shown, "soak: cannot read a b: disk on fire; try another disk");
    }
}
