//! Colours and line widths of the charts, light and dark.
//!
//! The hues are those of Okabe and Ito ("Color Universal Design", 2008), which colour-blind readers can tell apart; lines
//! of one panel, and a fit and its data, differ in lightness too, so that grey print tells them apart. Fills lie under
//! everything else and are opaque: transparency would cost the rasteriser a layer each.

use std::fmt::Write as _;

use crate::domain::Verdict;

/// A colour: red, green, blue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Colour(pub(super) u8, pub(super) u8, pub(super) u8);

/// Which of the two sets of colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// Dark lines on white: for tickets and print.
    #[default]
    Light,
    /// Light lines on near-black.
    Dark,
}

/// What a line stands for, which decides its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ink {
    /// The panel's main series.
    Main,
    /// A second series beside it.
    Second,
    /// A third.
    Third,
    /// What should not be there: errors.
    Alarm,
}

/// The colours of one theme.
#[derive(Clone, Copy, Debug)]
pub(super) struct Palette {
    /// Behind everything.
    pub(super) background: Colour,
    /// Titles and limits.
    pub(super) ink: Colour,
    /// Tick labels and notes.
    pub(super) muted: Colour,
    /// Grid lines.
    pub(super) grid: Colour,
    /// The frame of a panel.
    pub(super) frame: Colour,
    /// The shade over warm-up.
    pub(super) warm_up: Colour,
    /// The shade over every second phase.
    pub(super) phase: Colour,
    /// The strip in which phases are named, over the first of two neighbours.
    pub(super) strip: Colour,
    /// ... and over the second.
    pub(super) strip_second: Colour,
    /// The shade over what was not observed but projected.
    pub(super) projected: Colour,
    /// The fitted line.
    pub(super) fit: Colour,
    /// The fitted line's band.
    pub(super) band: Colour,
    lines: [Colour; 4],
    verdicts: [Colour; 3],
}

const LIGHT: Palette = Palette {
    background: Colour(255, 255, 255),
    ink: Colour(24, 26, 28),
    muted: Colour(92, 98, 104),
    grid: Colour(228, 231, 234),
    frame: Colour(170, 176, 182),
    warm_up: Colour(240, 240, 235),
    phase: Colour(241, 246, 252),
    strip: Colour(225, 232, 240),
    strip_second: Colour(200, 214, 229),
    projected: Colour(243, 240, 248),
    fit: Colour(228, 112, 0),
    band: Colour(250, 218, 190),
    lines: [Colour(0, 102, 166), Colour(96, 180, 228), Colour(178, 92, 144), Colour(213, 94, 0)],
    verdicts: [Colour(213, 94, 0), Colour(0, 158, 115), Colour(230, 159, 0)],
};

const DARK: Palette = Palette {
    background: Colour(18, 21, 25),
    ink: Colour(236, 239, 241),
    muted: Colour(164, 171, 178),
    grid: Colour(42, 47, 53),
    frame: Colour(88, 95, 103),
    warm_up: Colour(33, 37, 42),
    phase: Colour(24, 30, 40),
    strip: Colour(40, 48, 58),
    strip_second: Colour(54, 68, 86),
    projected: Colour(34, 30, 44),
    fit: Colour(240, 170, 20),
    band: Colour(82, 62, 22),
    lines: [Colour(86, 180, 233), Colour(30, 116, 180), Colour(214, 146, 184), Colour(236, 112, 20)],
    verdicts: [Colour(236, 112, 20), Colour(0, 178, 130), Colour(240, 190, 60)],
};

impl Theme {
    /// The theme's colours.
    pub(super) const fn palette(self) -> &'static Palette {
        match self {
            Self::Light => &LIGHT,
            Self::Dark => &DARK,
        }
    }
}

/// CSS rules that turn a light SVG that stands within a page into a dark one. A rule is stronger than the attribute of an
/// element, so the drawing itself need not know of it.
pub fn dark_rules() -> String {
    let mut rules = String::new();
    for (light, dark) in LIGHT.all().into_iter().zip(DARK.all()) {
        for attribute in ["fill", "stroke"] {
            let Colour(r, g, b) = light;
            let _ = write!(rules, "svg [{attribute}=\"#{r:02X}{g:02X}{b:02X}\"] {{ {attribute}: ");
            let Colour(r, g, b) = dark;
            let _ = writeln!(rules, "#{r:02x}{g:02x}{b:02x}; }}");
        }
    }
    rules
}

impl Palette {
    /// Every colour, in the same order in each theme.
    fn all(&self) -> [Colour; 19] {
        let Self { background, ink, muted, grid, frame, warm_up, phase, strip, strip_second, .. } = *self;
        let Self { projected, fit, band, lines, verdicts, .. } = *self;
        let [l0, l1, l2, l3] = lines;
        let [v0, v1, v2] = verdicts;
        [
            background,
            ink,
            muted,
            grid,
            frame,
            warm_up,
            phase,
            strip,
            strip_second,
            projected,
            fit,
            band,
            l0,
            l1,
            l2,
            l3,
            v0,
            v1,
            v2,
        ]
    }

    /// The colour of a line.
    pub(super) const fn line(&self, ink: Ink) -> Colour {
        match ink {
            Ink::Main => self.lines[0],
            Ink::Second => self.lines[1],
            Ink::Third => self.lines[2],
            Ink::Alarm => self.lines[3],
        }
    }

    /// The colour of the bar beside a title; the title's words say the same.
    pub(super) const fn verdict(&self, verdict: Verdict) -> Colour {
        match verdict {
            Verdict::Growing => self.verdicts[0],
            Verdict::Steady => self.verdicts[1],
            Verdict::Inconclusive => self.verdicts[2],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_light_colour_has_one_dark_one() {
        let pairs: Vec<(Colour, Colour)> = LIGHT.all().into_iter().zip(DARK.all()).collect();
        for (light, dark) in &pairs {
            assert!(pairs.iter().all(|(other, its)| other != light || its == dark), "{light:?}");
        }
    }
}
