//! The stack of the calling thread, in a hook: without allocating, without locks of libc, without reading what is no
//! stack. By frame pointers where the program's code keeps them, else by its unwind tables; which of the two, comparing
//! both on real stacks decides, and goes on deciding.

mod bounds;
#[cfg_attr(
    not(all(feature = "tables", target_arch = "x86_64", not(miri))),
    allow(dead_code, reason = "frame pointers alone need less of it")
)]
mod code;
#[cfg_attr(
    not(all(feature = "tables", target_arch = "x86_64", not(miri))),
    allow(dead_code, reason = "frame pointers alone need less of it")
)]
mod modules;
mod pointers;
#[cfg(all(feature = "tables", target_arch = "x86_64", not(miri)))]
mod rules;
#[cfg(all(feature = "tables", target_arch = "x86_64", not(miri)))]
mod tables;
// What reads the tables knows one processor only; on others, code keeps frame pointers by default.
#[cfg(all(feature = "tables", target_arch = "x86_64", not(miri)))]
#[path = "choosing.rs"]
mod unwinder;
#[cfg(not(all(feature = "tables", target_arch = "x86_64", not(miri))))]
#[path = "pointers_only.rs"]
mod unwinder;

pub(crate) use bounds::Bounds;
use code::Code;
pub(crate) use modules::{Loaded, all as modules};
pub(crate) use unwinder::Unwinder;

use crate::recorder::Hash;

/// Deeper stacks keep their innermost frames. Async servers are 60 to 100 deep.
const MOST_FRAMES: usize = 128;

/// Registers from which a stack is walked.
#[derive(Debug, Clone, Copy)]
#[cfg_attr(
    not(all(feature = "tables", target_arch = "x86_64", not(miri))),
    allow(dead_code, reason = "frame pointers alone need less of it")
)]
pub(crate) struct Registers {
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
