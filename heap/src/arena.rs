//! What glibc's allocator says of itself: how much it holds beside what the program holds.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::snapshot::ArenaUse;

/// Whether the traced allocator is the system's: of another, glibc knows nothing.
static IS_SYSTEM: AtomicBool = AtomicBool::new(false);

/// To be told that the traced allocator is the system's.
pub(crate) fn note_system() {
    if !IS_SYSTEM.load(Ordering::Relaxed) {
        IS_SYSTEM.store(true, Ordering::Relaxed);
    }
}

/// What it says now, where it is the traced allocator and glibc is 2.33 or later.
pub(crate) fn of_system() -> Option<ArenaUse> {
    if IS_SYSTEM.load(Ordering::Relaxed) { ask() } else { None }
}

// A weak reference: where glibc is older than 2.33, the loader leaves it zero in place of refusing the program.
#[cfg(all(target_env = "gnu", not(miri)))]
std::arch::global_asm!(
    ".weak mallinfo2",
    ".pushsection .data.rel.ro.soak_heap, \"aw\"",
    ".balign 8",
    ".hidden soak_heap_mallinfo2",
    ".globl soak_heap_mallinfo2",
    "soak_heap_mallinfo2:",
    ".quad mallinfo2",
    ".popsection",
);

#[cfg(all(target_env = "gnu", not(miri)))]
fn ask() -> Option<ArenaUse> {
    unsafe extern "C" {
        static soak_heap_mallinfo2: Option<unsafe extern "C" fn() -> libc::mallinfo2>;
    }
    // SAFETY: the word above, which the loader has filled and made read-only: the function's address or zero.
    let mallinfo2 = unsafe { soak_heap_mallinfo2 }?;
    // SAFETY: glibc's own function, which takes nothing and locks one arena after the other.
    let info = unsafe { mallinfo2() };
    // Where another malloc was put in front of glibc's, by `LD_PRELOAD` or a sanitizer, glibc's own holds nothing.
    (info.arena != 0 || info.hblkhd != 0).then_some(ArenaUse {
        arenas: info.arena as u64,
        mapped: info.hblkhd as u64,
        in_use: info.uordblks as u64,
        free: info.fordblks as u64,
    })
}

#[cfg(not(all(target_env = "gnu", not(miri))))]
fn ask() -> Option<ArenaUse> {
    None
}
