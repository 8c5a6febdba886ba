//! What a heap says, as plain data: amounts by call site, how they grow, what a process's growth is made of, and the tree
//! that a flame graph is drawn from. `heap` makes them; charts, reports and the command line read them.

use serde::Serialize;

use super::assessment::Estimate;

/// An amount of heap memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Amount {
    /// Bytes, as the program asked for them.
    pub bytes: u64,
    /// Blocks.
    pub blocks: u64,
}

impl Amount {
    /// Both together; what does not fit stays at the greatest number.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self { bytes: self.bytes.saturating_add(other.bytes), blocks: self.blocks.saturating_add(other.blocks) }
    }
}

/// A caller of a site and the share of the site's bytes that came by it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Caller {
    /// The frame: `function (file:line)`.
    pub frame: String,
    /// The share, 0 to 1.
    pub share: f64,
}

/// One call site and what it holds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RankedSite {
    /// The shortest stack that tells, innermost first: `function (file:line)`.
    pub stack: Vec<String>,
    /// What was allocated there and not freed.
    pub live: Amount,
    /// The standard error of the live bytes where allocations are sampled, else 0.
    pub error_bytes: f64,
    /// The share of all live bytes, 0 to 1.
    pub share: f64,
    /// Who called it, where the stack ends and several did, the greatest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub callers: Vec<Caller>,
}

/// The sites of one profile, the greatest first.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ranking {
    /// The profile, as it was named.
    pub source: String,
    /// The program that it is of, where it says.
    pub program: Option<String>,
    /// Everything that is live.
    pub live: Amount,
    /// The mean distance between samples in bytes; 1 where every allocation was seen.
    pub period_bytes: u64,
    /// The sites.
    pub sites: Vec<RankedSite>,
    /// What a reader must know, a sentence each.
    pub notes: Vec<String>,
}

/// What a site does over several snapshots.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SiteState {
    /// It grows as long as the program works: the longer the window, the more.
    Growing,
    /// It grew between two snapshots, which cannot tell a cache that fills from a leak.
    Grew,
    /// The snapshots cannot tell; the reason says why.
    Undecided,
    /// It grew at first and then stopped, as a cache that fills does.
    Filled,
    /// What it holds stays while it goes on allocating, as a cache does that lets go of the old.
    TurningOver,
    /// What it holds stays.
    Steady,
    /// It holds less than at first.
    Shrank,
}

impl SiteState {
    /// The word in reports; JSON has it with hyphens.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Growing => "growing",
            Self::Grew => "grew",
            Self::Undecided => "undecided",
            Self::Filled => "filled",
            Self::TurningOver => "turning over",
            Self::Steady => "steady",
            Self::Shrank => "shrank",
        }
    }
}

/// One call site over several snapshots.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SiteGrowth {
    /// The shortest stack that tells it from its neighbours, innermost first.
    pub stack: Vec<String>,
    /// What it does.
    pub state: SiteState,
    /// Why that is said, in one sentence.
    pub reason: String,
    /// What it held at each snapshot.
    pub live: Vec<Amount>,
    /// Last less first, in bytes.
    pub growth_bytes: i64,
    /// Last less first, in blocks.
    pub growth_blocks: i64,
    /// The standard error of the growth in bytes that sampling brings, 0 where every allocation was seen.
    pub error_bytes: f64,
    /// Growth over the whole window against that over its first half: 2 for a leak, 1 for a cache that is full. `None`
    /// where two snapshots are all there is, or where nothing grew in the first half.
    pub doubling: Option<f64>,
    /// Bytes an hour, where the snapshots' times are known.
    pub per_hour: Option<Estimate>,
    /// Bytes a turn of the traffic, where the record tells the turns.
    pub per_turn: Option<Estimate>,
    /// Who called it, the greatest share of the growth first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub callers: Vec<Caller>,
}

/// One snapshot in a comparison.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct HeapPoint {
    /// The file, as it was named.
    pub source: String,
    /// Seconds since the first snapshot, or since the run's start where a run is known.
    pub elapsed_s: Option<f64>,
    /// Turns of the traffic so far.
    pub turns: Option<f64>,
    /// Everything that is live.
    pub live: Amount,
}

/// What grows between two or more snapshots of one program.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct HeapGrowth {
    /// The program, where the snapshots say.
    pub program: Option<String>,
    /// The snapshots, in order of time.
    pub snapshots: Vec<HeapPoint>,
    /// What the growth was measured along: `turns`, `time`, `instructions` or `snapshots`.
    pub along: &'static str,
    /// The sites: what grows first, and of these the greatest.
    pub sites: Vec<SiteGrowth>,
    /// What a reader must know, a sentence each.
    pub notes: Vec<String>,
}

impl HeapGrowth {
    /// The sites of this state.
    pub fn of(&self, state: SiteState) -> impl Iterator<Item = &SiteGrowth> {
        self.sites.iter().filter(move |site| site.state == state)
    }

    /// Growth of everything that is live, in bytes.
    pub fn total_bytes(&self) -> i64 {
        match (self.snapshots.first(), self.snapshots.last()) {
            (Some(first), Some(last)) => difference(first.live.bytes, last.live.bytes),
            _ => 0,
        }
    }
}

/// `to` less `from`; what does not fit stays at the end of the range.
pub fn difference(from: u64, to: u64) -> i64 {
    let apart = i64::try_from(from.abs_diff(to)).unwrap_or(i64::MAX);
    if to >= from { apart } else { -apart }
}

/// What most of a process's growth is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SplitFinding {
    /// The process does not grow by enough to ask.
    NothingGrows,
    /// The heap: call sites hold more.
    Heap,
    /// The heap is flat; the allocator keeps memory that the program freed.
    Retention,
    /// Memory outside the heap: mappings, thread stacks.
    Outside,
    /// Files or shared memory that are mapped.
    Files,
    /// The heap is flat, and what grows beside it cannot be told apart: the allocator says nothing of itself.
    NotTheHeap,
    /// No part makes up half of it.
    Mixed,
}

/// One part of a process's growth.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SplitPart {
    /// What it is.
    pub name: &'static str,
    /// Its growth in bytes; less than nothing where it gave memory back.
    pub bytes: i64,
}

/// What the growth of a process's resident memory is made of, between two snapshots.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MemorySplit {
    /// Growth of resident memory, in bytes.
    pub rss_bytes: i64,
    /// Its parts; they add up to it.
    pub parts: Vec<SplitPart>,
    /// What most of it is.
    pub finding: SplitFinding,
    /// The finding in one sentence.
    pub reason: String,
}

/// What a report says of the heap of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct HeapReport {
    /// The finding in one sentence.
    pub finding: String,
    /// What grew between the run's snapshots.
    pub growth: HeapGrowth,
    /// What the growth of resident memory is made of, where the record has the samples for it.
    pub split: Option<MemorySplit>,
    /// The tree of what grew (or, where nothing did, of what is live), for the flame graph.
    #[serde(skip)]
    pub flame: FlameTree,
}

/// A tree of stacks, outermost first, each as wide as its bytes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FlameTree {
    /// What the picture shows, as its title.
    pub title: String,
    /// The words of the root.
    pub root: String,
    /// The outermost frames.
    pub frames: Vec<FlameFrame>,
}

/// One frame of the tree.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FlameFrame {
    /// `function (file:line)`.
    pub name: String,
    /// Bytes of everything below it and of itself.
    pub bytes: u64,
    /// Whether a site that grows lies at it or below it.
    pub grows: bool,
    /// What it calls, the widest first.
    pub frames: Vec<FlameFrame>,
}
