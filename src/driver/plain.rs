//! Plain GETs of one address, which is what `--url` alone asks for: a profile of one step and a stage without end.

use std::time::Duration;

use super::options::PlainGet;
use super::plan::{FOR_EVER, FreeUser, Plan};
use super::secrets::shown_url;
use crate::domain::run::Trend;
use crate::profile::{Arrivals, Cookies, Load, Mix, Profile, Ramp, Scenario, Stage};

impl PlainGet {
    /// The same as a plan: even arrivals, each user with a connection of its own that is taken in turn.
    pub fn plan(&self) -> Plan {
        let mut profile = Profile::plain_get(self.url.full());
        // The base says where the target is, and there whatever is secret of it is known to be so.
        profile.connection.url = None;
        profile.connection.cookies = Cookies::Ignored;
        profile.connection.timeout = self.timeout;
        for step in profile.flows.iter_mut().flat_map(|flow| &mut flow.steps) {
            step.name = format!("GET {}", shown_url(self.url.target().0));
            step.timeout = self.timeout;
        }
        let name = profile.name.clone();
        let stage = Stage {
            name: name.clone(),
            duration: FOR_EVER,
            target: self.rate_per_s,
            ramp: Ramp::Jump,
            trend: Trend::Counts,
        };
        Plan {
            scenario: Scenario {
                name,
                about: String::new(),
                class: None,
                budgets: None,
                mix: Mix::Even,
                load: Load::Open { arrivals: Arrivals::Even, in_flight: self.users },
                stages: vec![stage],
            },
            profile,
            base: Some(self.url.origin()),
            seed: 0,
            wait_ready: Duration::ZERO,
            free_user: FreeUser::InTurn,
        }
    }
}
