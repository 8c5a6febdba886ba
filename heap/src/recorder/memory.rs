//! Memory for the recorder's tables, straight from the kernel: nothing here goes through the heap that is traced.

use std::ffi::c_void;
use std::ptr::NonNull;

/// What the kernel hands out at a time, at least: where its pages are larger, it rounds by itself.
pub(crate) const PAGE: usize = 4096;

/// When the kernel makes the pages of a mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Faulting {
    /// At once, all of them: one system call in place of a page fault per page.
    Ahead,
    /// Each when it is first touched; for tables that are seldom filled.
    OnTouch,
}

/// A zeroed mapping, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Pages {
    at: NonNull<c_void>,
    bytes: usize,
}

// SAFETY: a mapping belongs to no thread; who may touch its bytes is what the owner of the `Pages` decides.
unsafe impl Send for Pages {}

impl Pages {
    /// Maps `bytes` zeroed bytes, or `None` where the kernel refuses.
    #[cfg(not(miri))]
    pub(crate) fn map(bytes: usize, faulting: Faulting) -> Option<Self> {
        let populate = match faulting {
            Faulting::Ahead => libc::MAP_POPULATE,
            Faulting::OnTouch => libc::MAP_NORESERVE,
        };
        // SAFETY: a fresh private anonymous mapping at an address of the kernel's choice touches no memory in use.
        let at = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                bytes,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | populate,
                -1,
                0,
            )
        };
        if at == libc::MAP_FAILED {
            return None;
        }
        if faulting == Faulting::OnTouch {
            // Where huge pages are the rule, each touch would otherwise make two megabytes; advice may fail.
            // SAFETY: the mapping that was just made.
            unsafe { libc::madvise(at, bytes, libc::MADV_NOHUGEPAGE) };
        }
        NonNull::new(at).map(|at| Self { at, bytes })
    }

    /// The same from the interpreter's heap: Miri has no `mmap` with these flags.
    #[cfg(miri)]
    pub(crate) fn map(bytes: usize, _faulting: Faulting) -> Option<Self> {
        let layout = std::alloc::Layout::from_size_align(bytes, PAGE).ok()?;
        // SAFETY: every caller maps at least a page, so the size is not zero.
        NonNull::new(unsafe { std::alloc::alloc_zeroed(layout) }.cast()).map(|at| Self { at, bytes })
    }

    /// Where it begins, as a pointer to what lies there: a mapping is aligned to a page, and so for every type.
    pub(crate) fn start<T>(&self) -> *mut T {
        self.at.as_ptr().cast()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Drop for Pages {
    #[cfg(not(miri))]
    fn drop(&mut self) {
        // SAFETY: `at` and `bytes` are what `mmap` returned, and the owner gives up every pointer into it by dropping.
        unsafe { libc::munmap(self.at.as_ptr(), self.bytes) };
    }

    #[cfg(miri)]
    fn drop(&mut self) {
        if let Ok(layout) = std::alloc::Layout::from_size_align(self.bytes, PAGE) {
            // SAFETY: allocated above with the same layout.
            unsafe { std::alloc::dealloc(self.at.as_ptr().cast(), layout) };
        }
    }
}
