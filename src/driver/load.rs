//! Who comes when: a scenario's stages as one line over time, in users (closed model) or turns per second (open model).
//!
//! Pure arithmetic on seconds since the scenario's start. After the last stage its target is held until the run ends.

use std::time::Duration;

use crate::domain::run::Trend;
use crate::profile::{Ramp, Scenario, Stage};

/// Levels this near to a whole number of users are that number: straight lines meet them with a rounding error.
const NEAR: f64 = 1e-6;

/// The line.
#[derive(Clone, Debug)]
pub(super) struct Load {
    parts: Vec<Part>,
    length_s: f64,
}

/// One stage.
#[derive(Clone, Debug)]
struct Part {
    name: String,
    trend: Trend,
    from_s: f64,
    /// When the next begins; infinite for the last.
    to_s: f64,
    /// The level that it starts from ...
    start: f64,
    /// ... and the one that it reaches ...
    end: f64,
    /// ... after so many seconds; 0 for a jump.
    ramp_s: f64,
    /// Turns that were due before it, in the open model.
    before: f64,
}

impl Part {
    fn level(&self, at_s: f64) -> f64 {
        let passed = at_s - self.from_s;
        if passed >= self.ramp_s { self.end } else { self.start + (self.end - self.start) * passed / self.ramp_s }
    }

    /// The area under the line from the part's start.
    fn area(&self, passed_s: f64) -> f64 {
        let ramped = passed_s.min(self.ramp_s);
        let slope = if self.ramp_s > 0.0 { (self.end - self.start) / self.ramp_s } else { 0.0 };
        (self.start + slope * ramped / 2.0) * ramped + self.end * (passed_s - ramped)
    }

    /// After how many seconds the area is `area`: the inverse of [`Part::area`]; infinite where it never is.
    fn passed(&self, area: f64) -> f64 {
        let ramp_area = self.area(self.ramp_s);
        if area > ramp_area || self.ramp_s <= 0.0 {
            return self.ramp_s + (area - ramp_area) / self.end;
        }
        if area <= 0.0 {
            return 0.0;
        }
        // The root of start * x + curve * x^2 = area that lies in the ramp, in the form that cancels nothing out.
        let curve = (self.end - self.start) / (2.0 * self.ramp_s);
        2.0 * area / (self.start + (self.start * self.start + 4.0 * curve * area).max(0.0).sqrt())
    }
}

impl Load {
    /// The line of a scenario.
    pub(super) fn new(scenario: &Scenario) -> Self {
        let mut parts: Vec<Part> = Vec::with_capacity(scenario.stages.len());
        let (mut from_s, mut start, mut before) = (0.0, 0.0, 0.0);
        for Stage { name, duration, target, ramp, trend } in &scenario.stages {
            let length_s = duration.as_secs_f64();
            let ramp_s = if *ramp == Ramp::Linear { length_s } else { 0.0 };
            let (name, trend) = (name.clone(), *trend);
            let part = Part { name, trend, from_s, to_s: from_s + length_s, start, end: *target, ramp_s, before };
            before += part.area(length_s);
            (from_s, start) = (part.to_s, *target);
            parts.push(part);
        }
        if let Some(last) = parts.last_mut() {
            last.to_s = f64::INFINITY;
        }
        Self { parts, length_s: from_s }
    }

    /// How long the stages last; `None` where the last is to last for ever.
    pub(super) fn length(&self) -> Option<Duration> {
        Duration::try_from_secs_f64(self.length_s).ok().filter(|length| *length < super::plan::FOR_EVER)
    }

    fn part(&self, at_s: f64) -> Option<&Part> {
        self.parts.iter().find(|part| at_s < part.to_s)
    }

    /// The name of the stage at this time.
    pub(super) fn phase(&self, at_s: f64) -> &str {
        self.part(at_s).map_or("", |part| &part.name)
    }

    /// Whether the stage of this name tells of growth.
    pub(super) fn trend(&self, phase: &str) -> Trend {
        self.parts.iter().find(|part| part.name == phase).map_or(Trend::Counts, |part| part.trend)
    }

    /// How many stages there are.
    pub(super) fn phases(&self) -> usize {
        self.parts.len()
    }

    /// The highest level.
    pub(super) fn most(&self) -> f64 {
        self.parts.iter().map(|part| part.end).fold(0.0, f64::max)
    }

    /// Users that there should be.
    pub(super) fn users(&self, at_s: f64) -> u32 {
        let Some(part) = self.part(at_s) else { return 0 };
        let level = part.level(at_s);
        let users = if part.end > part.start {
            // On the way up user k + 1 comes when the line reaches k, so that somebody is there from the start.
            ((level + NEAR).floor() + 1.0).min(part.end)
        } else {
            // On the way down user k leaves when the line reaches k - 1.
            (level - NEAR).ceil().max(part.end)
        };
        users.ceil() as u32
    }

    /// When the number of users changes next, or the stage; infinite where neither does.
    pub(super) fn next_change(&self, at_s: f64) -> f64 {
        let Some(part) = self.part(at_s) else { return f64::INFINITY };
        let users = f64::from(self.users(at_s));
        let meets = if part.end > part.start { users } else { users - 1.0 };
        let ramping = part.ramp_s > 0.0 && at_s < part.from_s + part.ramp_s;
        let reached = part.from_s + (meets - part.start) / (part.end - part.start) * part.ramp_s;
        let change = if ramping && reached > at_s && reached < part.to_s { reached } else { part.to_s };
        // Where rounding leaves no time, the next look is a little later and not at once.
        change.max(at_s + NEAR)
    }

    /// Turns that were due by then.
    pub(super) fn turns(&self, at_s: f64) -> f64 {
        self.part(at_s).map_or(0.0, |part| part.before + part.area(at_s - part.from_s))
    }

    /// When as many turns had been due; infinite where they never are. The inverse of [`Load::turns`].
    pub(super) fn when(&self, turns: f64) -> f64 {
        let holds = |part: &&Part| {
            let area = if part.to_s.is_infinite() { f64::INFINITY } else { part.area(part.to_s - part.from_s) };
            turns - part.before < area
        };
        let part = self.parts.iter().find(holds).or(self.parts.last());
        part.map_or(f64::INFINITY, |part| part.from_s + part.passed(turns - part.before))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::profile::{Load as Model, Mix};

    fn load(stages: &[(u64, f64, Ramp)]) -> Load {
        let stage = |&(seconds, target, ramp): &(u64, f64, Ramp)| Stage {
            name: format!("to {target}"),
            duration: Duration::from_secs(seconds),
            target,
            ramp,
            trend: Trend::Counts,
        };
        Load::new(&Scenario {
            name: "test".into(),
            about: String::new(),
            class: None,
            budgets: None,
            mix: Mix::Even,
            load: Model::Closed,
            stages: stages.iter().map(stage).collect(),
        })
    }

    #[test]
    fn a_ramp_up_brings_one_user_at_a_time_and_a_ramp_down_takes_them() {
        let load = load(&[(10, 5.0, Ramp::Linear), (10, 5.0, Ramp::Jump), (10, 0.0, Ramp::Linear)]);
        let (mut at, mut seen) = (0.0, vec![(0.0, load.users(0.0))]);
        while at < 29.9 {
            at = load.next_change(at);
            seen.push(((at * 1e3).round() / 1e3, load.users(at)));
        }
        let expected = [
            (0.0, 1),
            (2.0, 2),
            (4.0, 3),
            (6.0, 4),
            (8.0, 5),
            (10.0, 5),
            (20.0, 5),
            (22.0, 4),
            (24.0, 3),
            (26.0, 2),
            (28.0, 1),
            (30.0, 0),
        ];
        assert_eq!(seen, expected);
        assert_eq!(load.length(), Some(Duration::from_secs(30)));
        assert_eq!((load.users(31.0), load.next_change(31.0)), (0, f64::INFINITY));
    }

    #[test]
    fn a_jump_is_there_at_once_and_the_last_target_is_held() {
        let load = load(&[(60, 10.0, Ramp::Jump), (60, 25.0, Ramp::Jump)]);
        assert_eq!((load.users(0.0), load.users(59.9), load.users(60.0), load.users(9e9)), (10, 10, 25, 25));
        assert_eq!((load.next_change(0.0), load.phase(60.0)), (60.0, "to 25"));
    }

    #[test]
    fn arrivals_on_a_ramp_follow_the_root_of_time() {
        // From 0 to 20 per second in 10 s: n turns are due after sqrt(n) seconds.
        let load = load(&[(10, 20.0, Ramp::Linear), (60, 20.0, Ramp::Jump)]);
        for turns in 0..=100 {
            let turns = f64::from(turns);
            assert!((load.when(turns) - turns.sqrt()).abs() < 1e-9, "{turns}");
        }
        assert!((load.when(120.0) - 11.0).abs() < 1e-9);
        // Nothing more comes once the rate is nought.
        assert!(self::load(&[(10, 0.0, Ramp::Jump)]).when(1.0).is_infinite());
    }

    proptest! {
        #[test]
        fn turns_and_when_undo_each_other(
            stages in proptest::collection::vec((1_u64..100, 1_u32..1000, any::<bool>()), 1..5), share in 0.0_f64..1.2,
        ) {
            let ramp = |linear| if linear { Ramp::Linear } else { Ramp::Jump };
            let stages: Vec<_> = stages.iter().map(|&(s, to, linear)| (s, f64::from(to), ramp(linear))).collect();
            let load = load(&stages);
            let at = load.length_s * share;
            let back = load.when(load.turns(at));
            prop_assert!((back - at).abs() <= 1e-6 * load.length_s, "{back} for {at}");
        }
    }
}
