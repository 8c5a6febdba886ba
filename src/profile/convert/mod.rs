//! Writes a first profile from what a user has already: a HAR recording, an `OpenAPI` description, a curl command.
//!
//! `har`, `openapi` and `curl` each make a `Sketch`: requests in order, without secrets; the sketch writes itself as TOML
//! that the reader takes, and tells what was left out and what the environment must give.

mod curl;
mod har;
mod openapi;
mod secrets;
mod sketch;
mod toml_text;

pub use curl::from_curl;
pub use har::from_har;
pub use openapi::from_openapi;

/// A profile in the making.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The profile, as TOML.
    pub text: String,
    /// What was left out, and what the environment must give; a line each.
    pub notes: Vec<String>,
}

/// Why no profile can be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConvertError {
    /// It is not the kind of text that it should be.
    #[error("this is no {form}: {reason}")]
    Form {
        /// What it should be.
        form: &'static str,
        /// Why it is none.
        reason: String,
    },
    /// Nothing in it can be sent.
    #[error("no request is left in it: {0}")]
    Nothing(String),
    /// The command asks for what a profile cannot say.
    #[error("curl: {0}")]
    Curl(String),
}
