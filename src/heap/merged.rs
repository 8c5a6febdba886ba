//! The stacks of one or more profiles, merged by the frames that tell: what each held at each snapshot.

use std::collections::HashMap;
use std::ops::Range;

use super::profile::HeapProfile;
use super::telling::{Labels, Telling};
use crate::domain::site::{Amount, Caller};

/// What a stack, or many together, held at one snapshot.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Use {
    pub(super) live: Amount,
    pub(super) allocated: Amount,
    /// The variance of the live bytes that sampling brings.
    pub(super) variance: f64,
}

impl Use {
    fn add(&mut self, other: Self) {
        self.live = self.live.plus(other.live);
        self.allocated = self.allocated.plus(other.allocated);
        self.variance += other.variance;
    }
}

/// One merged stack.
#[derive(Debug)]
pub(super) struct Stack {
    /// Labels, innermost first.
    pub(super) frames: Box<[u32]>,
    /// What it held, a snapshot each.
    pub(super) uses: Box<[Use]>,
}

/// All merged stacks, sorted by their frames, so that stacks with the same inner frames stand together.
#[derive(Debug, Default)]
pub(super) struct Merged {
    pub(super) labels: Labels,
    pub(super) stacks: Vec<Stack>,
    pub(super) snapshots: usize,
}

impl Merged {
    pub(super) fn of(profiles: &[HeapProfile]) -> Self {
        let mut labels = Labels::default();
        let mut merged: HashMap<Box<[u32]>, Box<[Use]>> = HashMap::new();
        for (snapshot, profile) in profiles.iter().enumerate() {
            let (telling, sampling) = (Telling::of(profile, &mut labels), profile.sampling());
            for site in &profile.sites {
                let frames = telling.stack(&site.stack, &labels).into_boxed_slice();
                let uses = merged.entry(frames).or_insert_with(|| vec![Use::default(); profiles.len()].into());
                let variance = site.variance(sampling);
                if let Some(at) = uses.get_mut(snapshot) {
                    at.add(Use { live: site.live, allocated: site.allocated, variance });
                }
            }
        }
        let mut stacks: Vec<Stack> = merged.into_iter().map(|(frames, uses)| Stack { frames, uses }).collect();
        // By the words and not by their numbers, so that the same files give the same order.
        stacks.sort_by(|a, b| {
            let (a, b) = (a.frames.iter(), b.frames.iter());
            a.map(|&frame| labels.text(frame)).cmp(b.map(|&frame| labels.text(frame)))
        });
        Self { labels, stacks, snapshots: profiles.len() }
    }

    /// What the stacks of this range held together, a snapshot each.
    pub(super) fn sum(&self, range: Range<usize>) -> Vec<Use> {
        let mut sum = vec![Use::default(); self.snapshots];
        for stack in self.stacks.get(range).unwrap_or_default() {
            for (sum, part) in sum.iter_mut().zip(stack.uses.iter()) {
                sum.add(*part);
            }
        }
        sum
    }

    /// Parts a range by the frame at this depth; stacks that end before it come first, under `None`.
    pub(super) fn parts(&self, range: Range<usize>, depth: usize) -> Vec<(Option<u32>, Range<usize>)> {
        let mut parts: Vec<(Option<u32>, Range<usize>)> = Vec::new();
        for at in range {
            let frame = self.stacks.get(at).and_then(|stack| stack.frames.get(depth)).copied();
            match parts.last_mut() {
                Some((last, part)) if *last == frame => part.end = at + 1,
                _ => parts.push((frame, at..at + 1)),
            }
        }
        parts
    }

    /// The words of the first frames of a range's stacks, which they share.
    pub(super) fn words(&self, range: &Range<usize>, depth: usize) -> Vec<String> {
        let stack = self.stacks.get(range.start);
        let frames = stack.map(|stack| stack.frames.iter().take(depth)).into_iter().flatten();
        frames.map(|&frame| self.labels.text(frame).to_owned()).collect()
    }

    /// Who called a range's stacks at this depth, by the share of a measure, the greatest first; none where it is one.
    pub(super) fn callers(&self, range: &Range<usize>, depth: usize, measure: impl Fn(&[Use]) -> f64) -> Vec<Caller> {
        /// Callers that are worth a line.
        const MOST: usize = 5;
        /// The least share that is.
        const LEAST: f64 = 0.01;
        let parts = self.parts(range.clone(), depth);
        let whole = measure(&self.sum(range.clone()));
        if parts.len() < 2 || whole <= 0.0 {
            return Vec::new();
        }
        let caller = |(frame, part): (Option<u32>, Range<usize>)| Caller {
            frame: frame.map_or_else(|| "[nobody]".to_owned(), |frame| self.labels.text(frame).to_owned()),
            share: measure(&self.sum(part)).max(0.0) / whole,
        };
        let mut callers: Vec<Caller> = parts.into_iter().map(caller).filter(|caller| caller.share >= LEAST).collect();
        callers.sort_by(|a, b| b.share.total_cmp(&a.share));
        callers.truncate(MOST);
        callers
    }
}
