//! The table of everything that a sample can hold: one row a metric.
//!
//! Adding a metric is one row here, one read in `procfs`, one fixture. The names are the kernel's and psutil's; the wire
//! name carries the unit as its suffix and is the same in the record, in a CSV's header and in the report.

use serde::{Deserialize, Serialize};

/// What a number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// Bytes.
    Bytes,
    /// Whole things: threads, descriptors, faults.
    Count,
    /// Milliseconds.
    Milliseconds,
    /// A plain number whose unit soak was not told.
    Number,
}

/// What a metric's growth means for the verdict of the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Judged, and its finding decides the run's verdict.
    Decides,
    /// Judged and shown beside the deciding ones, but fails no run by itself. `rss` is so where `rss_anon` was read: it
    /// falls when the kernel reclaims file pages and counts shared pages.
    Beside,
    /// Recorded and drawn, not judged: a total that grows by its nature, or a limit.
    Context,
}

/// How the readings of several processes make one (`--tree`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Combine {
    /// Add them up.
    Sum,
    /// It belongs to the root of the tree alone, such as a limit.
    Root,
}

/// One thing that a sample may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(usize)]
pub enum Metric {
    /// Resident set size, `VmRSS`.
    Rss,
    /// Resident anonymous memory, `RssAnon`.
    RssAnon,
    /// Resident file mappings, `RssFile`.
    RssFile,
    /// Resident shared memory, `RssShmem`.
    RssShmem,
    /// Swapped-out anonymous memory, `VmSwap`.
    Swap,
    /// Virtual memory size, `VmSize`.
    Vms,
    /// Threads.
    Threads,
    /// Open file descriptors.
    Fds,
    /// Live processes of the tree.
    Procs,
    /// Zombies of the tree: ended, not yet waited for.
    Zombies,
    /// Proportional set size, `Pss` of `smaps_rollup`.
    Pss,
    /// Unique set size: private clean and dirty pages of `smaps_rollup`.
    Uss,
    /// CPU time used so far, user and system.
    CpuTime,
    /// Minor page faults so far.
    MinorFaults,
    /// Major page faults so far.
    MajorFaults,
    /// Voluntary context switches of the main thread so far.
    VoluntarySwitches,
    /// Involuntary context switches of the main thread so far.
    InvoluntarySwitches,
    /// Memory charged to the target's cgroup.
    CgroupMemory,
    /// Anonymous memory charged to the target's cgroup.
    CgroupAnon,
    /// The cgroup's memory limit.
    CgroupMemoryLimit,
    /// The soft limit on open files.
    FdLimit,
    /// The limit on threads: the lower of the cgroup's `pids.max` and the soft limit on processes.
    ThreadLimit,
}

struct Row {
    metric: Metric,
    name: &'static str,
    wire: &'static str,
    label: &'static str,
    unit: Unit,
    role: Role,
    combine: Combine,
}

const fn row(
    metric: Metric,
    name: &'static str,
    wire: &'static str,
    label: &'static str,
    unit: Unit,
    role: Role,
    combine: Combine,
) -> Row {
    Row { metric, name, wire, label, unit, role, combine }
}

use Combine::{Root, Sum};
use Role::{Beside, Context, Decides};
use Unit::{Bytes, Count, Milliseconds};

/// The rows stand in the order of the enum, which a test holds.
#[rustfmt::skip]
const TABLE: [Row; Metric::COUNT] = [
    row(Metric::Rss, "rss", "rss_bytes", "Resident memory, RSS", Bytes, Beside, Sum),
    row(Metric::RssAnon, "rss_anon", "rss_anon_bytes", "Anonymous memory", Bytes, Decides, Sum),
    row(Metric::RssFile, "rss_file", "rss_file_bytes", "Resident file pages", Bytes, Context, Sum),
    row(Metric::RssShmem, "rss_shmem", "rss_shmem_bytes", "Resident shared memory", Bytes, Beside, Sum),
    row(Metric::Swap, "swap", "swap_bytes", "Swap", Bytes, Context, Sum),
    row(Metric::Vms, "vms", "vms_bytes", "Virtual memory", Bytes, Beside, Sum),
    row(Metric::Threads, "threads", "threads", "Threads", Count, Decides, Sum),
    row(Metric::Fds, "fds", "fds", "File descriptors", Count, Decides, Sum),
    row(Metric::Procs, "procs", "procs", "Processes", Count, Decides, Sum),
    row(Metric::Zombies, "zombies", "zombies", "Zombies", Count, Decides, Sum),
    row(Metric::Pss, "pss", "pss_bytes", "Proportional memory, PSS", Bytes, Beside, Sum),
    row(Metric::Uss, "uss", "uss_bytes", "Unique memory, USS", Bytes, Beside, Sum),
    row(Metric::CpuTime, "cpu_time", "cpu_time_ms", "CPU time", Milliseconds, Context, Sum),
    row(Metric::MinorFaults, "minor_faults", "minor_faults", "Minor faults", Count, Context, Sum),
    row(Metric::MajorFaults, "major_faults", "major_faults", "Major faults", Count, Context, Sum),
    row(Metric::VoluntarySwitches, "voluntary_switches", "voluntary_switches", "Voluntary context switches (main thread)", Count, Context, Sum),
    row(Metric::InvoluntarySwitches, "involuntary_switches", "involuntary_switches", "Involuntary context switches (main thread)", Count, Context, Sum),
    row(Metric::CgroupMemory, "cgroup_memory", "cgroup_memory_bytes", "Cgroup memory", Bytes, Beside, Root),
    row(Metric::CgroupAnon, "cgroup_anon", "cgroup_anon_bytes", "Cgroup anonymous memory", Bytes, Beside, Root),
    row(Metric::CgroupMemoryLimit, "cgroup_memory_limit", "cgroup_memory_limit_bytes", "Cgroup memory limit", Bytes, Context, Root),
    row(Metric::FdLimit, "fd_limit", "fd_limit", "Limit on open files", Count, Context, Root),
    row(Metric::ThreadLimit, "thread_limit", "thread_limit", "Limit on threads", Count, Context, Root),
];

impl Metric {
    /// How many metrics there are.
    pub const COUNT: usize = Self::ThreadLimit as usize + 1;

    /// Every metric, in the order in which reports show them.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|row| row.metric)
    }

    /// The name in reports and on the command line, without a unit: `rss_anon`.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// The name in the record and in CSV headers, with its unit as suffix: `rss_anon_bytes`.
    pub fn wire_name(self) -> &'static str {
        self.row().wire
    }

    /// The words on a chart's axis: `Anonymous memory`.
    pub fn label(self) -> &'static str {
        self.row().label
    }

    /// What the numbers count.
    pub fn unit(self) -> Unit {
        self.row().unit
    }

    /// What growth of it means for the run.
    pub fn role(self) -> Role {
        self.row().role
    }

    /// How the readings of a tree's processes make one.
    pub fn combine(self) -> Combine {
        self.row().combine
    }

    /// The metric of this plain name (`rss`), if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::all().find(|metric| metric.name() == name)
    }

    /// The metric of this wire name (`rss_bytes`), if there is one.
    pub fn from_wire_name(name: &str) -> Option<Self> {
        Self::all().find(|metric| metric.wire_name() == name)
    }

    /// The metric whose reading is this one's ceiling, if there is such a metric.
    pub fn limit(self) -> Option<Self> {
        match self {
            Self::Fds => Some(Self::FdLimit),
            Self::Threads => Some(Self::ThreadLimit),
            Self::Rss | Self::RssAnon | Self::CgroupMemory | Self::CgroupAnon => Some(Self::CgroupMemoryLimit),
            _ => None,
        }
    }

    fn row(self) -> &'static Row {
        &TABLE[self as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_stands_in_the_order_of_the_enum() {
        for (position, row) in TABLE.iter().enumerate() {
            assert_eq!(row.metric as usize, position, "{}", row.name);
        }
    }

    #[test]
    fn every_name_finds_its_metric_and_no_two_share_one() {
        for metric in Metric::all() {
            assert_eq!(Metric::from_name(metric.name()), Some(metric));
            assert_eq!(Metric::from_wire_name(metric.wire_name()), Some(metric));
        }
    }
}
