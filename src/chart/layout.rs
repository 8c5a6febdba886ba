//! Where everything of a scene stands on the canvas: rectangles and baselines, measured with the embedded font.
//!
//! A picture is laid out in units of a 1600 pixel wide one and scaled to the size asked for, so that it looks the same at
//! any size and its words stay readable at half of the default.

use super::phases::{self, Band};
use super::scene::{Entry, Scene};
use super::text::{self, Weight};

/// The sizes of words, in units; a long title is set smaller, down to the least.
const TITLE: f64 = 33.0;
const LEAST_TITLE: f64 = 27.0;
pub(super) const SUBTITLE: f64 = 21.0;
pub(super) const HEADING: f64 = 22.0;
pub(super) const LEGEND: f64 = 19.0;
pub(super) const TICK: f64 = 20.0;
pub(super) const NOTE: f64 = 18.5;

const WIDTH: f64 = 1600.0;
const HEIGHT: f64 = 900.0;
const LEFT: f64 = 150.0;
const RIGHT: f64 = 56.0;
/// The left edge of titles and notes.
pub(super) const EDGE: f64 = 44.0;
/// The length of a legend's swatch and the room around it.
pub(super) const SWATCH: f64 = 34.0;
const SWATCH_GAP: f64 = 10.0;
const ENTRY_GAP: f64 = 30.0;
const LEGEND_ROW: f64 = 28.0;
/// The height of one row of marks' words.
const MARK_ROW: f64 = 26.0;
/// The height of the strip that names the phases, and the room above the plot below it.
const PHASE_ROW: f64 = 27.0;
/// At most so many rows of marks' words.
const MARK_ROWS: usize = 3;
/// The least height of an overview's panel of weight 1, with its heading.
const PANEL: f64 = 190.0;
/// The most lines of a title and of the notes.
const TITLE_LINES: usize = 2;
const NOTE_LINES: usize = 2;
const NOTES: usize = 4;

/// A rectangle; y grows downwards.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rect {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) right: f64,
    pub(super) bottom: f64,
}

/// Words and where their baseline begins.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Words {
    pub(super) text: String,
    pub(super) x: f64,
    pub(super) baseline: f64,
}

/// One entry of a legend and where its swatch begins.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct PlacedEntry {
    pub(super) entry: Entry,
    pub(super) x: f64,
    pub(super) baseline: f64,
}

/// Where one panel stands.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct PanelPlace {
    pub(super) heading: Words,
    pub(super) legend: Vec<PlacedEntry>,
    pub(super) plot: Rect,
}

/// Where everything stands.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Layout {
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) title: Vec<Words>,
    pub(super) title_size: f64,
    pub(super) subtitle: Words,
    pub(super) panels: Vec<PanelPlace>,
    /// The bands of the phases, and the strip in which their names stand; `None` where there are no phases.
    pub(super) phases: Option<(Rect, Vec<Band>)>,
    /// One for each mark of the scene; `None` where there was no room for its words.
    pub(super) marks: Vec<Option<Words>>,
    pub(super) notes: Vec<Words>,
    /// The baselines of the time axis' numbers and of its words.
    pub(super) time_ticks: f64,
    pub(super) time_label: f64,
}

/// The size of a picture in pixels, and pixels per unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Canvas {
    pub(super) width_px: u32,
    pub(super) height_px: u32,
}

impl Canvas {
    /// Pixels per unit.
    pub(super) fn scale(self) -> f64 {
        (f64::from(self.width_px) / WIDTH).min(f64::from(self.height_px) / HEIGHT)
    }

    /// Pixel columns of a plot.
    pub(super) fn columns(self) -> usize {
        (f64::from(self.width_px) - (LEFT + RIGHT) * self.scale()).max(1.0).ceil() as usize
    }

    /// The canvas of an overview: as wide, and as tall as its panels need.
    #[must_use]
    pub(super) fn for_panels(self, scene: &Scene) -> Self {
        let panels: f64 = scene.panels.iter().map(|panel| panel.weight * PANEL).sum();
        let strip = if scene.phases.is_empty() { 0.0 } else { PHASE_ROW };
        let needed = (panels + strip + 260.0 + 26.0 * scene.notes.len() as f64) * self.scale();
        Self { height_px: self.height_px.max(needed.ceil() as u32), ..self }
    }
}

/// Places a scene on a canvas; `scale` is that of the canvas which was asked for, before it grew for its panels.
pub(super) fn place(scene: &Scene, canvas: Canvas, scale: f64) -> Layout {
    let (width, height) = (f64::from(canvas.width_px) / scale, f64::from(canvas.height_px) / scale);
    let inner = width - EDGE - RIGHT;
    let words = text::clean(&scene.title);
    // A title that is a little too long is set smaller before it is broken.
    let size_that_fits = TITLE * (inner / text::width(&words, TITLE, Weight::Bold)).min(1.0);
    let title_size = if size_that_fits >= LEAST_TITLE { size_that_fits } else { LEAST_TITLE };
    let title_lines = text::wrap(&words, title_size, Weight::Bold, inner, TITLE_LINES);
    let mut y = 56.0;
    let title: Vec<Words> = stacked(title_lines, EDGE, &mut y, 42.0);
    let subtitle = text::fitted(&text::clean(&scene.subtitle), SUBTITLE, Weight::Regular, inner);
    let subtitle = Words { text: subtitle, x: EDGE, baseline: y - 4.0 };
    y += 24.0;

    let strip = phases::place(&scene.phases, &scene.time, LEFT, width - RIGHT);
    let note_lines: Vec<String> = scene
        .notes
        .iter()
        .take(NOTES)
        .chain(&strip.note)
        .flat_map(|note| text::wrap(&text::clean(note), NOTE, Weight::Regular, inner, NOTE_LINES))
        .collect();
    let mut note_y = height - 24.0 - 25.0 * (note_lines.len().max(1) - 1) as f64;
    let bottom = if note_lines.is_empty() { height - 14.0 } else { note_y - 28.0 };
    let notes = stacked(note_lines, EDGE, &mut note_y, 25.0);

    let (time_label, time_ticks) = (bottom - 6.0, bottom - 34.0);
    let (marks, rows) = place_marks(scene, width);
    let strip_height = if strip.bands.is_empty() { 0.0 } else { PHASE_ROW };
    let first_plot_extra = rows as f64 * MARK_ROW + strip_height;
    let panels = place_panels(scene, width, Rows { top: y, bottom: time_ticks - 24.0, marks: first_plot_extra });
    let first_plot = panels.first().map_or(y, |panel| panel.plot.top);
    let marks_top = first_plot - first_plot_extra;
    let marks = marks.into_iter().map(|mark| {
        mark.map(|(row, words)| Words { baseline: marks_top + (row as f64 + 1.0) * MARK_ROW - 8.0, ..words })
    });
    let phases = (!strip.bands.is_empty()).then_some((
        Rect { left: LEFT, top: first_plot - strip_height, right: width - RIGHT, bottom: first_plot - 2.0 },
        strip.bands,
    ));
    let marks = marks.collect();
    Layout { width, height, title, title_size, subtitle, panels, phases, marks, notes, time_ticks, time_label }
}

fn stacked(lines: Vec<String>, x: f64, y: &mut f64, step: f64) -> Vec<Words> {
    let place = |text| {
        let words = Words { text, x, baseline: *y };
        *y += step;
        words
    };
    lines.into_iter().map(place).collect()
}

#[derive(Clone, Copy)]
struct Rows {
    top: f64,
    bottom: f64,
    marks: f64,
}

fn place_panels(scene: &Scene, width: f64, rows: Rows) -> Vec<PanelPlace> {
    let weights: f64 = scene.panels.iter().map(|panel| panel.weight).sum::<f64>().max(1.0);
    let per_weight = (rows.bottom - rows.top - rows.marks) / weights;
    let mut top = rows.top;
    let mut places = Vec::new();
    for (index, (panel, legend)) in scene.panels.iter().zip(scene.legends()).enumerate() {
        let marks = if index == 0 { rows.marks } else { 0.0 };
        let bottom = top + per_weight * panel.weight + marks;
        let baseline = top + 30.0;
        let room = width - RIGHT - LEFT;
        let heading = text::fitted(&text::clean(&panel.heading), HEADING, Weight::Bold, width - RIGHT - EDGE);
        // The heading begins at the edge of the titles where there are several, above its axis where there is one.
        let heading = Words { text: heading, x: EDGE + 16.0, baseline };
        let taken = heading.x + text::width(&heading.text, HEADING, Weight::Bold) + 2.0 * ENTRY_GAP;
        let (legend, legend_rows) = place_legend(&legend, LEFT + room, taken, baseline);
        let plot_top = baseline + 24.0 + (legend_rows as f64 - 1.0).max(0.0) * LEGEND_ROW + marks;
        let gap = if scene.panels.len() > 1 { 12.0 } else { 0.0 };
        let plot =
            Rect { left: LEFT, top: plot_top, right: width - RIGHT, bottom: (bottom - gap).max(plot_top + 20.0) };
        places.push(PanelPlace { heading, legend, plot });
        top = bottom;
    }
    places
}

/// Rows of entries that end at the right edge: one beside the heading where all have room there, else rows below it.
fn place_legend(entries: &[Entry], right: f64, taken: f64, baseline: f64) -> (Vec<PlacedEntry>, usize) {
    let measured: Vec<(Entry, f64)> = entries
        .iter()
        .map(|entry| {
            let label = text::fitted(&text::clean(&entry.label), LEGEND, Weight::Regular, 0.5 * right);
            let long = SWATCH + SWATCH_GAP + text::width(&label, LEGEND, Weight::Regular) + ENTRY_GAP;
            (Entry { label, ..entry.clone() }, long)
        })
        .collect();
    let all: f64 = measured.iter().map(|(_, long)| long).sum::<f64>() - ENTRY_GAP;
    let mut rows: Vec<Vec<(Entry, f64)>> = vec![Vec::new()];
    let mut left = right - taken;
    if all > left {
        rows.push(Vec::new());
        left = right - LEFT;
    }
    for (entry, long) in measured {
        if long - ENTRY_GAP > left {
            rows.push(Vec::new());
            left = right - LEFT;
        }
        left -= long;
        if let Some(row) = rows.last_mut() {
            row.push((entry, long));
        }
    }
    let mut placed = Vec::new();
    for (row, entries) in rows.iter().enumerate() {
        let mut x = right + ENTRY_GAP - entries.iter().map(|(_, long)| long).sum::<f64>();
        for (entry, long) in entries {
            placed.push(PlacedEntry { entry: entry.clone(), x, baseline: baseline + row as f64 * LEGEND_ROW });
            x += long;
        }
    }
    (placed, rows.len())
}

/// Gives each mark's words the first row in which they run into no others, beside its line or, near the right edge, to
/// the left of it; the row and the words for each mark, and the rows used.
fn place_marks(scene: &Scene, width: f64) -> (Vec<Option<(usize, Words)>>, usize) {
    let (left, right) = (LEFT, width - RIGHT);
    let mut taken: Vec<Vec<(f64, f64)>> = Vec::new();
    let mut places = Vec::new();
    for mark in &scene.marks {
        let at = left + scene.time.share(mark.at_s) * (right - left);
        let words = text::fitted(&text::clean(&mark.label), LEGEND, Weight::Regular, 0.4 * width);
        let long = text::width(&words, LEGEND, Weight::Regular);
        let x = if at + 6.0 + long <= right { at + 6.0 } else { at - 6.0 - long };
        let span = (x - 12.0, x + long + 12.0);
        let is_free = |row: &Vec<(f64, f64)>| row.iter().all(|other| span.1 < other.0 || span.0 > other.1);
        let row = taken.iter().position(is_free).unwrap_or(taken.len());
        if row >= MARK_ROWS {
            places.push(None);
            continue;
        }
        if row == taken.len() {
            taken.push(Vec::new());
        }
        taken[row].push(span);
        places.push(Some((row, Words { text: words, x, baseline: 0.0 })));
    }
    (places, taken.len())
}
