//! Every span of a length, sliding by one window: a minute that was bad is not made good by an hour that was not.

use crate::domain::objective::{Objective, Quantity, WorstSpan};
use crate::domain::traffic::Window;

use super::reading::{Lack, Reading, read};
use super::tally::{Selection, Tally};
use super::timeline::{SLACK_S, Stretch, holds, joined};

/// The usual length of a window of the record, in seconds: how far a span slides where no window begins.
const WINDOW_S: f64 = 10.0;

/// What all spans say.
#[derive(Debug)]
pub(super) struct Slid {
    /// The worst span.
    pub(super) worst: WorstSpan,
    /// What it rests on.
    pub(super) basis: u64,
    /// Spans that hold.
    pub(super) held: usize,
    /// Spans that could be judged.
    pub(super) judged: usize,
    /// Spans with too little in them.
    pub(super) too_few: usize,
}

/// Judges every span of this length, in seconds, within the stretches that count.
///
/// # Errors
/// Where no span can be judged.
pub(super) fn slide(
    objective: &Objective,
    selection: Selection<'_>,
    windows: &[Window],
    stretches: &[Stretch<'_>],
    length_s: f64,
) -> Result<Slid, Lack> {
    let mut taken: Vec<&Window> =
        windows.iter().filter(|window| selection.takes(window) && holds(stretches, window)).collect();
    taken.sort_by(|a, b| a.from_s.total_cmp(&b.from_s));
    let (mut slid, mut lack): (Option<Slid>, Option<Lack>) = (None, None);
    let mut too_few = 0;
    for (from_s, to_s) in joined(stretches) {
        let mut spans = Sliding::new(&taken, selection);
        for start in starts(windows, from_s, to_s - length_s, length_s) {
            let tally = spans.at(start, start + length_s);
            if tally.is_empty() && matches!(objective.quantity, Quantity::Latency { .. } | Quantity::Share(_)) {
                continue;
            }
            match read(&objective.quantity, tally, length_s, Some(&objective.bound)) {
                Ok(reading) => note(&mut slid, objective, reading, start, length_s),
                Err(found) => {
                    too_few += 1;
                    lack = Some(found);
                }
            }
        }
    }
    match (slid, lack) {
        (Some(slid), _) => Ok(Slid { too_few, ..slid }),
        (None, Some(lack)) => Err(Lack { reason: format!("no span had enough: {}", lack.reason), ..lack }),
        (None, None) => Err(Lack::unknown("the part of the run that counts is shorter than the span")),
    }
}

fn note(slid: &mut Option<Slid>, objective: &Objective, reading: Reading, from_s: f64, length_s: f64) {
    let worst = WorstSpan { from_s, to_s: from_s + length_s, value: reading.value };
    let holds = usize::from(objective.bound.holds(reading.value));
    match slid {
        None => *slid = Some(Slid { worst, basis: reading.basis, held: holds, judged: 1, too_few: 0 }),
        Some(slid) => {
            let is_ceiling = objective.bound.comparison.is_ceiling();
            slid.held += holds;
            slid.judged += 1;
            if (worst.value > slid.worst.value) == is_ceiling && (worst.value - slid.worst.value).abs() > 0.0 {
                (slid.worst, slid.basis) = (worst, reading.basis);
            }
        }
    }
}

/// Where spans start: with every window, and every ten seconds where no request ended for longer than that, until a span
/// would hold nothing at all; further ones in the same gap would be the same.
fn starts(windows: &[Window], from_s: f64, last_s: f64, length_s: f64) -> Vec<f64> {
    if last_s < from_s - SLACK_S {
        return Vec::new();
    }
    let begun = windows.iter().map(|window| window.from_s);
    let mut known: Vec<f64> = begun.filter(|start| *start >= from_s - SLACK_S && *start <= last_s + SLACK_S).collect();
    known.sort_by(f64::total_cmp);
    known.dedup();
    let in_gap = (length_s / WINDOW_S).ceil() as usize + 1;
    let mut starts: Vec<f64> = Vec::with_capacity(known.len());
    let mut next = from_s;
    for start in known.into_iter().chain([last_s + WINDOW_S]) {
        let gap = std::iter::successors(Some(next), |at| Some(at + WINDOW_S)).take(in_gap);
        starts.extend(gap.take_while(|at| start - at >= WINDOW_S - SLACK_S && *at <= last_s + SLACK_S));
        starts.push(start);
        next = start + WINDOW_S;
    }
    // The last was the end of the search and no window.
    starts.pop();
    starts
}

/// A tally over a span that moves forwards: windows come in at its end and leave at its start.
struct Sliding<'a> {
    windows: &'a [&'a Window],
    selection: Selection<'a>,
    tally: Tally,
    first: usize,
    next: usize,
}

impl<'a> Sliding<'a> {
    fn new(windows: &'a [&'a Window], selection: Selection<'a>) -> Self {
        Self { windows, selection, tally: Tally::default(), first: 0, next: 0 }
    }

    fn at(&mut self, from_s: f64, to_s: f64) -> &Tally {
        while let Some(window) = self.windows.get(self.next).filter(|window| window.to_s <= to_s + SLACK_S) {
            self.tally.add(window, self.selection.measure);
            self.next += 1;
        }
        while self.first < self.next && self.windows[self.first].from_s < from_s - SLACK_S {
            self.tally.remove(self.windows[self.first], self.selection.measure);
            self.first += 1;
        }
        &self.tally
    }
}
