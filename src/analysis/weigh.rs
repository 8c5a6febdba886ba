//! What the winners of the contest say, weighed: growth must be proven, and so must a stop; what is neither is said to
//! be inconclusive, with the reason.

use crate::domain::{Estimate, Verdict};
use crate::stats::quantile;

use super::doubts;
use super::fitting::Fit;
use super::growth::{Cause, Growth};
use super::outline;
use super::sawtooth::Floors;
use super::shapes::Form;
use super::sittings::{self, Again, Behind};
use super::solved::{EndSlope, Solved};
use super::stairs::{self, Stair};
use super::tail::Tail;
use super::track::Track;
use super::view::{Axis, View};

/// Everything that is known of one track when it is weighed.
#[derive(Clone, Copy)]
pub(super) struct Seen<'a> {
    /// The readings.
    pub(super) readings: &'a Track,
    /// Their floors, where they are a sawtooth.
    pub(super) floors: &'a Floors,
    /// The view that the evidence prefers.
    pub(super) view: &'a View,
}

/// The evidence for growth in figures.
pub(super) struct Evidence<'a> {
    /// The best growing shape.
    pub(super) fit: &'a Fit,
    /// It, solved.
    pub(super) solved: Solved,
    /// The slope at the end, per unit of the axis.
    pub(super) slope: EndSlope,
    /// By how much the evidence prefers growth to a stop.
    pub(super) over_stopped: f64,
    /// By how much it prefers an even growth to one that slows.
    pub(super) over_slowing: f64,
    /// Where the last piece begins.
    pub(super) onset: f64,
    /// How much the last piece rises.
    pub(super) risen: f64,
}

/// The lead in BIC that counts as evidence: beyond 2 it is positive, beyond 6 strong (Kass and Raftery 1995); nearer to
/// the first, because the slope must stand out by itself too.
pub(super) const LEAD: f64 = 3.0;
/// The slope must stand out of its error by this, which chance does once in 700 runs.
pub(super) const OUT: f64 = 3.0;
/// A lead of the stopped shapes below this does not exclude growth; a straight line through noise gets here once in
/// thirty.
pub(super) const LEANING: f64 = -0.5;

impl Evidence<'_> {
    fn proven(&self, least: f64) -> bool {
        let stands_out = self.slope.slope > OUT * self.slope.error;
        self.over_stopped > LEAD && self.over_slowing > 0.0 && stands_out && self.risen > least
    }

    fn leans(&self, least: f64) -> bool {
        // One-sided 95 %: a slope that does not even stand out so far leans nowhere.
        self.over_stopped > LEANING && self.risen > least && self.slope.slope > 1.645 * self.slope.error
    }
}

/// The least rise that counts: counters are kept per processor and summed up late (`percpu_counter`, up to 32 pages
/// each), and a count that differs by two is the same count seen twice.
pub(super) fn least_rise(quantum: f64) -> f64 {
    // Anything counted in pages or kilobytes is memory.
    if quantum >= 1024.0 { 32.0 * quantum } else { 2.5 * quantum }
}

/// What is said of a track, and the slope where it is not the best growing shape's.
struct Said {
    verdict: Verdict,
    cause: Cause,
    slope: Option<EndSlope>,
    /// Growth that only shows behind the start.
    behind: Option<Box<Behind>>,
}

impl Said {
    fn new(verdict: Verdict, cause: Cause) -> Self {
        Self { verdict, cause, slope: None, behind: None }
    }
}

/// Weighs what was seen.
pub(super) fn weigh(seen: &Seen<'_>) -> Growth {
    let Some(evidence) = evidence(seen) else { return Growth::unknown(Cause::TooFew) };
    let least = least_rise(seen.readings.quantum);
    let tail = seen.view.contest.stopped.first().and_then(|fit| Tail::new(seen.view, fit));
    let first = first_sitting(seen, &evidence, tail.as_ref(), least);
    // Steps were judged as steps: a part of them is nearer to a line, and no more likely to go on.
    let is_stair = stairs::find(seen.readings).is_some_and(|stair| stair.effective >= 2.0);
    let said =
        if !is_stair && is_open(&first, tail.as_ref()) { sit_again(seen, first, tail.as_ref(), least) } else { first };
    let mut growth = Growth { verdict: said.verdict, cause: said.cause, ..Growth::unknown(said.cause) };
    let slope = said.slope.unwrap_or(match (&tail, said.verdict) {
        (Some(tail), Verdict::Steady) => tail.slope.unwrap_or(evidence.slope),
        _ => evidence.slope,
    });
    rates(&mut growth, seen, slope);
    let rise = (OUT * slope.error).max(least / (1.0 - evidence.onset).max(0.2));
    growth.detectable_per_s = Some(rise * seen.view.per_second());
    match &said.behind {
        Some(behind) => outline::draw_behind(&mut growth, seen, behind),
        None => outline::draw(&mut growth, seen, &evidence, tail.as_ref()),
    }
    growth.longer_s = (said.verdict == Verdict::Inconclusive).then(|| doubts::longer(seen, said.cause));
    growth
}

/// What the contest over the whole run says.
fn first_sitting(seen: &Seen<'_>, evidence: &Evidence<'_>, tail: Option<&Tail>, least: f64) -> Said {
    if evidence.proven(least) {
        return doubts::of_growth(seen, evidence)
            .map_or(Said::new(Verdict::Growing, Cause::Rises), |cause| Said::new(Verdict::Inconclusive, cause));
    }
    if let Some(stair) = stairs::find(seen.readings).filter(|stair| stair.keeps_coming() && stair.height > least) {
        let slope = Some(stair_slope(seen, &stair));
        return Said { slope, ..Said::new(Verdict::Growing, Cause::Climbs) };
    }
    if evidence.leans(least) && !settled(seen.view, evidence) {
        let slows = evidence.over_stopped > LEAD && evidence.over_slowing <= 0.0;
        return Said::new(Verdict::Inconclusive, if slows { Cause::Slowing } else { Cause::Undecided });
    }
    if let Some(cause) = tail.and_then(|tail| doubts::of_stop(seen, tail, least)) {
        return Said::new(Verdict::Inconclusive, cause);
    }
    Said::new(Verdict::Steady, Cause::Level)
}

/// Whether what lies behind the start could tell more: a rise was left open, or a level still rises beyond its error.
fn is_open(said: &Said, tail: Option<&Tail>) -> bool {
    let rises = |slope: EndSlope| slope.slope > slope.half_width();
    match said.cause {
        Cause::Slowing | Cause::JustStopped { .. } | Cause::Steps { .. } | Cause::Undecided => true,
        Cause::Level => tail.and_then(|tail| tail.slope).is_some_and(rises),
        _ => false,
    }
}

/// What the contest behind the start adds. A level that still rises in each of the last sittings is none.
fn sit_again(seen: &Seen<'_>, first: Said, tail: Option<&Tail>, least: f64) -> Said {
    let rises = tail.and_then(|tail| tail.slope).is_some_and(|slope| slope.slope > OUT * slope.error);
    if !seen.view.swing.is_empty() {
        // A swing with a period takes the whole run to be told, so nothing is left out of it.
        let climbs = first.verdict == Verdict::Steady && rises;
        let slope = tail.and_then(|tail| tail.slope);
        return if climbs { Said { slope, ..Said::new(Verdict::Inconclusive, Cause::Undecided) } } else { first };
    }
    match sittings::again(seen, least) {
        Again::Grows(behind) => {
            Said { slope: Some(behind.slope), behind: Some(behind), ..Said::new(Verdict::Growing, Cause::GoesOn) }
        }
        Again::Rises if first.verdict == Verdict::Steady => Said::new(Verdict::Inconclusive, Cause::Slowing),
        _ => first,
    }
}

/// The evidence for growth that a view holds; `None` where it has too few points.
pub(super) fn evidence<'a>(seen: &Seen<'a>) -> Option<Evidence<'a>> {
    let view = seen.view;
    let fit = view.contest.growing.first()?;
    let solved = view.solve(fit)?;
    let slope = doubts::stair_error(seen, fit, view.growth()?);
    let onset = match fit.candidate.form {
        Form::Line | Form::SaturatingLine { .. } => fit.candidate.start,
        form => form.last_piece(),
    };
    Some(Evidence {
        solved,
        slope,
        over_stopped: view.contest.over_stopped(),
        over_slowing: view.contest.over_slowing(),
        onset,
        risen: slope.slope * (1.0 - onset),
        fit,
    })
}

/// Whether what still rises is only the end of a rise that slows: a fiftieth of it over the last third.
fn settled(view: &View, evidence: &Evidence<'_>) -> bool {
    const LEFT: f64 = 0.02;
    let range = quantile::spread(&view.blocks.value, 0.0, 1.0);
    evidence.over_slowing <= 0.0 && evidence.slope.slope / 3.0 < LEFT * range
}

/// The mean slope of a stair, which scatters as a sum of so many steps does (see `doubts::stair_error`).
fn stair_slope(seen: &Seen<'_>, stair: &Stair) -> EndSlope {
    let slope = stair.height / seen.readings.span_s() / seen.view.per_second();
    EndSlope { slope, error: slope / stair.effective.sqrt(), freedom: stair.effective - 1.0 }
}

/// The slope in both units: a second, and a turn where turns are known.
fn rates(growth: &mut Growth, seen: &Seen<'_>, slope: EndSlope) {
    let half = slope.half_width();
    let along = Estimate { estimate: slope.slope, low: slope.slope - half, high: slope.slope + half, confidence: 0.95 };
    growth.per_second = Some(along.scaled(seen.view.per_second()));
    let turns_a_second = seen.readings.turns.as_ref().map(|turns| {
        let done = turns.last().copied().unwrap_or(0.0) - turns.first().copied().unwrap_or(0.0);
        done / seen.readings.span_s()
    });
    growth.per_turn = match (seen.view.axis, turns_a_second) {
        (Axis::Turns, _) => Some(along.scaled(1.0 / seen.view.blocks.length)),
        (Axis::Time, Some(pace)) if pace > 0.0 => growth.per_second.map(|rate| rate.scaled(1.0 / pace)),
        (Axis::Time, _) => None,
    };
}
