//! Snapshots of the target's heap, on a thread of its own: where the target offers to be traced, and the user has not said
//! no.
//!
//! ```text
//! Cadence (when) + has_settled (whether) + Watching (the connection) -> Heard -> the record
//! ```

mod cadence;
mod naming;
mod settling;
#[cfg(test)]
mod tests;
mod watching;

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{Builder, JoinHandle};

use crate::clock::Clock;
use crate::domain::heap::HeapSnapshot;
use crate::heap::Files;
use crate::sampler::Ended;
use crate::store::RunFolder;
use crate::tracer::Offer;

use watching::Watching;

pub(super) use cadence::Cadence;
pub(super) use naming::name_all;
pub(super) use settling::has_settled;

/// Whether the target's heap is traced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HeapTracing {
    /// Where the target offers it.
    #[default]
    Offered,
    /// Not at all.
    Never,
}

/// What the thread has to say.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Heard {
    /// A snapshot was taken.
    Snapshot(HeapSnapshot),
    /// Something worth a line.
    Said(String),
}

/// Looks for the target's offer; `None` where there is none yet.
pub(super) type Seek = Box<dyn FnMut() -> Option<Offer> + Send>;

/// Opens the root of the target's files; `None` where soak may not.
pub(super) type Root = Box<dyn Fn() -> Option<OwnedFd> + Send>;

/// What the thread asks, and whom it tells.
pub(super) struct Wiring {
    /// Looks for the target's offer.
    pub(super) seek: Seek,
    /// Opens the root of the target's files; `None` where soak may not.
    pub(super) root: Root,
    /// Whether the run has settled by now.
    pub(super) settled: Box<dyn FnMut() -> bool + Send>,
    /// Takes what there is to say.
    pub(super) sink: Box<dyn FnMut(Heard) + Send>,
}

/// The thread under way. Dropping it ends it without waiting, and without a last snapshot.
#[derive(Debug)]
pub(super) struct HeapWatch {
    stop: OwnedFd,
    thread: JoinHandle<Files>,
    target_is_gone: Arc<AtomicBool>,
}

impl HeapWatch {
    /// Takes the last snapshot, unless the target is what has ended, and ends it. A target that hangs is waited for as long
    /// as one answer may take. The answer is where the files are that names are found in.
    pub(super) fn stop(self, ended: Ended) -> Files {
        self.target_is_gone.store(ended == Ended::TargetEnded, Ordering::Release);
        drop(self.stop);
        self.thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

/// Starts to look for the target's offer, and once there is one, to trace and to take snapshots.
///
/// # Errors
/// Where there is no thread or pipe to be had.
pub(super) fn start(
    folder: RunFolder,
    cadence: Cadence,
    clock: Arc<dyn Clock>,
    wiring: Wiring,
) -> io::Result<HeapWatch> {
    let (stopped, stop) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
    let watching = Watching::new(folder, cadence, clock, wiring);
    let target_is_gone = Arc::<AtomicBool>::default();
    let is_gone = Arc::clone(&target_is_gone);
    let thread = Builder::new().name("soak-heap".into()).spawn(move || watching.run(&stopped, &is_gone))?;
    Ok(HeapWatch { stop, thread, target_is_gone })
}
