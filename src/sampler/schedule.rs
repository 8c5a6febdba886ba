//! Ticks at whole multiples of the interval since the start of the run, so that lateness never adds up to drift.

use std::time::Duration;

use crate::domain::Elapsed;

/// The schedule of one run.
#[derive(Debug)]
pub(super) struct Schedule {
    interval: Duration,
    next: u64,
    missed: u64,
}

impl Schedule {
    /// A schedule that is joined now: the tick that was due last is taken at once, and none before it was missed.
    pub(super) fn new(now: Elapsed, interval: Duration) -> Self {
        let mut schedule = Self { interval, next: 0, missed: 0 };
        schedule.next = schedule.latest(now);
        schedule
    }

    /// When the next tick is due.
    pub(super) fn next_due(&self) -> Elapsed {
        self.due(self.next)
    }

    /// Takes the tick that is due at `now` and says how late it is. Ticks whose successor is due already are counted as
    /// missed and left out: a late tick is taken once and never doubled.
    pub(super) fn take(&mut self, now: Elapsed) -> Duration {
        let tick = self.latest(now).max(self.next);
        self.missed += tick - self.next;
        self.next = tick + 1;
        now.since_start().saturating_sub(self.due(tick).since_start())
    }

    /// Ticks that were due and left out.
    pub(super) fn missed(&self) -> u64 {
        self.missed
    }

    fn latest(&self, now: Elapsed) -> u64 {
        (now.since_start().as_nanos() / self.interval.as_nanos().max(1)) as u64
    }

    fn due(&self, tick: u64) -> Elapsed {
        let nanos = self.interval.as_nanos() * u128::from(tick);
        Elapsed::new(Duration::new((nanos / 1_000_000_000) as u64, (nanos % 1_000_000_000) as u32))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(millis: u64) -> Elapsed {
        Elapsed::new(Duration::from_millis(millis))
    }

    #[test]
    fn lateness_does_not_shift_the_ticks_that_follow() {
        let mut schedule = Schedule::new(at(5), Duration::from_millis(100));
        assert_eq!(schedule.take(at(5)), Duration::from_millis(5));
        assert_eq!(schedule.next_due(), at(100));
        assert_eq!(schedule.take(at(155)), Duration::from_millis(55));
        assert_eq!(schedule.next_due(), at(200));
        assert_eq!(schedule.missed(), 0);
    }

    #[test]
    fn a_schedule_that_is_joined_late_has_missed_nothing() {
        let mut schedule = Schedule::new(at(730), Duration::from_millis(100));
        assert_eq!(schedule.take(at(730)), Duration::from_millis(30));
        assert_eq!((schedule.missed(), schedule.next_due()), (0, at(800)));
    }

    #[test]
    fn a_tick_late_by_more_than_an_interval_is_taken_once_and_the_missed_are_counted() {
        let mut schedule = Schedule::new(at(0), Duration::from_millis(100));
        schedule.take(at(0));
        assert_eq!(schedule.take(at(350)), Duration::from_millis(50), "tick 3 is the one that is due");
        assert_eq!(schedule.missed(), 2);
        assert_eq!(schedule.next_due(), at(400));
    }

    proptest! {
        #[test]
        fn ticks_taken_and_missed_are_all_the_ticks_that_were_due(delays in proptest::collection::vec(0u64..400, 1..50)) {
            let mut schedule = Schedule::new(at(0), Duration::from_millis(100));
            let mut now = 0;
            for delay in &delays {
                now = now.max(schedule.next_due().since_start().as_millis() as u64) + delay;
                let late = schedule.take(at(now));
                prop_assert!(late < Duration::from_millis(100));
            }
            prop_assert_eq!(delays.len() as u64 + schedule.missed(), now / 100 + 1);
        }
    }
}
