//! What happened at one instant, in the few words that have room beside a line in a picture.

use super::run::{Edge, Event, EventKind, RunEnd, TargetEnd};
use super::series::SeriesSet;

/// One instant worth a line through all panels.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// Seconds since the start.
    pub at_s: f64,
    /// The words beside it.
    pub label: String,
}

/// The marks of a run, in the order of its events. A target that soak stopped, metrics that cannot be read and totals are
/// told elsewhere, phases are no instants, and the processes of a tree come and go too often for words.
pub fn of_events(events: &[Event]) -> Vec<Mark> {
    let mark = |event: &Event| Some(Mark { at_s: event.at.as_secs_f64(), label: label(&event.kind)? });
    events.iter().filter_map(mark).collect()
}

/// The marks of a file of series: where they pass from one process to another.
pub fn of_series(set: &SeriesSet) -> Vec<Mark> {
    let Some(incarnation) = &set.incarnation else { return Vec::new() };
    let changes = incarnation.windows(2).zip(set.elapsed_s.iter().skip(1));
    changes
        .filter(|(pair, _)| pair[0].is_finite() && pair[1].is_finite() && pair[0].total_cmp(&pair[1]).is_ne())
        .map(|(_, &at_s)| Mark { at_s, label: "another process".to_owned() })
        .collect()
}

fn label(kind: &EventKind) -> Option<String> {
    match kind {
        EventKind::Exec { name } => Some(format!("new program: {name}")),
        EventKind::Note { text } => Some(text.clone()),
        EventKind::Mark { label } | EventKind::Disturbance { label, edge: Edge::Begin } => Some(label.clone()),
        EventKind::Ended { end: RunEnd::TargetEnded(end) } => Some(ended(end)),
        EventKind::Ended { end: RunEnd::CeilingCrossed { .. } } => Some("ceiling crossed".to_owned()),
        EventKind::Ended { end: RunEnd::Interrupted } => Some("ended by the user".to_owned()),
        EventKind::Ended { end: RunEnd::Complete }
        | EventKind::TargetStopped { .. }
        | EventKind::Unreadable { .. }
        | EventKind::TreeChanged { .. }
        | EventKind::Phase { .. }
        | EventKind::Disturbance { edge: Edge::End, .. }
        | EventKind::Traffic(_)
        | EventKind::Cost(_) => None,
    }
}

fn ended(end: &TargetEnd) -> String {
    match end {
        TargetEnd::Exited { code } => format!("target exited with code {code}"),
        TargetEnd::Killed { out_of_memory: true, .. } => "target killed: out of memory".to_owned(),
        TargetEnd::Killed { signal, .. } => format!("target killed by signal {signal}"),
        TargetEnd::Vanished { out_of_memory: true } => "target gone: out of memory".to_owned(),
        TargetEnd::Vanished { out_of_memory: false } => "target gone".to_owned(),
    }
}
