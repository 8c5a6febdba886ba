//! What a picture shows, as pure data: titles, panels, lines, fits, shades, limits, marks. No pixels, no colours.
//!
//! [`super::compose`] makes scenes from a record and its assessment, [`super::paint`] draws them. Tests look at scenes.

use crate::domain::Verdict;
use crate::domain::mark::Mark;
use crate::domain::rate;

use super::axis::Axis;
use super::decimate::{Point, Stroke};
use super::phases::Phase;
use super::theme::Ink;

/// One picture.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Scene {
    /// The verdict that the title tells, for the bar beside it; `None` where nothing was judged.
    pub(super) verdict: Option<Verdict>,
    /// The finding in one line.
    pub(super) title: String,
    /// Who was watched, where, when, for how long.
    pub(super) subtitle: String,
    /// The time axis that all panels share, in seconds since the start.
    pub(super) time: Axis,
    /// The words under the time axis.
    pub(super) time_label: String,
    /// From here on nothing was observed, only projected; `None` where the axis ends with the record.
    pub(super) projected_from_s: Option<f64>,
    /// The panels, the uppermost first.
    pub(super) panels: Vec<Panel>,
    /// What the trend leaves out, from and to in seconds since the start, striped through all panels.
    pub(super) left_out: Vec<(f64, f64)>,
    /// The phases of the run, shaded through all panels and named above them.
    pub(super) phases: Vec<Phase>,
    /// What happened at one instant, through all panels.
    pub(super) marks: Vec<Mark>,
    /// Instants at which something small and frequent happened: processes that came and went.
    pub(super) ticks_s: Vec<f64>,
    /// Sentences under the picture.
    pub(super) notes: Vec<String>,
}

/// One plot of values over time.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Panel {
    /// The verdict that the heading tells; `None` for a heading that tells none.
    pub(super) verdict: Option<Verdict>,
    /// What the panel shows: the metric and its unit, or on an overview its finding.
    pub(super) heading: String,
    /// The axis of the values.
    pub(super) values: Axis,
    /// The lines, the lowest first.
    pub(super) lines: Vec<Line>,
    /// The fitted curve.
    pub(super) fit: Option<Fit>,
    /// From the start until here is warm-up.
    pub(super) warm_up_until_s: Option<f64>,
    /// Where growth began.
    pub(super) onset_s: Option<f64>,
    /// The ceiling, where it is near enough to matter.
    pub(super) limit: Option<Limit>,
    /// What stands in place of the data where there are none.
    pub(super) empty: Option<String>,
    /// How tall the panel is beside the others.
    pub(super) weight: f64,
}

/// One series as it is drawn.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Line {
    /// Its words in the legend.
    pub(super) name: String,
    /// Its part in the panel.
    pub(super) ink: Ink,
    /// What is drawn, broken at gaps.
    pub(super) strokes: Vec<Stroke>,
    /// Where a dense line among those of other runs has its middle; empty where the line itself can be followed.
    pub(super) middle: Vec<Stroke>,
    /// How many values it stands for.
    pub(super) values: usize,
}

impl Line {
    /// Every point that is drawn.
    pub(super) fn points(&self) -> impl Iterator<Item = Point> + '_ {
        self.strokes.iter().flatten().copied()
    }

    /// Whether it stands for so few values that each can be seen.
    pub(super) fn is_sparse(&self) -> bool {
        self.values <= 40
    }
}

/// One point of a fitted curve with its band.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct BandPoint {
    /// Seconds since the start.
    pub(super) at_s: f64,
    /// The fitted value.
    pub(super) value: f64,
    /// The lower edge of the band.
    pub(super) low: f64,
    /// The upper edge of the band.
    pub(super) high: f64,
}

/// A fitted curve, only over what it was fitted on.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Fit {
    /// The curve, ascending in time.
    pub(super) curve: Vec<BandPoint>,
    /// The straight way from its end to the limit, where that is drawn.
    pub(super) projection: Option<[Point; 2]>,
}

/// A ceiling.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Limit {
    /// The ceiling's value.
    pub(super) value: f64,
    /// The words on its line.
    pub(super) label: String,
}

/// How an entry of the legend is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Swatch {
    /// A series' line.
    Line(Ink),
    /// The fitted line over its band.
    Fit,
    /// The shade of warm-up.
    WarmUp,
    /// The stripes of what the trend leaves out.
    LeftOut,
    /// The dashed line of the onset.
    Onset,
    /// The dashed continuation of the fit.
    Projection,
}

/// One entry of a legend.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    /// What is drawn before the words.
    pub(super) swatch: Swatch,
    /// The words.
    pub(super) label: String,
}

/// Whether an entry speaks of one panel, with its numbers, or of several.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Detail {
    Own,
    Shared,
}

impl Scene {
    /// The legend of each panel: an entry for everything that is drawn and not labelled where it stands. Among several
    /// panels an entry stands once, in the uppermost panel that needs it, and a panel's only line is named by its heading.
    pub(super) fn legends(&self) -> Vec<Vec<Entry>> {
        let several = self.panels.len() > 1;
        let detail = if several { Detail::Shared } else { Detail::Own };
        let mut told: Vec<Entry> = Vec::new();
        let mut legends = Vec::new();
        for panel in &self.panels {
            let lines = panel.lines_of_legend();
            // The lines of one panel belong to it, but runs are the same in all panels.
            let (runs, mut entries): (Vec<Entry>, Vec<Entry>) =
                lines.into_iter().partition(|entry| matches!(entry.swatch, Swatch::Line(Ink::Run(_))));
            if several && entries.len() == 1 {
                entries.clear();
            }
            let left_out = Entry { swatch: Swatch::LeftOut, label: "left out of the trend".to_owned() };
            let left_out = (!self.left_out.is_empty() && panel.empty.is_none()).then_some(left_out);
            for entry in runs.into_iter().chain(panel.rest_of_legend(detail)).chain(left_out) {
                if !told.contains(&entry) {
                    told.push(entry.clone());
                    entries.push(entry);
                }
            }
            legends.push(entries);
        }
        legends
    }
}

impl Panel {
    fn lines_of_legend(&self) -> Vec<Entry> {
        let entry = |line: &Line| Entry { swatch: Swatch::Line(line.ink), label: line.name.clone() };
        let of_ink = |ink: Ink| self.lines.iter().filter(move |line| line.ink == ink);
        let runs = self.lines.iter().filter(|line| matches!(line.ink, Ink::Run(_)));
        [Ink::Main, Ink::Second, Ink::Third, Ink::Alarm].into_iter().flat_map(of_ink).chain(runs).map(entry).collect()
    }

    /// What is no line; without its own numbers where several panels share the words.
    fn rest_of_legend(&self, detail: Detail) -> Vec<Entry> {
        let entry = |swatch, label: &str| Entry { swatch, label: label.to_owned() };
        let mut entries = Vec::new();
        if let Some(fit) = &self.fit {
            entries.push(entry(Swatch::Fit, "fit with 95 % band"));
            if fit.projection.is_some() {
                entries.push(entry(Swatch::Projection, "projected"));
            }
        }
        if let Some(until) = self.warm_up_until_s {
            let length = if detail == Detail::Shared { String::new() } else { format!(", {}", rate::about(until)) };
            entries.push(entry(Swatch::WarmUp, &format!("warm-up{length}")));
        }
        if let Some(onset) = self.onset_s {
            let after = if detail == Detail::Shared { String::new() } else { format!(" after {}", rate::about(onset)) };
            entries.push(entry(Swatch::Onset, &format!("growth begins{after}")));
        }
        entries
    }
}
