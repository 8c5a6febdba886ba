//! How listening ends, and what else wakes the control thread: the guard that is dropped, `exit`, signals.
//!
//! All of them ring one bell, an eventfd, and leave the work to the control thread; a handler of signals may do little
//! more. Each looks at the pid first, because a forked child has the same memory and descriptors, but not the thread.

mod files;
mod signals;
mod wishes;

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, Ordering};
use std::time::Duration;

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};

pub(crate) use files::Files;
pub(crate) use signals::leave_signals_to_others;
pub(crate) use wishes::{Wishes, grant};

/// The process that listens; 0 for none.
static OWNER: AtomicU32 = AtomicU32::new(0);
/// The bell's descriptor, which is never closed, so that no handler can ring a stranger's.
static BELL: AtomicI32 = AtomicI32::new(-1);
/// The descriptor on which the control thread says that it is done; never closed either.
static DONE: AtomicI32 = AtomicI32::new(-1);
/// Whether the end was asked for.
static ENDING: AtomicBool = AtomicBool::new(false);
/// Whether there is a file to write at the end.
static WAITS_LONG: AtomicBool = AtomicBool::new(false);

/// That `exit` ends the listening, which is arranged once.
static AT_EXIT: Once = Once::new();

/// How long the end waits for the socket to be removed.
const SHORT: Duration = Duration::from_secs(2);
/// How long the end waits for a file to be written: a slow disk must not lose it, and a dead one must not keep the process.
const LONG: Duration = Duration::from_mins(1);

/// What wakes the control thread.
#[derive(Debug)]
pub(crate) struct Bell {
    /// Readable where somebody rang.
    pub(crate) ring: OwnedFd,
    done: OwnedFd,
}

/// What was wanted of whoever the bell woke.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    /// Nothing: the bell was rung for a child that shares it, or twice.
    Nothing,
    /// A file now.
    File,
    /// The end, and with it the last file.
    End,
}

/// Makes this process the one that listens; whether it was not already.
pub(crate) fn claim() -> bool {
    let own = std::process::id();
    let claimed =
        OWNER.fetch_update(Ordering::AcqRel, Ordering::Acquire, |owner| (owner != own).then_some(own)).is_ok();
    if claimed {
        ENDING.store(false, Ordering::Release);
        signals::forget();
    }
    claimed
}

/// Gives up what was claimed.
pub(crate) fn unclaim() {
    OWNER.store(0, Ordering::Release);
}

fn is_owner() -> bool {
    OWNER.load(Ordering::Acquire) == std::process::id()
}

/// Hangs up the bell, and has the end of the process ring it.
pub(crate) fn hang_up(waits_long: bool) -> io::Result<Bell> {
    let new = || eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK);
    let bell = Bell { ring: new()?, done: new()? };
    // Duplicates for the handlers, which outlive the thread. A process that listens anew leaves two descriptors behind.
    let (ring, done) = (bell.ring.try_clone()?, bell.done.try_clone()?);
    DONE.store(std::mem::ManuallyDrop::new(done).as_raw_fd(), Ordering::Release);
    BELL.store(std::mem::ManuallyDrop::new(ring).as_raw_fd(), Ordering::Release);
    WAITS_LONG.store(waits_long, Ordering::Release);
    AT_EXIT.call_once(|| {
        // SAFETY: the function is an `extern "C"` one without arguments that never unwinds. Where there is no room for it,
        // the guard alone ends the listening.
        unsafe { libc::atexit(at_exit) };
    });
    Ok(bell)
}

extern "C" fn at_exit() {
    end();
}

/// Asks the control thread to end, and waits for it. It does nothing in a forked child or a second time, and allocates
/// nothing, for `exit` may call it when little is left.
pub(crate) fn end() {
    if !is_owner() || ENDING.swap(true, Ordering::AcqRel) {
        return;
    }
    ring(&BELL);
    let patience = if WAITS_LONG.load(Ordering::Acquire) { LONG } else { SHORT };
    with(&DONE, |done| {
        let mut polled = [PollFd::from_borrowed_fd(done, PollFlags::IN)];
        let timeout = Timespec { tv_sec: patience.as_secs() as i64, tv_nsec: 0 };
        // A signal may cut the wait short; then it begins anew.
        while poll(&mut polled, Some(&timeout)) == Err(rustix::io::Errno::INTR) {}
    });
}

/// Adds one to an eventfd. It is safe in a handler of signals: one system call.
fn ring(bell: &AtomicI32) {
    with(bell, |bell| {
        // The one error that can come is that it rings already.
        let _ = rustix::io::write(bell, &1_u64.to_ne_bytes());
    });
}

fn with(descriptor: &AtomicI32, act: impl FnOnce(BorrowedFd<'_>)) {
    let raw = descriptor.load(Ordering::Acquire);
    if raw >= 0 {
        // SAFETY: only `hang_up` stores here, it stores open descriptors, and nobody closes them. A program that closes
        // descriptors which are not its own makes this a system call that fails.
        act(unsafe { BorrowedFd::borrow_raw(raw) });
    }
}

impl Bell {
    /// What it was rung for.
    pub(crate) fn answer(&self) -> Call {
        let mut count = [0; 8];
        let _ = rustix::io::read(&self.ring, &mut count);
        match (ENDING.load(Ordering::Acquire), signals::pending()) {
            (true, _) | (_, signals::Pending::End) => Call::End,
            (_, signals::Pending::File) => Call::File,
            (_, signals::Pending::Nothing) => Call::Nothing,
        }
    }

    /// Says that everything is done. A signal that asked for the end gets it now, as if nobody had handled it.
    pub(crate) fn done(&self) {
        unclaim();
        signals::let_through();
        let _ = rustix::io::write(&self.done, &1_u64.to_ne_bytes());
    }
}
