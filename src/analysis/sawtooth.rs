//! Sawtooths: a collector lets memory rise and takes it back. Only the floor that it falls back to tells whether
//! anything stays behind, so where there are enough cycles the floors are judged in place of the readings.

use crate::stats::line_fit;
use crate::stats::quantile;

use super::track::Track;

/// A fall counts from this share of the series' spread; smaller ones are noise beside the cycle.
const FALL: f64 = 0.3;
/// ... and from this many steps of the reading: about a line that rises, rounding alone falls by one.
const ROUNDING: f64 = 1.5;
/// Fewer floors than this carry no slope with its noise.
const FEWEST_FLOORS: usize = 5;
/// A line through fewer floors than this leaves nothing to tell its noise by.
const FEWEST_FOR_A_LINE: usize = 3;
/// From this many floors on the contest of shapes has enough points.
const MANY_FLOORS: usize = 12;
/// A cycle is a slow rise and a quick fall: at least this many readings lie between two falls on average.
const READINGS_A_CYCLE: usize = 4;
/// A fall below the line through all readings is a fall of the readings themselves by this share of it at least: over one
/// reading a sawtooth's line rises by a small part of a cycle.
const REALLY: f64 = 0.5;
/// The share of all downward movement that the falls make at least: noise goes down in small steps too.
const OF_ALL_FALLING: f64 = 0.5;
/// Quick rises, as a share of the falls, beyond which it is no sawtooth but something that jumps both ways.
const QUICK_RISES: f64 = 0.2;
/// Floors of floors (major collections among minor ones) replace the floors only where at least this many are left;
/// fewer would trade many noisy floors for a handful.
const FEWEST_NESTED: usize = 10;
/// Collectors nest (a minor and a major collection); deeper nesting than this is not seen in practice.
const DEPTH: usize = 3;

/// What the cycles of a track are like.
#[derive(Clone, Debug)]
pub(super) struct Floors {
    /// The track to judge: the floors where there are enough cycles, else the readings.
    pub(super) track: Track,
    /// How many cycles were found, counted in the readings.
    pub(super) cycles: usize,
    /// Whether the floors are judged.
    pub(super) judged: bool,
}

/// Replaces the readings by their floors where they are a sawtooth.
pub(super) fn floors(track: &Track) -> Floors {
    let mut found = Floors { track: track.clone(), cycles: 0, judged: false };
    for depth in 0..DEPTH {
        let falls = falls(&found.track);
        if depth == 0 {
            found.cycles = falls.len();
        }
        let fewest = if depth == 0 { FEWEST_FLOORS } else { FEWEST_NESTED };
        let Some(kept) = floor_positions(&found.track, &falls, fewest) else { break };
        found.track = found.track.at(&kept);
        found.judged = true;
    }
    found
}

/// The positions right after quick, deep falls, where they make a sawtooth.
struct Falls {
    ends: Vec<usize>,
    quick_rises: usize,
    /// The share of all downward movement that they make.
    share: f64,
}

impl Falls {
    fn len(&self) -> usize {
        self.ends.len()
    }
}

fn falls(track: &Track) -> Falls {
    let none = Falls { ends: Vec::new(), quick_rises: 0, share: 0.0 };
    let Some(line) = line_fit::least_squares(&track.times, &track.values) else { return none };
    let level: Vec<f64> = track.times.iter().zip(&track.values).map(|(&time, value)| value - line.at(time)).collect();
    let bound = (FALL * quantile::spread(&level, 0.02, 0.98)).max(ROUNDING * track.quantum);
    if bound <= 0.0 {
        return none;
    }
    let mut found = none;
    let mut fallen = 0.0;
    let mut at = 1;
    while at < level.len() {
        let same_life = track.segment[at] == track.segment[at - 1];
        // A collection may be caught half-way by one reading, so two steps count as one fall.
        let two =
            (at + 1 < level.len() && track.segment[at + 1] == track.segment[at]).then(|| level[at + 1] - level[at - 1]);
        let one = level[at] - level[at - 1];
        // Where a rise ends, each reading falls behind the line through all of them, and nothing has fallen.
        let really = |to: usize| track.values[at - 1] - track.values[to] >= REALLY * (level[at - 1] - level[to]);
        let two = two.filter(|_| really(at + 1));
        let one = if one < 0.0 && !really(at) { 0.0 } else { one };
        if same_life && (one <= -bound || two.is_some_and(|two| two <= -bound && one < 0.0)) {
            let end = if two.is_some_and(|two| two < one) { at + 1 } else { at };
            found.ends.push(end);
            fallen += level[at - 1] - level[end];
            at = end + 1;
        } else {
            found.quick_rises += usize::from(same_life && one >= bound);
            at += 1;
        }
    }
    let down: f64 = level.windows(2).map(|pair| (pair[0] - pair[1]).max(0.0)).sum();
    found.share = if down > 0.0 { fallen / down } else { 0.0 };
    found
}

fn floor_positions(track: &Track, falls: &Falls, fewest: usize) -> Option<Vec<usize>> {
    let enough = falls.len() >= fewest && track.values.len() >= READINGS_A_CYCLE * falls.len();
    let slow_rises = (falls.quick_rises as f64) <= QUICK_RISES * falls.len() as f64;
    (enough && slow_rises && falls.share > OF_ALL_FALLING).then(|| falls.ends.clone())
}

/// A few floors, and the cycles they belong to.
pub(super) struct FewFloors {
    /// The readings after the falls.
    pub(super) track: Track,
    /// The usual depth of a fall.
    pub(super) height: f64,
    /// How much the readings rise from one to the next: what a floor may be caught too high.
    pub(super) rise: f64,
    /// Whether what follows the last floor stays as low as the cycles do.
    pub(super) within: bool,
}

/// The floors of a sawtooth of one life, beside no load, that has too few of them for the contest of shapes.
pub(super) fn few_floors(track: &Track) -> Option<FewFloors> {
    let falls = falls(track);
    let kept = floor_positions(track, &falls, FEWEST_FOR_A_LINE)?;
    if kept.len() >= MANY_FLOORS || track.load.is_some() || track.segment.first() != track.segment.last() {
        return None;
    }
    let top = |end: usize| track.values[end.saturating_sub(2)..end].iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let depths: Vec<f64> = kept.iter().map(|&end| top(end) - track.values[end]).collect();
    let height = quantile::median(&depths)?;
    let last = *kept.last()?;
    let highest = kept.iter().map(|&end| top(end)).fold(f64::NEG_INFINITY, f64::max);
    let beyond = track.values[last..].iter().copied().fold(f64::NEG_INFINITY, f64::max) - highest;
    let lengths: Vec<f64> = kept.windows(2).map(|pair| (pair[1] - pair[0]) as f64).collect();
    let rise = height / quantile::median(&lengths)?;
    Some(FewFloors { track: track.at(&kept), height, rise, within: beyond < FALL * height })
}

/// Cycles that are too few to judge by their floors.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cycles {
    /// How many slow rises ended in a quick fall.
    pub(super) count: usize,
    /// The deepest of the falls.
    pub(super) deepest: f64,
}

/// The cycles from this reading on: quick, deep falls, each after a slow rise as high as a fall must be.
pub(super) fn cycles(track: &Track, from: usize) -> Cycles {
    let part = track.at(&(from..track.values.len()).collect::<Vec<usize>>());
    let falls = falls(&part);
    let jumps_about = falls.quick_rises as f64 > QUICK_RISES * falls.len() as f64;
    if jumps_about || falls.share < OF_ALL_FALLING || falls.len() >= 2 * FEWEST_FLOORS {
        return Cycles::default();
    }
    let bound = FALL * quantile::spread(&part.values, 0.02, 0.98);
    let mut found = Cycles::default();
    let mut floor = part.values.first().copied().unwrap_or(0.0);
    for &end in &falls.ends {
        let top = part.values[end.saturating_sub(2)..end].iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if top - floor >= bound && top - part.values[end] >= bound {
            found.count += 1;
            found.deepest = found.deepest.max(top - part.values[end]);
        }
        floor = part.values[end];
    }
    // One fall makes a cycle only with a rise on either side.
    if found.count == 1 && part.values.last().is_none_or(|last| last - floor < bound) {
        found.count = 0;
    }
    found
}
