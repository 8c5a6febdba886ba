//! From a run and its assessment to words: the terminal's summary and JSON. It reads the assessment and decides nothing.

mod json;
mod text;

pub use json::json_line;
pub use text::{Style, Subject, caveat, summary, verdict_line};
