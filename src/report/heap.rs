//! Call sites of the heap in words: rankings and growth for the terminal, and the rows that every form of the report shows.

use std::fmt::Write as _;

use crate::domain::bytes::human;
use crate::domain::rate::{Per, counted, grouped, rate, span};
use crate::domain::site::{
    Amount, Caller, HeapGrowth, HeapReport, MemorySplit, RankedSite, Ranking, SiteGrowth, SiteState,
};
use crate::domain::{Estimate, Unit};

use super::material::sentence;
use super::text::{Style, printable, wrap};

/// Callers of a site that are told in a list.
const CALLERS: usize = 3;

/// A ranking for the terminal: a line a site with its stack below it, at most `top` of them.
pub fn ranking_text(ranking: &Ranking, top: usize) -> String {
    let mut out = String::new();
    let of = ranking.program.as_deref().map(|program| format!(" of {}", printable(program))).unwrap_or_default();
    let _ = writeln!(
        out,
        "{}: {} live{of}{} at {}",
        printable(&ranking.source),
        human(ranking.live.bytes as f64),
        in_blocks(ranking.live),
        counted(ranking.sites.len(), "site")
    );
    for site in ranking.sites.iter().take(top) {
        ranked(&mut out, site);
    }
    if ranking.sites.len() > top {
        let (left, bytes) = rest(ranking, top);
        let _ = writeln!(out, "\n{left} with {bytes}; --top shows more");
    }
    notes(&mut out, &ranking.notes);
    out
}

fn rest(ranking: &Ranking, top: usize) -> (String, String) {
    let left = ranking.sites.iter().skip(top);
    let bytes: u64 = left.map(|site| site.live.bytes).fold(0, u64::saturating_add);
    (counted(ranking.sites.len() - top, "more site"), human(bytes as f64))
}

fn ranked(out: &mut String, site: &RankedSite) {
    let (bytes, blocks) = (with_error(site.live.bytes as f64, site.error_bytes), in_blocks(site.live));
    let _ = writeln!(out, "\n{:>5.1} %  {bytes}{blocks}", 100.0 * site.share);
    stack(out, &site.stack, &site.callers);
}

/// In how many blocks; nothing where the profile does not tell.
fn in_blocks(live: Amount) -> String {
    let is_told = live.blocks > 0 || live.bytes == 0;
    let plural = if live.blocks == 1 { "" } else { "s" };
    if is_told { format!(" in {} block{plural}", grouped(live.blocks as f64)) } else { String::new() }
}

fn with_error(bytes: f64, error: f64) -> String {
    if error > 0.0 { format!("{} ± {}", human(bytes), human(error)) } else { human(bytes) }
}

/// A stack, innermost first, and who called it.
fn stack(out: &mut String, stack: &[String], callers: &[Caller]) {
    for (depth, frame) in stack.iter().enumerate() {
        let arrow = if depth == 0 { "" } else { "<- " };
        let _ = writeln!(out, "         {}{arrow}{}", "  ".repeat(depth), printable(frame));
    }
    let indent = "  ".repeat(stack.len());
    for caller in callers.iter().take(CALLERS) {
        let _ = writeln!(out, "         {indent}<- {:.0} % {}", 100.0 * caller.share, printable(&caller.frame));
    }
}

fn notes(out: &mut String, notes: &[String]) {
    for (position, note) in notes.iter().enumerate() {
        let _ = writeln!(out, "{}note: {}", if position == 0 { "\n" } else { "" }, printable(note));
    }
}

/// Growth for the terminal: what grows first, at most `top` sites, and the finding as the last line.
pub fn growth_text(growth: &HeapGrowth, title: &str, top: usize, style: Style) -> String {
    let mut out = String::new();
    let program = growth.program.as_deref().map_or_else(|| "the heap".to_owned(), printable);
    let (count, total) = (counted(growth.snapshots.len(), "snapshot"), signed(growth.total_bytes() as f64));
    let (first, last) = match (growth.snapshots.first(), growth.snapshots.last()) {
        (Some(first), Some(last)) => (human(first.live.bytes as f64), human(last.live.bytes as f64)),
        _ => (String::new(), String::new()),
    };
    let over = match (growth.snapshots.first(), growth.snapshots.last()) {
        (Some(first), Some(last)) => first.elapsed_s.zip(last.elapsed_s).map(|(from, to)| to - from),
        _ => None,
    };
    let over = over.filter(|over| *over > 0.0).map(|over| format!(" over {}", span(over))).unwrap_or_default();
    let _ = writeln!(out, "{program}: {count}{over}, live {first} to {last} ({total})");
    let told: Vec<&SiteGrowth> = growth.sites.iter().filter(|site| is_worth(site)).collect();
    for site in told.iter().take(top) {
        let state = painted(site.state, style);
        let change = signed_with_error(site.growth_bytes as f64, site.error_bytes);
        let blocks = more_blocks(site).map(|more| format!(", {more} blocks")).unwrap_or_default();
        let _ = writeln!(out, "\n{state}  {change}{blocks}{}", rates(site));
        stack(&mut out, &site.stack, &site.callers);
        let series: Vec<String> = site.live.iter().map(|live| human(live.bytes as f64)).collect();
        let _ = writeln!(out, "         {}: {}", series.join(" -> "), printable(&site.reason));
    }
    if told.len() > top {
        let _ = writeln!(out, "\n{}; --top shows more", counted(told.len() - top, "more site"));
    }
    notes(&mut out, &growth.notes);
    let _ = writeln!(out, "\n{}.", printable(title));
    out
}

/// Whether a site is worth a line: what neither grew nor turns over is not.
fn is_worth(site: &SiteGrowth) -> bool {
    site.state != SiteState::Steady && site.live.iter().any(|live| live.bytes > 0)
}

fn painted(state: SiteState, style: Style) -> String {
    let colour = match (style, state) {
        (Style::Plain, _) => return state.word().to_owned(),
        (Style::Colour, SiteState::Growing) => "31",
        (Style::Colour, SiteState::Grew | SiteState::Undecided) => "33",
        (Style::Colour, _) => "32",
    };
    format!("\u{1b}[{colour}m{}\u{1b}[0m", state.word())
}

fn signed(bytes: f64) -> String {
    if bytes < 0.0 { format!("-{}", human(-bytes)) } else { format!("+{}", human(bytes)) }
}

fn signed_with_error(bytes: f64, error: f64) -> String {
    if error > 0.0 { format!("{} ± {}", signed(bytes), human(error)) } else { signed(bytes) }
}

/// How many blocks more; `None` where the profiles tell no blocks.
fn more_blocks(site: &SiteGrowth) -> Option<String> {
    let is_told = site.live.iter().any(|live| live.blocks > 0) || site.live.iter().all(|live| live.bytes == 0);
    let sign = if site.growth_blocks < 0 { "" } else { "+" };
    is_told.then(|| format!("{sign}{}", grouped(site.growth_blocks as f64)))
}

/// The rates of a site that is shown or likely to grow.
fn rates(site: &SiteGrowth) -> String {
    if !matches!(site.state, SiteState::Growing | SiteState::Grew | SiteState::Undecided) {
        return String::new();
    }
    let shown =
        |estimate: Option<Estimate>, per| estimate.map(|estimate| format!(", {}", rate(estimate, Unit::Bytes, per)));
    let per_turn = shown(site.per_turn, Per::Turn).unwrap_or_default();
    format!("{}{per_turn}", shown(site.per_hour, Per::Hour).unwrap_or_default())
}

/// The heap of a run in a few lines for the summary: what grows where, and what the process's growth is made of.
pub fn summary_lines(heap: &HeapReport) -> String {
    let mut out = String::new();
    wrap(&mut out, &printable(&format!("heap: {}", sentence(&heap.finding))));
    if let Some(split) = &heap.split {
        wrap(&mut out, &printable(&format!("memory: {}", sentence(&split.reason))));
    }
    out
}

/// One site in the cells of a table, not yet escaped: site, state, growth, blocks, per hour, per turn, why.
pub(super) fn cells(site: &SiteGrowth) -> [String; 7] {
    let or_nothing = |words: Option<String>| words.unwrap_or_else(|| super::material::NOTHING.to_owned());
    [
        site.stack.join(" <- "),
        site.state.word().to_owned(),
        signed_with_error(site.growth_bytes as f64, site.error_bytes),
        or_nothing(more_blocks(site)),
        or_nothing(site.per_hour.map(|estimate| rate(estimate, Unit::Bytes, Per::Hour))),
        or_nothing(site.per_turn.map(|estimate| rate(estimate, Unit::Bytes, Per::Turn))),
        site.reason.clone(),
    ]
}

/// The heads of [`cells`].
pub(super) const HEADS: [&str; 7] =
    ["Site, innermost first", "State", "Growth", "Blocks", "Per hour", "Per turn", "Why"];

/// The sites that a report shows, at most `most`.
pub(super) fn told(growth: &HeapGrowth, most: usize) -> impl Iterator<Item = &SiteGrowth> {
    growth.sites.iter().filter(|site| is_worth(site)).take(most)
}

/// The parts of a split in the cells of a table.
pub(super) fn parts(split: &MemorySplit) -> Vec<[String; 2]> {
    let row = |part: &crate::domain::site::SplitPart| [part.name.to_owned(), signed(part.bytes as f64)];
    let mut rows: Vec<[String; 2]> = split.parts.iter().filter(|part| part.bytes != 0).map(row).collect();
    rows.push(["resident memory in all".to_owned(), signed(split.rss_bytes as f64)]);
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(state: SiteState, growth_bytes: i64) -> SiteGrowth {
        let live = [1 << 20, (1 << 20) + growth_bytes.unsigned_abs()].map(|bytes| Amount { bytes, blocks: 1 });
        SiteGrowth {
            stack: vec!["put\u{1b}[31m (cache.rs:7)".into(), "handle (main.rs:3)".into()],
            state,
            reason: "why".into(),
            live: live.to_vec(),
            growth_bytes,
            growth_blocks: 3,
            error_bytes: 0.0,
            doubling: None,
            per_hour: Some(Estimate { estimate: 1e6, low: 9e5, high: 1.1e6, confidence: 0.95 }),
            per_turn: None,
            callers: vec![Caller { frame: "main".into(), share: 0.5 }],
        }
    }

    #[test]
    fn growth_is_told_with_its_stack_and_ends_with_the_finding() {
        let sites = vec![site(SiteState::Growing, 4096), site(SiteState::TurningOver, 0), site(SiteState::Steady, 0)];
        let growth = HeapGrowth { sites, ..HeapGrowth::default() };
        let text = growth_text(&growth, "It grows", 1, Style::Plain);
        assert!(text.contains("growing  +4.00 KiB, +3 blocks"), "{text}");
        assert!(text.contains("<- handle (main.rs:3)") && text.contains("<- 50 % main"), "{text}");
        assert!(text.contains("1 more site") && text.ends_with("\nIt grows.\n") && !text.contains('\u{1b}'), "{text}");
        let coloured = growth_text(&growth, "It grows", 1, Style::Colour);
        assert_eq!(coloured.replace("\u{1b}[31m", "").replace("\u{1b}[0m", ""), text);
    }

    #[test]
    fn blocks_that_a_profile_does_not_tell_are_not_made_up() {
        let without = |site: SiteGrowth| {
            let live = site.live.iter().map(|live| Amount { blocks: 0, ..*live }).collect();
            SiteGrowth { live, growth_blocks: 0, ..site }
        };
        let growth = HeapGrowth { sites: vec![without(site(SiteState::Growing, 4096))], ..HeapGrowth::default() };
        let text = growth_text(&growth, "It grows", 1, Style::Plain);
        assert!(text.contains("growing  +4.00 KiB, ") && !text.contains("blocks"), "{text}");
        assert_eq!(in_blocks(Amount { bytes: 7, blocks: 0 }), "");
        assert_eq!(in_blocks(Amount { bytes: 7, blocks: 1 }), " in 1 block");
    }

    #[test]
    fn the_error_of_sampling_stands_beside_the_figure() {
        let live = Amount { bytes: 2048, blocks: 2 };
        let site = RankedSite { stack: vec!["f".into()], live, error_bytes: 512.0, share: 1.0, callers: Vec::new() };
        let ranking = Ranking {
            source: "x.pb.gz".into(),
            program: None,
            live,
            period_bytes: 512,
            sites: vec![site; 3],
            notes: vec!["sampled".into()],
        };
        let text = ranking_text(&ranking, 2);
        assert!(text.contains("2.00 KiB ± 512 B in 2 blocks") && text.contains("1 more site"), "{text}");
        assert!(text.ends_with("note: sampled\n"), "{text}");
    }
}
