//! What grows between two or more snapshots of one program: each site by the shortest stack that tells it from a neighbour
//! which does something else, judged by `growth`.

use std::ops::Range;

use super::growth::{self, Judged, Window};
use super::merged::{Merged, Use};
use super::names::Owner;
use super::profile::HeapProfile;
use super::program::{self, CompareError, Programs};
use super::rank;
use crate::domain::Estimate;
use crate::domain::site::{HeapGrowth, HeapPoint, SiteGrowth, SiteState, difference};

/// A part of a site that holds less than this share of it does not make two sites of it.
const WORTH: f64 = 0.01;
/// A step with less than this share of the turns of an average one is a rest: nothing can leak per turn in it.
const REST: f64 = 0.05;
/// The confidence of the rates that are shown.
const CONFIDENCE: f64 = 0.95;

/// Snapshots that were compared: the growth, and what pictures and files are made of.
#[derive(Debug)]
pub struct Compared {
    /// What grew.
    pub growth: HeapGrowth,
    pub(super) merged: Merged,
    /// The stacks of each site and what it does.
    pub(super) parts: Vec<(Range<usize>, SiteState)>,
    /// The process, where it was one.
    pub(super) pid: Option<u32>,
}

/// Compares snapshots of one program.
///
/// # Errors
/// Where there is one only, or they are of different programs or builds.
pub fn compare(mut profiles: Vec<HeapProfile>, programs: Programs) -> Result<Compared, CompareError> {
    if profiles.len() < 2 {
        return Err(CompareError::TooFew);
    }
    if programs == Programs::MustAgree {
        program::check(&profiles)?;
    }
    let mut notes: Vec<String> = profiles.iter().flat_map(rank::notes).collect();
    notes.extend(program::sort(&mut profiles));
    notes.extend(program::of_several_runs(&profiles));
    let axes = Axes::of(&profiles, &mut notes);
    if profiles.len() == 2 {
        notes.push("two snapshots cannot tell a leak from a cache that fills; a third, later one can".to_owned());
    }
    notes.sort();
    notes.dedup();
    let merged = Merged::of(&profiles);
    let asked = merged.stacks.iter().filter(|stack| is_larger(&stack.uses)).count();
    let mut sites = Sites { merged: &merged, axes: &axes, asked, found: Vec::new() };
    for (frame, range) in merged.parts(0..merged.stacks.len(), 0) {
        sites.collect(frame, range, 1);
    }
    let mut found = sites.found;
    found.sort_by(|(_, a), (_, b)| {
        let by_growth = b.growth_bytes.cmp(&a.growth_bytes);
        a.state.cmp(&b.state).then(by_growth).then_with(|| a.stack.cmp(&b.stack))
    });
    let (parts, sites): (Vec<_>, Vec<_>) = found.into_iter().map(|(range, site)| ((range, site.state), site)).unzip();
    // Of files that say only when they were written, the first is the beginning.
    let begun = profiles.first().and_then(|profile| profile.taken.wall_s);
    let point = |profile: &HeapProfile| HeapPoint {
        source: profile.source.clone(),
        elapsed_s: profile.taken.elapsed_s.or_else(|| Some(profile.taken.wall_s? - begun?)),
        turns: profile.taken.turns,
        live: profile.live(),
    };
    let snapshots = profiles.iter().map(point).collect();
    let program = profiles.iter().find_map(|profile| profile.program.clone());
    let pid = profiles.first().and_then(|profile| profile.pid);
    let pid = pid.filter(|_| profiles.iter().all(|profile| profile.pid == pid));
    Ok(Compared { growth: HeapGrowth { program, snapshots, along: axes.along, sites, notes }, merged, parts, pid })
}

fn is_larger(uses: &[Use]) -> bool {
    let live = |part: Option<&Use>| part.map_or(0, |part| part.live.bytes);
    live(uses.last()) > live(uses.first())
}

/// What growth is measured along.
struct Axes {
    along: &'static str,
    /// Where the snapshots that are asked stand on it; rises.
    x: Vec<f64>,
    /// Which snapshots are asked: those at rest are not.
    asked: Vec<usize>,
    /// Seconds.
    time: Option<Vec<f64>>,
    /// Turns.
    turns: Option<Vec<f64>>,
}

impl Axes {
    fn of(profiles: &[HeapProfile], notes: &mut Vec<String>) -> Self {
        let known = |measure: &dyn Fn(&HeapProfile) -> Option<f64>| -> Option<Vec<f64>> {
            let values: Option<Vec<f64>> = profiles.iter().map(measure).collect();
            values.filter(|values| values.iter().all(|value| value.is_finite()))
        };
        let rises = |values: &Vec<f64>| values.windows(2).all(|pair| pair[1] > pair[0]);
        let time = known(&|profile| profile.taken.elapsed_s).filter(rises);
        let time = time.or_else(|| known(&|profile| profile.taken.wall_s).filter(rises));
        let turns = known(&|profile| profile.taken.turns).filter(|turns| turns.is_sorted());
        let working = turns.as_deref().map(working).filter(|working| working.len() >= 2);
        let all: Vec<usize> = (0..profiles.len()).collect();
        let pick = |values: &[f64], at: &[usize]| at.iter().filter_map(|&at| values.get(at).copied()).collect();
        if let (Some(turns), Some(asked)) = (&turns, working) {
            if asked.len() < profiles.len() {
                let rest = profiles.len() - asked.len();
                notes.push(format!("{rest} of the snapshots were taken while the traffic rested and are not asked"));
            }
            let x = pick(turns, &asked);
            return Self { along: "turns", x, asked, time, turns: Some(turns.clone()) };
        }
        let instructions = known(&|profile| profile.taken.instructions).filter(rises);
        let (along, x) = match (&time, instructions) {
            (Some(time), _) => ("time", time.clone()),
            (None, Some(instructions)) => ("instructions", instructions),
            (None, None) => ("snapshots", all.iter().map(|&at| at as f64).collect()),
        };
        if along == "snapshots" && profiles.len() > 2 {
            notes.push("the files do not say when they were taken; they are held to be evenly apart".to_owned());
        }
        Self { along, x, asked: all, time, turns: None }
    }

    fn judged(&self, uses: &[Use], asked: usize) -> Judged {
        let uses: Vec<Use> = self.asked.iter().filter_map(|&at| uses.get(at).copied()).collect();
        growth::judge(&Window { x: &self.x, uses: &uses, asked })
    }

    fn slope(along: Option<&Vec<f64>>, uses: &[Use]) -> Option<Estimate> {
        growth::slope(&Window { x: along?, uses, asked: 1 }, 0, CONFIDENCE)
    }
}

/// The snapshots before which the traffic worked; the first always is.
fn working(turns: &[f64]) -> Vec<usize> {
    let (Some(first), Some(last)) = (turns.first(), turns.last()) else { return Vec::new() };
    let rest = REST * (last - first) / turns.len() as f64;
    let mut kept = vec![0];
    for (at, &now) in turns.iter().enumerate().skip(1) {
        let before = kept.last().and_then(|&before| turns.get(before)).copied().unwrap_or_default();
        if now - before > rest {
            kept.push(at);
        }
    }
    kept
}

struct Sites<'a> {
    merged: &'a Merged,
    axes: &'a Axes,
    asked: usize,
    found: Vec<(Range<usize>, SiteGrowth)>,
}

impl Sites<'_> {
    fn judged(&self, range: &Range<usize>) -> Judged {
        self.axes.judged(&self.merged.sum(range.clone()), self.asked)
    }

    fn collect(&mut self, frame: Option<u32>, range: Range<usize>, depth: usize) {
        let owner = frame.map_or(Owner::Program, |frame| self.merged.labels.owner(frame));
        let mut split = matches!(owner, Owner::Library | Owner::Unknown) && depth < rank::DEEPEST;
        let mut branches = depth;
        if !split && frame.is_some() {
            // The depth at which callers part; up to there they are one and the same.
            while matches!(self.merged.parts(range.clone(), branches)[..], [(Some(_), _)]) {
                branches += 1;
            }
            split = self.disagree(&range, branches);
        } else if frame.is_none() {
            split = false;
        }
        if !split {
            let site = self.site(&range, depth);
            self.found.push((range, site));
            return;
        }
        for (frame, part) in self.merged.parts(range, branches) {
            self.collect(frame, part, branches + usize::from(frame.is_some()));
        }
    }

    /// Whether of the callers at this depth one grows and another, large enough to matter, does not.
    fn disagree(&self, range: &Range<usize>, depth: usize) -> bool {
        let parts = self.merged.parts(range.clone(), depth);
        if parts.len() < 2 {
            return false;
        }
        let greatest = |range: Range<usize>| {
            self.merged.sum(range).iter().map(|part| part.live.bytes).max().unwrap_or_default() as f64
        };
        let whole = greatest(range.clone());
        let (mut grows, mut holds) = (false, false);
        for (_, part) in parts {
            let is_worth = greatest(part.clone()) >= WORTH * whole;
            match self.judged(&part).state {
                SiteState::Growing | SiteState::Grew => grows = true,
                SiteState::Undecided => {}
                _ => holds |= is_worth,
            }
        }
        grows && holds
    }

    fn site(&self, range: &Range<usize>, depth: usize) -> SiteGrowth {
        let uses = self.merged.sum(range.clone());
        let Judged { state, reason, doubling } = self.axes.judged(&uses, self.asked);
        let (first, last) = (uses.first().copied().unwrap_or_default(), uses.last().copied().unwrap_or_default());
        let growth = |uses: &[Use]| match (uses.first(), uses.last()) {
            (Some(first), Some(last)) => difference(first.live.bytes, last.live.bytes).max(0) as f64,
            _ => 0.0,
        };
        let mut stack = self.merged.words(range, depth);
        if stack.is_empty() {
            stack.push("[no stack]".to_owned());
        }
        let per_second = Axes::slope(self.axes.time.as_ref(), &uses);
        SiteGrowth {
            state,
            reason,
            doubling,
            live: uses.iter().map(|part| part.live).collect(),
            growth_bytes: difference(first.live.bytes, last.live.bytes),
            growth_blocks: difference(first.live.blocks, last.live.blocks),
            error_bytes: (first.variance + last.variance).sqrt(),
            per_hour: per_second.map(|rate| rate.scaled(3600.0)),
            per_turn: Axes::slope(self.axes.turns.as_ref(), &uses),
            callers: self.merged.callers(range, depth, growth),
            stack,
        }
    }
}
