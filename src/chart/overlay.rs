//! Several runs, or files of series, over each other: one picture for each metric that at least two of them have, and an
//! overview of these, on the time since the start of each.
//!
//! Each run has a letter, a colour and a dash pattern of its own, the same in every picture. Fits, warm-up, phases and
//! marks belong to one run and are left to its own charts.

use crate::domain::{Assessment, Finding, Role, Series, Unit, Verdict, rate};

use super::axis::{self, Extent};
use super::compose::axis_start;
use super::decimate::{self, Window};
use super::names;
use super::overview::is_worth_drawing;
use super::scene::{Line, Panel, Scene};
use super::source::Source;
use super::theme::Ink;
use super::title;

/// Steps between ticks of the values, at most: in a picture of one metric, in the overview, and of the time axis.
const VALUE_STEPS: usize = 9;
const PANEL_STEPS: usize = 5;
const TIME_STEPS: usize = 12;
/// Panels of the overview at most: files may share thousands of columns.
const PANELS: usize = 24;
/// Pixel columns that one step of the middle line stands for.
const MIDDLE_COLUMNS: usize = 8;

/// One of the runs that are drawn over each other.
#[derive(Clone, Copy, Debug)]
pub struct Overlaid<'a> {
    /// What was measured.
    pub source: Source<'a>,
    /// What it says.
    pub assessment: &'a Assessment,
    /// The input as it was named.
    pub name: &'a str,
}

/// The series of one metric, each with the number of its run; a run that lacks the metric is left out.
pub(super) struct Shared<'a> {
    /// The metric's name.
    pub(super) name: &'a str,
    of: Vec<(usize, &'a Series)>,
}

/// Makes scenes of several runs.
pub(super) struct Overlay<'a> {
    runs: &'a [Overlaid<'a>],
    names: Vec<String>,
    window: Window,
}

impl<'a> Overlay<'a> {
    pub(super) fn new(runs: &'a [Overlaid<'a>], columns: usize) -> Self {
        let spans: Vec<(f64, f64)> = runs.iter().map(|run| run.source.span_s()).collect();
        let low_s = spans.iter().map(|span| span.0).fold(f64::INFINITY, f64::min);
        let high_s = spans.iter().map(|span| span.1).fold(f64::NEG_INFINITY, f64::max);
        let names = names::short(&runs.iter().map(|run| run.name).collect::<Vec<_>>());
        Self { runs, names, window: Window { low_s, high_s, columns } }
    }

    /// The short names of the runs.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// Every metric that at least two runs have in the same unit, in the order of the first run that has it.
    pub(super) fn shared(&self) -> Vec<Shared<'a>> {
        let mut all: Vec<Shared<'a>> = Vec::new();
        for (number, run) in self.runs.iter().enumerate() {
            for series in run.source.set.series.iter().filter(|series| series.role != Role::Context) {
                if !is_worth_drawing(series) {
                    continue;
                }
                let same = |shared: &&mut Shared<'_>| {
                    shared.name == series.name && shared.of.iter().all(|(_, other)| other.unit == series.unit)
                };
                match all.iter_mut().find(same) {
                    Some(shared) => shared.of.push((number, series)),
                    None => all.push(Shared { name: &series.name, of: vec![(number, series)] }),
                }
            }
        }
        all.retain(|shared| shared.of.len() > 1);
        all
    }

    /// The picture of one metric.
    pub(super) fn metric(&self, shared: &Shared<'_>) -> Scene {
        let mut panel = self.panel(shared, VALUE_STEPS);
        let findings = self.findings(shared);
        let title = title::side_by_side(label(shared), &findings);
        panel.heading = match panel_unit(shared) {
            Unit::Number => format!("{} (unit unknown)", label(shared)),
            _ => label(shared).to_owned(),
        };
        let mut notes = Vec::new();
        if panel.values.low > 0.0 {
            notes.push(format!("The axis starts at {}, not at zero.", axis_start(&panel.values)));
        }
        if shared.of.len() < self.runs.len() {
            notes.push(format!("{} of the {} runs have it.", shared.of.len(), self.runs.len()));
        }
        let verdict = worst(findings.iter().filter_map(|(_, finding)| finding.map(|finding| finding.verdict)));
        self.scene(title, verdict, vec![panel], notes)
    }

    /// The overview: a panel for each shared metric.
    pub(super) fn overview(&self, shared: &[Shared<'_>]) -> Scene {
        let panel = |shared: &Shared<'_>| Panel {
            heading: title::side_by_side(label(shared), &self.findings(shared)),
            verdict: worst(self.findings(shared).iter().filter_map(|(_, finding)| finding.map(|it| it.verdict))),
            ..self.panel(shared, PANEL_STEPS)
        };
        let panels: Vec<Panel> = shared.iter().take(PANELS).map(panel).collect();
        let mut notes = Vec::new();
        if panels.iter().any(|panel| panel.values.low > 0.0) {
            notes.push("Where an axis does not start at zero, its lowest number says so.".to_owned());
        }
        if shared.len() > PANELS {
            notes.push(format!("{} more metrics have a picture of their own only.", shared.len() - PANELS));
        }
        let verdicts: Vec<(&str, Verdict)> =
            self.names.iter().map(String::as_str).zip(self.runs.iter().map(|run| run.assessment.verdict)).collect();
        let title = title::runs_side_by_side(&verdicts);
        self.scene(title, worst(verdicts.iter().map(|(_, verdict)| *verdict)), panels, notes)
    }

    fn scene(&self, title: String, verdict: Option<Verdict>, panels: Vec<Panel>, notes: Vec<String>) -> Scene {
        let Window { low_s, high_s, .. } = self.window;
        Scene {
            verdict,
            title,
            subtitle: self.subtitle(),
            time: axis::time_axis(low_s, high_s, TIME_STEPS),
            time_label: "time since the start of each".to_owned(),
            projected_from_s: None,
            panels,
            phases: Vec::new(),
            marks: Vec::new(),
            left_out: Vec::new(),
            ticks_s: Vec::new(),
            notes,
        }
    }

    fn subtitle(&self) -> String {
        let lengths: Vec<f64> = self.runs.iter().map(|run| run.source.set.span_s()).collect();
        let least = lengths.iter().copied().fold(f64::INFINITY, f64::min);
        let most = lengths.iter().copied().fold(0.0, f64::max);
        let (least, most) = (rate::about(least), rate::about(most));
        let observed = if least == most { most } else { format!("{least} to {most}") };
        format!("{} over each other  \u{2022}  {observed} observed", rate::counted(self.runs.len(), "run"))
    }

    fn panel(&self, shared: &Shared<'_>, steps: usize) -> Panel {
        // The first run, whose line is whole, lies lowest: it shows through the dashes of the others.
        let lines: Vec<Line> = shared.of.iter().map(|&(number, series)| self.line(number, series)).collect();
        let extent = lines.iter().flat_map(Line::points).fold(Extent::EMPTY, |extent, point| extent.with(point.value));
        let unit = panel_unit(shared);
        Panel {
            verdict: None,
            heading: String::new(),
            values: axis::value_axis(unit, axis::value_range(unit, extent), steps),
            lines,
            fit: None,
            warm_up_until_s: None,
            onset_s: None,
            limit: None,
            empty: None,
            weight: 1.0,
        }
    }

    fn line(&self, number: usize, series: &Series) -> Line {
        let set = self.runs[number].source.set;
        let (at, parts) = (&set.elapsed_s, set.incarnation.as_deref());
        let values = series.values.iter().filter(|value| value.is_finite()).count();
        let coarse = Window { columns: (self.window.columns / MIDDLE_COLUMNS).max(1), ..self.window };
        Line {
            name: format!("{}  {}", letter(number), self.names[number]),
            ink: Ink::Run(number),
            strokes: decimate::strokes(at, &series.values, parts, self.window),
            // Few values are their own middle.
            middle: if values > coarse.columns {
                decimate::middles(at, &series.values, parts, coarse)
            } else {
                Vec::new()
            },
            values,
        }
    }

    /// What each run says of a metric, by the run's name.
    fn findings(&self, shared: &Shared<'_>) -> Vec<(&str, Option<&'a Finding>)> {
        let of_run =
            |number: usize| self.runs[number].assessment.findings.iter().find(|finding| finding.metric == shared.name);
        shared.of.iter().map(|&(number, _)| (self.names[number].as_str(), of_run(number))).collect()
    }
}

fn label<'a>(shared: &Shared<'a>) -> &'a str {
    shared.of.first().map_or("", |(_, series)| &series.label)
}

fn panel_unit(shared: &Shared<'_>) -> Unit {
    shared.of.first().map_or(Unit::Number, |(_, series)| series.unit)
}

/// The letter of a run: A to Z, then AA.
pub(super) fn letter(number: usize) -> String {
    let last = char::from(b'A' + (number % 26) as u8);
    if number < 26 { last.to_string() } else { letter(number / 26 - 1) + &last.to_string() }
}

fn worst(verdicts: impl Iterator<Item = Verdict>) -> Option<Verdict> {
    verdicts.min_by_key(|verdict| match verdict {
        Verdict::Growing => 0,
        Verdict::Inconclusive => 1,
        Verdict::Steady => 2,
    })
}
