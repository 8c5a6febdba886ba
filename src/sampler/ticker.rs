//! The sampler itself: waits for the tick, reads the tiers, hands on what was seen.

use std::ops::ControlFlow;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use crate::clock::{Clock, Wake};
use crate::domain::run::{Cost, Event, EventKind, Scope};
use crate::domain::{Elapsed, Metric, Readings, Sample};
use crate::procfs::Buffer;

use super::announce::{Announcements, failure, missing_line};
use super::cost::{Cadence, process_cpu, thread_cpu};
use super::member::{Counters, Descriptors, Member, Phase, Replaced};
use super::options::{Ended, Observation, Options, SamplerError, Watched};
use super::schedule::Schedule;
use super::slow::SlowTier;
use super::sums::Sums;
use super::tree::{Changes, Tree};

/// The share of one core that reading CPU time and faults keeps to. At 1 s this is every tick up to some 20,000 threads; at
/// 10 ms every tick while a reading costs 5 us or less.
const STAT_SHARE: f64 = 0.0005;
/// The share of one core that counting descriptors keeps to where they have to be listed (before Linux 6.2): 10,000 of
/// them cost 4 to 8 ms, which is then every second or so.
const FD_LIST_SHARE: f64 = 0.005;
/// How often the cost so far is recorded, so that a run that is cut short has it too.
const COST_EVERY: Duration = Duration::from_mins(1);
/// A process whose memory is given up has ended for good within this time, unless only its main thread has.
const ENDING_AT_MOST: Duration = Duration::from_secs(30);
/// The positions of what the sampler waits on.
const TARGET_ENDED: Wake = Wake::Ready(0);

/// Samples one target until it ends, the time is over or it is told to stop.
pub struct Sampler {
    clock: Arc<dyn Clock>,
    options: Options,
    pidfd: OwnedFd,
    stop: OwnedFd,
    /// The root first, always.
    members: Vec<Member>,
    tree: Option<Tree>,
    slow: SlowTier,
    stat_cadence: Cadence,
    fd_cadence: Cadence,
    buffer: Buffer,
    said: Announcements,
    events: Vec<EventKind>,
    hollow_since: Option<Elapsed>,
}

/// What had been used when the run began.
#[derive(Clone, Copy)]
struct Baseline {
    at: Elapsed,
    thread: Duration,
    process: Duration,
}

impl Sampler {
    /// A sampler of this target.
    ///
    /// # Errors
    /// Where an option is out of range.
    pub fn new(watched: Watched, options: Options, clock: Arc<dyn Clock>) -> Result<Self, SamplerError> {
        options.check()?;
        let root = Member::new(watched.process);
        let slow = SlowTier::new(&watched.root, &root, options.interval, options.budget, clock.now());
        let tree = match options.scope {
            Scope::Process => None,
            Scope::Tree => Some(Tree::new(watched.root)),
        };
        Ok(Self {
            clock,
            options,
            pidfd: watched.pidfd,
            stop: watched.stop,
            members: vec![root],
            tree,
            slow,
            stat_cadence: Cadence::default(),
            fd_cadence: Cadence::default(),
            buffer: Buffer::new(),
            said: Announcements::default(),
            events: Vec::new(),
            hollow_since: None,
        })
    }

    /// Samples until the end; the first sample is taken at once. Every observation goes to `sink`, on this thread, events
    /// before the sample of their tick; the last observation is the cost.
    pub fn run(&mut self, sink: &mut dyn FnMut(Observation) -> ControlFlow<()>) -> Ended {
        let baseline = Baseline { at: self.clock.now(), thread: thread_cpu(), process: process_cpu() };
        let mut schedule = Schedule::new(baseline.at, self.options.interval);
        let mut cost_due = Cadence::default();
        cost_due.space(baseline.at, COST_EVERY);
        let ended = loop {
            if let Some(ended) = self.wait(schedule.next_due()) {
                break ended;
            }
            let at = self.clock.now();
            let lateness = schedule.take(at);
            let Some(readings) = self.read(at) else { break Ended::TargetEnded };
            if cost_due.due(at) {
                cost_due.space(at, COST_EVERY);
                self.events.push(EventKind::Cost(self.cost(baseline, schedule.missed())));
            }
            if self.hand_on(at, Some(Sample { at, lateness, readings }), sink).is_break() {
                return Ended::SinkClosed;
            }
        };
        if ended == Ended::TargetEnded {
            self.note_survivors();
        }
        self.events.push(EventKind::Cost(self.cost(baseline, schedule.missed())));
        if self.hand_on(self.clock.now(), None, sink).is_break() {
            return Ended::SinkClosed;
        }
        ended
    }

    /// Takes one sample of the fast tier now, outside the schedule, and drops the events of it: for the bench that compares
    /// it with the bare system calls. `None` once the target has ended.
    pub fn fast_sample(&mut self) -> Option<Readings> {
        let mut readings = Readings::new();
        self.read_fast(self.clock.now(), &mut readings)?;
        self.events.clear();
        Some(readings)
    }

    /// Waits for the tick that is due then; an answer is the end.
    fn wait(&self, due: Elapsed) -> Option<Ended> {
        let end = self.options.until.filter(|&until| until < due);
        match self.clock.wait_until(end.unwrap_or(due), &[self.pidfd.as_fd(), self.stop.as_fd()]) {
            Wake::Due => end.map(|_| Ended::Complete),
            TARGET_ENDED => Some(Ended::TargetEnded),
            Wake::Ready(_) => Some(Ended::Stopped),
        }
    }

    /// One tick; `None` once the target has ended.
    fn read(&mut self, at: Elapsed) -> Option<Readings> {
        let mut readings = Readings::new();
        let changes = self.read_fast(at, &mut readings)?;
        if changes != Changes::default() {
            self.events.push(EventKind::TreeChanged { joined: changes.joined, left: changes.left });
        }
        if self.members.first().is_some_and(Member::renamed) {
            self.stat_cadence.now();
        }
        if self.stat_cadence.due(at) {
            let before = thread_cpu();
            self.read_stat(&mut readings);
            self.stat_cadence.space_by_cost(at, thread_cpu().saturating_sub(before), STAT_SHARE);
        }
        let Self { slow, members, buffer, said, events, .. } = self;
        slow.read(members, at, buffer, &mut readings, said, events);
        Some(readings)
    }

    fn read_fast(&mut self, at: Elapsed, readings: &mut Readings) -> Option<Changes> {
        let mut changes = Changes::default();
        let Self { tree, members, buffer, .. } = self;
        if let Some(tree) = tree {
            changes.joined = tree.look(members, at, buffer);
        }
        let mut sums = Sums::new();
        self.read_members(at, &mut sums);
        if let Some(tree) = &mut self.tree {
            changes.left = tree.bury(&mut self.members);
        }
        if self.members.first().is_none_or(|root| root.phase != Phase::Live) {
            // A sum without the root would show a fall that never was: the sample stays empty.
            self.root_is_hollow(at)?;
            return Some(changes);
        }
        self.hollow_since = None;
        self.add_switches(&mut sums);
        self.announce_missing(&sums);
        sums.write(readings);
        Some(changes)
    }

    fn read_members(&mut self, at: Elapsed, sums: &mut Sums) {
        // Where the count is one call, it is not worth timing.
        let listed = self.members.first().is_some_and(|root| root.process.lists_fds());
        let descriptors = if listed && !self.fd_cadence.due(at) { Descriptors::LeftOut } else { Descriptors::Counted };
        let before = (listed && descriptors == Descriptors::Counted).then(thread_cpu);
        let (mut live, mut zombies) = (0, 0);
        for member in &mut self.members {
            let counted = member.read_fast(descriptors, &mut self.buffer);
            match member.phase {
                Phase::Live => live += 1,
                Phase::Zombie => zombies += 1,
                Phase::Ending | Phase::Gone => {}
            }
            if member.phase != Phase::Live {
                continue;
            }
            member.add_fast(sums);
            if let Err(error) = counted {
                self.events.extend(self.said.unreadable(Metric::Fds, || failure(&error)));
            }
        }
        if let Some(before) = before {
            self.fd_cadence.space_by_cost(at, thread_cpu().saturating_sub(before), FD_LIST_SHARE);
        }
        if self.tree.is_some() {
            sums.add(Metric::Procs, Some(live));
            sums.add(Metric::Zombies, Some(zombies));
        }
    }

    /// The root has no memory: `None` if that is because it has ended. While it is on its way out, the sample is empty.
    fn root_is_hollow(&mut self, at: Elapsed) -> Option<()> {
        let gone = self.members.first().is_none_or(|root| root.phase == Phase::Gone);
        if gone || self.clock.wait_until(Elapsed::default(), &[self.pidfd.as_fd()]) == TARGET_ENDED {
            return None;
        }
        let since = *self.hollow_since.get_or_insert(at);
        if at.since_start().saturating_sub(since.since_start()) > ENDING_AT_MOST {
            let reason = || "its main thread has ended while others run, and the kernel shows memory there".to_owned();
            for metric in [Metric::Rss, Metric::RssAnon, Metric::Threads, Metric::Fds] {
                self.events.extend(self.said.unreadable(metric, reason));
            }
        }
        Some(())
    }

    /// Context switches come with `status`, so they cost nothing more.
    fn add_switches(&self, sums: &mut Sums) {
        if let Some(departed) = self.tree.as_ref().map(Tree::departed) {
            sums.add(Metric::VoluntarySwitches, Some(departed.voluntary_switches));
            sums.add(Metric::InvoluntarySwitches, Some(departed.involuntary_switches));
        }
        for status in self.members.iter().map(|member| &member.status) {
            sums.add(Metric::VoluntarySwitches, status.voluntary_switches);
            sums.add(Metric::InvoluntarySwitches, status.involuntary_switches);
        }
    }

    fn announce_missing(&mut self, sums: &Sums) {
        const LINES: [Metric; 7] = [
            Metric::Rss,
            Metric::RssAnon,
            Metric::RssFile,
            Metric::RssShmem,
            Metric::Swap,
            Metric::Vms,
            Metric::Threads,
        ];
        for metric in LINES {
            if sums.is_missing(metric) {
                self.events.extend(self.said.unreadable(metric, || missing_line(metric)));
            }
        }
    }

    fn read_stat(&mut self, readings: &mut Readings) {
        let mut total = self.tree.as_ref().map_or_else(Counters::default, Tree::departed);
        for (position, member) in self.members.iter_mut().enumerate() {
            match member.read_stat(&mut self.buffer) {
                Ok(Replaced::Yes(name)) if position == 0 => {
                    self.events.push(EventKind::Exec { name: name.to_string() });
                }
                Err(error) if !error.is_gone() => {
                    self.events.extend(self.said.unreadable(Metric::CpuTime, || failure(&error)));
                    return;
                }
                Ok(_) | Err(_) => {}
            }
            total.add(member.counters());
        }
        readings.set_count(Metric::CpuTime, total.cpu_ms);
        readings.set_count(Metric::MinorFaults, total.minor_faults);
        readings.set_count(Metric::MajorFaults, total.major_faults);
    }

    fn note_survivors(&mut self) {
        let survivors = self.members.iter().skip(1).filter(|member| member.phase == Phase::Live).count();
        if survivors > 0 {
            let text =
                format!("the target ended; {survivors} of its descendants may live on, soak watches them no more");
            self.events.push(EventKind::Note { text });
        }
    }

    /// The fast tier's cost is all that this thread used but for the slow tier: the wake-ups, the reading of CPU time and
    /// the writing of the record are in it.
    fn cost(&self, baseline: Baseline, missed_ticks: u64) -> Cost {
        let thread = thread_cpu().saturating_sub(baseline.thread);
        Cost {
            fast_tier_s: thread.saturating_sub(self.slow.spent()).as_secs_f64(),
            slow_tier_s: self.slow.spent().as_secs_f64(),
            process_s: process_cpu().saturating_sub(baseline.process).as_secs_f64(),
            recorded_s: self.clock.now().as_secs_f64() - baseline.at.as_secs_f64(),
            missed_ticks,
        }
    }

    fn hand_on(
        &mut self,
        at: Elapsed,
        sample: Option<Sample>,
        sink: &mut dyn FnMut(Observation) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        for kind in self.events.drain(..) {
            sink(Observation::Event(Event { at, kind }))?;
        }
        match sample {
            Some(sample) => sink(Observation::Sample(sample)),
            None => ControlFlow::Continue(()),
        }
    }
}
