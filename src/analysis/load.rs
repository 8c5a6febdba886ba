//! Memory that follows the load: the columns by which a change of the load explains a change of the metric, so that
//! neither a ramp of users is taken for a leak nor a falling load hides one.

use crate::stats::basis::{Basis, dot};

use super::track::Track;

/// How many readings the metric may lag behind the load: a server takes and gives back memory with some delay.
const WIDTHS: [usize; 6] = [1, 2, 3, 5, 8, 12];

/// The load as columns at each reading: alone, and bent both ways for servers whose memory is no straight line of it.
#[derive(Clone, Debug, Default)]
pub(super) struct LoadColumns {
    /// The load alone.
    pub(super) plain: Vec<Vec<f64>>,
    /// The load with its square and its cube root.
    pub(super) bent: Vec<Vec<f64>>,
}

/// The columns of a track's load, averaged over the lag that explains the readings best; empty without load.
pub(super) fn columns(track: &Track) -> LoadColumns {
    let Some(load) = &track.load else { return LoadColumns::default() };
    let smooth = WIDTHS.iter().map(|&width| trailing_mean(load, &track.segment, width));
    let scored = smooth.map(|column| (unexplained(track, &column), column));
    let Some((_, chosen)) = scored.min_by(|a, b| a.0.total_cmp(&b.0)) else { return LoadColumns::default() };
    let peak = chosen.iter().copied().fold(f64::MIN_POSITIVE, |peak, value| peak.max(value.abs()));
    let plain: Vec<f64> = chosen.iter().map(|value| value / peak).collect();
    let bent = vec![
        plain.clone(),
        plain.iter().map(|value| value * value).collect(),
        plain.iter().map(|value| value.cbrt()).collect(),
    ];
    LoadColumns { plain: vec![plain], bent }
}

fn trailing_mean(load: &[f64], segment: &[usize], width: usize) -> Vec<f64> {
    let mut smooth = Vec::with_capacity(load.len());
    for at in 0..load.len() {
        let mut from = (at + 1).saturating_sub(width);
        while segment[from] != segment[at] {
            from += 1;
        }
        smooth.push(load[from..=at].iter().sum::<f64>() / (at + 1 - from) as f64);
    }
    smooth
}

/// The sum of squares that a level, a line and this column leave, the line being one of time or one of turns, whichever
/// leaves less: a lag must not stand in for growth by turns.
fn unexplained(track: &Track, column: &[f64]) -> f64 {
    let axes = std::iter::once(&track.times).chain(track.turns.as_ref());
    axes.map(|axis| left_beside(track, axis, column)).fold(f64::INFINITY, f64::min)
}

fn left_beside(track: &Track, axis: &[f64], column: &[f64]) -> f64 {
    let first = track.values.first().copied().unwrap_or(0.0);
    let mut basis = Basis::default();
    basis.push(vec![1.0; column.len()]);
    basis.push(axis.to_vec());
    basis.push(column.to_vec());
    let mut rest: Vec<f64> = track.values.iter().map(|value| value - first).collect();
    basis.take_out(&mut rest);
    dot(&rest, &rest)
}
