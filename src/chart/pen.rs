//! The pen: lines, areas and words in layout units on plotters' SVG back end.
//!
//! The back end takes whole numbers only, so its canvas is ten times as fine as a unit, and the `viewBox` scales it back.
//! Joins are cut off (`bevel`), because a pointed join on a steep spike would rise above the value it stands for.

use std::fmt::Display;

use plotters::prelude::{DrawingBackend, SVGBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontDesc, FontFamily, RGBColor, ShapeStyle, TextStyle};

use super::layout::Rect;
use super::render::ChartError;
use super::text::{self, Weight};
use super::theme::Colour;

/// Steps of the back end in one unit.
const FINE: f64 = 10.0;
/// plotters writes a font's size divided by this.
const SIZE_PER_EM: f64 = 1.24;

/// How words stand to their point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// The look of words.
#[derive(Clone, Copy, Debug)]
pub(super) struct Face {
    pub(super) size: f64,
    pub(super) weight: Weight,
    pub(super) colour: Colour,
    pub(super) anchor: Anchor,
}

/// The look of a dashed line: its width, and the lengths of dashes and of the gaps behind them in turn; without any, the
/// line is whole.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dashes {
    pub(super) width: f64,
    pub(super) pattern: &'static [f64],
}

/// Draws on one SVG.
pub(super) struct Pen<'a> {
    backend: SVGBackend<'a>,
}

type Drawn = Result<(), ChartError>;

impl<'a> Pen<'a> {
    /// A pen on an empty canvas of so many units, which writes to `svg`.
    pub(super) fn new(svg: &'a mut String, width: f64, height: f64) -> Self {
        Self { backend: SVGBackend::with_string(svg, (fine(width).unsigned_abs(), fine(height).unsigned_abs())) }
    }

    /// A line through points.
    pub(super) fn line(&mut self, points: &[(f64, f64)], colour: Colour, width: f64) -> Drawn {
        let style = ShapeStyle { stroke_width: fine(width).unsigned_abs(), ..filled(colour) };
        drawn(self.backend.draw_path(points.iter().map(|&point| at(point)), &style))
    }

    /// A line through points in dashes; the dashes run on around the corners.
    pub(super) fn dashes(&mut self, points: &[(f64, f64)], colour: Colour, look: Dashes) -> Drawn {
        if look.pattern.is_empty() {
            return self.line(points, colour, look.width);
        }
        cut(points, look.pattern).iter().try_for_each(|dash| self.line(dash, colour, look.width))
    }

    /// A filled area within points.
    pub(super) fn area(&mut self, points: &[(f64, f64)], colour: Colour) -> Drawn {
        drawn(self.backend.fill_polygon(points.iter().map(|&point| at(point)), &filled(colour)))
    }

    /// A filled rectangle.
    pub(super) fn rect(&mut self, rect: Rect, colour: Colour) -> Drawn {
        let corners = (at((rect.left, rect.top)), at((rect.right, rect.bottom)));
        drawn(self.backend.draw_rect(corners.0, corners.1, &filled(colour), true))
    }

    /// A filled dot.
    pub(super) fn dot(&mut self, centre: (f64, f64), radius: f64, colour: Colour) -> Drawn {
        drawn(self.backend.draw_circle(at(centre), fine(radius).unsigned_abs(), &filled(colour), true))
    }

    /// Words, which must be clean, on a baseline.
    pub(super) fn words(&mut self, words: &str, x: f64, baseline: f64, face: Face) -> Drawn {
        let font = FontDesc::new(FontFamily::Name(text::FAMILY), face.size * FINE * SIZE_PER_EM, face.weight.style());
        let h_pos = match face.anchor {
            Anchor::Start => HPos::Left,
            Anchor::Middle => HPos::Center,
            Anchor::End => HPos::Right,
        };
        let style = TextStyle { font, color: rgb(face.colour).to_backend_color(), pos: Pos::new(h_pos, VPos::Bottom) };
        // The back end lifts words by half an ex, which is a quarter of an em to the rasteriser and near it elsewhere.
        drawn(self.backend.draw_text(words, &style, at((x, baseline + 0.25 * face.size))))
    }

    /// Closes the drawing.
    pub(super) fn finish(mut self) -> Drawn {
        drawn(self.backend.present())
    }
}

/// The opening tag in place of plotters' own: the size in pixels, units scaled to it, blunt joins, and a title for
/// readers who hear the picture.
pub(super) fn opening(width_px: u32, height_px: u32, width: f64, height: f64, title: &str) -> String {
    let title = title.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width_px}\" height=\"{height_px}\" viewBox=\"0 0 {} {}\" \
         preserveAspectRatio=\"none\" stroke-linejoin=\"bevel\" role=\"img\">\n<title>{title}</title>",
        fine(width),
        fine(height),
    )
}

/// The dashes of a line.
fn cut(points: &[(f64, f64)], pattern: &[f64]) -> Vec<Vec<(f64, f64)>> {
    let lengths = || pattern.iter().copied().cycle().enumerate().map(|(index, long)| (index % 2 == 0, long.max(0.1)));
    let mut lengths = lengths();
    let mut dashes: Vec<Vec<(f64, f64)>> = Vec::new();
    let mut dash: Vec<(f64, f64)> = points.first().copied().into_iter().collect();
    let (mut is_on, mut left) = lengths.next().unwrap_or((true, f64::INFINITY));
    for pair in points.windows(2) {
        let (dx, dy) = (pair[1].0 - pair[0].0, pair[1].1 - pair[0].1);
        let long = dx.hypot(dy);
        let mut gone = 0.0;
        while long - gone > left {
            gone += left;
            let corner = (pair[0].0 + dx * gone / long, pair[0].1 + dy * gone / long);
            dash.push(corner);
            if is_on {
                dashes.push(std::mem::take(&mut dash));
            } else {
                dash = vec![corner];
            }
            (is_on, left) = lengths.next().unwrap_or((true, f64::INFINITY));
        }
        left -= long - gone;
        dash.push(pair[1]);
    }
    if is_on && dash.len() > 1 {
        dashes.push(dash);
    }
    dashes
}

fn fine(units: f64) -> i32 {
    (units * FINE).round() as i32
}

fn at(point: (f64, f64)) -> (i32, i32) {
    (fine(point.0), fine(point.1))
}

fn rgb(colour: Colour) -> RGBColor {
    RGBColor(colour.0, colour.1, colour.2)
}

fn filled(colour: Colour) -> ShapeStyle {
    rgb(colour).filled()
}

fn drawn<E: Display>(result: Result<(), E>) -> Drawn {
    result.map_err(|error| ChartError::Draw(error.to_string()))
}
