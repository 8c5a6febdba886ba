//! When request k is due: pure arithmetic on the run's clock, so the backlog is a count and never a list.

use std::time::Duration;

use crate::domain::Elapsed;

/// An even schedule without drift: request k, from 0, is due k / rate after the start.
#[derive(Clone, Copy, Debug)]
pub(super) struct Schedule {
    start: Elapsed,
    rate_per_s: f64,
}

impl Schedule {
    /// A schedule whose first request is due at `start`.
    pub(super) fn new(start: Elapsed, rate_per_s: f64) -> Self {
        Self { start, rate_per_s }
    }

    /// When request `k` is due. Computed from the start each time, so that no error adds up.
    pub(super) fn due(&self, k: u64) -> Elapsed {
        let after = Duration::try_from_secs_f64(k as f64 / self.rate_per_s).unwrap_or(Duration::MAX);
        Elapsed::new(self.start.since_start().saturating_add(after))
    }

    /// How many requests have fallen due up to and including `now`.
    pub(super) fn due_by(&self, now: Elapsed) -> u64 {
        let Some(since) = now.since_start().checked_sub(self.start.since_start()) else { return 0 };
        let mut count = (since.as_secs_f64() * self.rate_per_s) as u64;
        // The product may be rounded to either side of a whole number; `due` decides.
        while count > 0 && self.due(count - 1) > now {
            count -= 1;
        }
        while self.due(count) <= now {
            count += 1;
        }
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: f64) -> Elapsed {
        Elapsed::from_secs_f64(seconds)
    }

    #[test]
    fn a_request_is_due_at_k_over_rate_however_far_the_run_has_come() {
        let schedule = Schedule::new(at(5.0), 20.0);
        assert_eq!(schedule.due(0), at(5.0));
        assert_eq!(schedule.due(1), at(5.05));
        // A week at 20/s.
        assert_eq!(schedule.due(12_096_000), at(604_805.0));
    }

    #[test]
    fn the_count_of_requests_due_agrees_with_their_times_at_any_rate() {
        for rate in [0.001, 0.3, 1.0, 3.0, 7.7, 20.0, 199.9, 99_999.0] {
            let schedule = Schedule::new(at(1.25), rate);
            assert_eq!(schedule.due_by(at(1.0)), 0);
            for k in (0..5_000).chain(10_000_000..10_000_100) {
                let due = schedule.due(k);
                assert_eq!(schedule.due_by(due), k + 1, "request {k} at {rate}/s");
                let before = Elapsed::new(due.since_start().saturating_sub(Duration::from_nanos(1)));
                assert_eq!(schedule.due_by(before), k, "just before request {k} at {rate}/s");
            }
        }
    }
}
