//! When turn k of the open model is due: drawn from a seed, so the pacing thread and the sending thread walk the same list
//! without either keeping it. A backlog is a count, however long.

use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;

use super::load::Load;
use crate::domain::Elapsed;
use crate::profile::Arrivals;

/// The due times of all turns, from the first on.
///
/// A process of arrivals at a changing rate is one at rate 1 whose time runs as the expected count does (time rescaling:
/// Brown et al., Neural Computation 14, 2002): even arrivals come at 0, 1, 2, ... of that time, Poisson arrivals after
/// exponential gaps of mean 1.
#[derive(Clone, Debug)]
pub(super) struct Timetable {
    load: Arc<Load>,
    start: Elapsed,
    spacing: Arrivals,
    random: Rng,
    /// The next turn in rescaled time.
    next: f64,
}

impl Timetable {
    /// The timetable of a load that begins at `start`.
    pub(super) fn new(load: Arc<Load>, start: Elapsed, spacing: Arrivals, seed: u64) -> Self {
        let mut table = Self { load, start, spacing, random: Rng::with_seed(seed), next: 0.0 };
        if spacing == Arrivals::Poisson {
            table.next = table.gap();
        }
        table
    }

    fn gap(&mut self) -> f64 {
        match self.spacing {
            Arrivals::Even => 1.0,
            // 1 - u lies in (0, 1], so the logarithm is finite.
            Arrivals::Poisson => -(1.0 - self.random.f64()).ln(),
        }
    }

    /// When the next turn is due; the end of time where none comes any more.
    pub(super) fn due(&self) -> Elapsed {
        self.at(self.next)
    }

    fn at(&self, rescaled: f64) -> Elapsed {
        let after = Duration::try_from_secs_f64(self.load.when(rescaled)).unwrap_or(Duration::MAX);
        Elapsed::new(self.start.since_start().saturating_add(after))
    }

    /// Takes the next turn, and answers when it is due.
    pub(super) fn take(&mut self) -> Elapsed {
        let due = self.due();
        self.next += self.gap();
        due
    }

    /// Takes all turns that have fallen due by `now`, itself included, and answers how many they were.
    pub(super) fn pass(&mut self, now: Elapsed) -> u64 {
        let mut passed = 0;
        if self.spacing == Arrivals::Even
            && let Some(since) = now.since_start().checked_sub(self.start.since_start())
        {
            // Most of them at one stroke: after a suspend they may be millions. The last one is for `due` to decide, because
            // the product may be rounded to either side.
            let reached = self.load.turns(since.as_secs_f64()).floor() - 1.0;
            if reached > self.next {
                passed = (reached - self.next) as u64;
                self.next = reached;
            }
        }
        while self.due() <= now {
            self.take();
            passed += 1;
        }
        passed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::run::Trend;
    use crate::profile::{Load as Model, Mix, Ramp, Scenario, Stage};

    fn at(seconds: f64) -> Elapsed {
        Elapsed::from_secs_f64(seconds)
    }

    fn timetable(start: f64, rate: f64, spacing: Arrivals, seed: u64) -> Timetable {
        let stage = Stage {
            name: String::new(),
            duration: Duration::from_secs(1),
            target: rate,
            ramp: Ramp::Jump,
            trend: Trend::Counts,
        };
        let load = Load::new(&Scenario {
            name: String::new(),
            about: String::new(),
            class: None,
            budgets: None,
            mix: Mix::Even,
            load: Model::Closed,
            stages: vec![stage],
        });
        Timetable::new(Arc::new(load), at(start), spacing, seed)
    }

    #[test]
    fn an_even_turn_is_due_at_k_over_rate_however_far_the_run_has_come() {
        let mut table = timetable(5.0, 20.0, Arrivals::Even, 1);
        assert_eq!((table.take(), table.take()), (at(5.0), at(5.05)));
        // A week at 20/s.
        table.next = 12_096_000.0;
        assert_eq!(table.due(), at(604_805.0));
    }

    #[test]
    fn the_count_of_turns_due_agrees_with_their_times_at_any_rate() {
        for rate in [0.001, 0.3, 1.0, 3.0, 7.7, 20.0, 199.9, 99_999.0] {
            let mut single = timetable(1.25, rate, Arrivals::Even, 1);
            assert_eq!(single.clone().pass(at(1.0)), 0);
            for k in (1..2_000).chain(10_000_000..10_000_100) {
                single.next = f64::from(k - 1);
                let due = single.take();
                assert_eq!(timetable(1.25, rate, Arrivals::Even, 1).pass(due), k as u64, "turn {k} at {rate}/s");
                let before = Elapsed::new(due.since_start().saturating_sub(Duration::from_nanos(1)));
                assert_eq!(timetable(1.25, rate, Arrivals::Even, 1).pass(before), k as u64 - 1, "{k} at {rate}/s");
            }
        }
    }

    #[test]
    fn two_walkers_of_one_seed_meet_the_same_turns_and_another_seed_others() {
        let due = |seed| {
            let mut table = timetable(0.0, 50.0, Arrivals::Poisson, seed);
            (0..1000).map(|_| table.take()).collect::<Vec<_>>()
        };
        assert_eq!(due(7), due(7));
        assert_ne!(due(7), due(8));
        let mut table = timetable(0.0, 50.0, Arrivals::Poisson, 7);
        let counted = (1..=10).map(|second| table.pass(at(f64::from(second)))).sum::<u64>();
        assert_eq!(counted, due(7).iter().filter(|due| **due <= at(10.0)).count() as u64);
    }

    #[test]
    fn poisson_arrivals_have_the_mean_and_the_variance_of_a_poisson_process() {
        let mut table = timetable(0.0, 100.0, Arrivals::Poisson, 42);
        // Counts in 20,000 slots of 0.1 s: mean and variance are both 10, each within four standard errors.
        let counts: Vec<f64> = (1..=20_000).map(|slot| table.pass(at(f64::from(slot) / 10.0)) as f64).collect();
        let mean = counts.iter().sum::<f64>() / 20_000.0;
        let variance = counts.iter().map(|count| (count - mean).powi(2)).sum::<f64>() / 19_999.0;
        assert!((mean - 10.0).abs() < 4.0 * (10.0_f64 / 20_000.0).sqrt(), "{mean}");
        // The standard error of a Poisson variance: sqrt((2 m^2 + m) / n).
        assert!((variance - 10.0).abs() < 4.0 * (210.0_f64 / 20_000.0).sqrt(), "{variance}");
    }
}
