//! What the thread does: it looks for the target's offer, has it traced, and takes the snapshots that are due.
//!
//! A target may begin to listen seconds after it was started, and one that replaces its program (`execve`) begins anew. So
//! it is looked for once a second in the first minute, and seldom afterwards. Tracing goes on for as long as somebody who
//! asked for it is connected and a minute longer, so between snapshots the thread asks how it goes.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::clock::{Clock, Wake};
use crate::domain::Elapsed;
use crate::domain::bytes::human;
use crate::domain::heap::{HeapMoment, HeapSnapshot};
use crate::heap::Files;
use crate::sampler::Ended;
use crate::store::{HeapFile, RunFolder};
use crate::tracer::{Started, Taken, Tracer, TracerError};

use super::cadence::{Cadence, Due};
use super::{Heard, Wiring};

/// How often the tracer is asked how it goes: three times before it would stop.
const ASK_EVERY: Duration = Duration::from_secs(20);
/// How often an offer is looked for at first: a look at a few folders takes some tens of microseconds.
const SEEK_EVERY: Duration = Duration::from_secs(1);
/// For how long, after which it is looked for as seldom as the tracer is asked: a server that starts to listen does so in
/// its first minute.
const SEEKS_OFTEN: Duration = Duration::from_mins(1);

/// What is said once.
#[derive(Clone, Copy, Debug, Default)]
struct Said {
    /// That the target does not answer.
    failing: bool,
    /// That a snapshot could not be written.
    unwritten: bool,
}

/// The target's tracer, and where the run stands with it.
pub(super) struct Watching {
    folder: RunFolder,
    clock: Arc<dyn Clock>,
    wiring: Wiring,
    cadence: Cadence,
    tracer: Option<Tracer>,
    /// When the tracer is asked, or looked for, next.
    attends_at: Duration,
    /// Since when it has been looked for.
    sought_since: Duration,
    /// Whether it has ever been there.
    was_there: bool,
    /// Snapshots that were taken and kept.
    taken: u32,
    /// Whether one was taken of a run that had settled.
    has_settled: bool,
    said: Said,
    /// The last one.
    last: Option<Taken>,
    /// Where the files of what is traced are.
    files: Files,
}

impl Watching {
    pub(super) fn new(folder: RunFolder, cadence: Cadence, clock: Arc<dyn Clock>, wiring: Wiring) -> Self {
        Self {
            folder,
            clock,
            wiring,
            cadence,
            tracer: None,
            attends_at: Duration::ZERO,
            sought_since: Duration::ZERO,
            was_there: false,
            taken: 0,
            has_settled: false,
            said: Said::default(),
            last: None,
            files: Files::here(),
        }
    }

    /// Goes on until it is stopped, and takes the last snapshot where the target is still there.
    pub(super) fn run(mut self, stop: &OwnedFd, target_is_gone: &AtomicBool) -> Files {
        loop {
            let wake = self.turn();
            if self.wait(wake, stop) == Wake::Ready(0) {
                break;
            }
        }
        self.end(if target_is_gone.load(Ordering::Acquire) { Ended::TargetEnded } else { Ended::Complete })
    }

    /// Takes the last snapshot, unless the target is what has ended, lets go of the tracer and says what it has cost.
    pub(super) fn end(mut self, ended: Ended) -> Files {
        if self.was_there && ended != Ended::TargetEnded {
            self.snapshot(HeapMoment::End);
        }
        if let Some(tracer) = &mut self.tracer {
            // It ends by itself a minute after the connection, if not now.
            let _ = tracer.stop();
        }
        if let Some(taken) = self.last {
            self.say(costs(self.taken, taken));
        }
        self.files
    }

    /// Waits until then, until it is stopped, or until the target hangs up: then it is looked for at once.
    fn wait(&mut self, until: Duration, stop: &OwnedFd) -> Wake {
        let watched = [Some(stop.as_fd()), self.tracer.as_ref().map(AsFd::as_fd)];
        let woken = self.clock.wait_until(Elapsed::new(until), &watched.into_iter().flatten().collect::<Vec<_>>());
        if woken == Wake::Ready(1) {
            self.attend();
            // Nothing was asked, and yet it is well: then what came was no answer, and more of it may come.
            if self.tracer.is_some() {
                self.failed(&TracerError::Foreign("it speaks without being asked".to_owned()));
            }
        }
        woken
    }

    /// Does what is due, and answers when something is due next.
    pub(super) fn turn(&mut self) -> Duration {
        if self.attends_at <= self.now() {
            self.attend();
        }
        let due = self.cadence.next().filter(|_| self.was_there);
        match due {
            Some(Due::Look(at)) if at <= self.now() => self.look(),
            Some(Due::Snapshot(at)) if at <= self.now() => {
                let settled = self.cadence.is_told() || self.settles();
                self.take(if settled { HeapMoment::Settled } else { HeapMoment::Cadence });
            }
            _ => {}
        }
        let due = self.cadence.next().filter(|_| self.was_there);
        due.map_or(self.attends_at, |due| due.at().min(self.attends_at))
    }

    fn now(&self) -> Duration {
        self.clock.now().since_start()
    }

    fn look(&mut self) {
        if self.settles() {
            self.take(HeapMoment::Settled);
        } else {
            self.cadence.looked(self.now());
        }
    }

    /// Whether the run has settled, as long as no snapshot says so.
    fn settles(&mut self) -> bool {
        !self.has_settled && (self.wiring.settled)()
    }

    fn take(&mut self, moment: HeapMoment) {
        // The first that finds the run settled says so, and the others are the cadence's.
        let moment = if self.has_settled { HeapMoment::Cadence } else { moment };
        self.has_settled |= moment == HeapMoment::Settled;
        let now = self.now();
        self.snapshot(moment);
        self.cadence.asked(now);
    }

    /// Sees that the tracer is there and traces.
    fn attend(&mut self) {
        let attended = match &mut self.tracer {
            Some(tracer) => tracer.status().map(drop),
            None => self.seek(),
        };
        // A target that is there and does not answer is not pressed.
        let may_come = matches!(attended, Ok(()) | Err(TracerError::Lost(_)));
        if let Err(error) = attended {
            self.failed(&error);
        }
        let now = self.now();
        let is_sought = self.tracer.is_none() && now.saturating_sub(self.sought_since) < SEEKS_OFTEN;
        self.attends_at = now + if is_sought && may_come { SEEK_EVERY } else { ASK_EVERY };
    }

    /// Looks for the offer; where there is none, or nobody listens any more, it is looked for again.
    fn seek(&mut self) -> Result<(), TracerError> {
        let Some(offer) = (self.wiring.seek)() else { return Ok(()) };
        match Tracer::connect(&offer) {
            Err(error) if error.is_nobody() => Ok(()),
            Err(error) => Err(error),
            Ok(tracer) => self.trace(tracer),
        }
    }

    fn trace(&mut self, mut tracer: Tracer) -> Result<(), TracerError> {
        let Started { started } = tracer.start()?;
        let is_back = std::mem::replace(&mut self.was_there, true);
        self.said.failing = false;
        // By now it is in the container in which it stays, and its files can be read when it has ended.
        self.files = (self.wiring.root)().map_or_else(Files::here, Files::below);
        let now = self.now();
        self.cadence = match (is_back, started) {
            (false, _) => self.cadence.begun(now),
            (true, true) => self.cadence.begun_anew(now),
            (true, false) => self.cadence,
        };
        let version = tracer.hello().version.chars().filter(|letter| !letter.is_control()).take(20).collect::<String>();
        self.tracer = Some(tracer);
        self.say(match (is_back, started) {
            (false, true) => format!(
                "the target's heap is traced (soak-heap {version}): every allocation, or samples where that would take more \
                 than 3 % of a processor; --no-heap leaves it alone"
            ),
            (false, false) => format!("the target traces its heap already (soak-heap {version}); snapshots are taken"),
            (true, true) => "the target's heap is traced anew; earlier snapshots cannot be compared with later ones".into(),
            (true, false) => "the heap tracer answers again".into(),
        });
        Ok(())
    }

    fn snapshot(&mut self, moment: HeapMoment) {
        if self.tracer.is_none() {
            self.attend();
        }
        let Some(tracer) = &mut self.tracer else { return };
        let mut file = HeapFile::create(&self.folder, self.taken + 1);
        let at = self.clock.now();
        match tracer.snapshot(&mut file) {
            Ok(taken) => match file.finish() {
                Ok(name) => {
                    self.taken += 1;
                    self.last = Some(taken);
                    (self.wiring.sink)(Heard::Snapshot(described(taken, at, name, moment)));
                }
                Err(_) if std::mem::replace(&mut self.said.unwritten, true) => {}
                Err(error) => {
                    let cause =
                        std::error::Error::source(&error).map_or_else(String::new, |cause| format!(": {cause}"));
                    self.say(format!("{error}{cause}; the run goes on without this snapshot"));
                }
            },
            Err(error) => {
                file.discard();
                self.failed(&error);
            }
        }
    }

    /// Says once that there is no answer, and forgets a connection that is no good any more.
    fn failed(&mut self, error: &TracerError) {
        if !matches!(error, TracerError::Refused(_)) && self.tracer.take().is_some() {
            self.sought_since = self.now();
            // A connection that ended may be the old program's: the new one is looked for, and not waited for.
            if matches!(error, TracerError::Lost(_)) {
                self.attends_at = self.now();
            }
        }
        if !std::mem::replace(&mut self.said.failing, true) {
            self.say(format!("no snapshots of the target's heap for now: {}", error.told()));
        }
    }

    fn say(&mut self, text: String) {
        (self.wiring.sink)(Heard::Said(text));
    }
}
fn described(taken: Taken, at: Elapsed, file: String, moment: HeapMoment) -> HeapSnapshot {
    HeapSnapshot {
        at,
        turns: None,
        file,
        moment,
        traced_us: taken.traced_us,
        live_bytes: taken.live_bytes,
        live_blocks: taken.live_blocks,
        period_bytes: taken.period_bytes,
        longest_period_bytes: taken.longest_period_bytes,
        dropped: taken.dropped,
        overhead_bytes: taken.overhead_bytes,
        arena: taken.arena.map(Into::into),
    }
}

/// How the heap was traced, in a sentence.
fn costs(snapshots: u32, taken: Taken) -> String {
    let how = match taken.longest_period_bytes {
        0 | 1 => "every allocation was recorded".to_owned(),
        longest => format!("allocations were sampled, one per {} at the sparsest", human(longest as f64)),
    };
    let held = human(taken.overhead_bytes as f64);
    let plural = if snapshots == 1 { "" } else { "s" };
    let dropped = match taken.dropped {
        0 => String::new(),
        dropped => format!("; {dropped} samples found no room in its tables, so live memory is underestimated"),
    };
    format!("heap: {snapshots} snapshot{plural}; {how}, and the tracer held {held} in the target{dropped}")
}
