//! A quick estimate of the growth while a run goes on, for its progress line. It makes no verdict.

use crate::domain::Estimate;
use crate::stats::line_fit;

/// Points beyond this are averaged: more of them do not sharpen a progress line.
const BLOCKS: usize = 60;

/// Growth per hour so far: a straight line through block means of the later two thirds, which leaves the start of a
/// warm-up out; `None` with too few values. Linear in the number of values.
pub fn growth_so_far(times: &[f64], values: &[f64]) -> Option<Estimate> {
    let points: Vec<(f64, f64)> = times
        .iter()
        .zip(values)
        .map(|(time, value)| (*time, *value))
        .filter(|(time, value)| time.is_finite() && value.is_finite())
        .collect();
    let later = &points[points.len() / 3..];
    let size = later.len().div_ceil(BLOCKS).max(1);
    let mean = |pick: fn(&(f64, f64)) -> f64| {
        later.chunks(size).map(|block| block.iter().map(pick).sum::<f64>() / block.len() as f64).collect::<Vec<f64>>()
    };
    let slope = line_fit::newey_west(&mean(|point| point.0), &mean(|point| point.1))?;
    let half = slope.half_width(0.95);
    let rate = slope.line.slope;
    let per_second = Estimate { estimate: rate, low: rate - half, high: rate + half, confidence: 0.95 };
    Some(per_second.scaled(3600.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_even_growth_is_given_per_hour() {
        let times: Vec<f64> = (0..100).map(f64::from).collect();
        let values: Vec<f64> = times.iter().map(|time| 5.0 + 2.0 * time).collect();
        let growth = growth_so_far(&times, &values).unwrap();
        assert!((growth.estimate - 7200.0).abs() < 1e-6);
    }

    #[test]
    fn too_few_values_give_no_estimate() {
        assert_eq!(growth_so_far(&[0.0, 1.0], &[1.0, f64::NAN]), None);
        assert_eq!(growth_so_far(&[], &[]), None);
    }
}
