//! The workload: each operation allocates a block under one of 64 call paths, 11 to 14 functions deep, and frees a random
//! older one; 4096 blocks per thread are live, of 16 bytes to 40 KiB, 1.2 KiB on average; now and then one leaks.

use std::hint::black_box;
use std::time::Instant;

use super::ways::Way;

/// Says "threads operations work" to a process of the workload.
pub(crate) const VARIABLE: &str = "SOAK_HEAP_BENCH_WORK";
/// What the line with the result begins with.
pub(crate) const RESULT: &str = "ns per operation, operations per second:";

const LIVE: usize = 4096;
const LEAK_EVERY: u64 = 1000;
const LEAK_BYTES: usize = 1024;

/// Runs it and says what it took.
pub(crate) fn run(way: Way) {
    let order = std::env::var(VARIABLE).expect("the bench says what to do");
    let mut order = order.split(' ').map(|number| number.parse::<u64>().expect("a number"));
    let mut next = || order.next().expect("three numbers");
    let (threads, operations, work) = (next(), next(), next());
    let profiler = way.begin();
    let each = operations / threads;
    let (cpu, wall) = (processor_time(), Instant::now());
    std::thread::scope(|scope| {
        for seed in 0..threads {
            scope.spawn(move || operate(seed, each, work));
        }
    });
    let (cpu, wall) = (processor_time() - cpu, wall.elapsed().as_secs_f64());
    println!("{RESULT} {} {}", cpu / (each * threads) as f64, (each * threads) as f64 / wall);
    // What a profiler does at its end is no part of it.
    drop(profiler);
}

/// Nanoseconds of processor time that all threads of the process used so far.
fn processor_time() -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a `timespec` to be written to.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut time) };
    time.tv_sec as f64 * 1e9 + time.tv_nsec as f64
}

#[inline(never)]
fn operate(seed: u64, operations: u64, work: u64) {
    let sizes: Vec<usize> =
        (0..1024).map(|step| (16.0 * 2500_f64.powf((f64::from(step) / 1024.0).powi(5))) as usize).collect();
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut live: Vec<Vec<u8>> = (0..LIVE).map(|_| Vec::new()).collect();
    for operation in 0..operations {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let size = sizes[state as usize % sizes.len()];
        let slot = (state >> 20) as usize % LIVE;
        let path = (state >> 40) as usize % 64;
        let extra = path as u32 % 4;
        live[slot] = deeper(extra, path, size);
        if operation % LEAK_EVERY == 0 {
            leak_site();
        }
        let mut product = state;
        for _ in 0..work {
            product = black_box(product.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(1));
        }
        black_box(product);
    }
}

#[inline(never)]
fn leak_site() {
    std::mem::forget(black_box(Vec::<u8>::with_capacity(LEAK_BYTES)));
    black_box(());
}

/// Up to three functions more.
#[inline(never)]
fn deeper(more: u32, path: usize, size: usize) -> Vec<u8> {
    let block = if more == 0 { level_0(path, size) } else { deeper(more - 1, path, size) };
    black_box(block)
}

/// A function that calls one of two, by a bit of the path; neither is inlined nor the last thing it does.
macro_rules! level {
    ($($name:ident: $bit:literal => $one:ident $other:ident;)*) => {$(
        #[inline(never)]
        fn $name(path: usize, size: usize) -> Vec<u8> {
            let block = if path >> $bit & 1 == 0 { $one(path, size) } else { $other(path, size) };
            black_box(block)
        }
    )*};
}

level! {
    level_0: 0 => level_1a level_1b;
    level_1a: 1 => level_2a level_2b;
    level_1b: 1 => level_2b level_2a;
    level_2a: 2 => level_3a level_3b;
    level_2b: 2 => level_3b level_3a;
    level_3a: 3 => level_4a level_4b;
    level_3b: 3 => level_4b level_4a;
    level_4a: 4 => level_5a level_5b;
    level_4b: 4 => level_5b level_5a;
    level_5a: 5 => leaf_a leaf_b;
    level_5b: 5 => leaf_b leaf_a;
}

#[inline(never)]
fn leaf_a(path: usize, size: usize) -> Vec<u8> {
    black_box(make(path, size))
}

#[inline(never)]
fn leaf_b(path: usize, size: usize) -> Vec<u8> {
    black_box(make(path ^ 1, size))
}

#[inline(never)]
fn make(path: usize, size: usize) -> Vec<u8> {
    let mut block = black_box(Vec::with_capacity(size));
    block.push(path as u8);
    black_box(block)
}
