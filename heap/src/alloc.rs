//! The allocator that a program is built with: it hands everything on to the one inside and tells the recorder of it.

use std::alloc::{GlobalAlloc, Layout, System};
use std::any::TypeId;

use crate::engine::{INNER, Inner};
use crate::{arena, recorder};

/// A global allocator that can be traced. Until tracing is started, it costs one load and one branch a call.
///
/// ```
/// #[global_allocator]
/// static HEAP: soak_heap::Alloc = soak_heap::Alloc::system();
/// # fn main() {}
/// ```
///
/// A block that grows by `realloc` counts from then on, with all its bytes, as one of the caller who grew it, just as if
/// it had been freed and allocated: a `Vec` that is filled for ever is found where it is filled and not where it was made.
/// One that shrinks stays where it was.
#[derive(Debug, Clone, Copy, Default)]
pub struct Alloc<A = Inner> {
    inner: A,
}

impl Alloc<Inner> {
    /// Around the system's allocator; with the feature `dhat`, around the dhat crate's, which is around the system's.
    pub const fn system() -> Self {
        Self { inner: INNER }
    }
}

impl<A> Alloc<A> {
    /// Around any allocator.
    pub const fn new(inner: A) -> Self {
        Self { inner }
    }
}

impl<A: 'static> Alloc<A> {
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a stack is walked from the function below this one")]
    fn allocated(block: *mut u8, size: usize) {
        if !block.is_null() && recorder::is_tracing() {
            // Known at compile time.
            if TypeId::of::<A>() == TypeId::of::<System>() {
                arena::note_system();
            }
            recorder::allocated(block.addr(), size);
        }
    }
}

// SAFETY: each call is handed on to an allocator that keeps the contract, unchanged; the recorder neither allocates from
// it nor touches the blocks.
unsafe impl<A: GlobalAlloc + 'static> GlobalAlloc for Alloc<A> {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise, handed on.
        let block = unsafe { self.inner.alloc(layout) };
        Self::allocated(block, layout.size());
        block
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise, handed on.
        let block = unsafe { self.inner.alloc_zeroed(layout) };
        Self::allocated(block, layout.size());
        block
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        recorder::freed(block.addr());
        // SAFETY: the caller's promise, handed on.
        unsafe { self.inner.dealloc(block, layout) };
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let taken = recorder::resizing(block.addr());
        // SAFETY: the caller's promise, handed on.
        let resized = unsafe { self.inner.realloc(block, layout, size) };
        if resized.is_null() {
            recorder::kept(taken);
        } else {
            recorder::resized(taken, layout.size(), resized.addr(), size);
        }
        resized
    }
}
