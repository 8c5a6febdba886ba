//! The reason and the advice of a finding in plain words.

use crate::domain::Unit;
use crate::domain::assessment::{BudgetOutcome, Shape};
use crate::domain::rate::{Per, about, rate};

use super::growth::{Cause, Growth};
use super::options::Look;

/// What a reason is told about.
#[derive(Clone, Copy)]
pub(super) struct Told<'a> {
    /// What was found.
    pub(super) growth: &'a Growth,
    /// What the values count.
    pub(super) unit: Unit,
    /// From the first value to the last, in seconds.
    pub(super) span_s: f64,
    /// Whether the run is over.
    pub(super) look: Look,
}

/// Why, in one sentence.
pub(super) fn reason(told: Told<'_>) -> String {
    let Told { growth, unit, span_s, look } = told;
    let hourly =
        growth.per_second.map_or_else(String::new, |per_second| rate(per_second.scaled(3600.0), unit, Per::Hour));
    let said = match growth.cause {
        Cause::TooFew => "there are too few values for a verdict".to_owned(),
        Cause::Constant => format!("it never changed in {}", about(span_s)),
        Cause::Rises | Cause::GoesOn => format!("it grows by {hourly}{}", since(growth, span_s)),
        Cause::Climbs => format!("it grows by steps that keep coming, {hourly}"),
        Cause::Level => level(growth, span_s, &hourly),
        Cause::Undecided => format!("the evidence leans neither way: {hourly}"),
        Cause::Slowing => "it still rises at the end, but ever slower, so it may be warming up".to_owned(),
        Cause::JustStopped { level_s } => {
            format!(
                "it rose, and has hardly risen for the last {}, which is too short to say that it stopped",
                about(level_s)
            )
        }
        Cause::Steps { count, level_s } => {
            format!(
                "it rose in {count} steps, and the {} since the last are too short to exclude another",
                about(level_s)
            )
        }
        Cause::FewCycles { count } => {
            format!(
                "it rises and falls in large cycles, and {count} of them are too few to see whether their floor rises"
            )
        }
        Cause::LateRise { since_s } => format!("it was level and rose in the last {}", about(since_s)),
        Cause::LongWarmUp { ended_s } => format!(
            "it rises more slowly since {} into the run, and was not watched long enough since to tell slow growth from settling",
            about(ended_s)
        ),
        Cause::Noisy => format!("it moves so much that it could grow by half of itself unseen: {hourly}"),
        Cause::FewJumps => "all its growth came in a few jumps, which may end".to_owned(),
    };
    match look {
        Look::Final => said,
        Look::SoFar => format!("so far {said}"),
    }
}

fn since(growth: &Growth, span_s: f64) -> String {
    let from = growth.onset_s.filter(|from| *from > 0.02 * span_s);
    from.map_or_else(String::new, |from| format!(", since {} into the run", about(from)))
}

fn level(growth: &Growth, span_s: f64, hourly: &str) -> String {
    // A settling within the first fiftieth of the run is not worth a word.
    let settled = growth.settled_after_s.filter(|settled| *settled > 0.02 * span_s);
    // What is left of a rise that ended may still stand out of its error; it is told as what it is.
    let still = growth.per_second.is_some_and(|rate| rate.low > 0.0);
    let since = if still { "hardly rises" } else { "does not grow" };
    match (growth.shape, settled) {
        (Shape::Sawtooth, _) => format!("the floor of its cycles does not rise: {hourly}"),
        (Shape::FollowsLoad, _) => format!("it follows the load and {since} beside it: {hourly}"),
        (Shape::Falling, _) => format!("it falls: {hourly}"),
        (_, Some(settled)) => format!("it settled after {} and {since} since: {hourly}", about(settled)),
        _ => format!("it {since}: {hourly}"),
    }
}

/// What to do next.
pub(super) fn advice(growth: &Growth) -> Option<String> {
    growth.longer_s.map(|longer| format!("run for at least {} more", about(longer)))
}

/// How a growth stands to its budget.
pub(super) fn budget(outcome: BudgetOutcome) -> &'static str {
    match outcome {
        BudgetOutcome::Within => "within its budget",
        BudgetOutcome::Over => "over its budget",
        BudgetOutcome::Straddles => "and its interval holds the budget, so the run cannot tell on which side it lies",
    }
}
