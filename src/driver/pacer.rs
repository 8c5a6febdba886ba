//! The pacing thread: it keeps the run's time, tells the sending thread what has fallen due and wakes users whose pause is
//! over.
//!
//! It waits on the run's clock for absolute times, so that it neither drifts nor depends on how busy the runtime is.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::event::EventfdFlags;
use tokio::sync::Notify;

use super::arrivals::Timetable;
use super::options::DriverError;
use crate::clock::{Clock, Wake};
use crate::domain::Elapsed;

/// The length of a tick.
const TICK: Duration = Duration::from_secs(1);

/// What passes between the pacing thread and the sending thread.
#[derive(Debug)]
pub(super) struct Pacing {
    /// Turns have fallen due; [`Pacing::due`] says how many in all.
    pub(super) arrived: Notify,
    /// A tick is due; ticks that nobody had time for fall together into one.
    pub(super) tick: Notify,
    /// The run is to stop.
    pub(super) stop: Notify,
    due: AtomicU64,
    agenda: Mutex<Agenda>,
    /// Rung when something is to happen before the time for which the pacing thread waits.
    bell: OwnedFd,
}

/// What is to happen when.
#[derive(Debug)]
struct Agenda {
    alarms: BinaryHeap<Reverse<Alarm>>,
    timetable: Option<Timetable>,
    next_tick: Elapsed,
    /// For what the pacing thread waits.
    awaited: Elapsed,
}

/// Somebody to be woken. Alarms that nobody waits for any more ring in vain.
#[derive(Debug)]
struct Alarm {
    due: Elapsed,
    wake: Arc<Notify>,
}

impl PartialEq for Alarm {
    fn eq(&self, other: &Self) -> bool {
        self.due == other.due
    }
}

impl Eq for Alarm {}

impl PartialOrd for Alarm {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Alarm {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.due.cmp(&other.due)
    }
}

impl Pacing {
    /// Nothing on the agenda but the ticks.
    ///
    /// # Errors
    /// Where the system has no descriptor left.
    pub(super) fn new(now: Elapsed) -> Result<Self, DriverError> {
        let bell = rustix::event::eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)
            .map_err(|errno| DriverError::Start(errno.into()))?;
        let next_tick = after(now);
        let agenda = Agenda { alarms: BinaryHeap::new(), timetable: None, next_tick, awaited: next_tick };
        Ok(Self {
            arrived: Notify::new(),
            tick: Notify::new(),
            stop: Notify::new(),
            due: AtomicU64::new(0),
            agenda: Mutex::new(agenda),
            bell,
        })
    }

    /// Turns that have fallen due since the start.
    pub(super) fn due(&self) -> u64 {
        self.due.load(Ordering::Acquire)
    }

    /// Begins the arrivals of the open model.
    pub(super) fn open(&self, timetable: Timetable) {
        self.agenda().timetable = Some(timetable);
        self.ring();
    }

    /// Has `wake` notified at `due`.
    pub(super) fn set(&self, due: Elapsed, wake: &Arc<Notify>) {
        let mut agenda = self.agenda();
        agenda.alarms.push(Reverse(Alarm { due, wake: Arc::clone(wake) }));
        let is_earlier = due < agenda.awaited;
        if is_earlier {
            agenda.awaited = due;
        }
        drop(agenda);
        if is_earlier {
            self.ring();
        }
    }

    fn ring(&self) {
        // It can only be full, and then it rings already.
        let _ = rustix::io::write(&self.bell, &1_u64.to_ne_bytes());
    }

    /// A thread that panicked while it held the lock has left a whole agenda behind.
    fn agenda(&self) -> MutexGuard<'_, Agenda> {
        self.agenda.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For what to wait next.
    pub(super) fn next(&self) -> Elapsed {
        let mut agenda = self.agenda();
        let mut next = agenda.next_tick;
        if let Some(Reverse(alarm)) = agenda.alarms.peek() {
            next = next.min(alarm.due);
        }
        if let Some(timetable) = &agenda.timetable {
            next = next.min(timetable.due());
        }
        agenda.awaited = next;
        next
    }

    /// How many are waiting to be woken.
    #[cfg(test)]
    pub(super) fn alarms(&self) -> usize {
        self.agenda().alarms.len()
    }

    /// Does what has fallen due.
    fn strike(&self, now: Elapsed) {
        let mut agenda = self.agenda();
        while agenda.alarms.peek().is_some_and(|Reverse(alarm)| alarm.due <= now) {
            if let Some(Reverse(alarm)) = agenda.alarms.pop() {
                alarm.wake.notify_one();
            }
        }
        let arrivals = agenda.timetable.as_mut().map_or(0, |timetable| timetable.pass(now));
        if arrivals > 0 {
            self.due.fetch_add(arrivals, Ordering::AcqRel);
            self.arrived.notify_one();
        }
        if now >= agenda.next_tick {
            agenda.next_tick = after(now);
            self.tick.notify_one();
        }
    }
}

/// Paces until `stop` becomes readable or its other end closes.
pub(super) fn pace(pacing: &Pacing, clock: &dyn Clock, stop: &OwnedFd) -> io::Result<()> {
    let bell = pacing.bell.try_clone()?;
    loop {
        match clock.wait_until(pacing.next(), &[stop.as_fd(), bell.as_fd()]) {
            Wake::Ready(0) => break,
            Wake::Ready(_) => {
                // Read so that it can be rung again.
                let _ = rustix::io::read(&bell, &mut [0_u8; 8]);
            }
            Wake::Due => {}
        }
        pacing.strike(clock.now());
    }
    pacing.stop.notify_one();
    Ok(())
}

/// The next whole tick after `now` on the run's clock: ticks line up with the samples, and missed ones are not doubled.
fn after(now: Elapsed) -> Elapsed {
    Elapsed::new(TICK * (u32::try_from(now.since_start().as_secs()).unwrap_or(u32::MAX - 1) + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: f64) -> Elapsed {
        Elapsed::from_secs_f64(seconds)
    }

    #[test]
    fn ticks_fall_on_whole_seconds_of_the_run() {
        assert_eq!(after(seconds(0.0)), seconds(1.0));
        assert_eq!(after(seconds(0.999)), seconds(1.0));
        assert_eq!(after(seconds(1.0)), seconds(2.0));
        assert_eq!(after(seconds(86_400.3)), seconds(86_401.0));
    }

    #[test]
    fn whoever_is_due_first_is_woken_first_and_the_others_not_yet() {
        let pacing = Pacing::new(seconds(0.0)).unwrap();
        let sleepers: Vec<Arc<Notify>> = (0..3).map(|_| Arc::default()).collect();
        for (sleeper, due) in sleepers.iter().zip([0.5, 0.2, 0.9]) {
            pacing.set(seconds(due), sleeper);
        }
        assert_eq!(pacing.next(), seconds(0.2));
        pacing.strike(seconds(0.6));
        let woken: Vec<bool> = sleepers.iter().map(|sleeper| is_notified(sleeper)).collect();
        assert_eq!(woken, [true, true, false]);
        assert_eq!(pacing.next(), seconds(0.9));
    }

    #[test]
    fn an_alarm_before_what_is_awaited_rings_the_bell_and_a_later_one_does_not() {
        let pacing = Pacing::new(seconds(0.0)).unwrap();
        let rung = || rustix::io::read(&pacing.bell, &mut [0_u8; 8]).is_ok();
        let sleeper = Arc::default();
        pacing.next();
        pacing.set(seconds(5.0), &sleeper);
        assert!(!rung());
        pacing.set(seconds(0.5), &sleeper);
        assert!(rung());
        pacing.set(seconds(0.7), &sleeper);
        assert!(!rung());
    }

    /// Whether a permit waits to be taken.
    fn is_notified(sleeper: &Notify) -> bool {
        let mut notified = std::pin::pin!(sleeper.notified());
        notified.as_mut().enable()
    }
}
