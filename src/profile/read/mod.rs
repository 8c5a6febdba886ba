//! Reads profiles: TOML text in, a checked [`Profile`](super::Profile) out, or every problem with its line and column.
//!
//! `document` goes through the file's parts; each part opens its tables through `fields`, which knows all `keys`, and
//! leaves what is wrong with the `reader`, so that one look finds all of it. `names` holds variables to what can fill them.

mod actors;
mod data;
mod document;
mod expect;
mod fields;
mod json;
mod keys;
mod names;
mod objectives;
mod reader;
mod scenario;
mod step;
mod target;
mod template;
#[cfg(test)]
mod tests;

pub(super) use document::{MAX_BYTES, read};
pub use expect::{ANSWER_FAILURES, WAY_FAILURES};
pub use keys::known_keys;
pub(super) use step::plain_get;
pub(super) use target::plain_connection;
