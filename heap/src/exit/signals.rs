//! Files on a signal: a handler that notes the signal and rings the bell.
//!
//! A signal that would end the process still does, after the file. One that the program handles itself is left to it.

use std::sync::atomic::{AtomicU64, Ordering};

use libc::c_int;

use super::{BELL, is_owner, ring};

/// The signals that came and were not seen to yet, a bit each.
static CAME: AtomicU64 = AtomicU64::new(0);

/// The signals that can be asked for, and what they do besides the file.
const SIGNALS: [(&str, c_int, After); 6] = [
    ("USR1", libc::SIGUSR1, After::GoOn),
    ("USR2", libc::SIGUSR2, After::GoOn),
    ("HUP", libc::SIGHUP, After::GoOn),
    ("TERM", libc::SIGTERM, After::End),
    ("INT", libc::SIGINT, After::End),
    ("QUIT", libc::SIGQUIT, After::End),
];

/// What comes after the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum After {
    GoOn,
    End,
}

/// What the signals that came ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pending {
    Nothing,
    File,
    End,
}

/// The number of a signal by its name, with or without `SIG`.
pub(super) fn number(name: &str) -> Option<c_int> {
    let name = name.trim();
    let name = name.strip_prefix("SIG").unwrap_or(name);
    SIGNALS.iter().find(|(other, ..)| *other == name).map(|(_, number, _)| *number)
}

/// The names that there are.
pub(super) fn names() -> String {
    SIGNALS.map(|(name, ..)| name).join(", ")
}

/// Whether a signal ends the process.
pub(super) fn ends(number: c_int) -> bool {
    SIGNALS.iter().any(|(_, other, after)| *other == number && *after == After::End)
}

/// Handles a signal from here on.
///
/// # Errors
/// Why not, in a sentence.
pub(super) fn handle(number: c_int) -> Result<(), String> {
    // SAFETY: all zeroes is a valid sigaction: the default action, no flags, an empty mask.
    let mut before: libc::sigaction = unsafe { std::mem::zeroed() };
    // SAFETY: the number is a signal's, no new action is given, and `before` is there to be written.
    if unsafe { libc::sigaction(number, std::ptr::null(), &raw mut before) } != 0 {
        return Err(std::io::Error::last_os_error().to_string());
    }
    let own = on_signal as extern "C" fn(c_int) as usize;
    if before.sa_sigaction != libc::SIG_DFL && before.sa_sigaction != own {
        return Err("the program handles or ignores this signal itself".to_owned());
    }
    // SAFETY: as above.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = own;
    action.sa_flags = libc::SA_RESTART | libc::SA_ONSTACK;
    // SAFETY: the handler is an `extern "C"` function of one argument, as it must be without SA_SIGINFO, and does only
    // what a handler may.
    if unsafe { libc::sigaction(number, &raw const action, std::ptr::null_mut()) } != 0 {
        return Err(std::io::Error::last_os_error().to_string());
    }
    Ok(())
}

extern "C" fn on_signal(number: c_int) {
    // SAFETY: the location of this thread's errno is always valid; `write` below may change it under whoever was
    // interrupted.
    let errno = unsafe { *libc::__errno_location() };
    if is_owner() {
        CAME.fetch_or(1 << number, Ordering::AcqRel);
        ring(&BELL);
    } else if ends(number) {
        // A forked child, or listening is over: it ends as if there were no handler, once this one returns.
        default_again(number);
    }
    // SAFETY: as above.
    unsafe { *libc::__errno_location() = errno };
}

/// Has a signal do by default what it does, for the process that it was sent to.
fn default_again(number: c_int) {
    // SAFETY: both calls may be made in a handler, and the number is of a signal that can be handled.
    unsafe {
        libc::signal(number, libc::SIG_DFL);
        libc::kill(libc::getpid(), number);
    }
}

/// What came since it was asked last. What asks for the end stays, for [`let_through`].
pub(super) fn pending() -> Pending {
    let came = CAME.load(Ordering::Acquire);
    if came & ending() != 0 {
        Pending::End
    } else if CAME.fetch_and(ending(), Ordering::AcqRel) & !ending() != 0 {
        Pending::File
    } else {
        Pending::Nothing
    }
}

fn ending() -> u64 {
    SIGNALS.iter().filter(|(.., after)| *after == After::End).map(|(_, number, _)| 1 << number).sum()
}

/// Sends the signals again that asked for the end.
pub(super) fn let_through() {
    let came = CAME.swap(0, Ordering::AcqRel);
    SIGNALS.iter().filter(|(_, number, _)| came & ending() & (1 << number) != 0).for_each(|(_, number, _)| {
        default_again(*number);
    });
}

/// Forgets what came to a process that this one was forked from.
pub(super) fn forget() {
    CAME.store(0, Ordering::Release);
}

/// Blocks every signal on this thread, so that the program's handlers run where they always did.
pub(crate) fn leave_signals_to_others() {
    // SAFETY: the set is initialised by `sigfillset` before it is used, and the mask of this thread alone is changed.
    unsafe {
        let mut all = std::mem::zeroed();
        libc::sigfillset(&raw mut all);
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const all, std::ptr::null_mut());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_go_by_their_names() {
        assert_eq!((number("USR2"), number(" SIGTERM ")), (Some(libc::SIGUSR2), Some(libc::SIGTERM)));
        assert_eq!((number("KILL"), number(""), number("12")), (None, None, None));
        assert!(ends(libc::SIGINT) && !ends(libc::SIGHUP));
    }
}
