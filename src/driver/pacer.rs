//! The pacing thread: it keeps the run's time and tells the sending thread what has fallen due.
//!
//! It waits on the run's clock for absolute times, so that it neither drifts nor depends on how busy the runtime is.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore};

use super::schedule::Schedule;
use crate::clock::{Clock, Wake};
use crate::domain::Elapsed;

/// The length of a tick.
const TICK: Duration = Duration::from_secs(1);

/// What passes from the pacing thread to the sending thread.
#[derive(Debug)]
pub(super) struct Signals {
    /// One permit for each request that is due and not taken; closed when the run stops.
    pub(super) arrivals: Semaphore,
    /// A tick is due; ticks that nobody had time for fall together into one.
    pub(super) tick: Notify,
    /// The run is to stop.
    pub(super) stop: Notify,
    due: AtomicU64,
}

impl Signals {
    pub(super) fn new() -> Self {
        Self { arrivals: Semaphore::new(0), tick: Notify::new(), stop: Notify::new(), due: AtomicU64::new(0) }
    }

    /// Requests that have fallen due since the start.
    pub(super) fn due(&self) -> u64 {
        self.due.load(Ordering::Acquire)
    }

    fn arrive(&self, due: u64) {
        let before = self.due.swap(due, Ordering::AcqRel);
        self.arrivals.add_permits(usize::try_from(due.saturating_sub(before)).unwrap_or(0));
    }
}

/// Paces until `stop` becomes readable or its other end closes.
pub(super) fn pace(schedule: Schedule, clock: &Arc<dyn Clock>, stop: &OwnedFd, signals: &Signals) {
    let mut next_tick = after(schedule.due(0));
    loop {
        let next_arrival = schedule.due(signals.due());
        if let Wake::Ready(_) = clock.wait_until(next_arrival.min(next_tick), &[stop.as_fd()]) {
            break;
        }
        let now = clock.now();
        let due = schedule.due_by(now);
        if due > signals.due() {
            signals.arrive(due);
        }
        if now >= next_tick {
            signals.tick.notify_one();
            next_tick = after(now);
        }
    }
    signals.arrivals.close();
    signals.stop.notify_one();
}

/// The next whole tick after `now` on the run's clock: ticks line up with the samples, and missed ones are not doubled.
fn after(now: Elapsed) -> Elapsed {
    Elapsed::new(TICK * (u32::try_from(now.since_start().as_secs()).unwrap_or(u32::MAX - 1) + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_fall_on_whole_seconds_of_the_run() {
        let seconds = |s| Elapsed::from_secs_f64(s);
        assert_eq!(after(seconds(0.0)), seconds(1.0));
        assert_eq!(after(seconds(0.999)), seconds(1.0));
        assert_eq!(after(seconds(1.0)), seconds(2.0));
        assert_eq!(after(seconds(86_400.3)), seconds(86_401.0));
    }
}
