//! The stack of the calling thread, in a hook: without allocating, without locks of libc, without reading what is no
//! stack. By frame pointers where the program's code keeps them, else by its unwind tables; which of the two, comparing
//! both on real stacks decides, and goes on deciding.

mod bounds;
mod code;
mod modules;
mod pointers;
#[cfg(all(feature = "tables", target_arch = "x86_64", not(miri)))]
mod rules;
#[cfg(all(feature = "tables", target_arch = "x86_64", not(miri)))]
mod tables;

use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};

pub(crate) use bounds::Bounds;
pub(crate) use code::Code;
pub(crate) use modules::Loaded;

use crate::recorder::Hash;
use crate::snapshot::Unwinding;

/// Deeper stacks keep their innermost frames. Async servers are 60 to 100 deep.
const MOST_FRAMES: usize = 128;

/// How many stacks have to agree before frame pointers are relied upon.
#[cfg(all(feature = "tables", target_arch = "x86_64", not(miri)))]
const TRIALS: u32 = 64;
/// How often a stack is compared from then on.
#[cfg(all(feature = "tables", target_arch = "x86_64", not(miri)))]
const COMPARE_EVERY: u32 = 1024;

/// Registers from which a stack is walked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Registers {
    #[cfg_attr(
        not(all(feature = "tables", target_arch = "x86_64", not(miri))),
        expect(dead_code, reason = "frame pointers alone do not need it")
    )]
    pub(crate) instruction: u64,
    pub(crate) stack: u64,
    pub(crate) frame: u64,
}

impl Registers {
    /// Those of the function that this is called in. Its own address is no part of the stack that is walked from them.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "in a function of its own it would show that one's registers")]
    pub(crate) fn here() -> Self {
        let (instruction, stack, frame): (u64, u64, u64);
        #[cfg(all(target_arch = "x86_64", not(miri)))]
        // SAFETY: reads three registers and changes nothing.
        unsafe {
            std::arch::asm!(
                "lea {}, [rip]", "mov {}, rsp", "mov {}, rbp",
                out(reg) instruction, out(reg) stack, out(reg) frame,
                options(nomem, nostack, preserves_flags)
            );
        }
        #[cfg(all(target_arch = "aarch64", not(miri)))]
        // SAFETY: reads three registers and changes nothing.
        unsafe {
            std::arch::asm!(
                "adr {}, .", "mov {}, sp", "mov {}, x29",
                out(reg) instruction, out(reg) stack, out(reg) frame,
                options(nomem, nostack, preserves_flags)
            );
        }
        #[cfg(any(miri, not(any(target_arch = "x86_64", target_arch = "aarch64"))))]
        {
            (instruction, stack, frame) = (0, 0, 0);
        }
        Self { instruction, stack, frame }
    }
}

/// A stack, innermost first, in memory that the caller has on its own.
#[derive(Debug)]
pub(crate) struct Trace {
    frames: [std::mem::MaybeUninit<u64>; MOST_FRAMES],
    count: usize,
    hash: Hash,
}

impl Trace {
    #[inline]
    pub(crate) fn new() -> Self {
        Self { frames: [std::mem::MaybeUninit::uninit(); MOST_FRAMES], count: 0, hash: Hash::new() }
    }

    /// Adds the frames that `next` yields, as far as there is room. Counts in registers: it is the hottest loop of all.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "the walk has to be inlined into this loop")]
    fn fill(&mut self, mut next: impl FnMut() -> Option<u64>) {
        let (mut count, mut hash) = (0, Hash::new());
        for place in &mut self.frames {
            let Some(frame) = next() else { break };
            place.write(frame);
            hash.add(frame);
            count += 1;
        }
        (self.count, self.hash) = (count, hash);
    }

    #[inline]
    pub(crate) fn frames(&self) -> &[u64] {
        // SAFETY: the first `count` frames were written by `push`, and a `MaybeUninit<u64>` lies as a `u64` does.
        unsafe { std::slice::from_raw_parts(self.frames.as_ptr().cast::<u64>(), self.count) }
    }

    #[inline]
    pub(crate) fn hash(&self) -> u64 {
        self.hash.finish()
    }
}

/// Reads a word of the stack if it is one of the stack.
#[inline]
fn read(bounds: &Bounds, address: u64) -> Option<u64> {
    // SAFETY: `hold` says that the word is mapped and aligned. It lies on this thread's stack, above its stack pointer, or
    // just behind the stack; what it says is believed only if it is an address of code.
    bounds.hold(address as usize, 8).then(|| unsafe { std::ptr::read_volatile(address as usize as *const u64) })
}

const ON_TRIAL: u8 = 0;
const BY_POINTERS: u8 = 1;
const BY_TABLES: u8 = 2;

/// Walks stacks, one for the process.
#[derive(Debug)]
pub(crate) struct Unwinder {
    way: AtomicU8,
    agreed: AtomicU32,
    code: Code,
    #[cfg(all(feature = "tables", target_arch = "x86_64", not(miri)))]
    tables: tables::Tables,
}

impl Unwinder {
    pub(crate) const fn new() -> Self {
        Self {
            way: AtomicU8::new(ON_TRIAL),
            agreed: AtomicU32::new(0),
            code: Code::new(),
            #[cfg(all(feature = "tables", target_arch = "x86_64", not(miri)))]
            tables: tables::Tables::new(),
        }
    }

    /// How stacks are walked now.
    pub(crate) fn way(&self) -> Unwinding {
        if self.way.load(Ordering::Relaxed) == BY_TABLES { Unwinding::Tables } else { Unwinding::FramePointers }
    }

    /// Learns which files are mapped, if that has changed since the last time. Allocates and takes the loader's lock:
    /// never in a hook. Bytes that it holds on to are the answer.
    pub(crate) fn refresh(&self) {
        let Some(loaded) = modules::changed(&self.code) else { return };
        self.code.set(&loaded);
        #[cfg(all(feature = "tables", target_arch = "x86_64", not(miri)))]
        self.tables.set(&loaded);
    }

    /// The files that are mapped.
    pub(crate) fn modules() -> Vec<Loaded> {
        modules::all()
    }

    /// Bytes of memory that are held for walking.
    pub(crate) fn held(&self) -> usize {
        #[cfg(all(feature = "tables", target_arch = "x86_64", not(miri)))]
        return self.tables.held();
        #[cfg(not(all(feature = "tables", target_arch = "x86_64", not(miri))))]
        0
    }

    /// Frees all locks, in the child of a fork.
    pub(crate) fn break_open(&self) {
        #[cfg(all(feature = "tables", target_arch = "x86_64", not(miri)))]
        self.tables.break_open();
    }

    /// Walks the stack. `turn` counts the walks of a thread.
    #[cfg(not(all(feature = "tables", target_arch = "x86_64", not(miri))))]
    #[inline]
    pub(crate) fn trace(&self, from: Registers, bounds: &Bounds, _turn: u32, trace: &mut Trace) {
        bounds.see(from.stack as usize);
        pointers::walk(from, bounds, &self.code, trace);
    }

    /// Walks the stack. `turn` counts the walks of a thread.
    #[cfg(all(feature = "tables", target_arch = "x86_64", not(miri)))]
    #[inline]
    pub(crate) fn trace(&self, from: Registers, bounds: &Bounds, turn: u32, trace: &mut Trace) {
        bounds.see(from.stack as usize);
        match self.way.load(Ordering::Relaxed) {
            BY_TABLES => self.tables.walk(from, bounds, &self.code, trace),
            BY_POINTERS if !turn.is_multiple_of(COMPARE_EVERY) => pointers::walk(from, bounds, &self.code, trace),
            _ => self.compare(from, bounds, trace),
        }
    }

    /// Walks both ways. Where they disagree, the code keeps no frame pointers somewhere, and tables it is from then on.
    #[cfg(all(feature = "tables", target_arch = "x86_64", not(miri)))]
    #[cold]
    #[inline(never)]
    fn compare(&self, from: Registers, bounds: &Bounds, trace: &mut Trace) {
        pointers::walk(from, bounds, &self.code, trace);
        let mut other = Trace::new();
        self.tables.walk(from, bounds, &self.code, &mut other);
        if agree(trace.frames(), other.frames(), &self.code) {
            if self.agreed.fetch_add(1, Ordering::Relaxed) >= TRIALS {
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
#[cfg(all(feature = "tables", target_arch = "x86_64", not(miri)))]
fn agree(by_pointers: &[u64], by_tables: &[u64], code: &Code) -> bool {
    const OUTERMOST: usize = 3;
    let common = by_pointers.len().min(by_tables.len());
    if by_pointers[..common] != by_tables[..common] {
        return false;
    }
    match by_tables[common..].split_last() {
        // Tables stopped first, at code that has none: frame pointers showed more.
        None => common > 0,
        // The very last may be the program's own `_start`.
        Some((_, missing)) => {
            common > 0 && missing.len() < OUTERMOST && !missing.iter().any(|frame| code.is_of_the_program(*frame))
        }
    }
}
