//! A seeded program traced in this process: every byte and block at the site that allocated it.

use std::hint::black_box;
use std::sync::{Mutex, PoisonError};

use soak_heap::{Amount, Options, Period, Site, Snapshot};

#[global_allocator]
static HEAP: soak_heap::Alloc = soak_heap::Alloc::system();

/// Tests of this file share one recorder.
static ALONE: Mutex<()> = Mutex::new(());

fn traced(program: impl FnOnce()) -> Snapshot {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    soak_heap::start(Options { period: Period::Every, ..Options::default() }).unwrap();
    program();
    let snapshot = soak_heap::snapshot();
    soak_heap::stop();
    snapshot
}

/// The sites with this function on their stack.
fn sites_under(snapshot: &Snapshot, function: usize) -> Vec<&Site> {
    // Functions of this file are shorter than this.
    let range = function as u64..function as u64 + 400;
    snapshot.sites.iter().filter(|site| site.stack.iter().any(|frame| range.contains(frame))).collect()
}

fn sum(sites: &[&Site], of: impl Fn(&Site) -> Amount) -> Amount {
    sites.iter().map(|site| of(site)).fold(Amount::default(), |sum, amount| Amount {
        bytes: sum.bytes + amount.bytes,
        blocks: sum.blocks + amount.blocks,
    })
}

#[inline(never)]
fn keep_one(kept: &mut Vec<Box<[u8; 1000]>>) {
    kept.push(black_box(Box::new([1; 1000])));
    black_box(kept);
}

#[inline(never)]
fn drop_one() {
    drop(black_box(Box::new([2_u8; 500])));
    black_box(());
}

#[test]
fn every_byte_is_charged_to_its_site() {
    let mut kept = Vec::with_capacity(100);
    let snapshot = traced(|| {
        for _ in 0..100 {
            keep_one(&mut kept);
            drop_one();
        }
    });
    let keeping = sites_under(&snapshot, keep_one as *const () as usize);
    assert_eq!(sum(&keeping, |site| site.live), Amount { bytes: 100_000, blocks: 100 });
    assert_eq!(sum(&keeping, |site| site.allocated), Amount { bytes: 100_000, blocks: 100 });
    let dropping = sites_under(&snapshot, drop_one as *const () as usize);
    assert_eq!(sum(&dropping, |site| site.allocated), Amount { bytes: 50_000, blocks: 100 });
    assert_eq!(sum(&dropping, |site| site.live), Amount::default());
}
