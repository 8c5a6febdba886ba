//! Walks by frame pointers alone: without the feature `tables`, and on processors for which code keeps them by default.
//! A stack without them ends early, because what it leads to is no code.

use std::sync::atomic::{AtomicBool, Ordering};

use super::{Bounds, Code, Registers, Trace, modules, pointers};
use crate::snapshot::Unwinding;

/// Walks stacks, one for the process.
#[derive(Debug)]
pub(crate) struct Unwinder {
    code: Code,
    refreshing: AtomicBool,
}

impl Unwinder {
    pub(crate) const fn new() -> Self {
        Self { code: Code::new(), refreshing: AtomicBool::new(false) }
    }

    /// How stacks are walked.
    #[expect(clippy::unused_self, reason = "with tables, it is a matter of the unwinder's")]
    pub(crate) fn way(&self) -> Unwinding {
        Unwinding::FramePointers
    }

    /// Learns which files are mapped, if that has changed since the last time. Allocates and takes the loader's lock:
    /// never in a hook.
    pub(crate) fn refresh(&self) {
        // Whoever finds another at it has what that one learns.
        if !self.refreshing.swap(true, Ordering::Acquire) {
            if let Some(loaded) = modules::changed(&self.code) {
                self.code.set(&loaded);
            }
            self.refreshing.store(false, Ordering::Release);
        }
    }

    /// Bytes of memory that are held for walking, beside itself.
    #[expect(clippy::unused_self, reason = "with tables, there are some")]
    pub(crate) fn held(&self) -> usize {
        0
    }

    /// Frees all locks, in the child of a fork. What they guarded may be half changed, and is made anew.
    pub(crate) fn break_open(&self) {
        self.code.doubt();
        self.refreshing.store(false, Ordering::Release);
    }

    /// Walks the stack.
    #[inline]
    pub(crate) fn trace(&self, from: Registers, bounds: &Bounds, _turn: u32, trace: &mut Trace) {
        bounds.see(from.stack as usize);
        pointers::walk(from, bounds, &self.code, trace);
    }
}
