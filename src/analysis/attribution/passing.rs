//! What requests take only for a while: buffers that follow the pace, sessions that run out. Memory that is given back after
//! a minute looks like a leak to a mix that changes every ten seconds, so its columns are looked for and taken in where the
//! points ask for them.

use super::company::Group;
use super::counts::Counts;
use super::fit::{Column, Fit, Part};
use super::points::Points;

/// How long a fading memory lasts, in sixtieths of the stretch: from a quarter of a spell of a run of sixty to two. One that lasts
/// for longer is hardly another column than what is kept, and the two would share a growth between them at will.
const FADING: [f64; 4] = [0.25, 0.5, 1.0, 2.0];
/// After how long all of it is given back at once, in sixtieths of the stretch.
const RETURNED: [f64; 12] = [1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0, 12.0];
/// The part of the stretch that the two are counted in.
const PART: f64 = 1.0 / 60.0;
/// Such columns at most: each costs a little of what can be told.
const MOST: usize = 6;

/// The fit without what passes but for the pace itself, and the one with it.
#[derive(Clone, Debug)]
pub(super) struct Fits {
    pub(super) plain: Fit,
    pub(super) full: Fit,
}

/// Fits the groups; `None` where they cannot be told from each other.
pub(super) fn fits(
    points: &Points,
    counts: &Counts,
    groups: &[Group],
    trend: &[Column],
    kept: &[Column],
) -> Option<Fits> {
    let paces = groups.iter().enumerate();
    let paces = paces.map(|(at, group)| Column::new(Part::Passing(at), points.pace(counts, &group.so_far)));
    let mut columns: Vec<Column> = trend.iter().chain(kept).cloned().chain(paces).collect();
    let plain = Fit::new(points, &columns)?;
    let candidates: Vec<Column> =
        groups.iter().enumerate().flat_map(|group| candidates(points, counts, group)).collect();
    let mut full = plain.clone();
    for _ in 0..MOST.min(2 * groups.len()) {
        let gains = candidates.iter().map(|candidate| (full.gain(candidate), candidate));
        let Some((_, best)) = gains.max_by(|one, other| one.0.total_cmp(&other.0)) else { break };
        columns.push(best.clone());
        let Some(next) = Fit::new(points, &columns) else { break };
        if next.score(candidates.len()) >= full.score(1) {
            break;
        }
        full = next;
    }
    Some(Fits { plain, full })
}

fn candidates(points: &Points, counts: &Counts, (number, group): (usize, &Group)) -> Vec<Column> {
    let part_s = points.span_s() * PART;
    let pace = points.pace(counts, &group.so_far);
    let now = points.counted(counts, &group.so_far, 0.0);
    let fading = FADING.iter().map(|parts| faded(&points.times, &pace, parts * part_s));
    let returned = RETURNED.iter().map(|parts| {
        let then = points.counted(counts, &group.so_far, parts * part_s);
        now.iter().zip(then).map(|(now, then)| now - then).collect()
    });
    fading.chain(returned).map(|values| Column::new(Part::Passing(number), values)).collect()
}

/// The pace with a memory that fades by the factor e in `memory_s`, as if it had always been the mean before.
fn faded(times: &[f64], pace: &[f64], memory_s: f64) -> Vec<f64> {
    let mut held = pace.iter().sum::<f64>() / pace.len().max(1) as f64;
    let mut last = times.first().copied().unwrap_or(0.0);
    let step = |(&time, &pace): (&f64, &f64)| {
        let left = (-(time - last) / memory_s).exp();
        last = time;
        held = held * left + pace * (1.0 - left);
        held
    };
    times.iter().zip(pace).map(step).collect()
}
