//! What stands behind the three lines: the recorder, or with the feature `dhat` the dhat crate.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::control::{Asked, Listening, Sake, Tracer, listen_with};
use crate::exit::Wishes;
use crate::recorder::{self, Options, Period, Start, StartError, Untraced};
use crate::snapshot::Snapshot;

/// What [`Alloc::system`](crate::Alloc::system) is around.
#[cfg(not(feature = "dhat"))]
pub type Inner = std::alloc::System;
/// What [`Alloc::system`](crate::Alloc::system) is around.
#[cfg(feature = "dhat")]
pub type Inner = ::dhat::Alloc;

/// The one value of [`Inner`].
#[cfg(not(feature = "dhat"))]
pub(crate) const INNER: Inner = std::alloc::System;
/// The one value of [`Inner`].
#[cfg(feature = "dhat")]
pub(crate) const INNER: Inner = ::dhat::Alloc;

/// Whether the program itself wants tracing, whoever else does.
static PROGRAMS_OWN: AtomicBool = AtomicBool::new(false);

/// Opens the control socket, over which `soak` and others start tracing and take snapshots; nothing is traced until
/// somebody asks. It ends with what is returned, or with the process.
///
/// To listen is to consent: whoever may read this process's memory, its own user and root, may then also have it traced.
///
/// For use without soak, the environment may ask for files:
///
/// | variable | |
/// |---|---|
/// | `SOAK_HEAP_FILE=heap.json` | traces from the start and writes `heap-PID-001.json` at the end; `.pb.gz` for pprof |
/// | `SOAK_HEAP_SIGNAL=USR2,TERM` | writes one on these signals too; TERM, INT and QUIT then end the process as ever |
/// | `SOAK_HEAP_PERIOD=every` | `every` allocation, `adaptive` (the default), or one in so many bytes |
///
/// A program that becomes a daemon by forking calls this afterwards, in the process that stays. Where nothing can be
/// listened to, the program goes on as without; [`Listening::error`] knows why.
#[cfg(not(feature = "dhat"))]
pub fn listen() -> Listening {
    listen_with(Recorder, Wishes::of_environment())
}

/// Starts the dhat crate's profiler, which writes its file at the end, and opens the control socket, over which others
/// learn that there are no snapshots meanwhile.
///
/// The file is `dhat-heap.json`, or named after `SOAK_HEAP_FILE`; with `SOAK_HEAP_SIGNAL` it is written on TERM, INT and
/// QUIT too. Only [`Alloc::system`](crate::Alloc::system) is profiled.
#[cfg(feature = "dhat")]
pub fn listen() -> Listening {
    listen_with(exact::Dhat, Wishes::of_environment())
}

/// Begins to trace, for the program's own sake: no client of the control socket ends it.
///
/// # Errors
/// Where memory or a thread is refused, or the options make no sense.
pub fn start(options: Options) -> Result<Start, StartError> {
    let start = recorder::start(options)?;
    PROGRAMS_OWN.store(true, Ordering::Release);
    Ok(start)
}

/// Ends tracing, whoever began it.
pub fn stop() {
    PROGRAMS_OWN.store(false, Ordering::Release);
    recorder::stop();
}

/// The recorder as an engine.
#[derive(Debug)]
#[cfg_attr(feature = "dhat", expect(dead_code, reason = "the dhat crate has its place"))]
struct Recorder;

impl Tracer for Recorder {
    fn engine(&self) -> &'static str {
        "soak-heap"
    }

    fn is_tracing(&self) -> bool {
        recorder::is_tracing()
    }

    fn is_programs_own(&self) -> bool {
        PROGRAMS_OWN.load(Ordering::Acquire)
    }

    fn periods(&self) -> Option<(u64, u64)> {
        let status = recorder::status();
        Some((status.period, status.longest_period))
    }

    fn start(&self, asked: Asked, sake: Sake) -> Result<(), String> {
        let period = match asked {
            Asked::Adaptive => Period::Adaptive,
            Asked::Every => Period::Every,
            Asked::Bytes(bytes) => Period::Fixed(bytes),
        };
        let options = Options { period, ..Options::default() };
        let started = match sake {
            Sake::Client => recorder::start(options),
            Sake::Program => start(options),
        };
        started.map(drop).map_err(|error| error.to_string())
    }

    fn stop(&self) {
        recorder::stop();
    }

    fn snapshot(&self) -> Result<Snapshot, String> {
        if !recorder::is_tracing() {
            return Err("nothing is traced; start it first".to_owned());
        }
        if !recorder::status().told {
            return Err("no allocation has been seen: soak_heap::Alloc must be the #[global_allocator]".to_owned());
        }
        Ok(recorder::snapshot())
    }

    fn leave_out_this_thread(&self) {
        // For as long as the thread lives.
        std::mem::forget(Untraced::begin());
    }
}

/// The dhat crate as the engine.
#[cfg(feature = "dhat")]
mod exact {
    use std::path::PathBuf;
    use std::sync::{Mutex, PoisonError};

    use super::{Asked, Sake, Snapshot, Tracer};

    /// The one profiler of the process, in a static so that `exit` reaches it.
    static PROFILER: Mutex<Option<::dhat::Profiler>> = Mutex::new(None);
    /// Why there is no snapshot.
    const AT_THE_END: &str = "this program was built with soak-heap's feature dhat, which writes its file at the end and \
         has no snapshots; build it without the feature for these";

    #[derive(Debug)]
    pub(super) struct Dhat;

    impl Tracer for Dhat {
        fn engine(&self) -> &'static str {
            "dhat"
        }

        fn is_tracing(&self) -> bool {
            PROFILER.lock().unwrap_or_else(PoisonError::into_inner).is_some()
        }

        fn is_programs_own(&self) -> bool {
            true
        }

        fn periods(&self) -> Option<(u64, u64)> {
            // It sees every allocation.
            Some((1, 1))
        }

        fn start(&self, _: Asked, _: Sake) -> Result<(), String> {
            Err(AT_THE_END.to_owned())
        }

        fn stop(&self) {}

        fn snapshot(&self) -> Result<Snapshot, String> {
            Err(AT_THE_END.to_owned())
        }

        fn begin(&self, file: Option<PathBuf>) {
            let file = file.unwrap_or_else(|| PathBuf::from("dhat-heap.json"));
            let mut profiler = PROFILER.lock().unwrap_or_else(PoisonError::into_inner);
            // A second one would panic; the one that runs goes on.
            if profiler.is_none() {
                *profiler = Some(::dhat::Profiler::builder().file_name(file).build());
            }
        }

        fn writes_itself(&self) -> bool {
            true
        }

        fn end(&self) {
            drop(PROFILER.lock().unwrap_or_else(PoisonError::into_inner).take());
        }

        fn leave_out_this_thread(&self) {}
    }
}
