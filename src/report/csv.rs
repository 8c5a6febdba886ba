//! The samples as a table: one row an instant, the names of the record as its header, and the traffic beside them.
//! pandas, DuckDB and spreadsheets open it without options, and `soak analyze` judges it as it judges the record.

use std::fmt::Write as _;

use crate::domain::traffic::TrafficTick;
use crate::domain::{Metric, Run, SeriesSet, Unit};

use super::escape;
use super::material::Material;
use super::text::Subject;

/// What a row has of the driver's tick that it falls into. The names are such that `soak analyze` takes none of them for
/// the load or for a metric that decides.
const TRAFFIC: [&str; 7] = ["errors", "requests_in_flight", "requests_waiting", "p50_ms", "p95_ms", "p99_ms", "max_ms"];

/// The table, with a header and an end of line after each row.
pub fn csv(material: &Material<'_>) -> String {
    match material.subject {
        Subject::Run(run) => of_run(run, material.set),
        Subject::File(_) => of_series(material.set),
    }
}

fn of_run(run: &Run, set: &SeriesSet) -> String {
    // What was read at least once, and what was announced as unreadable: an empty column says so too.
    let is_there = |metric: &Metric| set.get(metric.name()).is_some();
    let metrics: Vec<Metric> = Metric::all().filter(is_there).collect();
    let mut header: Vec<&str> = vec!["elapsed_s"];
    header.extend(metrics.iter().map(|metric| metric.wire_name()));
    header.extend(set.turns.as_ref().map(|_| "turns"));
    header.extend(TRAFFIC.iter().filter(|_| !run.traffic.is_empty()));
    header.extend(set.incarnation.as_ref().map(|_| "incarnation"));
    let mut out = header.join(",");
    out.push('\n');
    let mut next = 0;
    for (position, sample) in run.samples.iter().enumerate() {
        let at = sample.at.since_start();
        let _ = write!(out, "{}.{:06}", at.as_secs(), at.subsec_micros());
        for metric in &metrics {
            out.push(',');
            if let Some(value) = sample.readings.get(*metric) {
                let _ = write!(out, "{value}");
            }
        }
        number(&mut out, set.turns.as_deref(), position);
        if !run.traffic.is_empty() {
            // The tick that this instant falls into is the first that ends at or after it.
            while run.traffic.get(next).is_some_and(|tick| tick.at < sample.at) {
                next += 1;
            }
            traffic(&mut out, run.traffic.get(next));
        }
        number(&mut out, set.incarnation.as_deref(), position);
        out.push('\n');
    }
    out
}

fn number(out: &mut String, values: Option<&[f64]>, position: usize) {
    let Some(values) = values else { return };
    out.push(',');
    if let Some(value) = values.get(position).filter(|value| value.is_finite()) {
        // Turns lie on straight lines between the driver's ticks, so that they are seldom whole.
        let _ = write!(out, "{}", (value * 1000.0).round() / 1000.0);
    }
}

fn traffic(out: &mut String, tick: Option<&TrafficTick>) {
    let Some(tick) = tick else {
        out.extend(TRAFFIC.iter().map(|_| ','));
        return;
    };
    let _ = write!(out, ",{},{},{}", tick.errors, tick.in_flight, tick.waiting);
    match tick.latency {
        Some(latency) => {
            for length in [latency.p50, latency.p95, latency.p99, latency.max] {
                let _ = write!(out, ",{}", length.as_micros() as f64 / 1000.0);
            }
        }
        None => out.push_str(",,,,"),
    }
}

fn of_series(set: &SeriesSet) -> String {
    let mut out = "elapsed_s".to_owned();
    for series in &set.series {
        out.push(',');
        let suffix = match series.unit {
            Unit::Bytes => "_bytes",
            Unit::Milliseconds => "_ms",
            Unit::Count | Unit::Number => "",
        };
        out.push_str(&escape::csv_cell(&format!("{}{suffix}", series.name)));
    }
    let more = [("turns", &set.turns), ("concurrency", &set.concurrency), ("pid", &set.incarnation)];
    for (name, _) in more.iter().filter(|(_, values)| values.is_some()) {
        let _ = write!(out, ",{name}");
    }
    out.push('\n');
    for (position, at) in set.elapsed_s.iter().enumerate() {
        let _ = write!(out, "{at}");
        for series in &set.series {
            out.push(',');
            if let Some(value) = series.values.get(position).filter(|value| value.is_finite()) {
                let _ = write!(out, "{value}");
            }
        }
        for (_, values) in &more {
            number(&mut out, values.as_deref(), position);
        }
        out.push('\n');
    }
    out
}
