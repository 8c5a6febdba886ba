//! A spin lock for the recorder's tables: a hook can be called with any lock of the program or of libc held, so it takes
//! none of theirs. Nothing unwinds, allocates or calls out while it is held.

use std::cell::UnsafeCell;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, Ordering};

/// How often to look before the processor is given to somebody else, who may be the one that holds the lock.
const LOOKS_BEFORE_YIELD: u32 = 64;

/// A value that one thread at a time may touch.
#[derive(Debug)]
pub(crate) struct SpinLock<T> {
    held: AtomicBool,
    value: UnsafeCell<T>,
}

// SAFETY: the value is reached through a `Held` only, of which there is one at a time.
unsafe impl<T: Send> Sync for SpinLock<T> {}

impl<T> SpinLock<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self { held: AtomicBool::new(false), value: UnsafeCell::new(value) }
    }

    /// Waits for the lock.
    #[inline]
    pub(crate) fn lock(&self) -> Held<'_, T> {
        loop {
            if let Some(held) = self.attempt(LOOKS_BEFORE_YIELD) {
                return held;
            }
            std::thread::yield_now();
        }
    }

    /// Takes the lock if it comes free within some looks.
    #[inline]
    pub(crate) fn attempt(&self, looks: u32) -> Option<Held<'_, T>> {
        for _ in 0..looks {
            if self.held.compare_exchange_weak(false, true, Ordering::Acquire, Ordering::Relaxed).is_ok() {
                return Some(Held { lock: self });
            }
            std::hint::spin_loop();
        }
        None
    }

    /// Frees a lock whose holder does not exist: in the child of a fork, which has one thread.
    pub(crate) fn break_open(&self) {
        self.held.store(false, Ordering::Release);
    }
}

/// The lock, held until this is dropped.
#[derive(Debug)]
pub(crate) struct Held<'a, T> {
    lock: &'a SpinLock<T>,
}

impl<T> Deref for Held<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: whoever has a `Held` holds the lock, so nobody else has a reference to the value.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T> DerefMut for Held<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as for `deref`; this `Held` is borrowed for as long as the reference lives.
        unsafe { &mut *self.lock.value.get() }
    }
}

impl<T> Drop for Held<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.lock.held.store(false, Ordering::Release);
    }
}
