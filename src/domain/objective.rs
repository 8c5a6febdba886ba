//! Objectives: limits that the user sets on latency, errors, availability, throughput and resources, as he writes them.

use std::fmt;
use std::str::FromStr;

/// One objective. It prints as it was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Objective {
    /// As it was written: what the record keeps and reports show.
    pub text: String,
}

/// Why an objective cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ObjectiveError {
    /// There is nothing to compare.
    #[error("`{0}` compares nothing: write QUANTITY < LIMIT, such as `p95 < 500ms for turn`")]
    NoComparison(String),
}

impl FromStr for Objective {
    type Err = ObjectiveError;

    fn from_str(text: &str) -> Result<Self, ObjectiveError> {
        if text.contains(['<', '>']) {
            Ok(Self { text: text.trim().to_owned() })
        } else {
            Err(ObjectiveError::NoComparison(text.trim().to_owned()))
        }
    }
}

impl fmt::Display for Objective {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
