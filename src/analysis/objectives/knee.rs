//! The knee: the load beyond which more users bring no more throughput, only longer waits.
//!
//! By Little's law (J. D. C. Little 1961) users = throughput x (response + think time). Throughput rises with the users until
//! the busiest resource is busy all the time; from there on it stays and the response grows with every further user
//! (the asymptotic bounds of P. J. Denning and J. P. Buzen 1978).

use crate::domain::objective::LimitUnit;
use crate::domain::performance::{PhaseFigures, Sign, SignKind};
use crate::domain::rate::{grouped, with_decimals};

/// Two loads closer than this (as a ratio of users) say nothing on how throughput scales.
const LOADS_APART: f64 = 1.25;
/// Where throughput gains less than this share of what the load gains, the load has passed the knee: at the asymptote it
/// gains nothing, below it about as much as the load, and a tenth is far from either noise.
const LEAST_GAIN: f64 = 0.1;

/// The knee, where the phases hold one.
pub(super) fn knee(phases: &[PhaseFigures]) -> Option<Sign> {
    let mut loads: Vec<&PhaseFigures> =
        phases.iter().filter(|phase| !is_ramp(phase) && phase.users > 0 && phase.requests_per_s > 0.0).collect();
    loads.sort_by_key(|phase| phase.users);
    let mut pairs = loads.windows(2).map(|pair| (pair[0], pair[1]));
    let (before, after) = pairs.find(|(before, after)| {
        let load = f64::from(after.users) / f64::from(before.users);
        let throughput = after.requests_per_s / before.requests_per_s;
        load >= LOADS_APART && throughput - 1.0 < LEAST_GAIN * (load - 1.0)
    })?;
    let gained = after.requests_per_s / before.requests_per_s - 1.0;
    let moved = if gained < 0.0 { "fell" } else { "rose" };
    let gained = LimitUnit::Share.words((gained.abs() * 1000.0).round() / 1000.0);
    let waited = before
        .response
        .zip(after.response)
        .filter(|(before, _)| before.p95_ms > 0.0)
        .map_or_else(String::new, |(before, after)| {
            format!(" and p95 became {} x", with_decimals(after.p95_ms / before.p95_ms, 1))
        });
    let (from, to) = (grouped(f64::from(before.users)), grouped(f64::from(after.users)));
    let reason =
        format!("from {from} to {to} users throughput {moved} by {gained}{waited}: the knee is near {from} users");
    Some(Sign { kind: SignKind::Knee, reason })
}

/// Whether a phase changes the load rather than holding it.
pub(super) fn is_ramp(phase: &PhaseFigures) -> bool {
    super::timeline::is_ramp(&phase.phase)
}
