//! Which kinds of request come when: in a scenario with spells each class, and each step that nothing needs, comes in half of
//! the spells and sits out the others, drawn at random, so that what grows with one kind can be told from what grows with
//! another.
//!
//! Of each four spells a kind comes in two (permuted blocks, Zelen 1974): whatever the run's length, the kinds keep the
//! proportions of the profile, and none goes with time. Which two is a function of the run's seed, the kind and the four.

use std::time::Duration;

use super::plan::Plan;
use super::seed_of;
use crate::domain::Elapsed;
use crate::profile::{Flow, Need};

/// Whether something is there at all times or in spells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Presence {
    /// At all times.
    #[default]
    Always,
    /// In half of the spells, drawn by this number.
    InSpells(u64),
}

/// The spells of a run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mix {
    seed: u64,
    /// `None` where nothing varies.
    spell: Option<Duration>,
}

/// The ways in which a kind comes in two of four spells, a bit a spell.
const WAYS: [u8; 6] = [0b0011, 0b0101, 0b0110, 0b1001, 0b1010, 0b1100];
/// Away from the numbers that other draws take seeds by.
const NUMBERS: u64 = 1 << 50;

impl Mix {
    pub(super) fn new(plan: &Plan) -> Self {
        Self { seed: plan.seed, spell: plan.scenario.spell() }
    }

    /// Whether this comes at this moment.
    pub(super) fn comes(&self, presence: Presence, at: Elapsed) -> bool {
        let (Presence::InSpells(number), Some(spell)) = (presence, self.number(at)) else { return true };
        let draws = seed_of(seed_of(self.seed, NUMBERS + number), spell / 4);
        WAYS[fastrand::Rng::with_seed(draws).usize(..WAYS.len())] >> (spell % 4) & 1 == 1
    }

    /// The number of the spell at this moment; spells are counted on the run's clock, as windows are.
    pub(super) fn number(&self, at: Elapsed) -> Option<u64> {
        let spell = self.spell?.as_nanos().max(1);
        u64::try_from(at.since_start().as_nanos() / spell).ok()
    }

    /// How a class's turns come, and its steps: those that nothing needs by themselves, and the turns where something of them
    /// is needed. A flow of one step has nothing but its turns.
    pub(super) fn presence(&self, flow: &Flow, row: usize) -> (Presence, Vec<Presence>) {
        let always = vec![Presence::Always; flow.steps.len()];
        if self.spell.is_none() {
            return (Presence::Always, always);
        }
        if flow.steps.len() == 1 {
            return (Presence::InSpells(row as u64), always);
        }
        // Steps of one name are one kind. Behind the rows of all classes, of which there are fewer than numbers in between.
        let number = |name: &str| flow.steps.iter().position(|step| step.name == name).unwrap_or(0) as u64;
        let steps = flow.steps.iter().map(|step| match step.need {
            Need::Needed => Presence::Always,
            Need::Free => Presence::InSpells((row as u64 + 1) << 20 | number(&step.name)),
        });
        let is_needed = flow.steps.iter().any(|step| step.need == Need::Needed);
        let turns = if is_needed { Presence::InSpells(row as u64) } else { Presence::Always };
        (turns, steps.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mix(seed: u64) -> Mix {
        Mix { seed, spell: Some(Duration::from_secs(10)) }
    }

    fn pattern(mix: Mix, number: u64, spells: u32) -> Vec<bool> {
        let at = |spell: u32| Elapsed::from_secs_f64(f64::from(spell) * 10.0 + 5.0);
        (0..spells).map(|spell| mix.comes(Presence::InSpells(number), at(spell))).collect()
    }

    #[test]
    fn a_kind_comes_in_two_of_each_four_spells_whatever_the_seed() {
        for (seed, number) in (0..50).flat_map(|seed| (0..5).map(move |number| (seed, number))) {
            for four in pattern(mix(seed), number, 40).chunks(4) {
                assert_eq!(four.iter().filter(|comes| **comes).count(), 2);
            }
        }
    }

    #[test]
    fn the_seed_draws_the_spells_and_kinds_are_drawn_apart() {
        assert_eq!(pattern(mix(1), 7, 60), pattern(mix(1), 7, 60));
        assert_ne!(pattern(mix(1), 7, 60), pattern(mix(2), 7, 60));
        // Two kinds come at the same time in half of the spells, as two coins do: 4,000 spells leave a deviation of 32.
        let (one, other) = (pattern(mix(1), 7, 4000), pattern(mix(1), 8, 4000));
        let same = one.iter().zip(&other).filter(|(one, other)| one == other).count();
        assert!((1840..=2160).contains(&same), "{same}");
    }

    #[test]
    fn a_spell_has_one_mix_from_its_first_moment_to_its_last() {
        let mix = mix(3);
        for spell in 0..40_u32 {
            let at = |seconds: f64| mix.comes(Presence::InSpells(1), Elapsed::from_secs_f64(seconds));
            let start = f64::from(spell) * 10.0;
            assert!(at(start) == at(start + 4.0) && at(start) == at(start + 9.999), "{spell}");
        }
    }

    #[test]
    fn without_spells_everything_comes_at_all_times() {
        let mix = Mix { spell: None, ..mix(1) };
        assert!(pattern(mix, 7, 40).iter().all(|comes| *comes));
        assert_eq!(mix.number(Elapsed::from_secs_f64(5.0)), None);
    }
}
