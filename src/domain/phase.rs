//! The named parts of a run, as the events that begin them tell.

use super::run::{Event, EventKind, Run, Trend};
use super::sample::Elapsed;

/// A part of the run with a name of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phase {
    /// What it is called.
    pub name: String,
    /// When it began.
    pub from: Elapsed,
    /// When the next one began, or the run ended.
    pub to: Elapsed,
    /// Whether its values tell of growth.
    pub trend: Trend,
}

/// The phases that these events begin, in order, the last of which goes on until `end`. One that lasted no time, because
/// the next began at the same instant, is left out.
pub fn phases(events: &[Event], end: Elapsed) -> Vec<Phase> {
    let mut begun: Vec<(Elapsed, &str, Trend)> = events
        .iter()
        .filter_map(|event| match &event.kind {
            EventKind::Phase { name, trend } => Some((event.at, name.as_str(), *trend)),
            _ => None,
        })
        .collect();
    // Threads write events as they get to the record, which may be a little out of order.
    begun.sort_by_key(|(at, ..)| *at);
    let ends: Vec<Elapsed> = begun.iter().skip(1).map(|(at, ..)| *at).chain([end]).collect();
    let phase = |((from, name, trend), to): ((Elapsed, &str, Trend), Elapsed)| {
        let name = name.to_owned();
        Phase { name, from, to, trend }
    };
    begun.into_iter().zip(ends).map(phase).filter(|phase| phase.from < phase.to).collect()
}

impl Run {
    /// The phases of the run, in order; empty where none was named. The last one goes on until the last line of the record.
    pub fn phases(&self) -> Vec<Phase> {
        let sampled = self.samples.last().map(|sample| sample.at);
        let driven = self.traffic.last().map(|tick| tick.at);
        let happened = self.events.iter().map(|event| event.at).max();
        phases(&self.events, sampled.max(driven).max(happened).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::domain::Sample;
    use crate::domain::run::RunEnd;

    fn event(second: u64, kind: EventKind) -> Event {
        Event { at: Elapsed::new(Duration::from_secs(second)), kind }
    }

    fn begins(second: u64, name: &str) -> Event {
        event(second, EventKind::Phase { name: name.to_owned(), trend: Trend::Counts })
    }

    fn told(run: &Run) -> Vec<(String, u64, u64)> {
        let seconds = |at: Elapsed| at.since_start().as_secs();
        run.phases().into_iter().map(|phase| (phase.name, seconds(phase.from), seconds(phase.to))).collect()
    }

    #[test]
    fn a_phase_lasts_until_the_next_begins_or_the_run_ends() {
        let events = vec![
            begins(5, "ramp up"),
            event(7, EventKind::Mark { label: "mark 1".into() }),
            begins(20, "soak"),
            event(90, EventKind::Ended { end: RunEnd::Complete }),
        ];
        let run = Run { events, ..Run::default() };
        assert_eq!(told(&run), [("ramp up".to_owned(), 5, 20), ("soak".to_owned(), 20, 90)]);
        assert_eq!(Run::default().phases(), []);
    }

    #[test]
    fn a_run_that_was_cut_short_ends_its_last_phase_with_its_last_line() {
        let sample = Sample { at: Elapsed::new(Duration::from_mins(1)), ..Sample::default() };
        let run = Run { events: vec![begins(0, "soak")], samples: vec![sample], ..Run::default() };
        assert_eq!(told(&run), [("soak".to_owned(), 0, 60)]);
    }

    #[test]
    fn phases_out_of_order_are_put_in_order_and_one_without_length_is_left_out() {
        let events = vec![begins(20, "b"), begins(10, "a"), begins(20, "c"), begins(30, "d")];
        let run = Run { events, ..Run::default() };
        assert_eq!(told(&run), [("a".to_owned(), 10, 20), ("c".to_owned(), 20, 30)]);
    }
}
