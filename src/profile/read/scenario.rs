//! Reads `[scenario.NAME]`: a change of a built-in scenario, or one of the file's own.

use std::collections::BTreeMap;

use crate::domain::run::Trend;
use crate::profile::error::{did_you_mean, nearest};
use crate::profile::model::{Arrivals, Class, Load, Mix, Ramp, Scenario, Stage};
use crate::profile::scenarios::{self, EACH, Plan, Shape};
use crate::profile::units::{self, MAX_USERS};

use super::fields::{Entry, Field, Fields};
use super::keys;
use super::objectives;
use super::reader::Reader;

/// Whether users come back, or turns arrive.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Model {
    Closed,
    Open,
}

/// Reads all scenarios: the built-in ones with what the file changes, and the file's own.
pub(super) fn scenarios(
    reader: &mut Reader<'_>,
    top: &Fields<'_, '_>,
    classes: &[Class],
) -> BTreeMap<String, Scenario> {
    let mut plans: BTreeMap<String, Plan> = scenarios::built_in().map(|plan| (plan.name.clone(), plan)).collect();
    for plan in plans.values_mut() {
        plan.class = plan.class.take().filter(|name| classes.iter().any(|class| class.name == *name));
    }
    if let Some(field) = top.get("scenario") {
        for entry in field.entries(reader, "tables opened by [scenario.NAME]; the one to run is `default_scenario`") {
            let base = plans.get(entry.key).cloned();
            if let Some(plan) = plan(reader, &entry, base.as_ref(), classes) {
                plans.insert(plan.name.clone(), plan);
            }
        }
    }
    let mut scenarios = BTreeMap::new();
    for (name, plan) in plans {
        match plan.scenario() {
            Ok(scenario) => {
                scenarios.insert(name, scenario);
            }
            Err(message) => {
                let at = top.get("scenario").map_or(0, |field| entry_start(reader, &field, &name));
                reader.problem(at, format!("`[scenario.{name}]`: {message}"));
            }
        }
    }
    scenarios
}

fn entry_start(reader: &mut Reader<'_>, field: &Field<'_, '_>, name: &str) -> usize {
    let entries = field.entries(reader, "a table");
    entries.iter().find(|entry| entry.key == name).map_or(field.start(), |entry| entry.at)
}

/// Reads the scenario to run where none is asked for.
pub(super) fn default(
    reader: &mut Reader<'_>,
    top: &Fields<'_, '_>,
    scenarios: &BTreeMap<String, Scenario>,
) -> Option<String> {
    let Some(field) = top.get("default_scenario") else { return Some("smoke".to_owned()) };
    let name = field.words(reader)?;
    if !scenarios.contains_key(name) {
        let near = nearest(name, scenarios.keys().map(String::as_str));
        let known: Vec<&str> = scenarios.keys().map(String::as_str).collect();
        let known = if near.is_none() { format!("; there are {}", known.join(", ")) } else { String::new() };
        reader.wrong(&field, format!("there is no scenario `{name}`{}{known}", did_you_mean(near)));
    }
    Some(name.to_owned())
}

fn plan(reader: &mut Reader<'_>, entry: &Entry<'_, '_>, base: Option<&Plan>, classes: &[Class]) -> Option<Plan> {
    let place = format!("[scenario.{}]", entry.key);
    let fields = entry.field.table(reader, &place, keys::SCENARIO)?;
    let base_open = base.is_some_and(|plan| plan.load != Load::Closed);
    let load = load(reader, &fields, base_open);
    let shape = shape(reader, &fields, entry.at, base.map(|plan| &plan.shape), load);
    let about = fields.get("about").and_then(|field| field.words(reader)).map(str::to_owned);
    let about = about.or_else(|| base.map(|plan| plan.about.clone())).unwrap_or_default();
    let class = match fields.get("class") {
        Some(field) => Some(class(reader, &field, classes)?),
        None => base.and_then(|plan| plan.class.clone()),
    };
    let mix = match fields.get("spells") {
        Some(field) => spells(reader, &field)?,
        None => base.map(|plan| plan.mix).unwrap_or_default(),
    };
    let budgets = objectives::budgets(reader, &fields).or_else(|| base.and_then(|plan| plan.budgets.clone()));
    Some(Plan { name: entry.key.to_owned(), about, class, load: load?, shape: shape?, mix, budgets })
}

/// Reads how long a spell lasts.
fn spells(reader: &mut Reader<'_>, field: &Field<'_, '_>) -> Option<Mix> {
    let length = field.some_time(reader)?;
    if length.subsec_nanos() > 0 {
        reader.wrong(field, "a spell lasts whole seconds, such as \"10s\"");
        return None;
    }
    Some(Mix::Spells { length: Some(length) })
}

fn class(reader: &mut Reader<'_>, field: &Field<'_, '_>, classes: &[Class]) -> Option<String> {
    let name = field.words(reader)?;
    if !classes.iter().any(|class| class.name == name) {
        let near = nearest(name, classes.iter().map(|class| class.name.as_str()));
        reader.wrong(field, format!("there is no [[class]] called `{name}`{}", did_you_mean(near)));
    }
    Some(name.to_owned())
}

/// Reads who comes when: the open model where a rate is given or it is asked for.
fn load(reader: &mut Reader<'_>, fields: &Fields<'_, '_>, base_open: bool) -> Option<Load> {
    let model = match fields.get("model") {
        Some(field) => field.choice(reader, &[("closed", Model::Closed), ("open", Model::Open)])?,
        None if base_open || fields.get("rate").is_some() => Model::Open,
        None => Model::Closed,
    };
    let arrivals = fields.get("arrivals").map(|field| {
        let arrivals = field.choice(reader, &[("poisson", Arrivals::Poisson), ("even", Arrivals::Even)]);
        (field, arrivals)
    });
    let in_flight = fields.get("in_flight").map(|field| {
        let in_flight = field.whole(reader, 1..=MAX_USERS);
        (field, in_flight)
    });
    match model {
        Model::Open => {
            if let Some(field) = fields.get("users") {
                reader.wrong(&field, "the open model counts turns, not users; `in_flight` bounds the turns under way");
            }
            Some(Load::Open {
                arrivals: arrivals.map_or(Some(Arrivals::default()), |(_, arrivals)| arrivals)?,
                in_flight: in_flight.map_or(Some(scenarios::IN_FLIGHT), |(_, in_flight)| in_flight)?,
            })
        }
        Model::Closed => {
            if let Some(field) = fields.get("rate") {
                reader
                    .wrong(&field, "the closed model has users, and their pauses make the rate; use model = \"open\"");
            }
            for field in [arrivals.map(|(field, _)| field), in_flight.map(|(field, _)| field)].into_iter().flatten() {
                reader.wrong(&field, "this belongs to the open model; give a `rate`");
            }
            Some(Load::Closed)
        }
    }
}

/// Reads how the load goes over time.
fn shape(
    reader: &mut Reader<'_>,
    fields: &Fields<'_, '_>,
    at: usize,
    base: Option<&Shape>,
    load: Option<Load>,
) -> Option<Shape> {
    let open = load.is_some_and(|load| load != Load::Closed);
    if let Some(field) = fields.get("stages") {
        only(reader, fields, "stages", &["users", "rate", "duration", "ramp_up", "steps", "each"]);
        return stages(reader, &field, open).map(Shape::Stages);
    }
    let stepped =
        matches!(base, Some(Shape::Steps { .. })) && fields.present(&["users", "rate", "duration"]).is_empty();
    if fields.get("steps").is_some() || stepped {
        only(reader, fields, "steps", &["users", "rate", "duration", "ramp_up"]);
        return steps(reader, fields, base, open);
    }
    if let Some(field) = fields.get("each") {
        reader.wrong(&field, "`each` belongs to `steps`");
    }
    level(reader, fields, at, base, open)
}

/// Reads one level with its ramp, or a spike.
fn level(
    reader: &mut Reader<'_>,
    fields: &Fields<'_, '_>,
    at: usize,
    base: Option<&Shape>,
    open: bool,
) -> Option<Shape> {
    let (base_peak, base_duration, base_ramp) = match base {
        Some(Shape::Level { peak, duration, ramp_up }) => (Some(*peak), Some(*duration), *ramp_up),
        Some(Shape::Spike { peak, duration }) => (Some(*peak), Some(*duration), None),
        _ => (None, None, None),
    };
    let peak = match fields.get(if open { "rate" } else { "users" }) {
        Some(field) if open => {
            Some(field.number_or(reader, "turns per second, such as 40 or \"40/s\"", units::rate)?)
        }
        Some(field) => Some(f64::from(field.whole(reader, 1..=MAX_USERS)?)),
        // Users of the built-in scenario are no turns per second.
        None if open => None,
        None => base_peak,
    };
    let duration = match fields.get("duration") {
        Some(field) => Some(field.some_time(reader)?),
        None => base_duration,
    };
    let ramp_up = match fields.get("ramp_up") {
        Some(field) => {
            let ramp = field.time(reader)?;
            if matches!(base, Some(Shape::Spike { .. })) {
                reader.wrong(&field, "a spike comes at once; write `stages` for another course");
            }
            Some(ramp)
        }
        None => base_ramp,
    };
    let (Some(peak), Some(duration)) = (peak, duration) else {
        let missing = match (peak, duration) {
            (None, None) if open => "`rate` and `duration` are",
            (None, None) => "`users` (or `rate`) and `duration` are",
            (None, _) if open => "`rate` is",
            (None, _) => "`users` (or `rate`) is",
            _ => "`duration` is",
        };
        let message = format!("`{}`: {missing} missing; or give `stages`, or `steps`", fields.place());
        reader.problem(at, message);
        return None;
    };
    Some(match base {
        Some(Shape::Spike { .. }) => Shape::Spike { peak, duration },
        _ => Shape::Level { peak, duration, ramp_up },
    })
}

/// Notes the keys that say again what another one says already.
fn only(reader: &mut Reader<'_>, fields: &Fields<'_, '_>, key: &str, others: &[&'static str]) {
    for other in fields.present(others) {
        if let Some(field) = fields.get(other) {
            reader.wrong(&field, format!("`{key}` says it already; remove one of the two"));
        }
    }
}

fn steps(reader: &mut Reader<'_>, fields: &Fields<'_, '_>, base: Option<&Shape>, open: bool) -> Option<Shape> {
    let (base_levels, base_each) = match base {
        Some(Shape::Steps { levels, each }) => (Some(levels.clone()), *each),
        _ => (None, EACH),
    };
    let each = fields.get("each").map_or(Some(base_each), |field| field.some_time(reader))?;
    let levels = match fields.get("steps") {
        Some(field) => {
            let items = field.list(reader, "a list of numbers of users, such as [1, 10, 25, 50]");
            let levels: Vec<f64> = items.iter().filter_map(|item| target(reader, item, open)).collect();
            if levels.len() < items.len() {
                return None;
            }
            if levels.is_empty() || !levels.is_sorted_by(|earlier, later| earlier < later) || levels[0] <= 0.0 {
                reader.wrong(&field, "the numbers must rise from step to step, such as [1, 10, 25, 50]");
                return None;
            }
            levels
        }
        None => base_levels?,
    };
    Some(Shape::Steps { levels, each })
}

fn target(reader: &mut Reader<'_>, field: &Field<'_, '_>, open: bool) -> Option<f64> {
    if !open {
        return field.whole(reader, 0..=MAX_USERS).map(f64::from);
    }
    field.number_or(reader, "turns per second, such as 40", |text| match text {
        "0" | "0.0" => Ok(0.0),
        _ => units::rate(text),
    })
}

fn stages(reader: &mut Reader<'_>, field: &Field<'_, '_>, open: bool) -> Option<Vec<Stage>> {
    let place = &field.name;
    let tables = field.tables(reader, place, keys::STAGE);
    let mut stages: Vec<Stage> = Vec::new();
    for (index, fields) in tables.iter().enumerate() {
        let name = fields.get("name").and_then(|field| field.words(reader)).map(str::to_owned);
        let name = name.unwrap_or_else(|| format!("stage {}", index + 1));
        if stages.iter().any(|stage| stage.name == name) {
            reader.problem(fields.start(), format!("`{place}`: there are two stages called `{name}`"));
        }
        let ramps = [("linear", Ramp::Linear), ("at once", Ramp::Jump)];
        let ramp = fields.get("ramp").map_or(Some(Ramp::Linear), |field| field.choice(reader, &ramps))?;
        let (Some(duration), Some(aim)) = (fields.get("duration"), fields.get("target")) else {
            let message = format!(
                "`{place}`: a stage has a `duration` and a `target`, such as {{ duration = \"2m\", target = 50 }}"
            );
            reader.problem(fields.start(), message);
            return None;
        };
        let duration = duration.some_time(reader)?;
        let target = target(reader, &aim, open)?;
        let trends = [("counts", Trend::Counts), ("left out", Trend::LeftOut)];
        let trend = fields.get("trend").map_or(Some(Trend::Counts), |field| field.choice(reader, &trends))?;
        stages.push(Stage { name, duration, target, ramp, trend });
    }
    if stages.is_empty() {
        return None;
    }
    if stages.iter().all(|stage| stage.target == 0.0) {
        reader.wrong(field, "no stage has a target above 0");
    }
    Some(stages)
}
