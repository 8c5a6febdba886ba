//! Time as something that is handed in, so that schedules are tested without waiting.
//!
//! The sampler and the driver ask a [`Clock`] for the time and wait on it; [`RealClock`] is the kernel's
//! `CLOCK_BOOTTIME`, which counts suspend, and [`ManualClock`] moves only when it is waited on or told to.

use std::os::fd::BorrowedFd;
use std::sync::Mutex;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::time::{ClockId, clock_gettime};

use crate::domain::Elapsed;

/// What ended a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake {
    /// The time came.
    Due,
    /// The watched descriptor at this position became readable (a pidfd does when its process ends).
    Ready(usize),
}

/// A source of time since the start of the run.
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> Elapsed;

    /// Waits until `due`, or until one of `watched` is readable, whichever comes first. A time in the past returns at
    /// once, after a look at the descriptors.
    fn wait_until(&self, due: Elapsed, watched: &[BorrowedFd<'_>]) -> Wake;
}

/// `CLOCK_BOOTTIME` since the clock was made.
#[derive(Debug)]
pub struct RealClock {
    origin: Duration,
}

impl RealClock {
    /// A clock that starts at zero now.
    pub fn start() -> Self {
        Self { origin: boot_time() }
    }
}

fn boot_time() -> Duration {
    let time = clock_gettime(ClockId::Boottime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32)
}

impl Clock for RealClock {
    fn now(&self) -> Elapsed {
        Elapsed::new(boot_time().saturating_sub(self.origin))
    }

    fn wait_until(&self, due: Elapsed, watched: &[BorrowedFd<'_>]) -> Wake {
        let mut polled: Vec<PollFd<'_>> =
            watched.iter().map(|fd| PollFd::from_borrowed_fd(*fd, PollFlags::IN)).collect();
        loop {
            // The wait is relative, so it is computed anew each round from the absolute due time: no drift.
            let left = due.since_start().saturating_sub(self.now().since_start());
            let timeout = Timespec {
                tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
                tv_nsec: i64::from(left.subsec_nanos()),
            };
            match poll(&mut polled, Some(&timeout)) {
                Ok(0) if self.now() >= due => return Wake::Due,
                // An early return or a signal (EINTR): wait for what is left.
                Ok(0) | Err(_) if self.now() < due => {}
                Err(_) => return Wake::Due,
                Ok(_) => {
                    if let Some(ready) = polled.iter().position(|fd| !fd.revents().is_empty()) {
                        return Wake::Ready(ready);
                    }
                }
            }
        }
    }
}

/// A clock for tests: it stands still until it is advanced or waited on.
#[derive(Debug, Default)]
pub struct ManualClock {
    now: Mutex<Duration>,
}

impl ManualClock {
    /// A clock at zero.
    pub fn new() -> Self {
        Self::default()
    }

    /// Moves the clock on.
    pub fn advance(&self, by: Duration) {
        let mut now = self.now.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *now += by;
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Elapsed {
        Elapsed::new(*self.now.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    /// Returns at once: a readable descriptor wins, else the clock jumps to `due`.
    fn wait_until(&self, due: Elapsed, watched: &[BorrowedFd<'_>]) -> Wake {
        let mut polled: Vec<PollFd<'_>> =
            watched.iter().map(|fd| PollFd::from_borrowed_fd(*fd, PollFlags::IN)).collect();
        if poll(&mut polled, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })).is_ok_and(|ready| ready > 0)
            && let Some(ready) = polled.iter().position(|fd| !fd.revents().is_empty())
        {
            return Wake::Ready(ready);
        }
        let mut now = self.now.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *now = (*now).max(due.since_start());
        Wake::Due
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;

    use super::*;

    fn at(millis: u64) -> Elapsed {
        Elapsed::new(Duration::from_millis(millis))
    }

    #[test]
    fn the_real_clock_never_wakes_before_the_time_that_is_due() {
        let clock = RealClock::start();
        assert_eq!(clock.wait_until(at(20), &[]), Wake::Due);
        assert!(clock.now() >= at(20));
    }

    #[test]
    fn a_readable_descriptor_ends_the_wait() {
        let (reader, writer) = rustix::pipe::pipe().unwrap();
        drop(writer);
        let clock = RealClock::start();
        assert_eq!(clock.wait_until(at(60_000), &[reader.as_fd()]), Wake::Ready(0));
        assert_eq!(ManualClock::new().wait_until(at(60_000), &[reader.as_fd()]), Wake::Ready(0));
    }

    #[test]
    fn the_manual_clock_jumps_to_what_it_waits_for_and_never_back() {
        let clock = ManualClock::new();
        assert_eq!(clock.wait_until(at(500), &[]), Wake::Due);
        assert_eq!(clock.now(), at(500));
        clock.wait_until(at(100), &[]);
        clock.advance(Duration::from_millis(1));
        assert_eq!(clock.now(), at(501));
    }
}
