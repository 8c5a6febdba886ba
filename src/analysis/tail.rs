//! The level at the end of a series that has stopped: where it begins, how fast it rose before, and how level it is.

use super::fitting::Fit;
use super::shapes::{Candidate, Form};
use super::solved::{EndSlope, Solved};
use super::view::View;

/// The last level of a stopped shape, on the view's axis.
pub(super) struct Tail {
    /// The shape.
    pub(super) fit: Fit,
    /// It, solved.
    pub(super) solved: Solved,
    /// The share of the axis at which the last rise ended.
    pub(super) from: f64,
    /// The mean slope until then; 0 or less where nothing rose.
    pub(super) pace_before: f64,
    /// The slope since; `None` where too few blocks are left.
    pub(super) slope: Option<EndSlope>,
    /// Where the level jumped upwards by a quarter of the highest jump or more.
    pub(super) jumps: Vec<f64>,
    /// How many jumps went down by that much: what comes back is no stair.
    pub(super) falls: usize,
}

impl Tail {
    /// The tail of a stopped fit.
    pub(super) fn new(view: &View, fit: &Fit) -> Option<Self> {
        let solved = view.solve(fit)?;
        let form = fit.candidate.form;
        let settled = match form {
            Form::Flat => fit.candidate.start,
            form => form.last_piece().max(fit.candidate.start),
        };
        let block = 1.0 / view.blocks.value.len() as f64;
        // The block in which a jump falls holds both levels.
        let last_jump = upward_jumps(view, fit, &solved, 0.05).last().map_or(0.0, |at| at + block);
        let jumps = upward_jumps(view, fit, &solved, 0.25);
        let from = settled.max(last_jump).min(0.9);
        let pace_before = pace_before(view, from);
        // Three time constants settle a rise, five end it, so that what is left of it is no slope.
        let ended = match form {
            Form::Saturating { tau } if fit.jumps.is_empty() => (5.0 * tau).clamp(from, from.max(0.7)),
            // A small step that a quarter of the highest hides is still no slope.
            _ => upward_jumps(view, fit, &solved, 0.0).last().map_or(from, |at| (at + block).max(from)),
        };
        let slope = line_from(view, fit, ended).or_else(|| line_from(view, fit, 0.0));
        let heights = solved.jump_heights(fit.jumps.len());
        let highest = heights.iter().copied().fold(0.0, f64::max);
        let falls = heights.iter().filter(|height| **height < -0.25 * highest).count();
        Some(Self { fit: fit.clone(), solved, from, pace_before, slope, jumps, falls })
    }
}

impl Tail {
    /// The last level, with what the load and the swing add at this block.
    pub(super) fn last_level(&self, view: &View, block: usize) -> f64 {
        let last = view.blocks.value.len() - 1;
        let own = |at: usize| self.solved.at(at).value - self.solved.context_at(at);
        own(last) + self.solved.context_at(block)
    }
}

/// Where the level jumped upwards by more than this share of the highest jump.
fn upward_jumps(view: &View, fit: &Fit, solved: &Solved, share: f64) -> Vec<f64> {
    let heights = solved.jump_heights(fit.jumps.len());
    let highest = heights.iter().copied().fold(0.0, f64::max);
    let counts = |height: f64| height > share * highest;
    let upward = fit.jumps.iter().zip(heights).filter(|(_, height)| counts(*height));
    let mut places: Vec<f64> = upward.map(|(&at, _)| view.blocks.since[at]).collect();
    places.sort_by(f64::total_cmp);
    // A jump within a block takes two columns, and is one.
    places.dedup_by(|later, earlier| *later - *earlier < 2.5 / view.blocks.value.len() as f64);
    places
}

/// From the lowest of the first blocks to the mean of the blocks just behind the last rise.
fn pace_before(view: &View, from: f64) -> f64 {
    let blocks = &view.blocks;
    let first = blocks.value.first().copied().unwrap_or(0.0);
    let behind: Vec<f64> = blocks
        .since
        .iter()
        .zip(&blocks.value)
        .filter(|(since, _)| **since >= from)
        .map(|(_, value)| *value)
        .take(3)
        .collect();
    let level = behind.iter().sum::<f64>() / behind.len().max(1) as f64;
    if from > 0.0 { (level - first) / from } else { 0.0 }
}

/// A straight line from there on, with the noise that the stopped shape left.
fn line_from(view: &View, fit: &Fit, from: f64) -> Option<EndSlope> {
    let lost = view.blocks.since.iter().filter(|since| **since < from).count();
    let lives = view.blocks.segment.last().map_or(0, |last| last + 1);
    let columns = lives + view.blocks.load.len() + view.swing.len() + 1;
    if lost + columns + 3 > view.blocks.value.len() {
        return None;
    }
    let line = Fit {
        candidate: Candidate { form: Form::Line, start: from },
        jumps: Vec::new(),
        rho: fit.rho,
        score: fit.score,
        parameters: columns + lost,
    };
    view.solve(&line)?.end_slope()
}
