//! The bands of a run's phases: where each stands, and how much of its name has room in the strip above the plots.
//!
//! Two hundred phases have no room for two hundred names: neighbours too narrow to be told apart become one band that says
//! how many they are, and a sentence under the picture names what the strip could not.

use crate::domain::rate;

use super::axis::Axis;
use super::text::{self, Weight};

/// One phase on the time axis.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Phase {
    /// What it is called.
    pub(super) name: String,
    /// When it began, in seconds since the start.
    pub(super) from_s: f64,
    /// When it ended.
    pub(super) to_s: f64,
}

/// Which of the two shades a band has; neighbours differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tint {
    First,
    Second,
}

/// One band as it is drawn: a phase, or several that are too narrow to be told apart.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Band {
    /// The left edge, in layout units.
    pub(super) left: f64,
    /// The right edge.
    pub(super) right: f64,
    /// The words in the strip; empty where none have room.
    pub(super) words: String,
    pub(super) tint: Tint,
}

/// The strip of bands.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Strip {
    /// The bands, from left to right.
    pub(super) bands: Vec<Band>,
    /// What the strip has no room for, as a sentence.
    pub(super) note: Option<String>,
}

/// The size of the names.
pub(super) const NAME: f64 = 18.0;
/// Room on either side of a name.
pub(super) const PADDING: f64 = 7.0;
/// Bands narrower than this, in units, are not worth telling apart where several lie side by side.
const NARROW: f64 = 20.0;
/// So many narrow neighbours become one band; two still read as an edge.
const SEVERAL: usize = 3;
/// Letters of a name that say more than none.
const FEW_LETTERS: usize = 3;

/// Places phases between the edges of the plots.
pub(super) fn place(phases: &[Phase], time: &Axis, left: f64, right: f64) -> Strip {
    let x = |at_s: f64| left + time.share(at_s) * (right - left);
    let mut bands = Vec::new();
    let mut is_whole = true;
    for group in grouped(phases, x) {
        let (Some(first), Some(last)) = (group.first(), group.last()) else { continue };
        let (left, right) = (x(first.from_s), x(last.to_s));
        let name = if group.len() == 1 { text::clean(&first.name) } else { format!("{} phases", group.len()) };
        let words = name_within(&name, right - left - 2.0 * PADDING);
        is_whole &= group.len() == 1 && words == name;
        let tint = if bands.len() % 2 == 0 { Tint::First } else { Tint::Second };
        bands.push(Band { left, right, words, tint });
    }
    Strip { bands, note: (!is_whole).then(|| in_words(phases)) }
}

/// Phases that are drawn together: each wide one alone, several narrow neighbours as one.
fn grouped(phases: &[Phase], x: impl Fn(f64) -> f64) -> Vec<&[Phase]> {
    let is_narrow = |phase: &Phase| x(phase.to_s) - x(phase.from_s) < NARROW;
    let runs = phases.chunk_by(|a, b| is_narrow(a) && is_narrow(b));
    runs.flat_map(|run| if run.len() >= SEVERAL { run.chunks(run.len()) } else { run.chunks(1) }).collect()
}

fn name_within(name: &str, room: f64) -> String {
    let words = text::fitted(name, NAME, Weight::Regular, room);
    // The ellipsis is no letter of the name.
    let says_something = words == name || words.chars().count() > FEW_LETTERS;
    if says_something && room > 0.0 { words } else { String::new() }
}

/// The phases in a sentence; the layout cuts it where it is too long.
fn in_words(phases: &[Phase]) -> String {
    let told: Vec<String> = phases
        .iter()
        .map(|phase| {
            let name: String = phase.name.chars().take(LONGEST).collect();
            let cut = if name.len() < phase.name.len() { "\u{2026}" } else { "" };
            let from = if phase.from_s < 0.5 { "the start".to_owned() } else { rate::span(phase.from_s) };
            format!("{name}{cut} from {from}")
        })
        .take(TOLD)
        .collect();
    format!("{}: {}.", rate::counted(phases.len(), "phase"), told.join(", "))
}

/// Letters of a name in the sentence, and phases that it names at most; two lines have room for no more.
const LONGEST: usize = 48;
const TOLD: usize = 24;

#[cfg(test)]
mod tests {
    use super::super::axis;
    use super::*;

    fn placed(names: &[(&str, f64)], span_s: f64) -> Strip {
        text::register().unwrap();
        let ends = names.iter().skip(1).map(|(_, from_s)| *from_s).chain([span_s]);
        let phase = |(&(name, from_s), to_s): (&(&str, f64), f64)| Phase { name: name.to_owned(), from_s, to_s };
        let phases: Vec<Phase> = names.iter().zip(ends).map(phase).collect();
        place(&phases, &axis::time_axis(0.0, span_s, 12), 150.0, 1544.0)
    }

    #[test]
    fn a_phase_with_room_is_named_where_it_stands() {
        let strip = placed(&[("ramp up", 0.0), ("soak", 600.0), ("cool-down", 3_000.0)], 3_600.0);
        let words: Vec<&str> = strip.bands.iter().map(|band| band.words.as_str()).collect();
        assert_eq!((words, strip.note), (vec!["ramp up", "soak", "cool-down"], None));
        let edges: Vec<f64> = strip.bands.iter().map(|band| band.right).collect();
        assert!((edges[0] - 382.3).abs() < 0.1 && (edges[2] - 1544.0).abs() < 0.1, "{edges:?}");
        assert!(strip.bands.windows(2).all(|pair| pair[0].tint != pair[1].tint));
    }

    #[test]
    fn a_short_phase_keeps_its_band_and_is_named_below() {
        let strip = placed(&[("ramp up", 0.0), ("soak", 60.0), ("cool-down", 28_000.0)], 28_800.0);
        let words: Vec<&str> = strip.bands.iter().map(|band| band.words.as_str()).collect();
        assert_eq!(words, ["", "soak", ""]);
        assert_eq!(
            strip.note.as_deref(),
            Some("3 phases: ramp up from the start, soak from 1 min, cool-down from 7 h 47 min.")
        );
    }

    #[test]
    fn two_hundred_phases_are_one_band_that_counts_them() {
        let names: Vec<String> = (0..200).map(|number| format!("step {number}")).collect();
        let phases: Vec<(&str, f64)> =
            names.iter().enumerate().map(|(index, name)| (name.as_str(), index as f64 * 10.0)).collect();
        let strip = placed(&phases, 2_000.0);
        assert_eq!(strip.bands.len(), 1);
        assert_eq!(strip.bands[0].words, "200 phases");
        assert!(strip.note.unwrap().starts_with("200 phases: step 0 from the start, step 1 from 10 s,"));
    }

    #[test]
    fn no_name_is_wider_than_its_band() {
        let long = "<script>\u{1b}[31m日本 and on ".repeat(40);
        let strip = placed(&[(&long, 0.0), (&long, 100.0), ("x", 3_000.0)], 3_600.0);
        for band in &strip.bands {
            assert!(text::width(&band.words, NAME, Weight::Regular) <= band.right - band.left, "{band:?}");
            assert!(!band.words.contains('\u{1b}'));
        }
        assert!(strip.note.unwrap().chars().count() < 400);
    }
}
