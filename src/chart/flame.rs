//! The flame graph of a heap: an icicle, the outermost frames on top, each as wide as the bytes below it. It needs no
//! script: names that do not fit stand in the tooltip that every browser shows for a `<title>`.

use std::fmt::Write as _;

use super::render::ChartError;
use super::text::{self, Weight};
use super::theme::{Colour, Theme};
use crate::domain::bytes::human;
use crate::domain::site::{FlameFrame, FlameTree};

/// The picture's width in pixels.
const WIDTH: f64 = 1200.0;
/// Around it all.
const MARGIN: f64 = 12.0;
/// One frame's height, and the room of its words.
const ROW: f64 = 20.0;
const FONT: f64 = 12.0;
const TITLE: f64 = 17.0;
/// Narrower frames are left out, for nobody can see them.
const NARROWEST: f64 = 1.0;
/// Narrower frames bear no words.
const WORDS: f64 = 34.0;
/// Frames one upon another at most; what lies deeper is said and not drawn.
const DEEPEST: usize = 64;
/// Frames at most, so that a page stays small.
const FRAMES: usize = 4_000;

/// Draws the tree as SVG.
///
/// # Errors
/// Where the embedded font cannot be used.
pub fn flame(tree: &FlameTree) -> Result<String, ChartError> {
    text::register()?;
    let mut drawing = Drawing { out: String::new(), depth: 0, frames: 0, left_out: 0 };
    let total = tree.frames.iter().map(|frame| frame.bytes).fold(0, u64::saturating_add);
    let title_lines = text::wrap(&text::clean(&tree.title), TITLE, Weight::Bold, WIDTH - 2.0 * MARGIN, 2);
    let top = MARGIN + title_lines.len() as f64 * (TITLE + 6.0) + ROW + 8.0;
    drawing.cell(&tree.root, total, Cell { x: MARGIN, y: top, width: WIDTH - 2.0 * MARGIN, share: 1.0 }, Look::Root);
    if total > 0 {
        drawing.children(&tree.frames, total, (MARGIN, WIDTH - 2.0 * MARGIN), top, 1);
    }
    let height = top + (drawing.depth + 1) as f64 * ROW + MARGIN;
    Ok(framed(tree, &title_lines, height, &drawing))
}

fn framed(tree: &FlameTree, title_lines: &[String], height: f64, drawing: &Drawing) -> String {
    let palette = Theme::Light.palette();
    let (ink, muted) = (hex(palette.ink), hex(palette.muted));
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\" \
         role=\"img\" font-family=\"{}\" font-size=\"{FONT}\">\n<title>{}</title>\n\
         <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"{}\"/>\n",
        text::FAMILY,
        markup(&tree.title),
        hex(palette.background)
    );
    let mut y = MARGIN + TITLE;
    for line in title_lines {
        let _ = writeln!(
            out,
            "<text x=\"{MARGIN}\" y=\"{y}\" font-size=\"{TITLE}\" font-weight=\"600\" fill=\"{ink}\">{}</text>",
            markup(line)
        );
        y += TITLE + 6.0;
    }
    let mut legend = "As wide as its bytes, called from above.".to_owned();
    if any_grows(&tree.frames) {
        legend.push_str(" Orange: a site that grows lies at it or below it.");
    }
    if drawing.left_out > 0 {
        let _ = write!(legend, " {} frames are too narrow or too deep to be drawn.", drawing.left_out);
    }
    let _ = writeln!(out, "<text x=\"{MARGIN}\" y=\"{y}\" fill=\"{muted}\">{legend}</text>");
    out.push_str(&drawing.out);
    out.push_str("</svg>\n");
    out
}

fn any_grows(frames: &[FlameFrame]) -> bool {
    frames.iter().any(|frame| frame.grows)
}

#[derive(Clone, Copy)]
struct Cell {
    x: f64,
    y: f64,
    width: f64,
    share: f64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    Root,
    Plain,
    Second,
    Grows,
}

struct Drawing {
    out: String,
    depth: usize,
    frames: usize,
    left_out: usize,
}

impl Drawing {
    fn children(&mut self, frames: &[FlameFrame], total: u64, span: (f64, f64), above: f64, depth: usize) {
        let (mut x, room) = span;
        let sum = frames.iter().map(|frame| frame.bytes).fold(0, u64::saturating_add);
        for (position, frame) in frames.iter().enumerate() {
            let share = frame.bytes as f64 / total as f64;
            let width = share * (WIDTH - 2.0 * MARGIN);
            if width < NARROWEST || depth > DEEPEST || self.frames >= FRAMES {
                self.left_out += frames.len() - position;
                break;
            }
            let look = match (frame.grows, position % 2) {
                (true, _) => Look::Grows,
                (false, 0) => Look::Plain,
                (false, _) => Look::Second,
            };
            self.depth = self.depth.max(depth);
            self.cell(&frame.name, frame.bytes, Cell { x, y: above + ROW, width, share }, look);
            self.children(&frame.frames, total, (x, width), above + ROW, depth + 1);
            x += width;
        }
        debug_assert!(sum <= total && x <= span.0 + room + 1.0);
    }

    fn cell(&mut self, name: &str, bytes: u64, cell: Cell, look: Look) {
        let palette = Theme::Light.palette();
        let fill = match look {
            Look::Root => palette.grid,
            Look::Plain => palette.strip,
            Look::Second => palette.strip_second,
            Look::Grows => palette.band,
        };
        let Cell { x, y, width, share } = cell;
        let (name, amount) = (text::clean(name), human(bytes as f64));
        let _ = write!(
            self.out,
            "<g><title>{}: {amount}, {:.1} %</title><rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"{}\"/>",
            markup(&name),
            100.0 * share,
            (width - 0.5).max(0.5),
            ROW - 1.0,
            hex(fill)
        );
        if width >= WORDS {
            let words = text::fitted(&format!("{name}  {amount}"), FONT, Weight::Regular, width - 8.0);
            let (x, y, ink) = (x + 4.0, y + ROW - 6.0, hex(palette.ink));
            let _ = write!(self.out, "<text x=\"{x:.1}\" y=\"{y:.1}\" fill=\"{ink}\">{}</text>", markup(&words));
        }
        self.out.push_str("</g>\n");
        self.frames += 1;
    }
}

fn hex(colour: Colour) -> String {
    let Colour(r, g, b) = colour;
    // As plotters writes it, which is what the rules of the dark page look for.
    format!("#{r:02X}{g:02X}{b:02X}")
}

fn markup(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(name: &str, bytes: u64, frames: Vec<FlameFrame>) -> FlameFrame {
        let grows = frames.iter().any(|frame| frame.grows) || name.contains("leak");
        FlameFrame { name: name.into(), bytes, grows, frames }
    }

    fn tree(frames: Vec<FlameFrame>) -> FlameTree {
        FlameTree { title: "The heap grows at leak".into(), root: "grew: 4 MiB".into(), frames }
    }

    #[test]
    fn the_picture_names_what_it_shows_and_marks_what_grows() {
        let leak = frame("main", 4 << 20, vec![frame("leak<T>", 3 << 20, vec![]), frame("cache", 1 << 20, vec![])]);
        let svg = flame(&tree(vec![leak])).unwrap();
        assert!(svg.contains("The heap grows at leak") && svg.contains("leak&lt;T&gt;: 3.00 MiB, 75.0 %"), "{svg}");
        assert_eq!(svg.matches(&hex(Theme::Light.palette().band)).count(), 2, "main and leak");
        assert!(svg.contains("Orange:") && !svg.contains("leak<T>") && !svg.contains("script"));
    }

    #[test]
    fn nothing_a_million_narrow_frames_and_a_deep_stack_are_drawn_within_bounds() {
        assert!(flame(&tree(Vec::new())).unwrap().ends_with("</svg>\n"));
        let many = (0..1_000_000).map(|at| frame(&format!("f{at}"), 1, Vec::new())).collect();
        let svg = flame(&tree(many)).unwrap();
        assert!(svg.len() < 10_000 && svg.contains("1000000 frames are too narrow"), "{}", svg.len());
        let deep = (0..200).fold(frame("inner", 9, Vec::new()), |inner, _| frame("outer", 9, vec![inner]));
        let svg = flame(&tree(vec![deep])).unwrap();
        assert_eq!(svg.matches("<rect x").count(), DEEPEST + 1);
    }
}
