//! A snapshot: the tables, walked while the program goes on.

use std::sync::atomic::Ordering;

use super::sampler::{EVERY, PARTS_OF_A_BLOCK, Weight};
use super::thread::{Thread, Untraced};
use super::{Recorder, SETTINGS};
use crate::arena;
use crate::snapshot::{Amount, Module, Site, Snapshot};
use crate::unwind;

/// Sites that may appear while blocks are walked; what is beyond them stands in the next snapshot.
const MEANWHILE: usize = 1024;

/// What is live at a site.
#[derive(Debug, Clone, Copy)]
struct Live {
    weight: Weight,
    seen: u64,
}

impl Recorder {
    pub(super) fn snapshot(&self) -> Snapshot {
        let _untraced = Untraced::begin();
        self.unwinder.refresh();
        let live = self.live();
        let sites =
            (0..self.stacks.sites()).filter_map(|site| self.site(site as u16, live.get(site as usize).copied()));
        let sites = sites.collect();
        let modules = unwind::modules().into_iter().map(|loaded| Module {
            path: loaded.path,
            build_id: loaded.build_id,
            start: loaded.start,
            end: loaded.end,
            bias: loaded.bias,
            code: loaded.code,
            code_offset: loaded.code_offset,
        });
        Snapshot {
            elapsed: self.session.elapsed(),
            period: self.session.period(SETTINGS.load(Ordering::Relaxed) as u8).max(EVERY),
            longest_period: self.session.longest().max(EVERY),
            unwinding: self.unwinder.way(),
            sites,
            dropped: self.dropped.load(Ordering::Relaxed),
            overhead: self.overhead(),
            modules: modules.collect(),
            arena: arena::of_system(),
        }
    }

    /// What is live, by site.
    fn live(&self) -> Vec<Live> {
        // Room for all that there can be would be two megabytes of the program's memory, and a step in what it is watched for.
        let room = self.stacks.sites() as usize + MEANWHILE;
        let mut live = vec![Live { weight: Weight { bytes: 0, parts: 0 }, seen: 0 }; room];
        // A signal handler on this thread must not wait for a shard that is being walked.
        Thread::with(Thread::enter);
        self.blocks.for_each(|block| {
            let weight = Weight::of(block.size, self.session.period(block.period));
            if let Some(live) = live.get_mut(usize::from(block.site)) {
                live.weight.bytes += weight.bytes;
                live.weight.parts += weight.parts;
                live.seen += 1;
            }
        });
        Thread::with(Thread::leave);
        live
    }

    fn site(&self, site: u16, live: Option<Live>) -> Option<Site> {
        let allocated = self.counts.of(site);
        let live = live?;
        (allocated.parts != 0 || live.seen != 0).then(|| Site {
            stack: self.stacks.frames(site).collect(),
            allocated: amount(allocated),
            live: amount(live.weight),
            live_seen: live.seen,
        })
    }

    /// Bytes of memory that the recorder holds: of what is mapped and filled as needed, what is filled.
    pub(super) fn overhead(&self) -> u64 {
        let sites = self.stacks.sites();
        let own = size_of::<Self>() + std::mem::size_of_val(self.blocks) + std::mem::size_of_val(self.unwinder);
        (own + self.blocks.held() + self.stacks.held() + self.counts.held(sites) + self.unwinder.held()) as u64
    }
}

fn amount(weight: Weight) -> Amount {
    Amount { bytes: weight.bytes, blocks: (weight.parts + PARTS_OF_A_BLOCK / 2) / PARTS_OF_A_BLOCK }
}
