//! The blocks that were recorded and not yet freed, by address: who frees one asks here, and a snapshot adds them up per
//! site. Free of locks of libc and of the traced heap; bounded.
//!
//! A shard holds the blocks of some regions of the address space. An allocator hands a thread blocks of few regions, so
//! two threads seldom meet at a shard, and the cache lines of its lock and entries stay with one processor.

use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

use super::lock::{Held, SpinLock};
use super::memory::{Faulting, PAGE, Pages};

const SHARD_BITS: u32 = 9;
const SHARDS: usize = 1 << SHARD_BITS;
/// A region is 256 KiB: small enough that threads do not share it, large enough that 16 bytes for each of its blocks fill
/// the page that a shard begins with.
const REGION_BITS: u32 = 18;
/// Counters of the filter per shard.
const FILTER_BITS: u32 = 8;
/// What a shard begins with: one page.
const FIRST_ENTRIES: usize = PAGE / size_of::<Entry>();
/// All shards together: two million blocks, fuller than which the table is not wished for: at 16 bytes for a block it
/// would cost more than many a server has.
pub(crate) const USUAL_BYTES: usize = 64 << 20;
/// A counter that has come this far stays there: it says "perhaps" for ever.
const STUCK: u8 = u8::MAX;
/// How often to look for a shard's lock in a hook that may have interrupted its holder.
const INTERRUPTED_LOOKS: u32 = 20_000;

const SITE_SHIFT: u32 = 48;
const PERIOD_SHIFT: u32 = 40;
/// The largest size that an entry can say: one tebibyte less a byte. Larger blocks are entered as if they had this size.
const MOST_SIZE: u64 = (1 << PERIOD_SHIFT) - 1;

/// A block that was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) address: usize,
    /// Bytes, as the program asked for them.
    pub(crate) size: u64,
    /// Index of the stack table.
    pub(crate) site: u16,
    /// Index of the period that it was sampled with.
    pub(crate) period: u8,
}

/// A block as it lies in memory; address 0 is an empty entry.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
struct Entry {
    address: usize,
    rest: u64,
}

impl Entry {
    const EMPTY: Self = Self { address: 0, rest: 0 };

    fn of(block: Block) -> Self {
        let rest = (u64::from(block.site) << SITE_SHIFT)
            | (u64::from(block.period) << PERIOD_SHIFT)
            | block.size.min(MOST_SIZE);
        Self { address: block.address, rest }
    }

    fn block(self) -> Block {
        Block {
            address: self.address,
            size: self.rest & MOST_SIZE,
            site: (self.rest >> SITE_SHIFT) as u16,
            period: (self.rest >> PERIOD_SHIFT) as u8,
        }
    }
}

/// The table was at its bound, or the kernel refused memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Full;

/// Where an address belongs.
#[derive(Debug, Clone, Copy)]
struct Place {
    shard: usize,
    counter: usize,
    hash: usize,
}

impl Place {
    #[inline]
    fn of(address: usize) -> Self {
        // Fibonacci hashing: the golden ratio's bits spread neighbours; high bits are the good ones.
        const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;
        let shard = ((address as u64 >> REGION_BITS).wrapping_mul(SPREAD) >> (64 - SHARD_BITS)) as usize;
        let hash = (address as u64 >> 3).wrapping_mul(SPREAD);
        let counter = (shard << FILTER_BITS) | (hash >> (64 - FILTER_BITS)) as usize;
        Self { shard, counter, hash: (hash >> 24) as usize }
    }
}

/// All recorded blocks.
#[derive(Debug)]
pub(crate) struct Blocks<const MOST_BYTES: usize = USUAL_BYTES> {
    shards: [Shard; SHARDS],
    /// How many blocks of a shard fall on a counter: written under the shard's lock, read without.
    filter: [AtomicU8; SHARDS << FILTER_BITS],
    held: AtomicUsize,
}

#[derive(Debug)]
#[repr(align(64))]
struct Shard(SpinLock<Part>);

#[derive(Debug)]
struct Part {
    pages: Option<Pages>,
    used: usize,
    /// Whether the shard's counters are kept.
    counted: bool,
}

impl<const MOST_BYTES: usize> Blocks<MOST_BYTES> {
    /// All zero, so that a static of it takes no room in the program's file.
    #[expect(clippy::large_stack_arrays, reason = "evaluated at compile time, for a static")]
    pub(crate) const fn new() -> Self {
        Self {
            shards: [const { Shard(SpinLock::new(Part { pages: None, used: 0, counted: false })) }; SHARDS],
            filter: [const { AtomicU8::new(0) }; SHARDS << FILTER_BITS],
            held: AtomicUsize::new(0),
        }
    }

    /// Whether a block may be recorded: `false` is certain, while counters are kept. One load.
    #[inline]
    pub(crate) fn may_hold(&self, address: usize) -> bool {
        self.filter[Place::of(address).counter].load(Ordering::Relaxed) != 0
    }

    /// Enters a block; one that was there at the same address was freed unseen and makes room. `still` is asked under the
    /// lock whether the block is still wanted.
    pub(crate) fn insert(&self, block: Block, still: impl Fn() -> bool) -> Result<(), Full> {
        let place = Place::of(block.address);
        let mut part = self.shards[place.shard].0.lock();
        if !still() {
            return Ok(());
        }
        self.make_room(&mut part)?;
        if part.insert(Entry::of(block), place.hash) == Inserted::New && part.counted {
            self.count(place);
        }
        Ok(())
    }

    /// Asks the processor for what `remove` and then the allocator will touch, so that they wait for it at the same time.
    #[inline]
    pub(crate) fn prefetch(address: usize) {
        // Allocators that keep something beside a block keep it in the words before.
        #[cfg(all(target_arch = "x86_64", not(miri)))]
        // SAFETY: a hint, which faults at no address.
        unsafe {
            use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
            _mm_prefetch::<_MM_HINT_T0>((address as *const i8).wrapping_sub(16));
        }
        #[cfg(not(all(target_arch = "x86_64", not(miri))))]
        let _ = address;
    }

    /// Takes a block out. Where the calling thread may itself hold the lock, because a signal interrupted it, it is not
    /// waited for without end.
    pub(crate) fn remove(&self, address: usize, interrupted: Interrupted) -> Option<Block> {
        let place = Place::of(address);
        let lock = &self.shards[place.shard].0;
        let mut part = match interrupted {
            Interrupted::No => lock.lock(),
            Interrupted::Perhaps => lock.attempt(INTERRUPTED_LOOKS)?,
        };
        let removed = part.remove(address, place.hash)?;
        if part.counted {
            let counter = &self.filter[place.counter];
            let count = counter.load(Ordering::Relaxed);
            if count != STUCK {
                counter.store(count.saturating_sub(1), Ordering::Relaxed);
            }
        }
        Some(removed.block())
    }

    /// Only ever called with the shard's lock held, so nothing is lost between the load and the store.
    fn count(&self, place: Place) {
        let counter = &self.filter[place.counter];
        counter.store(counter.load(Ordering::Relaxed).saturating_add(1), Ordering::Relaxed);
    }

    /// Begins to keep the counters, so that from now on `may_hold` may be asked.
    pub(crate) fn begin_counting(&self) {
        for (index, shard) in self.shards.iter().enumerate() {
            let mut part = shard.0.lock();
            if !part.counted {
                self.zero(index);
                part.entries()
                    .iter()
                    .filter(|entry| entry.address != 0)
                    .for_each(|entry| self.count(Place::of(entry.address)));
                part.counted = true;
            }
        }
    }

    /// Ends it, once nobody asks any more: where every block is recorded, a free of one that is not is rare.
    pub(crate) fn end_counting(&self) {
        self.shards.iter().for_each(|shard| shard.0.lock().counted = false);
    }

    fn zero(&self, shard: usize) {
        self.filter[shard << FILTER_BITS..(shard + 1) << FILTER_BITS]
            .iter()
            .filter(|counter| counter.load(Ordering::Relaxed) != 0)
            .for_each(|counter| counter.store(0, Ordering::Relaxed));
    }

    /// Shows every block, a shard at a time: the program waits, if at all, for the walk over one shard.
    pub(crate) fn for_each(&self, mut show: impl FnMut(Block)) {
        for shard in &self.shards {
            let part = shard.0.lock();
            part.entries().iter().filter(|entry| entry.address != 0).for_each(|entry| show(entry.block()));
        }
    }

    /// Forgets every block and gives the memory back.
    pub(crate) fn clear(&self) {
        for (index, shard) in self.shards.iter().enumerate() {
            let mut part = shard.0.lock();
            part.used = 0;
            let pages = part.pages.take();
            self.zero(index);
            drop(part);
            self.held.fetch_sub(pages.map_or(0, |pages| pages.bytes()), Ordering::Relaxed);
        }
    }

    /// Bytes that the table holds.
    pub(crate) fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    /// Whether three quarters of the bound are taken: the moment to record less.
    pub(crate) fn is_crowded(&self) -> bool {
        self.held() >= MOST_BYTES / 4 * 3
    }

    /// Frees all locks, in the child of a fork.
    pub(crate) fn break_open(&self) {
        self.shards.iter().for_each(|shard| shard.0.break_open());
    }

    fn make_room(&self, part: &mut Held<'_, Part>) -> Result<(), Full> {
        let entries = part.entries().len();
        if part.used < entries / 4 * 3 {
            return Ok(());
        }
        let wanted = (entries * 2).max(FIRST_ENTRIES) * size_of::<Entry>();
        let granted = self.held.fetch_add(wanted, Ordering::Relaxed) + wanted <= MOST_BYTES;
        let pages = if granted { Pages::map(wanted, Faulting::Ahead) } else { None };
        let Some(pages) = pages else {
            self.held.fetch_sub(wanted, Ordering::Relaxed);
            // A table that can no longer grow is filled until looking up becomes slow.
            return if part.used < entries / 8 * 7 { Ok(()) } else { Err(Full) };
        };
        let old = part.pages.replace(pages);
        if let Some(old) = &old {
            for entry in entries_of(old).iter().filter(|entry| entry.address != 0) {
                part.insert(*entry, Place::of(entry.address).hash);
                part.used -= 1;
            }
        }
        self.held.fetch_sub(old.as_ref().map_or(0, Pages::bytes), Ordering::Relaxed);
        Ok(())
    }
}

/// Whether the caller may have interrupted a holder of the lock on its own thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Interrupted {
    No,
    Perhaps,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Inserted {
    New,
    InPlaceOf,
}

fn entries_of(pages: &Pages) -> &[Entry] {
    // SAFETY: a mapping is zeroed, aligned to a page and lives as long as `pages`; any bytes are an `Entry`.
    unsafe { std::slice::from_raw_parts(pages.start::<Entry>(), pages.bytes() / size_of::<Entry>()) }
}

impl Part {
    fn entries(&self) -> &[Entry] {
        self.pages.as_ref().map_or(&[], entries_of)
    }

    fn entries_mut(&mut self) -> &mut [Entry] {
        match &mut self.pages {
            None => &mut [],
            // SAFETY: as in `entries_of`; the mapping is this part's alone, and the part is borrowed for as long as the
            // slice lives.
            Some(pages) => unsafe {
                std::slice::from_raw_parts_mut(pages.start::<Entry>(), pages.bytes() / size_of::<Entry>())
            },
        }
    }

    /// Linear probing; there is an empty entry, because the caller made room.
    fn insert(&mut self, entry: Entry, hash: usize) -> Inserted {
        let entries = self.entries_mut();
        let mask = entries.len() - 1;
        let mut at = hash & mask;
        while entries[at].address != 0 && entries[at].address != entry.address {
            at = (at + 1) & mask;
        }
        let inserted = if entries[at].address == 0 { Inserted::New } else { Inserted::InPlaceOf };
        entries[at] = entry;
        self.used += usize::from(inserted == Inserted::New);
        inserted
    }

    /// Takes an entry out and moves up those behind it that had been pushed on, so that no gap ends a search too early.
    fn remove(&mut self, address: usize, hash: usize) -> Option<Entry> {
        let entries = self.entries_mut();
        let mask = entries.len().checked_sub(1)?;
        let mut at = hash & mask;
        while entries[at].address != address {
            if entries[at].address == 0 {
                return None;
            }
            at = (at + 1) & mask;
        }
        let removed = entries[at];
        let mut gap = at;
        let mut next = (gap + 1) & mask;
        while entries[next].address != 0 {
            let home = Place::of(entries[next].address).hash & mask;
            // The entry may fill the gap unless its home lies behind the gap.
            if (next.wrapping_sub(home) & mask) >= (next.wrapping_sub(gap) & mask) {
                entries[gap] = entries[next];
                gap = next;
            }
            next = (next + 1) & mask;
        }
        entries[gap] = Entry::EMPTY;
        self.used -= 1;
        Some(removed)
    }
}

#[cfg(test)]
#[path = "blocks_tests.rs"]
mod tests;
