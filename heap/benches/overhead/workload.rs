//! The workload: each operation allocates a block under one of 64 call paths, 11 to 14 functions deep, and frees a random
//! older one; 4096 blocks per thread are live, of 16 bytes to 40 KiB, 1.2 KiB on average; now and then one leaks.

use std::hint::black_box;
use std::sync::{Condvar, Mutex};
use std::time::Instant;

use super::ways::Way;

/// Says to a process of the workload what to do.
pub(crate) const VARIABLE: &str = "SOAK_HEAP_BENCH_WORK";

const LIVE: usize = 4096;
/// Operations of a thread before those that are measured: by then, all but one in a hundred of the live blocks were made
/// under the way that is measured.
pub(crate) const LEAD_IN: u64 = 5 * LIVE as u64;
const LEAK_EVERY: u64 = 1000;
const LEAK_BYTES: usize = 1024;

/// What a process of the workload is to do.
#[derive(Clone, Copy)]
pub(crate) struct Order {
    pub(crate) threads: u64,
    /// Traced turns; a plain one is before and after each.
    pub(crate) turns: u64,
    /// Of each thread in each turn.
    pub(crate) operations: u64,
    /// Multiplications between two operations.
    pub(crate) work: u64,
}

impl std::fmt::Display for Order {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} {} {}", self.threads, self.turns, self.operations, self.work)
    }
}

impl Order {
    fn of_this_process() -> Self {
        let order = std::env::var(VARIABLE).expect("the bench says what to do");
        let mut order = order.split(' ').map(|number| number.parse::<u64>().expect("a number"));
        let mut next = || order.next().expect("four numbers");
        Self { threads: next(), turns: next(), operations: next(), work: next() }
    }
}

/// What a process of the workload says of itself.
#[derive(Default)]
pub(crate) struct Figures {
    /// Nanoseconds of processor time per operation, of each plain turn.
    pub(crate) plain: Vec<f64>,
    /// What each traced turn took of what the plain ones around it did.
    pub(crate) ratios: Vec<f64>,
    /// Operations of all threads per second, of each turn in the process's own way.
    pub(crate) speeds: Vec<f64>,
}

impl Figures {
    const NAMES: [&str; 3] = ["plain:", "ratios:", "speeds:"];

    fn print(&self) {
        for (name, figures) in Self::NAMES.iter().zip([&self.plain, &self.ratios, &self.speeds]) {
            let figures: Vec<String> = figures.iter().map(f64::to_string).collect();
            println!("{name}{}", figures.join(" "));
        }
    }

    pub(crate) fn read(text: &str) -> Option<Self> {
        let [plain, ratios, speeds]: [Option<Vec<f64>>; 3] = Self::NAMES.map(|name| {
            let line = text.lines().find_map(|line| line.strip_prefix(name))?;
            line.split_whitespace().map(|figure| figure.parse().ok()).collect()
        });
        Some(Self { plain: plain?, ratios: ratios?, speeds: speeds? })
    }
}

/// Runs it and says what it took.
pub(crate) fn run(way: Way) {
    let order = Order::of_this_process();
    let turns = Turns::default();
    std::thread::scope(|scope| {
        for seed in 0..order.threads {
            let turns = &turns;
            scope.spawn(move || operate(seed, order, turns));
        }
        conduct(way, order, &turns).print();
    });
}

/// Lets the threads work, a number of operations at a time.
#[derive(Default)]
struct Turns {
    now: Mutex<Turn>,
    changed: Condvar,
}

#[derive(Default, Clone, Copy)]
struct Turn {
    number: u64,
    operations: u64,
    at_work: u64,
}

impl Turns {
    /// Has all threads do so many operations each.
    fn have(&self, threads: u64, operations: u64) {
        let mut now = self.now.lock().expect("no thread panics");
        *now = Turn { number: now.number + 1, operations, at_work: threads };
        self.changed.notify_all();
        drop(self.changed.wait_while(now, |now| now.at_work > 0).expect("no thread panics"));
    }

    /// Waits for the turn after this one: how many operations it has; none means that there is no more to do.
    fn next(&self, before: u64) -> u64 {
        let now = self.now.lock().expect("no thread panics");
        self.changed.wait_while(now, |now| now.number == before).expect("no thread panics").operations
    }

    fn done(&self) {
        self.now.lock().expect("no thread panics").at_work -= 1;
        self.changed.notify_all();
    }
}

/// Plain turns and traced ones in between, or plain ones alone.
fn conduct(way: Way, order: Order, turns: &Turns) -> Figures {
    let Order { threads, operations, .. } = order;
    let measured = |lead_in| {
        turns.have(threads, lead_in);
        let (cpu, wall) = (processor_time(), Instant::now());
        turns.have(threads, operations);
        let all = (operations * threads) as f64;
        ((processor_time() - cpu) / all, all / wall.elapsed().as_secs_f64())
    };
    let mut figures = Figures::default();
    let mut traced = Vec::new();
    for turn in 0..=order.turns {
        let (plain, speed) = measured(LEAD_IN);
        figures.plain.push(plain);
        if way == Way::Plain {
            figures.speeds.push(speed);
        } else if turn < order.turns {
            let tracing = way.begin();
            let (nanoseconds, speed) = measured(way.lead_in());
            drop(tracing);
            traced.push(nanoseconds);
            figures.speeds.push(speed);
        }
    }
    turns.have(threads, 0);
    let around = figures.plain.windows(2).map(|pair| f64::midpoint(pair[0], pair[1]));
    figures.ratios = traced.into_iter().zip(around).map(|(traced, plain)| traced / plain).collect();
    figures
}

/// Nanoseconds of processor time that all threads of the process used so far.
fn processor_time() -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a `timespec` to be written to.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut time) };
    time.tv_sec as f64 * 1e9 + time.tv_nsec as f64
}

/// A thread: operations in turns, until there are none.
#[inline(never)]
fn operate(seed: u64, order: Order, turns: &Turns) {
    let sizes: Vec<usize> =
        (0..1024).map(|step| (16.0 * 2500_f64.powf((f64::from(step) / 1024.0).powi(5))) as usize).collect();
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut live: Vec<Vec<u8>> = (0..LIVE).map(|_| Vec::new()).collect();
    for turn in 0.. {
        let operations = turns.next(turn);
        for operation in 0..operations {
            state = operate_once(state, operation, order.work, &sizes, &mut live);
        }
        turns.done();
        if operations == 0 {
            return;
        }
    }
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "a loop's body, in a function for its name alone")]
fn operate_once(mut state: u64, operation: u64, work: u64, sizes: &[usize], live: &mut [Vec<u8>]) -> u64 {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    let size = sizes[state as usize % sizes.len()];
    let slot = (state >> 20) as usize % LIVE;
    let path = (state >> 40) as usize % 64;
    let extra = path as u32 % 4;
    live[slot] = deeper(extra, path, size);
    if operation.is_multiple_of(LEAK_EVERY) {
        leak_site();
    }
    let mut product = state;
    for _ in 0..work {
        product = black_box(product.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(1));
    }
    black_box(product);
    state
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
