//! What the tracer answers, one line of JSON a request.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::error::TracerError;
use crate::domain::heap::HeapArena;

/// Of what the target says in words, this much is repeated.
const REPEATED: usize = 300;

/// Who answers.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Hello {
    /// The version of soak-heap in the target.
    pub version: String,
    /// Its process id.
    pub pid: u32,
    /// `soak-heap`, or `dhat` where that crate is its engine.
    pub engine: String,
    /// Whether it traces already.
    pub tracing: bool,
}

/// What `start` did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Started {
    /// Whether it began, and was not on already.
    pub started: bool,
}

/// How tracing goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// Whether it traces.
    pub tracing: bool,
    /// The longest mean distance between samples, in bytes, since tracing started.
    pub longest_period_bytes: Option<u64>,
}

/// What a snapshot says in all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Taken {
    /// For how long it had been traced, in microseconds.
    #[serde(rename = "elapsedUs")]
    pub traced_us: u64,
    /// Bytes allocated since tracing started, and not freed.
    pub live_bytes: u64,
    /// Blocks allocated since tracing started, and not freed.
    pub live_blocks: u64,
    /// The mean distance between samples, in bytes.
    pub period_bytes: u64,
    /// The longest one since tracing started.
    pub longest_period_bytes: u64,
    /// Samples that found no room.
    pub dropped: u64,
    /// Memory that the tracer itself holds.
    pub overhead_bytes: u64,
    /// What the allocator says of itself.
    pub arena: Option<Arena>,
    /// How many bytes of the snapshot follow.
    pub(super) bytes: u64,
}

/// What the allocator says of itself, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Arena {
    arenas: u64,
    mapped: u64,
    in_use: u64,
    free: u64,
}

impl From<Arena> for HeapArena {
    fn from(arena: Arena) -> Self {
        Self {
            arenas_bytes: arena.arenas,
            mapped_bytes: arena.mapped,
            in_use_bytes: arena.in_use,
            free_bytes: arena.free,
        }
    }
}

/// An answer that says nothing but that it was done.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct Done {}

/// Reads an answer's line.
///
/// # Errors
/// [`TracerError::Refused`] with what the target said, [`TracerError::Foreign`] where it is no answer.
pub(super) fn read<T: DeserializeOwned>(line: &[u8]) -> Result<T, TracerError> {
    #[derive(Deserialize)]
    struct Outcome {
        ok: bool,
        error: Option<String>,
    }
    let foreign = |error: serde_json::Error| TracerError::Foreign(error.to_string());
    let outcome: Outcome = serde_json::from_slice(line).map_err(foreign)?;
    if !outcome.ok {
        return Err(TracerError::Refused(harmless(&outcome.error.unwrap_or_default())));
    }
    serde_json::from_slice(line).map_err(foreign)
}

/// Text of somebody else's, as it may stand on a terminal and in a record.
fn harmless(text: &str) -> String {
    text.chars().take(REPEATED).map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).collect()
}
