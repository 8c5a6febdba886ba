//! When snapshots of the heap are taken: the first where the run has settled, the others so that growth can be told from a
//! cache that fills.

use std::time::Duration;

/// Into how many parts a run of known length is divided by its snapshots, the one at the end among them.
const PARTS: u32 = 6;
/// The first snapshot comes no earlier than this part of a run of known length: what was seen to be settled by then was
/// watched for long enough to mean something beside the rest, and the tracer has met what turns over.
const EARLIEST: u32 = 12;
/// ... and no later than this part, so that most of the run lies between snapshots whether it was seen to settle or not.
const LATEST: u32 = 3;
/// How often it is looked whether the run has settled: a part of its length. There are a dozen looks between the two.
const LOOKS: u32 = 48;
/// In a run whose length nobody knows, when the first snapshot is taken where no warm-up is set.
const FIRST: Duration = Duration::from_secs(30);
/// ... and the longest time between two.
const LONGEST_GAP: Duration = Duration::from_hours(1);

/// What the time comes for next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// A look at whether the run has settled: then the first snapshot is due.
    Look(Duration),
    /// A snapshot.
    Snapshot(Duration),
}

impl Due {
    /// When.
    pub(super) fn at(self) -> Duration {
        match self {
            Self::Look(at) | Self::Snapshot(at) => at,
        }
    }
}

/// When snapshots are taken, the last one at the end not counted. All times are of the run.
///
/// A run of known length has its first one where the user's warm-up is over, else as soon as it was seen to have settled,
/// between a twelfth and a third of it, and is divided evenly from there. One of unknown length has each after twice the
/// time of the one before, since growth is told from a cache that fills by doubling the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::runner) struct Cadence {
    length: Option<Duration>,
    warm_up: Option<Duration>,
    /// When tracing began: before, there is nothing to take.
    since: Duration,
    looked: Option<Duration>,
    first: Option<Duration>,
    last: Duration,
    asked: u32,
}

impl Cadence {
    /// For a run of this length, where it is known, and this warm-up, where the user has set one.
    pub(in crate::runner) fn new(length: Option<Duration>, warm_up: Option<Duration>) -> Self {
        let warm_up = warm_up.filter(|&warm_up| length.is_none_or(|length| warm_up < length));
        let since = Duration::ZERO;
        Self { length, warm_up, since, looked: None, first: None, last: since, asked: 0 }
    }

    /// The same from the moment on when tracing began.
    pub(super) fn begun(self, now: Duration) -> Self {
        Self { since: now, last: now, ..Self::new(self.length, self.warm_up) }
    }

    /// The same where tracing began anew: what came before cannot be compared with what comes. One that begins anew more
    /// often than there are parts, or in the last of them, keeps the times that it had.
    pub(super) fn begun_anew(self, now: Duration) -> Self {
        let part = self.length.map_or(FIRST, |length| length / PARTS);
        let is_late = self.length.is_some_and(|length| length.saturating_sub(now) < part);
        if is_late || now.saturating_sub(self.since) < part { self } else { self.begun(now) }
    }

    /// What is due next.
    pub(super) fn next(&self) -> Option<Due> {
        match (self.first, self.length) {
            (None, _) => Some(self.first_due()),
            (Some(_), None) => {
                let gap = self.last.saturating_sub(self.since).clamp(FIRST, LONGEST_GAP);
                Some(Due::Snapshot(self.last + gap))
            }
            (Some(first), Some(length)) => {
                let due = first + length.saturating_sub(first) / (PARTS - 1) * self.asked;
                // The end has one of its own.
                (self.asked < PARTS - 1).then_some(Due::Snapshot(due))
            }
        }
    }

    fn first_due(&self) -> Due {
        let after = |part: Duration| self.since + part;
        if let Some(warm_up) = self.warm_up {
            // Where tracing began late, what turns over has still to be met.
            let soonest = self.length.map_or(FIRST, |length| length.saturating_sub(self.since) / EARLIEST);
            return Due::Snapshot(warm_up.max(after(soonest.min(self.since))));
        }
        let Some(length) = self.length else { return Due::Snapshot(after(FIRST)) };
        let left = length.saturating_sub(self.since);
        let look = self.looked.map_or(after(left / EARLIEST), |looked| looked + left / LOOKS);
        let latest = after(left / LATEST);
        if look < latest { Due::Look(look) } else { Due::Snapshot(latest) }
    }

    /// Whether the first snapshot stands where the user says that warm-up is over.
    pub(super) fn is_told(&self) -> bool {
        self.warm_up.is_some()
    }

    /// A look found that the run has not settled yet.
    pub(super) fn looked(&mut self, now: Duration) {
        self.looked = Some(now);
    }

    /// A snapshot was due, and was taken if that could be done.
    pub(super) fn asked(&mut self, now: Duration) {
        self.first.get_or_insert(now);
        self.last = now;
        self.asked += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    fn of(length: Option<u64>, warm_up: Option<u64>) -> Cadence {
        Cadence::new(length.map(seconds), warm_up.map(seconds))
    }

    /// The times of the first so many snapshots in seconds, of a run that is seen to have settled by then.
    fn times(mut cadence: Cadence, settled: u64, many: usize) -> Vec<u64> {
        let mut times = Vec::new();
        while let Some(due) = cadence.next()
            && times.len() < many
        {
            let at = due.at();
            if matches!(due, Due::Look(_)) && at < seconds(settled) {
                cadence.looked(at);
            } else {
                cadence.asked(at);
                times.push(at.as_secs());
            }
        }
        times
    }

    #[test]
    fn a_run_of_known_length_is_divided_evenly_from_where_it_has_settled() {
        assert_eq!(times(of(Some(600), None), 100, 99), [100, 200, 300, 400, 500]);
        // Neither before a twelfth nor after a third.
        assert_eq!(times(of(Some(600), None), 0, 99), [50, 160, 270, 380, 490]);
        assert_eq!(times(of(Some(600), None), 550, 99), [200, 280, 360, 440, 520]);
    }

    #[test]
    fn a_warm_up_that_the_user_sets_needs_no_look() {
        assert_eq!(times(of(Some(600), Some(100)), 0, 99), [100, 200, 300, 400, 500]);
        assert!(of(Some(600), Some(100)).is_told());
        // A warm-up that is longer than the run is the judge's to complain about.
        assert!(!of(Some(60), Some(70)).is_told());
    }

    #[test]
    fn it_is_looked_a_dozen_times_and_no_more() {
        let (mut cadence, mut looks) = (of(Some(28_800), None), 0);
        while let Some(Due::Look(at)) = cadence.next() {
            cadence.looked(at);
            looks += 1;
        }
        assert_eq!(looks, 12);
    }

    #[test]
    fn a_run_of_unknown_length_doubles_its_time_until_it_takes_one_an_hour() {
        assert_eq!(times(of(None, None), 0, 4), [30, 60, 120, 240]);
        let long = times(of(None, Some(600)), 0, 12);
        assert_eq!((long[0], long[1], long[11] - long[10]), (600, 1200, 3600));
    }

    #[test]
    fn what_is_left_is_divided_where_tracing_begins_late() {
        let late = |cadence: Cadence| cadence.begun(seconds(240));
        assert_eq!(times(late(of(Some(600), None)), 0, 99), [270, 336, 402, 468, 534]);
        assert_eq!(times(late(of(Some(600), Some(100))), 0, 99), [270, 336, 402, 468, 534]);
        assert_eq!(times(late(of(None, None)), 0, 4), [270, 300, 360, 480]);
        assert_eq!(times(late(of(None, Some(100))), 0, 2), [270, 300]);
    }

    #[test]
    fn tracing_that_begins_anew_has_its_own_snapshots_but_not_without_end() {
        let run = of(Some(600), None);
        assert_eq!(run.begun_anew(seconds(240)), run.begun(seconds(240)));
        for too_soon_or_late in [50, 550] {
            assert_eq!(run.begun_anew(seconds(too_soon_or_late)), run);
        }
    }
}
