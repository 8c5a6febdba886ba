//! What the control socket controls, and for whom: tracing that was asked for over the socket ends with whoever asked.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::protocol::Asked;
use crate::snapshot::Snapshot;

/// How long tracing goes on after the last one who asked for it is gone: time to come back after a lost connection.
const GRACE: Duration = Duration::from_mins(1);

/// For whom tracing is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sake {
    /// For whoever asked over the socket, and no longer than they are there.
    Client,
    /// For the program itself.
    Program,
}

/// The engine behind the socket.
pub(crate) trait Tracer: Send + 'static {
    /// Its name in answers.
    fn engine(&self) -> &'static str;

    /// Whether it traces now.
    fn is_tracing(&self) -> bool;

    /// Whether the program itself has asked for that.
    fn is_programs_own(&self) -> bool;

    /// The mean distance between samples in bytes: now, and the longest since the start. `None` where it does not tell.
    fn periods(&self) -> Option<(u64, u64)>;

    /// Starts tracing.
    ///
    /// # Errors
    /// Why it cannot, in a sentence.
    fn start(&self, asked: Asked, sake: Sake) -> Result<(), String>;

    /// Stops tracing.
    fn stop(&self);

    /// What it knows now.
    ///
    /// # Errors
    /// Why there is nothing to know, in a sentence.
    fn snapshot(&self) -> Result<Snapshot, String>;

    /// Whether it writes a file of its own at the end, instead of snapshots.
    fn writes_itself(&self) -> bool {
        false
    }

    /// Listening begins: the first call. The file is the one to write, for an engine that writes itself.
    fn begin(&self, _file: Option<PathBuf>) {}

    /// Listening is over: the last call.
    fn end(&self) {}

    /// From here on, what this thread allocates is not traced.
    fn leave_out_this_thread(&self);
}

/// Whether tracing goes on for somebody's sake who asked over the socket.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lease {
    /// It does not: nothing is traced, or the program wants it itself.
    #[default]
    None,
    /// Somebody who asked is still there.
    Held,
    /// The last one who asked is gone since.
    Abandoned(Instant),
}

impl Lease {
    /// The lease now that so many of those who asked are there.
    pub(super) fn with_holders(self, holders: usize, now: Instant) -> Self {
        match self {
            Self::None => Self::None,
            Self::Held | Self::Abandoned(_) if holders > 0 => Self::Held,
            Self::Held => Self::Abandoned(now),
            Self::Abandoned(since) => Self::Abandoned(since),
        }
    }

    /// How long until tracing is to end, unless somebody comes back.
    pub(super) fn time_left(self, now: Instant) -> Option<Duration> {
        match self {
            Self::Abandoned(since) => Some((since + GRACE).saturating_duration_since(now)),
            Self::None | Self::Held => None,
        }
    }

    /// Whether tracing is to end now.
    pub(super) fn is_over(self, now: Instant) -> bool {
        self.time_left(now) == Some(Duration::ZERO)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tracing_ends_a_minute_after_the_last_one_who_asked_is_gone() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let lease = Lease::Held.with_holders(1, at(1000));
        assert!(!lease.is_over(at(100_000)));
        let abandoned = lease.with_holders(0, at(1000)).with_holders(0, at(1030));
        assert_eq!(abandoned.time_left(at(1030)), Some(Duration::from_secs(30)));
        assert!(!abandoned.is_over(at(1059)) && abandoned.is_over(at(1060)));
    }

    #[test]
    fn whoever_comes_back_in_time_keeps_it_going() {
        let start = Instant::now();
        let back = Lease::Held.with_holders(0, start).with_holders(1, start + Duration::from_secs(59));
        assert_eq!(back, Lease::Held);
        assert!(!back.is_over(start + Duration::from_mins(10)));
    }

    #[test]
    fn what_nobody_leased_is_never_ended() {
        let start = Instant::now();
        let lease = Lease::None.with_holders(1, start).with_holders(0, start);
        assert!(!lease.is_over(start + Duration::from_mins(100)));
    }
}
