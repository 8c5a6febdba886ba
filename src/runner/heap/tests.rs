//! The thread, turned by hand under a clock of its own, against a target that answers as soak-heap does.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread::spawn;
use std::time::Duration;

use super::*;
use crate::clock::ManualClock;
use crate::domain::Elapsed;
use crate::domain::heap::HeapMoment;

const HELLO: &str = "\"version\":\"0.1.0\",\"pid\":1,\"engine\":\"soak-heap\",\"tracing\":false";
const TAKEN: &str = "\"elapsedUs\":5,\"liveBytes\":7,\"liveBlocks\":1,\"periodBytes\":1,\
                     \"longestPeriodBytes\":4096,\"dropped\":0,\"overheadBytes\":1048576,\"arena\":null,\"bytes\":2";

/// A target that answers as soak-heap does, on as many connections as come, each for at most so many requests.
fn target(path: &Path, requests: usize) {
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

/// A minute's run by the manual clock, which jumps from one due time to the next.
struct Scene {
    watching: Watching,
    clock: Arc<ManualClock>,
    heard: Arc<Mutex<Vec<Heard>>>,
    /// Who is to be found, once there is somebody.
    offer: Arc<Mutex<Option<Offer>>>,
    path: PathBuf,
    output: tempfile::TempDir,
}

const MINUTE: Duration = Duration::from_mins(1);

impl Scene {
    fn new(settled_at: Duration) -> Self {
        let output = tempfile::tempdir().unwrap();
        let folder = RunFolder::create(output.path(), "run").unwrap();
        let (heard, offer, clock) = (Arc::default(), Arc::default(), Arc::new(ManualClock::new()));
        let path = output.path().join("target.sock");
        let wiring = Wiring {
            root: Box::new(|| None),
            seek: sought(&offer),
            settled: settled(&clock, settled_at),
            sink: kept(&heard),
        };
        let told: Arc<dyn Clock> = Arc::<ManualClock>::clone(&clock);
        let watching = Watching::new(folder, Cadence::new(Some(MINUTE), None), told, wiring);
        Self { watching, clock, heard, offer, path, output }
    }

    /// A target listens, and answers so many requests of each connection.
    fn listens(&self, requests: usize) {
        target(&self.path, requests);
        let (pid, user) = (std::process::id(), rustix::process::geteuid().as_raw());
        *self.offer.lock().unwrap() = Some(Offer { path: self.path.clone(), pid, user });
    }

    fn runs_until(&mut self, end: Duration) {
        loop {
            let wake = self.watching.turn().min(end);
            self.clock.wait_until(Elapsed::new(wake), &[]);
            if wake == end {
                return;
            }
        }
    }

    /// To the end of its minute.
    fn ends(mut self) -> (Vec<Heard>, tempfile::TempDir) {
        self.runs_until(MINUTE);
        self.watching.end(Ended::Complete);
        (std::mem::take(&mut *self.heard.lock().unwrap()), self.output)
    }
}

fn sought(offer: &Arc<Mutex<Option<Offer>>>) -> Seek {
    let offer = Arc::clone(offer);
    Box::new(move || offer.lock().unwrap().clone())
}

fn settled(clock: &Arc<ManualClock>, from: Duration) -> Box<dyn FnMut() -> bool + Send> {
    let clock = Arc::clone(clock);
    Box::new(move || clock.now().since_start() >= from)
}

fn kept(heard: &Arc<Mutex<Vec<Heard>>>) -> Box<dyn FnMut(Heard) + Send> {
    let heard = Arc::clone(heard);
    Box::new(move |told| heard.lock().unwrap().push(told))
}

/// A minute's run of a target that listens from the beginning, and is settled from the tenth second on.
fn watched(requests: usize, spoil: impl FnOnce(&Path)) -> (Vec<Heard>, tempfile::TempDir) {
    let scene = Scene::new(Duration::from_secs(10));
    spoil(&scene.output.path().join("run"));
    scene.listens(requests);
    scene.ends()
}

/// When the snapshots were taken, in seconds, and why then.
fn moments(heard: &[Heard]) -> Vec<(u64, HeapMoment)> {
    let taken = heard.iter().filter_map(|heard| match heard {
        Heard::Snapshot(taken) => Some((taken.at.since_start().as_secs(), taken.moment)),
        Heard::Said(_) => None,
    });
    taken.collect()
}

fn said(heard: &[Heard]) -> Vec<&str> {
    heard.iter().filter_map(|heard| if let Heard::Said(text) = heard { Some(text.as_str()) } else { None }).collect()
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
    let Heard::Snapshot(last) = &heard[6] else { panic!("{heard:?}") };
    assert_eq!((last.moment, last.live_bytes), (HeapMoment::End, 7));
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
    let spoil = |folder: &Path| std::fs::create_dir(folder.join("heap-002.json.new")).unwrap();
    let (heard, _output) = watched(usize::MAX, spoil);
    let said = said(&heard);
    assert!(said[1].contains("heap-002.json") && said[1].contains("goes on without"), "{said:?}");
    assert_eq!((files(&heard), said.len()), (vec!["heap-001.json"], 3));
    assert!(said.iter().all(|said| !said.contains("lost")), "{said:?}");
}

#[test]
fn the_first_snapshot_is_taken_once_the_run_has_settled_and_the_rest_is_divided_evenly() {
    use HeapMoment::{Cadence, End, Settled};
    let taken = |settled: u64| {
        let scene = Scene::new(Duration::from_secs(settled));
        scene.listens(usize::MAX);
        let (heard, _output) = scene.ends();
        moments(&heard)
    };
    let [early, middle, late] = [0, 14, 50].map(taken);
    assert_eq!(early, [(5, Settled), (16, Cadence), (27, Cadence), (38, Cadence), (49, Cadence), (60, End)]);
    // Looked at every 1.25 s, it is seen at 15 s.
    assert_eq!(middle, [(15, Settled), (24, Cadence), (33, Cadence), (42, Cadence), (51, Cadence), (60, End)]);
    // One that does not settle is not waited for; the first that finds it settled says so.
    assert_eq!(late, [(20, Cadence), (28, Cadence), (36, Cadence), (44, Cadence), (52, Settled), (60, End)]);
}

#[test]
fn a_target_that_listens_late_is_found_within_a_second_and_has_all_its_snapshots() {
    let mut scene = Scene::new(Duration::ZERO);
    scene.runs_until(Duration::from_millis(11_500));
    assert!(scene.heard.lock().unwrap().is_empty());
    scene.listens(usize::MAX);
    let (heard, _output) = scene.ends();
    let taken = moments(&heard);
    assert_eq!(taken.len(), 6, "{heard:?}");
    // Found at 12 s, with 48 s left, of which a twelfth goes by first.
    assert_eq!(taken[..2], [(16, HeapMoment::Settled), (24, HeapMoment::Cadence)]);
}

#[test]
fn a_target_that_never_offers_anything_is_never_mentioned() {
    let scene = Scene::new(Duration::ZERO);
    assert_eq!(scene.ends().0, []);
    // Nor is a socket that a program before it left behind.
    let scene = Scene::new(Duration::ZERO);
    drop(UnixListener::bind(&scene.path).unwrap());
    let (pid, user) = (std::process::id(), rustix::process::geteuid().as_raw());
    *scene.offer.lock().unwrap() = Some(Offer { path: scene.path.clone(), pid, user });
    assert_eq!(scene.ends().0, []);
}
