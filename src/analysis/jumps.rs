//! Shapes with jumps of their level: memory that is taken or handed back in one piece. The jumps are found greedily,
//! the best first, as in matching pursuit (Mallat and Zhang 1993).

use crate::stats::autoregression::Whitening;
use crate::stats::basis::{Basis, dot};

use super::blocks::Blocks;
use super::fitting::{Fit, Ground, Left, Spent, affordable, latest_level, score, take};
use super::shapes::{Candidate, Family, Form};

/// A level that jumps within this block, for the rest of that life.
pub(super) fn jump_column(blocks: &Blocks, from: usize) -> Vec<f64> {
    let life = blocks.segment[from];
    let height = |at: usize| match at.cmp(&from) {
        std::cmp::Ordering::Equal => blocks.behind[at],
        std::cmp::Ordering::Greater if blocks.segment[at] == life => 1.0,
        _ => 0.0,
    };
    (0..blocks.value.len()).map(height).collect()
}

/// A level's jump at each block, but not so near an end that it would be one block's noise or the tread of a stair.
pub(super) fn jump_columns(blocks: &Blocks, whitening: &Whitening, base: &Basis) -> Vec<Vec<f64>> {
    let count = blocks.value.len();
    let latest = latest_level(blocks);
    let column = |from: usize| {
        let life = blocks.segment[from];
        let inner = from >= 2 && blocks.at[from] <= latest && blocks.segment[from - 1] == life;
        if !inner {
            return Vec::new();
        }
        let mut white = whitening.apply(&jump_column(blocks, from));
        base.take_out(&mut white);
        white
    };
    (0..count).map(column).collect()
}

/// What jumps cost a shape beside their columns: two columns' worth each, which makes three, as in the modified BIC for
/// change points (Zhang and Siegmund 2007). A growing shape may fall several times, because memory is handed back in
/// one piece, but rise by a jump once only, and dearer: growth with jumps at will fits anything.
fn jump_cost(family: Family, jumps: usize, rises: usize) -> f64 {
    let dearer = if family == Family::Growing { 2.0 * rises as f64 } else { 0.0 };
    2.0 * jumps as f64 + dearer
}

pub(super) fn fit_jumps(blocks: &Blocks, grounds: &[Ground], all: &[Candidate]) -> Vec<Fit> {
    let coarse = |value: f64, by: f64| ((value / by).round() * by - value).abs() < 1e-6;
    let eligible = all.iter().copied().filter(|one| match one.form {
        Form::Flat | Form::Line => true,
        Form::Saturating { .. } => one.form.family() == Family::Stopped,
        Form::Plateau { knee } | Form::Bend { knee } => coarse(knee, 0.1),
        Form::Late { onset } => coarse(onset, 0.1),
        _ => false,
    });
    let mut fits = Vec::new();
    for candidate in eligible {
        let columns = candidate.form.columns(&blocks.since);
        // Every third rho is enough here: the jumps decide, not the noise between them.
        let found = grounds.iter().step_by(3).flat_map(|ground| with_jumps(blocks, ground, candidate, &columns));
        fits.extend(found.min_by(|a, b| a.score.total_cmp(&b.score)));
    }
    fits
}

/// The shape with the best first jump, the best second one beside it, and so on: greedily, as in matching pursuit.
fn with_jumps(blocks: &Blocks, ground: &Ground, candidate: Candidate, columns: &[Vec<f64>]) -> Vec<Fit> {
    let family = candidate.form.family();
    let most = 4;
    let mut rises = 0;
    let mut left = take(ground, columns);
    let mut jumps = Vec::new();
    let mut fits = Vec::new();
    for _ in 0..most {
        let allowed = if family == Family::Growing && rises > 0 { Jumps::Down } else { Jumps::Both };
        let Some(at) = best_jump(ground, &left, &jumps, allowed) else { break };
        rises += usize::from(dot(&ground.jumps[at], &left.rest) > 0.0);
        left.push(ground.jumps[at].clone());
        jumps.push(at);
        let parameters = ground.base.rank() + columns.len() + jumps.len();
        let choices = candidate.form.choices() + jump_cost(family, jumps.len(), rises);
        let spent = Spent { columns: parameters, lost: 0, choices };
        if !affordable(blocks, spent) {
            break;
        }
        let score = score(blocks, ground, left.squares(), spent);
        fits.push(Fit { candidate, jumps: jumps.clone(), rho: ground.rho, score, parameters });
    }
    fits
}

/// Which way a level may jump.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Jumps {
    Both,
    Down,
}

fn best_jump(ground: &Ground, left: &Left, taken: &[usize], allowed: Jumps) -> Option<usize> {
    let mut best: Option<(f64, usize)> = None;
    for (at, column) in ground.jumps.iter().enumerate() {
        if column.is_empty() || taken.contains(&at) {
            continue;
        }
        let along = dot(column, &left.rest);
        if allowed == Jumps::Down && along >= 0.0 {
            continue;
        }
        let mut size = dot(column, column);
        for direction in &left.taken {
            size -= dot(column, direction).powi(2);
        }
        if size <= 1e-6 {
            continue;
        }
        let gain = along * along / size;
        if best.is_none_or(|(most, _)| gain > most) {
            best = Some((gain, at));
        }
    }
    best.map(|(_, at)| at)
}
