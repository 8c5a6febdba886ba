//! From a run and its assessment to words: the terminal's summary, JSON, HTML, Markdown, JUnit XML and CSV. It reads the
//! assessment and decides nothing.
//!
//! Each form has a module and its own escapes (`escape`); what they share is in `material` (rows of findings, meaning of
//! the exit code) and `facts` (the conditions).

mod compare;
mod csv;
mod escape;
mod facts;
mod grids;
mod heap;
mod history;
mod html;
mod json;
mod junit;
mod markdown;
mod material;
mod text;

pub use compare::{comparison_json, comparison_markdown, comparison_text};
pub use csv::csv;
pub use heap::{growth_text, ranking_text, summary_lines};
pub use history::{history_json_line, history_text};
pub use html::{Picture, Pictures, html};
pub use json::{json_line, json_line_with_heap};
pub use junit::junit;
pub use markdown::markdown_report;
pub use material::Material;
pub use text::{Style, Subject, caveat, summary, verdict_line};
