//! The clean points of one series: what every later step works on. Missing and impossible readings are gone, marked
//! disturbances are left out, and restarts divide the points into segments.

use crate::domain::{SeriesSet, Unit};
use crate::stats::quantile;

use super::options::Options;
use super::roles::Judged;

/// The points of one series that count, in the order of time.
#[derive(Clone, Debug, Default)]
pub(super) struct Track {
    /// Seconds since the start.
    pub(super) times: Vec<f64>,
    /// The metric at that instant.
    pub(super) values: Vec<f64>,
    /// Turns completed so far, where every point has them.
    pub(super) turns: Option<Vec<f64>>,
    /// Users or requests at work, where every point has them and they vary.
    pub(super) load: Option<Vec<f64>>,
    /// Which life of the target the point belongs to; it rises by one at each restart.
    pub(super) segment: Vec<usize>,
    /// The least step that a reading can make.
    pub(super) quantum: f64,
    /// The last reading of all: a ceiling stands above what the user marked, too.
    pub(super) latest: Option<f64>,
    /// How much of each life was left out at its start, in lengths of what is left of the longest.
    pub(super) before: f64,
}

impl Track {
    /// The clean points of a judged series.
    pub(super) fn new(set: &SeriesSet, judged: &Judged<'_>, options: &Options) -> Self {
        let kept = kept_points(set, judged, options);
        let pick = |values: &[f64]| kept.iter().map(|&at| values[at]).collect::<Vec<f64>>();
        let values = pick(&judged.values);
        let quantum = quantum(judged.series.unit, &values);
        Self {
            times: pick(&set.elapsed_s),
            quantum,
            before: 0.0,
            latest: latest(judged),
            turns: companion(set.turns.as_deref(), &kept).filter(|turns| rises(turns)),
            load: companion(set.concurrency.as_deref(), &kept).filter(|load| varies(load)),
            segment: segments(set.incarnation.as_deref(), &kept),
            values,
        }
    }

    /// From the first point to the last, in seconds.
    pub(super) fn span_s(&self) -> f64 {
        match (self.times.first(), self.times.last()) {
            (Some(first), Some(last)) => last - first,
            _ => 0.0,
        }
    }
}

impl Track {
    /// The track of these positions alone.
    pub(super) fn at(&self, positions: &[usize]) -> Self {
        let pick = |values: &[f64]| positions.iter().map(|&at| values[at]).collect::<Vec<f64>>();
        Self {
            times: pick(&self.times),
            values: pick(&self.values),
            turns: self.turns.as_deref().map(pick),
            load: self.load.as_deref().map(pick),
            segment: positions.iter().map(|&at| self.segment[at]).collect(),
            quantum: self.quantum,
            before: self.before,
            latest: self.latest,
        }
    }
}

impl Track {
    /// What lies behind this share of each life, as shares of the longest.
    pub(super) fn behind(&self, share: f64) -> Self {
        let lives = self.segment.last().map_or(0, |last| last + 1);
        let (mut starts, mut longest) = (vec![f64::INFINITY; lives], 0.0_f64);
        for (&life, &time) in self.segment.iter().zip(&self.times) {
            starts[life] = starts[life].min(time);
            longest = longest.max(time - starts[life]);
        }
        let late = |at: &usize| self.times[*at] - starts[self.segment[*at]] >= share * longest;
        let kept: Vec<usize> = (0..self.times.len()).filter(late).collect();
        Self { before: share / (1.0 - share), ..self.at(&kept) }
    }
}

fn kept_points(set: &SeriesSet, judged: &Judged<'_>, options: &Options) -> Vec<usize> {
    let count = set.elapsed_s.len().min(judged.values.len());
    let vanished = vanished_below(judged);
    let mut kept = Vec::with_capacity(count);
    let mut last = f64::NEG_INFINITY;
    for at in 0..count {
        let (time, value) = (set.elapsed_s[at], judged.values[at]);
        let ignored = options.ignore.iter().any(|&(from, to)| (from..=to).contains(&time));
        // A repeated or falling time comes from a broken input; the first reading of an instant stands.
        if time.is_finite() && value.is_finite() && time > last && !ignored && value >= vanished {
            kept.push(at);
            last = time;
        }
    }
    kept
}

fn latest(judged: &Judged<'_>) -> Option<f64> {
    let least = vanished_below(judged);
    judged.values.iter().rev().copied().find(|value| value.is_finite() && *value >= least)
}

/// Memory below this was not read but vanished: a process that ended and was not yet waited for reads as all zeros
/// (proc(5)), which is no fall of its memory. Nothing else has such a bound.
fn vanished_below(judged: &Judged<'_>) -> f64 {
    let bytes = judged.series.unit == Unit::Bytes;
    let resident = judged.series.name.contains("rss") && judged.values.iter().any(|value| *value > 0.0);
    if bytes && (resident || zeros_are_holes(&judged.values)) { f64::MIN_POSITIVE } else { f64::NEG_INFINITY }
}

/// Whether zeros among these bytes are what a recorder wrote where it could read nothing: a few single ones, and never
/// anything between them and half of the usual value. Memory that is really used up or handed back passes through there.
fn zeros_are_holes(values: &[f64]) -> bool {
    /// More than one in ten is no slip of the recorder.
    const FEW: usize = 10;
    let used: Vec<f64> = values.iter().copied().filter(|value| *value > 0.0).collect();
    let zeros = values.len() - used.len();
    let least = used.iter().copied().fold(f64::INFINITY, f64::min);
    zeros > 0 && zeros * FEW <= values.len() && quantile::median(&used).is_some_and(|usual| least >= 0.5 * usual)
}

/// A second series at the kept points; `None` unless it is known at nine tenths of them, its holes carried forward.
fn companion(values: Option<&[f64]>, kept: &[usize]) -> Option<Vec<f64>> {
    let values = values?;
    let at = |index: usize| values.get(index).copied().filter(|value| value.is_finite());
    let known = kept.iter().filter(|&&index| at(index).is_some()).count();
    let mut last = kept.iter().find_map(|&index| at(index))?;
    if known * 10 < kept.len() * 9 {
        return None;
    }
    let mut filled = Vec::with_capacity(kept.len());
    for &index in kept {
        last = at(index).unwrap_or(last);
        filled.push(last);
    }
    Some(filled)
}

fn rises(turns: &[f64]) -> bool {
    turns.windows(2).all(|pair| pair[1] >= pair[0]) && turns.last() > turns.first()
}

fn varies(load: &[f64]) -> bool {
    load.iter().any(|value| (value - load[0]).abs() > 0.0)
}

fn segments(incarnation: Option<&[f64]>, kept: &[usize]) -> Vec<usize> {
    let mut segment = 0;
    let mut last: Option<f64> = None;
    let life = |at: usize| incarnation.and_then(|lives| lives.get(at)).copied().filter(|life| life.is_finite());
    let mut found = Vec::with_capacity(kept.len());
    for &at in kept {
        let now = life(at).or(last);
        if let (Some(before), Some(now)) = (last, now) {
            segment += usize::from((before - now).abs() > 0.0);
        }
        last = now;
        found.push(segment);
    }
    found
}

/// The kernel counts memory in pages of 4096 bytes and things in ones. Where the readings themselves differ by less (a
/// heap's own counter, a plain number), the least difference between two of them is the step.
fn quantum(unit: Unit, values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let least =
        sorted.windows(2).map(|pair| pair[1] - pair[0]).filter(|step| *step > 0.0).fold(f64::INFINITY, f64::min);
    match unit {
        Unit::Bytes => least.min(4096.0),
        Unit::Count => least.min(1.0),
        Unit::Milliseconds | Unit::Number if least.is_finite() => least,
        Unit::Milliseconds | Unit::Number => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Role, Series};

    fn track(name: &str, values: &[f64], options: &Options) -> Track {
        let series = Series {
            name: name.to_owned(),
            label: name.to_owned(),
            unit: Unit::Bytes,
            role: Role::Decides,
            values: values.to_vec(),
            limit: None,
            unreadable: None,
        };
        let set = SeriesSet {
            elapsed_s: (0..values.len()).map(|at| at as f64).collect(),
            incarnation: Some((0..values.len()).map(|at| if at < 2 { 7.0 } else { 9.0 }).collect()),
            series: vec![series],
            ..SeriesSet::default()
        };
        Track::new(&set, &super::super::roles::judged(&set)[0], options)
    }

    #[test]
    fn a_reading_that_vanished_is_no_fall() {
        let track = track("rss", &[4096.0, f64::NAN, 0.0, f64::INFINITY, 8192.0], &Options::default());
        assert_eq!(track.values, [4096.0, 8192.0]);
        assert_eq!(track.segment, [0, 1]);
    }

    #[test]
    fn single_zeros_far_below_everything_else_were_not_read() {
        let mut values: Vec<f64> = (0..40).map(|at| 8192.0 + 4096.0 * f64::from(at % 3)).collect();
        values[7] = 0.0;
        values[30] = 0.0;
        assert_eq!(track("value", &values, &Options::default()).values.len(), 38);
        // What is handed back passes through less than half of the usual value, or is gone for long.
        values[6] = 4096.0;
        values[8] = 4096.0;
        assert_eq!(track("value", &values, &Options::default()).values.len(), 40);
        let off: Vec<f64> = (0..40).map(|at| if at < 20 { 0.0 } else { 8192.0 }).collect();
        assert_eq!(track("swap", &off, &Options::default()).values.len(), 40);
    }

    #[test]
    fn what_lies_behind_a_share_is_counted_in_each_life() {
        let part = track("heap", &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &Options::default()).behind(0.5);
        assert_eq!((part.times.as_slice(), part.segment.as_slice()), (&[4.0, 5.0][..], &[1, 1][..]));
        assert!((part.before - 1.0).abs() < 1e-12, "{}", part.before);
    }

    #[test]
    fn what_the_user_ignores_is_left_out() {
        let options = Options { ignore: vec![(1.0, 2.5)], ..Options::default() };
        assert_eq!(track("heap", &[1.0, 50.0, 50.0, 4.0], &options).times, [0.0, 3.0]);
    }
}
