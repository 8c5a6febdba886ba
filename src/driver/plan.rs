//! What the driver is to do: a profile, one of its scenarios, and where to send it.

use std::time::Duration;

use super::load::Load;
use super::options::{DriverError, GetUrl};
use super::secrets::shown_url;
use crate::domain::run::TrafficConditions;
use crate::profile::{Arrivals, Class, Load as Model, Profile, Scenario};

/// A stage of this length lasts until the run is ended.
pub const FOR_EVER: Duration = Duration::from_hours(24 * 365 * 100);

/// Fewer spells than this tell nothing of two kinds.
const FEWEST_SPELLS: u32 = 12;

/// Which of the users that are free takes the next turn that arrives (open model).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FreeUser {
    /// The one that was at work last: as few connections are open as will do, and users are made when they are needed.
    #[default]
    Latest,
    /// Each in its turn, all of them there from the start: the target holds the same connections all the time, and its
    /// descriptors tell of nothing but itself.
    InTurn,
}

/// A run's traffic.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Who does what.
    pub profile: Profile,
    /// How many, and when. Its last stage is held until the driver is stopped, so a run may be longer than its scenario; one
    /// that is shorter cuts the scenario off.
    pub scenario: Scenario,
    /// The base address where the profile's own is not to be used.
    pub base: Option<GetUrl>,
    /// What arrivals, picks and pauses are drawn from.
    pub seed: u64,
    /// How long to wait for the target to answer before the first turn; zero does not ask.
    pub wait_ready: Duration,
    /// Who takes the next turn in the open model.
    pub free_user: FreeUser,
}

impl Plan {
    /// How long the scenario lasts; `None` where its last stage lasts until the run is ended.
    pub fn length(&self) -> Option<Duration> {
        Load::new(&self.scenario).length()
    }

    /// What the record's header says of it, without secrets.
    pub fn conditions(&self) -> TrafficConditions {
        let most = Load::new(&self.scenario).most();
        let own = || self.profile.connection.url.as_ref().map(|url| shown_url(&url.source));
        let mut url = self.base.as_ref().map(GetUrl::redacted).or_else(own).unwrap_or_default();
        if let [flow] = self.profile.flows.as_slice()
            && let [step] = flow.steps.as_slice()
        {
            // Of a single request the whole address can be said.
            url = format!("{}{}", url.trim_end_matches('/'), shown_url(&step.url.source));
        }
        let (rate_per_s, users, model) = match self.scenario.load {
            Model::Closed => (0.0, most.ceil() as u32, "closed"),
            Model::Open { arrivals: Arrivals::Poisson, in_flight } => (most, in_flight, "open, poisson arrivals"),
            Model::Open { arrivals: Arrivals::Even, in_flight } => (most, in_flight, "open, even arrivals"),
        };
        TrafficConditions {
            url,
            rate_per_s,
            users,
            profile: Some(self.profile.name.clone()),
            scenario: Some(self.scenario.name.clone()),
            model: Some(model.to_owned()),
            seed: Some(self.seed),
            slow_after_s: self.profile.slow_after.map(|bound| bound.as_secs_f64()),
        }
    }

    /// Whether the scenario's numbers are ones that the driver can keep.
    ///
    /// # Errors
    /// The first that is out of bounds.
    pub fn check(&self) -> Result<(), DriverError> {
        let wrong = |what: String| Err(DriverError::Scenario { name: self.scenario.name.clone(), what });
        if self.scenario.stages.is_empty() {
            return wrong("it has no stages".into());
        }
        let (most, unit) = match self.scenario.load {
            Model::Closed => (f64::from(super::options::MAX_USERS), "users"),
            Model::Open { in_flight, .. } => {
                if !(1..=super::options::MAX_USERS).contains(&in_flight) {
                    return Err(DriverError::Users(in_flight));
                }
                (super::options::MAX_RATE_PER_S, "turns per second")
            }
        };
        if let Some(spell) = self.scenario.spell() {
            self.check_spells(spell).or_else(wrong)?;
        }
        for stage in &self.scenario.stages {
            if !(0.0..=most).contains(&stage.target) {
                return wrong(format!("stage `{}`: {} is not between 0 and {most} {unit}", stage.name, stage.target));
            }
            if stage.duration.is_zero() {
                return wrong(format!("stage `{}` lasts no time", stage.name));
            }
        }
        Ok(())
    }

    /// Whether there is something to vary, and enough of it.
    fn check_spells(&self, spell: Duration) -> Result<(), String> {
        let takes_part = |class: &&Class| self.scenario.class.as_ref().is_none_or(|only| *only == class.name);
        let classes = self.profile.classes.iter().filter(takes_part);
        let flow = |class: &Class| self.profile.flows.iter().find(|flow| flow.name == class.flow);
        let steps: usize = classes.filter_map(flow).map(|flow| flow.steps.len()).sum();
        if steps < 2 {
            return Err(
                "it sends one kind of request only, and there is nothing to tell apart; give the profile a [[class]] \
                        for each request that may be to blame"
                    .into(),
            );
        }
        if let Some(length) = self.length().filter(|length| *length < spell * FEWEST_SPELLS) {
            let shown = |time: Duration| humantime::format_duration(Duration::from_secs(time.as_secs()));
            return Err(format!(
                "spells of {} are too long for {}: {FEWEST_SPELLS} have to fit; give a longer --duration, or shorter `spells`",
                shown(spell),
                shown(length)
            ));
        }
        Ok(())
    }
}
