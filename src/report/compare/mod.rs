//! A comparison in words: the terminal's table, JSON and Markdown. It reads the comparison and decides nothing.

mod markdown;
mod table;
mod words;

pub use markdown::comparison_markdown;
pub use table::comparison_text;

use crate::domain::Comparison;

/// One JSON object, without an end of line. `docs/compare.schema.json` says what is in it.
///
/// # Errors
/// None that a well-formed comparison can cause; numbers that JSON has no form for become `null`.
pub fn comparison_json(comparison: &Comparison) -> serde_json::Result<String> {
    serde_json::to_string(comparison)
}
