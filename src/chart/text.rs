//! Words in pictures: the embedded font, how wide words are in it, and which characters may go in at all.
//!
//! No system font is ever asked: plotters measures with the faces registered here, and [`super::raster`] draws with the
//! same bytes.

use std::sync::OnceLock;

use plotters::style::{FontDesc, FontFamily, FontStyle, register_font};

use super::render::ChartError;

/// The regular face.
pub(super) const REGULAR: &[u8] = include_bytes!("../../assets/Inter-Regular.otf");
/// The face of titles.
pub(super) const SEMI_BOLD: &[u8] = include_bytes!("../../assets/Inter-SemiBold.otf");
/// The family as the SVG names it; a browser without Inter takes its own sans serif.
pub(super) const FAMILY: &str = "Inter, sans-serif";

/// Which face.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    /// Everything but titles.
    Regular,
    /// Titles and headings.
    Bold,
}

impl Weight {
    /// plotters' name of the face.
    pub(super) fn style(self) -> FontStyle {
        match self {
            Self::Regular => FontStyle::Normal,
            Self::Bold => FontStyle::Bold,
        }
    }
}

/// Registers the embedded faces with plotters, once.
///
/// # Errors
/// [`ChartError::Font`] where plotters does not take them, which only a broken build can bring about.
pub(super) fn register() -> Result<(), ChartError> {
    static DONE: OnceLock<bool> = OnceLock::new();
    let register = || {
        [(FontStyle::Normal, REGULAR), (FontStyle::Bold, SEMI_BOLD)]
            .into_iter()
            .all(|(style, bytes)| register_font(FAMILY, style, bytes).is_ok())
    };
    if *DONE.get_or_init(register) { Ok(()) } else { Err(ChartError::Font) }
}

/// plotters takes a size as the height from descender to ascender, which in Inter is this many em (`hhea`: 2728 and 680
/// of 2816 units).
const HEIGHT_PER_EM: f64 = (2728.0 + 680.0) / 2816.0;
/// Words are measured at this size and scaled, because plotters rounds widths to whole pixels.
const MEASURED_AT: f64 = 1_000.0;

/// The width of words at a font size in pixels per em.
pub(super) fn width(text: &str, size: f64, weight: Weight) -> f64 {
    let font = FontDesc::new(FontFamily::Name(FAMILY), MEASURED_AT * HEIGHT_PER_EM, weight.style());
    let measured = font.layout_box(text).map_or(0, |(_, (width, _))| width);
    f64::from(measured) * size / MEASURED_AT
}

/// What stands for a character that cannot be drawn; Inter's own sign for it (U+FFFD) looks like a menu.
const REPLACEMENT: char = '?';

/// Text as it may go into a picture: whitespace becomes a blank, and control characters and all that the font does not
/// hold become a question mark. (Markup is escaped where the SVG is written.)
pub(super) fn clean(text: &str) -> String {
    let shown = |letter: char| match letter {
        '\t' | '\n' | '\r' => ' ',
        letter if is_in_font(letter) => letter,
        _ => REPLACEMENT,
    };
    text.chars().map(shown).collect()
}

/// The characters of the embedded font (assets/README.md), but for the soft hyphen, which shows nothing.
fn is_in_font(letter: char) -> bool {
    matches!(letter,
        ' '..='~' | '\u{A0}'..='\u{AC}' | '\u{AE}'..='\u{17F}' | '\u{2010}'..='\u{2015}' | '\u{2018}'..='\u{201E}'
        | '\u{2020}'..='\u{2022}' | '\u{2026}' | '\u{2030}' | '\u{2190}'..='\u{2193}' | '\u{2212}' | '\u{221E}'
        | '\u{2248}' | '\u{2260}' | '\u{2264}' | '\u{2265}' | '\u{25B2}' | '\u{25BC}' | '\u{25CF}')
}

/// Breaks words into at most `lines` lines that fit; what does not fit ends with an ellipsis.
pub(super) fn wrap(text: &str, size: f64, weight: Weight, room: f64, lines: usize) -> Vec<String> {
    let mut wrapped: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let is_last = wrapped.len() >= lines.max(1);
        match wrapped.last_mut() {
            Some(line) if is_last || width(&format!("{line} {word}"), size, weight) <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => wrapped.push(word.to_owned()),
        }
    }
    wrapped.into_iter().map(|line| fitted(&line, size, weight, room)).collect()
}

/// A line cut to fit, with an ellipsis where something fell off.
pub(super) fn fitted(line: &str, size: f64, weight: Weight, room: f64) -> String {
    if width(line, size, weight) <= room {
        return line.to_owned();
    }
    let letters: Vec<char> = line.chars().collect();
    let cut = |kept: usize| letters[..kept].iter().collect::<String>().trim_end().to_owned() + "\u{2026}";
    // The width grows with the letters kept, so the greatest number that fits can be found by halving.
    let (mut fits, mut too_many) = (0, letters.len());
    while too_many - fits > 1 {
        let middle = usize::midpoint(fits, too_many);
        if width(&cut(middle), size, weight) <= room {
            fits = middle;
        } else {
            too_many = middle;
        }
    }
    cut(fits)
}
