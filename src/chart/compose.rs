//! From a source and its assessment to scenes: the metric's chart and the parts that all scenes share.
//!
//! [`super::overview`] puts several panels into one scene with the same parts.

use std::collections::HashMap;

use crate::domain::assessment::FitPoint;
use crate::domain::mark::{self, Mark};
use crate::domain::rate;
use crate::domain::run::EventKind;
use crate::domain::{Assessment, Elapsed, Finding, Series, Unit, Verdict, phase};

use super::axis::{self, Axis, Extent};
use super::decimate::{self, Point, Stroke, Window};
use super::phases::Phase;
use super::scene::{BandPoint, Fit, Limit, Line, Panel, Scene};
use super::source::Source;
use super::theme::Ink;
use super::title;

/// Steps between ticks of a metric chart's values and of any time axis, at most.
const VALUE_STEPS: usize = 9;
const TIME_STEPS: usize = 12;
/// Warm-up that is over within this share of the picture is too narrow to be seen as a shade.
const AT_ONCE: f64 = 0.01;
/// A projection is drawn where the limit is reached within this share of the time observed.
const PROJECTED_SHARE: f64 = 0.5;

/// Makes scenes of one source; series are thinned once and shared between scenes.
pub(super) struct Composer<'a> {
    pub(super) source: Source<'a>,
    pub(super) assessment: &'a Assessment,
    pub(super) window: Window,
    thinned: HashMap<&'a str, Vec<Stroke>>,
}

impl<'a> Composer<'a> {
    /// Thins every series to `columns` pixel columns.
    pub(super) fn new(source: Source<'a>, assessment: &'a Assessment, columns: usize) -> Self {
        let (low_s, high_s) = source.span_s();
        let window = Window { low_s, high_s, columns };
        let set = source.set;
        let thin = |values: &[f64]| decimate::strokes(&set.elapsed_s, values, set.incarnation.as_deref(), window);
        let thinned = set.series.iter().map(|series| (series.name.as_str(), thin(&series.values))).collect();
        Self { source, assessment, window, thinned }
    }

    /// The scene of one metric.
    pub(super) fn metric(&self, series: &Series) -> Scene {
        let finding = self.finding(&series.name);
        let projection = finding.and_then(|finding| self.projection(finding));
        let mut panel = self.panel(&[(series, Ink::Main)], finding, projection, VALUE_STEPS);
        panel.heading = match series.unit {
            Unit::Number => format!("{} (unit unknown)", series.label),
            _ => series.label.clone(),
        };
        for line in &mut panel.lines {
            "measured".clone_into(&mut line.name);
        }
        let mut notes = Vec::new();
        if let Some(finding) = finding.filter(|finding| !finding.reason.is_empty()) {
            let advice = finding.advice.as_deref().map_or_else(String::new, |advice| format!(" {}", sentence(advice)));
            notes.push(sentence(&finding.reason) + &advice);
        }
        if panel.values.low > 0.0 && panel.empty.is_none() {
            notes.push(format!("The axis starts at {}, not at zero.", axis_start(&panel.values)));
        }
        let mut scene = self.scene(vec![panel], notes);
        if let Some([_, crossing]) = projection {
            scene.projected_from_s = Some(self.window.high_s);
            scene.time = axis::time_axis(self.window.low_s, self.beyond(crossing.at_s), TIME_STEPS);
        }
        scene.verdict = finding.map(|finding| finding.verdict);
        scene.title = finding.map_or_else(|| unjudged_title(series), title::of_finding);
        scene
    }

    /// A scene around panels, without a title.
    pub(super) fn scene(&self, panels: Vec<Panel>, mut notes: Vec<String>) -> Scene {
        let (marks, ticks_s) = self.marks();
        if !ticks_s.is_empty() {
            notes.push(format!(
                "Small ticks on the time axis: processes of the tree came or went ({}).",
                times(ticks_s.len())
            ));
        }
        Scene {
            verdict: None,
            title: String::new(),
            subtitle: self.subtitle(),
            time: axis::time_axis(self.window.low_s, self.window.high_s, TIME_STEPS),
            time_label: "time since the start".to_owned(),
            projected_from_s: None,
            panels,
            left_out: self.left_out(),
            phases: self.phases(),
            marks,
            ticks_s,
            notes,
        }
    }

    /// A panel of series, the first of which is drawn on top and is the one that the finding speaks of.
    pub(super) fn panel(
        &self,
        shown: &[(&Series, Ink)],
        finding: Option<&Finding>,
        projection: Option<[Point; 2]>,
        steps: usize,
    ) -> Panel {
        let lines: Vec<Line> = shown
            .iter()
            .rev()
            .map(|&(series, ink)| Line {
                name: series.label.clone(),
                ink,
                strokes: self.strokes(series),
                middle: Vec::new(),
                values: series.values.iter().filter(|value| value.is_finite()).count(),
            })
            .collect();
        let unit = shown.first().map_or(Unit::Number, |(series, _)| series.unit);
        let fit = finding.and_then(|finding| fit_of(finding, projection));
        let mut extent = extent_of(&lines, fit.as_ref());
        let limit = finding.and_then(|finding| limit_of(finding, extent, projection));
        if let Some(limit) = &limit {
            extent = extent.with(limit.value);
        }
        let unreadable = shown.iter().find_map(|(series, _)| series.unreadable.as_deref());
        let empty = lines.iter().all(|line| line.strokes.is_empty()).then(|| match unreadable {
            Some(reason) => format!("not read: {reason}"),
            None => "no values".to_owned(),
        });
        let onset = finding.filter(|finding| finding.verdict == Verdict::Growing).and_then(|finding| finding.onset_s);
        let start = self.window.low_s + AT_ONCE * (self.window.high_s - self.window.low_s);
        let settled = finding.and_then(|finding| finding.settled_after_s).filter(|&settled| settled > start);
        Panel {
            verdict: finding.map(|finding| finding.verdict),
            heading: String::new(),
            values: axis::value_axis(unit, axis::value_range(unit, extent), steps),
            lines,
            fit,
            warm_up_until_s: settled,
            onset_s: onset.filter(|&onset| onset > self.window.low_s && Some(onset) != settled),
            limit,
            empty,
            weight: 1.0,
        }
    }

    pub(super) fn finding(&self, metric: &str) -> Option<&'a Finding> {
        self.assessment.findings.iter().find(|finding| finding.metric == metric)
    }

    fn strokes(&self, series: &Series) -> Vec<Stroke> {
        self.thinned.get(series.name.as_str()).cloned().unwrap_or_default()
    }

    /// The straight way from the end of the fit to the limit, where it is short enough to draw.
    fn projection(&self, finding: &Finding) -> Option<[Point; 2]> {
        let (end, left, limit) = (finding.fit.last()?, finding.time_to_limit_s?.estimate, finding.limit?);
        let span = self.window.high_s - self.window.low_s;
        let drawable = left.is_finite() && left > 0.0 && left <= PROJECTED_SHARE * span && limit > end.value;
        let crossing = Point { at_s: self.window.high_s + left, value: limit };
        drawable.then_some([Point { at_s: end.elapsed_s, value: end.value }, crossing])
    }

    fn beyond(&self, crossing_s: f64) -> f64 {
        crossing_s + 0.03 * (crossing_s - self.window.low_s)
    }

    fn subtitle(&self) -> String {
        let mut parts = Vec::new();
        match self.source.header {
            Some(header) => {
                let target = &header.target;
                let tree = if target.tree { " and its children" } else { "" };
                let name = if target.name.is_empty() { "?" } else { &target.name };
                let host = if header.host.name.is_empty() { "" } else { " on " };
                parts.push(format!("{name} (pid {}){tree}{host}{}", target.pid, header.host.name));
                if !header.started_at.is_empty() {
                    parts.push(wall_clock(&header.started_at));
                }
            }
            // A file's folder tells a reader elsewhere nothing.
            None => parts.push(self.source.name.rsplit('/').next().unwrap_or_default().to_owned()),
        }
        let samples = rate::counted(self.source.set.elapsed_s.len(), "sample");
        parts.push(format!("{} observed", rate::about(self.source.set.span_s())));
        parts.push(samples);
        let turns = self.source.set.turns.as_deref().and_then(|turns| turns.iter().rev().find(|turn| turn.is_finite()));
        if let Some(&turns) = turns {
            parts.push(rate::counted(turns as usize, "turn"));
        }
        parts.join("  \u{2022}  ")
    }

    /// What the trend leaves out, as far as the picture shows it.
    fn left_out(&self) -> Vec<(f64, f64)> {
        let Window { low_s, high_s, .. } = self.window;
        let held = self.assessment.left_out.iter().map(|&(from, to)| (from.max(low_s), to.min(high_s)));
        held.filter(|(from, to)| from < to).collect()
    }

    /// The phases, as far as the picture shows them.
    fn phases(&self) -> Vec<Phase> {
        let Window { low_s, high_s, .. } = self.window;
        let phases = phase::phases(self.source.events, Elapsed::from_secs_f64(high_s)).into_iter().map(|phase| Phase {
            name: phase.name,
            from_s: phase.from.as_secs_f64().max(low_s),
            to_s: phase.to.as_secs_f64().min(high_s),
        });
        phases.filter(|phase| phase.from_s < phase.to_s).collect()
    }

    /// Marks with words, and the instants of what is too frequent for words.
    fn marks(&self) -> (Vec<Mark>, Vec<f64>) {
        let held = |at_s: f64| at_s.clamp(self.window.low_s, self.window.high_s);
        let mut marks = mark::of_events(self.source.events);
        if self.source.header.is_none() {
            marks.extend(mark::of_series(self.source.set));
        }
        for mark in &mut marks {
            mark.at_s = held(mark.at_s);
        }
        let of_tree = self.source.events.iter().filter(|event| matches!(event.kind, EventKind::TreeChanged { .. }));
        (marks, of_tree.map(|event| held(event.at.as_secs_f64())).collect())
    }
}

fn extent_of(lines: &[Line], fit: Option<&Fit>) -> Extent {
    let data = lines.iter().flat_map(Line::points).fold(Extent::EMPTY, |extent, point| extent.with(point.value));
    let Some(fit) = fit.filter(|_| !data.is_empty()) else { return data };
    // A band that opens wide at its ends may not press the data flat: it is cut off at half of their span.
    let room = (0.5 * (data.high - data.low)).max(0.02 * data.high.abs());
    let held = |value: f64| value.clamp(data.low - room, data.high + room);
    let with_band = fit.curve.iter().fold(data, |extent, point| extent.with(held(point.low)).with(held(point.high)));
    // Below zero there is nothing to see of a size or a count.
    if data.low >= 0.0 { Extent { low: with_band.low.max(0.0), ..with_band } } else { with_band }
}

fn fit_of(finding: &Finding, projection: Option<[Point; 2]>) -> Option<Fit> {
    let point = |&FitPoint { elapsed_s, value, low, high }: &FitPoint| BandPoint { at_s: elapsed_s, value, low, high };
    let finite =
        |point: &BandPoint| [point.at_s, point.value, point.low, point.high].iter().all(|value| value.is_finite());
    let curve: Vec<BandPoint> = finding.fit.iter().map(point).filter(finite).collect();
    (curve.len() >= 2).then_some(Fit { curve, projection })
}

fn limit_of(finding: &Finding, extent: Extent, projection: Option<[Point; 2]>) -> Option<Limit> {
    if extent.is_empty() {
        return None;
    }
    let value = finding.near_limit(extent.high).or(projection.map(|[_, crossing]| crossing.value))?;
    let mut label = format!("limit {}", rate::quantity(value, finding.unit));
    if let Some(left) = finding.time_to_limit_s.filter(|left| left.estimate.is_finite()) {
        let [soonest, middle] = [left.low, left.estimate].map(rate::about);
        let latest =
            if left.high.is_finite() { format!("to {}", rate::about(left.high)) } else { "or never".to_owned() };
        label = format!("{label}, reached in {middle}");
        if latest != format!("to {soonest}") {
            label = format!("{label} ({soonest} {latest})");
        }
    }
    Some(Limit { value, label })
}

fn unjudged_title(series: &Series) -> String {
    match series.values.iter().rfind(|value| value.is_finite()) {
        Some(&last) => format!("{}: {} at the end", series.label, rate::quantity(last, series.unit)),
        None => format!("{}: nothing was read", series.label),
    }
}

/// The words of the lowest tick.
pub(super) fn axis_start(axis: &Axis) -> &str {
    axis.ticks.first().map_or("", |tick| tick.label.as_str())
}

/// `2026-11-21T08:00:05Z` as `2026-11-21 08:00:05 UTC`; anything else as it stands.
fn wall_clock(started_at: &str) -> String {
    let utc = started_at.strip_suffix('Z').or_else(|| started_at.strip_suffix("+00:00"));
    match utc.and_then(|utc| utc.split_once('T')) {
        Some((date, time)) => format!("{date} {} UTC", time.split('.').next().unwrap_or(time)),
        None => started_at.to_owned(),
    }
}

fn times(count: usize) -> String {
    if count == 1 { "once".to_owned() } else { format!("{} times", rate::grouped(count as f64)) }
}

/// Text that ends with a full stop and begins with a capital, unless with a name (`rss_anon: ...`).
pub(super) fn sentence(text: &str) -> String {
    let text = text.trim();
    let is_name = text.split(' ').next().is_some_and(|word| !word.chars().all(char::is_alphabetic));
    let mut letters = text.chars();
    let capital = letters.next().map(|first| first.to_uppercase().collect::<String>() + letters.as_str());
    let stop = if text.ends_with(['.', '!', '?']) { "" } else { "." };
    let begun = capital.filter(|_| !is_name).unwrap_or_else(|| text.to_owned());
    format!("{begun}{stop}")
}
