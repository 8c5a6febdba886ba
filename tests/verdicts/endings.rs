//! What ended and what goes on: few floors, levels behind a rise, stairs.

use soak::domain::Verdict;
use soak::domain::assessment::Shape;

use crate::series::{MIB, Run};

#[test]
fn a_few_level_floors_of_large_cycles_are_steady() {
    for cycle in [83.0, 110.0, 140.0] {
        let saw = |t: f64| 14.0 * MIB + 62.0 * MIB * ((t + 30.0) / cycle).fract();
        let finding = Run::memory(600, 1.0, 31, 0.15 * MIB, saw).finding();
        assert_eq!((finding.verdict, finding.shape), (Verdict::Steady, Shape::Sawtooth), "{cycle} {}", finding.reason);
    }
}

#[test]
fn a_few_floors_that_rise_are_not_steady() {
    for cycle in [83.0, 110.0, 140.0] {
        let saw = |t: f64| 14.0 * MIB + 62.0 * MIB * ((t + 30.0) / cycle).fract() + 12.0 * MIB * t / 600.0;
        let finding = Run::memory(600, 1.0, 32, 0.15 * MIB, saw).finding();
        assert_ne!(finding.verdict, Verdict::Steady, "{cycle} {}", finding.reason);
    }
}

#[test]
fn a_line_of_nearly_a_page_a_reading_is_no_sawtooth() {
    for pages in [1.0, 0.9575, 0.9625, 0.93] {
        let run = Run::memory(133, 60.0, 33, 0.0, |t| 50.0 * MIB + 4096.0 * pages * t / 60.0);
        assert_eq!(run.finding().verdict, Verdict::Growing, "{pages} {}", run.finding().reason);
    }
}

#[test]
fn a_line_that_ended_just_now_is_no_sawtooth() {
    for level in [5, 10, 15, 20] {
        let run = Run::memory(300 + level, 1.0, 38, 0.001 * MIB, |t| 50.0 * MIB + 0.1 * MIB * t.min(300.0));
        let finding = run.finding();
        assert_ne!(finding.verdict, Verdict::Steady, "{level} {}", finding.reason);
    }
}

#[test]
fn an_even_rise_behind_a_filled_cache_is_not_steady() {
    let filled = |t: f64| 100.0 * MIB / (1.0 + (-(t - 250.0) / 15.0).exp());
    for rise in [0.8, 1.0, 1.5] {
        let run = Run::memory(1_000, 1.0, 34, 0.05 * MIB, |t| 60.0 * MIB + filled(t) + rise * MIB * t / 1_000.0);
        assert_ne!(run.finding().verdict, Verdict::Steady, "{rise} {}", run.finding().reason);
    }
    let level = Run::memory(1_000, 1.0, 35, 0.05 * MIB, |t| 60.0 * MIB + filled(t)).finding();
    assert_eq!(level.verdict, Verdict::Steady, "{}", level.reason);
}

#[test]
fn one_smooth_rise_that_ended_is_no_stair() {
    for (middle, width) in [(550.0, 3.0), (550.0, 5.0), (650.0, 3.0), (650.0, 5.0)] {
        let run = Run::memory(1_000, 1.0, 36, 0.0, |t| 60.0 * MIB + 40.0 * MIB / (1.0 + (-(t - middle) / width).exp()));
        assert_ne!(run.finding().verdict, Verdict::Growing, "{middle} {}", run.finding().reason);
    }
}

#[test]
fn a_few_steps_behind_which_nothing_rises_are_not_growing() {
    for (tread, steps, count) in [(120.0, 3.0, 468), (150.0, 4.0, 720)] {
        let stair = |t: f64| 50.0 * MIB + 5.0 * MIB * (t.min(tread * steps) / tread).floor();
        let run = Run::memory(count, 1.0, 39, 0.005 * MIB, stair);
        assert_ne!(run.finding().verdict, Verdict::Growing, "{tread} {}", run.finding().reason);
    }
}

#[test]
fn a_stair_that_has_long_been_silent_has_ended() {
    // Eight steps at odd times, the last at 74 % of the run, their middle in the middle of it.
    let places = [250.0, 420.0, 450.0, 520.0, 610.0, 650.0, 690.0, 700.0, 740.0];
    let steps = |t: f64| places.iter().filter(|place| **place <= t).count() as f64;
    let run = Run::memory(1_000, 1.0, 37, 0.0, |t| 60.0 * MIB + 2.0 * MIB * steps(t));
    assert_ne!(run.finding().verdict, Verdict::Growing, "{}", run.finding().reason);
}
