//! The scenarios that every profile has, and what a scenario becomes when its numbers are changed.

use std::collections::BTreeMap;
use std::time::Duration;

use super::model::{Arrivals, Load, Mix, Ramp, Scenario, Stage};
use crate::domain::run::Trend;

/// The phase in which users come one after the other.
pub(super) const RAMP_UP: &str = "ramp up";
/// Turns under way at most in the open model where nothing is said: what the largest built-in scenario has users.
pub(super) const IN_FLIGHT: u32 = 500;
/// Users up to this number come at once.
const AT_ONCE: f64 = 10.0;
/// The ramp's share of the whole time, and its length at most, where nothing is said.
const RAMP_SHARE: f64 = 0.1;
const LONGEST_RAMP: Duration = Duration::from_secs(30);
/// What is left of a spike before and after it, as a share of it.
const SPIKE_BASE: f64 = 0.1;
/// The scenario that varies the mix.
const BLAME: &str = "blame";
/// How long one number of users is held in `steps` where nothing is said.
pub(super) const EACH: Duration = Duration::from_mins(1);

/// How a scenario's load goes over time.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Shape {
    /// Up to a level, and there to the end. The ramp is the default one where it is `None`.
    Level { peak: f64, duration: Duration, ramp_up: Option<Duration> },
    /// A tenth, ten times as much at once, a tenth again.
    Spike { peak: f64, duration: Duration },
    /// One level after the other, at once, each held as long.
    Steps { levels: Vec<f64>, each: Duration },
    /// As the file says.
    Stages(Vec<Stage>),
}

/// A scenario before its stages are worked out.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Plan {
    pub(super) name: String,
    pub(super) about: String,
    pub(super) class: Option<String>,
    pub(super) load: Load,
    pub(super) shape: Shape,
    pub(super) mix: Mix,
    pub(super) budgets: Option<Vec<String>>,
}

/// A built-in scenario: its name, what it is for, users and minutes; `steps` has its own numbers.
struct BuiltIn {
    name: &'static str,
    about: &'static str,
    users: f64,
    minutes: u64,
}

const BUILT_IN: [BuiltIn; 10] = [
    BuiltIn { name: "smoke", about: "Does everything work at all?", users: 10.0, minutes: 1 },
    BuiltIn {
        name: "baseline",
        about: "An ordinary hour, shortened: the figures to compare with",
        users: 50.0,
        minutes: 5,
    },
    BuiltIn { name: "stress", about: "Several times the ordinary load", users: 200.0, minutes: 5 },
    BuiltIn {
        name: "spike",
        about: "Ten times the users from one moment to the next, and back",
        users: 500.0,
        minutes: 2,
    },
    BuiltIn { name: "burst", about: "Many users who all come at once, without a ramp", users: 100.0, minutes: 3 },
    BuiltIn {
        name: "heavy",
        about: "The dearest class of users alone, where one is called heavy",
        users: 50.0,
        minutes: 5,
    },
    BuiltIn {
        name: "endurance",
        about: "Half an hour under load: what slows down with time?",
        users: 100.0,
        minutes: 30,
    },
    BuiltIn { name: "soak", about: "Two hours: what grows?", users: 75.0, minutes: 120 },
    BuiltIn {
        name: "steps",
        about: "1, 10, 25 and 50 users, each measured: where is the knee?",
        users: 50.0,
        minutes: 4,
    },
    BuiltIn {
        name: BLAME,
        about: "Each kind of request in half of the spells, drawn at random: which one is to blame for growth?",
        users: 20.0,
        minutes: 10,
    },
];

/// The scenarios that every profile has.
pub(super) fn built_in() -> impl Iterator<Item = Plan> {
    BUILT_IN.iter().map(|scenario| {
        let duration = Duration::from_mins(scenario.minutes);
        let shape = match scenario.name {
            "spike" => Shape::Spike { peak: scenario.users, duration },
            "steps" => Shape::Steps { levels: vec![1.0, 10.0, 25.0, 50.0], each: EACH },
            "burst" => Shape::Level { peak: scenario.users, duration, ramp_up: Some(Duration::ZERO) },
            _ => Shape::Level { peak: scenario.users, duration, ramp_up: None },
        };
        Plan {
            name: scenario.name.to_owned(),
            about: scenario.about.to_owned(),
            class: (scenario.name == "heavy").then(|| "heavy".to_owned()),
            load: Load::Closed,
            shape,
            mix: if scenario.name == BLAME { Mix::Spells { length: None } } else { Mix::Even },
            budgets: None,
        }
    })
}

/// The built-in scenarios of a profile without classes of its own.
pub(super) fn without_class() -> BTreeMap<String, Scenario> {
    let plans = built_in().filter_map(|plan| Plan { class: None, ..plan }.scenario().ok());
    plans.map(|scenario| (scenario.name.clone(), scenario)).collect()
}

impl Plan {
    /// The scenario with its stages.
    ///
    /// # Errors
    /// Where the ramp takes all the time that there is.
    pub(super) fn scenario(self) -> Result<Scenario, String> {
        let stages = match self.shape {
            Shape::Level { peak, duration, ramp_up } => {
                let ramp = ramp_up.unwrap_or_else(|| default_ramp(peak, duration));
                if ramp >= duration {
                    return Err(format!(
                        "the ramp ({}) takes all the time that there is ({}); shorten it",
                        humantime::format_duration(ramp),
                        humantime::format_duration(duration)
                    ));
                }
                let level = stage(&self.name, duration.saturating_sub(ramp), peak, Ramp::Jump);
                if ramp.is_zero() { vec![level] } else { vec![stage(RAMP_UP, ramp, peak, Ramp::Linear), level] }
            }
            Shape::Spike { peak, duration } => {
                let base = (peak * SPIKE_BASE).max(1.0).min(peak);
                let quarter = duration / 4;
                vec![
                    stage("base", quarter, base, Ramp::Jump),
                    stage("spike", duration.saturating_sub(2 * quarter), peak, Ramp::Jump),
                    stage("recovery", quarter, base, Ramp::Jump),
                ]
            }
            Shape::Steps { levels, each } => {
                levels.into_iter().map(|level| stage(&level_name(level, self.load), each, level, Ramp::Jump)).collect()
            }
            Shape::Stages(stages) => stages,
        };
        let Self { name, about, class, load, mix, budgets, .. } = self;
        Ok(Scenario { name, about, class, load, stages, mix, budgets })
    }
}

fn stage(name: &str, duration: Duration, target: f64, ramp: Ramp) -> Stage {
    Stage { name: name.to_owned(), duration, target, ramp, trend: Trend::Counts }
}

fn level_name(level: f64, load: Load) -> String {
    match load {
        Load::Closed if level <= 1.0 => "1 user".to_owned(),
        Load::Closed => format!("{level} users"),
        Load::Open { .. } => format!("{level} turns/s"),
    }
}

fn default_ramp(peak: f64, duration: Duration) -> Duration {
    if peak > AT_ONCE { duration.mul_f64(RAMP_SHARE).min(LONGEST_RAMP) } else { Duration::ZERO }
}

/// The open model where nothing more is said.
pub(super) fn open() -> Load {
    Load::Open { arrivals: Arrivals::default(), in_flight: IN_FLIGHT }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scenario(name: &str) -> Scenario {
        built_in().find(|plan| plan.name == name).unwrap().scenario().unwrap()
    }

    fn outline(scenario: &Scenario) -> Vec<(&str, u64, f64)> {
        scenario.stages.iter().map(|stage| (stage.name.as_str(), stage.duration.as_secs(), stage.target)).collect()
    }

    #[test]
    fn the_ten_scenarios_have_their_users_and_minutes() {
        for (name, users, minutes) in [
            ("smoke", 10.0, 1),
            ("baseline", 50.0, 5),
            ("stress", 200.0, 5),
            ("spike", 500.0, 2),
            ("burst", 100.0, 3),
            ("heavy", 50.0, 5),
            ("endurance", 100.0, 30),
            ("soak", 75.0, 120),
            ("steps", 50.0, 4),
            ("blame", 20.0, 10),
        ] {
            let scenario = scenario(name);
            let peak = scenario.stages.iter().map(|stage| stage.target).fold(0.0, f64::max);
            let total: Duration = scenario.stages.iter().map(|stage| stage.duration).sum();
            assert!((peak - users).abs() < 1e-9 && total == Duration::from_mins(minutes), "{name}: {peak} {total:?}");
            assert_eq!(scenario.load, Load::Closed, "{name}");
        }
        assert_eq!(built_in().count(), 10);
    }

    #[test]
    fn more_than_ten_users_come_by_a_ramp_and_ten_at_once() {
        assert_eq!(outline(&scenario("smoke")), [("smoke", 60, 10.0)]);
        assert_eq!(outline(&scenario("baseline")), [("ramp up", 30, 50.0), ("baseline", 270, 50.0)]);
        assert_eq!(outline(&scenario("burst")), [("burst", 180, 100.0)]);
        assert_eq!(scenario("baseline").stages[0].ramp, Ramp::Linear);
    }

    #[test]
    fn a_spike_has_a_calm_before_and_after_it() {
        let expected = [("base", 30, 50.0), ("spike", 60, 500.0), ("recovery", 30, 50.0)];
        assert_eq!(outline(&scenario("spike")), expected);
    }

    #[test]
    fn steps_hold_each_number_of_users_for_a_minute() {
        let expected = [("1 user", 60, 1.0), ("10 users", 60, 10.0), ("25 users", 60, 25.0), ("50 users", 60, 50.0)];
        assert_eq!(outline(&scenario("steps")), expected);
        assert!(scenario("steps").stages.iter().all(|stage| stage.ramp == Ramp::Jump));
    }

    #[test]
    fn a_ramp_as_long_as_the_whole_is_refused() {
        let minute = Duration::from_mins(1);
        let shape = Shape::Level { peak: 20.0, duration: minute, ramp_up: Some(minute) };
        let plan = Plan {
            name: "x".to_owned(),
            about: String::new(),
            class: None,
            load: Load::Closed,
            shape,
            mix: Mix::Even,
            budgets: None,
        };
        assert!(plan.scenario().unwrap_err().contains("1m"));
    }
}
