//! The parts of a run that somebody marked as disturbances: the trend leaves them out, the ceilings do not.

use super::phase;
use super::run::{Edge, Event, EventKind, Run, Trend};
use super::sample::Elapsed;

/// A part of the run that the trend leaves out.
#[derive(Clone, Debug, PartialEq)]
pub struct Disturbance {
    /// What it is called.
    pub label: String,
    /// When it began, in seconds since the start.
    pub from_s: f64,
    /// When it was over, in seconds since the start.
    pub to_s: f64,
}

impl Run {
    /// What these events mark as disturbances, in order: what somebody marked while the run went on, and phases that the
    /// profile says are none of the trend. One that was not ended goes on for ever.
    pub fn disturbances(&self) -> Vec<Disturbance> {
        let never = Elapsed::from_secs_f64(f64::from(u32::MAX));
        let mut all: Vec<Disturbance> = phase::phases(&self.events, never)
            .into_iter()
            .filter(|phase| phase.trend == Trend::LeftOut)
            .map(|phase| disturbance(&phase.name, phase.from, phase.to))
            .collect();
        let edges = self.events.iter().filter_map(|Event { at, kind }| match kind {
            EventKind::Disturbance { label, edge } => Some((*at, label, *edge)),
            _ => None,
        });
        let mut open: Option<(Elapsed, &String)> = None;
        for (at, label, edge) in edges {
            match (edge, open) {
                (Edge::Begin, None) => open = Some((at, label)),
                (Edge::End, Some((from, label))) => {
                    all.push(disturbance(label, from, at));
                    open = None;
                }
                // One that has begun begins only once, and what never began does not end.
                (Edge::Begin, Some(_)) | (Edge::End, None) => {}
            }
        }
        all.extend(open.map(|(from, label)| disturbance(label, from, never)));
        all.sort_by(|earlier, later| earlier.from_s.total_cmp(&later.from_s));
        all
    }
}

fn disturbance(label: &str, from: Elapsed, to: Elapsed) -> Disturbance {
    Disturbance { label: label.to_owned(), from_s: from.as_secs_f64(), to_s: to.as_secs_f64() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(second: f64, kind: EventKind) -> Event {
        Event { at: Elapsed::from_secs_f64(second), kind }
    }

    fn edge(second: f64, edge: Edge) -> Event {
        event(second, EventKind::Disturbance { label: "deploy".into(), edge })
    }

    fn phase(second: f64, name: &str, trend: Trend) -> Event {
        event(second, EventKind::Phase { name: name.into(), trend })
    }

    fn spans(events: Vec<Event>) -> Vec<(String, f64, f64)> {
        let run = Run { events, ..Run::default() };
        let span = |one: Disturbance| (one.label, one.from_s, one.to_s.min(1000.0));
        run.disturbances().into_iter().map(span).collect()
    }

    #[test]
    fn a_disturbance_lasts_from_its_mark_to_its_end() {
        let events = vec![edge(5.0, Edge::Begin), edge(9.0, Edge::End), edge(20.0, Edge::Begin)];
        assert_eq!(spans(events), [("deploy".into(), 5.0, 9.0), ("deploy".into(), 20.0, 1000.0)]);
    }

    #[test]
    fn an_edge_without_the_other_side_changes_nothing() {
        let events = vec![edge(1.0, Edge::End), edge(5.0, Edge::Begin), edge(6.0, Edge::Begin), edge(9.0, Edge::End)];
        assert_eq!(spans(events), [("deploy".into(), 5.0, 9.0)]);
    }

    #[test]
    fn a_phase_is_a_disturbance_where_the_profile_says_so() {
        let events = vec![
            phase(0.0, "soak", Trend::Counts),
            phase(60.0, "spike", Trend::LeftOut),
            edge(70.0, Edge::Begin),
            phase(90.0, "again", Trend::Counts),
            edge(95.0, Edge::End),
        ];
        assert_eq!(spans(events), [("spike".into(), 60.0, 90.0), ("deploy".into(), 70.0, 95.0)]);
    }
}
