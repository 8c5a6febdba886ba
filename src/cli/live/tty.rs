//! A terminal that is written to without ever waiting: what does not go out at once is kept and goes out later, so that
//! a stalled ssh connection holds up neither the flushing of the record nor the verdict in the morning.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags, open};
use rustix::termios::{tcgetwinsize, ttyname};

/// The terminal behind standard error, opened anew: not to wait is a property of an open file, and the shell's is shared.
#[derive(Clone, Debug)]
pub(super) struct Tty(Rc<RefCell<Kept>>);

#[derive(Debug)]
struct Kept {
    file: File,
    waiting: Vec<u8>,
    gone: bool,
}

impl Tty {
    /// Opens it.
    ///
    /// # Errors
    /// Where standard error has no terminal that can be opened.
    pub(super) fn open() -> io::Result<Self> {
        let name = ttyname(io::stderr(), Vec::new());
        let named = name.ok().and_then(|name| name.into_string().ok()).map(PathBuf::from);
        // In a container the name may be one of the host's.
        let candidates = named.iter().map(PathBuf::as_path).chain([Path::new("/dev/tty")]);
        let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let mut opened = candidates.map(|path| open(path, flags, Mode::empty()));
        let file = opened.find_map(Result::ok).ok_or_else(|| io::Error::other("no terminal to write to"))?;
        Ok(Self(Rc::new(RefCell::new(Kept { file: file.into(), waiting: Vec::new(), gone: false }))))
    }

    /// Columns and rows; what a terminal does not tell is taken for 80 by 24.
    pub(super) fn size(&self) -> (u16, u16) {
        let size = tcgetwinsize(&self.0.borrow().file).map_or((0, 0), |size| (size.ws_col, size.ws_row));
        if size.0 == 0 || size.1 == 0 { (80, 24) } else { size }
    }

    /// Whether all that was written has gone out; tries again before it answers.
    ///
    /// # Errors
    /// Where the terminal is gone.
    pub(super) fn has_room(&self) -> io::Result<bool> {
        let mut kept = self.0.borrow_mut();
        kept.push();
        if kept.gone { Err(io::ErrorKind::BrokenPipe.into()) } else { Ok(kept.waiting.is_empty()) }
    }

    /// Waits for the rest to go out, for this long at most.
    pub(super) fn drain(&self, at_most: Duration) {
        let until = Instant::now() + at_most;
        while self.has_room().is_ok_and(|room| !room) && Instant::now() < until {
            let kept = self.0.borrow();
            let mut polled = [PollFd::from_borrowed_fd(kept.file.as_fd(), PollFlags::OUT)];
            let _ = poll(&mut polled, Some(&Timespec { tv_sec: 0, tv_nsec: 50_000_000 }));
        }
    }
}

impl Kept {
    /// Writes what the terminal takes at once.
    fn push(&mut self) {
        let mut written = 0;
        while written < self.waiting.len() && !self.gone {
            match self.file.write(&self.waiting[written..]) {
                Ok(more) => written += more,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => self.gone = true,
            }
        }
        if self.gone {
            self.waiting.clear();
        }
        self.waiting.drain(..written.min(self.waiting.len()));
    }
}

/// Writing never fails, though the terminal may be gone, which [`Tty::has_room`] tells: ratatui says on standard error what
/// it could not write, and where that is the same terminal, the standard library panics.
impl Write for Tty {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().waiting.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.borrow_mut().push();
        Ok(())
    }
}
