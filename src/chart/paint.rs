//! From a scene to SVG text: everything that the scene names, where the layout puts it, in the theme's colours.
//!
//! Within a panel the shades lie lowest, then the grid, the fit's band, the data, the fitted line, limits and marks.

use super::axis::Axis;
use super::decimate::Point;
use super::layout::{self, Canvas, Layout, PanelPlace, PlacedEntry, Rect};
use super::pen::{self, Anchor, Dashes, Face, Pen};
use super::phases::{self, Tint};
use super::render::ChartError;
use super::runs::dashes_of;
use super::scene::{Fit, Line, Panel, Scene, Swatch};
use super::text::{self, Weight};
use super::theme::{Ink, Palette, Theme};

pub(super) type Drawn = Result<(), ChartError>;

/// Draws a scene as an SVG of the canvas' size; `scale` is pixels per unit.
///
/// # Errors
/// [`ChartError::Font`] and [`ChartError::Draw`], which only a broken build can bring about.
pub(super) fn svg(scene: &Scene, canvas: Canvas, scale: f64, theme: Theme) -> Result<String, ChartError> {
    text::register()?;
    let layout = layout::place(scene, canvas, scale);
    let mut svg = String::new();
    let pen = Pen::new(&mut svg, layout.width, layout.height);
    Painter { pen, palette: theme.palette(), scene, layout: &layout }.picture()?;
    let body = svg.split_once('\n').map_or("", |(_, body)| body);
    let title = text::clean(&scene.title);
    let opening = pen::opening(canvas.width_px, canvas.height_px, layout.width, layout.height, &title);
    Ok(format!("{opening}\n{body}"))
}

pub(super) struct Painter<'a> {
    pub(super) pen: Pen<'a>,
    pub(super) palette: &'a Palette,
    scene: &'a Scene,
    layout: &'a Layout,
}

/// The axes of a panel over its rectangle.
#[derive(Clone, Copy)]
pub(super) struct Plot<'a> {
    pub(super) rect: Rect,
    time: &'a Axis,
    values: &'a Axis,
}

impl Plot<'_> {
    fn x(&self, at_s: f64) -> f64 {
        self.rect.left + self.time.share(at_s) * (self.rect.right - self.rect.left)
    }

    fn y(&self, value: f64) -> f64 {
        self.rect.bottom - self.values.share(value) * (self.rect.bottom - self.rect.top)
    }

    pub(super) fn at(&self, point: Point) -> (f64, f64) {
        (self.x(point.at_s), self.y(point.value))
    }
}

impl Painter<'_> {
    fn face(&self, size: f64, anchor: Anchor) -> Face {
        Face { size, weight: Weight::Regular, colour: self.palette.muted, anchor }
    }

    pub(super) fn bold(&self, size: f64) -> Face {
        Face { size, weight: Weight::Bold, colour: self.palette.ink, anchor: Anchor::Start }
    }

    fn picture(mut self) -> Drawn {
        let Layout { width, height, .. } = *self.layout;
        self.pen.rect(Rect { left: 0.0, top: 0.0, right: width, bottom: height }, self.palette.background)?;
        self.header()?;
        let (scene, layout) = (self.scene, self.layout);
        for (panel, place) in scene.panels.iter().zip(&layout.panels) {
            self.panel(panel, place)?;
        }
        self.phase_names()?;
        self.time_axis()?;
        self.marks()?;
        for note in &layout.notes {
            self.pen.words(&note.text, note.x, note.baseline, self.face(layout::NOTE, Anchor::Start))?;
        }
        self.pen.finish()
    }

    fn header(&mut self) -> Drawn {
        let layout = self.layout;
        let top = layout.title.first().map_or(0.0, |words| words.baseline - 29.0);
        if let Some(verdict) = self.scene.verdict {
            let bar = Rect { left: 24.0, top, right: 32.0, bottom: layout.subtitle.baseline + 6.0 };
            self.pen.rect(bar, self.palette.verdict(verdict))?;
        }
        for line in &layout.title {
            self.pen.words(&line.text, line.x, line.baseline, self.bold(layout.title_size))?;
        }
        let subtitle = &layout.subtitle;
        self.pen.words(&subtitle.text, subtitle.x, subtitle.baseline, self.face(layout::SUBTITLE, Anchor::Start))
    }

    fn panel(&mut self, panel: &Panel, place: &PanelPlace) -> Drawn {
        let plot = Plot { rect: place.plot, time: &self.scene.time, values: &panel.values };
        self.heading(panel, place)?;
        if let Some(empty) = &panel.empty {
            return self.empty(empty, plot.rect);
        }
        self.shades(panel, plot)?;
        self.grid(plot)?;
        if let Some(fit) = &panel.fit {
            self.band(fit, plot)?;
        }
        for line in &panel.lines {
            self.series(line, plot)?;
        }
        for line in &panel.lines {
            self.middle(line, plot)?;
        }
        self.letters(panel, plot)?;
        if let Some(onset) = panel.onset_s {
            let x = plot.x(onset);
            self.pen.dashes(&[(x, plot.rect.bottom), (x, plot.rect.top)], self.palette.ink, ONSET)?;
        }
        if let Some(fit) = &panel.fit {
            self.fit(fit, plot)?;
        }
        self.limit(panel, plot)
    }

    fn heading(&mut self, panel: &Panel, place: &PanelPlace) -> Drawn {
        let heading = &place.heading;
        if let Some(verdict) = panel.verdict.filter(|_| self.scene.panels.len() > 1) {
            let bar = Rect {
                left: heading.x - 16.0,
                top: heading.baseline - 18.0,
                right: heading.x - 10.0,
                bottom: heading.baseline + 5.0,
            };
            self.pen.rect(bar, self.palette.verdict(verdict))?;
        }
        self.pen.words(&heading.text, heading.x, heading.baseline, self.bold(layout::HEADING))?;
        place.legend.iter().try_for_each(|entry| self.legend(entry))
    }

    fn legend(&mut self, placed: &PlacedEntry) -> Drawn {
        let (x, middle) = (placed.x, placed.baseline - 6.5);
        let ends = [(x, middle), (x + layout::SWATCH, middle)];
        let block = Rect { left: x, top: middle - 9.0, right: x + layout::SWATCH, bottom: middle + 9.0 };
        let palette = self.palette;
        match placed.entry.swatch {
            Swatch::Line(ink) => self.pen.dashes(&ends, palette.line(ink), dashes_of(ink, 4.0))?,
            Swatch::Fit => {
                self.pen.rect(block, palette.band)?;
                self.pen.dashes(&ends, palette.fit, FIT)?;
            }
            Swatch::WarmUp => {
                self.pen.rect(block, palette.frame)?;
                let inside = |edge: f64, by: f64| edge + by;
                let inner = Rect {
                    left: inside(block.left, 1.0),
                    top: inside(block.top, 1.0),
                    right: inside(block.right, -1.0),
                    bottom: inside(block.bottom, -1.0),
                };
                self.pen.rect(inner, palette.warm_up)?;
            }
            Swatch::LeftOut => self.stripes(block)?,
            Swatch::Onset => {
                let centre = x + layout::SWATCH - 6.0;
                self.pen.dashes(&[(centre, block.bottom), (centre, block.top)], palette.ink, ONSET)?;
            }
            Swatch::Projection => self.pen.dashes(&ends, palette.fit, PROJECTION)?,
        }
        let words = Face { colour: palette.ink, ..self.face(layout::LEGEND, Anchor::Start) };
        self.pen.words(&placed.entry.label, x + layout::SWATCH + 10.0, placed.baseline, words)
    }

    fn empty(&mut self, words: &str, rect: Rect) -> Drawn {
        self.pen.rect(rect, self.palette.warm_up)?;
        let room = rect.right - rect.left - 40.0;
        let words = text::fitted(&text::clean(words), layout::HEADING, Weight::Regular, room);
        let face = self.face(layout::HEADING, Anchor::Middle);
        self.pen.words(&words, f64::midpoint(rect.left, rect.right), f64::midpoint(rect.top, rect.bottom) + 8.0, face)
    }

    fn shades(&mut self, panel: &Panel, plot: Plot<'_>) -> Drawn {
        let layout = self.layout;
        for band in layout.phases.iter().flat_map(|(_, bands)| bands).filter(|band| band.tint == Tint::Second) {
            self.pen.rect(Rect { left: band.left, right: band.right, ..plot.rect }, self.palette.phase)?;
        }
        if let Some(until) = panel.warm_up_until_s {
            self.pen.rect(Rect { right: plot.x(until), ..plot.rect }, self.palette.warm_up)?;
        }
        if let Some(from) = self.scene.projected_from_s {
            self.pen.rect(Rect { left: plot.x(from), ..plot.rect }, self.palette.projected)?;
        }
        for &(from, to) in &self.scene.left_out {
            self.stripes(Rect { left: plot.x(from), right: plot.x(to), ..plot.rect })?;
        }
        Ok(())
    }

    /// Upright stripes over a shade, so that it is told from the other shades without its colour.
    fn stripes(&mut self, rect: Rect) -> Drawn {
        self.pen.rect(rect, self.palette.warm_up)?;
        let mut x = rect.left + STRIPE / 2.0;
        while x < rect.right {
            self.pen.line(&[(x, rect.bottom), (x, rect.top)], self.palette.frame, 1.0)?;
            x += STRIPE;
        }
        Ok(())
    }

    fn grid(&mut self, plot: Plot<'_>) -> Drawn {
        let rect = plot.rect;
        for tick in &plot.time.ticks {
            let x = plot.x(tick.at);
            self.pen.line(&[(x, rect.top), (x, rect.bottom)], self.palette.grid, 1.0)?;
        }
        for tick in &plot.values.ticks {
            let y = plot.y(tick.at);
            self.pen.line(&[(rect.left, y), (rect.right, y)], self.palette.grid, 1.0)?;
            let face = self.face(layout::TICK, Anchor::End);
            self.pen.words(&tick.label, rect.left - 12.0, y + 7.0, face)?;
        }
        let corner = [(rect.left, rect.top), (rect.left, rect.bottom), (rect.right, rect.bottom)];
        self.pen.line(&corner, self.palette.frame, 1.2)
    }

    fn band(&mut self, fit: &Fit, plot: Plot<'_>) -> Drawn {
        let upper = fit.curve.iter().map(|point| (plot.x(point.at_s), plot.y(point.high)));
        let lower = fit.curve.iter().rev().map(|point| (plot.x(point.at_s), plot.y(point.low)));
        self.pen.area(&upper.chain(lower).collect::<Vec<_>>(), self.palette.band)
    }

    fn series(&mut self, line: &Line, plot: Plot<'_>) -> Drawn {
        let colour = self.palette.line(line.ink);
        if matches!(line.ink, Ink::Run(_)) {
            return self.behind(line, plot);
        }
        let points: usize = line.strokes.iter().map(Vec::len).sum();
        // A line that fills its columns is drawn finer, so that its swings stay apart.
        let width = if points > DENSE { 1.5 } else { 2.4 };
        for stroke in &line.strokes {
            let points: Vec<_> = stroke.iter().map(|&point| plot.at(point)).collect();
            for piece in pieces(&points) {
                self.pen.line(piece, colour, width)?;
            }
            // A value alone between gaps would show nothing without a dot; few values show that they are few.
            if points.len() == 1 || line.is_sparse() {
                points.iter().try_for_each(|&point| self.pen.dot(point, 3.6, colour))?;
            }
        }
        Ok(())
    }

    fn fit(&mut self, fit: &Fit, plot: Plot<'_>) -> Drawn {
        let points: Vec<_> = fit.curve.iter().map(|point| (plot.x(point.at_s), plot.y(point.value))).collect();
        // Dashed, so that the data show through where the fit lies on them; rimmed, so that it stands out from a dense line.
        self.pen.dashes(&points, self.palette.background, Dashes { width: FIT.width + 1.8, ..FIT })?;
        self.pen.dashes(&points, self.palette.fit, FIT)?;
        if let Some([from, to]) = fit.projection {
            self.pen.dashes(&[plot.at(from), plot.at(to)], self.palette.fit, PROJECTION)?;
            self.pen.dot(plot.at(to), 6.0, self.palette.fit)?;
        }
        Ok(())
    }

    fn limit(&mut self, panel: &Panel, plot: Plot<'_>) -> Drawn {
        let Some(limit) = &panel.limit else { return Ok(()) };
        let (rect, y) = (plot.rect, plot.y(limit.value));
        self.pen.dashes(&[(rect.left, y), (rect.right, y)], self.palette.ink, LIMIT)?;
        let words =
            text::fitted(&text::clean(&limit.label), layout::LEGEND, Weight::Regular, 0.8 * (rect.right - rect.left));
        let long = text::width(&words, layout::LEGEND, Weight::Regular);
        // Above the line where there is room, else below it; at the left, where growth has not yet come.
        let baseline = if y - rect.top > 30.0 { y - 8.0 } else { y + 24.0 };
        let x = rect.left + 14.0;
        let behind = Rect { left: x - 4.0, top: baseline - 18.0, right: x + long + 4.0, bottom: baseline + 5.0 };
        self.pen.rect(behind, self.palette.background)?;
        let face = Face { colour: self.palette.ink, ..self.face(layout::LEGEND, Anchor::Start) };
        self.pen.words(&words, x, baseline, face)
    }

    /// The strip above the plots, in which each phase is named over its band.
    fn phase_names(&mut self) -> Drawn {
        let layout = self.layout;
        let Some((strip, bands)) = &layout.phases else { return Ok(()) };
        for band in bands {
            let fill = if band.tint == Tint::First { self.palette.strip } else { self.palette.strip_second };
            self.pen.rect(Rect { left: band.left, right: band.right, ..*strip }, fill)?;
            let face = Face { colour: self.palette.ink, ..self.face(phases::NAME, Anchor::Start) };
            self.pen.words(&band.words, band.left + phases::PADDING, strip.bottom - 7.0, face)?;
        }
        Ok(())
    }

    fn time_axis(&mut self) -> Drawn {
        let (scene, layout) = (self.scene, self.layout);
        let Some(last) = layout.panels.last().map(|place| place.plot) else { return Ok(()) };
        let plot = Plot { rect: last, time: &scene.time, values: &scene.time };
        for tick in &scene.time.ticks {
            let x = plot.x(tick.at);
            self.pen.line(&[(x, last.bottom), (x, last.bottom + 6.0)], self.palette.frame, 1.2)?;
            self.pen.words(&tick.label, x, layout.time_ticks, self.face(layout::TICK, Anchor::Middle))?;
        }
        for &at_s in &scene.ticks_s {
            let x = plot.x(at_s);
            self.pen.line(&[(x, last.bottom + 1.0), (x, last.bottom + 9.0)], self.palette.ink, 1.8)?;
        }
        let face = self.face(layout::NOTE, Anchor::End);
        self.pen.words(&scene.time_label, last.right, layout.time_label, face)
    }

    fn marks(&mut self) -> Drawn {
        let (scene, layout) = (self.scene, self.layout);
        for (mark, words) in scene.marks.iter().zip(&layout.marks) {
            let mut top = words.as_ref().map(|words| words.baseline - 15.0);
            for place in &layout.panels {
                let plot = Plot { rect: place.plot, time: &scene.time, values: &scene.time };
                let x = plot.x(mark.at_s);
                let ends = [(x, top.take().unwrap_or(place.plot.top)), (x, place.plot.bottom)];
                self.pen.line(&ends, self.palette.ink, 1.6)?;
            }
            if let Some(words) = words {
                let face = Face { colour: self.palette.ink, ..self.face(layout::LEGEND, Anchor::Start) };
                self.pen.words(&words.text, words.x, words.baseline, face)?;
            }
        }
        Ok(())
    }
}

/// The distance of stripes.
const STRIPE: f64 = 8.0;
const FIT: Dashes = Dashes { width: 3.4, pattern: &[14.0, 9.0] };
const PROJECTION: Dashes = Dashes { width: 3.0, pattern: &[3.5, 6.0] };
const LIMIT: Dashes = Dashes { width: 2.0, pattern: &[14.0, 7.0] };
const ONSET: Dashes = Dashes { width: 1.8, pattern: &[4.0, 4.0] };

/// A line in pieces that meet: dense lines are rasterised about a sixth faster so (benches/charts.rs).
pub(super) fn pieces<T>(points: &[T]) -> impl Iterator<Item = &[T]> {
    let count = points.len().saturating_sub(1).div_ceil(PIECE);
    (0..count).map(|piece| &points[piece * PIECE..points.len().min((piece + 1) * PIECE + 1)])
}

/// Segments of one piece.
const PIECE: usize = 120;

/// Points of a line beyond which it counts as dense.
const DENSE: usize = 1_500;
