//! From the fits to what is to blame. False blame is worse than none: whatever is blamed must be so with and without what
//! passes, beyond chance for as many groups as were looked at, and together hold more than half of the growth for certain.

use crate::domain::Estimate;
use crate::domain::attribution::{Blame, Charge, Portion};
use crate::stats::{line_fit, student_t};

use super::company::{Company, Group};
use super::fit::{Column, Fit, Measured};
use super::passing::Fits;
use super::points::{Points, rise};

/// What chance does with a slope over three errors, once in 370: split among all groups (Bonferroni).
const CHANCE: f64 = 0.0027;
/// A portion below this share of the growth is not worth naming.
const LEAST_SHARE: f64 = 0.1;
/// Requests that take more than the whole growth, by this share of it, give it back again.
const GIVEN_BACK: f64 = -0.1;
/// With what passes and without it, a portion must come out the same but for this share of it: one that does not is given back in
/// part, and who knows how much.
const AGREE: f64 = 1.0 / 3.0;
/// What a request holds for a while must be less than what it leaves in one spell: that is a sixtieth of the stretch, and it comes
/// in half of them.
const SPELLS: f64 = 30.0;
/// The confidence of the intervals that are shown.
const CONFIDENCE: f64 = 0.95;

/// What was found.
#[derive(Clone, Debug)]
pub(super) struct Decision {
    pub(super) blame: Blame,
    pub(super) growth: f64,
    pub(super) portions: Vec<Portion>,
    pub(super) time_share: Estimate,
    /// Whether what requests take seems to be given back later.
    pub(super) returns: Returns,
}

/// Whether what requests take is given back: its sum is more than what the metric grew by, or a request that seems to be to blame
/// holds more for a while than it leaves in a spell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Returns {
    /// It is.
    Later,
    /// It may well not be.
    NotSeen,
}

/// One fit's answer.
struct Answer {
    growth: f64,
    /// What each group has of the growth, in the metric's unit.
    contributions: Vec<Measured>,
    all: Measured,
    charged: Vec<bool>,
    /// What the charged ones have together.
    together: Measured,
}

/// Decides; `None` where the metric does not rise between the ends of the stretch.
pub(super) fn decide(
    points: &Points,
    company: &Company,
    kept: &[Column],
    mixed: &[bool],
    fits: &Fits,
) -> Option<Decision> {
    let groups = &company.groups;
    let rises: Vec<f64> = kept.iter().map(Column::rise).collect();
    let freedom = line_fit::bandwidth(points.len()).1;
    let usual = student_t::critical(CONFIDENCE, freedom);
    let (plain, full) = (answer(&fits.plain, points, &rises, mixed), answer(&fits.full, points, &rises, mixed));
    if full.growth <= 0.0 {
        return None;
    }
    let agree = |at: usize| {
        let (plain, full) = (plain.contributions[at].value, full.contributions[at].value);
        (plain - full).abs() <= AGREE * plain.abs()
    };
    let charged: Vec<bool> = (0..groups.len())
        .map(|at| groups[at].is_varied() && plain.charged[at] && full.charged[at] && agree(at))
        .collect();
    let both = full.charged == charged;
    let share = |measured: Measured| shown(measured, 1.0 / full.growth, usual);
    let time = Measured { value: full.growth - full.all.value, error: full.all.error };
    let time_share = share(time);
    let passes = |at: usize| full.charged[at] && fits.full.held(at) > full.contributions[at].value / SPELLS;
    let returns =
        if time_share.high < GIVEN_BACK || (0..groups.len()).any(passes) { Returns::Later } else { Returns::NotSeen };
    let holds_most = full.together.value - usual * full.together.error > 0.5 * full.growth;
    let blamed = both && holds_most && returns == Returns::NotSeen && charged.contains(&true);
    let blame = if blamed {
        Blame::Requests
    } else if company.is_varied()
        && time_share.low > 0.5
        && !plain.charged.contains(&true)
        && !full.charged.contains(&true)
    {
        Blame::Time
    } else {
        Blame::CannotTell
    };
    let portion = |at: usize, group: &Group| Portion {
        name: group.name.clone(),
        kinds: group.kinds.clone(),
        count: group.count.round() as u64,
        per_request: shown(full.contributions[at], group.each / rises[at], usual),
        share: share(full.contributions[at]),
        charge: if blamed && charged[at] { Charge::ToBlame } else { Charge::Open },
    };
    let mut portions: Vec<Portion> = groups.iter().enumerate().map(|(at, group)| portion(at, group)).collect();
    portions.sort_by(|one, other| other.share.estimate.total_cmp(&one.share.estimate));
    Some(Decision { blame, growth: full.growth, portions, time_share, returns })
}

fn answer(fit: &Fit, points: &Points, rises: &[f64], mixed: &[bool]) -> Answer {
    let growth = rise(&points.values) - fit.passing();
    let only = |wanted: &dyn Fn(usize) -> bool| {
        let weights: Vec<f64> =
            rises.iter().enumerate().map(|(at, rise)| if wanted(at) { *rise } else { 0.0 }).collect();
        fit.kept(&weights)
    };
    let contributions: Vec<Measured> = (0..rises.len()).map(|group| only(&|at| at == group)).collect();
    let strict = student_t::critical(1.0 - CHANCE / rises.len() as f64, line_fit::bandwidth(points.len()).1);
    let is_charged = |(found, mixed): (&Measured, &bool)| {
        !mixed && found.value - strict * found.error > 0.0 && found.value > LEAST_SHARE * growth
    };
    let charged: Vec<bool> = contributions.iter().zip(mixed).map(is_charged).collect();
    let together = only(&|at| charged[at]);
    Answer { growth, all: only(&|_| true), contributions, charged, together }
}

fn shown(measured: Measured, factor: f64, usual: f64) -> Estimate {
    let Measured { value, error } = measured;
    let half = usual * error;
    Estimate { estimate: value, low: value - half, high: value + half, confidence: CONFIDENCE }.scaled(factor)
}
