//! A profile made ready to be driven: names looked up, JSON paths parsed, a row of the books for every step.

use std::collections::HashMap;

use hyper::Method;
use hyper::header::HeaderName;
use hyper::http::uri::PathAndQuery;
use serde_json_path::JsonPath;

use super::link::Endpoint;
use super::mix::{Mix, Presence};
use super::options::DriverError;
use crate::profile::{
    Capture, JsonExpectation, Piece, Profile, ReportedLatency, Scenario, SetupFor, Step, Template, Think,
};

/// The class under which setup steps are booked.
pub(super) const SETUP: &str = "setup";

/// What a row of the books is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct RowKey {
    pub(super) class: String,
    /// `None` for the class's turns as a whole.
    pub(super) step: Option<String>,
}

/// Everything that users do.
#[derive(Debug)]
pub(super) struct Script {
    /// The classes that take part.
    pub(super) classes: Vec<Role>,
    pub(super) setups: Vec<Preparation>,
    pub(super) rows: Vec<RowKey>,
}

/// What users of one class do.
#[derive(Debug)]
pub(super) struct Role {
    pub(super) name: String,
    pub(super) weight: f64,
    pub(super) think: Think,
    pub(super) steps: Vec<Act>,
    /// The row of its turns.
    pub(super) row: usize,
    /// When it takes part.
    pub(super) presence: Presence,
}

/// Setup steps.
#[derive(Debug)]
pub(super) struct Preparation {
    pub(super) run: SetupFor,
    pub(super) steps: Vec<Act>,
}

/// A step made ready.
#[derive(Debug)]
pub(super) struct Act {
    pub(super) step: Step,
    pub(super) method: Method,
    /// The path behind the base's, where it is always the same.
    pub(super) target: Option<PathAndQuery>,
    pub(super) row: usize,
    /// When it is done.
    pub(super) presence: Presence,
    /// The profile's headers and the step's, the step's where both have one.
    pub(super) headers: Vec<(HeaderName, Template)>,
    pub(super) captures: Vec<(String, Place)>,
    pub(super) json: Vec<(JsonPath, JsonExpectation)>,
    pub(super) expected_headers: Vec<(HeaderName, Template)>,
    pub(super) reported: Option<(Place, ReportedLatency)>,
}

/// Where a value stands in an answer.
#[derive(Debug)]
pub(super) enum Place {
    Json(JsonPath),
    Header(HeaderName),
    Cookie(String),
}

impl Act {
    /// Whether the body must be kept to be looked into.
    pub(super) fn reads_json(&self) -> bool {
        let is_json = |place: &Place| matches!(place, Place::Json(_));
        !self.json.is_empty()
            || self.captures.iter().any(|(_, place)| is_json(place))
            || self.reported.as_ref().is_some_and(|(place, _)| is_json(place))
    }
}

impl Script {
    /// Makes a profile ready for one of its scenarios.
    ///
    /// # Errors
    /// What cannot be driven; a profile that was read and checked has nothing of the kind.
    pub(super) fn new(profile: &Profile, scenario: &Scenario, mix: &Mix) -> Result<Self, DriverError> {
        let mut rows = Rows::default();
        let mut classes = Vec::new();
        for class in &profile.classes {
            if class.weight <= 0.0 || scenario.class.as_ref().is_some_and(|only| *only != class.name) {
                continue;
            }
            let flow = profile.flows.iter().find(|flow| flow.name == class.flow).ok_or_else(|| {
                DriverError::Profile(format!("class `{}` has the flow `{}`, which is none", class.name, class.flow))
            })?;
            let row = rows.of(&class.name, None);
            let act = |step: &Step| act(profile, step, &class.name, &mut rows);
            let mut steps = flow.steps.iter().map(act).collect::<Result<Vec<Act>, _>>()?;
            let (presence, of_steps) = mix.presence(flow, row);
            steps.iter_mut().zip(of_steps).for_each(|(act, presence)| act.presence = presence);
            let (name, weight, think) = (class.name.clone(), class.weight, class.think);
            classes.push(Role { name, weight, think, steps, row, presence });
        }
        if classes.is_empty() {
            return Err(DriverError::Profile(format!("no class takes part in the scenario `{}`", scenario.name)));
        }
        let mut setups = Vec::new();
        for setup in &profile.setup {
            let act = |step: &Step| act(profile, step, SETUP, &mut rows);
            let steps = setup.steps.iter().map(act).collect::<Result<_, _>>()?;
            setups.push(Preparation { run: setup.run, steps });
        }
        Ok(Self { classes, setups, rows: rows.keys })
    }

    /// Works out once what the steps with a path that is always the same ask of `base`.
    pub(super) fn aim(&mut self, base: &Endpoint) {
        let setup = self.setups.iter_mut().flat_map(|setup| &mut setup.steps);
        for act in self.classes.iter_mut().flat_map(|class| &mut class.steps).chain(setup) {
            if let [Piece::Text(path)] = act.step.url.pieces.as_slice()
                && path.starts_with('/')
            {
                // One that cannot be asked for is told of when it is.
                act.target = base.target(path).ok();
            }
        }
    }

    /// The setup steps for one kind of owner, in order.
    pub(super) fn setup(&self, run: SetupFor) -> impl Iterator<Item = &Act> {
        self.setups.iter().filter(move |setup| setup.run == run).flat_map(|setup| &setup.steps)
    }

    /// The class of the next turn, drawn by weight; `share` is between 0 and 1.
    pub(super) fn class_at(&self, share: f64) -> usize {
        let total: f64 = self.classes.iter().map(|class| class.weight).sum();
        let mut left = share * total;
        let drawn = self.classes.iter().position(|class| {
            left -= class.weight;
            left < 0.0
        });
        drawn.unwrap_or(self.classes.len() - 1)
    }
}

#[derive(Default)]
struct Rows {
    keys: Vec<RowKey>,
    known: HashMap<RowKey, usize>,
}

impl Rows {
    /// The row of this key, which two steps of the same name share.
    fn of(&mut self, class: &str, step: Option<&str>) -> usize {
        let key = RowKey { class: class.to_owned(), step: step.map(str::to_owned) };
        let next = self.keys.len();
        let row = *self.known.entry(key.clone()).or_insert(next);
        if row == next {
            self.keys.push(key);
        }
        row
    }
}

fn act(profile: &Profile, step: &Step, class: &str, rows: &mut Rows) -> Result<Act, DriverError> {
    let wrong = |what: String| DriverError::Profile(format!("step `{}`: {what}", step.name));
    let method =
        Method::from_bytes(step.method.as_bytes()).map_err(|_| wrong(format!("`{}` is no method", step.method)))?;
    let named = |(name, value): &(String, Template)| Ok((header_name(name).map_err(wrong)?, value.clone()));
    let mut headers: Vec<(HeaderName, Template)> = step.headers.iter().map(named).collect::<Result<_, _>>()?;
    for header in &profile.connection.headers {
        let (name, value) = named(header)?;
        if !headers.iter().any(|(own, _)| *own == name) {
            headers.push((name, value));
        }
    }
    let path = |text: &str| JsonPath::parse(text).map_err(|error| wrong(format!("`{text}` is no JSON path: {error}")));
    let place = |capture: &Capture| match capture {
        Capture::Json(text) => Ok(Place::Json(path(text)?)),
        Capture::Header(name) => Ok(Place::Header(header_name(name).map_err(wrong)?)),
        Capture::Cookie(name) => Ok(Place::Cookie(name.clone())),
    };
    let expect = &step.expect;
    Ok(Act {
        method,
        target: None,
        row: rows.of(class, Some(&step.name)),
        presence: Presence::Always,
        headers,
        captures: step
            .captures
            .iter()
            .map(|(name, capture)| Ok((name.clone(), place(capture)?)))
            .collect::<Result<_, _>>()?,
        json: expect.json.iter().map(|(text, wanted)| Ok((path(text)?, wanted.clone()))).collect::<Result<_, _>>()?,
        expected_headers: expect.headers.iter().map(named).collect::<Result<_, _>>()?,
        reported: expect
            .reported_latency
            .as_ref()
            .map(|reported| Ok((place(&reported.at)?, reported.clone())))
            .transpose()?,
        step: step.clone(),
    })
}

fn header_name(name: &str) -> Result<HeaderName, String> {
    HeaderName::from_bytes(name.as_bytes()).map_err(|_| format!("`{name}` is no name of a header"))
}
