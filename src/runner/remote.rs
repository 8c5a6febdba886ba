//! What somebody who watches a run may do from any thread: look at it as often as they like, mark the moment, and ask to
//! be shown the latest at once. The run does not wait for them and does not need them.

use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::domain::run::{Edge, EventKind};
use crate::domain::{Bytes, Elapsed, Metric, Phase, Run, TrafficTick};
use crate::procfs::{Buffer, Keep, ProcRoot, Process};

use super::recorder::{Notice, Recorder};
use super::trail::Trail;

/// A handle on a run that goes on.
#[derive(Clone)]
pub struct Remote {
    recorder: Arc<Recorder>,
    notices: Sender<Notice>,
    cpu_before: Duration,
}

/// A look at a run, of a size that does not depend on how long it has been going on.
#[derive(Clone, Debug, Default)]
pub struct Glance {
    /// The time of the run now.
    pub now: Elapsed,
    /// The latest of the driver's ticks.
    pub traffic: Option<TrafficTick>,
    /// Every metric that was read, over the whole run.
    pub trails: Vec<(Metric, Trail)>,
    /// Turns completed per second, lately.
    pub turns_per_s: Option<f64>,
    /// The phase that the run is in, so far; `None` where none was named.
    pub phase: Option<Phase>,
    /// CPU time that soak has used since the run began, as a share of one core.
    pub own_cpu: f64,
    /// What soak itself holds.
    pub own_rss: Option<Bytes>,
}

impl Remote {
    pub(super) fn new(recorder: Arc<Recorder>, notices: Sender<Notice>) -> Self {
        Self { recorder, notices, cpu_before: cpu() }
    }

    /// How the run stands.
    pub fn glance(&self) -> Glance {
        let now = self.recorder.now();
        let spent = cpu().saturating_sub(self.cpu_before);
        let so_far = self.recorder.so_far();
        let (trails, traffic, turns_per_s) = (so_far.trails(), so_far.tick().cloned(), so_far.turns_per_s());
        let phase = so_far.phase();
        drop(so_far);
        Glance {
            now,
            traffic,
            trails,
            turns_per_s,
            phase,
            own_cpu: spent.as_secs_f64() / now.as_secs_f64().max(0.1),
            own_rss: own_rss(),
        }
    }

    /// A thinned copy of what was recorded, whose series the analysis can judge; of the header it has nothing.
    pub fn thinned(&self) -> Run {
        self.recorder.so_far().kept()
    }

    /// Marks this moment in the record.
    pub fn mark(&self, label: &str) {
        self.recorder.event(EventKind::Mark { label: label.to_owned() });
    }

    /// Marks the beginning or the end of a disturbance, which the trend leaves out.
    pub fn disturbance(&self, label: &str, edge: Edge) {
        self.recorder.event(EventKind::Disturbance { label: label.to_owned(), edge });
    }

    /// Has the latest shown at once, on the thread that attends to the run.
    pub fn show(&self) {
        // Nobody attends any more once the run has ended.
        let _ = self.notices.send(Notice::Show);
    }
}

fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32)
}

fn own_rss() -> Option<Bytes> {
    let process = Process::open(&ProcRoot::system(), std::process::id(), Keep::Folder).ok()?;
    process.status(&mut Buffer::new()).ok()?.rss
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;

    use super::*;
    use crate::domain::run::Scope;
    use crate::runner::{HeapTracing, RunOptions, Watch, record};
    use crate::store;
    use crate::target::Selector;

    #[test]
    fn marks_go_to_the_record_and_a_glance_sees_the_run() {
        let output = tempfile::tempdir().unwrap();
        let options = RunOptions {
            selector: Selector::Command { program: "sleep".into(), args: vec!["60".into()] },
            scope: Scope::Process,
            interval: Duration::from_millis(20),
            duration: Some(Duration::from_millis(400)),
            warm_up: None,
            budget: 0.001,
            ceilings: Vec::new(),
            error_ceilings: Vec::new(),
            heap: HeapTracing::Never,
            traffic: None,
            scrape: None,
            fail_on: Vec::new(),
            objectives: Vec::new(),
            label: None,
            output: output.path().to_owned(),
        };
        let (stop, _never) = rustix::pipe::pipe().unwrap();
        let mut remote = None;
        let folder = record(&options, stop.as_fd(), &mut |seen| {
            if let Watch::Started { remote: given, .. } = seen {
                given.mark("mark 1");
                given.mark("before \"x\"");
                remote = Some(given);
            }
        });
        let run = store::read(&folder.unwrap()).unwrap();
        let marks = run.events.iter().filter_map(|event| match &event.kind {
            EventKind::Mark { label } => Some(label.as_str()),
            _ => None,
        });
        assert_eq!(marks.collect::<Vec<_>>(), ["mark 1", "before \"x\""]);
        let glance = remote.as_ref().unwrap().glance();
        assert!(glance.trails.iter().any(|(metric, _)| *metric == Metric::Rss) && glance.own_rss.is_some());
        assert_eq!(remote.unwrap().thinned().samples.len(), run.samples.len());
    }
}
