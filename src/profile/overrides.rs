//! What the command line changes of a scenario: its numbers, never its order.

use std::time::Duration;

use super::error::ProfileError;
use super::model::{Arrivals, Load, Mix, Profile, Ramp, Scenario, Stage};
use super::scenarios::{self, RAMP_UP};
use super::units::{MAX_TIME, MAX_USERS};
use crate::domain::run::Trend;

/// Spells in a scenario that does not say how long they are: enough to tell some ten kinds apart, and each as long as can be,
/// for what a spell leaves has to stand out of the noise.
const SPELLS: u64 = 60;
/// A spell that nobody set holds two samples at least at the usual interval, and what a server only buffers is gone long before
/// the longest one ends.
const SHORTEST_SPELL: Duration = Duration::from_secs(2);
const LONGEST_SPELL: Duration = Duration::from_mins(10);

/// Changes of a scenario; what is `None` stays as it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Overrides {
    /// The most users at once; other stages keep their proportion to the highest. In the open model the most turns under
    /// way.
    pub users: Option<u32>,
    /// Turns per second at the highest; makes the model open.
    pub rate: Option<f64>,
    /// How arrivals are spaced in the open model.
    pub arrivals: Option<Arrivals>,
    /// The whole time; stages keep their proportion, but for a ramp, which does not grow.
    pub duration: Option<Duration>,
    /// The ramp at the start, within the whole time; zero removes it.
    pub ramp_up: Option<Duration>,
    /// Whether everything is doubled at the end.
    pub stress: Stress,
}

/// Whether a scenario's load is doubled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stress {
    /// As it is.
    #[default]
    Normal,
    /// Twice the users, or turns per second.
    Doubled,
}

impl Profile {
    /// The scenario of this name.
    ///
    /// # Errors
    /// Where there is none: the nearest name, and all that there are.
    pub fn scenario(&self, name: &str) -> Result<&Scenario, ProfileError> {
        self.scenarios.get(name).ok_or_else(|| ProfileError::NoScenario {
            name: name.to_owned(),
            near: super::error::nearest(name, self.scenarios.keys().map(String::as_str)).map(str::to_owned),
            known: self.scenarios.keys().map(String::as_str).collect::<Vec<_>>().join(", "),
        })
    }
}

impl Scenario {
    /// This scenario with other numbers.
    ///
    /// # Errors
    /// Where a number cannot be, such as a ramp longer than the whole.
    pub fn with(&self, overrides: &Overrides) -> Result<Self, ProfileError> {
        let mut changed = self.clone();
        if let Some(rate) = overrides.rate {
            changed.set_rate(rate)?;
        }
        if let Some(arrivals) = overrides.arrivals {
            changed.set_arrivals(arrivals)?;
        }
        if let Some(users) = overrides.users {
            changed.set_users(users)?;
        }
        if let Some(duration) = overrides.duration {
            changed.set_duration(duration)?;
        }
        if let Some(ramp) = overrides.ramp_up {
            changed.set_ramp(ramp)?;
        }
        if overrides.stress == Stress::Doubled {
            changed.double()?;
        }
        Ok(changed)
    }

    /// How long it lasts in all.
    pub fn duration(&self) -> Duration {
        self.stages.iter().map(|stage| stage.duration).sum()
    }

    /// How long a spell lasts, in whole seconds, as the driver looks at the time once a second; `None` where the mix does not
    /// vary.
    pub fn spell(&self) -> Option<Duration> {
        let Mix::Spells { length } = self.mix else { return None };
        let shared = Duration::from_secs(self.duration().as_secs() / SPELLS).clamp(SHORTEST_SPELL, LONGEST_SPELL);
        Some(length.unwrap_or(shared))
    }

    /// The most users, or turns per second, of any stage.
    pub fn peak(&self) -> f64 {
        self.stages.iter().map(|stage| stage.target).fold(0.0, f64::max)
    }

    fn set_rate(&mut self, rate: f64) -> Result<(), ProfileError> {
        super::units::rate(&rate.to_string()).map_err(ProfileError::Override)?;
        if self.load == Load::Closed {
            self.load = scenarios::open();
        }
        self.scale(rate);
        Ok(())
    }

    fn set_arrivals(&mut self, wanted: Arrivals) -> Result<(), ProfileError> {
        match &mut self.load {
            Load::Open { arrivals, .. } => *arrivals = wanted,
            Load::Closed => {
                let message =
                    format!("turns arrive in the open model only, and `{}` is closed; give a rate", self.name);
                return Err(ProfileError::Override(message));
            }
        }
        Ok(())
    }

    fn set_users(&mut self, users: u32) -> Result<(), ProfileError> {
        if !(1..=MAX_USERS).contains(&users) {
            return Err(ProfileError::Override(format!("{users} users are not between 1 and {MAX_USERS}")));
        }
        match &mut self.load {
            Load::Open { in_flight, .. } => *in_flight = users,
            Load::Closed => self.scale(f64::from(users)),
        }
        Ok(())
    }

    /// Brings the highest stage to this peak and the others with it.
    fn scale(&mut self, peak: f64) {
        let factor = peak / self.peak();
        for stage in &mut self.stages {
            let target = stage.target * factor;
            stage.target = match self.load {
                // Whole users, and one at least where there was one.
                Load::Closed if stage.target > 0.0 => target.round().max(1.0),
                _ => target,
            };
        }
    }

    fn set_duration(&mut self, duration: Duration) -> Result<(), ProfileError> {
        let before = self.duration();
        if duration.is_zero() {
            return Err(ProfileError::Override("nothing can be seen in no time; give a length such as 10m".to_owned()));
        }
        if duration > MAX_TIME {
            return Err(ProfileError::Override("a run is no longer than a year".to_owned()));
        }
        let factor = duration.as_secs_f64() / before.as_secs_f64();
        let ramp = self.stages.first().filter(|stage| stage.name == RAMP_UP && self.stages.len() > 1);
        let ramp = ramp.map_or(Duration::ZERO, |stage| stage.duration);
        let new_ramp = ramp.mul_f64(factor.min(1.0));
        let factor = (duration.as_secs_f64() - new_ramp.as_secs_f64()) / (before.as_secs_f64() - ramp.as_secs_f64());
        let rest = usize::from(!ramp.is_zero());
        for stage in &mut self.stages[..rest] {
            stage.duration = new_ramp;
        }
        for stage in &mut self.stages[rest..] {
            stage.duration = stage.duration.mul_f64(factor);
        }
        Ok(())
    }

    fn set_ramp(&mut self, ramp: Duration) -> Result<(), ProfileError> {
        // An earlier ramp gives its time back first.
        if self.stages.len() > 1 && self.stages[0].name == RAMP_UP {
            let earlier = self.stages.remove(0);
            self.stages[0].duration += earlier.duration;
        }
        let Some(first) = self.stages.first_mut() else { return Ok(()) };
        if ramp.is_zero() {
            return Ok(());
        }
        if first.ramp == Ramp::Linear {
            let message =
                format!("the stages of `{}` say themselves how users come; change them in the profile", self.name);
            return Err(ProfileError::Override(message));
        }
        if ramp >= first.duration {
            let message = format!(
                "a ramp of {} leaves nothing of `{}`, which lasts {}; shorten it",
                humantime::format_duration(ramp),
                first.name,
                humantime::format_duration(first.duration)
            );
            return Err(ProfileError::Override(message));
        }
        first.duration -= ramp;
        let target = first.target;
        let trend = Trend::Counts;
        self.stages.insert(0, Stage { name: RAMP_UP.to_owned(), duration: ramp, target, ramp: Ramp::Linear, trend });
        Ok(())
    }

    fn double(&mut self) -> Result<(), ProfileError> {
        let peak = 2.0 * self.peak();
        match &mut self.load {
            Load::Closed if peak > f64::from(MAX_USERS) => {
                return Err(ProfileError::Override(format!("twice the users are {peak}, more than {MAX_USERS}")));
            }
            Load::Closed => {}
            Load::Open { in_flight, .. } => *in_flight = in_flight.saturating_mul(2).min(MAX_USERS),
        }
        for stage in &mut self.stages {
            stage.target *= 2.0;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    fn scenario(name: &str) -> Scenario {
        scenarios::built_in().find(|plan| plan.name == name).unwrap().scenario().unwrap()
    }

    fn outline(scenario: &Scenario) -> Vec<(&str, u64, f64)> {
        scenario.stages.iter().map(|stage| (stage.name.as_str(), stage.duration.as_secs(), stage.target)).collect()
    }

    #[test]
    fn users_and_time_change_in_proportion_and_the_ramp_does_not_grow() {
        let longer = Overrides { users: Some(20), duration: Some(10 * MINUTE), ..Overrides::default() };
        let changed = scenario("baseline").with(&longer).unwrap();
        assert_eq!(outline(&changed), [("ramp up", 30, 20.0), ("baseline", 570, 20.0)]);
        let shorter = Overrides { duration: Some(MINUTE), ..Overrides::default() };
        let changed = scenario("baseline").with(&shorter).unwrap();
        assert_eq!(outline(&changed), [("ramp up", 6, 50.0), ("baseline", 54, 50.0)]);
        let few = Overrides { users: Some(5), ..Overrides::default() };
        let targets: Vec<f64> = scenario("steps").with(&few).unwrap().stages.iter().map(|stage| stage.target).collect();
        assert_eq!(targets, [1.0, 1.0, 3.0, 5.0]);
    }

    #[test]
    fn spells_that_nobody_set_go_with_the_length() {
        let spell = |minutes: u32| {
            let changed = Overrides { duration: Some(minutes * MINUTE), ..Overrides::default() };
            scenario("blame").with(&changed).unwrap().spell().unwrap().as_secs()
        };
        assert_eq!([spell(1), spell(10), spell(120), spell(10_000)], [2, 10, 120, 600]);
    }

    #[test]
    fn a_rate_opens_the_model_and_users_then_bound_the_turns_under_way() {
        let open = Overrides { rate: Some(40.0), users: Some(64), ..Overrides::default() };
        let changed = scenario("baseline").with(&open).unwrap();
        assert_eq!(changed.load, Load::Open { arrivals: Arrivals::Poisson, in_flight: 64 });
        assert_eq!(outline(&changed), [("ramp up", 30, 40.0), ("baseline", 270, 40.0)]);
        let even = Overrides { arrivals: Some(Arrivals::Even), ..Overrides::default() };
        assert!(scenario("baseline").with(&even).unwrap_err().to_string().contains("open model"));
    }

    #[test]
    fn a_ramp_is_taken_from_the_whole_time_and_given_back_to_it() {
        let ramp = |length| Overrides { ramp_up: Some(length), ..Overrides::default() };
        let changed = scenario("smoke").with(&ramp(MINUTE / 4)).unwrap();
        assert_eq!(outline(&changed), [("ramp up", 15, 10.0), ("smoke", 45, 10.0)]);
        assert_eq!(outline(&scenario("baseline").with(&ramp(Duration::ZERO)).unwrap()), [("baseline", 300, 50.0)]);
        let message = scenario("smoke").with(&ramp(MINUTE)).unwrap_err().to_string();
        assert!(message.contains("1m") && message.contains("smoke"), "{message}");
    }

    #[test]
    fn stress_doubles_whatever_the_load_counts() {
        let stress = Overrides { stress: Stress::Doubled, ..Overrides::default() };
        assert!((scenario("baseline").with(&stress).unwrap().peak() - 100.0).abs() < 1e-9);
        let many = Overrides { users: Some(60_000), ..stress };
        assert!(scenario("baseline").with(&many).is_err());
    }

    #[test]
    fn numbers_that_cannot_be_are_refused() {
        for wrong in [
            Overrides { users: Some(0), ..Overrides::default() },
            Overrides { users: Some(70_000), ..Overrides::default() },
            Overrides { rate: Some(f64::NAN), ..Overrides::default() },
            Overrides { rate: Some(0.0), ..Overrides::default() },
            Overrides { duration: Some(Duration::ZERO), ..Overrides::default() },
            Overrides { duration: Some(Duration::MAX), ..Overrides::default() },
            Overrides { ramp_up: Some(Duration::MAX), ..Overrides::default() },
        ] {
            assert!(scenario("smoke").with(&wrong).is_err(), "{wrong:?}");
        }
    }
}
