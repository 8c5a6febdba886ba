//! From one objective to its finding: the number, how it stands to its bound, and why in words.

use std::fmt::Write as _;

use crate::domain::Unit;
use crate::domain::objective::{
    Aspect, Bound, LimitUnit, Objective, ObjectiveFinding, Outcome, Phases, Quantity, Share, WorstSpan,
};
use crate::domain::rate::{grouped, span};
use crate::domain::traffic::Measure;

use super::Evidence;
use super::change::{self, Compared};
use super::reading::{Lack, Reading, noun, read};
use super::spans::{Slid, slide};
use super::tally::{Selection, Tally};
use super::target;
use super::timeline::{When, counted, holds, seconds};

/// What is known of an objective before it is worded as a finding.
struct Answer {
    outcome: Outcome,
    reading: Option<Reading>,
    worst: Option<WorstSpan>,
    reason: String,
}

/// How the run stands to one objective.
pub(super) fn finding(objective: &Objective, evidence: Evidence<'_>) -> ObjectiveFinding {
    let answer = answer(objective, evidence).unwrap_or_else(|lack| Answer {
        outcome: lack.outcome,
        reading: lack.reading,
        worst: None,
        reason: lack.reason,
    });
    let answer = without_driver(objective, evidence, answer);
    let value = answer.reading.map(|reading| reading.value).filter(|value| value.is_finite());
    ObjectiveFinding {
        text: objective.text.clone(),
        outcome: answer.outcome,
        // A grade that rests on too little would look like a result.
        grade: value.filter(|_| answer.outcome != Outcome::CannotTell).and_then(|value| objective.bound.grade(value)),
        value,
        limit: objective.bound.limit,
        unit: objective.bound.unit,
        basis: answer.reading.map_or(0, |reading| reading.basis),
        worst: answer.worst,
        reason: answer.reason,
    }
}

fn answer(objective: &Objective, evidence: Evidence<'_>) -> Result<Answer, Lack> {
    let phase = objective.scope.phase.as_deref();
    match (&objective.aspect, &objective.quantity) {
        (Aspect::Drift, _) => compared(objective, evidence, change::thirds(objective, evidence)?),
        (Aspect::Falls(phases) | Aspect::Rises(phases), _) => {
            compared(objective, evidence, change::phases(objective, phases, evidence)?)
        }
        (Aspect::Value, Quantity::Growth { metric, per }) => {
            let (reading, outcome, reason) = target::growth(&objective.bound, metric, *per, evidence.findings)?;
            Ok(Answer { outcome, reading: Some(reading), worst: None, reason })
        }
        (
            Aspect::Value,
            Quantity::Level { .. } | Quantity::Increase { .. } | Quantity::Ratio { .. } | Quantity::PerTurn { .. },
        ) => {
            let reading = target::reading(objective, evidence, phase)?;
            let noun = if matches!(objective.quantity, Quantity::PerTurn { .. }) { "turn" } else { "reading" };
            Ok(plain(objective, evidence, reading, noun))
        }
        (Aspect::Value, quantity) => {
            if let Some(length) = objective.over {
                return over_spans(objective, evidence, length.as_secs_f64());
            }
            let when = phase.map_or(When::Steady, When::Phase);
            let reading = reading(objective, evidence, when, Some(&objective.bound))?;
            let is_turns = Selection::of(objective, evidence.windows).is_turns();
            Ok(plain(objective, evidence, reading, noun(quantity, is_turns)))
        }
    }
}

/// The number of a quantity of the traffic in a part of the run. With a bound, a percentile of too few values may be crossed
/// all the same.
///
/// # Errors
/// Where it never ran, or the record cannot tell.
pub(super) fn reading(
    objective: &Objective,
    evidence: Evidence<'_>,
    when: When<'_>,
    bound: Option<&Bound>,
) -> Result<Reading, Lack> {
    let stretches = counted(evidence.windows, when, evidence.warm_up_s);
    if stretches.is_empty() {
        return Err(nothing_counts(objective, evidence));
    }
    let selection = Selection::of(objective, evidence.windows);
    let taken = evidence.windows.iter().filter(|window| selection.takes(window) && holds(&stretches, window));
    let tally = Tally::over(taken, selection.measure);
    if tally.is_empty() {
        return Err(not_there(evidence, selection, when));
    }
    read(&objective.quantity, &tally, seconds(&stretches), bound)
}

/// Why no part of the run counts.
pub(super) fn nothing_counts(objective: &Objective, evidence: Evidence<'_>) -> Lack {
    match &objective.scope.phase {
        _ if evidence.windows.is_empty() => Lack::crossed("it never ran: no request ended"),
        Some(phase) => Lack::unknown(format!("phase {phase} never came")),
        None => Lack::unknown("all of the run lies in ramps and warm-up, which do not count"),
    }
}

fn not_there(evidence: Evidence<'_>, selection: Selection<'_>, when: When<'_>) -> Lack {
    let ever = Tally::over(evidence.windows.iter().filter(|window| selection.takes(window)), None);
    let words = selection.words();
    match when {
        _ if ever.is_empty() => Lack::crossed(format!("{words}: it never ran")),
        When::Phase(phase) => Lack::crossed(format!("{words}: it never ran in phase {phase}")),
        When::Steady => Lack::unknown(format!("{words}: it ran in ramps and warm-up only, which do not count")),
        When::Between(..) => Lack::unknown(format!("{words}: it did not run")),
    }
}

fn plain(objective: &Objective, evidence: Evidence<'_>, reading: Reading, noun: &str) -> Answer {
    let bound = &objective.bound;
    let holds = bound.holds(reading.value);
    let unit = shown_unit(objective, evidence);
    let plural = if reading.basis == 1 { "" } else { "s" };
    let over = format!("{} over {} {noun}{plural}", unit.words(reading.value), grouped(reading.basis as f64));
    let graded = bound.grade(reading.value).map_or_else(String::new, |grade| format!(", which is {}", grade.word()));
    let mut reason = format!("it was {over}{graded}");
    if !holds {
        let _ = write!(reason, "; the limit is {}", unit.words(bound.limit));
    } else if is_unseen(objective, reading) {
        reason.push_str("; with so few a single failure would have crossed it");
    }
    let outcome = if holds { Outcome::Met } else { Outcome::Crossed };
    Answer { outcome, reading: Some(reading), worst: None, reason }
}

/// Whether a share is so small a limit that one failure among so few would be beyond it.
fn is_unseen(objective: &Objective, reading: Reading) -> bool {
    let allowed = match objective.quantity {
        Quantity::Share(Share::Failed | Share::Limited) => objective.bound.limit,
        Quantity::Share(Share::Available) => 1.0 - objective.bound.limit,
        _ => return false,
    };
    allowed > 0.0 && (reading.basis as f64) * allowed < 1.0
}

fn over_spans(objective: &Objective, evidence: Evidence<'_>, length_s: f64) -> Result<Answer, Lack> {
    let when = objective.scope.phase.as_deref().map_or(When::Steady, When::Phase);
    let stretches = counted(evidence.windows, when, evidence.warm_up_s);
    if stretches.is_empty() {
        return Err(nothing_counts(objective, evidence));
    }
    let selection = Selection::of(objective, evidence.windows);
    let taken = evidence.windows.iter().filter(|window| selection.takes(window) && holds(&stretches, window));
    if Tally::over(taken, None).is_empty() {
        return Err(not_there(evidence, selection, when));
    }
    let Slid { worst, basis, held, judged, too_few } =
        slide(objective, selection, evidence.windows, &stretches, length_s)?;
    let words = objective.bound.unit.words(worst.value);
    let mut reason = format!(
        "the worst {} had {words}, beginning {} into the run; {held} of {judged} such spans hold",
        span(length_s),
        span(worst.from_s)
    );
    if too_few > 0 {
        let _ = write!(reason, ", and {too_few} had too few requests to tell");
    }
    let outcome = if held == judged { Outcome::Met } else { Outcome::Crossed };
    Ok(Answer { outcome, reading: Some(Reading { value: worst.value, basis }), worst: Some(worst), reason })
}

fn compared(objective: &Objective, evidence: Evidence<'_>, compared: Compared) -> Result<Answer, Lack> {
    let rise = compared.rise()?;
    let value = if matches!(objective.aspect, Aspect::Falls(_)) { -rise } else { rise };
    let unit = shown_unit(objective, evidence);
    let (before, after) = (unit.words(compared.before.value), unit.words(compared.after.value));
    let (from, to) = match &objective.aspect {
        Aspect::Falls(Phases { from, to }) | Aspect::Rises(Phases { from, to }) => (from.as_str(), to.as_str()),
        Aspect::Drift | Aspect::Value => ("the first third", "the last third"),
    };
    let moved = if rise > 0.0 { "rose" } else { "fell" };
    let moved = if rise.abs() > 0.0 {
        format!("it {moved} by {}", LimitUnit::Share.words(rise.abs()))
    } else {
        "it did not change".to_owned()
    };
    let holds = objective.bound.holds(value);
    let limit =
        if holds { String::new() } else { format!("; the limit is {}", LimitUnit::Share.words(objective.bound.limit)) };
    let reading = Reading { value, basis: compared.before.basis.min(compared.after.basis) };
    let reason = format!("{moved}, from {before} in {from} to {after} in {to}{limit}");
    Ok(Answer {
        outcome: if holds { Outcome::Met } else { Outcome::Crossed },
        reading: Some(reading),
        worst: None,
        reason,
    })
}

/// What the plain value counts: the bound's unit, but for the base of a change and for a metric whose own unit is known.
fn shown_unit(objective: &Objective, evidence: Evidence<'_>) -> LimitUnit {
    match &objective.quantity {
        Quantity::Latency { .. } => LimitUnit::Milliseconds,
        Quantity::Share(_) => LimitUnit::Share,
        Quantity::Count(_) => LimitUnit::Count,
        Quantity::Throughput(_) => LimitUnit::PerSecond,
        Quantity::Level { metric, .. } | Quantity::Increase { metric, .. } => {
            match evidence.set.get(metric).map(|series| series.unit) {
                Some(Unit::Bytes) => LimitUnit::Bytes,
                Some(Unit::Milliseconds) => LimitUnit::Milliseconds,
                _ if objective.aspect == Aspect::Value => objective.bound.unit,
                _ => LimitUnit::Number,
            }
        }
        Quantity::Ratio { .. } if objective.aspect != Aspect::Value => LimitUnit::Number,
        Quantity::PerTurn { .. } if objective.aspect != Aspect::Value => LimitUnit::NumberPerTurn,
        Quantity::Ratio { .. } | Quantity::PerTurn { .. } | Quantity::Growth { .. } => objective.bound.unit,
    }
}

/// A latency from the due time counts the driver's own lateness in. Where the driver lagged, a latency that is crossed
/// says nothing of the target, unless the time from sending is beyond the limit as well.
fn without_driver(objective: &Objective, evidence: Evidence<'_>, answer: Answer) -> Answer {
    let (Some(lag), Quantity::Latency { measure, stat }) = (evidence.driver_lagged, &objective.quantity) else {
        return answer;
    };
    let from_due = matches!(measure, Measure::Response | Measure::Turn);
    if !from_due || answer.outcome != Outcome::Crossed || answer.reading.is_none() {
        return answer;
    }
    let quantity = Quantity::Latency { measure: Measure::Service, stat: *stat };
    let service = Objective { quantity, ..objective.clone() };
    let crossed = self::answer(&service, Evidence { driver_lagged: None, ..evidence })
        .is_ok_and(|service| service.outcome == Outcome::Crossed);
    if crossed {
        let reason =
            format!("{}; the driver lagged, but the time from sending alone is beyond the limit too", answer.reason);
        return Answer { reason, ..answer };
    }
    let reason = format!("{}; but {lag}, so this says nothing of the target", answer.reason);
    Answer { outcome: Outcome::CannotTell, reason, ..answer }
}
