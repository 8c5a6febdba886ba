//! Stairs: growth that comes in steps at times of their own. No smooth shape follows them, and one that may jump calls
//! every tread a stop; so the steps are judged as events: do they keep coming?

use crate::stats::outliers;

use super::track::Track;

/// A difference between two readings is a step from this many deviations of the noise on.
const STEP: f64 = 5.0;
/// Most readings of a stair lie on a tread: at most one in this many is a step.
const TREAD: usize = 8;
/// Steps down, as a share of the steps up, beyond which it is no stair but a level that moves about.
const DOWN: f64 = 0.2;
/// The steps must make this share of the whole growth, and the whole growth this share of the steps.
const OF_GROWTH: f64 = 0.8;
/// With fewer equal steps than this, chance alone spreads them evenly too often.
const FEWEST: f64 = 6.0;
/// Steps are called rarer with time below this score: one-sided 95 % of the normal law.
const RARER: f64 = -1.645;
/// A stair has ended when it has been silent for this many of its mean gaps, which a Poisson stream does by chance once
/// in twenty times (`e^-3`).
const SILENCE: f64 = 3.0;

/// The steps of a stair.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Stair {
    /// The number of equal steps that would scatter as much: `(sum s)^2 / sum s^2`.
    pub(super) effective: f64,
    /// All steps together, in the metric's unit.
    pub(super) height: f64,
    /// Laplace's score for a trend in the rate of events (Cox and Lewis 1966), by count and by height, the lower of the
    /// two: negative where steps get rarer or smaller.
    pub(super) trend: f64,
    /// The time since its last step, in mean gaps between its steps.
    pub(super) silence: f64,
}

impl Stair {
    /// Whether there are enough steps, they came as often and as high late as early, and the last one is not long ago.
    pub(super) fn keeps_coming(&self) -> bool {
        self.effective >= FEWEST && self.trend > RARER && self.silence < SILENCE
    }
}

/// The stair in a track's readings; `None` where they are none.
pub(super) fn find(track: &Track) -> Option<Stair> {
    let values = &track.values;
    let (first, last) = (*values.first()?, *values.last()?);
    if track.segment.last() != track.segment.first() || track.load.is_some() {
        return None;
    }
    let bound = track.quantum.max(STEP * outliers::difference_noise(values));
    let (mut places, mut heights, mut down) = (Vec::new(), Vec::new(), 0.0);
    let (mut readings, mut last_at) = (0, 0);
    for at in 1..values.len() {
        let rise = values[at] - values[at - 1];
        if rise >= bound && rise > 0.0 {
            readings += 1;
            // One rise seen over several readings is one step.
            match heights.last_mut() {
                Some(height) if last_at + 1 == at => *height += rise,
                _ => {
                    places.push((track.times[at] - track.times[0]) / track.span_s() - 0.5);
                    heights.push(rise);
                }
            }
            last_at = at;
        } else if -rise >= bound {
            down -= rise;
        }
    }
    let height: f64 = heights.iter().sum();
    let growth = last - first;
    let all_of_it = height >= OF_GROWTH * growth && growth >= OF_GROWTH * (height - down);
    let stair = readings * TREAD <= values.len() && down <= DOWN * height && all_of_it;
    if !stair || places.len() < 2 {
        return None;
    }
    let squares: f64 = heights.iter().map(|height| height * height).sum();
    let by_count = places.iter().sum::<f64>() * (12.0 / places.len() as f64).sqrt();
    let by_height =
        places.iter().zip(&heights).map(|(place, height)| place * height).sum::<f64>() * (12.0 / squares).sqrt();
    let last_place = (track.times[last_at] - track.times[0]) / track.span_s();
    let silence = (1.0 - last_place) / (last_place / places.len() as f64);
    Some(Stair { effective: height * height / squares, height, trend: by_count.min(by_height), silence })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn track(values: Vec<f64>) -> Track {
        Track {
            times: (0..values.len()).map(|at| at as f64).collect(),
            segment: vec![0; values.len()],
            values,
            quantum: 1.0,
            ..Track::default()
        }
    }

    #[test]
    fn even_steps_keep_coming() {
        let stair = find(&track((0..400).map(|at| f64::from(at / 40) * 10.0).collect())).unwrap();
        assert!(stair.keeps_coming() && (stair.height - 90.0).abs() < 1e-9 && (stair.effective - 9.0).abs() < 1e-9);
    }

    #[test]
    fn steps_that_end_half_way_do_not_keep_coming() {
        let stair = find(&track((0..400).map(|at| f64::from(at.min(200) / 20) * 10.0).collect())).unwrap();
        assert!(!stair.keeps_coming());
    }

    #[test]
    fn a_line_and_a_level_that_moves_about_are_no_stair() {
        assert_eq!(find(&track((0..400).map(|at| f64::from(at) * 10.0).collect())), None);
        assert_eq!(find(&track((0..400).map(|at| f64::from(at / 40 % 2) * 10.0).collect())), None);
    }
}
