//! What cannot be read is said once, with the reason and what to do about it.

use std::error::Error;

use crate::domain::Metric;
use crate::domain::run::EventKind;
use crate::procfs::ProcfsError;

/// Which metrics were announced as unreadable.
#[derive(Debug, Default)]
pub(super) struct Announcements {
    said: [bool; Metric::COUNT],
}

impl Announcements {
    /// The event that announces it; `None` where that was done.
    pub(super) fn unreadable(&mut self, metric: Metric, reason: impl FnOnce() -> String) -> Option<EventKind> {
        let said = &mut self.said[metric as usize];
        if std::mem::replace(said, true) {
            return None;
        }
        Some(EventKind::Unreadable { metric: metric.name().to_owned(), reason: reason() })
    }
}

/// Why a line of `status` is missing.
pub(super) fn missing_line(metric: Metric) -> String {
    match metric {
        Metric::RssAnon | Metric::RssFile | Metric::RssShmem => {
            "this kernel does not tell memory by kind; Linux 4.5 and later do".to_owned()
        }
        _ => "this kernel does not print it in the status of a process".to_owned(),
    }
}

/// Why a read failed, with what to do about it.
pub(super) fn failure(error: &ProcfsError) -> String {
    match error {
        ProcfsError::Denied { pid, file, .. } => {
            format!("{file} of process {pid}, which belongs to another user; run soak as that user or as root")
        }
        ProcfsError::Absent { file: "smaps_rollup", .. } => {
            "this kernel has no smaps_rollup; Linux 4.14 and later do".to_owned()
        }
        error => match error.source() {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        },
    }
}
