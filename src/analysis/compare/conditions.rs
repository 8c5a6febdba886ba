//! Whether the runs were made alike: what differs is named, and where the load differs, no level means the same.

use crate::domain::Run;
use crate::domain::bytes::human;
use crate::domain::comparison::{Mismatch, Weight};
use crate::domain::rate::span;
use crate::domain::run::{RunEnd, TargetEnd};

use super::Side;

/// Runs of which one lasted longer than the other by more than this share were of different lengths.
const LENGTH_SHARE: f64 = 0.1;

/// A condition of a run: what, its value in words, and how much a difference matters.
struct Fact {
    what: &'static str,
    value: String,
    weight: Weight,
}

fn prevents(what: &'static str, value: impl Into<String>) -> Fact {
    Fact { what, value: value.into(), weight: Weight::Prevents }
}

fn noted(what: &'static str, value: impl Into<String>) -> Fact {
    Fact { what, value: value.into(), weight: Weight::Noted }
}

/// What differs between the candidate and the baselines, what prevents a comparison first. Of several baselines the first
/// that differs is told.
pub(super) fn mismatches(baselines: &[Side<'_>], candidate: Side<'_>) -> Vec<Mismatch> {
    let mut found: Vec<Mismatch> = Vec::new();
    for baseline in baselines {
        let between = between(baseline, &candidate);
        found.extend(
            between.into_iter().filter(|one| !found.iter().any(|known| known.what == one.what)).collect::<Vec<_>>(),
        );
    }
    found.sort_by_key(|mismatch| mismatch.weight != Weight::Prevents);
    found
}

fn between(baseline: &Side<'_>, candidate: &Side<'_>) -> Vec<Mismatch> {
    let mut found = Vec::new();
    if let (Some(before), Some(after)) = (baseline.run, candidate.run) {
        let pairs = facts(before).into_iter().zip(facts(after));
        found.extend(pairs.filter(|(before, after)| before.value != after.value).map(|(before, after)| Mismatch {
            what: before.what.to_owned(),
            baseline: before.value,
            candidate: after.value,
            weight: before.weight,
        }));
    }
    let (before, after) = (baseline.set.span_s(), candidate.set.span_s());
    if (before - after).abs() > LENGTH_SHARE * before.max(after) {
        found.push(Mismatch {
            what: "length".to_owned(),
            baseline: span(before.round()),
            candidate: span(after.round()),
            weight: Weight::Noted,
        });
    }
    found
}

/// The conditions in a fixed order, so that those of two runs stand side by side.
fn facts(run: &Run) -> Vec<Fact> {
    let (target, host, conditions) = (&run.header.target, &run.header.host, &run.header.conditions);
    let traffic = conditions.traffic.as_ref();
    let of = |text: Option<&String>| text.cloned().unwrap_or_else(|| "none".to_owned());
    let number = |value: Option<f64>| value.map_or_else(|| "none".to_owned(), |value| value.to_string());
    let profile = traffic.and_then(|traffic| traffic.profile.as_ref());
    // Of a profile, the address is only the base; its port is often a free one, and says nothing.
    let path = traffic.filter(|traffic| traffic.profile.is_none()).map(|traffic| path_of(&traffic.url).to_owned());
    let warm_up = conditions.warm_up_s.map_or_else(|| "found in the data".to_owned(), span);
    vec![
        prevents("traffic", if traffic.is_some() { "sent by soak" } else { "none sent by soak" }),
        prevents("profile", of(profile)),
        prevents("scenario", of(traffic.and_then(|traffic| traffic.scenario.as_ref()))),
        prevents("path of the requests", of(path.as_ref())),
        prevents("model of the load", of(traffic.and_then(|traffic| traffic.model.as_ref()))),
        prevents("turns a second", number(traffic.map(|traffic| traffic.rate_per_s))),
        prevents("users", number(traffic.map(|traffic| f64::from(traffic.users)))),
        prevents(
            "whose resources",
            if target.tree { "the target's and its descendants'" } else { "the target's alone" },
        ),
        noted("program", target.name.clone()),
        noted("interval", span(conditions.interval_s)),
        noted("warm-up", warm_up),
        noted("seed", of(traffic.and_then(|traffic| traffic.seed).map(|seed| seed.to_string()).as_ref())),
        noted("cores", host.cores.to_string()),
        noted("memory of the machine", human(host.memory_bytes as f64)),
        noted("kernel", host.kernel.clone()),
        noted("version of soak", run.header.soak_version.clone()),
    ]
}

/// The load of a run and what is counted, in words: the same for runs that may be compared.
pub fn load_of(run: &Run) -> String {
    let told = facts(run).into_iter().filter(|fact| fact.weight == Weight::Prevents && fact.value != "none");
    told.map(|fact| format!("{}: {}", fact.what, fact.value)).collect::<Vec<_>>().join("; ")
}

/// What of an address comes behind the host and its port.
fn path_of(url: &str) -> &str {
    let behind = url.split_once("://").map_or(url, |(_, rest)| rest);
    behind.find('/').map_or("/", |at| &behind[at..])
}

/// Why no number can be compared, where that is so.
pub(super) fn obstacle(mismatches: &[Mismatch]) -> Option<String> {
    let first = mismatches.iter().find(|mismatch| mismatch.weight == Weight::Prevents)?;
    Some(format!(
        "the load or what is counted differs ({}: {} against {})",
        first.what, first.baseline, first.candidate
    ))
}

/// What else the reader must know of the runs, a sentence each.
pub(super) fn notes(baselines: &[Side<'_>], candidate: Side<'_>) -> Vec<String> {
    let mut notes = Vec::new();
    let all = || baselines.iter().chain([&candidate]);
    if baselines.iter().any(|baseline| is_same(baseline, &candidate)) {
        notes.push("the candidate is one of the baselines: this compares a run with itself".to_owned());
    }
    match all().filter(|side| side.run.is_none()).count() {
        0 if all().all(|side| side.run.is_some_and(|run| run.header.conditions.traffic.is_none())) => {
            notes
                .push("soak sent no traffic in these runs, so it cannot know whether the load was the same".to_owned());
        }
        0 => {}
        _ => notes.push(
            "files of series say nothing of how they were made, so their conditions are taken as alike".to_owned(),
        ),
    }
    for side in all() {
        if let Some(damage) = side.run.and_then(ended_early) {
            notes.push(format!("{}: {damage}", side.source));
        }
    }
    notes
}

/// Whether two sides are one run, however they were named.
pub(super) fn is_same(baseline: &Side<'_>, candidate: &Side<'_>) -> bool {
    match (baseline.run, candidate.run) {
        (Some(before), Some(after)) => {
            before.header.started_at == after.header.started_at && before.header.target == after.header.target
        }
        _ => baseline.source == candidate.source,
    }
}

fn ended_early(run: &Run) -> Option<String> {
    match run.end() {
        Some(RunEnd::Complete) => None,
        Some(RunEnd::Interrupted) => Some("the user ended the run early".to_owned()),
        Some(RunEnd::CeilingCrossed { crossing }) => Some(format!("the run was ended early: {crossing}")),
        Some(RunEnd::TargetEnded(end)) => Some(format!("the target ended: {}", cause(end))),
        None => Some("the record has no end, for soak itself was ended before the run was".to_owned()),
    }
}

fn cause(end: &TargetEnd) -> String {
    match end {
        TargetEnd::Exited { code } => format!("it exited with code {code}"),
        TargetEnd::Killed { out_of_memory: true, .. } | TargetEnd::Vanished { out_of_memory: true } => {
            "it ran out of memory and was killed".to_owned()
        }
        TargetEnd::Killed { signal, .. } => format!("signal {signal} killed it"),
        TargetEnd::Vanished { .. } => "it vanished".to_owned(),
    }
}

/// That the candidate's target died and no baseline's did, in words. A program that exits with code 0 has come to its end.
pub(super) fn died(baselines: &[Side<'_>], candidate: Side<'_>) -> Option<String> {
    let end = |side: &Side<'_>| match side.run?.end()? {
        RunEnd::TargetEnded(TargetEnd::Exited { code: 0 }) => None,
        RunEnd::TargetEnded(end) => Some(cause(end)),
        _ => None,
    };
    let cause = end(&candidate)?;
    baselines.iter().all(|side| end(side).is_none()).then(|| format!("the candidate's target died: {cause}"))
}
