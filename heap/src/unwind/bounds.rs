//! How far the stack of a thread may be read. Asking pthread for it allocates, and deadlocks in a hook; so the kernel is
//! asked, a page at a time and once a thread, whether it could read there itself. That holds on any stack: that of main, of
//! a thread, of a signal handler, of a coroutine.

use std::cell::Cell;

const PAGE: usize = 4096;
/// A stack is walked no further than this from where it is first seen. 16 MiB are twice the usual limit of main's stack.
const MOST_BYTES: usize = 16 << 20;

/// The readable part of the stack that the thread was last seen on.
#[derive(Debug)]
pub(crate) struct Bounds {
    low: Cell<usize>,
    /// Up to here it was found readable ...
    high: Cell<usize>,
    /// ... and from here on it is not.
    wall: Cell<usize>,
}

impl Bounds {
    pub(crate) const fn new() -> Self {
        Self { low: Cell::new(0), high: Cell::new(0), wall: Cell::new(0) }
    }

    /// To be told the stack pointer before a walk.
    #[inline]
    pub(crate) fn see(&self, stack_pointer: usize) {
        if stack_pointer < self.low.get() || stack_pointer >= self.high.get() {
            self.look_from(stack_pointer);
        }
    }

    #[cold]
    fn look_from(&self, stack_pointer: usize) {
        let (low, page) = (self.low.get(), stack_pointer & !(PAGE - 1));
        if stack_pointer < low && low - page <= MOST_BYTES && (page..low).step_by(PAGE).all(is_readable) {
            self.low.set(page);
            return;
        }
        self.low.set(page);
        self.high.set(page + PAGE);
        self.wall.set(page.saturating_add(MOST_BYTES));
    }

    /// Whether the words from `address` on, `bytes` in all, may be read.
    #[inline]
    pub(crate) fn hold(&self, address: usize, bytes: usize) -> bool {
        let Some(end) = address.checked_add(bytes) else { return false };
        address >= self.low.get()
            && address.is_multiple_of(size_of::<usize>())
            && (end <= self.high.get() || self.look_up_to(end))
    }

    #[cold]
    fn look_up_to(&self, end: usize) -> bool {
        while self.high.get() < end {
            let high = self.high.get();
            if high >= self.wall.get() {
                return false;
            }
            if !is_readable(high) {
                self.wall.set(high);
                return false;
            }
            self.high.set(high + PAGE);
        }
        true
    }
}

/// Whether the kernel can read a word at this address: it is asked to change the signal mask in a way that does not exist,
/// and it reads the mask before it sees that. Never blocked by filters of system calls, as other ways to ask are.
fn is_readable(address: usize) -> bool {
    const NO_SUCH_WAY: libc::c_int = -1;
    const MASK_BYTES: usize = 8;
    // SAFETY: errno's place belongs to this thread.
    let errno = unsafe { libc::__errno_location() };
    // SAFETY: as above; the program's own value is put back below, because no caller of `malloc` expects it to change.
    let before = unsafe { *errno };
    // SAFETY: the kernel copies eight bytes from `address` if it can, then refuses; nothing is changed either way.
    let answer = unsafe {
        libc::syscall(libc::SYS_rt_sigprocmask, NO_SUCH_WAY, address, std::ptr::null_mut::<u8>(), MASK_BYTES)
    };
    // SAFETY: as above.
    let readable = answer == -1 && unsafe { *errno } == libc::EINVAL;
    // SAFETY: as above.
    unsafe { *errno = before };
    readable
}
