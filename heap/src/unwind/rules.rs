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
const STEP: u64 = 1;
const ON_FRAME: u64 = 2;
const KIND_SHIFT: u32 = 1;
const WORDS_SHIFT: u32 = 2;
const SAVED_SHIFT: u32 = WORDS_SHIFT + OFFSET_BITS;
/// Addresses of one bucket differ in these bits: neighbours in the code are to be neighbours in the table, so that the
/// rules of a few functions lie on few pages.
const NEAR_BITS: u32 = 4;
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
    /// Two additions and two reads.
    Step(Step),
    /// The function is the one that the kernel lets a signal handler return to.
    Signal,
    /// None of the above: the tables have to be asked each time.
    Asked,
}

/// The frame lies `words` above `base`; the caller's frame pointer was saved `saved` words below the frame, or not touched
/// where that is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) base: Base,
    pub(super) words: u16,
    pub(super) saved: u16,
}

impl Rule {
    /// The largest offset that has room.
    pub(super) const MOST_WORDS: u64 = (1 << OFFSET_BITS) - 1;

    fn pack(self) -> u64 {
        match self {
            Self::Step(Step { base, words, saved }) => {
                let base = if base == Base::Frame { ON_FRAME } else { 0 };
                STEP | base | u64::from(words) << WORDS_SHIFT | u64::from(saved) << SAVED_SHIFT
            }
            Self::End => 1 << KIND_SHIFT,
            Self::Signal => 2 << KIND_SHIFT,
            Self::Asked => 3 << KIND_SHIFT,
        }
    }

    /// Made for the case that it is a step: it is told by one bit, and everything else without branches.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "it is the hottest loop of all")]
    fn unpack(word: u64) -> Self {
        if word & STEP != 0 {
            let base = if word & ON_FRAME != 0 { Base::Frame } else { Base::Stack };
            let offset = |shift: u32| (word >> shift & Self::MOST_WORDS) as u16;
            return Self::Step(Step { base, words: offset(WORDS_SHIFT), saved: offset(SAVED_SHIFT) });
        }
        match word >> KIND_SHIFT & 3 {
            2 => Self::Signal,
            3 => Self::Asked,
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
    #[expect(clippy::large_stack_arrays, reason = "evaluated at compile time, for a static")]
    pub(super) const fn new() -> Self {
        Self { buckets: [const { Bucket([const { AtomicU64::new(0) }; WAYS]) }; 1 << BUCKET_BITS] }
    }

    /// Bucket and tag. The tag is what of the address stands below and above the bucket's bits, so that both together
    /// are the address.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "it is the hottest loop of all")]
    fn place(address: u64) -> (usize, u64) {
        let above = address >> (BUCKET_BITS + NEAR_BITS);
        // Odd, and found by trying: it lays one 64 KiB of code beside the other rather than over it.
        let bucket = (address >> NEAR_BITS).wrapping_add(above.wrapping_mul(677)) & ((1 << BUCKET_BITS) - 1);
        let tag = above << NEAR_BITS | address & ((1 << NEAR_BITS) - 1);
        (bucket as usize, tag << RULE_BITS)
    }

    /// The rule for an address of code, if it is known.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "it is the hottest loop of all")]
    pub(super) fn get(&self, address: u64) -> Option<Rule> {
        let (bucket, tag) = Self::place(address);
        let ways = &self.buckets[bucket].0;
        let first = ways[0].load(Ordering::Relaxed);
        // No rule is packed as zero, so an empty way is none of address zero's.
        if (first ^ tag) < 1 << RULE_BITS { Some(Rule::unpack(first)) } else { Self::get_further(&ways[1..], tag) }
    }

    #[inline(never)]
    fn get_further(ways: &[AtomicU64], tag: u64) -> Option<Rule> {
        let mut words = ways.iter().map(|way| way.load(Ordering::Relaxed)).take_while(|word| *word != 0);
        words.find(|word| (word ^ tag) < 1 << RULE_BITS).map(Rule::unpack)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_come_back_as_they_were_put() {
        static RULES: Rules = Rules::new();
        let step = |base, words, saved| Rule::Step(Step { base, words, saved });
        let most = Rule::MOST_WORDS as u16;
        let rules = [
            Rule::End,
            Rule::Signal,
            Rule::Asked,
            step(Base::Stack, 1, 0),
            step(Base::Stack, most, most),
            step(Base::Frame, 2, 2),
        ];
        let addresses = |n: usize| 0x7FFF_FFFF_F000_u64.wrapping_sub(n as u64 * 977);
        for (n, rule) in rules.iter().cycle().take(5_000).enumerate() {
            RULES.put(addresses(n), *rule);
        }
        for (n, rule) in rules.iter().cycle().take(5_000).enumerate() {
            assert_eq!(RULES.get(addresses(n)), Some(*rule));
        }
        RULES.clear();
        assert!((0..5_000).all(|n| RULES.get(addresses(n)).is_none()));
    }

    #[test]
    fn a_full_bucket_forgets_and_never_mixes_up() {
        static RULES: Rules = Rules::new();
        let step = |n: u64| Rule::Step(Step { base: Base::Stack, words: n as u16 % 8_000, saved: 0 });
        for n in 0..200_000 {
            RULES.put(0x5555_0000_0000 + n, step(n));
        }
        let known = (0..200_000).filter(|n| RULES.get(0x5555_0000_0000 + n).is_some());
        assert!(known.clone().count() > 20_000);
        assert!(known.into_iter().all(|n| RULES.get(0x5555_0000_0000 + n) == Some(step(n))));
    }
}
