//! Which allocations are recorded, and what one that was stands for.
//!
//! The bytes that a thread allocates are a line on which points lie at random, `mean` apart on average and independent of
//! each other (a Poisson process). An allocation with a point in it is recorded. One of `s` bytes is so with
//! `p = 1 - exp(-s / mean)` and then stands for `s / p` bytes and `1 / p` blocks, which makes every sum unbiased.

/// Blocks are counted in this many parts, so that adding and taking away leave no rounding behind.
pub(crate) const PARTS_OF_A_BLOCK: u64 = 1 << 16;

/// A period that records every allocation.
pub(crate) const EVERY: u64 = 1;

/// Pseudo-random numbers for one thread: xorshift64*, whose state is one word and never zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) const fn new(seed: u64) -> Self {
        // SplitMix's finisher spreads seeds that are near each other.
        let mut z = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        Self((z ^ (z >> 31)) | 1)
    }

    /// From more than 0 up to 1.
    pub(crate) fn share(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let bits = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 11;
        (bits as f64 + 1.0) / (1_u64 << 53) as f64
    }

    /// The distance to the next point, in bytes: exponentially distributed.
    pub(crate) fn gap(&mut self, mean: u64) -> i64 {
        // A point lies on a byte: the distance is rounded up, and the share that is left out is what makes `p` exact for
        // whole bytes.
        (-self.share().ln() * mean as f64).ceil() as i64
    }
}

/// The share of allocations of this size that is recorded.
pub(crate) fn probability(size: u64, mean: u64) -> f64 {
    if mean <= EVERY { 1.0 } else { -(-(size as f64) / mean as f64).exp_m1() }
}

/// What one recorded allocation stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Weight {
    pub(crate) bytes: u64,
    pub(crate) parts: u64,
}

impl Weight {
    pub(crate) fn of(size: u64, mean: u64) -> Self {
        if mean <= EVERY {
            return Self { bytes: size, parts: PARTS_OF_A_BLOCK };
        }
        let stands_for = 1.0 / probability(size.max(1), mean);
        Self {
            bytes: (size as f64 * stands_for).round() as u64,
            parts: (PARTS_OF_A_BLOCK as f64 * stands_for).round() as u64,
        }
    }
}
