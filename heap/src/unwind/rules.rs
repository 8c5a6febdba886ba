//! How to step out of the function at an address, as one word each, in a table that threads share without locks. A stack
//! of known addresses is walked by one load per frame from here, besides those from the stack.

use std::sync::atomic::{AtomicU64, Ordering};

const ADDRESS_BITS: u32 = 47;
const BUCKET_BITS: u32 = 12;
/// Rules of a bucket: one cache line.
const WAYS: usize = 8;
/// What of an address is left to be told apart in a bucket.
const TAG_BITS: u32 = ADDRESS_BITS - BUCKET_BITS;
const RULE_BITS: u32 = 64 - TAG_BITS;
const OFFSET_BITS: u32 = 13;
/// Odd, so that multiplying by it modulo a power of two can be undone: bucket and tag together are the address.
const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15 & ((1 << ADDRESS_BITS) - 1) | 1;

/// From what the frame of the caller is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Base {
    Stack,
    Frame,
}

/// How to find the caller's registers. "The frame" is the address behind the return address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// There is no caller.
    End,
    /// The frame lies `words` above `base`; the caller's frame pointer was saved `saved` words below the frame, or not
    /// touched where that is 0.
    Step { base: Base, words: u16, saved: u16 },
    /// The function is the one that the kernel lets a signal handler return to.
    Signal,
    /// None of the above: the tables have to be asked each time.
    Asked,
}

impl Rule {
    /// The largest offset that has room.
    pub(super) const MOST_WORDS: u64 = (1 << OFFSET_BITS) - 1;

    fn pack(self) -> u64 {
        let (kind, words, saved) = match self {
            Self::End => (1, 0, 0),
            Self::Step { base: Base::Stack, words, saved } => (2, words, saved),
            Self::Step { base: Base::Frame, words, saved } => (3, words, saved),
            Self::Signal => (4, 0, 0),
            Self::Asked => (5, 0, 0),
        };
        kind | u64::from(words) << 3 | u64::from(saved) << (3 + OFFSET_BITS)
    }

    #[inline]
    fn unpack(word: u64) -> Self {
        let mask = Self::MOST_WORDS;
        let (words, saved) = ((word >> 3 & mask) as u16, (word >> (3 + OFFSET_BITS) & mask) as u16);
        match word & 7 {
            2 => Self::Step { base: Base::Stack, words, saved },
            3 => Self::Step { base: Base::Frame, words, saved },
            4 => Self::Signal,
            5 => Self::Asked,
            _ => Self::End,
        }
    }
}

/// The rules that were asked for lately: 256 KiB.
#[derive(Debug)]
pub(super) struct Rules {
    buckets: [Bucket; 1 << BUCKET_BITS],
}

#[derive(Debug)]
#[repr(align(64))]
struct Bucket([AtomicU64; WAYS]);

impl Rules {
    /// All zero, so that a static of it takes no room in the program's file.
    pub(super) const fn new() -> Self {
        Self { buckets: [const { Bucket([const { AtomicU64::new(0) }; WAYS]) }; 1 << BUCKET_BITS] }
    }

    #[inline]
    fn place(address: u64) -> (usize, u64) {
        let mixed = address.wrapping_mul(SPREAD) & ((1 << ADDRESS_BITS) - 1);
        ((mixed >> TAG_BITS) as usize, mixed << RULE_BITS)
    }

    /// The rule for an address of code, if it is known.
    #[inline]
    pub(super) fn get(&self, address: u64) -> Option<Rule> {
        let (bucket, tag) = Self::place(address);
        for way in &self.buckets[bucket].0 {
            let word = way.load(Ordering::Relaxed);
            if word >> RULE_BITS << RULE_BITS == tag && word != tag {
                return Some(Rule::unpack(word));
            }
            if word == 0 {
                return None;
            }
        }
        None
    }

    /// Keeps a rule; in a full bucket it takes the place of another.
    pub(super) fn put(&self, address: u64, rule: Rule) {
        let (bucket, tag) = Self::place(address);
        let ways = &self.buckets[bucket].0;
        let free = ways.iter().position(|way| way.load(Ordering::Relaxed) == 0);
        let way = free.unwrap_or((tag >> RULE_BITS) as usize % WAYS);
        ways[way].store(tag | rule.pack(), Ordering::Relaxed);
    }

    /// Forgets all rules.
    pub(super) fn clear(&self) {
        for way in self.buckets.iter().flat_map(|bucket| &bucket.0) {
            way.store(0, Ordering::Relaxed);
        }
    }
}
