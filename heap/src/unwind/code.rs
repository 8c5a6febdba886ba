//! Where code is mapped, for hooks: whether a word found on a stack can be a return address.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use super::Loaded;

/// More mapped files than this are not known in hooks: stacks end there. A large desktop program has 200.
const MOST: usize = 512;

/// The ranges of code. The program's own stands first: it is asked about most.
#[derive(Debug)]
pub(crate) struct Code {
    count: AtomicUsize,
    ranges: [Range; MOST],
    /// What the loader counted when they were read, so that a change is seen.
    pub(super) seen: [AtomicU64; 2],
}

#[derive(Debug)]
struct Range {
    start: AtomicU64,
    bytes: AtomicU64,
}

impl Range {
    #[inline]
    fn contains(&self, address: u64) -> bool {
        address.wrapping_sub(self.start.load(Ordering::Relaxed)) < self.bytes.load(Ordering::Relaxed)
    }
}

impl Code {
    pub(crate) const fn new() -> Self {
        Self {
            count: AtomicUsize::new(0),
            ranges: [const { Range { start: AtomicU64::new(0), bytes: AtomicU64::new(0) } }; MOST],
            seen: [const { AtomicU64::new(0) }; 2],
        }
    }

    /// Whether there is code at this address.
    #[inline]
    pub(crate) fn contains(&self, address: u64) -> bool {
        self.ranges[0].contains(address) || self.is_of_a_library(address)
    }

    #[inline(never)]
    fn is_of_a_library(&self, address: u64) -> bool {
        let count = self.count.load(Ordering::Acquire).min(MOST);
        self.ranges[..count].iter().any(|range| range.contains(address))
    }

    /// Whether it is code of the program itself rather than of a library.
    pub(crate) fn is_of_the_program(&self, address: u64) -> bool {
        self.ranges[0].contains(address)
    }

    /// Lets the next look find a change, whatever there is.
    pub(super) fn doubt(&self) {
        self.seen.iter().for_each(|seen| seen.store(0, Ordering::Relaxed));
    }

    /// Takes over what is mapped now. Hooks may see a mixture for a moment: a stack then ends early.
    pub(super) fn set(&self, loaded: &[Loaded]) {
        let spans = loaded.iter().filter(|module| !module.code.is_empty());
        let mut count = 0;
        for (range, module) in self.ranges.iter().zip(spans) {
            range.bytes.store(0, Ordering::Relaxed);
            range.start.store(module.code.start, Ordering::Relaxed);
            range.bytes.store(module.code.end - module.code.start, Ordering::Relaxed);
            count += 1;
        }
        self.count.store(count, Ordering::Release);
        for range in &self.ranges[count..] {
            range.bytes.store(0, Ordering::Relaxed);
        }
    }
}
