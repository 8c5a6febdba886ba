//! From drafts to rows: the difference, its interval, and the word.
//!
//! A row is worse where chance is excluded not only as the reason for a difference but as the reason for one beyond what is
//! tolerated (a test of a minimum effect: Murphy and Myors 1999). The chances of all rows are corrected together.

use crate::domain::Estimate;
use crate::domain::comparison::{Change, Comparison, Quantity, Row};
use crate::domain::traffic::TrafficSummary;
use crate::stats::contrast::{Contrast, Known, holm};
use crate::stats::student_t;

use super::draft::{Draft, Scale};
use super::{ENOUGH_BASELINES, LEAST_TOLERANCE, Tolerances, USUAL_TOLERANCE};

/// The usual bound of significance, for all rows together.
const UNLIKELY: f64 = 0.05;
const CONFIDENCE: f64 = 0.95;

/// Noise of so many milliseconds is what a busy machine makes of any answer, however short: the driver's own lateness
/// counts from there on too.
const SCHEDULED_MS: f64 = TrafficSummary::LAG_FLOOR_US as f64 / 1000.0;

/// A draft with its numbers.
struct Weighed {
    draft: Draft,
    contrast: Option<Contrast>,
    /// What is tolerated, on the row's scale, towards worse and towards better.
    bounds: (f64, f64),
    /// What is tolerated in the row's unit.
    tolerated: Option<f64>,
}

/// The rows, the worst first, in the order of the drafts otherwise.
pub(super) fn rows(drafts: Vec<Draft>, tolerances: &Tolerances) -> Vec<Row> {
    let weighed: Vec<Weighed> = drafts.into_iter().map(|draft| weigh(draft, tolerances)).collect();
    let is_tested = |one: &&Weighed| one.draft.settled.is_none() && one.contrast.is_some();
    let tested = weighed.iter().filter(is_tested).count().max(1);
    let chances = |of: fn(&Weighed, Contrast) -> f64| {
        let raw: Vec<f64> =
            weighed.iter().filter(is_tested).map(|one| one.contrast.map_or(1.0, |c| of(one, c))).collect();
        holm(&raw)
    };
    // Both directions are asked, and twice the lesser chance is that of either.
    let beyond = chances(|one, contrast| {
        let (up, down) = (contrast.chance_above(one.bounds.0), contrast.reversed().chance_above(one.bounds.1));
        (2.0 * up.min(down)).min(1.0)
    });
    let any = chances(|_, contrast| 2.0 * contrast.chance_above(0.0).min(contrast.reversed().chance_above(0.0)));
    let mut next = beyond.into_iter().zip(any);
    let mut rows: Vec<Row> = weighed
        .iter()
        .map(|one| {
            let found = if is_tested(&one) { next.next() } else { None };
            row(one, found, tested)
        })
        .collect();
    let rare = weighed.iter().map(|one| one.draft.is_rare);
    let keep_open: Vec<bool> = rows.iter().zip(rare).map(|(row, is_rare)| keeps_open(row, is_rare, &rows)).collect();
    rows.iter_mut().zip(keep_open).for_each(|(row, keeps_open)| row.keeps_open = keeps_open);
    rows.sort_by_key(|row| (row.change, !row.keeps_open));
    rows
}

fn weigh(draft: Draft, tolerances: &Tolerances) -> Weighed {
    let several = draft.baselines.len() >= ENOUGH_BASELINES;
    let contrast = draft.candidate.and_then(|candidate| contrast(&draft.baselines, candidate));
    // The row's numbers stand so that up is worse.
    let contrast =
        contrast.map(|contrast| if draft.quantity.is_better_high() { contrast.reversed() } else { contrast });
    let usual = if several { LEAST_TOLERANCE } else { USUAL_TOLERANCE };
    let named = tolerances
        .named
        .iter()
        .find(|(name, _)| is_named(&draft.subject, draft.quantity, name))
        .map(|(_, share)| *share);
    let share = named.or(tolerances.all).unwrap_or(usual);
    let Some(baseline) = draft.baseline() else {
        return Weighed { draft, contrast, bounds: (0.0, 0.0), tolerated: None };
    };
    let tolerated = (share * baseline.abs()).max(draft.floor);
    let bounds = match draft.scale {
        Scale::Plain => (tolerated, tolerated),
        // As far down by a factor as up.
        Scale::Ratio => ((1.0 + tolerated / baseline).ln(), (1.0 + tolerated / baseline).ln()),
    };
    Weighed { draft, contrast, bounds, tolerated: Some(tolerated) }
}

/// Whether a tolerance of this name means the row: by its metric, its step or its quantity.
fn is_named(subject: &str, quantity: Quantity, name: &str) -> bool {
    let step = subject.rsplit_once(" / ").map(|(_, step)| step);
    let is_resident = subject == "rss_anon" && name == "rss";
    subject == name || step == Some(name) || quantity.words() == name || is_resident
}

/// Whether a tolerance of this name meant any row of a comparison.
pub fn is_used(name: &str, comparison: &Comparison) -> bool {
    comparison.rows.iter().any(|row| is_named(&row.subject, row.quantity, name))
}

fn contrast(baselines: &[Known], candidate: Known) -> Option<Contrast> {
    match baselines {
        [] => None,
        [one] => Some(Contrast::between(*one, candidate)),
        several if several.len() >= ENOUGH_BASELINES => Contrast::predicted(several, candidate),
        several => {
            // Two tell too little of a spread, but their mean is known better than either.
            let count = several.len() as f64;
            let value = several.iter().map(|known| known.value).sum::<f64>() / count;
            let error = several.iter().map(|known| known.error.powi(2)).sum::<f64>().sqrt() / count;
            let freedom = several.iter().map(|known| known.freedom).fold(f64::INFINITY, f64::min);
            Some(Contrast::between(Known { value, error, freedom }, candidate))
        }
    }
}

fn row(one: &Weighed, found: Option<(f64, f64)>, tested: usize) -> Row {
    let Weighed { draft, contrast, tolerated, .. } = one;
    let baseline = draft.baseline();
    let (change, reason) = word(one, found);
    let least_seen = draft.least_seen.or_else(|| contrast.and_then(|contrast| least_seen(one, contrast, tested)));
    Row {
        subject: draft.subject.clone(),
        label: draft.label.clone(),
        quantity: draft.quantity,
        unit: draft.unit,
        of: draft.of.clone(),
        baseline,
        candidate: draft.candidate.map(|known| draft.scale.back(known.value)),
        difference: contrast.and_then(|contrast| difference(one, contrast)),
        tolerated: *tolerated,
        least_seen: least_seen.filter(|least| least.is_finite()),
        change,
        keeps_open: false,
        reason,
    }
}

fn word(one: &Weighed, found: Option<(f64, f64)>) -> (Change, Option<String>) {
    if let Some((change, why)) = &one.draft.settled {
        return (*change, why.clone());
    }
    let (Some(contrast), Some((beyond, any))) = (one.contrast, found) else {
        let why = "there is no number with an interval for it on both sides";
        return (Change::CannotTell, Some(one.draft.doubt.clone().unwrap_or_else(|| why.to_owned())));
    };
    let is_worse = contrast.estimate > 0.0;
    let is_great = contrast.estimate > one.bounds.0 || -contrast.estimate > one.bounds.1;
    let change = match (beyond < UNLIKELY, any < UNLIKELY, is_great) {
        (true, ..) if is_worse => Change::Worse,
        (true, ..) => Change::Better,
        (false, true, false) => Change::Tolerated,
        // More than chance, and perhaps more than is tolerated; a gate must not let a loss pass for that.
        (false, true, true) if is_worse => {
            let why = "it differs by more than chance, but whether by more than is tolerated is open: a longer run would tell";
            return (Change::CannotTell, Some(why.to_owned()));
        }
        (false, ..) if is_blind(one, contrast) => {
            let why = "too noisy: not even a doubling would have been seen";
            return (Change::CannotTell, Some(why.to_owned()));
        }
        (false, ..) => Change::NotShown,
    };
    match &one.draft.doubt {
        Some(doubt) if matches!(change, Change::Worse | Change::Better) => (Change::CannotTell, Some(doubt.clone())),
        _ => (change, None),
    }
}

/// Whether the noise alone hides a doubling (of throughput: its end), so that nothing seen says nothing. A run beside itself
/// is not blind: there is nothing to see.
fn is_blind(one: &Weighed, contrast: Contrast) -> bool {
    let half = contrast.half_width(CONFIDENCE);
    let differs = contrast.estimate.abs() > 0.0;
    let Some(baseline) = one.draft.baseline() else { return false };
    differs
        && match (one.draft.quantity, one.draft.scale) {
            // Shares and rates may be zero before, and their floors are absolute.
            (Quantity::Failures | Quantity::GrowthPerHour | Quantity::GrowthPerTurn, _) => false,
            (_, Scale::Ratio) => half > 2.0_f64.ln() && baseline * half.exp_m1() > SCHEDULED_MS,
            (_, Scale::Plain) => half > baseline.abs().max(one.draft.floor),
        }
}

/// Whether a row that cannot be told keeps the candidate from passing: where the numbers lean towards worse, and where
/// nothing else of its subject could be told. A 99th percentile for which there were too few requests does not, where the
/// 95th is there; nor does a step that is done once a minute, where others are told.
fn keeps_open(row: &Row, is_rare: bool, rows: &[Row]) -> bool {
    if row.change != Change::CannotTell {
        return false;
    }
    let is_time = |quantity: Quantity| matches!(quantity, Quantity::P50 | Quantity::P95 | Quantity::P99);
    let towards_worse = |difference: Estimate| {
        if row.quantity.is_better_high() { difference.high < 0.0 } else { difference.low > 0.0 }
    };
    let leans = row.difference.is_some_and(towards_worse);
    let stands_in = |other: &Row| {
        let is_near = other.subject == row.subject && is_time(row.quantity);
        other.change != Change::CannotTell && is_time(other.quantity) && (is_near || is_rare)
    };
    let is_asked = !matches!(row.quantity, Quantity::GrowthPerTurn | Quantity::FirstByte);
    leans || (is_asked && !rows.iter().any(stands_in))
}

/// The difference in the row's unit, with its interval.
fn difference(one: &Weighed, contrast: Contrast) -> Option<Estimate> {
    let contrast = if one.draft.quantity.is_better_high() { contrast.reversed() } else { contrast };
    let half = contrast.half_width(CONFIDENCE);
    let ends = [contrast.estimate, contrast.estimate - half, contrast.estimate + half];
    let [estimate, low, high] = match one.draft.scale {
        Scale::Plain => ends,
        Scale::Ratio => {
            let baseline = one.draft.baseline()?;
            ends.map(|end| baseline * end.exp_m1())
        }
    };
    Some(Estimate { estimate, low, high, confidence: CONFIDENCE })
}

/// The least estimate that would have been called worse, were this the only row that is, in the row's unit.
fn least_seen(one: &Weighed, contrast: Contrast, tested: usize) -> Option<f64> {
    let half = if contrast.error > 0.0 {
        contrast.error * student_t::critical(1.0 - UNLIKELY / tested as f64, contrast.freedom)
    } else {
        0.0
    };
    let bound = one.bounds.0 + half;
    match one.draft.scale {
        Scale::Plain if one.draft.quantity.is_better_high() => Some(-bound),
        Scale::Plain => Some(bound),
        Scale::Ratio => Some(one.draft.baseline()? * bound.exp_m1()),
    }
}
