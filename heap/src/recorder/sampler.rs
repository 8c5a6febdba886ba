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

#[cfg(test)]
mod tests {
    use super::*;

    /// What a thread's recorder estimates for allocations of these sizes.
    fn estimate(sizes: &[u64], mean: u64, seed: u64) -> (f64, f64, u64) {
        let mut random = Random::new(seed);
        let mut countdown = random.gap(mean);
        let (mut bytes, mut parts, mut samples) = (0, 0, 0);
        for size in sizes {
            countdown -= *size as i64;
            if countdown <= 0 {
                let weight = Weight::of(*size, mean);
                (bytes, parts, samples) = (bytes + weight.bytes, parts + weight.parts, samples + 1);
                countdown = random.gap(mean);
            }
        }
        (bytes as f64, parts as f64 / PARTS_OF_A_BLOCK as f64, samples)
    }

    #[test]
    fn estimates_are_unbiased_over_seeds_within_their_stated_error() {
        let (sizes, seeds) = if cfg!(miri) { (100, 4) } else { (4_000, 400) };
        let mut random = Random::new(7);
        let sizes: Vec<u64> = (0..sizes).map(|_| (16.0 * 2500_f64.powf(random.share().powi(5))) as u64).collect();
        let (bytes, blocks) = (sizes.iter().sum::<u64>() as f64, sizes.len() as f64);
        for mean in [512, 4 << 10, 64 << 10] {
            let estimates: Vec<_> = (0..seeds).map(|seed| estimate(&sizes, mean, seed)).collect();
            let seen = estimates.iter().map(|estimate| estimate.2).sum::<u64>() as f64;
            let average =
                |of: fn(&(f64, f64, u64)) -> f64| estimates.iter().map(of).sum::<f64>() / f64::from(seeds as u32);
            // All seeds together saw this many samples, so the error of their average is one over the root of it; that of
            // the blocks is that of the small ones, which are seen seldom and count much.
            let error = 4.0 / seen.sqrt();
            assert!((average(|estimate| estimate.0) / bytes - 1.0).abs() < error, "bytes at {mean}");
            let spread: f64 = sizes.iter().map(|size| 1.0 / probability(*size, mean) - 1.0).sum::<f64>();
            let error = 4.0 * (spread / f64::from(seeds as u32)).sqrt() / blocks;
            assert!((average(|estimate| estimate.1) / blocks - 1.0).abs() < error, "blocks at {mean}");
        }
    }

    #[test]
    fn a_period_of_one_byte_records_every_allocation_as_it_is() {
        assert_eq!(Weight::of(17, EVERY), Weight { bytes: 17, parts: PARTS_OF_A_BLOCK });
        assert_eq!(Weight::of(0, EVERY), Weight { bytes: 0, parts: PARTS_OF_A_BLOCK });
    }

    #[test]
    fn a_block_much_larger_than_the_period_counts_for_itself() {
        let weight = Weight::of(1 << 30, 4 << 10);
        assert_eq!(weight, Weight { bytes: 1 << 30, parts: PARTS_OF_A_BLOCK });
    }

    #[test]
    fn no_size_and_no_period_makes_a_weight_that_is_no_number() {
        for size in [0, 1, 16, 1 << 40, u64::MAX >> 1] {
            for mean in [0, 1, 2, 512 << 10, u64::MAX] {
                let weight = Weight::of(size, mean);
                assert!(weight.parts >= PARTS_OF_A_BLOCK, "{size} {mean}");
                assert!(weight.bytes >= size.min(1 << 52), "{size} {mean}");
            }
        }
    }
}
