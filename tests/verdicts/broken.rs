//! Broken, empty and strange input: a right answer or an honest one, never a wrong verdict, and never a panic.

use proptest::prelude::*;
use soak::analysis::{Options, assess};
use soak::domain::{Role, SeriesSet, Unit, Verdict};

use crate::series::{MIB, Run, series};

fn verdict(times: Vec<f64>, values: Vec<f64>) -> Verdict {
    Run { times, values, unit: Unit::Bytes, turns: None, concurrency: None, incarnation: None }.finding().verdict
}

fn seconds(count: usize) -> Vec<f64> {
    (0..count).map(|at| at as f64).collect()
}

#[test]
fn a_few_points_are_too_few() {
    for count in 0..10 {
        assert_eq!(verdict(seconds(count), vec![MIB; count]), Verdict::Inconclusive, "{count}");
    }
}

#[test]
fn a_constant_that_was_watched_is_steady_with_a_slope_of_zero() {
    let finding = Run::memory(200, 1.0, 1, 0.0, |_| 3e9).finding();
    assert_eq!(finding.verdict, Verdict::Steady);
    assert!(finding.growth_per_hour.unwrap().estimate.abs() < f64::EPSILON);
}

#[test]
fn values_that_are_all_missing_are_inconclusive() {
    assert_eq!(verdict(seconds(100), vec![f64::NAN; 100]), Verdict::Inconclusive);
    assert_eq!(verdict(vec![f64::NAN; 100], vec![MIB; 100]), Verdict::Inconclusive);
}

#[test]
fn an_unreadable_series_is_never_steady() {
    let mut set = Run::memory(200, 1.0, 1, 0.0, |_| 50.0 * MIB).set();
    set.series[0].unreadable = Some("permission denied".to_owned());
    let assessment = assess(&set, &Options::default());
    assert_eq!(assessment.verdict, Verdict::Inconclusive);
    assert!(assessment.reason.contains("permission denied"));
}

#[test]
fn no_series_at_all_is_inconclusive() {
    assert_eq!(assess(&SeriesSet::default(), &Options::default()).verdict, Verdict::Inconclusive);
}

#[test]
fn repeated_and_falling_times_do_not_count_twice() {
    let times: Vec<f64> = (0..400).map(|at| f64::from(at / 2)).collect();
    let values: Vec<f64> = (0..400).map(|at| 50.0 * MIB + f64::from(at / 2) * 0.1 * MIB).collect();
    assert_eq!(verdict(times, values), Verdict::Growing);
}

#[test]
fn a_missing_reading_is_not_a_zero() {
    let mut run = Run::memory(300, 1.0, 2, 0.1 * MIB, |_| 80.0 * MIB);
    for at in (0..300).step_by(7) {
        run.values[at] = f64::NAN;
    }
    run.values[299] = 0.0;
    assert_eq!(run.finding().verdict, Verdict::Steady);
}

#[test]
fn swap_without_its_last_readings_keeps_them() {
    let mut set = Run::memory(300, 1.0, 3, 0.1 * MIB, |t| 80.0 * MIB - 0.1 * MIB * t).set();
    let mut swap: Vec<f64> = (0..300).map(|at| f64::from(at) * 0.2 * MIB).collect();
    swap[298] = f64::NAN;
    set.series.push(series("swap", Unit::Bytes, Role::Context, swap));
    let assessment = assess(&set, &Options::default());
    assert_eq!(assessment.verdict, Verdict::Growing, "memory that moves to swap is still held");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn nothing_panics_and_every_interval_is_ordered(
        values in prop::collection::vec(prop_oneof![
            8 => -1e12..1e12f64, 1 => Just(f64::NAN), 1 => Just(f64::INFINITY), 1 => Just(0.0),
        ], 0..120),
        lives in prop::collection::vec(0..3u8, 120),
        gaps in prop::collection::vec(prop_oneof![4 => 0.5..2.0f64, 1 => -1.0..1e6f64], 120),
    ) {
        let mut now = 0.0;
        let times: Vec<f64> = values.iter().zip(&gaps).map(|(_, gap)| { now += gap; now }).collect();
        let load: Vec<f64> = values.iter().map(|value| value.abs() % 17.0).collect();
        let run = Run {
            turns: Some(times.clone()),
            concurrency: Some(load),
            incarnation: Some(lives.iter().map(|&life| f64::from(life)).take(values.len()).collect()),
            times, values, unit: Unit::Number,
        };
        for finding in run.assess().findings {
            for growth in finding.growth_per_hour.iter().chain(&finding.growth_per_turn) {
                prop_assert!(growth.low <= growth.estimate && growth.estimate <= growth.high, "{:?}", growth);
            }
            prop_assert!(!finding.reason.is_empty());
        }
    }
}
