//! A heap profile as soak holds it, whichever tool wrote it: sites with their stacks as numbers of locations, and the
//! locations with their frames, inlined ones included.

use std::path::PathBuf;

use crate::domain::site::Amount;

/// Sites that are kept of one profile: the greatest. What lies below is counted together, and a note says so.
pub(super) const SITES: usize = 200_000;
/// Frames of a stack that are kept, the innermost: what lies further out tells nothing more.
pub(super) const FRAMES: usize = 128;

/// Bytes of names that are kept of one profile; the largest seen of real programs have some ten million.
pub(super) const NAMES: usize = 256 << 20;

/// The tool that wrote a profile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Maker {
    /// The dhat crate, or another writer of its format.
    #[default]
    Dhat,
    /// Valgrind's DHAT.
    Valgrind,
    /// soak-heap.
    SoakHeap,
    /// A pprof profile: Go, jemalloc, soak-heap.
    Pprof,
}

/// A place in the code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    /// The function, demangled; empty where it has no name.
    pub function: String,
    /// The source file, or what was called so; empty where it is not known.
    pub file: String,
    /// The line; 0 where it is not known.
    pub line: u32,
    /// The program or library that holds the code; empty where it is not known.
    pub object: String,
}

/// An address and the frames there, the innermost first: several where calls were inlined, none where it has no name yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Location {
    /// The address inside the calling instruction; 0 where it is not known.
    pub address: u64,
    /// The frames.
    pub frames: Vec<Frame>,
    /// What the profile called it where it has no name: `server+0x1234`.
    pub words: String,
}

/// A stack and what was allocated under it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Site {
    /// Numbers of locations, the innermost first.
    pub stack: Box<[u32]>,
    /// Allocated and not freed.
    pub live: Amount,
    /// Allocated since the start, where the profile tells.
    pub allocated: Amount,
    /// Live blocks that were seen rather than estimated; all of them where every allocation was seen.
    pub seen: f64,
}

impl Site {
    /// The variance of the live bytes that sampling brings: the square of bytes over the root of the blocks seen.
    pub fn variance(&self, is_sampled: Sampling) -> f64 {
        match is_sampled {
            Sampling::Every => 0.0,
            Sampling::Some => (self.live.bytes as f64).powi(2) / self.seen.max(1.0),
        }
    }
}

/// Whether every allocation was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sampling {
    /// Each was.
    Every,
    /// Some were, and the amounts are estimates.
    Some,
}

/// A file that was mapped as code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Module {
    /// The file.
    pub path: PathBuf,
    /// Its build id in lower-case hexadecimal.
    pub build_id: Option<String>,
    /// The first address of its mapping.
    pub start: u64,
    /// The address behind its mapping.
    pub end: u64,
    /// How an address becomes one of the file.
    pub base: Base,
}

/// How an address of the process becomes one that stands in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Base {
    /// Take this from it.
    Bias(u64),
    /// The mapping begins at this offset of the file.
    Offset(u64),
}

impl Default for Base {
    fn default() -> Self {
        Self::Bias(0)
    }
}

impl Module {
    /// An address of the process as one of the file: the one that symbols have, or the offset where only that is known.
    pub fn in_file(&self, address: u64) -> u64 {
        match self.base {
            Base::Bias(bias) => address.wrapping_sub(bias),
            Base::Offset(offset) => address.wrapping_sub(self.start).wrapping_add(offset),
        }
    }
}

/// What glibc's allocator says of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ArenaUse {
    /// Bytes that its arenas took from the kernel, without large blocks.
    pub arenas: u64,
    /// Bytes of large blocks that have a mapping each.
    pub mapped: u64,
    /// Bytes in blocks that the program holds, without large blocks.
    pub in_use: u64,
    /// Bytes in free blocks that it keeps.
    pub free: u64,
}

/// What only soak-heap says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tracer {
    /// The longest mean distance between samples since the start, in bytes.
    pub longest_period: u64,
    /// How stacks were walked.
    pub unwinding: String,
    /// Samples that found no room.
    pub dropped: u64,
    /// Bytes of memory that the tracer itself holds.
    pub overhead: u64,
    /// The allocator's own figures.
    pub arena: Option<ArenaUse>,
}

impl Location {
    /// Bytes of its names.
    pub(super) fn weight(&self) -> usize {
        let text = |frame: &Frame| frame.function.len() + frame.file.len() + frame.object.len() + size_of::<Frame>();
        self.words.len() + self.frames.iter().map(text).sum::<usize>()
    }
}

/// When a profile was taken.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Taken {
    /// Seconds since the program or its tracing started.
    pub elapsed_s: Option<f64>,
    /// Instructions since the program started, which is Valgrind's time.
    pub instructions: Option<f64>,
    /// Seconds since 1970.
    pub wall_s: Option<f64>,
    /// Turns of the traffic, where a record tells.
    pub turns: Option<f64>,
}

/// A heap profile.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HeapProfile {
    /// The file, as it was named.
    pub source: String,
    /// The tool that wrote it.
    pub maker: Maker,
    /// The program's path without its arguments, which may hold secrets.
    pub program: Option<String>,
    /// The program's build id.
    pub build_id: Option<String>,
    /// The process.
    pub pid: Option<u32>,
    /// When.
    pub taken: Taken,
    /// The mean distance between samples in bytes; 1 where every allocation was seen.
    pub period: u64,
    /// The locations that stacks name.
    pub locations: Vec<Location>,
    /// The sites, in no order.
    pub sites: Vec<Site>,
    /// Live in sites that were too small to be kept.
    pub rest: Amount,
    /// The files that addresses belong to, sorted by their starts.
    pub modules: Vec<Module>,
    /// What only soak-heap says.
    pub tracer: Option<Tracer>,
    /// What a reader must know, a sentence each.
    pub notes: Vec<String>,
}

impl HeapProfile {
    /// Everything that is live.
    pub fn live(&self) -> Amount {
        self.sites.iter().fold(self.rest, |sum, site| sum.plus(site.live))
    }

    /// The file that an address belongs to; the modules are sorted by their starts.
    pub fn module_at(&self, address: u64) -> Option<&Module> {
        let after = self.modules.partition_point(|module| module.start <= address);
        self.modules.get(after.checked_sub(1)?).filter(|module| address < module.end)
    }

    /// Whether every allocation was seen since the start.
    pub fn sampling(&self) -> Sampling {
        let longest = self.tracer.as_ref().map_or(self.period, |tracer| tracer.longest_period.max(self.period));
        if longest > 1 { Sampling::Some } else { Sampling::Every }
    }
}

/// Collects sites in bounded memory: of more than twice [`SITES`], the smaller ones are counted together.
#[derive(Debug, Default)]
pub(super) struct Collector {
    pub(super) sites: Vec<Site>,
    pub(super) rest: Amount,
    pub(super) folded: usize,
}

impl Collector {
    pub(super) fn add(&mut self, site: Site) {
        // What is freed ranks nowhere, and missing from a later snapshot means the same as nothing.
        if site.live == Amount::default() && site.allocated == Amount::default() {
            return;
        }
        self.sites.push(site);
        if self.sites.len() >= 2 * SITES {
            self.shrink();
        }
    }

    pub(super) fn shrink(&mut self) {
        if self.sites.len() <= SITES {
            return;
        }
        self.sites.select_nth_unstable_by(SITES, |a, b| b.live.bytes.cmp(&a.live.bytes));
        for small in self.sites.drain(SITES..) {
            self.rest = self.rest.plus(small.live);
            self.folded += 1;
        }
    }

    /// The note on what was counted together.
    pub(super) fn note(&self) -> Option<String> {
        let (folded, bytes) = (self.folded, crate::domain::bytes::human(self.rest.bytes as f64));
        (folded > 0).then(|| format!("{folded} small sites with {bytes} in all are counted together"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_too_many_sites_the_greatest_are_kept_and_nothing_is_lost() {
        let mut collector = Collector::default();
        let total = 5 * SITES as u64;
        for bytes in 1..=total {
            collector.add(Site { live: Amount { bytes, blocks: 1 }, ..Site::default() });
            assert!(collector.sites.len() < 2 * SITES);
        }
        collector.shrink();
        assert_eq!(collector.sites.len(), SITES);
        let kept: u64 = collector.sites.iter().map(|site| site.live.bytes).sum();
        assert_eq!(kept + collector.rest.bytes, total * (total + 1) / 2);
        assert!(collector.sites.iter().all(|site| site.live.bytes > total - SITES as u64));
        assert!(collector.note().is_some_and(|note| note.contains("small sites")));
    }
}
