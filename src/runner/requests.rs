//! What the driver's side of a run keeps besides the record: logs of single requests, and the look-out for too many errors.

use crate::analysis::{ErrorCeiling, ErrorWatch};
use crate::domain::TrafficTick;
use crate::domain::traffic::RequestLine;
use crate::store::{FAILED_REQUESTS_FILE, RequestLog, RunFolder, SLOW_REQUESTS_FILE};

/// Whether the disk has room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    /// As far as is known.
    Some,
    /// Lines of the record wait for some, and come first.
    None,
}

/// The logs of slow and of failed requests.
#[derive(Debug)]
pub(super) struct RequestLogs {
    slow: RequestLog,
    failed: RequestLog,
}

impl RequestLogs {
    /// Logs in a run's folder.
    pub(super) fn new(folder: &RunFolder) -> Self {
        Self {
            slow: RequestLog::new(folder, SLOW_REQUESTS_FILE),
            failed: RequestLog::new(folder, FAILED_REQUESTS_FILE),
        }
    }

    pub(super) fn slow(&mut self, line: &RequestLine, room: Room) {
        keep(&mut self.slow, line, room);
    }

    pub(super) fn failed(&mut self, line: &RequestLine, room: Room) {
        keep(&mut self.failed, line, room);
    }

    /// Says how many lines were given up; `None` where none was.
    pub(super) fn lost(&self) -> Option<String> {
        let lost = self.slow.lost_lines() + self.failed.lost_lines();
        (lost > 0)
            .then(|| format!("{lost} lines of the logs of slow and failed requests could not be written and are lost"))
    }
}

fn keep(log: &mut RequestLog, line: &RequestLine, room: Room) {
    match room {
        Room::Some => log.append(line),
        Room::None => log.give_up(),
    }
}

/// The look-out for too many errors.
#[derive(Debug)]
pub(super) struct ErrorGuards(Vec<ErrorWatch>);

impl ErrorGuards {
    /// A look-out for each of these ceilings.
    pub(super) fn new(ceilings: &[ErrorCeiling]) -> Self {
        Self(ceilings.iter().copied().map(ErrorWatch::new).collect())
    }

    /// Takes a tick, and tells of the first ceiling that is passed with it.
    pub(super) fn see(&mut self, tick: &TrafficTick) -> Option<String> {
        let crossings: Vec<_> = self.0.iter_mut().filter_map(|watch| watch.see(tick)).collect();
        crossings.first().map(ToString::to_string)
    }
}
