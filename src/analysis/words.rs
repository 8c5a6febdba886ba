//! The reason and the advice of a finding in plain words.

use crate::domain::Unit;
use crate::domain::assessment::BudgetOutcome;
use crate::domain::rate::{Per, about, rate};

use super::growth::{Cause, Growth};
use super::options::Look;

/// Whether reasons carry the figures of the contest.
const SHOWN: bool = option_env!("SOAK_METHOD_FIGURES").is_some();

fn shown(trace: &str) -> &str {
    if SHOWN { trace } else { "" }
}

/// Why, in one sentence.
pub(super) fn reason(growth: &Growth, unit: Unit, span_s: f64, look: Look) -> String {
    let so_far = match look {
        Look::Final => "",
        Look::SoFar => "so far: ",
    };
    let settled = growth.settled_after_s.filter(|after| *after > 0.0);
    let since = settled.map_or_else(String::new, |after| format!(" after a warm-up of {}", about(after)));
    let hourly =
        growth.per_second.map_or_else(String::new, |per_second| rate(per_second.scaled(3600.0), unit, Per::Hour));
    let said = match growth.cause {
        Cause::TooFew => "there are too few values for a verdict".to_owned(),
        Cause::Constant => format!("it never changed in {}", about(span_s)),
        Cause::Rises => format!("it grows by {hourly}{since}"),
        Cause::Climbs => format!("it grows by steps that keep coming, {hourly}"),
        Cause::Level => format!("it does not grow{since}: {hourly}"),
        Cause::Undecided => format!("the evidence leans neither way: {hourly}"),
        Cause::Slowing => "it still rises at the end, but ever slower, so it may be warming up".to_owned(),
        Cause::JustStopped { level_s } => {
            format!("it rose and stopped, but the level was seen for {} only", about(level_s))
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
        Cause::LongWarmUp { ended_s } => {
            format!(
                "its warm-up took {}, and it was not watched long enough since to tell slow growth from settling",
                about(ended_s)
            )
        }
        Cause::FewJumps => "all its growth came in a few jumps, which may end".to_owned(),
    };
    let said = format!("{said}{}", shown(&growth.trace));
    format!("{so_far}{said}")
}

/// What to do next.
pub(super) fn advice(growth: &Growth) -> Option<String> {
    growth.longer_s.map(|longer| format!("run for another {}", about(longer)))
}

/// How a growth stands to its budget.
pub(super) fn budget(outcome: BudgetOutcome) -> &'static str {
    match outcome {
        BudgetOutcome::Within => "within its budget",
        BudgetOutcome::Over => "over its budget",
        BudgetOutcome::Straddles => "and its interval holds the budget, so the run cannot tell on which side it lies",
    }
}
