//! The contest: every shape is fitted and scored, and the best of those that have stopped stands against the best of
//! those that rise ever slower and of those that still grow.

use super::blocks::Blocks;
use super::fitting::{Fit, fit_all, grounds, latest_level};
use super::jumps::fit_jumps;
use super::shapes::{Candidate, Family, Form, candidates};

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

/// Holds all shapes against each other. `extra` are columns that every shape has (a swing with a period).
pub(super) fn hold(blocks: &Blocks, extra: &[Vec<f64>]) -> Contest {
    let latest = latest_level(blocks);
    let all: Vec<Candidate> =
        candidates(blocks.before).into_iter().filter(|one| one.form.last_level() <= latest).collect();
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
