//! Fits shapes to blocks by generalised least squares with AR(1) noise, and scores them by what their closeness is
//! worth against what their parameters cost (Schwarz 1978, BIC; lower is better).

use crate::stats::autoregression::Whitening;
use crate::stats::basis::{Basis, dot};

use super::blocks::Blocks;
use super::jumps::jump_columns;
use super::shapes::{Candidate, Family};

/// How alike neighbouring blocks may be; closer together near 1, where the likelihood changes fast.
const RHOS: [f64; 11] = [0.0, 0.15, 0.3, 0.45, 0.6, 0.7, 0.8, 0.88, 0.94, 0.97, 0.99];

/// A shape as it was fitted.
#[derive(Clone, Debug)]
pub(super) struct Fit {
    /// The shape.
    pub(super) candidate: Candidate,
    /// Blocks at which the level jumps.
    pub(super) jumps: Vec<usize>,
    /// How alike neighbouring blocks' noise is.
    pub(super) rho: f64,
    /// The BIC; only differences between fits on the same blocks mean anything.
    pub(super) score: f64,
    /// Coefficients, dropped points included.
    pub(super) parameters: usize,
}

/// One rho's share of the work that all shapes have in common.
pub(super) struct Ground {
    pub(super) rho: f64,
    pub(super) whitening: Whitening,
    pub(super) base: Basis,
    value: Vec<f64>,
    /// What the base leaves of a level's jump at each block, for one life each; empty where no jump may be.
    pub(super) jumps: Vec<Vec<f64>>,
}

/// The columns that every shape has: a level for each life, the load, and the extra ones.
pub(super) fn base_columns(blocks: &Blocks, extra: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let lives = blocks.segment.last().map_or(0, |last| last + 1);
    let level = |life: usize| blocks.segment.iter().map(|&one| f64::from(u8::from(one == life))).collect();
    let levels = (0..lives).map(level);
    levels.chain(blocks.load.iter().cloned()).chain(extra.iter().cloned()).collect()
}

pub(super) fn grounds(blocks: &Blocks, extra: &[Vec<f64>], start: f64) -> Vec<Ground> {
    let columns = base_columns(blocks, extra);
    let dropped = dropped(blocks, start);
    RHOS.iter()
        .map(|&rho| {
            let whitening = Whitening::new(&blocks.spacing, rho).without(&dropped);
            let mut base = Basis::default();
            for column in &columns {
                base.push(whitening.apply(column));
            }
            let mut value = whitening.apply(&blocks.value);
            base.take_out(&mut value);
            let jumps = if start <= 0.0 { jump_columns(blocks, &whitening, &base) } else { Vec::new() };
            Ground { rho, whitening, base, value, jumps }
        })
        .collect()
}

/// The blocks that a later start leaves out.
pub(super) fn dropped(blocks: &Blocks, start: f64) -> Vec<bool> {
    blocks.since.iter().map(|since| *since < start).collect()
}

/// Where the last level of a stopped shape may begin at the latest: a level that was seen for less than a fifth of the
/// run, or for less than five blocks, may as well be the tread of a stair.
pub(super) fn latest_level(blocks: &Blocks) -> f64 {
    let count = blocks.since.len().max(1) as f64;
    (1.0 - 5.0 / count).min(0.8) + 1e-9
}

/// What a fit leaves: the directions it took beyond the base, and the rest.
pub(super) struct Left {
    pub(super) taken: Vec<Vec<f64>>,
    pub(super) rest: Vec<f64>,
}

pub(super) fn take(ground: &Ground, columns: &[Vec<f64>]) -> Left {
    let mut left = Left { taken: Vec::new(), rest: ground.value.clone() };
    for column in columns {
        let mut white = ground.whitening.apply(column);
        ground.base.take_out(&mut white);
        left.push(white);
    }
    left
}

impl Left {
    pub(super) fn push(&mut self, mut column: Vec<f64>) {
        for direction in &self.taken {
            remove(&mut column, direction);
        }
        let size = dot(&column, &column).sqrt();
        if size > 1e-9 {
            for value in &mut column {
                *value /= size;
            }
            remove(&mut self.rest, &column);
            self.taken.push(column);
        }
    }

    pub(super) fn squares(&self) -> f64 {
        dot(&self.rest, &self.rest)
    }
}

fn remove(column: &mut [f64], direction: &[f64]) {
    let share = dot(column, direction);
    column.iter_mut().zip(direction).for_each(|(value, unit)| *value -= share * unit);
}

/// What a fit used up.
#[derive(Clone, Copy)]
pub(super) struct Spent {
    /// Columns.
    pub(super) columns: usize,
    /// Points that a later start left out.
    pub(super) lost: usize,
    /// Other choices, in columns' worth.
    pub(super) choices: f64,
}

/// The BIC in its small-sample form (`McQuarrie` and Tsai 1998): each column costs `ln n * n / (n - k - 2)`, one more
/// for the variance. A point left out costs what a column of its own would.
pub(super) fn score(blocks: &Blocks, ground: &Ground, squares: f64, spent: Spent) -> f64 {
    let count = blocks.value.len() as f64;
    let variance = (squares / count).max(blocks.least_variance).max(f64::MIN_POSITIVE);
    let used = spent.columns as f64 + 1.0;
    let judged = count - spent.lost as f64;
    let small = judged / (judged - used - 1.0).max(1.0);
    let cost = ((used + spent.choices) * small + spent.lost as f64) * count.ln();
    count * variance.ln() + ground.whitening.log_determinant() + cost
}

/// Whether enough values are left to judge by: as many values as coefficients fit anything.
pub(super) fn affordable(blocks: &Blocks, spent: Spent) -> bool {
    let judged = blocks.value.len() - spent.lost;
    spent.columns + 3 <= judged && (spent.lost == 0 || judged >= 12)
}

/// Fits every shape: at every third rho first, and at all of them where a shape comes near the best of its family.
pub(super) fn fit_all(blocks: &Blocks, grounds: &[Ground], all: &[Candidate]) -> Vec<Fit> {
    // Three steps of rho move a score by less than this.
    const NEAR: f64 = 12.0;
    let coarse: Vec<&Ground> = grounds.iter().step_by(3).collect();
    let fits: Vec<Fit> = all.iter().filter_map(|&one| fit_one(blocks, &coarse, one)).collect();
    let family = |fit: &Fit| fit.candidate.form.family();
    let best = |wanted: Family| {
        fits.iter().filter(|fit| family(fit) == wanted).map(|fit| fit.score).fold(f64::INFINITY, f64::min)
    };
    let bests = [Family::Stopped, Family::Slowing, Family::Growing].map(|family| (family, best(family)));
    let near = |fit: &Fit| bests.iter().any(|(one, best)| *one == family(fit) && fit.score < best + NEAR);
    let every: Vec<&Ground> = grounds.iter().collect();
    fits.iter().filter(|fit| near(fit)).filter_map(|fit| fit_one(blocks, &every, fit.candidate)).collect()
}

/// The best fit of one shape over these rhos; `None` where there are too few values for it.
fn fit_one(blocks: &Blocks, grounds: &[&Ground], candidate: Candidate) -> Option<Fit> {
    let lost = dropped(blocks, candidate.start).iter().filter(|lost| **lost).count();
    let columns = candidate.form.columns(&blocks.since);
    let mut best: Option<Fit> = None;
    for ground in grounds {
        let spent = Spent { columns: ground.base.rank() + columns.len(), lost, choices: candidate.form.choices() };
        if !affordable(blocks, spent) {
            continue;
        }
        let squares = take(ground, &columns).squares();
        let score = score(blocks, ground, squares, spent);
        if best.as_ref().is_none_or(|best| score < best.score) {
            let parameters = spent.columns + lost;
            best = Some(Fit { candidate, jumps: Vec::new(), rho: ground.rho, score, parameters });
        }
    }
    best
}
