//! Tests of the block table, beside a model that is a map.

use std::collections::BTreeMap;

use super::*;
use crate::recorder::sampler::Random;

const STEPS: usize = if cfg!(miri) { 600 } else { 200_000 };

fn block(address: usize) -> Block {
    Block { address, size: address as u64 % 5_000, site: (address % 900) as u16, period: (address % 3) as u8 }
}

fn addresses<const MOST: usize>(blocks: &Blocks<MOST>) -> Vec<usize> {
    let mut addresses = Vec::new();
    blocks.for_each(|block| addresses.push(block.address));
    addresses.sort_unstable();
    addresses
}

#[expect(clippy::cast_ptr_alignment, reason = "allocated with the alignment of the type")]
fn table<const MOST: usize>() -> &'static Blocks<MOST> {
    // Larger than a test's stack likes; all zero is how it begins.
    let layout = std::alloc::Layout::new::<Blocks<MOST>>();
    // SAFETY: the layout is not of size zero, and `Blocks::new` is all zero, as the test below holds.
    unsafe { &*std::alloc::alloc_zeroed(layout).cast::<Blocks<MOST>>() }
}

#[test]
fn a_new_table_is_all_zero() {
    static FRESH: Blocks = Blocks::new();
    assert_eq!(FRESH.held(), 0);
    assert!(FRESH.shards.iter().all(|shard| shard.0.lock().pages.is_none()));
    assert!(!FRESH.may_hold(0x1000));
}

#[test]
fn the_table_knows_what_a_map_knows() {
    let blocks = table::<USUAL_BYTES>();
    let mut model = BTreeMap::new();
    let mut random = Random::new(1);
    for step in 0..STEPS {
        // Few addresses, so that each comes and goes often; neighbours, so that they crowd.
        let address = 0x7F00_0000_0000 + 16 * ((random.share() * 3_000.0) as usize);
        if random.share() < 0.55 {
            blocks.insert(block(address), || true).unwrap();
            model.insert(address, block(address));
        } else {
            assert_eq!(blocks.remove(address, Interrupted::No), model.remove(&address), "step {step}");
        }
        if step % (STEPS / 20) == 0 {
            if step % (STEPS / 10) == 0 {
                blocks.begin_counting();
            } else {
                blocks.end_counting();
            }
            assert_eq!(addresses(blocks), model.keys().copied().collect::<Vec<_>>());
        }
    }
    for address in model.keys() {
        assert_eq!(blocks.remove(*address, Interrupted::No), Some(block(*address)));
    }
    assert!(addresses(blocks).is_empty());
}

#[test]
fn a_counted_table_says_of_no_block_that_it_is_not_there() {
    let blocks = table::<USUAL_BYTES>();
    let count = if cfg!(miri) { 100 } else { 50_000 };
    (0..count).for_each(|n| blocks.insert(block(0x5500_0000_0000 + 48 * n), || true).unwrap());
    blocks.begin_counting();
    (count..2 * count).for_each(|n| blocks.insert(block(0x5500_0000_0000 + 48 * n), || true).unwrap());
    assert!((0..2 * count).all(|n| blocks.may_hold(0x5500_0000_0000 + 48 * n)));
    (0..2 * count).for_each(|n| assert!(blocks.remove(0x5500_0000_0000 + 48 * n, Interrupted::No).is_some()));
    let stuck = blocks.filter.iter().filter(|counter| counter.load(Ordering::Relaxed) != 0);
    assert!(stuck.clone().all(|counter| counter.load(Ordering::Relaxed) == STUCK), "counters left behind");
}

#[test]
fn a_full_table_refuses_and_keeps_what_it_has() {
    let blocks = table::<{ 4 * PAGE }>();
    let mut kept = Vec::new();
    let mut refused = 0;
    for n in 0..if cfg!(miri) { 800 } else { 4_000 } {
        let address = 0x10_0000 + 16 * n;
        match blocks.insert(block(address), || true) {
            Ok(()) => kept.push(address),
            Err(Full) => refused += 1,
        }
    }
    assert!(refused > 0 && kept.len() > 300, "{refused} refused, {} kept", kept.len());
    assert!(blocks.held() <= 4 * PAGE);
    assert_eq!(addresses(blocks), kept);
    // Room that is made is used again.
    assert!(blocks.remove(kept[0], Interrupted::No).is_some());
    assert_eq!(blocks.insert(block(kept[0]), || true), Ok(()));
}

#[test]
fn a_cleared_table_is_empty_and_holds_no_memory() {
    const COUNT: usize = if cfg!(miri) { 100 } else { 2_000 };
    let blocks = table::<USUAL_BYTES>();
    blocks.begin_counting();
    (1..COUNT).for_each(|n| blocks.insert(block(0x7000_0000 + 64 * n), || true).unwrap());
    blocks.clear();
    assert_eq!(blocks.held(), 0);
    assert!(addresses(blocks).is_empty());
    assert!((1..COUNT).all(|n| !blocks.may_hold(0x7000_0000 + 64 * n)));
    assert_eq!(blocks.remove(0x7000_0040, Interrupted::No), None);
}

#[test]
fn a_block_that_is_no_longer_wanted_is_not_entered() {
    let blocks = table::<USUAL_BYTES>();
    assert_eq!(blocks.insert(block(0x4000), || false), Ok(()));
    assert!(addresses(blocks).is_empty());
}

#[test]
fn an_entry_keeps_the_largest_of_each() {
    let large = Block { address: usize::MAX & !7, size: u64::MAX, site: u16::MAX, period: u8::MAX };
    assert_eq!(Entry::of(large).block(), Block { size: MOST_SIZE, ..large });
}

#[test]
fn threads_take_out_what_other_threads_put_in() {
    let blocks = table::<USUAL_BYTES>();
    blocks.begin_counting();
    let (threads, each) = if cfg!(miri) { (3, 60) } else { (4, 20_000) };
    let (send, receive) = std::sync::mpsc::sync_channel::<usize>(64);
    let receive = std::sync::Mutex::new(receive);
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let send = send.clone();
            scope.spawn(move || {
                for n in 0..each {
                    let address = 0x6000_0000_0000 + 16 * (n * threads + thread);
                    blocks.insert(block(address), || true).unwrap();
                    send.send(address).unwrap();
                }
            });
        }
        drop(send);
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let next = receive.lock().unwrap().recv();
                    let Ok(address) = next else { return };
                    assert!(blocks.may_hold(address));
                    assert_eq!(blocks.remove(address, Interrupted::No), Some(block(address)));
                }
            });
        }
        blocks.for_each(|seen| assert_eq!(seen, block(seen.address)));
    });
    assert!(addresses(blocks).is_empty());
}

#[test]
fn a_hook_that_interrupted_the_holder_of_a_lock_gives_up() {
    let blocks = table::<USUAL_BYTES>();
    blocks.insert(block(0x9000), || true).unwrap();
    let held = blocks.shards[Place::of(0x9000).shard].0.lock();
    assert_eq!(blocks.remove(0x9000, Interrupted::Perhaps), None);
    drop(held);
    assert_eq!(blocks.remove(0x9000, Interrupted::Perhaps), Some(block(0x9000)));
}
