//! Runs over time: the numbers of each, and the steps between them that stand out against the spread of the runs before.

use crate::domain::comparison::Quantity;
use crate::domain::history::{Departure, Entry, Figure};
use crate::domain::{Run, Unit};
use crate::stats::contrast::{Contrast, Known};

use super::compare::{ENOUGH_BASELINES, Side, USUAL_TOLERANCE, load_of, settled_level};

/// The metrics whose levels and growth a history shows.
const METRICS: [&str; 3] = ["rss_anon", "fds", "threads"];
/// The usual bound of significance, for all numbers of a run together.
const UNLIKELY: f64 = 0.05;

/// What a run has to say for a history.
pub fn entry(name: &str, side: Side<'_>) -> Entry {
    let header = side.run.map(|run| &run.header);
    let mut figures: Vec<Figure> = METRICS.iter().flat_map(|metric| of_metric(metric, side)).collect();
    figures.extend(side.run.map(of_traffic).unwrap_or_default());
    Entry {
        run: name.to_owned(),
        broken: None,
        started_at: header.map(|header| header.started_at.clone()),
        label: header.and_then(|header| header.conditions.label.clone()),
        target: header.map(|header| header.target.name.clone()),
        load: side.run.map(load_of),
        recorded_s: side.run.map(|run| run.recorded().as_secs_f64()),
        verdict: Some(side.assessment.verdict),
        figures,
    }
}

/// A folder that cannot be read as a run, and why.
pub fn broken(name: &str, why: &str) -> Entry {
    Entry {
        run: name.to_owned(),
        broken: Some(why.to_owned()),
        started_at: None,
        label: None,
        target: None,
        load: None,
        recorded_s: None,
        verdict: None,
        figures: Vec::new(),
    }
}

fn of_metric(metric: &str, side: Side<'_>) -> Vec<Figure> {
    let Some(finding) = side.assessment.findings.iter().find(|finding| finding.metric == metric) else {
        return Vec::new();
    };
    let figure = |quantity, value: f64| Figure {
        subject: metric.to_owned(),
        quantity,
        unit: finding.unit,
        value,
        departs: None,
    };
    let level = settled_level(&side, metric).map(|level| figure(Quantity::Level, level));
    let growth = finding.growth_per_hour.map(|growth| figure(Quantity::GrowthPerHour, growth.estimate));
    level.into_iter().chain(growth).filter(|figure| figure.value.is_finite()).collect()
}

fn of_traffic(run: &Run) -> Vec<Figure> {
    let Some(summary) = run.traffic_summary() else { return Vec::new() };
    let figure =
        |quantity, unit, value| Figure { subject: "requests".to_owned(), quantity, unit, value, departs: None };
    let requests = if summary.requests > 0 { summary.requests } else { summary.turns };
    let p95 = summary.latency.map(|latency| figure(Quantity::P95, Unit::Milliseconds, latency.p95_us as f64 / 1000.0));
    let share = summary.errors as f64 / requests as f64;
    let failures = (requests > 0).then(|| figure(Quantity::Failures, Unit::Number, share));
    p95.into_iter().chain(failures).collect()
}

/// Marks the figures that leave the runs before them, of entries in the order of time: those of the same target under the
/// same load, since the last step. Growth has a verdict of its own and is not asked.
pub fn mark_departures(entries: &mut [Entry]) {
    for at in 1..entries.len() {
        let (before, after) = entries.split_at_mut(at);
        let Some(entry) = after.first_mut() else { return };
        let asked = entry.figures.iter().filter(|figure| is_asked(figure)).count().max(1);
        let alike = |other: &&Entry| other.broken.is_none() && other.target == entry.target && other.load == entry.load;
        let alike: Vec<&Entry> = before.iter().filter(alike).collect();
        for figure in entry.figures.iter_mut().filter(|figure| is_asked(figure)) {
            figure.departs = departure(figure, &alike, UNLIKELY / asked as f64);
        }
    }
}

fn is_asked(figure: &Figure) -> bool {
    figure.quantity != Quantity::GrowthPerHour
}

/// Below this a difference is nothing, as in a comparison.
fn floor(figure: &Figure) -> f64 {
    match (figure.quantity, figure.unit) {
        (_, Unit::Bytes) => 1_048_576.0,
        (_, Unit::Count) => 2.5,
        (Quantity::Failures, _) => 0.001,
        (_, Unit::Milliseconds) => 1.0,
        (_, Unit::Number) => 0.0,
    }
}

fn departure(figure: &Figure, before: &[&Entry], unlikely: f64) -> Option<Departure> {
    let mut usual: Vec<Known> = Vec::new();
    let is_same = |other: &&Figure| other.subject == figure.subject && other.quantity == figure.quantity;
    for other in before.iter().rev().filter_map(|entry| entry.figures.iter().find(is_same)) {
        usual.push(Known { value: other.value, error: 0.0, freedom: 1.0 });
        // The run with the step is the first of the new level.
        if other.departs.is_some() {
            break;
        }
    }
    if usual.len() < ENOUGH_BASELINES {
        return None;
    }
    let contrast = Contrast::predicted(&usual, Known { value: figure.value, error: 0.0, freedom: 1.0 })?;
    let mean = figure.value - contrast.estimate;
    let tolerated = (USUAL_TOLERANCE * mean.abs()).max(floor(figure));
    let chance = 2.0 * contrast.chance_above(tolerated).min(1.0).min(contrast.reversed().chance_above(tolerated));
    (chance < unlikely).then_some(Departure { usual: mean, runs: usual.len() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(values: &[f64]) -> Vec<Entry> {
        let entry = |(number, value): (usize, &f64)| Entry {
            target: Some("api".into()),
            figures: vec![Figure {
                subject: "requests".into(),
                quantity: Quantity::P95,
                unit: Unit::Milliseconds,
                value: *value,
                departs: None,
            }],
            ..broken(&number.to_string(), "")
        };
        let mut entries: Vec<Entry> = values.iter().enumerate().map(entry).collect();
        for entry in &mut entries {
            entry.broken = None;
        }
        mark_departures(&mut entries);
        entries
    }

    fn departing(values: &[f64]) -> Vec<usize> {
        let entries = entries(values);
        (0..values.len()).filter(|&at| entries[at].figures[0].departs.is_some()).collect()
    }

    #[test]
    fn a_step_is_told_once_and_the_new_level_is_the_usual_one() {
        let values = [100.0, 102.0, 98.0, 101.0, 99.0, 150.0, 149.0, 152.0, 151.0, 148.0, 100.0];
        assert_eq!(departing(&values), [5, 10]);
        let departure = entries(&values)[5].figures[0].departs.unwrap();
        assert!((departure.usual - 100.0).abs() < 1e-9 && departure.runs == 5, "{departure:?}");
    }

    #[test]
    fn what_is_usual_and_what_is_little_stand_out_of_nothing() {
        assert!(departing(&[100.0, 140.0, 80.0, 120.0, 90.0, 150.0]).is_empty());
        assert!(departing(&[100.0, 100.0, 100.0, 100.0, 109.0]).is_empty());
        assert!(departing(&[100.0, 100.0, 300.0]).is_empty(), "two runs have no spread");
        assert!(departing(&[]).is_empty());
    }

    #[test]
    fn another_load_is_another_history() {
        let mut other = entries(&[10.0, 10.1, 9.9, 10.0, 10.0, 50.0]);
        other[5].load = Some("twice".into());
        other[5].figures[0].departs = None;
        mark_departures(&mut other);
        assert!(other[5].figures[0].departs.is_none());
    }
}
