//! What the growth of a process's resident memory is made of: the heap's live blocks, memory that the allocator keeps after
//! it was freed, mappings and stacks outside the heap, files. "RSS grows, the heap is flat" is the commonest false alarm.

use super::profile::ArenaUse;
use crate::domain::bytes::human;
use crate::domain::site::{MemorySplit, SplitFinding, SplitPart, difference};

/// Less growth than this is not asked what it is made of: some hundred pages come and go in any process.
const LEAST: i64 = 1 << 20;

/// What was known of a process at the moment of a snapshot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moment {
    /// Anonymous memory, resident or swapped out, in bytes.
    pub anonymous: u64,
    /// Resident pages of files, in bytes.
    pub files: u64,
    /// Resident shared memory, in bytes.
    pub shared: u64,
    /// Live heap by the snapshot, in bytes.
    pub live: u64,
    /// What the tracer itself holds, in bytes.
    pub tracer: u64,
    /// The allocator's own figures, where it has any.
    pub arena: Option<ArenaUse>,
}

/// Splits the growth from one moment to a later one. The parts add up to the growth of resident memory.
pub fn split(from: &Moment, to: &Moment) -> MemorySplit {
    let grown = |measure: fn(&Moment) -> u64| difference(measure(from), measure(to));
    let (anonymous, files, shared) = (grown(|at| at.anonymous), grown(|at| at.files), grown(|at| at.shared));
    let (live, tracer) = (grown(|at| at.live), grown(|at| at.tracer));
    let rss = anonymous.saturating_add(files).saturating_add(shared);
    let mut parts = vec![part("live heap at named sites", live)];
    if let (Some(first), Some(last)) = (from.arena, to.arena) {
        let taken = |arena: ArenaUse| arena.arenas.saturating_add(arena.mapped);
        let heap = difference(taken(first), taken(last));
        let kept = difference(first.free, last.free);
        let unnamed = heap.saturating_sub(kept).saturating_sub(live);
        let outside = anonymous.saturating_sub(heap).saturating_sub(tracer);
        parts.push(part("heap beside them: headers, rounding, blocks of C libraries", unnamed));
        parts.push(part("freed, and kept by the allocator", kept));
        parts.push(part("anonymous mappings outside the heap, and thread stacks", outside));
    } else {
        let rest = anonymous.saturating_sub(live).saturating_sub(tracer);
        parts.push(part("freed and kept by the allocator, or outside the heap", rest));
    }
    parts.push(part("the tracer's own tables", tracer));
    parts.push(part("pages of files", files));
    parts.push(part("shared memory", shared));
    let finding = finding(rss, &parts);
    let reason = reason(finding, rss, live, &parts);
    MemorySplit { rss_bytes: rss, parts, finding, reason }
}

fn part(name: &'static str, bytes: i64) -> SplitPart {
    SplitPart { name, bytes }
}

fn finding(rss: i64, parts: &[SplitPart]) -> SplitFinding {
    if rss < LEAST {
        return SplitFinding::NothingGrows;
    }
    let bytes: Vec<i64> = parts.iter().map(|part| part.bytes).collect();
    let groups: Vec<(SplitFinding, i64)> = match bytes[..] {
        [live, unnamed, kept, outside, _, files, shared] => vec![
            (SplitFinding::Heap, live.saturating_add(unnamed.max(0))),
            (SplitFinding::Retention, kept),
            (SplitFinding::Outside, outside),
            (SplitFinding::Files, files.saturating_add(shared)),
        ],
        [live, rest, _, files, shared] => vec![
            (SplitFinding::Heap, live),
            (SplitFinding::NotTheHeap, rest),
            (SplitFinding::Files, files.saturating_add(shared)),
        ],
        _ => Vec::new(),
    };
    let half = |(_, bytes): &&(SplitFinding, i64)| bytes.saturating_mul(2) >= rss;
    let greatest = groups.iter().filter(half).max_by_key(|(_, bytes)| *bytes);
    greatest.map_or(SplitFinding::Mixed, |(finding, _)| *finding)
}

fn reason(finding: SplitFinding, rss: i64, live: i64, parts: &[SplitPart]) -> String {
    let shown = |bytes: i64| human(bytes as f64);
    let (rss, live) = (shown(rss), shown(live));
    let greatest = parts
        .iter()
        .max_by_key(|part| part.bytes)
        .map_or_else(String::new, |part| format!("{} ({})", shown(part.bytes), part.name));
    match finding {
        SplitFinding::NothingGrows => format!("resident memory grew by {rss}, too little to ask what it is"),
        SplitFinding::Heap => {
            format!("of {rss} more resident memory most is heap that the program holds: {live} at named sites")
        }
        SplitFinding::Retention => format!(
            "resident memory grew by {rss} while the live heap grew by {live}: the allocator keeps what was freed. That is \
             no leak; a lower MALLOC_ARENA_MAX, malloc_trim or another allocator gives it back"
        ),
        SplitFinding::Outside => format!(
            "resident memory grew by {rss} and the live heap by {live}: the rest is outside the heap; look at the number of \
             threads and at what maps memory itself"
        ),
        SplitFinding::Files => {
            format!("of {rss} more resident memory most is pages of files or shared memory, not heap")
        }
        SplitFinding::NotTheHeap => format!(
            "resident memory grew by {rss} while the live heap grew by {live}: it is kept by the allocator or lies outside \
             the heap, which this allocator does not tell apart"
        ),
        SplitFinding::Mixed => format!("no part makes up half of the {rss}; the greatest is {greatest}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    fn moment(anonymous: u64, live: u64, arena: Option<(u64, u64)>) -> Moment {
        let arena = arena.map(|(arenas, free)| ArenaUse {
            arenas: arenas * MIB,
            mapped: 0,
            in_use: (arenas - free) * MIB,
            free: free * MIB,
        });
        Moment { anonymous: anonymous * MIB, files: 10 * MIB, live: live * MIB, arena, ..Moment::default() }
    }

    fn found(from: &Moment, to: &Moment) -> SplitFinding {
        let split = split(from, to);
        let sum: i64 = split.parts.iter().map(|part| part.bytes).sum();
        assert_eq!(sum, split.rss_bytes, "{split:?}");
        split.finding
    }

    #[test]
    fn growth_that_the_allocator_keeps_is_no_leak() {
        let (from, to) = (moment(40, 20, Some((30, 8))), moment(120, 22, Some((110, 86))));
        assert_eq!(found(&from, &to), SplitFinding::Retention);
        assert!(split(&from, &to).reason.contains("no leak"));
    }

    #[test]
    fn growth_of_live_blocks_is_the_heaps() {
        assert_eq!(found(&moment(40, 20, Some((30, 8))), &moment(120, 95, Some((110, 8)))), SplitFinding::Heap);
        assert_eq!(found(&moment(40, 20, None), &moment(120, 95, None)), SplitFinding::Heap);
    }

    #[test]
    fn growth_outside_the_heap_is_told_apart_where_the_allocator_speaks() {
        assert_eq!(found(&moment(40, 20, Some((30, 8))), &moment(120, 21, Some((31, 8)))), SplitFinding::Outside);
        assert_eq!(found(&moment(40, 20, None), &moment(120, 21, None)), SplitFinding::NotTheHeap);
    }

    #[test]
    fn files_and_little_growth_are_named_so() {
        let from = moment(40, 20, Some((30, 8)));
        let to = Moment { files: 90 * MIB, ..from };
        assert_eq!(found(&from, &to), SplitFinding::Files);
        assert_eq!(found(&from, &from), SplitFinding::NothingGrows);
        assert_eq!(found(&to, &from), SplitFinding::NothingGrows);
    }
}
