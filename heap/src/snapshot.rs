//! What the recorder knows at one moment, as plain data: what it hands to the writers of files and to the control socket.

use std::path::PathBuf;
use std::time::Duration;

/// An amount of heap memory.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Amount {
    /// Bytes, as the program asked for them.
    pub bytes: u64,
    /// Blocks.
    pub blocks: u64,
}

/// One call site: a stack, and what was allocated under it. Where allocations are sampled, the amounts are unbiased
/// estimates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// The stack, innermost first: addresses inside the calling instructions (return address minus one). Empty for the
    /// site that stands for all stacks beyond the bound of the table.
    pub stack: Vec<u64>,
    /// Allocated since tracing started.
    pub allocated: Amount,
    /// Allocated since tracing started and not freed.
    pub live: Amount,
    /// Blocks that were seen rather than estimated, of those that are live: the sampling error of `live` is about one
    /// over the square root of it.
    pub live_seen: u64,
}

/// A file that is mapped as code, to find names for the addresses of a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Module {
    /// The file; the program itself is named by what `/proc/self/exe` points at.
    pub path: PathBuf,
    /// The build id of its note section, in lower-case hexadecimal; `None` where it has none.
    pub build_id: Option<String>,
    /// The first address of its mapping.
    pub start: u64,
    /// The address behind its mapping.
    pub end: u64,
    /// What to take from an address to have the address that stands in the file.
    pub bias: u64,
}

/// How stacks were walked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unwinding {
    /// By frame pointers, which the program's code was found to keep.
    FramePointers,
    /// By the unwind tables of its modules.
    Tables,
}

/// What glibc's allocator says of itself (`mallinfo2`), where it is the inner allocator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArenaUse {
    /// Bytes that its arenas took from the kernel with `brk` and `mmap`, without large blocks (`arena`).
    pub arenas: u64,
    /// Bytes of large blocks that have a mapping each (`hblkhd`).
    pub mapped: u64,
    /// Bytes in blocks that the program holds (`uordblks`).
    pub in_use: u64,
    /// Bytes in free blocks that it keeps (`fordblks`).
    pub free: u64,
}

/// What the recorder knows at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Since tracing started.
    pub elapsed: Duration,
    /// The mean distance between samples now, in bytes; 1 where every allocation is recorded.
    pub period: u64,
    /// The longest distance that was used since the start.
    pub longest_period: u64,
    /// How stacks were walked.
    pub unwinding: Unwinding,
    /// All sites, in no order.
    pub sites: Vec<Site>,
    /// Samples that found no room in the bounded tables: their frees are not seen, so they are no part of `live`.
    pub dropped: u64,
    /// Bytes of memory that the recorder itself holds.
    pub overhead: u64,
    /// The files that the addresses belong to.
    pub modules: Vec<Module>,
    /// What the inner allocator says of itself.
    pub arena: Option<ArenaUse>,
}
