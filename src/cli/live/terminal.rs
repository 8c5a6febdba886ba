//! Takes the terminal over and leaves it as it was found: after a normal end, a panic, and a second Ctrl-C on another
//! thread. Raw mode is the kernel's, by termios; the rest is two escape sequences that every terminal since xterm knows.

use std::io::{self, IsTerminal};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::stdio::dup2_stderr;
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetpgrp, tcsetattr};

/// The alternate screen, and no cursor.
pub(super) const ENTER: &[u8] = b"\x1b[?1049h\x1b[?25l\x1b[2J";
const LEAVE: &[u8] = b"\x1b[0m\x1b[?25h\x1b[?1049l";

/// How the terminal was before; `Some` while the view has it.
static FOUND: Mutex<Option<Found>> = Mutex::new(None);

struct Found {
    modes: Termios,
    stderr: OwnedFd,
}

/// Whether there is a terminal that a full screen may be shown on: one to read and write, that can move its cursor, and
/// that soak may use, which a job in the background may not.
pub(super) fn is_fit() -> bool {
    let term = std::env::var_os("TERM");
    let moves = term.is_some_and(|term| !term.is_empty() && term != "dumb");
    moves && io::stdin().is_terminal() && io::stderr().is_terminal() && is_foreground()
}

fn is_foreground() -> bool {
    tcgetpgrp(io::stdin()).is_ok_and(|group| group == rustix::process::getpgrp())
}

/// Switches to raw mode, where a key comes at once and Ctrl-C is one of them, and puts `instead` in the place of standard
/// error.
///
/// # Errors
/// What the kernel said.
pub(super) fn take(instead: &OwnedFd) -> io::Result<()> {
    give_back_on_panic();
    let modes = tcgetattr(io::stdin())?;
    let stderr = io::stderr().as_fd().try_clone_to_owned()?;
    let mut raw = modes.clone();
    raw.make_raw();
    *locked() = Some(Found { modes, stderr });
    tcsetattr(io::stdin(), OptionalActions::Now, &raw)?;
    dup2_stderr(instead)?;
    Ok(())
}

/// Whether the view has the terminal: nobody else may write to it.
pub(in crate::cli) fn is_shown() -> bool {
    locked().is_some()
}

/// Leaves the terminal as it was found. Once is enough; any thread may.
pub(in crate::cli) fn restore() {
    let Some(found) = locked().take() else { return };
    let _ = dup2_stderr(&found.stderr);
    // A job that was sent to the background would be stopped for this, and the terminal is its shell's by then.
    if !is_foreground() {
        return;
    }
    let err = io::stderr();
    let mut polled = [PollFd::from_borrowed_fd(err.as_fd(), PollFlags::OUT)];
    let soon = Timespec { tv_sec: 0, tv_nsec: 200_000_000 };
    // A line that is stuck must not keep soak from ending.
    if poll(&mut polled, Some(&soon)).is_ok_and(|ready| ready > 0) {
        let _ = rustix::io::write(err.as_fd(), LEAVE);
    }
    let _ = tcsetattr(io::stdin(), OptionalActions::Now, &found.modes);
}

fn give_back_on_panic() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            restore();
            before(panic);
        }));
    });
}

fn locked() -> MutexGuard<'static, Option<Found>> {
    FOUND.lock().unwrap_or_else(PoisonError::into_inner)
}
