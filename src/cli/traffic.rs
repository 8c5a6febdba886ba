//! From the flags of traffic to what the runner is given: which profile, which of its scenarios with which numbers, where
//! to, and what it asks of the verdict.

use std::path::Path;
use std::time::Duration;

use crate::domain::Objective;
use crate::domain::metric::Role;
use crate::domain::scrape::ScrapedSeries;
use crate::driver::{FreeUser, GetUrl, PlainGet, Plan};
use crate::profile::{
    Class, Flow, Judge, Known, Overrides, Piece, ProcessEnvironment, Profile, Scenario, Scrape, Stress, Template,
    builtin_names,
};
use crate::runner::ScrapeOptions;

use super::args::{LoadArgs, TrafficArgs};
use super::failure::Failure;

/// How long one plain GET may take before it counts as failed.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// Turns per second of plain GETs where nobody says.
const PLAIN_RATE: f64 = 20.0;
/// Plain GETs in flight at most where nobody says.
const PLAIN_USERS: u32 = 4;

/// The class and the phase of what comes before the first turn.
const SETUP: &str = "setup";

/// What is sent, and what a profile says beside it.
#[derive(Debug, Default)]
pub(super) struct Traffic {
    /// The traffic; `None` sends none.
    pub(super) plan: Option<Plan>,
    /// The target's metrics page.
    pub(super) scrape: Option<ScrapeOptions>,
    /// How long the scenario lasts, where it ends by itself.
    pub(super) length: Option<Duration>,
    /// The warm-up that the profile sets.
    pub(super) warm_up: Option<Duration>,
    /// The profile's budgets of growth.
    pub(super) budgets: Vec<String>,
    /// The profile's objectives.
    pub(super) objectives: Vec<Objective>,
}

impl Traffic {
    /// What objectives may name in this run: what the scenario does, and what is taken from the metrics page.
    pub(super) fn known(&self) -> Known {
        let series = self.scrape.iter().flat_map(|scrape| &scrape.series).map(|series| series.name.clone()).collect();
        let Some(Plan { profile, scenario, .. }) = &self.plan else { return Known { series, ..Known::default() } };
        let takes_part = |class: &&Class| scenario.class.as_ref().is_none_or(|only| *only == class.name);
        let classes: Vec<&Class> = profile.classes.iter().filter(takes_part).collect();
        let does = |flow: &&Flow| classes.iter().any(|class| class.flow == flow.name);
        let flows = profile.flows.iter().filter(does).flat_map(|flow| &flow.steps);
        let setup = (!profile.setup.is_empty()).then(|| SETUP.to_owned());
        Known {
            steps: flows
                .chain(profile.setup.iter().flat_map(|setup| &setup.steps))
                .map(|step| step.name.clone())
                .collect(),
            classes: classes.iter().map(|class| class.name.clone()).chain(setup.clone()).collect(),
            phases: scenario.stages.iter().map(|stage| stage.name.clone()).chain(setup).collect(),
            series,
        }
    }
}

/// What the flags ask for. Nothing is sent and nothing is waited for.
///
/// # Errors
/// What is wrong, by flag or by the profile's file, line and column.
pub(super) fn resolve(args: &TrafficArgs, duration: Option<Duration>) -> Result<Traffic, Failure> {
    let mut traffic = sent(&args.load, args.url.as_deref(), duration)?;
    if let Some(url) = &args.scrape {
        let options = ScrapeOptions {
            url: ScrapeOptions::address(url).map_err(|error| Failure::from_error(&error))?,
            interval: args.scrape_interval,
            series: args.series.iter().map(|text| ScrapedSeries::named(text)).collect(),
        };
        options.check().map_err(|error| Failure::from_error(&error))?;
        traffic.scrape = Some(options);
    }
    Ok(traffic)
}

/// What is sent to `url`, or to the address that the profile has itself.
///
/// # Errors
/// As [`resolve`].
pub(super) fn sent(load: &LoadArgs, url: Option<&str>, duration: Option<Duration>) -> Result<Traffic, Failure> {
    match (&load.profile, url) {
        (Some(profile), url) => driven(load, &profile_named(profile)?, url, duration),
        (None, Some(url)) => plain(load, url),
        (None, None) => Ok(Traffic::default()),
    }
}

/// Plain GETs of one address.
fn plain(load: &LoadArgs, url: &str) -> Result<Traffic, Failure> {
    let traffic = PlainGet {
        url: url.parse().map_err(|error: crate::driver::DriverError| Failure::from_error(&error))?,
        rate_per_s: load.rate.unwrap_or(PLAIN_RATE),
        users: load.users.map_or(PLAIN_USERS, u32::from),
        timeout: REQUEST_TIMEOUT,
    };
    traffic.check().map_err(|error| Failure::from_error(&error))?;
    let plan = Plan { seed: load.seed, wait_ready: load.wait_ready, ..traffic.plan() };
    Ok(Traffic { plan: Some(plan), ..Traffic::default() })
}

/// The turns of a profile.
fn driven(
    load: &LoadArgs,
    profile: &Profile,
    url: Option<&str>,
    duration: Option<Duration>,
) -> Result<Traffic, Failure> {
    let wrong = |error: &dyn std::error::Error| Failure::new(format!("--profile {}: {error}", profile.name));
    let scenario = load.scenario.as_deref().unwrap_or(&profile.default_scenario);
    let overrides = Overrides {
        users: load.users.map(u32::from),
        rate: load.rate,
        duration,
        ramp_up: load.ramp_up,
        stress: if load.stress { Stress::Doubled } else { Stress::Normal },
        ..Overrides::default()
    };
    let scenario = profile.scenario(scenario).map_err(|error| wrong(&error))?;
    let scenario = scenario.with(&overrides).map_err(|error| wrong(&error))?;
    let base = url.map(str::parse::<GetUrl>).transpose().map_err(|error| Failure::from_error(&error))?;
    if base.is_none() && profile.connection.url.is_none() {
        return Err(Failure::new(format!("--profile {}: it does not say where the server is", profile.name))
            .hint("give the base address with --url http://127.0.0.1:8080"));
    }
    let plan = Plan {
        profile: profile.clone(),
        scenario,
        base,
        seed: load.seed,
        wait_ready: load.wait_ready,
        free_user: FreeUser::default(),
    };
    plan.check().map_err(|error| Failure::from_error(&error))?;
    let asked = profile.objectives.iter().filter(|objective| asks(profile, &plan.scenario, objective));
    Ok(Traffic {
        scrape: profile.scrape.as_ref().map(|scrape| scraped(scrape, profile, url)).transpose()?,
        length: plan.length(),
        warm_up: profile.warm_up,
        budgets: plan.scenario.budgets.clone().unwrap_or_else(|| profile.budgets.clone()),
        objectives: asked.cloned().collect(),
        plan: Some(plan),
    })
}

/// The profile of a file, or a built-in one by its name.
fn profile_named(named: &Path) -> Result<Profile, Failure> {
    let built_in = named.to_str().filter(|name| builtin_names().any(|built_in| built_in == *name));
    let is_file = named.components().count() > 1 || named.extension().is_some() || named.exists();
    let profile = match built_in {
        Some(name) => Profile::builtin(name, &ProcessEnvironment),
        None if is_file => Profile::load(named, &ProcessEnvironment),
        None => Profile::builtin(&named.to_string_lossy(), &ProcessEnvironment),
    };
    profile.map_err(|error| Failure::from_error(&error).of("--profile"))
}

/// Whether this scenario can keep an objective of the profile or cross it: it has the phases that the objective names, and
/// somebody takes part who does its step. The reader has checked that some scenario has, and that somebody does.
fn asks(profile: &Profile, scenario: &Scenario, objective: &Objective) -> bool {
    let has_phase = |phase: &str| scenario.stages.iter().any(|stage| stage.name == phase);
    let takes_part = |class: &str| scenario.class.as_deref().is_none_or(|only| only == class);
    let does = |class: &Class, name: &str| {
        let flow = profile.flows.iter().find(|flow| flow.name == class.flow);
        flow.is_some_and(|flow| flow.steps.iter().any(|step| step.name == name))
    };
    let is_done = |name: &str| {
        let mut by = profile.classes.iter().filter(|class| does(class, name)).peekable();
        // Whole turns and steps of the set-up are no class's steps.
        by.peek().is_none() || by.any(|class| takes_part(&class.name))
    };
    let scope = &objective.scope;
    objective.phases().all(has_phase)
        && scope.class.as_deref().is_none_or(takes_part)
        && scope.step.as_deref().is_none_or(is_done)
}

/// The metrics page of a profile.
fn scraped(scrape: &Scrape, profile: &Profile, url: Option<&str>) -> Result<ScrapeOptions, Failure> {
    let path = filled(&scrape.url);
    let base = url.map(str::to_owned).or_else(|| profile.connection.url.as_ref().map(filled)).unwrap_or_default();
    let address = if path.contains("://") { path } else { format!("{}{path}", base.trim_end_matches('/')) };
    let series = scrape.series.iter().map(|series| ScrapedSeries {
        name: series.name.clone(),
        source: series.source.clone(),
        unit: series.unit,
        role: match series.judge {
            Judge::Growth => Role::Decides,
            Judge::No => Role::Context,
        },
    });
    let options = ScrapeOptions {
        url: ScrapeOptions::address(&address).map_err(|error| Failure::from_error(&error))?,
        interval: scrape.interval,
        series: series.collect(),
    };
    options.check().map_err(|error| Failure::from_error(&error))?;
    Ok(options)
}

/// A template that the reader has let through only with what is known before the run.
fn filled(template: &Template) -> String {
    let text = |piece: &Piece| match piece {
        Piece::Text(text) => text.clone(),
        Piece::Secret(secret) => secret.reveal().to_owned(),
        Piece::Variable(_) | Piece::Other(_) | Piece::Random(_) => String::new(),
    };
    template.pieces.iter().map(text).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn a_scenario_is_asked_for_what_its_phases_and_classes_can_keep_only() {
        let profile = Profile::builtin("auditor", &BTreeMap::new()).unwrap();
        let asked = |scenario: &str| {
            let scenario = profile.scenario(scenario).unwrap();
            let asked = profile.objectives.iter().filter(|objective| asks(&profile, scenario, objective));
            asked.map(|objective| objective.text.as_str()).collect::<Vec<_>>()
        };
        let has = |scenario: &str, start: &str| asked(scenario).iter().any(|text| text.starts_with(start));
        assert_eq!(asked("day").len(), profile.objectives.len());
        assert!(has("day", "throughput in work") && !has("smoke", "throughput in work"));
        assert!(has("heavy", "p95 for large audit") && !has("heavy", "p95 for small audit"));
        assert!(has("heavy", "errors < 1%") && has("smoke", "p95 for small audit"));
    }
}
