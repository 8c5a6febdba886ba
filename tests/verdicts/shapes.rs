//! Known shapes and what must be said of them.

use proptest::prelude::*;
use soak::domain::assessment::{Grade, Shape};
use soak::domain::{Unit, Verdict};

use crate::series::{MIB, Noise, Run};

fn held(run: &Run, per_hour: f64) -> bool {
    let growth = run.finding().growth_per_hour.unwrap();
    growth.low <= per_hour && per_hour <= growth.high && growth.low <= growth.estimate && growth.estimate <= growth.high
}

#[test]
fn a_plateau_after_warm_up_is_steady_and_its_settling_time_is_told() {
    let run = Run::memory(600, 1.0, 1, 0.1 * MIB, |t| 50.0 * MIB + 30.0 * MIB * (1.0 - (-t / 30.0).exp()));
    let finding = run.finding();
    assert_eq!((finding.verdict, finding.shape), (Verdict::Steady, Shape::WarmUpThenFlat));
    let settled = finding.settled_after_s.unwrap();
    assert!((60.0..180.0).contains(&settled), "{settled}");
}

#[test]
fn a_line_is_growing_at_its_rate_and_the_interval_holds_it() {
    let run = Run::memory(600, 1.0, 2, 0.5 * MIB, |t| 50.0 * MIB + 10.0 * MIB * t / 600.0);
    let finding = run.finding();
    assert_eq!((finding.verdict, finding.shape, finding.grade), (Verdict::Growing, Shape::Linear, Some(Grade::Minor)));
    assert!(held(&run, 60.0 * MIB), "{:?}", finding.growth_per_hour);
}

#[test]
fn twelve_megabytes_a_day_are_found() {
    let day = 86_400.0;
    let run = Run::memory(2_880, 30.0, 3, 0.06 * MIB, |t| 26.0 * MIB + 11.77 * MIB * t / day);
    assert_eq!(run.finding().verdict, Verdict::Growing);
    assert!(held(&run, 11.77 * MIB / 24.0));
}

#[test]
fn growth_behind_a_warm_up_has_the_rate_of_the_growth_alone() {
    let warm = |t: f64| 40.0 * MIB * (1.0 - (-t / 20.0).exp());
    let run = Run::memory(900, 1.0, 4, 0.2 * MIB, |t| 50.0 * MIB + warm(t) + 20.0 * MIB * t / 900.0);
    assert_eq!(run.finding().verdict, Verdict::Growing);
    assert!(held(&run, 80.0 * MIB), "{:?}", run.finding());
}

/// Two warm-ups of different pace, and a leak that a tolerance for their height would hide.
fn tiers(leak: f64, seed: u64) -> Run {
    Run::memory(1_200, 1.0, seed, 0.05 * MIB, |t| {
        let tier = |height: f64, pace: f64| height * MIB * (1.0 - (-t / pace).exp());
        200.0 * MIB + tier(300.0, 12.0) + tier(80.0, 110.0) + leak * MIB * t / 1_200.0
    })
}

#[test]
fn growth_behind_two_warm_ups_of_different_pace_is_found() {
    for seed in 40..44 {
        let finding = tiers(12.0, seed).finding();
        assert_eq!(
            (finding.verdict, finding.shape),
            (Verdict::Growing, Shape::WarmUpThenGrowing),
            "{}",
            finding.reason
        );
        assert!(held(&tiers(12.0, seed), 36.0 * MIB), "{:?}", finding.growth_per_hour);
        assert!(finding.onset_s.is_some_and(|onset| onset > 60.0), "{:?}", finding.onset_s);
    }
}

#[test]
fn two_warm_ups_of_different_pace_that_end_do_not_grow() {
    for seed in 44..48 {
        let finding = tiers(0.0, seed).finding();
        assert_eq!(finding.verdict, Verdict::Steady, "{}", finding.reason);
    }
}

#[test]
fn a_cache_that_fills_half_way_does_not_hide_the_growth_beside_it() {
    let cache = |t: f64| 150.0 * MIB / (1.0 + (-(t - 380.0) / 30.0).exp());
    for seed in 48..52 {
        let run = Run::memory(900, 1.0, seed, 0.1 * MIB, |t| 80.0 * MIB + cache(t) + 9.0 * MIB * t / 900.0);
        assert_eq!(run.finding().verdict, Verdict::Growing, "{}", run.finding().reason);
        let level = Run::memory(900, 1.0, seed, 0.1 * MIB, |t| 80.0 * MIB + cache(t));
        assert_eq!(level.finding().verdict, Verdict::Steady, "{}", level.finding().reason);
    }
}

#[test]
fn what_rises_ever_slower_and_never_stops_is_not_called_growing() {
    for seed in 52..60 {
        let logarithm = Run::memory(900, 1.0, seed, 0.1 * MIB, |t| 80.0 * MIB + 12.0 * MIB * (1.0 + t / 20.0).ln());
        assert_ne!(logarithm.finding().verdict, Verdict::Growing, "{}", logarithm.finding().reason);
        let root = Run::memory(900, 1.0, seed, 0.1 * MIB, |t| 80.0 * MIB + 40.0 * MIB * (t / 900.0).sqrt());
        assert_ne!(root.finding().verdict, Verdict::Growing, "{}", root.finding().reason);
    }
}

#[test]
fn growth_that_begins_late_is_growing_since_then() {
    let run = Run::memory(800, 1.0, 5, 0.2 * MIB, |t| 50.0 * MIB + 0.1 * MIB * (t - 500.0).max(0.0));
    let finding = run.finding();
    assert_eq!((finding.verdict, finding.shape), (Verdict::Growing, Shape::LateOnset));
    assert!((finding.onset_s.unwrap() - 500.0).abs() < 40.0, "{:?}", finding.onset_s);
}

#[test]
fn a_sawtooth_is_judged_by_its_floor() {
    let saw = |t: f64| 62.0 * MIB * (t / 37.0).fract();
    let level = Run::memory(600, 1.0, 6, 0.2 * MIB, |t| 14.0 * MIB + saw(t));
    assert_eq!((level.finding().verdict, level.finding().shape), (Verdict::Steady, Shape::Sawtooth));
    let rising = Run::memory(600, 1.0, 7, 0.2 * MIB, |t| 14.0 * MIB + saw(t) + 12.0 * MIB * t / 600.0);
    assert_eq!((rising.finding().verdict, rising.finding().shape), (Verdict::Growing, Shape::SawtoothRising));
    assert!(held(&rising, 72.0 * MIB));
}

#[test]
fn a_few_huge_cycles_are_too_few() {
    let run = Run::memory(400, 1.0, 8, 0.3 * MIB, |t| 60.0 * MIB + 40.0 * MIB * (t / 130.0).fract());
    assert_ne!(run.finding().verdict, Verdict::Growing);
}

#[test]
fn a_swing_with_a_period_is_steady() {
    let run = Run::memory(700, 60.0, 9, 0.3 * MIB, |t| 90.0 * MIB + 20.0 * MIB * (t / 2_000.0).sin());
    assert_eq!(run.finding().verdict, Verdict::Steady);
}

#[test]
fn steps_that_keep_coming_grow_and_steps_that_ended_do_not() {
    let climbing = Run::memory(1_000, 1.0, 10, 0.0, |t| 50.0 * MIB + 2.0 * MIB * (t / 60.0).floor());
    assert_eq!(climbing.finding().verdict, Verdict::Growing);
    let ended = Run::memory(1_000, 1.0, 11, 0.0, |t| 50.0 * MIB + 2.0 * MIB * (t.min(250.0) / 50.0).floor());
    assert_eq!(ended.finding().verdict, Verdict::Steady);
}

#[test]
fn a_rise_that_slows_and_has_not_stopped_is_inconclusive_with_advice() {
    let run = Run::memory(60, 1.0, 12, 0.5 * MIB, |t| 166.0 * MIB + 116.0 * MIB * (1.0 - (-t / 40.0).exp()));
    let finding = run.finding();
    assert_eq!(finding.verdict, Verdict::Inconclusive, "{}", finding.reason);
    assert!(finding.advice.is_some() && finding.settled_after_s.is_none());
}

#[test]
fn a_step_just_before_the_end_is_no_steady_run() {
    let run = Run::memory(500, 1.0, 13, 0.1 * MIB, |t| if t < 450.0 { 80.0 * MIB } else { 95.0 * MIB });
    assert_eq!(run.finding().verdict, Verdict::Inconclusive, "{}", run.finding().reason);
}

#[test]
fn memory_that_follows_the_load_is_steady_and_a_leak_under_it_is_found() {
    let users = |t: f64| 10.0 + 10.0 * (t / 100.0).floor();
    let follows = |t: f64| 100.0 * MIB + 2.0 * MIB * users(t);
    let mut level = Run::memory(800, 1.0, 14, 0.3 * MIB, follows);
    level.concurrency = Some(level.times.iter().map(|&t| users(t)).collect());
    assert_eq!(level.finding().verdict, Verdict::Steady, "{}", level.finding().reason);
    let mut leaking = Run::memory(800, 1.0, 15, 0.3 * MIB, |t| follows(t) + 60.0 * MIB * t / 800.0);
    leaking.concurrency = level.concurrency.clone();
    assert_eq!(leaking.finding().verdict, Verdict::Growing, "{}", leaking.finding().reason);
    assert!(held(&leaking, 270.0 * MIB));
}

#[test]
fn growth_by_turns_is_told_by_turns_when_their_rate_changes() {
    let done = |t: f64| if t < 400.0 { 50.0 * t } else { 20_000.0 + 5.0 * (t - 400.0) };
    let mut run = Run::memory(800, 1.0, 16, 0.1 * MIB, |t| 60.0 * MIB + 2_000.0 * done(t));
    run.turns = Some(run.times.iter().map(|&t| done(t)).collect());
    let finding = run.finding();
    assert_eq!(finding.verdict, Verdict::Growing, "{}", finding.reason);
    let per_turn = finding.growth_per_turn.unwrap();
    assert!(per_turn.low < 2_000.0 && 2_000.0 < per_turn.high, "{per_turn:?}");
}

#[test]
fn a_leak_masked_by_restarts_is_a_leak() {
    let mut run = Run::memory(900, 1.0, 17, 0.2 * MIB, |t| 50.0 * MIB + 0.08 * MIB * (t % 300.0));
    run.incarnation = Some(run.times.iter().map(|t| (t / 300.0).floor()).collect());
    assert_eq!(run.finding().verdict, Verdict::Growing, "{}", run.finding().reason);
    assert!(held(&run, 288.0 * MIB));
}

#[test]
fn a_gap_breaks_nothing() {
    let mut run =
        Run::memory(600, 1.0, 18, 0.2 * MIB, |t| 50.0 * MIB + 0.05 * MIB * if t < 300.0 { t } else { t + 3_000.0 });
    run.times.iter_mut().filter(|t| **t >= 300.0).for_each(|t| *t += 3_000.0);
    assert_eq!(run.finding().verdict, Verdict::Growing);
    assert!(held(&run, 180.0 * MIB), "{:?}", run.finding());
}

#[test]
fn one_descriptor_more_now_and_then_is_a_sign() {
    let run = Run::count(1_000, 10.0, |t| 30.0 + t / 400.0);
    let finding = run.finding();
    assert_eq!((finding.verdict, finding.grade), (Verdict::Growing, Some(Grade::Sign)));
    assert!(held(&run, 9.0), "{:?}", finding.growth_per_hour);
}

#[test]
fn a_pool_that_fills_and_stays_is_steady() {
    let run = Run::count(600, 1.0, |t| 8.0 + (t / 4.0).min(32.0));
    assert_eq!(run.finding().verdict, Verdict::Steady, "{}", run.finding().reason);
}

#[test]
fn the_curve_stays_small_and_within_the_run() {
    let run = Run::memory(5_000, 1.0, 19, 0.5 * MIB, |t| 50.0 * MIB + 0.01 * MIB * t);
    let fit = run.finding().fit;
    assert!(!fit.is_empty() && fit.len() <= 100);
    assert!(fit.iter().all(|point| point.low <= point.value && point.value <= point.high));
    assert!(fit.windows(2).all(|pair| pair[0].elapsed_s < pair[1].elapsed_s));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5))]

    #[test]
    fn the_scale_of_values_and_time_changes_the_rate_and_nothing_else(
        seed in 0u64..1000, tall in 0.01..1000.0f64, wide in 0.01..1000.0f64, leak in prop::bool::ANY,
    ) {
        let mut noise = Noise(seed);
        let rise = if leak { 0.1 } else { 0.0 };
        let values: Vec<f64> = (0..200).map(|at| 1000.0 + rise * f64::from(at) + noise.normal()).collect();
        let times: Vec<f64> = (0..200).map(f64::from).collect();
        let run = |times: Vec<f64>, values: Vec<f64>| Run {
            times, values, unit: Unit::Number, turns: None, concurrency: None, incarnation: None,
        }.finding();
        let base = run(times.clone(), values.clone());
        let scaled = run(times.iter().map(|t| t * wide).collect(), values.iter().map(|v| v * tall).collect());
        prop_assert_eq!(base.verdict, scaled.verdict);
        let (a, b) = (base.growth_per_hour.unwrap(), scaled.growth_per_hour.unwrap());
        let expected = a.estimate * tall / wide;
        prop_assert!((b.estimate - expected).abs() <= 1e-6 * (expected.abs() + (a.high - a.low) * tall / wide));
    }
}
