//! The overview: every panel of a run on one time axis, memory first, the traffic last.

use crate::domain::rate;
use crate::domain::{Role, Series, Unit, Verdict};

use super::axis::{self, Extent};
use super::compose::{Composer, sentence};
use super::decimate::{self, Stroke};
use super::scene::{Line, Panel, Scene};
use super::theme::Ink;
use super::title;

/// Steps between ticks of a panel's values, at most.
const VALUE_STEPS: usize = 5;

/// Panels at most: a CSV may have thousands of columns, and a picture of as many panels cannot be looked at.
const PANELS: usize = 24;

/// The panels that known metrics share, by name; a metric alone in its row has a panel of its own. At most three share
/// one, for there are no more colours. Metrics that stand nowhere here, as those of a CSV, each get a panel.
const GROUPS: [&[&str]; 9] = [
    &["rss_anon", "rss", "swap"],
    &["pss", "uss"],
    &["tree_rss_anon", "tree_rss", "tree_pss"],
    &["cgroup_memory", "cgroup_anon"],
    &["vms", "tree_vms"],
    &["fds", "tree_fds"],
    &["threads", "tree_threads"],
    &["procs", "zombies"],
    &["tree_procs", "tree_zombies"],
];

impl Composer<'_> {
    /// The scene of the whole run.
    pub(super) fn overview(&self) -> Scene {
        let mut groups = self.groups();
        let left_out = groups.len().saturating_sub(PANELS);
        if left_out > 0 {
            // What decides and grows stays.
            groups.sort_by_key(|group| group.iter().map(|series| self.rank(series)).min());
            groups.truncate(PANELS);
        }
        let mut panels: Vec<Panel> = groups.iter().map(|group| self.group_panel(group)).collect();
        panels.extend(self.traffic_panels());
        if panels.is_empty() {
            panels.push(self.panel(&[], None, None, VALUE_STEPS));
        }
        let mut notes = self.overview_notes();
        if panels.iter().any(|panel| panel.empty.is_none() && panel.values.low > 0.0) {
            notes.push("Where an axis does not start at zero, its lowest number says so.".to_owned());
        }
        if left_out > 0 {
            notes.push(format!("{} stand in pictures of their own only.", rate::counted(left_out, "more metric")));
        }
        let mut scene = self.scene(panels, notes);
        scene.verdict = Some(self.assessment.verdict);
        scene.title = title::of_run(self.assessment);
        scene
    }

    /// The series of each panel, the panels in order.
    fn groups(&self) -> Vec<Vec<&Series>> {
        let mut groups: Vec<Vec<&Series>> = Vec::new();
        for names in GROUPS {
            let members = names.iter().filter_map(|name| self.source.set.get(name));
            groups.push(members.filter(|series| is_worth_drawing(series)).collect());
        }
        let known = |series: &Series| GROUPS.iter().any(|names| names.contains(&series.name.as_str()));
        for series in &self.source.set.series {
            if series.role != Role::Context && !known(series) && is_worth_drawing(series) {
                groups.push(vec![series]);
            }
        }
        groups.retain(|group| !group.is_empty());
        groups
    }

    fn group_panel(&self, group: &[&Series]) -> Panel {
        let inks = [Ink::Main, Ink::Second, Ink::Third];
        let mut group = group.to_vec();
        group.sort_by_key(|series| self.rank(series));
        let shown: Vec<(&Series, Ink)> = group.iter().copied().zip(inks).collect();
        let finding = group.first().and_then(|series| self.finding(&series.name));
        let mut panel = self.panel(&shown, finding, None, VALUE_STEPS);
        panel.heading = match (finding, &group[..]) {
            (Some(finding), _) => title::of_finding(finding),
            (None, [first, ..]) => first.label.clone(),
            (None, []) => String::new(),
        };
        if group.iter().any(|series| series.name == "rss_anon" || series.name == "rss") {
            panel.weight = 1.5;
        }
        panel
    }

    /// The heading speaks of what decides and, among that, of what grows.
    fn rank(&self, series: &Series) -> (bool, u8) {
        let finding = self.finding(&series.name);
        let verdict = finding.map_or(3, |finding| match finding.verdict {
            Verdict::Growing => 0,
            Verdict::Inconclusive => 1,
            Verdict::Steady => 2,
        });
        (finding.is_none_or(|finding| finding.role != Role::Decides), verdict)
    }

    fn overview_notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if let Some(crossing) = &self.assessment.crossed {
            notes.push(sentence(crossing));
        }
        if !self.assessment.reason.is_empty() {
            notes.push(sentence(&self.assessment.reason));
        }
        for series in &self.source.set.series {
            if let Some(reason) =
                series.unreadable.as_deref().filter(|_| series.values.iter().all(|value| value.is_nan()))
            {
                notes.push(sentence(&format!("{} was not read: {reason}", series.label)));
            }
        }
        notes
    }

    fn traffic_panels(&self) -> Vec<Panel> {
        let mut panels = Vec::new();
        panels.extend(self.turns_panel());
        panels.extend(self.latency_panel());
        panels
    }

    /// Turns and errors per second.
    fn turns_panel(&self) -> Option<Panel> {
        let ticks = self.source.traffic;
        let (at, turns): (Vec<f64>, Vec<f64>) = if ticks.is_empty() {
            let known = self.source.set.turns.as_ref()?;
            self.source
                .set
                .elapsed_s
                .iter()
                .copied()
                .zip(known.iter().copied())
                .filter(|(_, turns)| turns.is_finite())
                .unzip()
        } else {
            ticks.iter().map(|tick| (tick.at.as_secs_f64(), tick.turns as f64)).unzip()
        };
        if at.len() < 2 {
            return None;
        }
        let errors: Vec<f64> = ticks.iter().map(|tick| tick.errors as f64).collect();
        let failed = errors.last().copied().unwrap_or_default();
        let mut lines = vec![self.line("turns per second", Ink::Main, &per_second(&at, &turns))];
        if failed > 0.0 {
            // Above the turns, for it is what must not be overlooked.
            lines.push(self.line("errors per second", Ink::Alarm, &per_second(&at, &errors)));
        }
        let mean = (turns[turns.len() - 1] - turns[0]) / (at[at.len() - 1] - at[0]);
        let outcome = match (ticks.is_empty(), failed > 0.0) {
            (true, _) => String::new(),
            (false, false) => ", no errors".to_owned(),
            (false, true) => format!(", {} in all", rate::counted(failed as usize, "error")),
        };
        let heading = format!("Turns per second: {} on average{outcome}", rate::amount(mean, Unit::Count));
        Some(plain_panel(Unit::Number, heading, lines))
    }

    /// The percentiles of latency, second by second.
    fn latency_panel(&self) -> Option<Panel> {
        let known: Vec<_> = self
            .source
            .traffic
            .iter()
            .filter_map(|tick| tick.latency.map(|latency| (tick.at.as_secs_f64(), latency)))
            .collect();
        if known.is_empty() {
            return None;
        }
        let mut lines = Vec::new();
        let mut typical = Vec::new();
        // The slowest first, so that the others lie above it.
        for (name, ink, percentile) in [("p99", Ink::Third, 2), ("p95", Ink::Second, 1), ("p50", Ink::Main, 0)] {
            let points: Vec<(f64, f64)> = known
                .iter()
                .map(|(at, latency)| (*at, [latency.p50, latency.p95, latency.p99][percentile].as_secs_f64() * 1e3))
                .collect();
            let mut values: Vec<f64> = points.iter().map(|point| point.1).collect();
            let middle = values.len() / 2;
            let median = *values.select_nth_unstable_by(middle, f64::total_cmp).1;
            typical.push(format!("{name} {}", rate::amount(median, Unit::Milliseconds)));
            lines.push(self.line(name, ink, &points));
        }
        typical.reverse();
        let heading = format!("Latency: {} in the typical second", typical.join(", "));
        Some(plain_panel(Unit::Milliseconds, heading, lines))
    }

    fn line(&self, name: &str, ink: Ink, points: &[(f64, f64)]) -> Line {
        let (at, values): (Vec<f64>, Vec<f64>) = points.iter().copied().unzip();
        let strokes: Vec<Stroke> = decimate::strokes(&at, &values, None, self.window);
        Line { name: name.to_owned(), ink, strokes, middle: Vec::new(), values: points.len() }
    }
}

/// Growth of a running total per second, over stretches of a second or more.
fn per_second(at: &[f64], total: &[f64]) -> Vec<(f64, f64)> {
    let mut rates = Vec::new();
    let mut from = 0;
    for to in 1..at.len() {
        let passed = at[to] - at[from];
        // A tick that comes a little early still closes its second.
        if passed >= 0.9 {
            rates.push((at[to], (total[to] - total[from]) / passed));
            from = to;
        }
    }
    rates
}

fn plain_panel(unit: Unit, heading: String, lines: Vec<Line>) -> Panel {
    let extent =
        lines.iter().flat_map(Line::points).fold(Extent::EMPTY, |extent, point| extent.with(point.value)).with(0.0);
    Panel {
        verdict: None,
        heading,
        values: axis::value_axis(unit, axis::value_range(unit, extent), VALUE_STEPS),
        empty: lines.iter().all(|line| line.strokes.is_empty()).then(|| "no values".to_owned()),
        lines,
        fit: None,
        warm_up_until_s: None,
        onset_s: None,
        limit: None,
        weight: 1.0,
    }
}

/// Whether a series has anything to show: a value, and not zeros only where it is shown beside others.
pub(super) fn is_worth_drawing(series: &Series) -> bool {
    let mut known = series.values.iter().filter(|value| value.is_finite()).peekable();
    known.peek().is_some() && (series.role == Role::Decides || known.any(|value| *value != 0.0))
}
