//! The slow tier: limits and cgroup (cheap), PSS and USS (dear), each at its own cadence, together within the budget.

use std::time::Duration;

use crate::domain::run::EventKind;
use crate::domain::{Bytes, Elapsed, Metric, Readings};
use crate::procfs::{Buffer, Cgroup, ProcRoot, ProcfsError, SmapsRollup};

use super::announce::{Announcements, failure};
use super::cost::{Cadence, Pot, thread_cpu};
use super::member::{Member, Phase};
use super::sums::Sums;

/// No reading of the slow tier comes more often than this, however cheap it is.
const SPACING: Duration = Duration::from_secs(5);

/// The state of the slow tier.
#[derive(Debug)]
pub(super) struct SlowTier {
    pot: Pot,
    spacing: Duration,
    spent: Duration,
    surroundings: Surroundings,
    memory: MemoryMap,
}

/// Limits and cgroup of the root.
#[derive(Debug)]
struct Surroundings {
    cgroup: Result<Cgroup, ProcfsError>,
    cadence: Cadence,
    cost: Duration,
}

/// PSS and USS of every process.
#[derive(Debug)]
struct MemoryMap {
    cadence: Cadence,
    /// What the last reading cost, and how much was resident then.
    last: Option<(Duration, Bytes)>,
    readable: Readable,
}

#[derive(Debug, PartialEq, Eq)]
enum Readable {
    Yes,
    /// The target's is refused, or the kernel has none: asking again changes nothing.
    Never,
}

impl SlowTier {
    pub(super) fn new(root: &ProcRoot, member: &Member, interval: Duration, budget: f64, now: Elapsed) -> Self {
        let cgroup = Cgroup::open(root, &member.process, &mut Buffer::new());
        Self {
            pot: Pot::new(budget, now),
            // Less half an interval, so that a tick that comes a little early is not passed over for the next.
            spacing: SPACING.max(interval).saturating_sub(interval / 2),
            spent: Duration::ZERO,
            // Thought, before it was ever read: a few small files.
            surroundings: Surroundings { cgroup, cadence: Cadence::default(), cost: Duration::from_micros(100) },
            memory: MemoryMap { cadence: Cadence::default(), last: None, readable: Readable::Yes },
        }
    }

    /// CPU time that the slow tier has used so far.
    pub(super) fn spent(&self) -> Duration {
        self.spent
    }

    /// Reads what is due and fits into the budget, the cheap before the dear.
    pub(super) fn read(
        &mut self,
        members: &[Member],
        now: Elapsed,
        buffer: &mut Buffer,
        readings: &mut Readings,
        said: &mut Announcements,
        events: &mut Vec<EventKind>,
    ) {
        let map_due = self.memory.readable == Readable::Yes && self.memory.cadence.due(now);
        if !map_due && !self.surroundings.cadence.due(now) {
            return;
        }
        let map_cost = self.memory.estimate(members);
        self.pot.fill(now, map_cost.max(self.surroundings.cost));
        if self.surroundings.cadence.due(now)
            && self.pot.allows(self.surroundings.cost)
            && let Some(root) = members.first()
        {
            let before = thread_cpu();
            events.extend(self.surroundings.read(root, buffer, readings, said));
            self.surroundings.cost = self.settle(before);
            self.surroundings.cadence.space(now, self.spacing);
        }
        if map_due && self.pot.allows(map_cost) {
            let before = thread_cpu();
            events.extend(self.memory.read(members, buffer, readings, said));
            let cost = self.settle(before);
            self.memory.last = Some((cost, resident(members)));
            self.memory.cadence.space(now, self.spacing);
        }
    }

    fn settle(&mut self, before: Duration) -> Duration {
        let cost = thread_cpu().saturating_sub(before);
        self.pot.take(cost);
        self.spent += cost;
        cost
    }
}

impl Surroundings {
    fn read(
        &self,
        root: &Member,
        buffer: &mut Buffer,
        readings: &mut Readings,
        said: &mut Announcements,
    ) -> Vec<EventKind> {
        let mut events = Vec::new();
        let limits = match root.process.limits(buffer) {
            Ok(limits) => limits,
            Err(error) if error.is_gone() => return events,
            Err(error) => {
                events.extend(said.unreadable(Metric::FdLimit, || failure(&error)));
                events.extend(said.unreadable(Metric::ThreadLimit, || failure(&error)));
                return events;
            }
        };
        if let Some(limit) = limits.open_files {
            readings.set_count(Metric::FdLimit, limit);
        }
        let mut thread_limit = limits.processes;
        match &self.cgroup {
            Ok(cgroup) => {
                let reading = cgroup.read(buffer);
                let sizes = [
                    (Metric::CgroupMemory, reading.memory),
                    (Metric::CgroupAnon, reading.anon),
                    (Metric::CgroupMemoryLimit, reading.memory_limit),
                ];
                for (metric, size) in sizes {
                    if let Some(size) = size {
                        readings.set_bytes(metric, size);
                    }
                }
                thread_limit = thread_limit.into_iter().chain(reading.task_limit).min();
                if cgroup.has_memory() && reading.memory.is_none() {
                    let reason = || "its cgroup is gone; was the process moved to another?".to_owned();
                    events.extend(said.unreadable(Metric::CgroupMemory, reason));
                }
            }
            Err(error) => events.extend(said.unreadable(Metric::CgroupMemory, || failure(error))),
        }
        if let Some(limit) = thread_limit {
            readings.set_count(Metric::ThreadLimit, limit);
        }
        events
    }
}

impl MemoryMap {
    /// What the next reading is thought to cost: what the last one did, and what small pages cost at worst for all that is
    /// resident beyond it (16 ms per GiB on the machine where it was measured). Before the first one, that for everything,
    /// and a little for each process and thread. A machine that is slower pays its debt to the pot.
    fn estimate(&self, members: &[Member]) -> Duration {
        let resident = resident(members).get();
        let by_size = |bytes: u64| Duration::from_millis(16).mul_f64(bytes as f64 / f64::from(1 << 30));
        if let Some((cost, before)) = self.last {
            return cost + by_size(resident.saturating_sub(before.get()));
        }
        let threads: u64 = members.iter().filter_map(|member| member.status.threads).sum();
        by_size(resident) + Duration::from_micros(50) * members.len() as u32 + Duration::from_micros(1) * threads as u32
    }

    fn read(
        &mut self,
        members: &[Member],
        buffer: &mut Buffer,
        readings: &mut Readings,
        said: &mut Announcements,
    ) -> Vec<EventKind> {
        let mut sums = Sums::new();
        let mut events = Vec::new();
        for (position, member) in members.iter().enumerate().filter(|(_, member)| member.phase == Phase::Live) {
            let sizes = match member.process.smaps_rollup(buffer) {
                Ok(sizes) => sizes,
                // It ended since the fast tier read it.
                Err(error) if error.is_gone() => continue,
                Err(error) => {
                    for metric in [Metric::Pss, Metric::Uss] {
                        events.extend(said.unreadable(metric, || failure(&error)));
                    }
                    if position == 0 {
                        self.readable = Readable::Never;
                    }
                    SmapsRollup::default()
                }
            };
            sums.add_bytes(Metric::Pss, sizes.pss);
            sums.add_bytes(Metric::Uss, sizes.uss);
            if sizes.pss.is_none() {
                // A sum without this part would be a lie, so the other parts need not be paid for.
                break;
            }
        }
        sums.write(readings);
        events
    }
}

fn resident(members: &[Member]) -> Bytes {
    Bytes::new(members.iter().filter_map(|member| member.status.rss).map(Bytes::get).sum())
}
