//! Ranks the call sites of one profile by what they hold, each by the shortest stack that tells: from the allocation to the
//! first frame of the program's own code.

use std::ops::Range;

use super::merged::{Merged, Use};
use super::names::Owner;
use super::profile::{HeapProfile, Sampling};
use crate::domain::site::{Amount, RankedSite, Ranking};

/// Frames of libraries that a site may have before the program's own; beyond, they say where and not who.
pub(super) const DEEPEST: usize = 10;

/// A profile that was ranked: the ranking, and what pictures and files are made of.
#[derive(Debug)]
pub struct Ranked {
    /// The sites.
    pub ranking: Ranking,
    pub(super) merged: Merged,
}

/// Ranks the sites of a profile, the greatest first.
pub fn rank(profile: &HeapProfile) -> Ranked {
    let merged = Merged::of(std::slice::from_ref(profile));
    let mut sites = Vec::new();
    for (frame, range) in merged.parts(0..merged.stacks.len(), 0) {
        collect(&merged, frame, range, 1, &mut sites);
    }
    let live = profile.live();
    let share = |amount: Amount| if live.bytes == 0 { 0.0 } else { amount.bytes as f64 / live.bytes as f64 };
    for site in &mut sites {
        site.share = share(site.live);
    }
    // Equal sites in the order of their names, so that the same file gives the same list.
    sites.sort_by(|a, b| b.live.bytes.cmp(&a.live.bytes).then_with(|| a.stack.cmp(&b.stack)));
    // Larger than any of them, maybe, but no site.
    if profile.rest != Amount::default() {
        sites.push(RankedSite {
            stack: vec!["[small sites, counted together]".to_owned()],
            live: profile.rest,
            error_bytes: 0.0,
            share: share(profile.rest),
            callers: Vec::new(),
        });
    }
    let ranking = Ranking {
        source: profile.source.clone(),
        program: profile.program.clone(),
        live,
        period_bytes: profile.period.max(1),
        sites,
        notes: notes(profile),
    };
    Ranked { ranking, merged }
}

fn collect(merged: &Merged, frame: Option<u32>, range: Range<usize>, depth: usize, sites: &mut Vec<RankedSite>) {
    let owner = frame.map_or(Owner::Program, |frame| merged.labels.owner(frame));
    let goes_on = matches!(owner, Owner::Library | Owner::Unknown) && depth < DEEPEST;
    if goes_on {
        for (frame, part) in merged.parts(range, depth) {
            collect(merged, frame, part, depth + usize::from(frame.is_some()), sites);
        }
        return;
    }
    let Use { live, variance, .. } = merged.sum(range.clone()).first().copied().unwrap_or_default();
    if live == Amount::default() {
        return;
    }
    let stack = merged.words(&range, depth);
    let stack = if stack.is_empty() { vec!["[no stack]".to_owned()] } else { stack };
    let callers = merged.callers(&range, stack.len(), |uses| uses.first().map_or(0.0, |part| part.live.bytes as f64));
    sites.push(RankedSite { stack, live, error_bytes: variance.sqrt(), share: 0.0, callers });
}

/// What a reader must know of a profile.
pub(super) fn notes(profile: &HeapProfile) -> Vec<String> {
    let mut notes = profile.notes.clone();
    if profile.sampling() == Sampling::Some {
        let period = profile.tracer.as_ref().map_or(profile.period, |tracer| tracer.longest_period.max(profile.period));
        let period = crate::domain::bytes::human(period as f64);
        notes.push(format!("allocations are sampled, one in {period} on average; ± is the standard error"));
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heap::read_bytes;

    fn ranked(points: &str, frames: &[&str]) -> Ranking {
        let frames: Vec<String> = frames.iter().map(|frame| format!("\"{frame}\"")).collect();
        let text = format!(
            "{{\"dhatFileVersion\":2,\"mode\":\"rust-heap\",\"bklt\":true,\"pps\":[{points}],\"ftbl\":[{}]}}",
            frames.join(",")
        );
        rank(&read_bytes(text.as_bytes(), "x.json").unwrap()).ranking
    }

    #[test]
    fn a_site_reaches_from_the_allocation_to_the_programs_own_code() {
        let ranking = ranked(
            r#"{"tb":9,"tbk":9,"eb":300,"ebk":3,"fs":[1,2,3,4]},{"tb":9,"tbk":9,"eb":100,"ebk":1,"fs":[1,2,3,5]},
               {"tb":9,"tbk":9,"eb":0,"ebk":0,"fs":[1,5]}"#,
            &[
                "[root]",
                "0x1: __rust_alloc (a/b.rs:1:1)",
                "0x2: lib::keep (/x/registry/src/i/lib-1.0/src/lib.rs:2:1)",
                "0x3: server::put (/home/me/server/src/put.rs:3:1)",
                "0x4: server::get (/home/me/server/src/get.rs:4:1)",
                "0x5: server::main (/home/me/server/src/main.rs:5:1)",
            ],
        );
        assert_eq!(ranking.live, Amount { bytes: 400, blocks: 4 });
        assert_eq!(ranking.sites.len(), 1, "{ranking:?}");
        let site = &ranking.sites[0];
        assert_eq!(site.stack, ["lib::keep (lib-1.0/src/lib.rs:2)", "server::put (server/src/put.rs:3)"]);
        assert!((site.share - 1.0).abs() < 1e-12);
        assert_eq!(site.callers[0].frame, "server::get (server/src/get.rs:4)");
        assert!((site.callers[0].share - 0.75).abs() < 1e-12);
    }

    #[test]
    fn a_library_that_two_callers_use_is_two_sites() {
        let ranking = ranked(
            r#"{"eb":300,"ebk":3,"fs":[1,2]},{"eb":100,"ebk":1,"fs":[1,3]},{"eb":7,"ebk":1,"fs":[]}"#,
            &[
                "[root]",
                "0x2: lib::keep (/x/registry/src/i/lib-1.0/src/lib.rs:2:1)",
                "0x3: server::put (/home/me/server/src/put.rs:3:1)",
                "0x4: server::get (/home/me/server/src/get.rs:4:1)",
            ],
        );
        let stacks: Vec<usize> = ranking.sites.iter().map(|site| site.stack.len()).collect();
        assert_eq!(stacks, [2, 2, 1], "{ranking:?}");
        assert_eq!(ranking.sites[2].stack, ["[no stack]"]);
    }
}
