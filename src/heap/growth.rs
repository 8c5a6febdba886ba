//! Whether one site grows, over two or more snapshots: a pure rule on numbers.
//!
//! What a leak does and a cache does not: it goes on. So the window is halved along its axis (turns, or time) and the
//! growth over the whole is held against that over the first half. A leak has twice as much (measured on a known one:
//! 2.00), a cache that turns over as much as before (1.01). Where it passes, its steps must also rise nearly all, and a line
//! through the snapshots must rise by more than chance and sampling explain.

use crate::domain::Estimate;
use crate::domain::bytes::human;
use crate::domain::site::SiteState;
use crate::stats::line_fit::least_squares;
use crate::stats::student_t;

use super::merged::Use;

/// A whole window must hold at least this many times the growth of its first half. Halfway between a leak's 2 and a full
/// cache's 1, and a little above, because calling a cache a leak costs more than waiting.
const DOUBLES: f64 = 1.6;
/// At most this, the growth has all but stopped.
const STOPPED: f64 = 1.1;
/// The share of steps that must rise.
const RISING: f64 = 0.75;
/// How sure a site must be, over all sites that are asked together.
const SURE: f64 = 0.95;
/// A site that allocates as much as this share of what it holds while it holds the same turns over.
const TURNS_OVER: f64 = 0.5;
/// Fewer blocks more than this may have come by chance: a count of eight is off by a third.
const FEW_MORE: u64 = 8;
/// With fewer sampled blocks than this, a site's bytes are off by a quarter and more.
const FEW_BLOCKS: f64 = 16.0;

/// What is said of a site.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Judged {
    pub(super) state: SiteState,
    pub(super) reason: String,
    pub(super) doubling: Option<f64>,
}

/// A site's readings along the axis.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window<'a> {
    /// Where on the axis; rises from snapshot to snapshot.
    pub(super) x: &'a [f64],
    /// What the site held.
    pub(super) uses: &'a [Use],
    /// How many sites are asked together: of a hundred, five would pass a test at 95 % by chance.
    pub(super) asked: usize,
}

impl Window<'_> {
    fn bytes(&self, at: usize) -> f64 {
        self.uses.get(at).map_or(0.0, |part| part.live.bytes as f64)
    }

    fn at(&self, at: usize) -> f64 {
        self.x.get(at).copied().unwrap_or(0.0)
    }

    fn variance(&self, at: usize) -> f64 {
        self.uses.get(at).map_or(0.0, |part| part.variance)
    }

    fn count(&self) -> usize {
        self.x.len().min(self.uses.len())
    }

    /// The confidence of one test, of as many as there are sites and beginnings of a window.
    fn confidence(&self) -> f64 {
        let beginnings = self.count().saturating_sub(2).max(1);
        1.0 - (1.0 - SURE) / (self.asked.max(1) * beginnings) as f64
    }

    /// The growth between two snapshots, and how much of it sampling may have made.
    fn step(&self, from: usize, to: usize) -> (f64, f64) {
        // A normal bound: the error of sampling is of many blocks.
        let bound = student_t::critical(self.confidence(), 1e6);
        (self.bytes(to) - self.bytes(from), bound * (self.variance(from) + self.variance(to)).sqrt())
    }

    /// The value halfway along the axis between two snapshots, on straight lines.
    fn halfway(&self, from: usize, to: usize) -> f64 {
        let middle = f64::midpoint(self.at(from), self.at(to));
        let next = (from + 1..to).find(|&at| self.at(at) >= middle).unwrap_or(to);
        let (x0, x1) = (self.at(next - 1), self.at(next));
        let share = if x1 > x0 { (middle - x0) / (x1 - x0) } else { 0.5 };
        self.bytes(next - 1) + share * (self.bytes(next) - self.bytes(next - 1))
    }

    /// How many blocks came since a snapshot, where they are too few; `None` where there are enough, or as many blocks
    /// became larger.
    fn few_more(&self, from: usize) -> Option<u64> {
        let blocks = |at: usize| self.uses.get(at).map_or(0, |part| part.live.blocks);
        let more = blocks(self.count().saturating_sub(1)).saturating_sub(blocks(from));
        (1..FEW_MORE).contains(&more).then_some(more)
    }

    /// Growth over the whole window against that over its first half.
    fn doubling(&self, from: usize) -> Option<f64> {
        let to = self.count().checked_sub(1).filter(|&to| to >= from + 2)?;
        let (first, whole) = (self.halfway(from, to) - self.bytes(from), self.bytes(to) - self.bytes(from));
        (first > 0.0).then_some(whole / first)
    }
}

/// Judges one site.
pub(super) fn judge(window: &Window<'_>) -> Judged {
    let last = window.count().saturating_sub(1);
    let (growth, noise) = window.step(0, last);
    let said = |state, reason: String, doubling| Judged { state, reason, doubling };
    if last == 0 {
        return said(SiteState::Undecided, "one snapshot alone tells no growth".to_owned(), None);
    }
    if growth <= noise {
        return not_grown(window, growth, noise);
    }
    if last == 1 {
        let reason = "two snapshots cannot tell a leak from a cache that fills; take a third".to_owned();
        return said(SiteState::Grew, reason, None);
    }
    let doubling = window.doubling(0);
    let span = window.at(last) - window.at(0);
    // A start-up may hide a leak behind it, but half of what was seen must show it.
    let starts = (0..last - 1).filter(|&from| window.at(last) - window.at(from) >= 0.5 * span);
    for from in starts {
        if goes_on(window, from) {
            if let Some(few) = window.few_more(from).filter(|_| noise == 0.0) {
                let plural = if few == 1 { "" } else { "s" };
                let reason = format!("{few} block{plural} more may be chance; run longer to see it go on");
                return said(SiteState::Undecided, reason, doubling);
            }
            let ratio = window.doubling(from);
            let since = if from == 0 { String::new() } else { format!(" since snapshot {}", from + 1) };
            let reason = match ratio {
                Some(ratio) => format!("the whole window{since} holds {ratio:.2} times the growth of its first half"),
                None => format!("it rises at every step{since}"),
            };
            return said(SiteState::Growing, reason, ratio);
        }
    }
    stopped_or_unclear(window, doubling)
}

fn not_grown(window: &Window<'_>, growth: f64, noise: f64) -> Judged {
    let last = window.count() - 1;
    let (first, now) = (window.bytes(0), window.bytes(last));
    let said = |state, reason: String| Judged { state, reason, doubling: window.doubling(0) };
    let sampled = window.variance(last) > 0.0 || window.variance(0) > 0.0;
    let seen = (0..=last)
        .map(|at| if window.variance(at) > 0.0 { window.bytes(at).powi(2) / window.variance(at) } else { 0.0 });
    if sampled && growth > 0.0 && seen.fold(0.0, f64::max) < FEW_BLOCKS {
        return said(
            SiteState::Undecided,
            "too few of its blocks were sampled to tell; sample more or run longer".to_owned(),
        );
    }
    if growth < -noise && growth < -0.1 * first {
        return said(SiteState::Shrank, format!("it holds {} less than at first", human(-growth)));
    }
    let allocated = |at: usize| window.uses.get(at).map_or(0, |part| part.allocated.bytes);
    let turned = allocated(last).saturating_sub(allocated(0)) as f64;
    if turned > TURNS_OVER * now && now > 0.0 {
        let reason = format!("it allocated {} meanwhile and let go of as much", human(turned));
        return said(SiteState::TurningOver, reason);
    }
    said(SiteState::Steady, "it holds what it held".to_owned())
}

/// Whether the growth since this snapshot goes on as a leak's does.
fn goes_on(window: &Window<'_>, from: usize) -> bool {
    let last = window.count() - 1;
    let steps: Vec<(f64, f64)> = (from..last).map(|at| window.step(at, at + 1)).collect();
    // Exact figures must rise; sampled ones may fall by what sampling explains.
    let rises = |&(growth, noise): &(f64, f64)| if noise > 0.0 { growth > -noise } else { growth > 0.0 };
    let rising = steps.iter().filter(|step| rises(step)).count();
    let is_last_rising = steps.last().is_some_and(rises);
    if !is_last_rising || (rising as f64) < RISING * steps.len() as f64 {
        return false;
    }
    let (whole, noise) = window.step(from, last);
    let (late, late_noise) = (window.bytes(last) - window.halfway(from, last), noise / std::f64::consts::SQRT_2);
    if whole <= noise || late <= late_noise {
        return false;
    }
    match window.doubling(from) {
        Some(ratio) if ratio >= DOUBLES => {}
        // Nothing in the first half, and then it grows: a late leak, if it is one, must show over half a window of its own.
        None | Some(_) => return false,
    }
    if steps.len() == 2 {
        // Two steps leave no freedom for a line; they must be of one size, sampling aside.
        let [first, second] = [0, 1].map(|at| {
            steps
                .get(at)
                .map_or(0.0, |step| step.0 / (window.at(from + at + 1) - window.at(from + at)).max(f64::MIN_POSITIVE))
        });
        return noise > 0.0 || (second <= 1.0 / (DOUBLES - 1.0) * first && first <= 1.0 / (DOUBLES - 1.0) * second);
    }
    slope(window, from, window.confidence()).is_some_and(|slope| slope.low > 0.0)
}

fn stopped_or_unclear(window: &Window<'_>, doubling: Option<f64>) -> Judged {
    let last = window.count() - 1;
    let said = |state, reason: &str| Judged { state, reason: reason.to_owned(), doubling };
    let late = window.bytes(last) - window.halfway(0, last);
    let (_, noise) = window.step(0, last);
    let first = window.halfway(0, last) - window.bytes(0);
    if doubling.is_some_and(|ratio| ratio <= STOPPED) || (first > 0.0 && late <= 0.0) {
        if noise > 0.5 * first {
            return said(
                SiteState::Undecided,
                "sampling is too coarse to tell whether it stopped; sample more or run longer",
            );
        }
        return said(SiteState::Filled, "it grew at first and then stopped, as a cache that fills does");
    }
    if doubling.is_some_and(|ratio| ratio < DOUBLES) {
        return said(SiteState::Undecided, "it grows ever more slowly, as a cache does that still fills; run longer");
    }
    let blocks = |at: usize| window.uses.get(at).map_or(0, |part| part.live.blocks);
    // A profile that tells no blocks has none anywhere.
    if blocks(last) > 0 && blocks(last) <= blocks(0) {
        return said(
            SiteState::Undecided,
            "the same blocks become larger, as a table does that doubles; run longer to see it go on",
        );
    }
    said(SiteState::Undecided, "it does not grow evenly enough to tell; take more snapshots or run longer")
}

/// The growth per unit of the axis since a snapshot, with its interval: by a line where there are four and more, else by
/// the ends.
pub(super) fn slope(window: &Window<'_>, from: usize, confidence: f64) -> Option<Estimate> {
    let last = window.count().checked_sub(1).filter(|&last| last > from)?;
    let (x, y): (Vec<f64>, Vec<f64>) = (from..=last).map(|at| (window.at(at), window.bytes(at))).unzip();
    let span = window.at(last) - window.at(from);
    if span <= 0.0 {
        return None;
    }
    let interval =
        |estimate: f64, half: f64| Estimate { estimate, low: estimate - half, high: estimate + half, confidence };
    let normal = student_t::critical(confidence, 1e6);
    let ends = (window.variance(from) + window.variance(last)).sqrt() / span;
    if x.len() < 4 {
        let steps = x.windows(2).zip(y.windows(2)).map(|(x, y)| (y[1] - y[0]) / (x[1] - x[0]).max(f64::MIN_POSITIVE));
        let (low, high) = steps.fold((f64::MAX, f64::MIN), |(low, high), step| (low.min(step), high.max(step)));
        let estimate = (window.bytes(last) - window.bytes(from)) / span;
        let by_sampling = interval(estimate, normal * ends);
        return Some(Estimate { low: low.min(by_sampling.low), high: high.max(by_sampling.high), ..by_sampling });
    }
    let line = least_squares(&x, &y)?;
    let mean = x.iter().sum::<f64>() / x.len() as f64;
    let spread: f64 = x.iter().map(|x| (x - mean).powi(2)).sum();
    let residual: f64 = x.iter().zip(&y).map(|(x, y)| (y - line.at(*x)).powi(2)).sum();
    let freedom = (x.len() - 2) as f64;
    let by_line = (residual / freedom / spread).sqrt() * student_t::critical(confidence, freedom);
    let by_sampling = (from..=last).map(|at| ((window.at(at) - mean) / spread).powi(2) * window.variance(at));
    let by_sampling = by_sampling.sum::<f64>().sqrt() * normal;
    Some(interval(line.slope, by_line.max(by_sampling)))
}
