//! The contest held again behind the start. A high warm-up sets the scale for all that is believed: the tolerance is a
//! share of its range, and what no shape of the table follows of it passes for noise that wanders. Beside it a slow growth
//! and the end of the warm-up look alike. So where the first sitting leaves a rise open, its start is left out, a tenth of
//! the run more each time, and the readings that are left are reduced and judged on a scale of their own.

use super::doubts;
use super::growth::FEWEST;
use super::sawtooth::Floors;
use super::solved::EndSlope;
use super::view::View;
use super::weigh::{self, LEAD, OUT, Seen};

/// Where each life is cut; what lies behind the last is long enough for a level or a line.
const STARTS: [f64; 7] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7];
/// Growth that begins later than this share of the run is too young (as in `shapes`).
const LATEST: f64 = 0.75;
/// The sittings whose agreement shows that a rise has not ended: on the last two fifths of the run.
const LAST: f64 = 0.6;

/// What the sittings behind the start say together.
pub(super) enum Again {
    /// The growth goes on behind the warm-up.
    Grows(Box<Behind>),
    /// The last of them still rise, and none proves that it goes on.
    Rises,
    /// Nothing that the first sitting did not say.
    Nothing,
}

/// Growth behind the start.
pub(super) struct Behind {
    /// The view of what lies there, from the first sitting that proves it.
    pub(super) view: View,
    /// The slope, per unit of the whole run's axis.
    pub(super) slope: EndSlope,
}

/// One sitting.
struct Sitting {
    start: f64,
    view: View,
    slope: EndSlope,
    /// By how much growth leads over both of the others.
    lead: f64,
    proven: bool,
    rises: bool,
}

/// Holds the contest behind each start.
pub(super) fn again(seen: &Seen<'_>, least: f64) -> Again {
    let all: Vec<Sitting> = STARTS.iter().filter_map(|&start| sit(seen, start, least)).collect();
    let rises =
        all.iter().filter(|one| one.start >= LAST).fold(None, |all, one| Some(all.unwrap_or(true) && one.rises));
    // One place picked out of n is dearer by 2 ln n (a prior of 1 / n each); two need not be picked.
    let picked = LEAD + 2.0 * (STARTS.len() as f64).ln();
    let proofs: Vec<Sitting> = all.into_iter().filter(|one| one.proven).collect();
    let enough = proofs.len() >= 2 || proofs.iter().any(|one| one.lead > picked);
    match mean(&proofs).filter(|_| enough) {
        Some(slope) => {
            let behind = |first: Sitting| Again::Grows(Box::new(Behind { view: first.view, slope }));
            proofs.into_iter().next().map_or(Again::Nothing, behind)
        }
        None if rises == Some(true) => Again::Rises,
        None => Again::Nothing,
    }
}

fn sit(seen: &Seen<'_>, start: f64, least: f64) -> Option<Sitting> {
    let part = seen.floors.track.behind(start);
    if part.times.len() < FEWEST {
        return None;
    }
    let view = seen.view.of_part(&part);
    let floors = Floors { track: part, ..*seen.floors };
    let own = Seen { readings: &floors.track, floors: &floors, view: &view };
    let evidence = weigh::evidence(&own)?;
    let lead = evidence.over_stopped.min(view.contest.over_slowing());
    let stands_out = evidence.slope.slope > OUT * evidence.slope.error && evidence.risen > least;
    let young = start + (1.0 - start) * evidence.onset > LATEST;
    let proven = lead > LEAD && stands_out && !young && doubts::of_growth(&own, &evidence).is_none();
    let rises = stands_out && evidence.over_stopped > weigh::LEANING;
    let scale = seen.view.blocks.length / view.blocks.length;
    let slope = evidence.slope;
    let slope = EndSlope { slope: slope.slope * scale, error: slope.error * scale, freedom: slope.freedom };
    Some(Sitting { start, view, slope, lead, proven, rises })
}

/// The mean slope; its variance holds their disagreement too, as in `View::growth`.
fn mean(sittings: &[Sitting]) -> Option<EndSlope> {
    let count = sittings.len() as f64;
    let slope = sittings.iter().map(|one| one.slope.slope).sum::<f64>() / count;
    let scatter = |one: &Sitting| one.slope.error.powi(2) + (one.slope.slope - slope).powi(2);
    let variance = sittings.iter().map(scatter).sum::<f64>() / count;
    let freedom = sittings.iter().map(|one| one.slope.freedom).fold(f64::INFINITY, f64::min);
    (count > 0.0).then(|| EndSlope { slope, error: variance.sqrt(), freedom })
}
