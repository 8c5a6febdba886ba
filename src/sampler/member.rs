//! One watched process and what was last read of it.

use crate::domain::Metric;
use crate::procfs::{Buffer, Comm, Process, ProcfsError, Stat, State, Status};

use super::sums::Sums;

/// A process of the watched tree; the root is one, too.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) process: Process,
    pub(super) status: Status,
    pub(super) phase: Phase,
    fds: Option<u64>,
    cpu: CpuAndFaults,
    program: Program,
}

/// How far a process is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// It has memory, so its readings count.
    Live,
    /// It is ending: its memory is gone, but it is no zombie yet.
    Ending,
    /// It has ended and was not waited for.
    Zombie,
    /// It is gone.
    Gone,
}

/// Whether descriptors are counted at this tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Descriptors {
    Counted,
    LeftOut,
}

/// Totals that only grow while the process lives.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counters {
    pub(super) cpu_ms: u64,
    pub(super) minor_faults: u64,
    pub(super) major_faults: u64,
    pub(super) voluntary_switches: u64,
    pub(super) involuntary_switches: u64,
}

/// The totals that `stat` has.
#[derive(Clone, Copy, Debug, Default)]
struct CpuAndFaults {
    cpu_ms: u64,
    minor_faults: u64,
    major_faults: u64,
}

/// By what an `execve` shows: the name, which a process may also change by itself, and where its stack begins, which is
/// drawn anew for each program (but not told to those who may not trace the process).
#[derive(Clone, Copy, Debug, Default)]
struct Program {
    name: Option<Comm>,
    stack_start: Option<u64>,
}

impl Member {
    pub(super) fn new(process: Process) -> Self {
        Self {
            process,
            status: Status::default(),
            phase: Phase::Live,
            fds: None,
            cpu: CpuAndFaults::default(),
            program: Program::default(),
        }
    }

    /// Reads the fast tier: one read of `status`, one count of descriptors where that is wanted.
    ///
    /// # Errors
    /// Why the descriptors cannot be counted, which leaves the rest of the readings standing.
    pub(super) fn read_fast(&mut self, descriptors: Descriptors, buffer: &mut Buffer) -> Result<(), ProcfsError> {
        self.fds = None;
        self.read_status(buffer);
        if self.phase != Phase::Live || descriptors == Descriptors::LeftOut {
            return Ok(());
        }
        match self.process.fd_count() {
            Ok(0) => {
                // Descriptors are closed after memory is given up (do_exit), so a process that died between the two reads
                // shows 0 here and no memory on a second look.
                self.read_status(buffer);
                self.fds = Some(0);
                Ok(())
            }
            Ok(count) => {
                self.fds = Some(count);
                Ok(())
            }
            Err(error) if error.is_gone() => {
                self.phase = Phase::Gone;
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    fn read_status(&mut self, buffer: &mut Buffer) {
        match self.process.status(buffer) {
            Ok(status) => {
                self.status = status;
                self.phase = match (status.state, status.vms) {
                    (State::Zombie, _) => Phase::Zombie,
                    (_, Some(_)) => Phase::Live,
                    (_, None) => Phase::Ending,
                };
            }
            // Whatever else the kernel says of a file that was open and readable: there is nothing more to read.
            Err(_) => self.phase = Phase::Gone,
        }
    }

    /// Adds what the fast tier read.
    pub(super) fn add_fast(&self, sums: &mut Sums) {
        let status = &self.status;
        sums.add_bytes(Metric::Rss, status.rss);
        sums.add_bytes(Metric::RssAnon, status.rss_anon);
        sums.add_bytes(Metric::RssFile, status.rss_file);
        sums.add_bytes(Metric::RssShmem, status.rss_shmem);
        sums.add_bytes(Metric::Swap, status.swap);
        sums.add_bytes(Metric::Vms, status.vms);
        sums.add(Metric::Threads, status.threads);
        sums.add(Metric::Fds, self.fds);
    }

    /// Reads CPU time and faults, and tells whether the program was replaced since the last such reading.
    ///
    /// # Errors
    /// What the kernel said; a process that is gone keeps its last totals.
    pub(super) fn read_stat(&mut self, buffer: &mut Buffer) -> Result<Replaced, ProcfsError> {
        let stat = self.process.stat(buffer)?;
        self.cpu = CpuAndFaults {
            cpu_ms: u64::try_from(stat.cpu_time.as_millis()).unwrap_or(u64::MAX),
            minor_faults: stat.minor_faults,
            major_faults: stat.major_faults,
        };
        Ok(self.note_program(&stat))
    }

    fn note_program(&mut self, stat: &Stat) -> Replaced {
        if stat.state == State::Zombie {
            return Replaced::No;
        }
        let before =
            std::mem::replace(&mut self.program, Program { name: Some(stat.name), stack_start: stat.stack_start });
        let replaced = match (before.stack_start, stat.stack_start) {
            (Some(before), Some(now)) => before != now,
            _ => before.name.is_some_and(|name| name != stat.name),
        };
        if replaced { Replaced::Yes(stat.name) } else { Replaced::No }
    }

    /// Whether `status` now shows another name than the last reading of `stat`.
    pub(super) fn renamed(&self) -> bool {
        self.phase == Phase::Live && self.program.name.is_some_and(|name| name != self.status.name)
    }

    /// Its totals as last read.
    pub(super) fn counters(&self) -> Counters {
        Counters {
            cpu_ms: self.cpu.cpu_ms,
            minor_faults: self.cpu.minor_faults,
            major_faults: self.cpu.major_faults,
            voluntary_switches: self.status.voluntary_switches.unwrap_or(0),
            involuntary_switches: self.status.involuntary_switches.unwrap_or(0),
        }
    }
}

/// Whether a process runs another program than before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Replaced {
    Yes(Comm),
    No,
}

impl Counters {
    pub(super) fn add(&mut self, other: Self) {
        self.cpu_ms = self.cpu_ms.saturating_add(other.cpu_ms);
        self.minor_faults = self.minor_faults.saturating_add(other.minor_faults);
        self.major_faults = self.major_faults.saturating_add(other.major_faults);
        self.voluntary_switches = self.voluntary_switches.saturating_add(other.voluntary_switches);
        self.involuntary_switches = self.involuntary_switches.saturating_add(other.involuntary_switches);
    }
}
