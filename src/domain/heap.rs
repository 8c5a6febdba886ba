//! Snapshots of the target's heap, as the record names them: the file that each is in, and what it says in all.

use serde::{Deserialize, Serialize};

use super::sample::Elapsed;

/// Why a snapshot was taken when it was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeapMoment {
    /// Warm-up was over: it was seen to be, or the user had set its end. At most one of a run.
    Settled,
    /// Its time had come.
    #[default]
    Cadence,
    /// The run was over.
    End,
}

/// What glibc's allocator said of itself in the target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeapArena {
    /// Bytes that its arenas took from the kernel, without large blocks.
    pub arenas_bytes: u64,
    /// Bytes of large blocks that have a mapping each.
    pub mapped_bytes: u64,
    /// Bytes in blocks that the program holds.
    pub in_use_bytes: u64,
    /// Bytes in free blocks that it keeps.
    pub free_bytes: u64,
}

/// A snapshot of the target's heap.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeapSnapshot {
    /// When it was there.
    #[serde(skip)]
    pub at: Elapsed,
    /// Turns completed by then; `None` without traffic.
    pub turns: Option<u64>,
    /// The file in the run's folder.
    pub file: String,
    /// Why then.
    pub moment: HeapMoment,
    /// For how long the target had been traced by then, in microseconds. Where it is less than the time since the snapshot
    /// before, tracing began anew in between, and the two cannot be compared.
    pub traced_us: u64,
    /// Bytes allocated since tracing started, and not freed.
    pub live_bytes: u64,
    /// Blocks allocated since tracing started, and not freed.
    pub live_blocks: u64,
    /// The mean distance between samples in bytes; 1 where every allocation was recorded.
    pub period_bytes: u64,
    /// The longest one since tracing started.
    pub longest_period_bytes: u64,
    /// Samples that found no room in the tracer's bounded tables.
    pub dropped: u64,
    /// Memory that the tracer itself held in the target.
    pub overhead_bytes: u64,
    /// What the allocator said of itself; `None` where it is not glibc's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arena: Option<HeapArena>,
}
