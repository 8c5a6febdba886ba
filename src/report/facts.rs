//! The conditions of a run as names and values: who was watched, where, how, at what cost, and what happened meanwhile.
//! HTML shows all of them, Markdown the first few, JUnit as properties. Values are not yet escaped.

use crate::domain::Run;
use crate::domain::bytes::human;
use crate::domain::rate::{grouped, span};
use crate::domain::run::{Edge, EventKind, RunEnd};

use super::material::{Material, sentence};
use super::text::{self, Subject};

/// One condition.
pub(super) struct Fact {
    /// Its name, in words.
    pub(super) name: &'static str,
    /// Its value.
    pub(super) value: String,
}

fn fact(name: &'static str, value: impl Into<String>) -> Fact {
    Fact { name, value: value.into() }
}

/// The conditions, the most telling first.
pub(super) fn facts(material: &Material<'_>) -> Vec<Fact> {
    match material.subject {
        Subject::Run(run) => of_run(run),
        Subject::File(name) => vec![
            fact("file", name),
            fact("rows", grouped(material.set.elapsed_s.len() as f64)),
            fact("observed", span(material.set.span_s())),
            fact("soak", env!("CARGO_PKG_VERSION")),
        ],
    }
}

fn of_run(run: &Run) -> Vec<Fact> {
    let header = &run.header;
    let (target, host, conditions) = (&header.target, &header.host, &header.conditions);
    let tree = if target.tree { " and its descendants" } else { "" };
    let started = if target.started_by_soak { ", started by soak" } else { "" };
    let planned = conditions.duration_s.map_or_else(String::new, |length| format!(" of {} planned", span(length)));
    let interval = span(conditions.interval_s);
    let samples = grouped(run.samples.len() as f64);
    let mut facts = vec![
        fact("target", format!("{} (pid {}){tree}{started}", target.name, target.pid)),
        fact(
            "observed",
            format!("{}{planned}, {samples} samples, one every {interval}", span(run.recorded().as_secs_f64())),
        ),
        fact("started", header.started_at.clone()),
        fact("ended", ended(run)),
    ];
    if let Some(traffic) = &conditions.traffic {
        let (rate, users) = (traffic.rate_per_s, traffic.users);
        facts.push(fact("traffic", format!("GET {}, {rate} a second, at most {users} in flight", traffic.url)));
    } else {
        facts.push(fact("traffic", "none sent by soak"));
    }
    facts.push(fact(
        "warm-up",
        conditions.warm_up_s.map_or("found in the data".to_owned(), |s| format!("set to {}", span(s))),
    ));
    facts.push(fact("host", machine(run)));
    facts.push(fact("kernel", or_unknown(&host.kernel)));
    facts.push(fact("soak", header.soak_version.clone()));
    facts.extend(cost(run));
    facts
}

fn machine(run: &Run) -> String {
    let host = &run.header.host;
    let mut parts = vec![or_unknown(&host.name)];
    if !host.os.is_empty() {
        parts.push(host.os.clone());
    }
    if host.cores > 0 {
        parts.push(format!("{} cores", host.cores));
    }
    if host.memory_bytes > 0 {
        parts.push(human(host.memory_bytes as f64));
    }
    parts.join(", ")
}

fn or_unknown(text: &str) -> String {
    if text.is_empty() { "unknown".to_owned() } else { text.to_owned() }
}

/// How the run ended, in words.
pub(super) fn ended(run: &Run) -> String {
    match (text::ending(run), run.end()) {
        (Some(sentence), _) => sentence,
        (None, Some(RunEnd::Complete)) => "it lasted as long as it was asked to".to_owned(),
        (None, _) => NO_END.to_owned(),
    }
}

const NO_END: &str = "unknown";

fn cost(run: &Run) -> Option<Fact> {
    let cost = run.cost().filter(|cost| cost.recorded_s > 0.0)?;
    let share = |seconds: f64| 100.0 * seconds / cost.recorded_s;
    let missed = match cost.missed_ticks {
        0 => "no tick missed".to_owned(),
        ticks => format!("{} ticks missed", grouped(ticks as f64)),
    };
    let (sampling, all) = (share(cost.fast_tier_s + cost.slow_tier_s), share(cost.process_s));
    Some(fact("own cost", format!("sampling {sampling:.3} % of one core, soak in all {all:.2} %; {missed}")))
}

/// Something that happened at one instant, in words.
pub(super) struct Happening {
    /// Seconds since the start.
    pub(super) at_s: f64,
    /// What, in a sentence.
    pub(super) what: String,
}

/// What happened, in order; the comings and goings of a tree in one line, because there may be thousands.
pub(super) fn happenings(run: &Run) -> Vec<Happening> {
    let (mut all, mut joined, mut left, mut changes) = (Vec::new(), 0_u64, 0_u64, 0_u64);
    for event in &run.events {
        let what = match &event.kind {
            EventKind::Unreadable { metric, reason } => format!("{metric} could not be read: {reason}"),
            EventKind::Exec { name } => format!("the target replaced its program: it is {name} now"),
            EventKind::Note { text } => text.clone(),
            EventKind::Mark { label } => format!("the user marked this moment: {label}"),
            EventKind::Disturbance { label, edge: Edge::Begin } => {
                format!("the user marked the beginning of a disturbance, which the trend leaves out: {label}")
            }
            EventKind::Disturbance { label, edge: Edge::End } => format!("the disturbance was over: {label}"),
            EventKind::TargetStopped { end } => format!("soak stopped the target: {}", text::cause(end)),
            EventKind::Ended { .. } => format!("the run ended: {}", ended(run)),
            EventKind::TreeChanged { joined: came, left: went } => {
                (joined, left, changes) = (joined + u64::from(*came), left + u64::from(*went), changes + 1);
                continue;
            }
            // Phases have a table of their own.
            EventKind::Phase { .. } | EventKind::Traffic(_) | EventKind::Cost(_) => continue,
        };
        all.push(Happening { at_s: event.at.as_secs_f64(), what: sentence(&what) });
    }
    if changes > 0 {
        let what = format!("Processes of the tree came and went: {joined} joined, {left} left, in {changes} samples.");
        all.push(Happening { at_s: run.recorded().as_secs_f64(), what });
    }
    all
}
