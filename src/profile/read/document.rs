//! Reads the whole file, part by part, in the order in which they depend on each other.

use std::path::Path;

use toml::de::DeTable;

use crate::profile::environment::Environment;
use crate::profile::error::Problem;
use crate::profile::known::Known;
use crate::profile::model::{DataTable, Flow, Profile, Setup};
use crate::profile::template::Piece;

use super::actors::{self, ReadFlow, ReadSetup};
use super::fields::Fields;
use super::names::{Headers, Names};
use super::reader::{Reader, Wanted, position};
use super::{data, keys, objectives, scenario, target};

/// The largest profile: beyond it, it is another kind of file.
pub(in crate::profile) const MAX_BYTES: usize = 4 * 1024 * 1024;

/// Reads a profile, or tells all that is wrong with it.
pub(in crate::profile) fn read(
    text: &str,
    name: &str,
    folder: &Path,
    environment: &dyn Environment,
) -> Result<Profile, Vec<Problem>> {
    if text.len() > MAX_BYTES {
        return Err(vec![Problem { line: 1, column: 1, message: "a profile is at most 4 MiB long".to_owned() }]);
    }
    let (table, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        // What follows a slip of syntax would be told of twice.
        return Err(errors.iter().map(|error| syntax(text, error)).collect());
    }
    let mut reader = Reader::new(text, folder, environment);
    let top = Fields::open(&mut reader, "", table.span(), table.get_ref(), keys::TOP);
    let profile = profile(&mut reader, &top, name);
    match profile {
        Some(mut profile) if reader.is_sound() => {
            profile.secrets = std::mem::take(&mut reader.secrets);
            Ok(profile)
        }
        _ => Err(reader.into_problems()),
    }
}

fn syntax(text: &str, error: &toml::de::Error) -> Problem {
    let (line, column) = position(text, error.span().map_or(0, |span| span.start));
    let message = error.message().chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    Problem { line, column, message }
}

fn profile(reader: &mut Reader<'_>, top: &Fields<'_, '_>, name: &str) -> Option<Profile> {
    let mut connection = target::connection(reader, top);
    let uses = reader.take_uses();
    let asking = |value: &crate::profile::Template| {
        value.pieces.iter().any(|piece| matches!(piece, Piece::Variable(_) | Piece::Other(_)))
    };
    let (asking, plain) = std::mem::take(&mut connection.headers).into_iter().partition(|(_, value)| asking(value));
    connection.headers = plain;
    let variables = top.get("vars").map(|field| {
        actors::typed(reader, &field);
        actors::variables(reader, &field)
    });
    let variables = variables.unwrap_or_default();
    let data = tables(reader, top);
    let tenants = actors::tenants(reader, top);
    let mut setups = actors::setups(reader, top, &tenants, connection.timeout);
    let mut flows = actors::flows(reader, top, name, connection.timeout);
    let names = Names { variables: variables.keys().cloned().collect(), data: &data, tenants: &tenants };
    names.check(reader, Headers { headers: asking, uses }, &mut setups, &mut flows);
    let classes = actors::classes(reader, top, &flows);
    let scenarios = scenario::scenarios(reader, top, &classes);
    let default_scenario = scenario::default(reader, top, &scenarios);
    let budgets = objectives::budgets(reader, top).unwrap_or_default();
    let scrape = scrape(reader, top, &names);
    let steps = setups.iter().flat_map(|setup| &setup.steps).chain(flows.iter().flat_map(|flow| &flow.steps));
    let known = Known {
        steps: steps.map(|read| read.step.name.clone()).collect(),
        classes: classes.iter().map(|class| class.name.clone()).collect(),
        phases: scenarios.values().flat_map(|scenario| &scenario.stages).map(|stage| stage.name.clone()).collect(),
        series: scrape.iter().flat_map(|scrape| &scrape.series).map(|series| series.name.clone()).collect(),
    };
    let objectives = objectives::objectives(reader, top, &known);
    let about = top.get("about").and_then(|field| field.words(reader)).map(str::to_owned);
    let slow_after = top.get("slow").and_then(|field| field.some_time(reader));
    let warm_up = top.get("warm_up").and_then(|field| field.time(reader));
    Some(Profile {
        name: name.to_owned(),
        about: about.unwrap_or_default(),
        connection,
        variables,
        data,
        tenants,
        setup: setups.into_iter().map(plain_setup).collect(),
        classes,
        flows: flows.into_iter().map(plain_flow).collect(),
        scenarios,
        default_scenario: default_scenario?,
        objectives,
        budgets,
        scrape,
        slow_after,
        warm_up,
        secrets: Vec::new(),
    })
}

fn tables(reader: &mut Reader<'_>, top: &Fields<'_, '_>) -> Vec<DataTable> {
    let Some(field) = top.get("data") else { return Vec::new() };
    let entries = field.entries(reader, "tables opened by [data.NAME]");
    entries.iter().filter_map(|entry| data::table(reader, entry)).collect()
}

/// Reads `[scrape]`; its address may name fixed variables only.
fn scrape(reader: &mut Reader<'_>, top: &Fields<'_, '_>, names: &Names<'_>) -> Option<crate::profile::Scrape> {
    reader.take_uses();
    let scrape = target::scrape(reader, top);
    for used in reader.take_uses() {
        let (Wanted::Variable(name) | Wanted::Other(name)) = &used.variable;
        if !names.variables.contains(name) {
            reader.problem(
                used.at,
                format!("`{{{{{name}}}}}`: the metrics page is nobody's; only [vars] can be filled in"),
            );
        }
    }
    scrape
}

fn plain_setup(setup: ReadSetup) -> Setup {
    Setup { run: setup.run, steps: setup.steps.into_iter().map(|read| read.step).collect() }
}

fn plain_flow(flow: ReadFlow) -> Flow {
    Flow { name: flow.name, steps: flow.steps.into_iter().map(|read| read.step).collect() }
}
