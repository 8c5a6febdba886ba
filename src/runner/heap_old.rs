//! Snapshots of the target's heap on a cadence, on a thread of its own: where the target offers to be traced, and the user
//! has not said no.
//!
//! Tracing goes on for as long as somebody who asked for it is connected and a minute longer, so between snapshots the
//! thread asks how it goes; that also notices a target that hangs, or one whose tracer has gone, and comes back to it.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use crate::clock::{Clock, Wake};
use crate::domain::Elapsed;
use crate::domain::bytes::human;
use crate::domain::heap::{HeapMoment, HeapSnapshot};
use crate::sampler::Ended;
use crate::store::{HeapFile, RunFolder};
use crate::tracer::{Offer, Started, Taken, Tracer, TracerError};

/// Whether the target's heap is traced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HeapTracing {
    /// Where the target offers it.
    #[default]
    Offered,
    /// Not at all.
    Never,
}

/// How often the tracer is asked how it goes: three times before it would stop.
const ASK_EVERY: Duration = Duration::from_secs(20);
/// Into how many parts a run of known length is divided by its snapshots.
const PARTS: u32 = 6;
/// In a run whose length nobody knows, when the first snapshot is taken where no warm-up is set.
const FIRST: Duration = Duration::from_secs(30);
/// ... and the longest time between two.
const LONGEST_GAP: Duration = Duration::from_hours(1);

/// When snapshots are taken, the last one at the end not counted.
///
/// A run of known length has one when it should have settled (at the end of its warm-up, or after a sixth) and is divided
/// evenly from there. Else each comes after twice the time of the one before, since growth is told from a cache that fills
/// by doubling the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cadence {
    first: Duration,
    length: Option<Duration>,
}

impl Cadence {
    /// For a run of this length, where it is known, and this warm-up, where the user has set one.
    pub(super) fn new(length: Option<Duration>, warm_up: Option<Duration>) -> Self {
        let warm_up = warm_up.filter(|&warm_up| length.is_none_or(|length| warm_up < length));
        let first = warm_up.unwrap_or_else(|| length.map_or(FIRST, |length| length / PARTS));
        Self { first, length }
    }

    /// When the next one is due, with so many taken and the last of them due at `last`.
    fn next(self, taken: u32, last: Duration) -> Option<Duration> {
        if taken == 0 {
            return Some(self.first);
        }
        match self.length {
            None => Some(last + last.clamp(FIRST, LONGEST_GAP)),
            Some(length) => {
                let due = self.first + length.saturating_sub(self.first) / (PARTS - 1) * taken;
                // The end has one of its own.
                (taken < PARTS - 1).then_some(due)
            }
        }
    }
}

/// What the thread has to say.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Heard {
    /// A snapshot was taken.
    Snapshot(HeapSnapshot),
    /// Something worth a line.
    Said(String),
}

/// The thread under way. Dropping it ends it without waiting, and without a last snapshot.
#[derive(Debug)]
pub(super) struct HeapWatch {
    stop: OwnedFd,
    thread: JoinHandle<()>,
    target_is_gone: Arc<AtomicBool>,
}

impl HeapWatch {
    /// Takes the last snapshot, unless the target is what has ended, and ends it. A target that hangs is waited for as long
    /// as one answer may take.
    pub(super) fn stop(self, ended: Ended) {
        self.target_is_gone.store(ended == Ended::TargetEnded, Ordering::Release);
        drop(self.stop);
        self.thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    }
}

/// Starts tracing, and taking snapshots.
///
/// # Errors
/// Where there is no thread or pipe to be had.
pub(super) fn start(
    offer: Offer,
    folder: RunFolder,
    cadence: Cadence,
    clock: Arc<dyn Clock>,
    sink: Box<dyn FnMut(Heard) + Send>,
) -> io::Result<HeapWatch> {
    let (stopped, stop) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
    let watching = Watching::new(offer, folder, clock, sink);
    let target_is_gone = Arc::clone(&watching.target_is_gone);
    let thread = Builder::new().name("soak-heap".into()).spawn(move || watching.run(cadence, &stopped))?;
    Ok(HeapWatch { stop, thread, target_is_gone })
}

struct Watching {
    offer: Offer,
    folder: RunFolder,
    clock: Arc<dyn Clock>,
    sink: Box<dyn FnMut(Heard) + Send>,
    tracer: Option<Tracer>,
    /// Snapshots that were taken and kept.
    taken: u32,
    /// Snapshots that were due.
    asked: u32,
    /// Whether it was said that the target does not answer.
    failing: bool,
    /// Whether it was said that a snapshot could not be written.
    unwritten: bool,
    /// The last one.
    last: Option<Taken>,
    /// Whether the target has ended.
    target_is_gone: Arc<AtomicBool>,
}

impl Watching {
    fn new(offer: Offer, folder: RunFolder, clock: Arc<dyn Clock>, sink: Box<dyn FnMut(Heard) + Send>) -> Self {
        let (taken, asked, failing, unwritten) = (0, 0, false, false);
        let target_is_gone = Arc::default();
        Self { offer, folder, clock, sink, tracer: None, taken, asked, failing, unwritten, last: None, target_is_gone }
    }

    fn run(mut self, cadence: Cadence, stop: &OwnedFd) {
        self.attend();
        let mut last = Duration::ZERO;
        let mut due = cadence.next(0, last);
        loop {
            let ask = self.clock.now().since_start() + ASK_EVERY;
            let wake = due.map_or(ask, |due| due.min(ask));
            if self.clock.wait_until(Elapsed::new(wake), &[stop.as_fd()]) != Wake::Due {
                break;
            }
            if due.is_some_and(|due| due <= wake) {
                self.snapshot(if self.asked == 0 { HeapMoment::Settled } else { HeapMoment::Cadence });
                self.asked += 1;
                last = wake;
                due = cadence.next(self.asked, last);
            } else {
                self.attend();
            }
        }
        if !self.target_is_gone.load(Ordering::Acquire) {
            self.snapshot(HeapMoment::End);
        }
        self.finish();
    }

    /// Sees that the tracer is there and traces.
    fn attend(&mut self) {
        let attended = match &mut self.tracer {
            Some(tracer) => tracer.status().map(drop),
            None => self.connect(),
        };
        if let Err(error) = attended {
            self.failed(&error);
        }
    }

    fn connect(&mut self) -> Result<(), TracerError> {
        let mut tracer = Tracer::connect(&self.offer)?;
        let Started { started } = tracer.start()?;
        let is_back = std::mem::take(&mut self.failing);
        let version = tracer.hello().version.chars().filter(|letter| !letter.is_control()).take(20).collect::<String>();
        self.tracer = Some(tracer);
        self.say(match (is_back || self.asked > 0, started) {
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
                    (self.sink)(Heard::Snapshot(described(taken, at, name, moment)));
                }
                Err(_) if std::mem::replace(&mut self.unwritten, true) => {}
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
        if !matches!(error, TracerError::Refused(_)) {
            self.tracer = None;
        }
        if !std::mem::replace(&mut self.failing, true) {
            self.say(format!("no snapshots of the target's heap for now: {}", error.told()));
        }
    }

    /// Lets go of the tracer, and says what it has cost.
    fn finish(mut self) {
        if let Some(tracer) = &mut self.tracer {
            // It ends by itself a minute after the connection, if not now.
            let _ = tracer.stop();
        }
        if let Some(taken) = self.last {
            self.say(costs(self.taken, taken));
        }
    }

    fn say(&mut self, text: String) {
        (self.sink)(Heard::Said(text));
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

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::os::unix::net::UnixListener;
    use std::sync::Mutex;
    use std::thread::spawn;

    use super::*;
    use crate::clock::ManualClock;

    /// The times at which a cadence has snapshots, in seconds, the first so many.
    fn times(length: Option<u64>, warm_up: Option<u64>, many: u32) -> Vec<u64> {
        let cadence = Cadence::new(length.map(Duration::from_secs), warm_up.map(Duration::from_secs));
        let mut times = Vec::new();
        while let Some(due) = cadence.next(times.len() as u32, times.last().map_or(Duration::ZERO, |&due| due))
            && times.len() < many as usize
        {
            times.push(due);
        }
        times.iter().map(Duration::as_secs).collect()
    }

    #[test]
    fn a_run_of_known_length_is_divided_evenly_from_where_it_should_have_settled() {
        assert_eq!(times(Some(60), None, 99), [10, 20, 30, 40, 50]);
        assert_eq!(times(Some(600), Some(100), 99), [100, 200, 300, 400, 500]);
        // A warm-up that is longer than the run is the judge's to complain about.
        assert_eq!(times(Some(60), Some(70), 99), [10, 20, 30, 40, 50]);
    }

    #[test]
    fn a_run_of_unknown_length_doubles_its_time_until_it_takes_one_an_hour() {
        assert_eq!(times(None, None, 4), [30, 60, 120, 240]);
        let long = times(None, Some(600), 12);
        assert_eq!((long[0], long[1], long[11] - long[10]), (600, 1200, 3600));
    }

    const HELLO: &str = "\"version\":\"0.1.0\",\"pid\":1,\"engine\":\"soak-heap\",\"tracing\":false";
    const TAKEN: &str = "\"elapsedUs\":5,\"liveBytes\":7,\"liveBlocks\":1,\"periodBytes\":1,\
                         \"longestPeriodBytes\":4096,\"dropped\":0,\"overheadBytes\":1048576,\"arena\":null,\"bytes\":2";

    /// A target that answers as soak-heap does, on as many connections as come, each for at most so many requests.
    fn target(path: &std::path::Path, requests: usize) {
        let listener = UnixListener::bind(path).unwrap();
        spawn(move || {
            for stream in listener.incoming() {
                let stream = stream.unwrap();
                let lines = BufReader::new(stream.try_clone().unwrap()).lines();
                for request in lines.take(requests).map_while(Result::ok) {
                    let answer = match request.as_str() {
                        "hello 1" => format!("{{\"ok\":true,{HELLO}}}\n"),
                        "start" => "{\"ok\":true,\"started\":true}\n".into(),
                        "status" => "{\"ok\":true,\"tracing\":true,\"longestPeriodBytes\":1}\n".into(),
                        "snapshot dhat" => format!("{{\"ok\":true,{TAKEN}}}\n{{}}"),
                        _ => "{\"ok\":true}\n".into(),
                    };
                    // A client that is done is no failure.
                    let _ = (&stream).write_all(answer.as_bytes());
                }
            }
        });
    }

    /// Runs to its end by the manual clock, which jumps from one due time to the next.
    fn watched(requests: usize, spoil: impl FnOnce(&RunFolder)) -> (Vec<Heard>, tempfile::TempDir) {
        let output = tempfile::tempdir().unwrap();
        let folder = RunFolder::create(output.path(), "run").unwrap();
        spoil(&folder);
        let path = output.path().join("target.sock");
        target(&path, requests);
        let (pid, user) = (std::process::id(), rustix::process::geteuid().as_raw());
        let heard = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&heard);
        let sink = Box::new(move |told| sink.lock().unwrap().push(told));
        let mut watching = Watching::new(Offer { path, pid, user }, folder, Arc::new(ManualClock::new()), sink);
        let cadence = Cadence::new(Some(Duration::from_mins(1)), None);
        watching.attend();
        let mut due = cadence.next(0, Duration::ZERO);
        while let Some(at) = due {
            watching.snapshot(if watching.asked == 0 { HeapMoment::Settled } else { HeapMoment::Cadence });
            watching.asked += 1;
            due = cadence.next(watching.asked, at);
        }
        watching.snapshot(HeapMoment::End);
        watching.finish();
        let heard = std::mem::take(&mut *heard.lock().unwrap());
        (heard, output)
    }

    fn said(heard: &[Heard]) -> Vec<&str> {
        heard
            .iter()
            .filter_map(|heard| if let Heard::Said(text) = heard { Some(text.as_str()) } else { None })
            .collect()
    }

    fn files(heard: &[Heard]) -> Vec<&str> {
        heard
            .iter()
            .filter_map(|heard| if let Heard::Snapshot(taken) = heard { Some(&*taken.file) } else { None })
            .collect()
    }

    #[test]
    fn a_run_has_six_snapshots_and_says_how_it_was_traced() {
        let (heard, output) = watched(usize::MAX, |_| ());
        let names: Vec<String> = (1..=6).map(|number| format!("heap-00{number}.json")).collect();
        assert_eq!(files(&heard), names);
        assert_eq!(std::fs::read(output.path().join("run/heap-006.json")).unwrap(), b"{}");
        let said = said(&heard);
        assert!(said[0].starts_with("the target's heap is traced (soak-heap 0.1.0): every allocation"), "{said:?}");
        assert_eq!(
            said[1],
            "heap: 6 snapshots; allocations were sampled, one per 4.00 KiB at the sparsest, and the tracer held 1.00 MiB in \
             the target"
        );
        let Heard::Snapshot(first) = &heard[1] else { panic!("{heard:?}") };
        let Heard::Snapshot(last) = &heard[6] else { panic!("{heard:?}") };
        assert_eq!((first.moment, last.moment, last.live_bytes), (HeapMoment::Settled, HeapMoment::End, 7));
    }

    #[test]
    fn a_tracer_that_is_lost_is_said_once_and_asked_again() {
        // Hello, start and one snapshot, and then the connection ends.
        let (heard, _output) = watched(3, |_| ());
        let said = said(&heard);
        assert!(
            said[1].starts_with("no snapshots of the target's heap for now: the connection to it was lost"),
            "{said:?}"
        );
        assert!(said[2].contains("traced anew; earlier snapshots cannot be compared"), "{said:?}");
        assert!(files(&heard).len() >= 3, "{heard:?}");
    }

    #[test]
    fn a_disk_without_room_costs_the_snapshot_and_not_the_connection() {
        // A folder stands where the second file would be made.
        let spoil = |folder: &RunFolder| std::fs::create_dir(folder.path().join("heap-002.json.new")).unwrap();
        let (heard, _output) = watched(usize::MAX, spoil);
        let said = said(&heard);
        assert!(said[1].contains("heap-002.json") && said[1].contains("goes on without"), "{said:?}");
        assert_eq!((files(&heard), said.len()), (vec!["heap-001.json"], 3));
        assert!(said.iter().all(|said| !said.contains("lost")), "{said:?}");
    }
}
