//! The sampler over fixtures and a clock that stands still: what a tick holds, when it comes, and what is said of it.

use std::ops::ControlFlow;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::{Ended, Observation, Options, Sampler, SamplerError, Watched};
use crate::clock::{Clock, ManualClock};
use crate::domain::run::{Cost, EventKind, Scope};
use crate::domain::{Elapsed, Metric, Sample};
use crate::procfs::{Keep, ProcRoot, Process};

struct Seen {
    samples: Vec<Sample>,
    events: Vec<EventKind>,
    ended: Ended,
}

impl Seen {
    fn last(&self, metric: Metric) -> Option<u64> {
        self.samples.iter().rev().find_map(|sample| sample.readings.get(metric))
    }

    fn cost(&self) -> Cost {
        match self.events.last() {
            Some(EventKind::Cost(cost)) => *cost,
            other => panic!("the last word is the cost, not {other:?}"),
        }
    }
}

/// A descriptor that never becomes readable, and what keeps it so.
fn silence() -> (OwnedFd, OwnedFd) {
    rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).unwrap()
}

fn seconds(count: u64) -> Elapsed {
    Elapsed::new(Duration::from_secs(count))
}

/// Samples process 812 of a fixture; `each` may move the clock at every sample.
fn sample(fixture: &str, options: Options, each: impl Fn(&ManualClock, usize)) -> Seen {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/proc").join(fixture);
    let root = ProcRoot::at(&folder);
    let process = Process::open(&root, 812, Keep::Open).unwrap();
    let clock = Arc::new(ManualClock::new());
    let ((pidfd, _alive), (stop, _run)) = (silence(), silence());
    let watched = Watched { root, process, pidfd, stop };
    let mut sampler = Sampler::new(watched, options, Arc::clone(&clock) as Arc<dyn Clock>).unwrap();
    let mut seen = Seen { samples: Vec::new(), events: Vec::new(), ended: Ended::SinkClosed };
    let ended = sampler.run(&mut |observation| {
        match observation {
            Observation::Sample(sample) => {
                each(&clock, seen.samples.len());
                seen.samples.push(sample);
            }
            Observation::Event(event) => seen.events.push(event.kind),
        }
        ControlFlow::Continue(())
    });
    Seen { ended, ..seen }
}

/// With a budget that a busy machine does not pass either: what a reading costs is real here, though the clock is not.
fn until(end: Elapsed) -> Options {
    Options { until: Some(end), budget: 0.1, ..Options::default() }
}

#[test]
fn a_sample_holds_every_metric_that_the_kernel_tells() {
    let seen = sample("server", until(seconds(0)), |_, _| {});
    assert_eq!((seen.ended, seen.samples.len()), (Ended::Complete, 1));
    let kib = |count: u64| Some(count * 1024);
    for (metric, value) in [
        (Metric::Rss, kib(12_896)),
        (Metric::RssAnon, kib(5_332)),
        (Metric::RssFile, kib(7_556)),
        (Metric::RssShmem, kib(8)),
        (Metric::Swap, kib(16)),
        (Metric::Vms, kib(283_264)),
        (Metric::Threads, Some(5)),
        (Metric::Fds, Some(6)),
        (Metric::Pss, kib(6_412)),
        (Metric::Uss, kib(5_440)),
        (Metric::CpuTime, Some(12_340)),
        (Metric::MinorFaults, Some(1_520)),
        (Metric::MajorFaults, Some(3)),
        (Metric::VoluntarySwitches, Some(151)),
        (Metric::CgroupMemory, Some(52_428_800)),
        (Metric::CgroupAnon, Some(20_971_520)),
        (Metric::CgroupMemoryLimit, Some(268_435_456)),
        (Metric::FdLimit, Some(1_024)),
        (Metric::ThreadLimit, Some(512)),
        (Metric::Procs, None),
        (Metric::Zombies, None),
    ] {
        assert_eq!(seen.last(metric), value, "{}", metric.name());
    }
    assert!(matches!(seen.events.as_slice(), [EventKind::Cost(_)]), "{:?}", seen.events);
}

#[test]
fn samples_stand_at_whole_intervals_and_the_last_at_the_end() {
    let seen = sample("server", until(seconds(3)), |_, _| {});
    let at: Vec<Elapsed> = seen.samples.iter().map(|sample| sample.at).collect();
    assert_eq!(at, [seconds(0), seconds(1), seconds(2), seconds(3)]);
    assert!((seen.cost().recorded_s - 3.0).abs() < 1e-9);
}

#[test]
fn a_run_lasts_until_its_end_even_between_two_ticks() {
    let seen = sample("server", until(Elapsed::new(Duration::from_millis(1_500))), |_, _| {});
    assert_eq!((seen.samples.len(), seen.ended), (2, Ended::Complete));
    assert!((seen.cost().recorded_s - 1.5).abs() < 1e-9);
}

#[test]
fn a_late_tick_is_recorded_with_its_lateness_and_the_missed_are_counted() {
    let seen = sample("server", until(seconds(5)), |clock, taken| {
        if taken == 1 {
            clock.advance(Duration::from_millis(2_300));
        }
    });
    let at: Vec<u128> = seen.samples.iter().map(|sample| sample.at.since_start().as_millis()).collect();
    assert_eq!(at, [0, 1_000, 3_300, 4_000, 5_000]);
    assert_eq!(seen.samples[2].lateness, Duration::from_millis(300));
    assert_eq!(seen.cost().missed_ticks, 1);
}

#[test]
fn what_an_old_kernel_does_not_tell_is_said_once_and_missing() {
    let seen = sample("linux-4.4", until(seconds(8)), |_, _| {});
    let mut unreadable: Vec<&str> = Vec::new();
    for event in &seen.events {
        if let EventKind::Unreadable { metric, reason } = event {
            assert!(reason.contains("Linux"), "{reason}");
            unreadable.push(metric);
        }
    }
    unreadable.sort_unstable();
    assert_eq!(unreadable, ["pss", "rss_anon", "rss_file", "rss_shmem", "uss"]);
    assert_eq!((seen.last(Metric::RssAnon), seen.last(Metric::Pss)), (None, None));
    assert_eq!(seen.last(Metric::Rss), Some(9_432 * 1024));
    assert_eq!((seen.last(Metric::FdLimit), seen.last(Metric::CgroupMemoryLimit)), (None, None));
}

#[test]
fn a_tree_is_the_sum_of_its_live_processes_and_counts_its_zombies() {
    let options = Options { scope: Scope::Tree, ..until(seconds(1)) };
    let seen = sample("server", options, |_, _| {});
    assert_eq!((seen.last(Metric::Procs), seen.last(Metric::Zombies)), (Some(2), Some(1)));
    assert_eq!(seen.last(Metric::RssAnon), Some((5_332 + 1_000) * 1024));
    assert_eq!(seen.last(Metric::Fds), Some(6 + 2));
    assert_eq!(seen.last(Metric::Pss), Some((6_412 + 1_500) * 1024));
    assert_eq!(seen.last(Metric::CpuTime), Some(12_340 + 1_500 + 10), "a zombie's CPU time was used all the same");
    assert_eq!(seen.last(Metric::FdLimit), Some(1_024), "a limit is the root's");
    assert!(!seen.events.iter().any(|event| matches!(event, EventKind::TreeChanged { .. })), "they were there before");
}

#[test]
fn a_kernel_without_lists_of_children_is_asked_process_by_process() {
    let options = Options { scope: Scope::Tree, ..until(seconds(1)) };
    let seen = sample("linux-4.4", options, |_, _| {});
    assert_eq!((seen.last(Metric::Procs), seen.last(Metric::Threads)), (Some(2), Some(3 + 1)));
    assert_eq!(seen.last(Metric::Fds), Some(3 + 1));
}

#[test]
fn the_slow_tier_is_read_every_five_seconds_at_most() {
    let seen = sample("server", until(seconds(20)), |_, _| {});
    let at: Vec<u64> = seen
        .samples
        .iter()
        .filter(|sample| sample.readings.get(Metric::Pss).is_some())
        .map(|sample| sample.at.since_start().as_secs())
        .collect();
    assert_eq!(at, [0, 5, 10, 15, 20]);
}

#[test]
fn a_tiny_budget_leaves_the_slow_tier_out_and_the_fast_tier_alone() {
    let options = Options { budget: 1e-9, ..until(seconds(60)) };
    let seen = sample("server", options, |_, _| {});
    assert_eq!(seen.samples.len(), 61);
    assert!(seen.samples.iter().all(|sample| sample.readings.get(Metric::Rss).is_some()));
    assert_eq!((seen.last(Metric::Pss), seen.last(Metric::FdLimit)), (None, None));
    assert!(seen.cost().slow_tier_s.abs() < 1e-12);
}

#[test]
fn the_stop_descriptor_ends_the_run_at_once() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/proc/server");
    let root = ProcRoot::at(&folder);
    let process = Process::open(&root, 812, Keep::Open).unwrap();
    let ((pidfd, _alive), (stop, run)) = (silence(), silence());
    drop(run);
    let watched = Watched { root, process, pidfd, stop };
    let mut sampler = Sampler::new(watched, Options::default(), Arc::new(ManualClock::new())).unwrap();
    assert_eq!(sampler.run(&mut |_| ControlFlow::Continue(())), Ended::Stopped);
}

#[test]
fn options_out_of_range_are_refused_with_the_range() {
    let check = |options: Options| options.check().unwrap_err();
    let interval = Duration::from_millis(9);
    let error = check(Options { interval, ..Options::default() });
    assert!(matches!(error, SamplerError::Interval { .. }));
    assert_eq!(error.to_string(), "an interval of 9ms is out of range; choose 10ms to 1h");
    check(Options { budget: 0.0, ..Options::default() });
    check(Options { budget: f64::NAN, ..Options::default() });
}
