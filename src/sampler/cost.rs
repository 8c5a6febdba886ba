//! What sampling costs, measured on the sampling thread itself, and the pot that keeps the slow tier within its budget.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::domain::Elapsed;

/// CPU time that this thread has used so far.
pub(super) fn thread_cpu() -> Duration {
    cpu(ClockId::ThreadCPUTime)
}

/// CPU time that the whole of soak has used so far.
pub(super) fn process_cpu() -> Duration {
    cpu(ClockId::ProcessCPUTime)
}

fn cpu(clock: ClockId) -> Duration {
    let time = clock_gettime(clock);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32)
}

/// CPU time that may be spent: it fills at `budget` seconds a second and every reading takes its cost out.
///
/// It never holds more than [`Pot::CREDIT`] of filling, or one reading's cost where that is more, so that over any stretch
/// of time the readings cost at most budget x stretch + that. A reading that cost more than was thought leaves a debt.
#[derive(Debug)]
pub(super) struct Pot {
    budget: f64,
    level_s: f64,
    filled_at: Elapsed,
}

impl Pot {
    /// How long an idle pot goes on filling. It starts so full: the first cheap readings come with the first sample.
    const CREDIT: Duration = Duration::from_secs(5);

    pub(super) fn new(budget: f64, now: Elapsed) -> Self {
        Self { budget, level_s: budget * Self::CREDIT.as_secs_f64(), filled_at: now }
    }

    /// Fills it up to now; `dearest` is what the dearest reading that waits is thought to cost.
    pub(super) fn fill(&mut self, now: Elapsed, dearest: Duration) {
        let room = (self.budget * Self::CREDIT.as_secs_f64()).max(dearest.as_secs_f64());
        let passed = now.as_secs_f64() - self.filled_at.as_secs_f64();
        self.level_s = self.level_s.max((self.level_s + self.budget * passed.max(0.0)).min(room));
        self.filled_at = now;
    }

    /// Whether a reading that is thought to cost this much fits in.
    pub(super) fn allows(&self, cost: Duration) -> bool {
        self.level_s >= cost.as_secs_f64()
    }

    /// Takes out what a reading has cost.
    pub(super) fn take(&mut self, cost: Duration) {
        self.level_s -= cost.as_secs_f64();
    }
}

/// When a reading that is not for every tick comes next.
#[derive(Debug, Default)]
pub(super) struct Cadence {
    next: Elapsed,
}

impl Cadence {
    /// Whether it is due.
    pub(super) fn due(&self, now: Elapsed) -> bool {
        now >= self.next
    }

    /// Sets the next time so that readings of this cost keep to `share` of a core.
    pub(super) fn space_by_cost(&mut self, now: Elapsed, cost: Duration, share: f64) {
        self.space(now, Duration::try_from_secs_f64(cost.as_secs_f64() / share).unwrap_or(Duration::MAX));
    }

    /// Sets the next time.
    pub(super) fn space(&mut self, now: Elapsed, spacing: Duration) {
        self.next = Elapsed::new(now.since_start().saturating_add(spacing));
    }

    /// Makes it due at once.
    pub(super) fn now(&mut self) {
        self.next = Elapsed::default();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: f64) -> Elapsed {
        Elapsed::from_secs_f64(seconds)
    }

    fn filled(pot: &mut Pot, cost: Duration, now: Elapsed) -> bool {
        pot.fill(now, cost);
        pot.allows(cost)
    }

    #[test]
    fn a_dear_reading_waits_until_it_is_saved_up() {
        let mut pot = Pot::new(0.001, at(0.0));
        let cost = Duration::from_millis(16);
        assert!(!filled(&mut pot, cost, at(0.0)), "16 ms are 16 s of a budget of 0.1 %");
        assert!(!filled(&mut pot, cost, at(10.9)));
        assert!(filled(&mut pot, cost, at(11.1)), "5 s of credit and 11 s of filling");
        pot.take(cost);
        assert!(!filled(&mut pot, cost, at(26.0)));
        assert!(filled(&mut pot, cost, at(27.2)));
    }

    #[test]
    fn a_reading_that_cost_more_than_was_thought_is_paid_back() {
        let mut pot = Pot::new(0.001, at(0.0));
        assert!(filled(&mut pot, Duration::from_millis(1), at(0.0)));
        pot.take(Duration::from_millis(25));
        assert!(!filled(&mut pot, Duration::from_millis(1), at(20.0)));
        assert!(filled(&mut pot, Duration::from_millis(1), at(21.1)));
    }

    proptest! {
        #[test]
        fn the_budget_holds_over_the_whole_run(
            budget in 0.0001f64..0.1,
            costs_ms in proptest::collection::vec(0.01f64..50.0, 1..8),
            interval_s in 0.01f64..10.0,
        ) {
            let mut pot = Pot::new(budget, at(0.0));
            let (mut spent, mut dearest, mut now) = (0.0, 0.0f64, 0.0);
            let dear = costs_ms.iter().fold(0.0f64, |a, b| a.max(*b)) / 1e3;
            for tick in 0..2000usize {
                let cost = costs_ms[tick % costs_ms.len()] / 1e3;
                now = tick as f64 * interval_s;
                pot.fill(at(now), Duration::from_secs_f64(dear));
                if pot.allows(Duration::from_secs_f64(cost)) {
                    pot.take(Duration::from_secs_f64(cost));
                    spent += cost;
                    dearest = dearest.max(cost);
                }
            }
            prop_assert!(spent <= budget * (now + 5.0) + dearest + 1e-6, "{spent} in {now}");
        }
    }
}
