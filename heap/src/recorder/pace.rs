//! What recording costs, and the period that keeps it below the share of processor time that was allowed.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use super::clock;
use super::sampler::{EVERY, PARTS_OF_A_BLOCK, Weight};
use super::session::{Options, Period};

/// From every allocation to one per 512 KiB. Longer periods would cost no less: what is left then is counting bytes.
const LADDER: [u64; 4] = [EVERY, 4 << 10, 64 << 10, 512 << 10];
/// One in this many calls is timed. Reading the clock twice takes as long as a fifth of a recording.
const TIMED_EVERY: u32 = 64;
/// What one call is taken to have cost at most, in nanoseconds: a longer one did not compute but waited for a processor.
const MOST_NANOSECONDS: u64 = 50_000;
/// A finer period has to be affordable twice over ...
const EASE: f64 = 0.5;
/// ... in this many looks on end, before it is taken: a second and a half.
const LOOKS_BEFORE_FINER: u32 = 15;
/// What recording one and its free is taken to cost before anything was measured: a slow case.
const DEAR_NANOSECONDS: u64 = 2_000;
/// What an allocation and its free cost that are looked at and not recorded, which is too short to be timed: about what one
/// per 512 KiB adds in benches/overhead, where next to none is recorded.
const LOOKING_NANOSECONDS: f64 = 12.0;
/// So many calls have to be timed for a mean cost: waiting for the processor is part of some.
const ENOUGH_CALLS: u64 = 16 * TIMED_EVERY as u64;
const ROWS: usize = 8;

/// The cost so far.
#[derive(Debug)]
pub(super) struct Pace {
    rows: [Row; ROWS],
    adaptive: AtomicBool,
    /// The bits of an `f64`.
    share: AtomicU64,
    calm: AtomicU32,
    /// What recording one and its free costs, in nanoseconds, by the last look that saw enough to tell.
    each: AtomicU64,
}

/// Sums of some threads, on a cache line of their own.
#[derive(Debug)]
#[repr(align(64))]
struct Row {
    nanoseconds: AtomicU64,
    calls: AtomicU64,
    /// What the recorded allocations stand for, while not every one is recorded.
    bytes: AtomicU64,
    parts: AtomicU64,
}

/// What was summed up at one moment.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Look {
    wall: u64,
    cpu: u64,
    nanoseconds: u64,
    calls: u64,
    bytes: u64,
    parts: u64,
}

impl Pace {
    pub(super) const fn new() -> Self {
        Self {
            rows: [const {
                Row {
                    nanoseconds: AtomicU64::new(0),
                    calls: AtomicU64::new(0),
                    bytes: AtomicU64::new(0),
                    parts: AtomicU64::new(0),
                }
            }; ROWS],
            adaptive: AtomicBool::new(false),
            share: AtomicU64::new(0),
            calm: AtomicU32::new(0),
            each: AtomicU64::new(DEAR_NANOSECONDS),
        }
    }

    pub(super) fn set(&self, options: Options) {
        self.adaptive.store(options.period == Period::Adaptive, Ordering::Relaxed);
        self.share.store(options.share_of_cpu.to_bits(), Ordering::Relaxed);
        self.calm.store(0, Ordering::Relaxed);
    }

    /// To be called where a thread begins to record; a time if this is one of the calls that are timed.
    #[inline]
    pub(super) fn begin(turn: u32) -> Option<u64> {
        turn.is_multiple_of(TIMED_EVERY).then(clock::nanoseconds)
    }

    /// To be called where it ends.
    #[inline]
    pub(super) fn end(&self, thread: usize, began: Option<u64>) {
        if let Some(began) = began {
            let row = &self.rows[thread % ROWS];
            let took = clock::nanoseconds().saturating_sub(began).min(MOST_NANOSECONDS);
            row.nanoseconds.fetch_add(took * u64::from(TIMED_EVERY), Ordering::Relaxed);
            row.calls.fetch_add(u64::from(TIMED_EVERY), Ordering::Relaxed);
        }
    }

    /// To be told what a recorded allocation stands for, where not every one is recorded.
    pub(super) fn note(&self, thread: usize, weight: Weight) {
        let row = &self.rows[thread % ROWS];
        row.bytes.fetch_add(weight.bytes, Ordering::Relaxed);
        row.parts.fetch_add(weight.parts, Ordering::Relaxed);
    }

    /// Sums up.
    pub(super) fn look(&self) -> Look {
        let now = Look { wall: clock::nanoseconds(), cpu: clock::process_cpu(), ..Look::default() };
        self.rows.iter().fold(now, |sum, row| Look {
            nanoseconds: sum.nanoseconds + row.nanoseconds.load(Ordering::Relaxed),
            calls: sum.calls + row.calls.load(Ordering::Relaxed),
            bytes: sum.bytes + row.bytes.load(Ordering::Relaxed),
            parts: sum.parts + row.parts.load(Ordering::Relaxed),
            ..sum
        })
    }

    /// The period to go on with, after what happened between two looks under `period`.
    pub(super) fn next(&self, before: Look, now: Look, period: u64, crowded: bool) -> Option<u64> {
        if !self.adaptive.load(Ordering::Relaxed) {
            return None;
        }
        let share = f64::from_bits(self.share.load(Ordering::Relaxed));
        let allowed = share * now.wall.saturating_sub(before.wall).max(now.cpu.saturating_sub(before.cpu)) as f64;
        let recording = now.nanoseconds.saturating_sub(before.nanoseconds) as f64;
        let calls = now.calls.saturating_sub(before.calls);
        if calls >= ENOUGH_CALLS {
            self.each.store((recording / calls as f64 * 2.0) as u64, Ordering::Relaxed);
        }
        let coarser = LADDER.into_iter().find(|step| *step > period);
        let finer = LADDER.into_iter().rev().find(|step| *step < period);
        if recording + looking(before, now, period) > allowed || crowded {
            self.calm.store(0, Ordering::Relaxed);
            return coarser;
        }
        let finer = finer.filter(|finer| self.predicted(before, now, *finer) < EASE * allowed);
        if finer.is_none() {
            self.calm.store(0, Ordering::Relaxed);
            return None;
        }
        if self.calm.fetch_add(1, Ordering::Relaxed) + 1 < LOOKS_BEFORE_FINER {
            return None;
        }
        self.calm.store(0, Ordering::Relaxed);
        finer
    }

    /// What the allocations between two looks would have cost under a finer period, in nanoseconds.
    fn predicted(&self, before: Look, now: Look, finer: u64) -> f64 {
        let blocks = blocks(before, now);
        let bytes = now.bytes.saturating_sub(before.bytes) as f64;
        let recorded = if finer <= EVERY { blocks } else { blocks.min(bytes / finer as f64) };
        self.each.load(Ordering::Relaxed) as f64 * recorded + looking(before, now, finer)
    }
}

/// What those allocations between two looks cost that are not recorded, in nanoseconds.
fn looking(before: Look, now: Look, period: u64) -> f64 {
    if period <= EVERY { 0.0 } else { blocks(before, now) * LOOKING_NANOSECONDS }
}

/// How many allocations there were between two looks, where not every one was recorded.
fn blocks(before: Look, now: Look) -> f64 {
    now.parts.saturating_sub(before.parts) as f64 / PARTS_OF_A_BLOCK as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn adaptive() -> Pace {
        let pace = Pace::new();
        pace.set(Options { share_of_cpu: 0.03, period: Period::Adaptive });
        pace
    }

    /// A tenth of a second in which the recorder computed for so long.
    fn after(spent: u64, blocks: u64, bytes: u64) -> Look {
        let calls = spent / 100;
        Look { wall: SECOND / 10, cpu: 0, nanoseconds: spent, calls, bytes, parts: blocks * PARTS_OF_A_BLOCK }
    }

    #[test]
    fn more_than_the_share_leads_to_a_longer_period_up_to_the_longest() {
        let (pace, dear) = (adaptive(), after(SECOND / 10 / 20, 0, 0));
        let mut period = EVERY;
        let mut seen = Vec::new();
        while let Some(next) = pace.next(Look::default(), dear, period, false) {
            seen.push(next);
            period = next;
        }
        assert_eq!(seen, [4 << 10, 64 << 10, 512 << 10]);
    }

    #[test]
    fn less_than_the_share_leads_nowhere() {
        assert_eq!(adaptive().next(Look::default(), after(SECOND / 10 / 40, 0, 0), EVERY, false), None);
    }

    #[test]
    fn a_process_that_keeps_many_processors_busy_may_spend_a_share_of_them() {
        let look = Look { cpu: 8 * SECOND / 10, ..after(SECOND / 10 / 20, 0, 0) };
        assert_eq!(adaptive().next(Look::default(), look, EVERY, false), None);
    }

    #[test]
    fn allocations_that_are_only_looked_at_are_part_of_the_share() {
        // Recording takes 2 of the 3 ms that are allowed, and 100,000 allocations beside it some more.
        let look = |blocks| after(SECOND / 500, blocks, blocks << 10);
        assert_eq!(adaptive().next(Look::default(), look(100_000), 64 << 10, false), Some(512 << 10));
        assert_eq!(adaptive().next(Look::default(), look(50_000), 64 << 10, false), None);
    }

    #[test]
    fn a_crowded_table_leads_to_a_longer_period() {
        assert_eq!(adaptive().next(Look::default(), after(0, 0, 0), EVERY, true), Some(4 << 10));
    }

    #[test]
    fn calm_has_to_last_before_the_period_is_shortened() {
        let (pace, calm) = (adaptive(), after(1_000, 100, 100_000));
        let looks: Vec<_> =
            (0..LOOKS_BEFORE_FINER).map(|_| pace.next(Look::default(), calm, 64 << 10, false)).collect();
        let (last, before) = looks.split_last().unwrap();
        assert!(before.iter().all(Option::is_none));
        assert_eq!(*last, Some(4 << 10));
    }

    #[test]
    fn a_shorter_period_that_would_cost_too_much_is_not_taken() {
        // 150,000 allocations in the tenth of a second would take some 30 ms.
        let (pace, busy) = (adaptive(), after(200_000, 150_000, 150_000_000));
        assert!((0..100).all(|_| pace.next(Look::default(), busy, 4 << 10, false).is_none()));
    }

    #[test]
    fn a_fixed_period_stays() {
        let pace = Pace::new();
        pace.set(Options { share_of_cpu: 0.03, period: Period::Every });
        assert_eq!(pace.next(Look::default(), after(SECOND / 10, 0, 0), EVERY, true), None);
    }
}
