//! Levels: the median of each metric that decides, once it has settled.

use crate::domain::comparison::Quantity;
use crate::domain::rate::span;
use crate::domain::{Finding, Role, SeriesSet, Unit, Verdict};
use crate::stats::contrast::{FEWEST_SECTIONS, Known, MOST_SECTIONS, sectioned, sectioned_beside_line};
use crate::stats::quantile::median;

use super::super::options::Options;
use super::super::roles::{self, Judged};
use super::super::track::Track;
use super::Side;
use super::draft::{Draft, Scale};

/// Readings that a section's median needs, so that one of them decides nothing.
const READINGS: usize = 3;
/// Allocators take memory from the kernel in pieces of this order, and where a heap and a stack begin is drawn at random for
/// each start: two starts of one program differ by less only by luck.
const BYTES_FLOOR: f64 = 1_048_576.0;
/// A count that differs by two is the same count, as for growth.
const COUNT_FLOOR: f64 = 2.5;

/// A row for each metric that decides in the baselines or in the candidate.
pub(super) fn drafts(baselines: &[Side<'_>], candidate: Side<'_>) -> Vec<Draft> {
    metrics(baselines, candidate).iter().map(|metric| draft(metric, baselines, candidate)).collect()
}

/// A metric that decides somewhere: its name, its words and what it counts.
pub(super) struct Compared {
    pub(super) name: String,
    pub(super) label: String,
    pub(super) unit: Unit,
}

/// The metrics that decide in any of the runs, in the order of the first that has them.
pub(super) fn metrics(baselines: &[Side<'_>], candidate: Side<'_>) -> Vec<Compared> {
    let mut found: Vec<Compared> = Vec::new();
    for side in baselines.iter().chain([&candidate]) {
        for finding in side.assessment.findings.iter().filter(|finding| finding.role == Role::Decides) {
            if !found.iter().any(|known| known.name == finding.metric) {
                let (name, label) = (finding.metric.clone(), finding.label.clone());
                found.push(Compared { name, label, unit: finding.unit });
            }
        }
    }
    found
}

/// What a run says of a metric.
pub(super) fn finding<'a>(side: Side<'a>, name: &str) -> Option<&'a Finding> {
    side.assessment.findings.iter().find(|finding| finding.metric == name)
}

fn draft(metric: &Compared, baselines: &[Side<'_>], candidate: Side<'_>) -> Draft {
    let all: Vec<Side<'_>> = baselines.iter().copied().chain([candidate]).collect();
    let findings: Option<Vec<&Finding>> = all.iter().map(|side| finding(*side, &metric.name)).collect();
    let has_settled = |findings: &Vec<&Finding>| findings.iter().all(|finding| finding.verdict == Verdict::Steady);
    let is_settled = findings.as_ref().is_some_and(has_settled);
    let shortest = all.iter().map(|side| side.set.span_s()).fold(f64::INFINITY, f64::min);
    let levels: Vec<Option<Level>> = all
        .iter()
        .map(|side| {
            let settled_s = finding(*side, &metric.name).and_then(|finding| finding.settled_after_s);
            let (from_s, to_s) = if is_settled { (settled_s, f64::INFINITY) } else { (Some(shortest / 2.0), shortest) };
            let from_s = from_s.unwrap_or(0.0).max(side.warm_up_s.unwrap_or(0.0));
            level(side, &metric.name, (from_s, to_s), if is_settled { sectioned } else { sectioned_beside_line })
        })
        .collect();
    let lengths: Vec<f64> = levels.iter().flatten().map(|level| level.length_s).collect();
    let known = |level: &Option<Level>| level.as_ref().map(|level| level.known);
    let baselines_known: Vec<Known> = levels[..baselines.len()].iter().filter_map(known).collect();
    let mut draft = Draft {
        subject: metric.name.clone(),
        label: metric.label.clone(),
        quantity: Quantity::Level,
        unit: metric.unit,
        of: of(is_settled, &lengths),
        scale: Scale::Plain,
        candidate: levels.last().and_then(known),
        baselines: baselines_known,
        floor: floor(metric.unit),
        least_seen: None,
        doubt: None,
        is_rare: false,
        settled: None,
    };
    if draft.baselines.len() < baselines.len() || draft.candidate.is_none() {
        let lacking = all.iter().zip(&levels).find(|(_, level)| level.is_none());
        draft.prevent(&lacking.map_or_else(String::new, |(side, _)| lack(*side, &metric.name)));
    }
    draft
}

fn of(is_settled: bool, lengths: &[f64]) -> String {
    let part = if is_settled { "once settled" } else { "of the same second half, for it has not settled in every run" };
    let mut told: Vec<String> = lengths.iter().map(|length| span(length.round())).collect();
    told.dedup();
    format!("median {part} ({})", told.join(", "))
}

fn lack(side: Side<'_>, metric: &str) -> String {
    match finding(side, metric) {
        None => format!("it was not read in {}", side.source),
        Some(found) if found.samples == 0 => format!("in {}: {}", side.source, found.reason),
        Some(_) => {
            let readings = FEWEST_SECTIONS * READINGS;
            format!("in {} there are fewer than {readings} readings of it once it has settled", side.source)
        }
    }
}

/// Below this, in the metric's own unit, a difference is nothing.
fn floor(unit: Unit) -> f64 {
    match unit {
        Unit::Bytes => BYTES_FLOOR,
        Unit::Count => COUNT_FLOOR,
        Unit::Milliseconds | Unit::Number => 0.0,
    }
}

struct Level {
    known: Known,
    length_s: f64,
}

/// How a number and its error come from the sections.
type Spread = fn(f64, &[f64]) -> Option<Known>;

fn level(side: &Side<'_>, name: &str, (from_s, to_s): (f64, f64), spread: Spread) -> Option<Level> {
    let track = track(side.set, name, &side.assessment.left_out)?;
    let inside = |(time, _): &(&f64, &f64)| (from_s..=to_s).contains(*time);
    let (times, values): (Vec<f64>, Vec<f64>) = track.times.iter().zip(&track.values).filter(inside).unzip();
    let sections = MOST_SECTIONS.min(values.len() / READINGS);
    let each = (0..sections).map(|at| &values[at * values.len() / sections..(at + 1) * values.len() / sections]);
    let medians: Vec<f64> = each.filter_map(median).collect();
    let known = spread(median(&values)?, &medians)?;
    Some(Level { known, length_s: times.last()? - times.first()? })
}

/// The median of a metric in one run, once it has settled, or of its second half; `None` with too few readings.
pub fn settled_level(side: &Side<'_>, name: &str) -> Option<f64> {
    let found = finding(*side, name)?;
    let is_settled = found.verdict == Verdict::Steady;
    let from_s = if is_settled { found.settled_after_s.unwrap_or(0.0) } else { side.set.span_s() / 2.0 };
    let from_s = from_s.max(side.warm_up_s.unwrap_or(0.0));
    level(side, name, (from_s, f64::INFINITY), sectioned).map(|level| level.known.value)
}

/// The clean points of a metric, with swap where it is memory, as they were judged.
fn track(set: &SeriesSet, name: &str, left_out: &[(f64, f64)]) -> Option<Track> {
    let options = Options { ignore: left_out.to_vec(), ..Options::default() };
    let judged: Vec<Judged<'_>> = roles::judged(set);
    judged.iter().find(|judged| judged.series.name == name).map(|judged| Track::new(set, judged, &options))
}
