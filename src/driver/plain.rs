//! Plain GETs of one address, which is what `--url` alone asks for: a profile of one step and a stage without end.

use std::collections::BTreeMap;
use std::time::Duration;

use super::options::PlainGet;
use super::plan::{FOR_EVER, FreeUser, Plan};
use super::secrets::shown_url;
use crate::profile::{
    Arrivals, Body, Class, Connection, Cookies, Expect, Flow, HttpVersion, Keep, Load, OnFailure, Profile, Ramp, Retry,
    Scenario, Secret, Stage, Step, Stream, Template, Think,
};

/// The name of everything in it.
const PLAIN: &str = "get";

impl PlainGet {
    /// The same as a plan: even arrivals, each user with a connection of its own that is taken in turn.
    pub fn plan(&self) -> Plan {
        let (path, query) = self.url.target();
        let address = query.map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"));
        let values = query.into_iter().flat_map(|query| query.split('&'));
        let values = values.map(|part| part.split_once('=').map_or(part, |(_, value)| value));
        let secrets = values.chain(self.url.password()).filter(|value| !value.is_empty());
        let step = Step {
            name: format!("GET {}", shown_url(path)),
            method: "GET".into(),
            url: Template::text(address),
            headers: Vec::new(),
            body: Body::Empty,
            captures: Vec::new(),
            expect: Expect::default(),
            think: Think::None,
            repeat: 1,
            retry: Retry::default(),
            timeout: self.timeout,
            stream: Stream::No,
            leave: None,
            on_failure: OnFailure::EndTurn,
        };
        let stage = Stage { name: PLAIN.into(), duration: FOR_EVER, target: self.rate_per_s, ramp: Ramp::Jump };
        Plan {
            scenario: Scenario {
                name: PLAIN.into(),
                about: String::new(),
                class: None,
                load: Load::Open { arrivals: Arrivals::Even, in_flight: self.users },
                stages: vec![stage],
            },
            profile: Profile {
                classes: vec![Class { name: PLAIN.into(), weight: 1.0, flow: PLAIN.into(), think: Think::None }],
                flows: vec![Flow { name: PLAIN.into(), steps: vec![step] }],
                secrets: secrets.map(|value| Secret::new(value.to_owned())).collect(),
                ..bare(self.timeout)
            },
            base: Some(self.url.origin()),
            seed: 0,
            wait_ready: Duration::ZERO,
            free_user: FreeUser::InTurn,
        }
    }
}

/// A profile with nothing in it.
fn bare(timeout: Duration) -> Profile {
    Profile {
        name: PLAIN.into(),
        about: String::new(),
        connection: Connection {
            url: None,
            headers: Vec::new(),
            http: HttpVersion::Http1,
            keep: Keep::Alive,
            cookies: Cookies::Ignored,
            ca: None,
            unix_socket: None,
            timeout,
        },
        variables: BTreeMap::new(),
        data: Vec::new(),
        tenants: Vec::new(),
        setup: Vec::new(),
        classes: Vec::new(),
        flows: Vec::new(),
        scenarios: BTreeMap::new(),
        default_scenario: PLAIN.into(),
        objectives: Vec::new(),
        budgets: Vec::new(),
        scrape: None,
        slow_after: None,
        warm_up: None,
        secrets: Vec::new(),
    }
}
