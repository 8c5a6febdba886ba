//! What was allocated per site since tracing started. Each thread adds to one of some rows, so that threads that allocate
//! at the same site do not take the same cache line from each other.

use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};

use super::memory::{Faulting, Pages};
use super::sampler::Weight;

const ROWS: usize = 8;

/// Amounts of one site in one row.
#[derive(Debug)]
#[repr(C)]
struct Count {
    bytes: AtomicU64,
    parts: AtomicU64,
}

/// All rows.
#[derive(Debug)]
pub(crate) struct Counts {
    sites: usize,
    counts: AtomicPtr<Count>,
}

impl Counts {
    pub(crate) const fn new(sites: usize) -> Self {
        Self { sites, counts: AtomicPtr::new(std::ptr::null_mut()) }
    }

    /// Maps the memory, once for the life of the process; 8 MiB for the usual number of sites, touched as sites appear.
    /// `false` where the kernel refuses.
    pub(crate) fn prepare(&self) -> bool {
        if !self.counts.load(Ordering::Acquire).is_null() {
            return true;
        }
        let Some(pages) = Pages::map(ROWS * self.sites * size_of::<Count>(), Faulting::OnTouch) else { return false };
        let fresh = pages.start::<Count>();
        // As with the stack table: references to it last, so it is never given back.
        if self.counts.compare_exchange(std::ptr::null_mut(), fresh, Ordering::AcqRel, Ordering::Acquire).is_ok() {
            std::mem::forget(pages);
        }
        true
    }

    fn counts(&self) -> &[Count] {
        let counts = self.counts.load(Ordering::Acquire);
        if counts.is_null() {
            return &[];
        }
        // SAFETY: `prepare` mapped this many zeroed counts, which are atomics and are never given back.
        unsafe { std::slice::from_raw_parts(counts, ROWS * self.sites) }
    }

    #[inline]
    pub(crate) fn add(&self, thread: usize, site: u16, weight: Weight) {
        if let Some(count) = self.counts().get(thread % ROWS * self.sites + usize::from(site)) {
            count.bytes.fetch_add(weight.bytes, Ordering::Relaxed);
            count.parts.fetch_add(weight.parts, Ordering::Relaxed);
        }
    }

    /// All rows of a site together.
    pub(crate) fn of(&self, site: u16) -> Weight {
        let of_site = self.counts().iter().skip(usize::from(site)).step_by(self.sites);
        of_site.fold(Weight { bytes: 0, parts: 0 }, |sum, count| Weight {
            bytes: sum.bytes + count.bytes.load(Ordering::Relaxed),
            parts: sum.parts + count.parts.load(Ordering::Relaxed),
        })
    }

    /// Sets the first `sites` sites to nothing.
    pub(crate) fn clear(&self, sites: u32) {
        let counts = self.counts();
        for row in counts.chunks_exact(self.sites) {
            for count in &row[..(sites as usize).min(row.len())] {
                count.bytes.store(0, Ordering::Relaxed);
                count.parts.store(0, Ordering::Relaxed);
            }
        }
    }

    /// Bytes that are touched where this many sites are.
    pub(crate) fn held(&self, sites: u32) -> usize {
        if self.counts.load(Ordering::Acquire).is_null() { 0 } else { ROWS * sites as usize * size_of::<Count>() }
    }
}
