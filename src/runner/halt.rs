//! Ending a run from within: the sampler waits on one descriptor, which becomes readable when the user stops the run or when
//! the traffic has a reason to.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::event::epoll;
use rustix::pipe::{PipeFlags, pipe_with};

/// The end of a pipe that ends the run when it is closed.
#[derive(Debug)]
pub(super) struct Halt(Option<OwnedFd>);

impl Halt {
    /// A way to end a run, and the descriptor that tells of it.
    pub(super) fn new() -> io::Result<(Self, OwnedFd)> {
        let (halted, halt) = pipe_with(PipeFlags::CLOEXEC)?;
        Ok((Self(Some(halt)), halted))
    }

    /// Ends the run.
    pub(super) fn halt(&mut self) {
        self.0 = None;
    }
}

/// A descriptor that is readable when either of these is, or is hung up. Both must stay open as long as it is used.
pub(super) fn either(first: BorrowedFd<'_>, second: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    let both = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    for (number, fd) in [first, second].into_iter().enumerate() {
        epoll::add(&both, fd, epoll::EventData::new_u64(number as u64), epoll::EventFlags::IN)?;
    }
    Ok(both)
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;

    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    use super::*;

    fn is_readable(fd: &OwnedFd) -> bool {
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        poll(&mut [PollFd::new(fd, PollFlags::IN)], Some(&now)).unwrap() > 0
    }

    #[test]
    fn either_of_two_ends_the_wait() {
        for is_first in [true, false] {
            let ((mut first, first_end), (mut second, second_end)) = (Halt::new().unwrap(), Halt::new().unwrap());
            let both = either(first_end.as_fd(), second_end.as_fd()).unwrap();
            assert!(!is_readable(&both));
            let halt = if is_first { &mut first } else { &mut second };
            halt.halt();
            assert!(is_readable(&both));
        }
    }
}
