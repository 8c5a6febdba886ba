//! What a column's name means: which metric, in which unit, and what its growth is worth.

use crate::domain::{Metric, Role, Unit};

/// What a column is for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Purpose {
    /// The time; the lower the rank, the sooner it is chosen. The scale is seconds per unit where the name tells.
    Time { rank: usize, scale: Option<f64> },
    /// A running total of turns or requests; the lower the rank, the sooner it is chosen.
    Turns { rank: usize },
    /// Users or requests at work.
    Concurrency,
    /// The process id.
    Pid,
    /// A series of its own.
    Series,
    /// The format has it, and this file does not.
    Absent,
}

/// A column: what it is for, and how its values are to be read and judged.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Column {
    /// The name in the file.
    pub(super) header: String,
    pub(super) purpose: Purpose,
    /// The series' name, without unit.
    pub(super) name: String,
    /// The words for a chart's axis.
    pub(super) label: String,
    pub(super) unit: Unit,
    /// What a value is multiplied with to be in `unit`.
    pub(super) scale: f64,
    /// The metric of soak's own that it is.
    pub(super) metric: Option<Metric>,
    /// Whether it is a sum over a tree of processes.
    pub(super) tree: bool,
    /// What growth means; `None` for a column that soak does not know, which the other columns decide.
    pub(super) role: Option<Role>,
    /// Whether the name or the format tells the unit.
    pub(super) unit_told: bool,
    /// Whether -1 means "could not be read", as in pidstat's fd-nr.
    pub(super) minus_one_is_missing: bool,
}

/// Names of a time column, the most telling first.
const TIMES: [&str; 10] =
    ["elapsed", "t", "elapsed_time", "time", "timestamp", "ts", "datetime", "epoch", "wtime", "date"];

const TIME_UNITS: [(&str, f64); 11] = [
    ("s", 1.0),
    ("sec", 1.0),
    ("secs", 1.0),
    ("seconds", 1.0),
    ("ms", 1e-3),
    ("us", 1e-6),
    ("ns", 1e-9),
    ("min", 60.0),
    ("minutes", 60.0),
    ("h", 3600.0),
    ("hours", 3600.0),
];

const TURNS: [&str; 4] = ["turns", "requests", "requests_total", "http_requests_total"];

const CONCURRENCY: [&str; 6] = ["concurrency", "conc", "users", "vus", "in_flight", "inflight"];

/// Suffixes that tell a unit. "kb" is KiB as in /proc, and "mb" MiB as in psrecord.
const UNITS: [(&str, Unit, f64); 17] = [
    ("bytes", Unit::Bytes, 1.0),
    ("kb", Unit::Bytes, 1024.0),
    ("kib", Unit::Bytes, 1024.0),
    ("mb", Unit::Bytes, 1_048_576.0),
    ("mib", Unit::Bytes, 1_048_576.0),
    ("gb", Unit::Bytes, 1_073_741_824.0),
    ("gib", Unit::Bytes, 1_073_741_824.0),
    ("tb", Unit::Bytes, 1_099_511_627_776.0),
    ("tib", Unit::Bytes, 1_099_511_627_776.0),
    ("ns", Unit::Milliseconds, 1e-6),
    ("us", Unit::Milliseconds, 1e-3),
    ("ms", Unit::Milliseconds, 1.0),
    ("s", Unit::Milliseconds, 1000.0),
    ("sec", Unit::Milliseconds, 1000.0),
    ("seconds", Unit::Milliseconds, 1000.0),
    ("count", Unit::Count, 1.0),
    ("total", Unit::Number, 1.0),
];

/// Other names of soak's metrics: /proc's, psutil's, pidstat's, prmon's and Prometheus'.
const ALIASES: [(&str, Metric); 36] = [
    ("vm_rss", Metric::Rss),
    ("res", Metric::Rss),
    ("resident", Metric::Rss),
    ("resident_memory", Metric::Rss),
    ("process_resident_memory", Metric::Rss),
    ("real", Metric::Rss),
    ("mem_real", Metric::Rss),
    ("memory_rss", Metric::Rss),
    ("anon", Metric::RssAnon),
    ("vm_swap", Metric::Swap),
    ("swap_used", Metric::Swap),
    ("vsz", Metric::Vms),
    ("vmem", Metric::Vms),
    ("vsize", Metric::Vms),
    ("vm_size", Metric::Vms),
    ("virtual", Metric::Vms),
    ("mem_virtual", Metric::Vms),
    ("process_virtual_memory", Metric::Vms),
    ("nthreads", Metric::Threads),
    ("num_threads", Metric::Threads),
    ("thread", Metric::Threads),
    ("process_threads", Metric::Threads),
    ("fd", Metric::Fds),
    ("fd_nr", Metric::Fds),
    ("nfds", Metric::Fds),
    ("num_fds", Metric::Fds),
    ("open_fds", Metric::Fds),
    ("open_files", Metric::Fds),
    ("process_open_fds", Metric::Fds),
    ("nproc", Metric::Procs),
    ("nprocs", Metric::Procs),
    ("processes", Metric::Procs),
    ("process_cpu", Metric::CpuTime),
    ("minflt", Metric::MinorFaults),
    ("majflt", Metric::MajorFaults),
    ("process_max_fds", Metric::FdLimit),
];

/// Totals and gauges that are known and not judged: they grow by their nature, or say nothing of a leak.
const CONTEXT: [&str; 25] = [
    "requests_in_flight",
    "requests_waiting",
    "errors",
    "failures",
    "cpu",
    "cpu_percent",
    "cpu_ticks",
    "pcpu",
    "mem_percent",
    "pmem",
    "utime",
    "stime",
    "uptime",
    "read_count",
    "write_count",
    "read",
    "write",
    "read_bytes",
    "write_bytes",
    "rchar",
    "wchar",
    "rx_bytes",
    "tx_bytes",
    "rx_packets",
    "tx_packets",
];

impl Column {
    /// What a column of this name is. `size_unit` is the scale of memory columns that do not tell their unit, where the
    /// format does.
    pub(super) fn named(header: &str, size_unit: Option<f64>) -> Self {
        let key = key_of(header);
        if let Some(purpose) = special(&key) {
            return Self::plain(header, &key, purpose);
        }
        let (tree, rest) = match key.strip_prefix("tree_") {
            Some(rest) if !rest.is_empty() => (true, rest),
            _ => (false, key.as_str()),
        };
        let (base, told) = split_unit(rest);
        if let Some(metric) = metric_of(rest, base, told) {
            return Self::metric(header, metric, tree, told, size_unit);
        }
        if rest == "close_wait" {
            return Self::close_wait(header, tree);
        }
        let context = told.is_some_and(|(suffix, ..)| suffix == "total")
            || CONTEXT.contains(&rest)
            || CONTEXT.contains(&base)
            || TURNS.contains(&rest);
        let mut column = Self::plain(header, if base.is_empty() { &key } else { base }, Purpose::Series);
        column.tree = tree;
        if tree {
            column.name.insert_str(0, "tree_");
        }
        if let Some((_, unit, scale)) = told {
            (column.unit, column.scale, column.unit_told) = (unit, scale, unit != Unit::Number);
        }
        column.role = context.then_some(Role::Context);
        column
    }

    /// A column of one of soak's metrics whose values are `scale` of the metric's unit.
    pub(super) fn known(header: &str, metric: Metric, scale: f64) -> Self {
        let mut column = Self::metric(header, metric, false, None, Some(scale));
        (column.scale, column.unit_told) = (scale, true);
        column
    }

    /// The same for a sum over a tree of processes.
    pub(super) fn known_of_tree(header: &str, metric: Metric, scale: f64) -> Self {
        let mut column = Self::metric(header, metric, true, None, Some(scale));
        (column.scale, column.unit_told) = (scale, true);
        column
    }

    fn metric(
        header: &str,
        metric: Metric,
        tree: bool,
        told: Option<(&str, Unit, f64)>,
        size_unit: Option<f64>,
    ) -> Self {
        let scale = match (metric.unit(), told) {
            (_, Some((_, _, scale))) => scale,
            (Unit::Bytes, None) => size_unit.unwrap_or(1.0),
            (_, None) => 1.0,
        };
        let (prefix, suffix) = if tree { ("tree_", " of the tree") } else { ("", "") };
        Self {
            header: header.trim().to_owned(),
            purpose: Purpose::Series,
            name: format!("{prefix}{}", metric.name()),
            label: format!("{}{suffix}", metric.label()),
            unit: metric.unit(),
            scale,
            metric: Some(metric),
            tree,
            role: Some(metric.role()),
            unit_told: metric.unit() != Unit::Bytes || told.is_some() || size_unit.is_some(),
            minus_one_is_missing: false,
        }
    }

    fn close_wait(header: &str, tree: bool) -> Self {
        let mut column = Self::plain(header, if tree { "tree_close_wait" } else { "close_wait" }, Purpose::Series);
        column.label = format!("Sockets in CLOSE_WAIT{}", if tree { " of the tree" } else { "" });
        (column.unit, column.role, column.tree, column.unit_told) = (Unit::Count, Some(Role::Decides), tree, true);
        column
    }

    fn plain(header: &str, name: &str, purpose: Purpose) -> Self {
        Self {
            header: header.trim().to_owned(),
            purpose,
            name: name.to_owned(),
            label: header.trim().trim_start_matches('#').trim().to_owned(),
            unit: Unit::Number,
            scale: 1.0,
            metric: None,
            tree: false,
            role: None,
            unit_told: false,
            minus_one_is_missing: false,
        }
    }
}

/// Whether a name can be a time column's.
pub(super) fn names_a_time(header: &str) -> bool {
    matches!(special(&key_of(header)), Some(Purpose::Time { .. }))
}

fn special(key: &str) -> Option<Purpose> {
    // soak's own tables number the programs that the target was, for its process id stays.
    if key == "pid" || key == "incarnation" {
        return Some(Purpose::Pid);
    }
    if CONCURRENCY.contains(&key) {
        return Some(Purpose::Concurrency);
    }
    if let Some(rank) = TURNS.iter().position(|name| *name == key) {
        return Some(Purpose::Turns { rank });
    }
    if let Some(rank) = TIMES.iter().position(|name| *name == key) {
        return Some(Purpose::Time { rank: 2 * rank + 1, scale: None });
    }
    let (base, suffix) = key.rsplit_once('_')?;
    let rank = TIMES.iter().position(|name| *name == base)?;
    let (_, scale) = TIME_UNITS.iter().find(|(name, _)| *name == suffix)?;
    Some(Purpose::Time { rank: 2 * rank, scale: Some(*scale) })
}

/// The name without its unit, and the unit. A name that is nothing but a unit (`mb`) keeps an empty base.
fn split_unit(key: &str) -> (&str, Option<(&'static str, Unit, f64)>) {
    let (base, suffix) = key.rsplit_once('_').unwrap_or(("", key));
    match UNITS.iter().find(|(name, unit, _)| *name == suffix && (!base.is_empty() || *unit == Unit::Bytes)) {
        Some(&unit) => (base, Some(unit)),
        None => (key, None),
    }
}

fn metric_of(key: &str, base: &str, told: Option<(&str, Unit, f64)>) -> Option<Metric> {
    let find = |name: &str| {
        Metric::from_name(name).or_else(|| ALIASES.iter().find(|(alias, _)| *alias == name).map(|&(_, metric)| metric))
    };
    let metric = find(key).or_else(|| find(base))?;
    let fits = told.is_none_or(|(_, unit, _)| unit == metric.unit()) || find(key).is_some();
    fits.then_some(metric)
}

/// A name in small letters with words apart by one underscore: `RSS (MB)` is `rss_mb`, and `heapUsed` is `heap_used`.
fn key_of(header: &str) -> String {
    let words = header.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let words: Vec<String> = words.map(word_of).collect();
    words.join("_")
}

fn word_of(word: &str) -> String {
    let small = word.to_lowercase();
    // "kB" and "MiB" are one word.
    if UNITS.iter().any(|(unit, ..)| *unit == small) {
        return small;
    }
    let mut key = String::with_capacity(word.len() + 1);
    let mut before = '_';
    for c in word.chars() {
        if c.is_uppercase() && before.is_lowercase() {
            key.push('_');
        }
        key.extend(c.to_lowercase());
        before = c;
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(header: &str) -> (String, Unit, f64, Option<Role>) {
        let column = Column::named(header, None);
        assert_eq!(column.purpose, Purpose::Series, "{header}");
        (column.name, column.unit, column.scale, column.role)
    }

    #[test]
    fn every_wire_name_of_the_record_is_its_metric() {
        for metric in Metric::all() {
            let column = Column::named(metric.wire_name(), None);
            assert_eq!((column.metric, column.scale), (Some(metric), 1.0), "{}", metric.wire_name());
            assert_eq!(column.role, Some(metric.role()));
        }
    }

    #[test]
    fn suffixes_tell_the_unit() {
        assert_eq!(series("rss_kb"), ("rss".into(), Unit::Bytes, 1024.0, Some(Role::Beside)));
        assert_eq!(series("RSS (MB)"), ("rss".into(), Unit::Bytes, 1_048_576.0, Some(Role::Beside)));
        assert_eq!(series("heapUsed"), ("heap_used".into(), Unit::Number, 1.0, None));
        assert_eq!(series("heap_used_mib"), ("heap_used".into(), Unit::Bytes, 1_048_576.0, None));
        assert_eq!(series("p99_ms"), ("p99".into(), Unit::Milliseconds, 1.0, None));
        assert_eq!(series("mb"), ("mb".into(), Unit::Bytes, 1_048_576.0, None));
        assert_eq!(series("value"), ("value".into(), Unit::Number, 1.0, None));
    }

    #[test]
    fn sums_over_a_tree_keep_their_prefix_and_the_metric_keeps_its_role() {
        assert_eq!(series("tree_anon_kb"), ("tree_rss_anon".into(), Unit::Bytes, 1024.0, Some(Role::Decides)));
        assert_eq!(series("tree_zombies"), ("tree_zombies".into(), Unit::Count, 1.0, Some(Role::Decides)));
        assert_eq!(series("tree_close_wait"), ("tree_close_wait".into(), Unit::Count, 1.0, Some(Role::Decides)));
    }

    #[test]
    fn totals_are_context() {
        for header in ["errors", "cpu_ticks", "CPU (%)", "read_bytes", "rchar", "gc_runs_total", "swap", "utime_s"] {
            assert_eq!(Column::named(header, None).role, Some(Role::Context), "{header}");
        }
    }

    #[test]
    fn the_load_and_the_process_have_columns_of_their_own() {
        assert!(matches!(Column::named("elapsed_s", None).purpose, Purpose::Time { rank: 0, scale: Some(1.0) }));
        assert!(matches!(Column::named("Time", None).purpose, Purpose::Time { scale: None, .. }));
        assert_eq!(Column::named("turns", None).purpose, Purpose::Turns { rank: 0 });
        assert_eq!(Column::named("requests", None).purpose, Purpose::Turns { rank: 1 });
        assert_eq!(Column::named("conc", None).purpose, Purpose::Concurrency);
        assert_eq!(Column::named("PID", None).purpose, Purpose::Pid);
    }
}
