//! How a quantity changes: the last third against the first, or one phase against another.

use crate::domain::objective::{Objective, Phases, Quantity};

use super::Evidence;
use super::reading::{Lack, Reading};
use super::timeline::{When, counted};
use super::{judged, target};

/// The two numbers that are compared.
#[derive(Clone, Copy, Debug)]
pub(super) struct Compared {
    /// The base.
    pub(super) before: Reading,
    /// What is held against it.
    pub(super) after: Reading,
}

impl Compared {
    /// The change as a share of the base.
    ///
    /// # Errors
    /// Where the base is zero and the other is not.
    pub(super) fn rise(&self) -> Result<f64, Lack> {
        let (before, after) = (self.before.value, self.after.value);
        if before.abs() > 0.0 {
            Ok((after - before) / before.abs())
        } else if after.abs() > 0.0 {
            Err(Lack::unknown("it was zero before, and a change from zero has no share"))
        } else {
            Ok(0.0)
        }
    }
}

/// The first and the last third of the part that counts.
///
/// # Errors
/// Where one of them has too little in it.
pub(super) fn thirds(objective: &Objective, evidence: Evidence<'_>) -> Result<Compared, Lack> {
    let phase = objective.scope.phase.as_deref();
    let all = phase.map_or(When::Steady, When::Phase);
    let stretches = counted(evidence.windows, all, evidence.warm_up_s);
    let (Some(first), Some(last)) = (stretches.first(), stretches.last()) else {
        return Err(judged::nothing_counts(objective, evidence));
    };
    let (from_s, to_s) = (first.from_s, last.to_s);
    // Thirds of less than three windows are the luck of a moment.
    if to_s - from_s < 90.0 {
        return Err(Lack::unknown("the part of the run that counts is shorter than 90 s, too short for thirds"));
    }
    let third = (to_s - from_s) / 3.0;
    let of = |from_s, to_s| {
        judged::reading(objective, evidence, When::Between(phase, from_s, to_s), None)
            .map_err(|lack| Lack { reason: format!("in a third of the run {}", lack.reason), ..lack })
    };
    Ok(Compared { before: of(from_s, from_s + third)?, after: of(to_s - third, to_s)? })
}

/// Two phases.
///
/// # Errors
/// Where one of them did not come, or has too little in it.
pub(super) fn phases(objective: &Objective, phases: &Phases, evidence: Evidence<'_>) -> Result<Compared, Lack> {
    let of = |phase: &str| {
        let reading = match objective.quantity {
            Quantity::Level { .. } | Quantity::Ratio { .. } | Quantity::PerTurn { .. } => {
                target::reading(objective, evidence, Some(phase))
            }
            _ => judged::reading(objective, evidence, When::Phase(phase), None),
        };
        reading.map_err(|lack| Lack { reason: format!("in phase {phase}: {}", lack.reason), ..lack })
    };
    Ok(Compared { before: of(&phases.from)?, after: of(&phases.to)? })
}
