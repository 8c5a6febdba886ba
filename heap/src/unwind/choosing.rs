//! Walks by frame pointers or by tables: both on the first stacks, and on one now and then ever after, and where they
//! disagree, by tables from then on.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering};

use super::{Bounds, Code, Registers, Trace, modules, pointers, tables};
use crate::snapshot::Unwinding;

/// How many stacks have to agree before frame pointers are relied upon.
const TRIALS: u32 = 64;
/// How often a thread compares from then on.
const COMPARE_EVERY: u32 = 1024;

const ON_TRIAL: u8 = 0;
const BY_POINTERS: u8 = 1;
const BY_TABLES: u8 = 2;

/// Walks stacks, one for the process. All zero when it is new.
#[derive(Debug)]
pub(crate) struct Unwinder {
    way: AtomicU8,
    agreed: AtomicU32,
    code: Code,
    tables: tables::Tables,
    refreshing: AtomicBool,
}

impl Unwinder {
    pub(crate) const fn new() -> Self {
        Self {
            way: AtomicU8::new(ON_TRIAL),
            agreed: AtomicU32::new(0),
            code: Code::new(),
            tables: tables::Tables::new(),
            refreshing: AtomicBool::new(false),
        }
    }

    /// How stacks are walked now.
    pub(crate) fn way(&self) -> Unwinding {
        if self.way.load(Ordering::Relaxed) == BY_TABLES { Unwinding::Tables } else { Unwinding::FramePointers }
    }

    /// Learns which files are mapped, if that has changed since the last time. Allocates and takes the loader's lock:
    /// never in a hook.
    pub(crate) fn refresh(&self) {
        // Whoever finds another at it has what that one learns.
        if !self.refreshing.swap(true, Ordering::Acquire) {
            if let Some(loaded) = modules::changed(&self.code) {
                self.code.set(&loaded);
                self.tables.set(&loaded);
            }
            self.refreshing.store(false, Ordering::Release);
        }
    }

    /// Bytes of memory that are held for walking, beside itself.
    pub(crate) fn held(&self) -> usize {
        self.tables.held()
    }

    /// Frees all locks, in the child of a fork. What they guarded may be half changed, and is made anew.
    pub(crate) fn break_open(&self) {
        self.code.doubt();
        self.refreshing.store(false, Ordering::Release);
        self.tables.break_open();
    }

    /// Walks the stack. `turn` counts what the thread does.
    #[inline]
    pub(crate) fn trace(&self, from: Registers, bounds: &Bounds, turn: u32, trace: &mut Trace) {
        bounds.see(from.stack as usize);
        match self.way.load(Ordering::Relaxed) {
            BY_TABLES => self.tables.walk(from, bounds, &self.code, trace),
            BY_POINTERS if !turn.is_multiple_of(COMPARE_EVERY) => pointers::walk(from, bounds, &self.code, trace),
            _ => self.compare(from, bounds, trace),
        }
    }

    /// Walks both ways. Where they disagree, some code keeps no frame pointers.
    #[cold]
    #[inline(never)]
    fn compare(&self, from: Registers, bounds: &Bounds, trace: &mut Trace) {
        pointers::walk(from, bounds, &self.code, trace);
        let mut other = Trace::new();
        self.tables.walk(from, bounds, &self.code, &mut other);
        if agree(trace.frames(), other.frames(), |frame| self.code.is_of_the_program(frame)) {
            if self.agreed.fetch_add(1, Ordering::Relaxed) >= TRIALS {
                // Unless another stack has decided it meanwhile.
                let _ = self.way.compare_exchange(ON_TRIAL, BY_POINTERS, Ordering::Relaxed, Ordering::Relaxed);
            }
        } else {
            self.way.store(BY_TABLES, Ordering::Relaxed);
            *trace = other;
        }
    }
}

/// Whether frame pointers showed all that tables did, but for the outermost frames, which libc has without them: those
/// that start a thread, and those before and behind `main`.
fn agree(by_pointers: &[u64], by_tables: &[u64], is_of_the_program: impl Fn(u64) -> bool) -> bool {
    const OUTERMOST: usize = 3;
    let common = by_pointers.len().min(by_tables.len());
    if common == 0 || by_pointers[..common] != by_tables[..common] {
        return false;
    }
    match by_tables[common..].split_last() {
        // Tables stopped first, at code that has none: frame pointers showed more.
        None => true,
        // The very last may be the program's own `_start`.
        Some((_, missing)) => missing.len() < OUTERMOST && !missing.iter().any(|frame| is_of_the_program(*frame)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Code below this address is the program's.
    const LIBRARIES: u64 = 1_000;

    fn agrees(by_pointers: &[u64], by_tables: &[u64]) -> bool {
        agree(by_pointers, by_tables, |frame| frame < LIBRARIES)
    }

    #[test]
    fn the_same_stack_agrees() {
        assert!(agrees(&[1, 2, 3], &[1, 2, 3]));
    }

    #[test]
    fn frames_of_libc_that_start_the_program_or_a_thread_may_be_missing() {
        assert!(agrees(&[1, 2], &[1, 2, 1_001, 1_002, 9]));
        assert!(agrees(&[1, 2, 1_001], &[1, 2, 1_001, 1_002]));
    }

    #[test]
    fn a_frame_of_the_program_may_not_be_missing() {
        assert!(!agrees(&[1], &[1, 2, 1_001]));
        assert!(!agrees(&[1, 3], &[1, 2, 3]));
        assert!(!agrees(&[], &[1, 2]));
    }

    #[test]
    fn a_stack_that_goes_astray_does_not_agree() {
        assert!(!agrees(&[1, 2, 77], &[1, 2, 3, 4]));
        assert!(!agrees(&[1, 2], &[1, 2, 1_001, 1_002, 1_003, 1_004]));
    }

    #[test]
    fn frame_pointers_may_show_more_where_code_has_no_tables() {
        assert!(agrees(&[1, 2, 3], &[1, 2]));
    }
}
