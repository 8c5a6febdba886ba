//! The contest: every shape is fitted by generalised least squares with AR(1) noise, and scored by what its closeness is
//! worth against what its parameters cost (Schwarz 1978, BIC; lower is better). The best of those that have stopped stands
//! against the best of those that still grow.

use crate::stats::autoregression::Whitening;
use crate::stats::basis::{Basis, dot};

use super::blocks::Blocks;
use super::shapes::{Candidate, Family, Form, candidates};

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

/// The fits of a contest, each family's best first.
#[derive(Clone, Debug, Default)]
pub(super) struct Contest {
    /// Shapes that have stopped.
    pub(super) stopped: Vec<Fit>,
    /// Shapes that rise ever slower.
    pub(super) slowing: Vec<Fit>,
    /// Shapes that still grow.
    pub(super) growing: Vec<Fit>,
}

impl Contest {
    /// By how much the evidence prefers growth to a stop; negative where it prefers the stop.
    pub(super) fn over_stopped(&self) -> f64 {
        lead(&self.stopped, &self.growing)
    }

    /// By how much it prefers steady growth to growth that slows.
    pub(super) fn over_slowing(&self) -> f64 {
        lead(&self.slowing, &self.growing)
    }

    /// The best score of all.
    pub(super) fn best_score(&self) -> f64 {
        let firsts = [self.stopped.first(), self.slowing.first(), self.growing.first()];
        firsts.into_iter().flatten().map(|fit| fit.score).fold(f64::INFINITY, f64::min)
    }

    /// How much of the start the best growing shape leaves to warm-up.
    pub(super) fn warm_up(&self) -> f64 {
        let of = |fit: &Fit| match fit.candidate.form {
            Form::Bend { knee } | Form::TwoBends { knee, .. } => knee,
            Form::SaturatingLine { tau } => 3.0 * tau,
            _ => fit.candidate.start,
        };
        self.growing.first().map_or(0.0, of)
    }
}

fn lead(others: &[Fit], growing: &[Fit]) -> f64 {
    match (others.first(), growing.first()) {
        (Some(other), Some(growing)) => other.score - growing.score,
        (None, Some(_)) => f64::INFINITY,
        _ => f64::NEG_INFINITY,
    }
}

/// One rho's share of the work that all shapes have in common.
struct Ground {
    rho: f64,
    whitening: Whitening,
    base: Basis,
    value: Vec<f64>,
    /// What the base leaves of a level's jump at each block, for one life each; empty where no jump may be.
    jumps: Vec<Vec<f64>>,
}

/// Holds all shapes against each other. `extra` are columns that every shape has (a swing with a period).
pub(super) fn hold(blocks: &Blocks, extra: &[Vec<f64>]) -> Contest {
    let latest = latest_level(blocks);
    let all: Vec<Candidate> = candidates().into_iter().filter(|one| one.form.last_level() <= latest).collect();
    let mut contest = Contest::default();
    let mut starts: Vec<f64> = Vec::new();
    for candidate in &all {
        if !starts.contains(&candidate.start) {
            starts.push(candidate.start);
        }
    }
    for start in starts {
        let grounds = grounds(blocks, extra, start);
        let mine: Vec<Candidate> = all.iter().copied().filter(|one| (one.start - start).abs() < 1e-9).collect();
        contest.enter(fit_all(blocks, &grounds, &mine));
        if start <= 0.0 {
            contest.enter(fit_jumps(blocks, &grounds, &mine));
            let finer = contest.finer(blocks);
            contest.enter(fit_all(blocks, &grounds, &finer));
        }
    }
    contest
}

impl Contest {
    fn enter(&mut self, fits: Vec<Fit>) {
        for fit in fits {
            match fit.candidate.form.family() {
                Family::Stopped => self.stopped.push(fit),
                Family::Slowing => self.slowing.push(fit),
                Family::Growing => self.growing.push(fit),
            }
        }
        self.slowing.sort_by(|a, b| a.score.total_cmp(&b.score));
        self.stopped.sort_by(|a, b| a.score.total_cmp(&b.score));
        self.growing.sort_by(|a, b| a.score.total_cmp(&b.score));
    }

    /// Neighbours of the best shapes between the steps of the grid.
    fn finer(&self, blocks: &Blocks) -> Vec<Candidate> {
        let best = self.stopped.iter().take(2).chain(self.growing.iter().take(2));
        let mut finer = Vec::new();
        for fit in best {
            let near = |by: f64| match fit.candidate.form {
                Form::Saturating { tau } => Some(Form::Saturating { tau: tau * (1.0 + 10.0 * by) }),
                Form::Plateau { knee } => Some(Form::Plateau { knee: (knee + by).max(0.02) }),
                Form::Bend { knee } => Some(Form::Bend { knee: (knee + by).max(0.02) }),
                Form::Late { onset } => Some(Form::Late { onset: (onset + by).max(0.02) }),
                _ => None,
            };
            let latest = latest_level(blocks);
            finer.extend(
                [-0.015, -0.01, -0.005, 0.005, 0.01, 0.015]
                    .into_iter()
                    .filter_map(near)
                    .filter(|form| form.last_level() <= latest),
            );
        }
        finer.into_iter().map(|form| Candidate { form, start: 0.0 }).collect()
    }
}

/// The columns that every shape has: a level for each life, the load, and the extra ones.
pub(super) fn base_columns(blocks: &Blocks, extra: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let lives = blocks.segment.last().map_or(0, |last| last + 1);
    let level = |life: usize| blocks.segment.iter().map(|&one| f64::from(u8::from(one == life))).collect();
    let levels = (0..lives).map(level);
    levels.chain(blocks.load.iter().cloned()).chain(extra.iter().cloned()).collect()
}

fn grounds(blocks: &Blocks, extra: &[Vec<f64>], start: f64) -> Vec<Ground> {
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
fn latest_level(blocks: &Blocks) -> f64 {
    let count = blocks.since.len().max(1) as f64;
    (1.0 - 5.0 / count).min(0.8) + 1e-9
}

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
fn jump_columns(blocks: &Blocks, whitening: &Whitening, base: &Basis) -> Vec<Vec<f64>> {
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

/// What a fit leaves: the directions it took beyond the base, and the rest.
struct Left {
    taken: Vec<Vec<f64>>,
    rest: Vec<f64>,
}

fn take(ground: &Ground, columns: &[Vec<f64>]) -> Left {
    let mut left = Left { taken: Vec::new(), rest: ground.value.clone() };
    for column in columns {
        let mut white = ground.whitening.apply(column);
        ground.base.take_out(&mut white);
        left.push(white);
    }
    left
}

impl Left {
    fn push(&mut self, mut column: Vec<f64>) {
        for direction in &self.taken {
            remove(&mut column, direction);
        }
        let size = dot(&column, &column).sqrt();
        if size > 1e-9 {
            column.iter_mut().for_each(|value| *value /= size);
            remove(&mut self.rest, &column);
            self.taken.push(column);
        }
    }

    fn squares(&self) -> f64 {
        dot(&self.rest, &self.rest)
    }
}

fn remove(column: &mut [f64], direction: &[f64]) {
    let share = dot(column, direction);
    column.iter_mut().zip(direction).for_each(|(value, unit)| *value -= share * unit);
}

/// What a fit used up.
#[derive(Clone, Copy)]
struct Spent {
    /// Columns.
    columns: usize,
    /// Points that a later start left out.
    lost: usize,
    /// Other choices, in columns' worth.
    choices: f64,
}

/// The BIC in its small-sample form (McQuarrie and Tsai 1998): each column costs `ln n * n / (n - k - 2)`, one more for the
/// variance. A point left out costs what a column of its own would.
fn score(blocks: &Blocks, ground: &Ground, squares: f64, spent: Spent) -> f64 {
    let count = blocks.value.len() as f64;
    let variance = (squares / count).max(blocks.least_variance).max(f64::MIN_POSITIVE);
    let used = spent.columns as f64 + 1.0;
    let judged = count - spent.lost as f64;
    let small = judged / (judged - used - 1.0).max(1.0);
    let cost = ((used + spent.choices) * small + spent.lost as f64) * count.ln();
    count * variance.ln() + ground.whitening.log_determinant() + cost
}

/// Whether enough values are left to judge by: as many values as coefficients fit anything.
fn affordable(blocks: &Blocks, spent: Spent) -> bool {
    let judged = blocks.value.len() - spent.lost;
    spent.columns + 3 <= judged && (spent.lost == 0 || judged >= 12)
}

/// Fits every shape: at every third rho first, and at all of them where a shape comes near the best of its family.
fn fit_all(blocks: &Blocks, grounds: &[Ground], all: &[Candidate]) -> Vec<Fit> {
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

/// What jumps cost a shape beside their columns: two columns' worth each, which makes three, as in the modified BIC for
/// change points (Zhang and Siegmund 2007). A growing shape may fall several times, because memory is handed back in one piece,
/// but rise by a jump once only, and dearer: growth with jumps at will fits anything.
fn jump_cost(family: Family, jumps: usize, rises: usize) -> f64 {
    let dearer = if family == Family::Growing { 2.0 * rises as f64 } else { 0.0 };
    2.0 * jumps as f64 + dearer
}

fn fit_jumps(blocks: &Blocks, grounds: &[Ground], all: &[Candidate]) -> Vec<Fit> {
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
