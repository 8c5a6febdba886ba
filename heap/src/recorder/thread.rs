//! What the recorder keeps per thread. Without a destructor and initialised by constants, so that it can be touched in
//! any hook: before a thread's first line, in its signal handlers, and while the thread is being taken apart.

use std::cell::Cell;
use std::sync::atomic::{AtomicU32, Ordering, compiler_fence};

use super::sampler::Random;
use crate::unwind::Bounds;

thread_local! {
    static THREAD: Thread = const { Thread::new() };
}

/// The state of one thread.
#[derive(Debug)]
pub(crate) struct Thread {
    /// The settings that `countdown` was drawn under.
    pub(crate) settings: Cell<u64>,
    /// Bytes until the next recorded allocation; nothing or less where every one is.
    pub(crate) countdown: Cell<i64>,
    /// How deep the thread is inside the recorder, where it may hold locks.
    inside: Cell<u32>,
    /// How many `Untraced` live on it.
    untraced: Cell<u32>,
    number: Cell<u32>,
    random: Cell<Option<Random>>,
    /// Counts what is done now and then.
    turns: Cell<u32>,
    pub(crate) bounds: Bounds,
}

impl Thread {
    const fn new() -> Self {
        Self {
            settings: Cell::new(0),
            countdown: Cell::new(0),
            inside: Cell::new(0),
            untraced: Cell::new(0),
            number: Cell::new(0),
            random: Cell::new(None),
            turns: Cell::new(0),
            bounds: Bounds::new(),
        }
    }

    /// Runs something with the calling thread's state.
    #[inline]
    pub(crate) fn with<R>(run: impl FnOnce(&Self) -> R) -> Option<R> {
        THREAD.try_with(run).ok()
    }

    pub(crate) fn is_inside(&self) -> bool {
        self.inside.get() != 0
    }

    pub(crate) fn is_untraced(&self) -> bool {
        self.untraced.get() != 0
    }

    pub(crate) fn enter(&self) {
        self.inside.set(self.inside.get() + 1);
        // A signal handler on this thread must see it before anything that follows.
        compiler_fence(Ordering::SeqCst);
    }

    pub(crate) fn leave(&self) {
        compiler_fence(Ordering::SeqCst);
        self.inside.set(self.inside.get().saturating_sub(1));
    }

    /// A small number of this thread's own, to keep threads off each other's counters.
    pub(crate) fn number(&self) -> usize {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        if self.number.get() == 0 {
            self.number.set(NEXT.fetch_add(1, Ordering::Relaxed).max(1));
        }
        self.number.get() as usize
    }

    /// The distance to the thread's next sample.
    pub(crate) fn gap(&self, mean: u64) -> i64 {
        let mut random = self.random();
        let gap = random.gap(mean);
        self.random.set(Some(random));
        gap
    }

    /// A random share.
    pub(crate) fn share(&self) -> f64 {
        let mut random = self.random();
        let share = random.share();
        self.random.set(Some(random));
        share
    }

    fn random(&self) -> Random {
        self.random.get().unwrap_or_else(|| {
            let address = std::ptr::from_ref(self).addr() as u64;
            Random::new(address ^ (self.number() as u64) << 48 ^ super::clock::nanoseconds())
        })
    }

    /// The number of this turn.
    pub(crate) fn turn(&self) -> u32 {
        let turn = self.turns.get().wrapping_add(1);
        self.turns.set(turn);
        turn
    }
}

/// While it lives, what the thread that made it allocates is not recorded; its frees of recorded blocks are.
#[derive(Debug)]
pub struct Untraced {
    // It belongs to the thread that made it.
    _thread: std::marker::PhantomData<*const ()>,
}

impl Untraced {
    /// Begins.
    pub fn begin() -> Self {
        Thread::with(|thread| thread.untraced.set(thread.untraced.get() + 1));
        Self { _thread: std::marker::PhantomData }
    }
}

impl Drop for Untraced {
    fn drop(&mut self) {
        Thread::with(|thread| thread.untraced.set(thread.untraced.get().saturating_sub(1)));
    }
}
