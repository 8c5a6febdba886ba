//! What the recorder knows at one moment, as plain data: what it hands to the writers of files and to the control socket.

use std::io::{self, Write};
use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

use crate::program::Program;

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
    /// From its first executable byte to behind its last.
    pub code: Range<u64>,
    /// Where the first executable byte stands in the file: linkers put code at other places in memory than in the file.
    pub code_offset: u64,
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

impl Snapshot {
    /// What all sites together hold now.
    pub fn live(&self) -> Amount {
        sum(self.sites.iter().map(|site| site.live))
    }

    /// What all sites together allocated since tracing started.
    pub fn allocated(&self) -> Amount {
        sum(self.sites.iter().map(|site| site.allocated))
    }

    /// Writes it as a DHAT file of version 2, as docs/heap-protocol.md describes it. The writer is best a buffered one.
    ///
    /// # Errors
    /// Where `out` cannot be written.
    pub fn write_dhat(&self, program: &Program, out: &mut impl Write) -> io::Result<()> {
        crate::dhat::write(self, program, out)
    }

    /// Writes it as a gzip'd pprof heap profile.
    ///
    /// # Errors
    /// Where `out` cannot be written.
    #[cfg(feature = "pprof")]
    pub fn write_pprof(&self, program: &Program, out: &mut impl Write) -> io::Result<()> {
        crate::pprof::write(self, program, out)
    }
}

fn sum(amounts: impl Iterator<Item = Amount>) -> Amount {
    amounts.fold(Amount::default(), |sum, amount| Amount {
        bytes: sum.bytes.saturating_add(amount.bytes),
        blocks: sum.blocks.saturating_add(amount.blocks),
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A snapshot of two sites: one in the second of two modules, called from code of no file; and the stacks that were
    /// too many.
    pub(crate) fn snapshot() -> Snapshot {
        let amount = |bytes, blocks| Amount { bytes, blocks };
        let module = |path: &str, build_id: Option<&str>, start| Module {
            path: path.into(),
            build_id: build_id.map(str::to_owned),
            start,
            end: start + 0x1000,
            bias: start - 0x1000,
            code: start..start + 0x800,
            code_offset: 0x400,
        };
        Snapshot {
            elapsed: Duration::from_secs(7),
            period: 4096,
            longest_period: 65536,
            unwinding: Unwinding::Tables,
            sites: vec![
                Site {
                    stack: vec![0x5010, 0x0999_9999, 0x7010],
                    allocated: amount(8192, 8),
                    live: amount(4096, 4),
                    live_seen: 3,
                },
                Site { stack: Vec::new(), allocated: amount(64, 2), live: amount(32, 1), live_seen: 1 },
            ],
            dropped: 5,
            overhead: 1 << 20,
            modules: vec![module("/lib/libc.so.6", None, 0x7000), module("/srv/server", Some("00ff"), 0x5000)],
            arena: Some(ArenaUse { arenas: 9, mapped: 8, in_use: 7, free: 6 }),
        }
    }
}
