//! Stacks as a tree, outermost first: for the flame graph and for folded stacks that other tools draw.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::diff::Compared;
use super::merged::{Merged, Stack};
use super::rank::Ranked;
use crate::domain::bytes::human;
use crate::domain::site::{FlameFrame, FlameTree, SiteState, difference};

#[derive(Default)]
struct Node {
    bytes: u64,
    grows: bool,
    frames: BTreeMap<u32, Node>,
}

impl Node {
    fn add(&mut self, stack: &Stack, bytes: u64, grows: bool) {
        let mut node = self;
        node.bytes = node.bytes.saturating_add(bytes);
        for &frame in stack.frames.iter().rev() {
            node = node.frames.entry(frame).or_default();
            node.bytes = node.bytes.saturating_add(bytes);
            node.grows |= grows;
        }
    }

    fn frames(self, merged: &Merged) -> Vec<FlameFrame> {
        let named = |(frame, node): (u32, Node)| FlameFrame {
            name: merged.labels.text(frame).to_owned(),
            bytes: node.bytes,
            grows: node.grows,
            frames: node.frames(merged),
        };
        let mut frames: Vec<FlameFrame> = self.frames.into_iter().map(named).collect();
        frames.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.name.cmp(&b.name)));
        frames
    }
}

fn folded<'a>(merged: &Merged, stacks: impl Iterator<Item = (&'a Stack, u64)>) -> String {
    let mut out = String::new();
    for (stack, bytes) in stacks.filter(|(_, bytes)| *bytes > 0) {
        // A semicolon parts frames, the last blank parts the number.
        let name = |&frame: &u32| merged.labels.text(frame).replace(';', ":").replace(['\n', '\r'], " ");
        let frames: Vec<String> = stack.frames.iter().rev().map(name).collect();
        let frames = if frames.is_empty() { "[no stack]".to_owned() } else { frames.join(";") };
        let _ = writeln!(out, "{frames} {bytes}");
    }
    out
}

/// A site in a sentence: where it allocates and who in the program is to look.
fn named(stack: &[String]) -> String {
    match stack {
        [] => String::new(),
        [one] => one.clone(),
        [first, last] => format!("{first} <- {last}"),
        [first, .., last] => format!("{first} <- .. <- {last}"),
    }
}

impl Ranked {
    fn stacks(&self) -> impl Iterator<Item = (&Stack, u64)> {
        self.merged.stacks.iter().map(|stack| (stack, stack.uses.first().map_or(0, |part| part.live.bytes)))
    }

    /// What is live, as stacks of one line each: `outer;inner bytes`.
    pub fn folded(&self) -> String {
        folded(&self.merged, self.stacks())
    }

    /// What is live, as a tree.
    pub fn flame(&self) -> FlameTree {
        let mut root = Node::default();
        self.stacks().filter(|(_, bytes)| *bytes > 0).for_each(|(stack, bytes)| root.add(stack, bytes, false));
        let (total, ranking) = (human(root.bytes as f64), &self.ranking);
        let title = match ranking.sites.first() {
            Some(site) => {
                let (bytes, name) = (human(site.live.bytes as f64), named(&site.stack));
                format!("{bytes} of {total} live are held by {name}")
            }
            None => "Nothing is live".to_owned(),
        };
        FlameTree { title, root: "live".to_owned(), frames: root.frames(&self.merged) }
    }
}

impl Compared {
    /// Each stack with its growth, less than nothing being nothing, and what its site does.
    pub(super) fn grown(&self) -> impl Iterator<Item = (&Stack, u64, SiteState)> {
        self.parts.iter().flat_map(|(range, state)| {
            let stacks = self.merged.stacks.get(range.clone()).unwrap_or_default();
            stacks.iter().map(|stack| {
                let (first, last) = (stack.uses.first(), stack.uses.last());
                let live = |part: Option<&super::merged::Use>| part.map_or(0, |part| part.live.bytes);
                let growth = difference(live(first), live(last));
                (stack, u64::try_from(growth).unwrap_or(0), *state)
            })
        })
    }

    /// What grew, as stacks of one line each: `outer;inner bytes`.
    pub fn folded(&self) -> String {
        folded(&self.merged, self.grown().map(|(stack, bytes, _)| (stack, bytes)))
    }

    /// What grew, as a tree; the sites that are shown to grow are marked.
    pub fn flame(&self) -> FlameTree {
        let mut root = Node::default();
        for (stack, bytes, state) in self.grown().filter(|(_, bytes, _)| *bytes > 0) {
            root.add(stack, bytes, state == SiteState::Growing);
        }
        FlameTree { title: self.title(), root: "grew".to_owned(), frames: root.frames(&self.merged) }
    }

    /// The finding in one sentence.
    pub fn title(&self) -> String {
        let growth = &self.growth;
        let grown = |state| {
            let sites: Vec<_> = growth.of(state).collect();
            let bytes: i64 = sites.iter().map(|site| site.growth_bytes).fold(0, i64::saturating_add);
            let first = sites.first().map(|site| named(&site.stack));
            first.map(|first| (first, human(bytes as f64), sites.len() - 1))
        };
        let more = |count: usize| if count == 0 { String::new() } else { format!(" and {count} more") };
        if let Some((first, bytes, others)) = grown(SiteState::Growing) {
            return format!("The heap grows at {first}{}: {bytes} over the snapshots", more(others));
        }
        if let Some((first, bytes, others)) = grown(SiteState::Grew) {
            return format!(
                "The heap grew at {first}{} by {bytes}; two snapshots cannot tell whether it goes on",
                more(others)
            );
        }
        if let Some((first, bytes, others)) = grown(SiteState::Undecided) {
            return format!("No site is shown to grow; undecided at {first}{}: {bytes}", more(others));
        }
        "No site grows".to_owned()
    }
}
