//! Programs traced in this process: every byte and block at the site that allocated it.

mod traced;

use std::hint::black_box;

use soak_heap::{Period, Start};
use traced::{allocated, alone, amount, live, sites_under, traced, traced_at};

#[global_allocator]
static HEAP: soak_heap::Alloc = soak_heap::Alloc::system();

/// The address of a function.
macro_rules! address {
    ($function:expr) => {
        $function as *const () as usize
    };
}

#[inline(never)]
#[expect(clippy::vec_box, reason = "the boxes are the blocks that are counted")]
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
    let keeping = sites_under(&snapshot, address!(keep_one));
    assert_eq!(live(&keeping), amount(100_000, 100));
    assert_eq!(allocated(&keeping), amount(100_000, 100));
    assert_eq!(keeping.iter().map(|site| site.live_seen).sum::<u64>(), 100);
    let dropping = sites_under(&snapshot, address!(drop_one));
    assert_eq!(allocated(&dropping), amount(50_000, 100));
    assert_eq!(live(&dropping), amount(0, 0));
    assert_eq!((snapshot.period, snapshot.longest_period, snapshot.dropped), (1, 1, 0));
}

#[inline(never)]
fn begin(capacity: usize) -> Vec<u8> {
    black_box(Vec::with_capacity(capacity))
}

#[inline(never)]
fn grow(vec: &mut Vec<u8>, by: usize) {
    vec.reserve_exact(by);
    black_box(vec);
}

#[inline(never)]
fn shrink(vec: &mut Vec<u8>) {
    vec.shrink_to(100);
    black_box(vec);
}

#[test]
fn a_block_that_grows_belongs_to_the_caller_who_grew_it() {
    let mut vec = Vec::new();
    let snapshot = traced(|| {
        vec = begin(1_000);
        vec.resize(1_000, 0);
        grow(&mut vec, 2_000);
    });
    assert_eq!(live(&sites_under(&snapshot, address!(begin))), amount(0, 0));
    assert_eq!(allocated(&sites_under(&snapshot, address!(begin))), amount(1_000, 1));
    assert_eq!(live(&sites_under(&snapshot, address!(grow))), amount(3_000, 1));
}

#[test]
fn a_block_that_shrinks_stays_with_the_caller_who_made_it() {
    let mut vec = Vec::new();
    let snapshot = traced(|| {
        vec = begin(1_000);
        shrink(&mut vec);
    });
    assert_eq!(live(&sites_under(&snapshot, address!(begin))), amount(100, 1));
    assert_eq!(allocated(&sites_under(&snapshot, address!(begin))), amount(1_000, 1));
    assert!(sites_under(&snapshot, address!(shrink)).is_empty());
}

#[inline(never)]
fn zeroed() -> Vec<u8> {
    black_box(vec![0_u8; 777])
}

#[test]
fn zeroed_blocks_are_recorded_and_are_zero() {
    let mut vec = Vec::new();
    let snapshot = traced(|| vec = zeroed());
    assert!(vec.iter().all(|byte| *byte == 0));
    assert_eq!(live(&sites_under(&snapshot, address!(zeroed))), amount(777, 1));
}

#[inline(never)]
#[expect(clippy::vec_box, reason = "the boxes are the blocks that are counted")]
fn in_a_thread(count: usize) -> Vec<Box<[u8; 64]>> {
    black_box((0..count).map(|n| black_box(Box::new([n as u8; 64]))).collect())
}

#[test]
fn threads_are_counted_together_and_free_each_others_blocks() {
    let mut kept = Vec::new();
    let snapshot = traced(|| {
        let parts: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| in_a_thread(1_000))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let mut parts = parts.into_iter();
        kept = parts.next().unwrap();
        drop(parts);
    });
    let sites = sites_under(&snapshot, address!(in_a_thread));
    assert_eq!(allocated(&sites), amount(4 * 1_000 * (64 + 8), 4 * 1_001));
    assert_eq!(live(&sites), amount(1_000 * (64 + 8), 1_001));
}

#[test]
fn what_was_allocated_before_the_start_is_nobodys_and_its_free_is_harmless() {
    let mut before = Vec::with_capacity(8);
    keep_one(&mut before);
    let snapshot = traced(|| before.clear());
    assert_eq!(live(&sites_under(&snapshot, address!(keep_one))), amount(0, 0));
    assert!(snapshot.sites.iter().all(|site| site.live.bytes < 1_000), "{:?}", snapshot.sites);
}

#[test]
fn nothing_is_recorded_while_tracing_is_off() {
    let _alone = alone();
    soak_heap::start(soak_heap::Options { period: Period::Every, ..Default::default() }).unwrap();
    soak_heap::stop();
    let mut kept = Vec::with_capacity(8);
    keep_one(&mut kept);
    assert!(!soak_heap::status().tracing);
    assert_eq!(allocated(&sites_under(&soak_heap::snapshot(), address!(keep_one))), amount(0, 0));
}

#[test]
fn a_start_while_it_traces_goes_on_and_a_start_after_a_stop_begins_anew() {
    let _alone = alone();
    let every = soak_heap::Options { period: Period::Every, ..Default::default() };
    let mut kept = Vec::with_capacity(8);
    assert_eq!(soak_heap::start(every).unwrap(), Start::Begun);
    keep_one(&mut kept);
    assert_eq!(soak_heap::start(every).unwrap(), Start::Continued);
    keep_one(&mut kept);
    assert_eq!(live(&sites_under(&soak_heap::snapshot(), address!(keep_one))), amount(2_000, 2));
    soak_heap::stop();
    assert_eq!(soak_heap::start(every).unwrap(), Start::Begun);
    keep_one(&mut kept);
    assert_eq!(live(&sites_under(&soak_heap::snapshot(), address!(keep_one))), amount(1_000, 1));
    assert!(soak_heap::status().told);
    soak_heap::stop();
}

#[test]
fn blocks_of_one_period_keep_their_weight_under_the_next() {
    let _alone = alone();
    let options = |period| soak_heap::Options { period, ..Default::default() };
    let mut kept = Vec::with_capacity(400);
    soak_heap::start(options(Period::Every)).unwrap();
    (0..100).for_each(|_| keep_one(&mut kept));
    // So long a period that nothing more is seen.
    soak_heap::start(options(Period::Fixed(1 << 50))).unwrap();
    (0..100).for_each(|_| keep_one(&mut kept));
    kept.truncate(50);
    let snapshot = soak_heap::snapshot();
    assert_eq!(live(&sites_under(&snapshot, address!(keep_one))), amount(50_000, 50));
    assert_eq!((snapshot.period, snapshot.longest_period), (1 << 50, 1 << 50));
    soak_heap::start(options(Period::Every)).unwrap();
    (0..10).for_each(|_| keep_one(&mut kept));
    assert_eq!(live(&sites_under(&soak_heap::snapshot(), address!(keep_one))), amount(60_000, 60));
    soak_heap::stop();
}

#[test]
fn sampled_figures_come_near_the_truth() {
    let mut kept = Vec::with_capacity(20_000);
    let snapshot = traced_at(Period::Fixed(4 << 10), || {
        for _ in 0..20_000 {
            keep_one(&mut kept);
            drop_one();
        }
        kept.truncate(10_000);
    });
    let (keeping, dropping) = (sites_under(&snapshot, address!(keep_one)), sites_under(&snapshot, address!(drop_one)));
    let near = |seen: u64, truth: f64, samples: f64| (seen as f64 / truth - 1.0).abs() < 5.0 / samples.sqrt();
    let samples = keeping.iter().map(|site| site.live_seen).sum::<u64>() as f64;
    // A thousand bytes are seen with p = 0.217.
    assert!((1_800.0..2_600.0).contains(&samples), "{samples}");
    assert!(near(live(&keeping).bytes, 10e6, samples), "{:?}", live(&keeping));
    assert!(near(live(&keeping).blocks, 1e4, samples), "{:?}", live(&keeping));
    assert!(near(allocated(&keeping).bytes, 20e6, 2.0 * samples), "{:?}", allocated(&keeping));
    assert!(near(allocated(&dropping).bytes, 10e6, samples), "{:?}", allocated(&dropping));
    assert_eq!(live(&dropping), amount(0, 0));
}

#[test]
fn blocks_that_shrink_are_estimated_without_bias() {
    let mut kept = Vec::new();
    let snapshot = traced_at(Period::Fixed(4 << 10), || {
        kept = (0..20_000)
            .map(|_| {
                let mut vec = begin(1_000);
                shrink(&mut vec);
                vec
            })
            .collect::<Vec<_>>();
    });
    let sites = sites_under(&snapshot, address!(begin));
    let samples = sites.iter().map(|site| site.live_seen).sum::<u64>() as f64;
    assert!((live(&sites).bytes as f64 / 2e6 - 1.0).abs() < 5.0 / samples.sqrt(), "{:?} {samples}", live(&sites));
}

#[test]
fn options_that_make_no_sense_are_refused() {
    let _alone = alone();
    for share_of_cpu in [0.0, -1.0, 1.1, f64::NAN] {
        assert!(soak_heap::start(soak_heap::Options { share_of_cpu, period: Period::Adaptive }).is_err());
    }
    assert!(soak_heap::start(soak_heap::Options { period: Period::Fixed(0), ..Default::default() }).is_err());
    assert!(!soak_heap::status().tracing);
}

#[test]
fn a_snapshot_says_what_the_allocator_holds_and_which_files_there_are() {
    let snapshot = traced(drop_one);
    let arena = snapshot.arena.expect("glibc of any test machine is 2.33 or later");
    assert!(arena.in_use > 0 && arena.arenas >= arena.free);
    let program = &snapshot.modules[0];
    assert_eq!(program.path, std::env::current_exe().unwrap().canonicalize().unwrap());
    let here = address!(drop_one) as u64;
    assert!((program.start..program.end).contains(&here));
    let ids = snapshot.modules.iter().filter_map(|module| module.build_id.as_ref());
    assert!(ids.clone().count() > 0 && ids.into_iter().all(|id| id.len() >= 16));
    assert!((1..100 << 20).contains(&snapshot.overhead), "{}", snapshot.overhead);
}

#[test]
fn more_allocations_than_the_share_allows_lengthen_the_period() {
    let _alone = alone();
    soak_heap::start(soak_heap::Options::default()).unwrap();
    assert_eq!(soak_heap::status().period, 1);
    let begin = std::time::Instant::now();
    while soak_heap::status().period == 1 {
        (0..10_000).for_each(|_| drop_one());
        assert!(begin.elapsed().as_secs() < 60, "{:?}", soak_heap::status());
    }
    assert!(soak_heap::status().period >= 4 << 10);
    soak_heap::stop();
}
