//! The data behind the interactive panels: each line thinned by least and greatest of a bucket of time, so that no spike is
//! lost, and written as small whole differences, so that a night fits into a few hundred kilobytes.

use serde::Serialize;

use crate::domain::mark::{self, Mark};
use crate::domain::performance::{LatencyFigures, Performance, StepFigures, WindowFigures};
use crate::domain::rate::quantity;
use crate::domain::traffic::TrafficTick;
use crate::domain::{Finding, Phase, Role, Series, SeriesSet, Verdict};

use super::super::escape;
use super::super::material::{Material, urgency};
use super::super::text::Subject;

/// Buckets of time that a line is thinned to: about what a wide screen shows.
const BUCKETS: usize = 1500;
/// Panels at most, the deciding metrics first: a CSV may have thousands of columns.
const PANELS: usize = 24;
/// Panels of single steps at most, and lines of a panel that all steps share: colours beyond these are not told apart.
const STEP_PANELS: usize = 12;
const LINES: usize = 6;
/// Phases and marks at most, and letters of their names: beyond them a panel is all lines, and the record has them.
const NAMED: usize = 400;
const LETTERS: usize = 120;
/// A step of time beyond this many usual ones is a gap.
const GAP: f64 = 3.0;
/// Steps that a value or a time can take within its line's range.
const STEPS: f64 = 100_000.0;

/// Metrics that share a panel.
///
/// What decides never shares one with something larger: a leak beside the page cache would look flat.
const TOGETHER: [&[&str]; 3] = [&["rss_anon", "swap"], &["pss", "uss"], &["procs", "zombies"]];

#[derive(Serialize)]
struct Data {
    span: [f64; 2],
    phases: Vec<Span>,
    /// What the trend leaves out, from and to.
    left_out: Vec<(f64, f64)>,
    marks: Vec<Instant>,
    panels: Vec<Panel>,
}

/// From when to when, and what it is called.
#[derive(Serialize)]
struct Span(f64, f64, String);

/// When, and what happened.
#[derive(Serialize)]
struct Instant(f64, String);

/// A ceiling that is near enough to matter, and its words.
#[derive(Serialize)]
struct Limit(f64, String);

#[derive(Default, Serialize)]
struct Panel {
    title: String,
    unit: &'static str,
    /// Whether the axis begins at zero whatever the values.
    zero: u8,
    settled: Option<f64>,
    onset: Option<f64>,
    limit: Option<Limit>,
    fit: Vec<[f64; 4]>,
    lines: Vec<Line>,
}

#[derive(Serialize)]
struct Line {
    name: String,
    /// The time of the first point, seconds a step, and steps from each point to the next.
    t0: f64,
    tq: f64,
    t: Vec<i64>,
    /// The same for the values; a null breaks the line before the point.
    v0: f64,
    vq: f64,
    v: Vec<Option<i64>>,
}

/// The data as JSON that may stand in a script element.
pub(super) fn json(material: &Material<'_>) -> String {
    let set = material.set;
    let ticks: &[TrafficTick] = match material.subject {
        Subject::Run(run) => &run.traffic,
        Subject::File(_) => &[],
    };
    let last = ticks.last().map_or(0.0, |tick| tick.at.as_secs_f64());
    let (first, last) = match (set.elapsed_s.first(), set.elapsed_s.last()) {
        (Some(&from), Some(&to)) => (from, last.max(to)),
        _ => (0.0, last),
    };
    // A run's axis begins with the run, a file's with its first row.
    let low = if first > 0.2 * last { first } else { first.min(0.0) };
    let span = [low, if last > low { last } else { low + 1.0 }];
    let mut panels: Vec<Panel> = groups(material).iter().map(|group| panel(material, group, span)).collect();
    panels.truncate(PANELS);
    panels.extend(traffic(ticks, span));
    panels.extend(material.assessment.performance.iter().flat_map(|performance| steps(performance, span)));
    panels.retain(|panel| !panel.lines.is_empty());
    let (phases, marks) = named(material);
    let left_out = &material.assessment.left_out;
    let left_out = left_out.iter().take(NAMED).map(|&(from, to)| (short(from), short(to))).collect();
    serde_json::to_string(&Data { span, phases, left_out, marks, panels })
        .map_or_else(|_| "null".to_owned(), |json| escape::json_in_script(&json))
}

/// The phases and the marks.
fn named(material: &Material<'_>) -> (Vec<Span>, Vec<Instant>) {
    let (phases, marks) = match material.subject {
        Subject::Run(run) => (run.phases(), mark::of_events(&run.events)),
        Subject::File(_) => (Vec::new(), mark::of_series(material.set)),
    };
    let words = |text: &str| escape::plain(text).chars().take(LETTERS).collect::<String>();
    let phase =
        |phase: &Phase| Span(short(phase.from.as_secs_f64()), short(phase.to.as_secs_f64()), words(&phase.name));
    let mark = |mark: &Mark| Instant(short(mark.at_s), words(&mark.label));
    (phases.iter().take(NAMED).map(phase).collect(), marks.iter().take(NAMED).map(mark).collect())
}

fn groups<'a>(material: &Material<'a>) -> Vec<Vec<&'a Series>> {
    let is_worth = |series: &Series| {
        let mut known = series.values.iter().filter(|value| value.is_finite()).peekable();
        known.peek().is_some() && (series.role == Role::Decides || known.any(|value| *value != 0.0))
    };
    let mut groups: Vec<Vec<&Series>> = Vec::new();
    for series in material.set.series.iter().filter(|series| is_worth(series)) {
        let together = TOGETHER.iter().find(|names| names.contains(&series.name.as_str()));
        let group = together.and_then(|names| {
            groups.iter_mut().find(|group| group.iter().any(|other| names.contains(&other.name.as_str())))
        });
        match (group, series.role) {
            (Some(group), _) => group.push(series),
            // Swap may share memory's panel; limits and totals get none of their own.
            (None, Role::Context) => {}
            (None, _) => groups.push(vec![series]),
        }
    }
    for group in &mut groups {
        group.sort_by_key(|series| series.role != Role::Decides);
    }
    let verdict_of = |series: &Series| {
        material.assessment.findings.iter().find(|finding| finding.metric == series.name).map(|finding| finding.verdict)
    };
    groups.sort_by_key(|group| {
        let beside = group.first().is_none_or(|series| series.role != Role::Decides);
        (beside, group.iter().filter_map(|series| verdict_of(series)).map(urgency).min())
    });
    groups
}

fn panel(material: &Material<'_>, group: &[&Series], span: [f64; 2]) -> Panel {
    let SeriesSet { elapsed_s, incarnation, .. } = material.set;
    let Some(first) = group.first() else { return Panel::default() };
    let finding = material.assessment.findings.iter().find(|finding| finding.metric == first.name);
    let line = |series: &&Series| {
        let points = elapsed_s.iter().copied().zip(series.values.iter().copied()).enumerate();
        let points = points.map(|(index, (at, value))| Point {
            at,
            value,
            part: incarnation.as_ref().and_then(|parts| parts.get(index)).copied().unwrap_or(0.0),
        });
        line_of(&series.label, points, span)
    };
    let grows = |finding: &&Finding| finding.verdict == Verdict::Growing;
    let greatest = group.iter().flat_map(|series| &series.values).filter(|value| value.is_finite());
    let greatest = greatest.copied().fold(f64::NEG_INFINITY, f64::max);
    let limit = finding.and_then(|finding| finding.near_limit(greatest));
    Panel {
        title: escape::plain(&first.label).chars().take(LETTERS).collect(),
        unit: unit_word(first.unit),
        settled: finding.and_then(|finding| finding.settled_after_s),
        onset: finding.filter(grows).and_then(|finding| finding.onset_s),
        limit: limit.map(|limit| Limit(limit, format!("limit {}", quantity(limit, first.unit)))),
        zero: 0,
        fit: finding.map_or_else(Vec::new, |finding| {
            finding.fit.iter().map(|p| [p.elapsed_s, p.value, p.low, p.high].map(short)).collect()
        }),
        lines: group.iter().filter_map(line).collect(),
    }
}

fn unit_word(unit: crate::domain::Unit) -> &'static str {
    use crate::domain::Unit;
    match unit {
        Unit::Bytes => "bytes",
        Unit::Count => "count",
        Unit::Milliseconds => "ms",
        Unit::Number => "number",
    }
}

fn traffic(ticks: &[TrafficTick], span: [f64; 2]) -> Vec<Panel> {
    let per_second = |total: fn(&TrafficTick) -> u64| {
        ticks.windows(2).filter_map(move |pair| {
            let (from, to) = (pair[0].at.as_secs_f64(), pair[1].at.as_secs_f64());
            let done = total(&pair[1]).saturating_sub(total(&pair[0])) as f64;
            // A tick that comes a little early still closes its second.
            (to - from > 0.5).then(|| Point { at: to, value: done / (to - from), part: 0.0 })
        })
    };
    let millis = |which: fn(&crate::domain::traffic::Latency) -> std::time::Duration| {
        ticks.iter().filter_map(move |tick| {
            let latency = tick.latency.as_ref()?;
            Some(Point { at: tick.at.as_secs_f64(), value: which(latency).as_secs_f64() * 1000.0, part: 0.0 })
        })
    };
    let mut rates = vec![line_of("turns", per_second(|tick| tick.turns), span)];
    if ticks.last().is_some_and(|tick| tick.errors > 0) {
        rates.push(line_of("errors", per_second(|tick| tick.errors), span));
    }
    let latencies = vec![
        line_of("p50", millis(|latency| latency.p50), span),
        line_of("p95", millis(|latency| latency.p95), span),
        line_of("p99", millis(|latency| latency.p99), span),
    ];
    let panel = |title: &str, unit, lines: Vec<Option<Line>>| Panel {
        title: title.to_owned(),
        unit,
        zero: 1,
        lines: lines.into_iter().flatten().collect(),
        ..Panel::default()
    };
    vec![panel("Turns per second", "number", rates), panel("Latency from the due time", "ms", latencies)]
}

/// Response times of each step, window by window, the busiest steps first, and the failures of all of them.
fn steps(performance: &Performance, span: [f64; 2]) -> Vec<Panel> {
    // A run without a profile has one step, and the panels of the traffic show it.
    let mut busiest: Vec<&StepFigures> = performance.steps.iter().filter(|step| step.step.is_some()).collect();
    if busiest.len() < 2 {
        return Vec::new();
    }
    busiest.sort_by_key(|step| std::cmp::Reverse(step.requests));
    let name = |step: &StepFigures| {
        let several = busiest.iter().any(|other| other.class != step.class);
        let class = if several { format!(" ({})", step.class) } else { String::new() };
        let name = format!("{}{class}", step.step.as_deref().unwrap_or_default());
        escape::plain(&name).chars().take(LETTERS).collect::<String>()
    };
    let line = |label: &str, step: &StepFigures, value: &dyn Fn(&WindowFigures) -> Option<f64>| {
        let points = step.course.iter().filter_map(|window| Some((window.to_s, value(window)?)));
        line_of(label, points.map(|(at, value)| Point { at, value, part: 0.0 }), span)
    };
    let panel = |title: String, unit, lines: Vec<Option<Line>>| {
        let lines = lines.into_iter().flatten().collect();
        Panel { title, unit, zero: 1, lines, ..Panel::default() }
    };
    let failing = busiest.iter().filter(|step| step.failed > 0).take(LINES);
    let failures = failing.map(|step| line(&name(step), step, &|window| Some(window.failed_per_second))).collect();
    let requests = busiest.iter().take(LINES);
    let requests = requests.map(|step| line(&name(step), step, &|window| Some(window.per_second))).collect();
    let rates = [
        panel("Failed requests per second by step".to_owned(), "number", failures),
        panel("Requests per second by step".to_owned(), "number", requests),
    ];
    let latencies = busiest.iter().take(STEP_PANELS).map(|step| {
        let at = |which: fn(&LatencyFigures) -> f64| move |window: &WindowFigures| window.response.as_ref().map(which);
        let lines = vec![
            line("p50", step, &at(|figures| figures.p50_ms)),
            line("p95", step, &at(|figures| figures.p95_ms)),
            line("p99", step, &at(|figures| figures.p99_ms)),
        ];
        panel(format!("Response time of {}", name(step)), "ms", lines)
    });
    rates.into_iter().chain(latencies).collect()
}

#[derive(Clone, Copy)]
struct Point {
    at: f64,
    value: f64,
    /// The process that it belongs to; a line does not join two.
    part: f64,
}

fn line_of(name: &str, points: impl Iterator<Item = Point>, span: [f64; 2]) -> Option<Line> {
    let points: Vec<Point> = points.filter(|point| point.at.is_finite() && point.value.is_finite()).collect();
    let first = *points.first()?;
    let gap = GAP * usual_step(&points);
    let kept = thinned(&points, span);
    let (low, high) = kept.iter().fold((f64::MAX, f64::MIN), |(low, high), &index| {
        (low.min(points[index].value), high.max(points[index].value))
    });
    // Whole numbers of a small range stay exact.
    let whole = points.iter().all(|point| point.value.fract() == 0.0) && high - low <= STEPS;
    let vq = if whole { 1.0 } else { ((high - low) / STEPS).max(f64::MIN_POSITIVE) };
    let tq = short((span[1] - span[0]) / STEPS);
    let vq = if whole { vq } else { short(vq) };
    let (mut t, mut v) = (Vec::with_capacity(kept.len()), Vec::with_capacity(kept.len()));
    let (mut time, mut value) = (0_i64, 0_i64);
    let mut before: Option<usize> = None;
    for &index in &kept {
        let point = points[index];
        if let Some(before) = before
            && breaks(&points, before, index, gap)
        {
            t.push(0);
            v.push(None);
        }
        let (to_time, to_value) =
            (((point.at - first.at) / tq).round() as i64, ((point.value - first.value) / vq).round() as i64);
        t.push(to_time - time);
        v.push(Some(to_value - value));
        (time, value, before) = (to_time, to_value, Some(index));
    }
    Some(Line { name: escape::plain(name), t0: short(first.at), tq, t, v0: first.value, vq, v })
}

/// Whether a gap or a change of process lies anywhere between two kept points.
fn breaks(points: &[Point], from: usize, to: usize, gap: f64) -> bool {
    points[from..=to].windows(2).any(|pair| pair[1].at - pair[0].at > gap || (pair[1].part - pair[0].part).abs() > 0.5)
}

fn usual_step(points: &[Point]) -> f64 {
    let mut steps: Vec<f64> = points.windows(2).map(|pair| pair[1].at - pair[0].at).collect();
    if steps.is_empty() {
        return f64::INFINITY;
    }
    let middle = steps.len() / 2;
    *steps.select_nth_unstable_by(middle, f64::total_cmp).1
}

/// The least and the greatest of each bucket, and the ends, in order of time.
fn thinned(points: &[Point], span: [f64; 2]) -> Vec<usize> {
    if points.len() <= 2 * BUCKETS {
        return (0..points.len()).collect();
    }
    let bucket = |at: f64| ((at - span[0]) / (span[1] - span[0]) * BUCKETS as f64) as i64;
    let mut kept = vec![0];
    let mut from = 0;
    while from < points.len() {
        let mut to = from + 1;
        while to < points.len() && bucket(points[to].at) == bucket(points[from].at) {
            to += 1;
        }
        let by_value = |a: &usize, b: &usize| points[*a].value.total_cmp(&points[*b].value);
        let (least, greatest) = ((from..to).min_by(by_value), (from..to).max_by(by_value));
        kept.extend(least.into_iter().chain(greatest));
        from = to;
    }
    kept.push(points.len() - 1);
    kept.sort_unstable();
    kept.dedup();
    kept
}

/// The number to six significant digits, which is more than any screen shows.
fn short(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    format!("{value:.5e}").parse().unwrap_or(value)
}
