//! The second generator keeps its promises: the same series from the same seed, and labels that follow from the numbers.

#![expect(clippy::unwrap_used, reason = "a class that cannot be made has failed")]

#[path = "support/score.rs"]
mod score;
#[path = "support/shapes/mod.rs"]
mod shapes;

use score::{Answer, Score};
use soak::analysis::{Options, assess};
use soak::domain::Unit;

fn each(seeds: std::ops::Range<u64>) -> impl Iterator<Item = shapes::Labelled> {
    shapes::classes().flat_map(move |class| seeds.clone().map(move |seed| shapes::generate(class, seed).unwrap()))
}

#[test]
fn a_seed_makes_the_same_series_again_and_another_seed_another() {
    for class in shapes::classes() {
        let make = |seed| shapes::generate(class, seed).unwrap().set;
        assert_eq!(make(7), make(7), "{class}");
        assert_ne!(make(7), make(8), "{class}");
    }
    assert!(shapes::generate("no-such-class", 1).is_none());
}

#[test]
fn every_series_is_one_that_a_recorder_could_have_written() {
    for made in each(0..12) {
        let (set, class) = (&made.set, made.class);
        let values = &set.series[0].values;
        assert!((100..=3000).contains(&values.len()), "{class}");
        assert!(set.elapsed_s.windows(2).all(|pair| pair[0] < pair[1]), "{class}");
        assert!((115.0..=3.2 * 86_400.0).contains(&set.span_s()), "{class} {}", set.span_s());
        let step = if set.series[0].unit == Unit::Bytes { shapes::PAGE } else { 1.0 };
        assert!(values.iter().all(|value| *value >= 0.0 && value % step == 0.0), "{class}");
        if let Some(turns) = &set.turns {
            assert!(turns.is_sorted(), "{class}");
        }
    }
}

#[test]
fn leaks_and_healthy_classes_are_half_and_half_and_leaks_can_be_seen() {
    let made: Vec<_> = each(0..12).collect();
    let leaks: Vec<_> = made.iter().filter(|series| series.truth.leak).collect();
    assert_eq!(leaks.len() * 2, made.len());
    let detectable = leaks.iter().filter(|series| series.truth.detectable).count();
    assert!(detectable * 10 >= leaks.len() * 9, "{detectable} of {}", leaks.len());
    for series in leaks {
        assert!(series.truth.slope_per_s > 0.0 && series.truth.snr.is_some(), "{} {}", series.class, series.seed);
        let at_random = ["fd-burst-leak", "heavy-tailed-leak"].contains(&series.class);
        assert_eq!(series.truth.random_rate, at_random, "{}", series.class);
    }
}

#[test]
fn the_slope_of_a_label_is_the_slope_of_the_series() {
    // Least squares over the growing part, on classes whose noise is small beside the leak.
    for series in each(0..30) {
        let clean = ["late-onset-60", "page-by-page", "job-leak"].contains(&series.class);
        if !clean || series.truth.snr.unwrap() < 30.0 {
            continue;
        }
        let points = series.set.elapsed_s.iter().zip(&series.set.series[0].values);
        let points: Vec<(f64, f64)> =
            points.filter(|(at, _)| **at >= series.truth.onset_s).map(|(at, value)| (*at, *value)).collect();
        let n = points.len() as f64;
        let (mean_t, mean_v) =
            (points.iter().map(|p| p.0).sum::<f64>() / n, points.iter().map(|p| p.1).sum::<f64>() / n);
        let sxy: f64 = points.iter().map(|p| (p.0 - mean_t) * (p.1 - mean_v)).sum();
        let sxx: f64 = points.iter().map(|p| (p.0 - mean_t).powi(2)).sum();
        let error = (sxy / sxx / series.truth.slope_per_s - 1.0).abs();
        assert!(error < 0.12, "{} {} {error}", series.class, series.seed);
    }
}

/// A small sitting of the exam (`cargo bench --bench shapes` is the whole one), held to floors under what it reaches, so that
/// no change makes the verdict worse unseen.
#[test]
fn the_verdict_passes_the_exam() {
    let mut score = Score::default();
    for series in each(1000..1002) {
        score.add(&series, Answer::of(&assess(&series.set, &Options::default())));
    }
    assert!(score.f1() >= 0.97, "{score}");
    assert!(score.false_alarm_share() <= 0.0, "{score}");
    assert!(score.coverage() >= 0.9, "{score}");
    assert!(score.inconclusive_share() <= 0.1, "{score}");
}
