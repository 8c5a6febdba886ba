//! What the sampler's thread and the driver's do together: every observation goes into the one record, and the latest of
//! everything is kept for whoever looks on.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::analysis::Ceiling;
use crate::clock::Clock;
use crate::domain::run::{Event, EventKind};
use crate::domain::{Elapsed, HeapSnapshot, Readings, Sample, TrafficTick};
use crate::driver::{self, DriverError, Plan, Seen};
use crate::sampler::Observation;
use crate::store::{RunFolder, WriteError, Writer};

use super::halt::Halt;
use super::heap::{self, Cadence, HeapWatch, Root, Seek, Wiring};
use super::requests::{ErrorGuards, RequestLogs, Room};
use super::scraper::{self, Heard, ScrapeError, ScrapeOptions, Scraper};
use super::so_far::{Latest, SoFar};

/// What the attending thread hears from the others.
pub(super) enum Notice {
    Said(String),
    /// Somebody wants to be shown the latest now.
    Show,
    SamplingEnded,
}

/// What the sampler's thread and the driver's share: the record, and the latest of everything.
pub(super) struct Recorder {
    writer: Mutex<Writer>,
    so_far: Mutex<SoFar>,
    notices: Sender<Notice>,
    failing: Mutex<bool>,
    /// The first ceiling that was crossed, in words.
    crossed: Mutex<Option<String>>,
    clock: Arc<dyn Clock>,
    traffic: Option<Mutex<Traffic>>,
    is_over: AtomicBool,
}

/// What the driver's side of a run needs.
struct Traffic {
    logs: RequestLogs,
    guards: ErrorGuards,
    halt: Halt,
}

/// What ends the run in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Length {
    /// The user's duration, or the user.
    Given,
    /// The end of the scenario's stages.
    OfScenario,
}

/// What the sampler's thread looks out for: ceilings, and the limits that shares are taken of, as last read.
pub(super) struct Guards {
    ceilings: Vec<Ceiling>,
    limits: Readings,
}

impl Guards {
    /// A look-out for these ceilings.
    pub(super) fn new(ceilings: Vec<Ceiling>) -> Self {
        Self { ceilings, limits: Readings::new() }
    }
}

impl Recorder {
    pub(super) fn new(writer: Writer, notices: Sender<Notice>, clock: Arc<dyn Clock>) -> Self {
        Self {
            writer: Mutex::new(writer),
            so_far: Mutex::new(SoFar::new()),
            notices,
            failing: Mutex::new(false),
            crossed: Mutex::new(None),
            clock,
            traffic: None,
            is_over: AtomicBool::new(false),
        }
    }

    /// The same, ready for a driver: with logs of single requests, ceilings on errors, and a way to end the run.
    pub(super) fn with_traffic(self, logs: RequestLogs, guards: ErrorGuards, halt: Halt) -> Self {
        Self { traffic: Some(Mutex::new(Traffic { logs, guards, halt })), ..self }
    }

    /// Starts the traffic with its ticks going into the record.
    pub(super) fn drive(self: &Arc<Self>, plan: Plan, length: Length) -> Result<driver::Driver, DriverError> {
        let recorder = Arc::clone(self);
        driver::start(plan, Arc::clone(&self.clock), Box::new(move |seen| recorder.driven(seen, length)))
    }

    /// Keeps what the driver saw.
    fn driven(&self, seen: Seen, length: Length) {
        match seen {
            Seen::Tick(tick) => self.tick(tick),
            Seen::Window(window) => self.wrote(self.writer().window(&window)),
            Seen::Phase { at, name, trend } => self.happened(&Event { at, kind: EventKind::Phase { name, trend } }),
            Seen::Note(text) => {
                self.event(EventKind::Note { text: text.clone() });
                self.say(text);
            }
            Seen::Slow(line) => self.with_driven(|traffic, room| traffic.logs.slow(&line, room)),
            Seen::Failed(line) => self.with_driven(|traffic, room| traffic.logs.failed(&line, room)),
            Seen::Over if length == Length::OfScenario => {
                self.is_over.store(true, Ordering::Release);
                self.with_driven(|traffic, _| traffic.halt.halt());
            }
            Seen::Over => {}
        }
    }

    pub(super) fn observe(&self, seen: &Observation) {
        match seen {
            Observation::Sample(sample) => self.sample(sample),
            Observation::Event(event) => {
                if let EventKind::Unreadable { metric, reason } = &event.kind {
                    self.say(format!("{metric} cannot be read: {reason}"));
                }
                self.happened(event);
            }
        }
    }

    fn happened(&self, event: &Event) {
        self.wrote(self.writer().event(event));
        self.so_far().event(event);
    }

    /// Ends the run where a ceiling is crossed.
    pub(super) fn guard(&self, seen: &Observation, guards: &mut Guards) -> ControlFlow<()> {
        let Observation::Sample(sample) = seen else { return ControlFlow::Continue(()) };
        for ceiling in &guards.ceilings {
            let limit = ceiling.limit();
            if let Some((limit, value)) = limit.and_then(|limit| Some((limit, sample.readings.get(limit)?))) {
                guards.limits.set_raw(limit, value);
            }
            let limit = limit.and_then(|limit| guards.limits.get(limit));
            if let Some(crossing) = ceiling.crossing(&sample.readings, limit) {
                locked(&self.crossed).get_or_insert(crossing.to_string());
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    }

    fn sample(&self, sample: &Sample) {
        self.wrote(self.writer().sample(sample));
        self.so_far().sample(sample);
    }

    /// Starts asking the target's metrics page, with its answers going into the record.
    pub(super) fn scrape(self: &Arc<Self>, options: ScrapeOptions) -> Result<Scraper, ScrapeError> {
        let recorder = Arc::clone(self);
        let hear = move |heard| match heard {
            Heard::Scraped(scraped) => recorder.wrote(recorder.writer().scraped(&scraped)),
            Heard::Said(text) => {
                recorder.event(EventKind::Note { text: text.clone() });
                recorder.say(text);
            }
            Heard::Missing { name, reason } => {
                recorder.say(format!("{name} cannot be read: {reason}"));
                recorder.event(EventKind::Unreadable { metric: name, reason });
            }
        };
        scraper::start(options, Arc::clone(&self.clock), Box::new(hear))
    }

    /// Takes snapshots of the target's heap, with a line of the record for each.
    pub(super) fn watch_heap(
        self: &Arc<Self>,
        (seek, root): (Seek, Root),
        folder: RunFolder,
        cadence: Cadence,
    ) -> std::io::Result<HeapWatch> {
        let (recorder, judging) = (Arc::clone(self), Arc::clone(self));
        let settled = move || {
            // The lock is not held while it is judged.
            let kept = judging.so_far().kept();
            heap::has_settled(&kept)
        };
        let hear = move |heard| match heard {
            heap::Heard::Snapshot(snapshot) => {
                let turns = recorder.latest().traffic.map(|tick| tick.turns);
                recorder.wrote(recorder.writer().heap(&HeapSnapshot { turns, ..snapshot }));
            }
            heap::Heard::Said(text) => {
                recorder.event(EventKind::Note { text: text.clone() });
                recorder.say(text);
            }
        };
        let wiring = Wiring { seek, root, settled: Box::new(settled), sink: Box::new(hear) };
        heap::start(folder, cadence, Arc::clone(&self.clock), wiring)
    }

    fn with_driven(&self, act: impl FnOnce(&mut Traffic, Room)) {
        let room = if *locked(&self.failing) { Room::None } else { Room::Some };
        if let Some(traffic) = &self.traffic {
            act(&mut locked(traffic), room);
        }
    }

    fn tick(&self, tick: TrafficTick) {
        self.with_driven(|traffic, _| {
            if let Some(crossing) = traffic.guards.see(&tick) {
                locked(&self.crossed).get_or_insert(crossing);
                traffic.halt.halt();
            }
        });
        self.wrote(self.writer().traffic(&tick));
        self.so_far().traffic(tick);
    }

    pub(super) fn event(&self, kind: EventKind) {
        let event = Event { at: self.clock.now(), kind };
        self.wrote(self.writer().event(&event));
        self.so_far().event(&event);
    }

    /// Says once that writing fails, and once that it works again.
    fn wrote(&self, outcome: Result<(), WriteError>) {
        let mut failing = locked(&self.failing);
        match outcome {
            Err(error) if !*failing => {
                *failing = true;
                self.say(format!("{}; sampling goes on, and the lines are kept until there is room", told(&error)));
            }
            Ok(()) if *failing => {
                *failing = false;
                self.say("the record can be written again".to_owned());
            }
            _ => {}
        }
    }

    /// The time of the run.
    pub(super) fn now(&self) -> Elapsed {
        self.clock.now()
    }

    /// Where the run stands.
    pub(super) fn latest(&self) -> Latest {
        self.so_far().latest()
    }

    /// The ceiling that was crossed, in words.
    pub(super) fn crossed(&self) -> Option<String> {
        locked(&self.crossed).clone()
    }

    /// Whether the run is over because its scenario is.
    pub(super) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Acquire)
    }

    /// Says how many slow and failed requests could not be logged; `None` where all could.
    pub(super) fn lost_requests(&self) -> Option<String> {
        self.traffic.as_ref().and_then(|traffic| locked(traffic).logs.lost())
    }

    /// How many lines are missing from the record.
    pub(super) fn missing_lines(&self) -> u64 {
        self.writer().missing_lines()
    }

    fn say(&self, text: String) {
        // Nobody attends any more once the run has ended.
        let _ = self.notices.send(Notice::Said(text));
    }

    fn writer(&self) -> MutexGuard<'_, Writer> {
        locked(&self.writer)
    }

    pub(super) fn so_far(&self) -> MutexGuard<'_, SoFar> {
        locked(&self.so_far)
    }
}

/// A thread that panicked while it held the lock has left a whole value behind: each is changed in one step.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn told(error: &WriteError) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}
