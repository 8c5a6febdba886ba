//! Reads who acts: tenants, set-up, flows and classes.

use std::collections::BTreeMap;
use std::time::Duration;

use toml::de::DeValue;

use crate::profile::error::{did_you_mean, nearest};
use crate::profile::model::{Class, SetupFor, Step, Tenant, Think};
use crate::profile::template::Template;

use super::fields::{Field, Fields};
use super::reader::{Reader, Wanted};
use super::step::ReadStep;
use super::template::is_name;
use super::{keys, step};

/// The pause after a turn where nothing is said: what a person takes to read an answer, and apart from user to user.
const THINK: Think = Think::Uniform(Duration::from_secs(1), Duration::from_secs(3));

/// Set-up, with what is checked once everything is read.
pub(super) struct ReadSetup {
    pub(super) run: SetupFor,
    pub(super) steps: Vec<ReadStep>,
}

/// A flow, with what is checked once everything is read.
pub(super) struct ReadFlow {
    pub(super) name: String,
    pub(super) steps: Vec<ReadStep>,
    pub(super) at: usize,
}

/// Reads `[vars]`, or a tenant's `vars`: values that are fixed before the first turn.
pub(super) fn variables(reader: &mut Reader<'_>, field: &Field<'_, '_>) -> BTreeMap<String, Template> {
    reader.take_uses();
    let mut variables = BTreeMap::new();
    for entry in field.entries(reader, "a table of values, such as { region = \"eu\" }") {
        if !is_name(entry.key) {
            reader
                .problem(entry.at, format!("`{}`: a variable's name is of letters, digits, _ and -", entry.field.name));
        }
        let Some(value) = step::text_or_number(reader, &entry.field) else { continue };
        if let Some(used) = reader.take_uses().into_iter().next() {
            let (Wanted::Variable(name) | Wanted::Other(name)) = used.variable;
            let message =
                format!("`{{{{{name}}}}}`: a variable's value is fixed; only ${{NAME}} can be filled in here");
            reader.problem(used.at, message);
        }
        variables.insert(entry.key.to_owned(), value);
    }
    variables
}

/// Reads `[[tenant]]`.
pub(super) fn tenants(reader: &mut Reader<'_>, top: &Fields<'_, '_>) -> Vec<Tenant> {
    let Some(list) = top.get("tenant") else { return Vec::new() };
    let mut tenants: Vec<Tenant> = Vec::new();
    for fields in list.tables(reader, "[[tenant]]", keys::TENANT) {
        let Some(name) = required_name(reader, &fields) else { continue };
        if tenants.iter().any(|tenant| tenant.name == name) {
            reader.problem(fields.start(), format!("`[[tenant]]`: there are two tenants called `{name}`"));
        }
        let variables = fields.get("vars").map(|field| variables(reader, &field)).unwrap_or_default();
        if let Some(first) = tenants.first()
            && !first.variables.keys().eq(variables.keys())
        {
            let names: Vec<&str> = first.variables.keys().map(String::as_str).collect();
            let message = format!("`[[tenant]]`: every tenant has the same vars; the first has {}", shown(&names));
            reader.problem(fields.start(), message);
        }
        tenants.push(Tenant { name, variables });
    }
    tenants
}

fn required_name(reader: &mut Reader<'_>, fields: &Fields<'_, '_>) -> Option<String> {
    if let Some(field) = fields.get("name") {
        field.words(reader).map(str::to_owned)
    } else {
        reader.problem(fields.start(), format!("`{}`: `name` is missing", fields.place()));
        None
    }
}

/// Reads `[[setup]]`.
pub(super) fn setups(
    reader: &mut Reader<'_>,
    top: &Fields<'_, '_>,
    tenants: &[Tenant],
    timeout: Duration,
) -> Vec<ReadSetup> {
    let Some(list) = top.get("setup") else { return Vec::new() };
    let runs = [("once", SetupFor::All), ("tenant", SetupFor::Tenant), ("user", SetupFor::User)];
    let mut setups = Vec::new();
    for fields in list.tables(reader, "[[setup]]", keys::SETUP) {
        let run = fields.get("run").map_or(Some(SetupFor::User), |field| {
            let run = field.choice(reader, &runs)?;
            if run == SetupFor::Tenant && tenants.is_empty() {
                reader.wrong(&field, "there are no tenants; add [[tenant]] tables, or run it \"once\" or per \"user\"");
            }
            Some(run)
        });
        let Some(steps) = fields.get("step") else {
            reader.problem(fields.start(), "`[[setup]]`: it has no steps; add [[setup.step]] tables");
            continue;
        };
        let steps = steps.tables(reader, "[[setup.step]]", keys::STEP);
        let steps = steps.iter().filter_map(|fields| step::step(reader, fields, timeout)).collect();
        setups.extend(run.map(|run| ReadSetup { run, steps }));
    }
    for setup in &setups {
        same_name_same_request(reader, &setup.steps);
    }
    setups
}

/// Reads `[[flow.NAME]]`, `[[step]]` and `get`: the flows in the file's order.
pub(super) fn flows(reader: &mut Reader<'_>, top: &Fields<'_, '_>, profile: &str, timeout: Duration) -> Vec<ReadFlow> {
    let mut flows = Vec::new();
    if let Some(list) = top.get("flow") {
        for entry in list.entries(reader, "a table of flows, each opened by [[flow.NAME]]") {
            let place = format!("[[flow.{}]]", entry.key);
            let steps = entry.field.tables(reader, &place, keys::STEP);
            let steps = steps.iter().filter_map(|fields| step::step(reader, fields, timeout)).collect();
            flows.push(ReadFlow { name: entry.key.to_owned(), steps, at: entry.at });
        }
    }
    let short = top.present(&["step", "get"]);
    if short.len() + usize::from(!flows.is_empty()) > 1 {
        let message = "`get`, [[step]] and [[flow.NAME]] are three ways to say what is sent; use one of them";
        let at = short.first().and_then(|key| top.get(key)).map_or(0, |field| field.start());
        reader.problem(at, message);
    }
    if let Some(field) = top.get("step") {
        let steps = field.tables(reader, "[[step]]", keys::STEP);
        let steps = steps.iter().filter_map(|fields| step::step(reader, fields, timeout)).collect();
        flows.push(ReadFlow { name: profile.to_owned(), steps, at: field.start() });
    }
    if let Some(field) = top.get("get") {
        reader.take_uses();
        if let Some(url) = step::url(reader, &field) {
            let step = step::plain_get(url, timeout);
            let uses = reader.take_uses();
            let steps = vec![ReadStep { step, at: field.start(), uses }];
            flows.push(ReadFlow { name: profile.to_owned(), steps, at: field.start() });
        }
    }
    for flow in &flows {
        same_name_same_request(reader, &flow.steps);
    }
    if flows.is_empty() && reader.is_sound() {
        reader.problem(0, "nothing is sent; add a request, such as get = \"/\", or [[step]] tables");
    }
    flows
}

/// A step's name is its key in reports and objectives: two requests under one name would be one row.
fn same_name_same_request(reader: &mut Reader<'_>, steps: &[ReadStep]) {
    let request = |step: &Step| (step.method.clone(), step.url.source.clone());
    for (index, later) in steps.iter().enumerate() {
        let earlier = steps[..index].iter().find(|earlier| earlier.step.name == later.step.name);
        if earlier.is_some_and(|earlier| request(&earlier.step) != request(&later.step)) {
            let message = format!("two different requests are called `{}`; give one another `name`", later.step.name);
            reader.problem(later.at, message);
        }
    }
}

/// Reads `[[class]]`; where there are none, the only flow makes one.
pub(super) fn classes(reader: &mut Reader<'_>, top: &Fields<'_, '_>, flows: &[ReadFlow]) -> Vec<Class> {
    let classes = read_classes(reader, top, flows);
    if let Some(field) = top.get("setup").filter(|_| classes.iter().any(|class| class.name == "setup")) {
        let message = "[[setup]] is counted as the class `setup`; give the class of that name another one";
        reader.problem(field.start(), message);
    }
    classes
}

fn read_classes(reader: &mut Reader<'_>, top: &Fields<'_, '_>, flows: &[ReadFlow]) -> Vec<Class> {
    let think = top.get("think").and_then(|field| step::think(reader, &field)).unwrap_or(THINK);
    let Some(list) = top.get("class") else {
        return match flows {
            [] => Vec::new(),
            [only] => vec![Class { name: only.name.clone(), weight: 1.0, flow: only.name.clone(), think }],
            [_, second, ..] => {
                reader.problem(second.at, "there are several flows; say by [[class]] tables who does which");
                Vec::new()
            }
        };
    };
    let mut classes: Vec<Class> = Vec::new();
    for fields in list.tables(reader, "[[class]]", keys::CLASS) {
        let Some(class) = class(reader, &fields, flows, think) else { continue };
        if classes.iter().any(|other| other.name == class.name) {
            reader.problem(fields.start(), format!("`[[class]]`: there are two classes called `{}`", class.name));
        }
        classes.push(class);
    }
    for flow in flows {
        if reader.is_sound() && !classes.iter().any(|class| class.flow == flow.name) {
            reader.problem(flow.at, format!("no [[class]] has the flow `{}`; remove it, or give it to one", flow.name));
        }
    }
    classes
}

fn class(reader: &mut Reader<'_>, fields: &Fields<'_, '_>, flows: &[ReadFlow], think: Think) -> Option<Class> {
    let name = required_name(reader, fields);
    let weight = fields.get("weight").map_or(Some(1.0), |field| {
        let weight = field.number(reader)?;
        if weight <= 0.0 {
            reader.wrong(&field, "a weight is above 0; a class that nobody is in can be left out");
        }
        Some(weight)
    });
    let think = fields.get("think").map_or(Some(think), |field| step::think(reader, &field));
    let known = |name: &str| flows.iter().any(|flow| flow.name == name);
    let flow = match (fields.get("flow"), flows) {
        (Some(field), _) => {
            let flow = field.words(reader)?;
            if !known(flow) {
                let near = nearest(flow, flows.iter().map(|flow| flow.name.as_str()));
                reader.wrong(&field, format!("there is no [[flow.{flow}]]{}", did_you_mean(near)));
            }
            flow.to_owned()
        }
        (None, [only]) => only.name.clone(),
        (None, _) => {
            let name = name.clone()?;
            if !known(&name) {
                let message = format!("`[[class]]`: there is no [[flow.{name}]]; say its `flow`");
                reader.problem(fields.start(), message);
            }
            name
        }
    };
    Some(Class { name: name?, weight: weight?, flow, think: think? })
}

/// Names in a message.
fn shown(names: &[&str]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

/// Notes the variables of `[vars]` that are numbers or truth values.
pub(super) fn typed(reader: &mut Reader<'_>, field: &Field<'_, '_>) {
    let DeValue::Table(table) = field.value.get_ref() else { return };
    for (key, value) in table {
        let item = Field { name: key.get_ref().clone().into_owned(), value };
        if let DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) = value.get_ref()
            && let Some(value) = super::json::scalar(reader, &item)
        {
            reader.typed.insert(key.get_ref().clone().into_owned(), value);
        }
    }
}
