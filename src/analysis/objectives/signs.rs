//! Signs of a bottleneck in the traffic's figures. They name what to look at and decide nothing.

use crate::domain::objective::LimitUnit;
use crate::domain::performance::{PhaseFigures, Sign, SignKind, StepFigures};
use crate::domain::rate::{grouped, with_decimals};
use crate::domain::traffic::{Measure, Window};
use crate::stats::latencies::Latencies;
use crate::stats::quantile::median;
use crate::stats::rank_test::mann_whitney;

use super::knee::{self, is_ramp};
use super::tally::{Selection, Tally};
use super::timeline::{Stretch, holds};

/// Signs of one kind at most: a profile may have hundreds of steps.
const OF_A_KIND: usize = 5;
/// From this ratio of p99 to p50 on, a few requests wait for something that most do not: the bound that the users' own
/// suites set. For comparison: exponential times have ln 100 / ln 2 = 6.6.
const TAIL: f64 = 5.0;
/// p99 of fewer requests is the luck of one.
const TAIL_REQUESTS: u64 = 100;
/// A chance of one in a hundred, and not the usual one in twenty, for every step is looked at.
const UNLIKELY: f64 = 0.01;
/// The normal quantile of that chance, one-sided.
const UNLIKELY_Z: f64 = 2.326;
/// Errors that rise by less than a tenth of a per cent of the requests are noise, however certain.
const LEAST_ERRORS: f64 = 0.001;
/// A change of latency below this is smaller than what two runs of the same server differ by.
const LEAST_DRIFT: f64 = 0.1;
/// The rank test's approximation holds from about so many windows in each third.
const WINDOWS: usize = 8;

/// All signs.
pub(super) fn found(
    windows: &[Window],
    counting: &[Stretch<'_>],
    steps: &[StepFigures],
    middles: &[&[Middle]],
    phases: &[PhaseFigures],
) -> Vec<Sign> {
    let mut signs: Vec<Sign> = knee::knee(phases).into_iter().collect();
    signs.extend(errors_with_users(phases));
    // Where the load itself changes, later is not the same as longer.
    if is_even(phases) {
        signs.extend(errors_with_time(windows, counting));
        let drifts = steps.iter().zip(middles).filter_map(|(step, middles)| drift(counting, step, middles));
        signs.extend(drifts.take(OF_A_KIND));
    }
    signs.extend(steps.iter().filter_map(long_tail).take(OF_A_KIND));
    signs
}

fn name(step: &StepFigures) -> String {
    let what = step.step.as_deref().map_or_else(|| "whole turns".to_owned(), |step| format!("step {step}"));
    format!("{what} of class {}", step.class)
}

fn long_tail(step: &StepFigures) -> Option<Sign> {
    let response = step.response.filter(|_| step.requests >= TAIL_REQUESTS)?;
    let ratio = response.p99_ms / response.p50_ms;
    (ratio > TAIL && ratio.is_finite()).then(|| {
        let ms = |value| LimitUnit::Milliseconds.words(value);
        let (p50, p99, times) = (ms(response.p50_ms), ms(response.p99_ms), with_decimals(ratio, 1));
        let reason = format!(
            "{}: p99 ({p99}) is {times} times p50 ({p50}), so some requests wait for what most do not (a lock, a pool, a \
             collection, a retry)",
            name(step)
        );
        Sign { kind: SignKind::LongTail, reason }
    })
}

/// Whether all phases but ramps have about the same users.
fn is_even(phases: &[PhaseFigures]) -> bool {
    let users = || phases.iter().filter(|phase| !is_ramp(phase)).map(|phase| phase.users);
    let (least, most) = (users().min().unwrap_or(0), users().max().unwrap_or(0));
    f64::from(most) <= 1.25 * f64::from(least.max(1))
}

/// Failed requests out of all.
#[derive(Clone, Copy)]
struct Failures {
    failed: f64,
    of: f64,
}

impl Failures {
    fn share(self) -> f64 {
        if self.of > 0.0 { self.failed / self.of } else { 0.0 }
    }

    /// Whether these are more than others beyond chance (the test of two proportions), and by enough to matter.
    fn exceed(self, before: Self) -> bool {
        let pooled = (self.failed + before.failed) / (self.of + before.of);
        let error = (pooled * (1.0 - pooled) * (1.0 / self.of + 1.0 / before.of)).sqrt();
        let rise = self.share() - before.share();
        rise >= LEAST_ERRORS && rise > UNLIKELY_Z * error
    }
}

fn errors_with_users(phases: &[PhaseFigures]) -> Option<Sign> {
    let loads = || phases.iter().filter(|phase| !is_ramp(phase) && phase.requests_per_s > 0.0);
    let (least, most) = (loads().min_by_key(|phase| phase.users)?, loads().max_by_key(|phase| phase.users)?);
    let failures = |phase: &PhaseFigures| {
        let of = phase.requests_per_s * (phase.to_s - phase.from_s);
        Failures { failed: phase.failed * of, of }
    };
    (most.users > least.users && failures(most).exceed(failures(least))).then(|| {
        let share = |phase: &PhaseFigures| LimitUnit::Share.words(phase.failed);
        let users = |phase: &PhaseFigures| grouped(f64::from(phase.users));
        let reason = format!(
            "errors rise with the users: {} with {}, {} with {}",
            share(least),
            users(least),
            share(most),
            users(most)
        );
        Sign { kind: SignKind::ErrorsRiseWithUsers, reason }
    })
}

/// Windows that lie wholly in the first and in the last third of the part that counts.
fn thirds<'a>(
    windows: &'a [Window],
    counting: &[Stretch<'_>],
    selection: Selection<'_>,
) -> Option<[Vec<&'a Window>; 2]> {
    let (ends_s, begins_s) = edges(counting)?;
    let taken: Vec<&Window> =
        windows.iter().filter(|window| selection.takes(window) && holds(counting, window)).collect();
    let first = taken.iter().copied().filter(|window| window.to_s <= ends_s).collect();
    let last = taken.iter().copied().filter(|window| window.from_s >= begins_s).collect();
    Some([first, last])
}

fn errors_with_time(windows: &[Window], counting: &[Stretch<'_>]) -> Option<Sign> {
    let [first, last] = thirds(windows, counting, Selection::requests(Measure::Response))?;
    let failures = |part: &[&Window]| {
        let tally = Tally::over(part.iter().copied(), None);
        Failures { failed: tally.failed as f64, of: tally.judged() as f64 }
    };
    let (before, after) = (failures(&first), failures(&last));
    (before.of > 0.0 && after.of > 0.0 && after.exceed(before)).then(|| {
        let share = |failures: Failures| LimitUnit::Share.words(failures.share());
        let reason = format!(
            "errors rise with time: {} in the first third of the run, {} in the last",
            share(before),
            share(after)
        );
        Sign { kind: SignKind::ErrorsRiseWithTime, reason }
    })
}

/// The numbers of one window that drift shows in.
pub(super) struct Middle {
    from_s: f64,
    to_s: f64,
    count: u64,
    p50_ms: f64,
    p95_ms: f64,
}

impl Middle {
    /// Those of a window whose response times have been read; `None` where there were none.
    pub(super) fn of(window: &Window, read: &Latencies) -> Option<Self> {
        let ms = |share: f64| read.quantile(share).map(|length| length.as_secs_f64() * 1000.0);
        let (from_s, to_s) = (window.from_s, window.to_s);
        Some(Self { from_s, to_s, count: read.count(), p50_ms: ms(0.5)?, p95_ms: ms(0.95)? })
    }
}

/// When the first third of the part that counts ends, and when the last begins.
fn edges(counting: &[Stretch<'_>]) -> Option<(f64, f64)> {
    let (from_s, to_s) = (counting.first()?.from_s, counting.last()?.to_s);
    let third = (to_s - from_s) / 3.0;
    Some((from_s + third, to_s - third))
}

/// A latency that rises while the load stays: the last third's windows rank above the first third's.
fn drift(counting: &[Stretch<'_>], step: &StepFigures, middles: &[Middle]) -> Option<Sign> {
    let (ends_s, begins_s) = edges(counting)?;
    let first: Vec<&Middle> = middles.iter().filter(|window| window.to_s <= ends_s).collect();
    let last: Vec<&Middle> = middles.iter().filter(|window| window.from_s >= begins_s).collect();
    if first.len() < WINDOWS || last.len() < WINDOWS {
        return None;
    }
    // The tail drifts first, but needs the requests to be seen in a window.
    let has_tail = first.iter().chain(&last).all(|window| window.count >= 20);
    let stat = if has_tail { "p95" } else { "p50" };
    let of = |part: &[&Middle]| -> Vec<f64> {
        part.iter().map(|window| if has_tail { window.p95_ms } else { window.p50_ms }).collect()
    };
    let (first, last) = (of(&first), of(&last));
    let (before, after) = (median(&first)?, median(&last)?);
    let chance = mann_whitney(&first, &last);
    (before > 0.0 && after / before - 1.0 >= LEAST_DRIFT && chance < UNLIKELY).then(|| {
        let ms = |value| LimitUnit::Milliseconds.words(value);
        let rise = LimitUnit::Share.words(((after / before - 1.0) * 100.0).round() / 100.0);
        let (before, after) = (ms(before), ms(after));
        let reason = format!(
            "{}: {stat} of its windows rose by {rise}, from {before} in the first third of the run to {after} in the last \
             (rank test, p = {chance:.4})",
            name(step)
        );
        Sign { kind: SignKind::Drift, reason }
    })
}
