//! The recorder: one per process, told of every allocation and every free by whoever sees them. It decides which
//! allocations to record, walks their stacks and keeps what is live. It knows nothing of `GlobalAlloc`.
//!
//! Nothing in a hook allocates, takes a lock of libc or of the program, or waits for anything but a spin lock of the
//! tables, under which nothing is walked.

mod blocks;
mod clock;
mod counts;
mod keeper;
mod lock;
mod memory;
mod pace;
mod sampler;
mod session;
mod stacks;
mod survey;
mod thread;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering, fence};

use blocks::{Block, Blocks, Interrupted};
use counts::Counts;
#[cfg_attr(
    not(all(feature = "tables", target_arch = "x86_64", not(miri))),
    allow(unused_imports, reason = "only tables need it")
)]
pub(crate) use lock::SpinLock;
use pace::Pace;
use sampler::{EVERY, Weight};
use session::Session;
pub use session::{Options, Period, Start, StartError, Status};
pub(crate) use stacks::Hash;
use stacks::{Room, Stacks};
use thread::Thread;
pub use thread::Untraced;

use crate::snapshot::Snapshot;
use crate::unwind::{Registers, Trace, Unwinder};

// Statics of their own, because they are all zero: so they take no room in the program's file.
static BLOCKS: Blocks = Blocks::new();
static UNWINDER: Unwinder = Unwinder::new();
static RECORDER: Recorder = Recorder::new(&BLOCKS, &UNWINDER);

/// 0 while off; else it changes with every change of the period, whose index is its lowest byte, and `EVERYTHING` says
/// whether that is every allocation. All that a hook looks at while tracing is off.
static SETTINGS: AtomicU64 = AtomicU64::new(0);
const EVERYTHING: u64 = 1 << 8;

/// A block that was taken out before it is resized.
#[derive(Debug, Clone, Copy)]
pub struct Taken(Block);

#[derive(Debug)]
struct Recorder {
    blocks: &'static Blocks,
    stacks: Stacks,
    counts: Counts,
    unwinder: &'static Unwinder,
    pace: Pace,
    session: Session,
    /// Samples that found no room.
    dropped: AtomicU64,
    /// Whether a hook was ever called while tracing: that somebody tells the recorder anything.
    told: AtomicBool,
}

impl Recorder {
    const fn new(blocks: &'static Blocks, unwinder: &'static Unwinder) -> Self {
        Self {
            blocks,
            stacks: Stacks::new(Room::USUAL),
            counts: Counts::new(Room::USUAL.sites as usize),
            unwinder,
            pace: Pace::new(),
            session: Session::new(),
            dropped: AtomicU64::new(0),
            told: AtomicBool::new(false),
        }
    }
}

/// Whether it traces now: one load.
#[inline(always)]
#[expect(clippy::inline_always, reason = "as for `allocated`")]
pub fn is_tracing() -> bool {
    SETTINGS.load(Ordering::Relaxed) != 0
}

/// To be told of a new block of `size` bytes.
#[inline(always)]
#[expect(clippy::inline_always, reason = "where tracing is off, it is one load and one branch in the caller")]
pub fn allocated(address: usize, size: usize) {
    let settings = SETTINGS.load(Ordering::Relaxed);
    if settings != 0 {
        consider(address, size as u64, settings);
    }
}

/// To be told that a block is about to be freed, before it is: afterwards its address may already be another's.
#[inline(always)]
#[expect(clippy::inline_always, reason = "as for `allocated`")]
pub fn freed(address: usize) {
    if is_recorded(address) {
        forget(address);
    }
}

/// Whether a block may be recorded.
#[inline(always)]
#[expect(clippy::inline_always, reason = "as for `allocated`")]
fn is_recorded(address: usize) -> bool {
    let settings = SETTINGS.load(Ordering::Relaxed);
    if settings == 0 {
        return false;
    }
    // The counters were written before the settings that allow to ask them.
    fence(Ordering::Acquire);
    settings & EVERYTHING != 0 || BLOCKS.may_hold(address)
}

/// To be told that a block is about to be resized, before it is. What is answered goes to `resized`, or to `kept` where
/// resizing failed.
#[inline(always)]
#[expect(clippy::inline_always, reason = "as for `allocated`")]
pub fn resizing(address: usize) -> Option<Taken> {
    if is_recorded(address) { forget(address) } else { None }
}

/// To be told that a block now lies at `address` with `size` bytes. One that grew is from now on a block of the caller who
/// grew it, with all its bytes, as if it had been freed and allocated; one that shrank stays with whom it was.
#[inline(always)]
#[expect(clippy::inline_always, reason = "as for `allocated`")]
pub fn resized(taken: Option<Taken>, before: usize, address: usize, size: usize) {
    if size > before {
        allocated(address, size);
    } else if let Some(taken) = taken {
        shrunk(taken, address, size as u64);
    }
}

/// To be told that resizing failed and the block is as it was.
pub fn kept(taken: Option<Taken>) {
    if let Some(Taken(block)) = taken {
        RECORDER.keep(block);
    }
}

#[inline]
fn consider(address: usize, size: u64, settings: u64) {
    Thread::with(|thread| {
        if thread.settings.get() == settings {
            let left = thread.countdown.get() - size as i64;
            thread.countdown.set(left);
            if left > 0 {
                return;
            }
        }
        record(thread, address, size, settings);
    });
}

/// Records an allocation, or begins to count under new settings.
#[inline(never)]
fn record(thread: &Thread, address: usize, size: u64, settings: u64) {
    let from = Registers::here();
    if thread.is_inside() || thread.is_untraced() {
        return;
    }
    thread.enter();
    let turn = thread.turn();
    let timer = Pace::begin(turn);
    let mean = RECORDER.session.period(settings as u8);
    let hit = if thread.settings.get() == settings {
        true
    } else {
        thread.settings.set(settings);
        RECORDER.told.store(true, Ordering::Relaxed);
        mean <= EVERY || thread.gap(mean) <= size as i64
    };
    if hit {
        RECORDER.record(thread, from, turn, address, size, settings);
    }
    // Points are independent of each other, so the next gap may be drawn afresh from here.
    thread.countdown.set(if mean <= EVERY { 0 } else { thread.gap(mean) });
    RECORDER.pace.end(thread.number(), timer);
    thread.leave();
}

#[inline(never)]
fn forget(address: usize) -> Option<Taken> {
    <Blocks>::prefetch(address);
    Thread::with(|thread| {
        let interrupted = if thread.is_inside() { Interrupted::Perhaps } else { Interrupted::No };
        thread.enter();
        let timer = Pace::begin(thread.turn());
        let block = RECORDER.blocks.remove(address, interrupted);
        RECORDER.pace.end(thread.number(), timer);
        thread.leave();
        block.map(Taken)
    })?
}

#[inline(never)]
fn shrunk(Taken(block): Taken, address: usize, size: u64) {
    let mean = RECORDER.session.period(block.period);
    // A smaller block would have been recorded more rarely, and counts for more; so some of them go, by lot.
    let stays = sampler::probability(size, mean) / sampler::probability(block.size, mean);
    Thread::with(|thread| {
        if mean <= EVERY || thread.share() <= stays {
            RECORDER.keep(Block { address, size, ..block });
        }
    });
}

impl Recorder {
    fn record(&self, thread: &Thread, from: Registers, turn: u32, address: usize, size: u64, settings: u64) {
        let session = self.session.number();
        // Tracing may have ended and begun anew since the caller looked: its tables know nothing of these settings.
        if SETTINGS.load(Ordering::Acquire) != settings {
            return;
        }
        let mut trace = Trace::new();
        self.unwinder.trace(from, &thread.bounds, turn, &mut trace);
        let stack = self.stacks.intern(trace.hash(), trace.frames());
        let period = settings as u8;
        let weight = Weight::of(size, self.session.period(period));
        self.counts.add(thread.number(), stack, weight);
        if self.session.period(period) > EVERY {
            self.pace.note(thread.number(), weight);
        }
        let block = Block { address, size, site: stack, period };
        if self.blocks.insert(block, || self.session.number() == session).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Enters a block again that was taken out.
    fn keep(&self, block: Block) {
        Thread::with(|thread| {
            // A signal handler may have interrupted the holder of the lock; its block goes unseen rather than hang it.
            if thread.is_inside() {
                self.dropped.fetch_add(1, Ordering::Relaxed);
                return;
            }
            thread.enter();
            let session = self.session.number();
            if self.blocks.insert(block, || self.session.number() == session).is_err() {
                self.dropped.fetch_add(1, Ordering::Relaxed);
            }
            thread.leave();
        });
    }
}

/// Begins to trace. While it is on already, it goes on with these options and keeps what it knows.
///
/// # Errors
///
/// Where memory or a thread is refused, or the options make no sense.
pub fn start(options: Options) -> Result<Start, StartError> {
    RECORDER.start(options)
}

/// Ends tracing. What is known until then stays until it is started again.
pub fn stop() {
    RECORDER.stop();
}

/// Whether it traces, and how.
pub fn status() -> Status {
    RECORDER.status()
}

/// What is known now, without stopping the program: it goes on while the tables are walked, one shard after another.
pub fn snapshot() -> Snapshot {
    RECORDER.snapshot()
}
