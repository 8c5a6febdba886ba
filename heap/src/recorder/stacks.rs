//! The stack table: each stack is kept once and named by a number, its site. Looking one up takes no lock; a stack is
//! written before its number is shown to others. Bounded: what finds no room goes to site 0, the empty stack.

use std::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering};

use super::memory::{Faulting, Pages};

/// The site of all stacks that found no room.
pub(crate) const OVERFLOW: u16 = 0;

/// A slot is a hash's upper 48 bits over the site's number; where the slot stands adds most of the lower ones. That two of
/// 65,535 stacks are taken for one, in all of a soak, has a chance of one in thirty million.
const SITE_MASK: u64 = 0xFFFF;

/// How many of the first slots a stack may take.
const FIRST_TRIES: usize = 8;

/// How much room there is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Room {
    /// Slots that are looked at first, a power of two: so the stacks of most programs lie on few pages.
    pub(crate) first_slots: usize,
    /// Slots for what finds no place there, a power of two, more than sites.
    pub(crate) slots: usize,
    /// Sites, with that of the overflow.
    pub(crate) sites: u32,
    /// Frames of all sites together.
    pub(crate) frames: u32,
}

impl Room {
    /// 65,535 stacks, 32 frames each on average: 17.6 MiB when full, and touched only as far as it is filled.
    pub(crate) const USUAL: Self = Self { first_slots: 1 << 13, slots: 1 << 17, sites: 1 << 16, frames: 1 << 21 };

    const fn words(self) -> usize {
        self.all_slots() + self.sites as usize + self.frames as usize
    }

    const fn all_slots(self) -> usize {
        self.first_slots + self.slots
    }
}

/// All stacks.
#[derive(Debug)]
pub(crate) struct Stacks {
    room: Room,
    /// Slots, then where each site's frames begin and how many there are, then the frames.
    words: AtomicPtr<AtomicU64>,
    next_site: AtomicU32,
    next_frame: AtomicU32,
}

impl Stacks {
    pub(crate) const fn new(room: Room) -> Self {
        Self {
            room,
            words: AtomicPtr::new(std::ptr::null_mut()),
            next_site: AtomicU32::new(1),
            next_frame: AtomicU32::new(0),
        }
    }

    /// Maps the table's memory, once for the life of the process. `false` where the kernel refuses.
    pub(crate) fn prepare(&self) -> bool {
        if !self.words.load(Ordering::Acquire).is_null() {
            return true;
        }
        let Some(pages) = Pages::map(self.room.words() * size_of::<AtomicU64>(), Faulting::OnTouch) else {
            return false;
        };
        let fresh = pages.start::<AtomicU64>();
        // Hooks keep references into it without end, so it is never given back; a second one that came too late is.
        if self.words.compare_exchange(std::ptr::null_mut(), fresh, Ordering::AcqRel, Ordering::Acquire).is_ok() {
            std::mem::forget(pages);
        }
        true
    }

    fn words(&self) -> &[AtomicU64] {
        let words = self.words.load(Ordering::Acquire);
        if words.is_null() {
            return &[];
        }
        // SAFETY: `prepare` mapped this many zeroed words, which are atomics and are never given back.
        unsafe { std::slice::from_raw_parts(words, self.room.words()) }
    }

    /// The number of a stack, which is entered if it is new. `hash` is a good hash of its frames.
    #[inline]
    pub(crate) fn intern(&self, hash: u64, frames: &[u64]) -> u16 {
        let words = self.words();
        if words.is_empty() {
            return OVERFLOW;
        }
        for at in self.places(hash) {
            let slot = words[at].load(Ordering::Acquire);
            if slot == 0 {
                break;
            }
            if is_of(slot, hash) {
                return (slot & SITE_MASK) as u16;
            }
        }
        self.enter(words, hash, frames)
    }

    /// Where a stack may stand, in the order that it is looked for. A slot once taken stays so, and there are more slots
    /// than sites: an empty one ends the search.
    #[inline]
    fn places(&self, hash: u64) -> impl Iterator<Item = usize> {
        let (first_mask, mask, first_slots) = (self.room.first_slots - 1, self.room.slots - 1, self.room.first_slots);
        let first = (0..FIRST_TRIES).map(move |step| (hash as usize).wrapping_add(step) & first_mask);
        first.chain((0..=mask).map(move |step| first_slots + ((hash as usize).wrapping_add(step) & mask)))
    }

    #[cold]
    fn enter(&self, words: &[AtomicU64], hash: u64, frames: &[u64]) -> u16 {
        let Some(first) = claim(&self.next_frame, frames.len() as u32, self.room.frames) else { return OVERFLOW };
        let Some(site) = claim(&self.next_site, 1, self.room.sites) else { return OVERFLOW };
        let (slots, rest) = words.split_at(self.room.all_slots());
        let (starts, all_frames) = rest.split_at(self.room.sites as usize);
        for (word, frame) in all_frames[first as usize..].iter().zip(frames) {
            word.store(*frame, Ordering::Relaxed);
        }
        let start = (u64::from(first) << 32) | frames.len() as u64;
        starts[site as usize].store(start, Ordering::Release);
        let slot = (hash & !SITE_MASK) | u64::from(site);
        for at in self.places(hash) {
            match slots[at].compare_exchange(0, slot, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return site as u16,
                // Another thread was quicker with the same stack; the site that was claimed here stays without amounts.
                Err(other) if is_of(other, hash) => return (other & SITE_MASK) as u16,
                Err(_) => {}
            }
        }
        OVERFLOW
    }

    /// How many sites there are, with that of the overflow.
    pub(crate) fn sites(&self) -> u32 {
        self.next_site.load(Ordering::Acquire).min(self.room.sites)
    }

    /// The frames of a site, innermost first.
    pub(crate) fn frames(&self, site: u16) -> impl Iterator<Item = u64> + '_ {
        let words = self.words();
        let (first, count) = match words.get(self.room.all_slots() + usize::from(site)) {
            None => (0, 0),
            Some(start) => {
                let start = start.load(Ordering::Acquire);
                ((start >> 32) as usize, start as u32 as usize)
            }
        };
        let frames = words.get(self.room.all_slots() + self.room.sites as usize..).unwrap_or(&[]);
        frames.iter().skip(first).take(count).map(|frame| frame.load(Ordering::Relaxed))
    }

    /// Bytes that the table has touched, about: its slots are touched at random, the rest from the beginning.
    pub(crate) fn held(&self) -> usize {
        if self.words.load(Ordering::Acquire).is_null() {
            return 0;
        }
        let sites = self.sites() as usize;
        let further = sites.saturating_sub(self.room.first_slots) * super::memory::PAGE;
        let slots = self.room.first_slots * size_of::<u64>() + further.min(self.room.slots * size_of::<u64>());
        slots + sites * size_of::<u64>() + self.next_frame.load(Ordering::Relaxed) as usize * size_of::<u64>()
    }
}

/// Whether a slot is of the stack with this hash.
#[inline]
const fn is_of(slot: u64, hash: u64) -> bool {
    slot & !SITE_MASK == hash & !SITE_MASK
}

/// Takes `count` of what is left below `most`; unlike a plain addition it never runs past it.
fn claim(next: &AtomicU32, count: u32, most: u32) -> Option<u32> {
    next.fetch_update(Ordering::AcqRel, Ordering::Acquire, |next| {
        next.checked_add(count).filter(|behind| *behind <= most)
    })
    .ok()
}

/// A hash that is made frame by frame.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hash(u64);

impl Hash {
    pub(crate) const fn new() -> Self {
        Self(0x243F_6A88_85A3_08D3)
    }

    #[inline]
    pub(crate) fn add(&mut self, frame: u64) {
        // Short on purpose: each step waits for the one before, once per frame.
        self.0 = (self.0.rotate_left(5) ^ frame).wrapping_mul(0xA076_1D64_78BD_642F);
    }

    #[inline]
    pub(crate) fn finish(self) -> u64 {
        let product = u128::from(self.0 ^ 0x1319_8A2E_0370_7344) * u128::from(0xE703_7ED1_A0B4_28DB_u64);
        (product as u64) ^ ((product >> 64) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn intern(stacks: &Stacks, frames: &[u64]) -> u16 {
        let mut hash = Hash::new();
        for frame in frames {
            hash.add(*frame);
        }
        stacks.intern(hash.finish(), frames)
    }

    fn table(room: Room) -> Stacks {
        let stacks = Stacks::new(room);
        assert!(stacks.prepare());
        stacks
    }

    const SMALL: Room = Room { first_slots: 16, slots: 64, sites: 20, frames: 60 };

    #[test]
    fn a_stack_has_one_number_however_often_it_comes() {
        const COUNT: u64 = if cfg!(miri) { 60 } else { 300 };
        let stacks = table(Room { first_slots: 64, slots: 1024, sites: 500, frames: 4_000 });
        let frames: Vec<Vec<u64>> = (0..COUNT).map(|n| (0..=n % 9).map(|depth| n * 100 + depth).collect()).collect();
        let sites: Vec<u16> = frames.iter().map(|frames| intern(&stacks, frames)).collect();
        assert!(sites.iter().all(|site| *site != OVERFLOW));
        for (frames, site) in frames.iter().zip(&sites) {
            assert_eq!(intern(&stacks, frames), *site);
            assert_eq!(stacks.frames(*site).collect::<Vec<_>>(), *frames);
        }
        assert_eq!(u64::from(stacks.sites()), COUNT + 1);
    }

    #[test]
    fn the_same_frames_in_another_order_are_another_stack() {
        let stacks = table(SMALL);
        assert_ne!(intern(&stacks, &[1, 2, 3]), intern(&stacks, &[1, 3, 2]));
        assert_ne!(intern(&stacks, &[1, 2]), intern(&stacks, &[1, 2, 0]));
    }

    #[test]
    fn stacks_beyond_the_bound_go_to_the_empty_one_and_none_is_lost() {
        let stacks = table(SMALL);
        let sites: Vec<u16> = (0..if cfg!(miri) { 40 } else { 1_000 }).map(|n| intern(&stacks, &[n, n + 1])).collect();
        assert_eq!(sites.iter().filter(|site| **site != OVERFLOW).count(), 19);
        assert_eq!(intern(&stacks, &[0, 1]), sites[0]);
        assert_eq!(stacks.frames(OVERFLOW).count(), 0);
        assert_eq!(intern(&stacks, &[5_000, 1]), OVERFLOW);
    }

    #[test]
    fn frames_beyond_the_bound_go_to_the_empty_stack_too() {
        let stacks = table(Room { first_slots: 16, slots: 64, sites: 20, frames: 10 });
        assert_ne!(intern(&stacks, &[1; 8]), OVERFLOW);
        assert_eq!(intern(&stacks, &[2; 8]), OVERFLOW);
        assert_ne!(intern(&stacks, &[3; 2]), OVERFLOW);
    }

    #[test]
    fn a_table_without_memory_has_one_site() {
        let stacks = Stacks::new(SMALL);
        assert_eq!(intern(&stacks, &[1, 2]), OVERFLOW);
        assert_eq!(stacks.frames(OVERFLOW).count() + stacks.held(), 0);
    }

    #[test]
    fn threads_that_meet_a_new_stack_at_once_agree_on_its_number() {
        const FULL: Room = Room { first_slots: 1 << 8, slots: 1 << 14, sites: 10_000, frames: 40_000 };
        const FEW: Room = Room { first_slots: 16, slots: 128, sites: 60, frames: 200 };
        let (threads, each) = if cfg!(miri) { (3, 12) } else { (4, 2_000) };
        let stacks = table(if cfg!(miri) { FEW } else { FULL });
        let sites: Vec<Vec<u16>> = std::thread::scope(|scope| {
            let look = || (0..each).map(|n| intern(&stacks, &[n, n * n, 7])).collect::<Vec<u16>>();
            let handles: Vec<_> = (0..threads).map(|_| scope.spawn(look)).collect();
            handles.into_iter().map(|handle| handle.join().unwrap()).collect()
        });
        assert!(sites.windows(2).all(|pair| pair[0] == pair[1]));
        for (n, site) in (0..each).zip(&sites[0]) {
            assert_eq!(stacks.frames(*site).collect::<Vec<_>>(), [n, n * n, 7]);
        }
    }
}
