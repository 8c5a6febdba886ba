//! What can be wrong with a profile, by line and column, and why one cannot be had at all.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// One thing that is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong and what to do, in one line.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.message)
    }
}

/// Why a profile cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProfileError {
    /// The file cannot be read.
    #[error("cannot read the profile {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// What it says is wrong: every problem, in the order of the file.
    #[error("{name}:{}{}", first(problems), further(problems))]
    Wrong {
        /// The file as it was given, or the built-in name.
        name: String,
        /// At least one.
        problems: Vec<Problem>,
    },
    /// It has no such scenario.
    #[error("`{name}` is no scenario of this profile{}; it has {known}", did_you_mean(near.as_deref()))]
    NoScenario {
        /// What was asked for.
        name: String,
        /// The nearest that there is.
        near: Option<String>,
        /// All that there are.
        known: String,
    },
    /// There is no built-in profile of this name.
    #[error("`{name}` is no built-in profile{}; there are {known}, and the path of a file will do", did_you_mean(near.as_deref()))]
    NoBuiltin {
        /// What was asked for.
        name: String,
        /// The nearest that there is.
        near: Option<String>,
        /// All that there are.
        known: String,
    },
    /// A change to the scenario cannot be made.
    #[error("{0}")]
    Override(String),
}

fn first(problems: &[Problem]) -> String {
    problems.first().map(ToString::to_string).unwrap_or_default()
}

fn further(problems: &[Problem]) -> String {
    match problems.len() {
        0 | 1 => String::new(),
        count => format!(" (and {} more: `soak profile check` lists them)", count - 1),
    }
}

/// `; did you mean X?`, or nothing.
pub(super) fn did_you_mean(near: Option<&str>) -> String {
    near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default()
}

/// The known name that a mistyped one is nearest to, if any is near enough to be meant.
pub(super) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // A third of the letters may be wrong: `exepct` is two swaps from `expect`; `foo` is nothing like `form`.
    let allowed = (name.chars().count() / 3).max(1);
    let distances = known.into_iter().map(|candidate| (strsim::osa_distance(name, candidate), candidate));
    distances.filter(|(distance, _)| *distance <= allowed).min().map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_the_name_that_was_meant_and_another_word_finds_none() {
        let known = ["expect", "headers", "think", "form"];
        assert_eq!(nearest("exepct", known), Some("expect"));
        assert_eq!(nearest("header", known), Some("headers"));
        assert_eq!(nearest("foo", known), None);
    }

    #[test]
    fn the_error_shows_the_first_problem_and_counts_the_rest() {
        let problem = |line| Problem { line, column: 3, message: "no".to_owned() };
        let error = ProfileError::Wrong { name: "x.toml".to_owned(), problems: vec![problem(2), problem(5)] };
        assert_eq!(error.to_string(), "x.toml:2:3: no (and 1 more: `soak profile check` lists them)");
    }
}
