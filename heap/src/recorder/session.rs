//! From a start to a stop: what was asked for, and the periods that were used.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use thiserror::Error;

use super::sampler::EVERY;
use super::thread::Untraced;
use super::{EVERYTHING, Recorder, SETTINGS, clock, keeper};
use crate::snapshot::Unwinding;

/// How to trace.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// The share of processor time that an adaptive period keeps the recorder below: of one processor, or of what the
    /// whole process uses where that is more than one. A server that idles has the rest of a processor to spare, and one
    /// that keeps eight busy does not notice a share of what it uses.
    pub share_of_cpu: f64,
    /// Which allocations are recorded.
    pub period: Period,
}

impl Default for Options {
    fn default() -> Self {
        Self { share_of_cpu: 0.03, period: Period::Adaptive }
    }
}

/// Which allocations are recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    /// Every one; fewer where that would cost more than the share: one per 4, 64 or 512 KiB on average.
    Adaptive,
    /// One per this many bytes, on average.
    Fixed(u64),
    /// Every one, whatever it costs.
    Every,
}

/// What starting did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// Tracing began.
    Begun,
    /// It was on already and goes on with the new options.
    Continued,
}

/// Why tracing cannot begin.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StartError {
    /// The kernel refused memory for the tables.
    #[error("no memory for the heap tracer's tables: allow the process some 10 MiB more address space")]
    NoMemory,
    /// No thread could be started.
    #[error("no thread for the heap tracer: {0}")]
    NoThread(#[source] std::io::Error),
    /// The share is no share.
    #[error("the share of CPU is {0}: give one above 0 and up to 1, such as 0.03")]
    NoShare(f64),
    /// A period of no bytes.
    #[error("a period of 0 bytes: give 1 for every allocation, or such as 65536 for one per 64 KiB")]
    NoPeriod,
    /// More different periods than can be told apart.
    #[error("256 different periods were used since the start: stop tracing first")]
    TooManyPeriods,
}

/// How the recorder is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    /// Whether it traces.
    pub tracing: bool,
    /// Since tracing started; of the last time where it has ended.
    pub elapsed: Duration,
    /// The mean distance between samples, in bytes; 1 where every allocation is recorded.
    pub period: u64,
    /// The longest one since the start.
    pub longest_period: u64,
    /// How stacks are walked.
    pub unwinding: Unwinding,
    /// Samples that found no room in the bounded tables.
    pub dropped: u64,
    /// Bytes of memory that the recorder holds.
    pub overhead: u64,
    /// Whether allocations have come to its notice: where not, no `#[global_allocator]` tells it of them.
    pub told: bool,
}

/// The session that runs, or the last one.
#[derive(Debug)]
pub(super) struct Session {
    /// One more with every beginning.
    number: AtomicU32,
    /// Whether somebody is starting or stopping.
    changing: AtomicBool,
    /// Periods by the index that settings and blocks name them by.
    periods: [AtomicU64; PERIODS],
    used: AtomicU8,
    longest: AtomicU64,
    /// How often settings changed, since the process began.
    changes: AtomicU64,
    began: AtomicU64,
    ended: AtomicU64,
}

const PERIODS: usize = 256;

impl Session {
    pub(super) const fn new() -> Self {
        Self {
            number: AtomicU32::new(0),
            changing: AtomicBool::new(false),
            periods: [const { AtomicU64::new(0) }; PERIODS],
            used: AtomicU8::new(0),
            longest: AtomicU64::new(0),
            changes: AtomicU64::new(0),
            began: AtomicU64::new(0),
            ended: AtomicU64::new(0),
        }
    }

    #[inline]
    pub(super) fn number(&self) -> u32 {
        self.number.load(Ordering::Acquire)
    }

    /// The period that an index names.
    #[inline]
    pub(super) fn period(&self, index: u8) -> u64 {
        self.periods[usize::from(index)].load(Ordering::Relaxed)
    }

    pub(super) fn longest(&self) -> u64 {
        self.longest.load(Ordering::Relaxed)
    }

    /// Whether it was stopped.
    pub(super) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire) != 0
    }

    /// Nanoseconds from the beginning until now, or until the end.
    pub(super) fn elapsed(&self) -> Duration {
        let (began, ended) = (self.began.load(Ordering::Relaxed), self.ended.load(Ordering::Relaxed));
        let until = if ended == 0 { clock::nanoseconds() } else { ended };
        if began == 0 { Duration::ZERO } else { Duration::from_nanos(until.saturating_sub(began)) }
    }

    /// Runs something while no other start or stop does.
    fn alone<R>(&self, run: impl FnOnce() -> R) -> R {
        while self.changing.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).is_err() {
            std::thread::yield_now();
        }
        let done = run();
        self.changing.store(false, Ordering::Release);
        done
    }

    /// The index of a period, which is entered if it is new.
    fn index(&self, period: u64) -> Option<u8> {
        let used = self.used.load(Ordering::Relaxed);
        let known = (0..used).find(|index| self.period(*index) == period);
        known.or_else(|| {
            let next = used.checked_add(1)?;
            self.periods[usize::from(used)].store(period, Ordering::Relaxed);
            self.used.store(next, Ordering::Relaxed);
            Some(used)
        })
    }

    /// In the child of a fork: nobody else is starting or stopping there.
    pub(super) fn break_open(&self) {
        self.changing.store(false, Ordering::Release);
    }
}

impl Recorder {
    /// Lets hooks see a period.
    fn apply(&self, period: u64) -> Option<()> {
        let index = self.session.index(period)?;
        self.session.longest.fetch_max(period, Ordering::Relaxed);
        let changes = self.session.changes.fetch_add(1, Ordering::Relaxed) + 1;
        let settings = (changes * 2 * EVERYTHING) | u64::from(index);
        if period <= EVERY {
            SETTINGS.store(settings | EVERYTHING, Ordering::Release);
            self.blocks.end_counting();
        } else {
            self.blocks.begin_counting();
            SETTINGS.store(settings, Ordering::Release);
        }
        Some(())
    }

    pub(super) fn start(&'static self, options: Options) -> Result<Start, StartError> {
        if !(options.share_of_cpu > 0.0 && options.share_of_cpu <= 1.0) {
            return Err(StartError::NoShare(options.share_of_cpu));
        }
        let period = match options.period {
            Period::Fixed(0) => return Err(StartError::NoPeriod),
            Period::Fixed(bytes) => bytes,
            Period::Adaptive | Period::Every => EVERY,
        };
        let _untraced = Untraced::begin();
        self.session.alone(|| {
            if SETTINGS.load(Ordering::Relaxed) != 0 {
                self.pace.set(options);
                return self.apply(period).map(|()| Start::Continued).ok_or(StartError::TooManyPeriods);
            }
            if !(self.stacks.prepare() && self.counts.prepare()) {
                return Err(StartError::NoMemory);
            }
            keeper::survive_forks();
            self.unwinder.refresh();
            // A hook that still runs from the last session enters nothing once this has changed.
            let number = self.session.number.fetch_add(1, Ordering::AcqRel) + 1;
            self.blocks.clear();
            self.counts.clear(self.stacks.sites());
            self.dropped.store(0, Ordering::Relaxed);
            self.session.used.store(0, Ordering::Relaxed);
            self.session.longest.store(0, Ordering::Relaxed);
            self.session.ended.store(0, Ordering::Relaxed);
            self.session.began.store(clock::nanoseconds(), Ordering::Relaxed);
            self.pace.set(options);
            keeper::begin(self, number).map_err(StartError::NoThread)?;
            self.apply(period).map(|()| Start::Begun).ok_or(StartError::TooManyPeriods)
        })
    }

    pub(super) fn stop(&self) {
        self.session.alone(|| {
            if SETTINGS.swap(0, Ordering::AcqRel) != 0 {
                self.session.ended.store(clock::nanoseconds(), Ordering::Release);
            }
        });
    }

    /// Changes the period while tracing, unless the session has ended or been given another period by now.
    pub(super) fn change(&self, from: u64, period: u64) {
        self.session.alone(|| {
            if SETTINGS.load(Ordering::Relaxed) == from {
                let _ = self.apply(period);
            }
        });
    }

    pub(super) fn status(&self) -> Status {
        let settings = SETTINGS.load(Ordering::Relaxed);
        Status {
            tracing: settings != 0,
            elapsed: self.session.elapsed(),
            period: self.session.period(settings as u8).max(EVERY),
            longest_period: self.session.longest().max(EVERY),
            unwinding: self.unwinder.way(),
            dropped: self.dropped.load(Ordering::Relaxed),
            overhead: self.overhead(),
            told: self.told.load(Ordering::Relaxed),
        }
    }
}
