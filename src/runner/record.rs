//! One run from start to end: target, sampler, driver and store together.
//!
//! The sampler's thread and the driver's write into the one record; this thread watches over them, flushes the record to
//! the disk now and then, and shows what is going on to whoever asked.

use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use thiserror::Error;

use crate::analysis::{Ceiling, ErrorCeiling};
use crate::clock::{Clock, RealClock};
use crate::domain::run::{Conditions, EventKind, Header, RunEnd, Scope, TargetEnd, TargetIdentity};
use crate::domain::{Elapsed, Objective};
use crate::driver::{DriverError, Plan};
use crate::procfs::{ProcRoot, Process};
use crate::sampler::{self, Ended, Sampler, SamplerError, Watched};
use crate::store::{self, RunFolder, WriteError, Writer};
use crate::target::{self, Attached, Selector, Target, TargetError};
use crate::tracer;

use super::halt::{Halt, either};
use super::heap::{self, Cadence, HeapTracing, HeapWatch, Root, Seek};
use super::recorder::{Guards, Length, Notice, Recorder, told};
use super::remote::Remote;
use super::requests::{ErrorGuards, RequestLogs};
use super::scraper::{ScrapeError, ScrapeOptions};
use super::so_far::Latest;

/// How long a target that soak started may take to end after SIGTERM, before SIGKILL.
const GRACE: Duration = Duration::from_secs(10);
/// How often what was written is sent to the disk itself: what a power cut may cost.
const FLUSH_EVERY: Duration = Duration::from_secs(30);
/// How often whoever watches is shown the latest.
const SHOW_EVERY: Duration = Duration::from_secs(1);

/// What to watch, how, and under which traffic.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// Which process.
    pub selector: Selector,
    /// That process alone, or its descendants too.
    pub scope: Scope,
    /// Time between samples.
    pub interval: Duration,
    /// How long; `None` until it is stopped or the target ends, or until the stages of the traffic's scenario are over.
    pub duration: Option<Duration>,
    /// The end of warm-up where the user sets it; it is only kept in the record, for whoever judges.
    pub warm_up: Option<Duration>,
    /// The budgets of growth, which are only kept in the record, for whoever judges.
    pub fail_on: Vec<String>,
    /// The objectives, which are only kept in the record, for whoever judges.
    pub objectives: Vec<Objective>,
    /// The share of one core that the slow tier keeps to.
    pub budget: f64,
    /// Levels that end the run.
    pub ceilings: Vec<Ceiling>,
    /// Shares of failed requests that end the run.
    pub error_ceilings: Vec<ErrorCeiling>,
    /// Whether its heap is traced.
    pub heap: HeapTracing,
    /// What is sent meanwhile.
    pub traffic: Option<Plan>,
    /// What is taken from the target's own metrics page.
    pub scrape: Option<ScrapeOptions>,
    /// What the run is called, which is only kept in the record.
    pub label: Option<String>,
    /// The folder in which the run's folder is made.
    pub output: PathBuf,
}

/// What somebody who watches a run gets to see.
pub enum Watch<'a> {
    /// The run has started.
    Started {
        /// Where its record is.
        folder: &'a Path,
        /// Who is watched.
        target: &'a TargetIdentity,
        /// What must be done before soak quits without ending the run: it ends a target that soak started.
        before_quit: Box<dyn Fn() + Send>,
        /// A handle on the run, to look closer and to mark moments.
        remote: Remote,
    },
    /// Where it stands: about once a second, whenever the [`Remote`] asks, and once at the end.
    Latest(&'a Latest),
    /// Something worth a line.
    Said(&'a str),
}

/// Why a run could not start.
#[derive(Debug, Error)]
pub enum RunError {
    /// The target.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// The traffic.
    #[error(transparent)]
    Driver(#[from] DriverError),
    /// The target's metrics page.
    #[error(transparent)]
    Scrape(#[from] ScrapeError),
    /// The record.
    #[error(transparent)]
    Store(#[from] WriteError),
    /// The sampler.
    #[error(transparent)]
    Sampler(#[from] SamplerError),
    /// A descriptor could not be duplicated.
    #[error("cannot duplicate a descriptor")]
    Descriptor(#[source] std::io::Error),
    /// A thread could not be started.
    #[error("cannot start the sampler's thread")]
    Thread(#[source] std::io::Error),
    /// Nor the one that takes snapshots of the target's heap.
    #[error("cannot start the thread that takes snapshots of the target's heap; --no-heap does without")]
    HeapThread(#[source] std::io::Error),
}

/// Records a run until its duration is over, `stop` becomes readable or the target ends, and answers with its folder.
///
/// # Errors
/// [`RunError`] where it cannot start. What happens later (a full disk, an ended target) is said through `watch`, stands
/// in the record, and ends nothing that could go on.
pub fn record(
    options: &RunOptions,
    stop: BorrowedFd<'_>,
    watch: &mut dyn FnMut(Watch<'_>),
) -> Result<PathBuf, RunError> {
    let root = ProcRoot::system();
    let Attached { mut target, process } = target::resolve(&options.selector, options.scope, &root)?;
    let header = header(options, target.identity());
    let seek = seek(options.heap, &root, &process);
    let folder = RunFolder::create(&options.output, &folder_name(&header))?;
    let writer = Writer::create(&folder, &header)?;
    let flusher = writer.flusher()?;
    let clock: Arc<dyn Clock> = Arc::new(RealClock::start());
    let (notices, heard) = mpsc::channel();
    let (halt, halted) = Halt::new().map_err(RunError::Descriptor)?;
    let logs = RequestLogs::new(&folder);
    let guards = ErrorGuards::new(&options.error_ceilings);
    let recorder = Recorder::new(writer, notices.clone(), Arc::clone(&clock)).with_traffic(logs, guards, halt);
    let recorder = Arc::new(recorder);
    watch(Watch::Started {
        folder: folder.path(),
        target: target.identity(),
        before_quit: target.asker().map_err(RunError::Descriptor)?,
        remote: Remote::new(Arc::clone(&recorder), notices.clone()),
    });

    let watched = Watched {
        root,
        process,
        pidfd: target.pidfd().map_err(RunError::Descriptor)?,
        stop: either(stop, halted.as_fd()).map_err(RunError::Descriptor)?,
    };
    let mut sampler = Sampler::new(watched, sampler_options(options), Arc::clone(&clock))?;
    let scraper = options.scrape.clone().map(|scrape| recorder.scrape(scrape)).transpose()?;
    let heap = seek.map(|seek| watch_heap(&recorder, seek, &folder, options)).transpose()?;
    let length = if options.duration.is_some() { Length::Given } else { Length::OfScenario };
    let driver = options.traffic.clone().map(|traffic| recorder.drive(traffic, length)).transpose()?;
    let sampling = Arc::clone(&recorder);
    let mut guards = Guards::new(options.ceilings.clone());
    let sampling = std::thread::Builder::new().name("soak-sampler".into()).spawn(move || {
        let ended = sampler.run(&mut |seen| {
            sampling.observe(&seen);
            sampling.guard(&seen, &mut guards)
        });
        // Whoever attends has left only when this thread has ended.
        let _ = notices.send(Notice::SamplingEnded);
        ended
    });
    let sampling = sampling.map_err(RunError::Thread)?;
    attend(&heard, &recorder, &flusher, watch);
    let ending = sampling.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    if let Some(scraper) = scraper {
        scraper.stop();
    }
    if let Some(driver) = driver {
        recorder.event(EventKind::Traffic(driver.stop()));
    }
    let files = heap.map(|heap| heap.stop(ending));
    say_the_rest(&heard, watch);
    close(&recorder, &mut target, ending, watch)?;
    flusher.flush()?;
    for failure in files.map(|files| heap::name_all(folder.path(), &files)).unwrap_or_default() {
        watch(Watch::Said(&failure));
    }
    Ok(folder.path().to_owned())
}

/// Looks for the target's offer to have its heap traced; `None` where that is not wanted. What goes wrong with the target
/// itself is the sampler's to tell.
fn seek(tracing: HeapTracing, root: &ProcRoot, process: &Process) -> Option<(Seek, Root)> {
    let surroundings = match tracing {
        HeapTracing::Offered => Arc::new(root.surroundings(process).ok()?),
        HeapTracing::Never => return None,
    };
    let sought = Arc::clone(&surroundings);
    let seek = Box::new(move || tracer::find(&sought).unwrap_or_default());
    Some((seek, Box::new(move || surroundings.root().ok())))
}

fn watch_heap(
    recorder: &Arc<Recorder>,
    seek: (Seek, Root),
    folder: &RunFolder,
    options: &RunOptions,
) -> Result<HeapWatch, RunError> {
    let cadence = Cadence::new(duration(options), options.warm_up);
    recorder.watch_heap(seek, folder.clone(), cadence).map_err(RunError::HeapThread)
}

/// Says what came up after sampling had ended.
fn say_the_rest(heard: &Receiver<Notice>, watch: &mut dyn FnMut(Watch<'_>)) {
    for notice in heard.try_iter() {
        if let Notice::Said(text) = notice {
            watch(Watch::Said(&text));
        }
    }
}

/// Flushes, and shows the latest, until the sampler has ended.
fn attend(heard: &Receiver<Notice>, recorder: &Recorder, flusher: &store::Flusher, watch: &mut dyn FnMut(Watch<'_>)) {
    let mut last_flush = Instant::now();
    loop {
        match heard.recv_timeout(SHOW_EVERY) {
            Ok(Notice::Said(text)) => watch(Watch::Said(&text)),
            Ok(Notice::SamplingEnded) | Err(RecvTimeoutError::Disconnected) => {
                return watch(Watch::Latest(&recorder.latest()));
            }
            Ok(Notice::Show) | Err(RecvTimeoutError::Timeout) => {}
        }
        if last_flush.elapsed() >= FLUSH_EVERY {
            last_flush = Instant::now();
            if let Err(error) = flusher.flush() {
                watch(Watch::Said(&told(&error)));
            }
        }
        let latest = recorder.latest();
        watch(Watch::Latest(&latest));
    }
}

/// Writes why the run ended, and then ends a target that soak started.
fn close(
    recorder: &Recorder,
    target: &mut Target,
    ending: Ended,
    watch: &mut dyn FnMut(Watch<'_>),
) -> Result<(), RunError> {
    let end = match ending {
        Ended::Complete => RunEnd::Complete,
        Ended::Stopped | Ended::SinkClosed => match recorder.crossed() {
            Some(crossing) => RunEnd::CeilingCrossed { crossing },
            None if recorder.is_over() => RunEnd::Complete,
            None => RunEnd::Interrupted,
        },
        Ended::TargetEnded => {
            RunEnd::TargetEnded(target.end()?.unwrap_or(TargetEnd::Vanished { out_of_memory: false }))
        }
    };
    let lives = !matches!(end, RunEnd::TargetEnded(_));
    recorder.event(EventKind::Ended { end });
    if lives
        && target.identity().started_by_soak
        && let Some(end) = target.stop(GRACE)?
    {
        recorder.event(EventKind::TargetStopped { end });
    }
    if let Some(lost) = recorder.lost_requests() {
        watch(Watch::Said(&lost));
    }
    let missing = recorder.missing_lines();
    if missing > 0 {
        watch(Watch::Said(&format!("the last lines of the run, {missing} of them, could not be written and are lost")));
    }
    Ok(())
}

fn header(options: &RunOptions, target: &TargetIdentity) -> Header {
    Header {
        soak_version: env!("CARGO_PKG_VERSION").to_owned(),
        started_at: chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
        target: target.clone(),
        host: target::host(),
        conditions: Conditions {
            interval_s: options.interval.as_secs_f64(),
            duration_s: duration(options).map(|duration| duration.as_secs_f64()),
            warm_up_s: options.warm_up.map(|warm_up| warm_up.as_secs_f64()),
            budget: options.budget,
            objectives: options.objectives.iter().map(ToString::to_string).collect(),
            fail_on: options.fail_on.clone(),
            label: options.label.clone(),
            scraped: options.scrape.as_ref().map_or_else(Vec::new, |scrape| scrape.series.clone()),
            traffic: options.traffic.as_ref().map(Plan::conditions),
        },
    }
}

/// How long the run is to last: as long as the user says, or else as long as the stages of the scenario.
fn duration(options: &RunOptions) -> Option<Duration> {
    options.duration.or_else(|| options.traffic.as_ref()?.length())
}

/// `2026-11-21T08-00-00Z-api-4242`: sorts by time, and has no character that a file system or a shell minds.
fn folder_name(header: &Header) -> String {
    let seconds = header.started_at.split('.').next().unwrap_or_default().replace(':', "-");
    format!("{seconds}Z-{}-{}", store::safe_name(&header.target.name), header.target.pid)
}

fn sampler_options(options: &RunOptions) -> sampler::Options {
    sampler::Options {
        interval: options.interval,
        until: options.duration.map(Elapsed::new),
        budget: options.budget,
        scope: options.scope,
    }
}
