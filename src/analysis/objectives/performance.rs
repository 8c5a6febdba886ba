//! The figures of steps and phases from the windows, and the signs in them.

use std::collections::BTreeSet;

use crate::domain::performance::{LatencyFigures, Performance, PhaseFigures, StepFigures};
use crate::domain::traffic::{Measure, Window};
use crate::stats::latencies::Latencies;

use super::signs;
use super::tally::{Selection, Tally};
use super::timeline::{Stretch, When, counted, holds, seconds, stretches};

/// What the windows say: steps and turns over the part that counts, each phase, and signs of a bottleneck.
pub fn performance(windows: &[Window], warm_up_s: Option<f64>) -> Performance {
    let mut counting = counted(windows, When::Steady, warm_up_s);
    if counting.is_empty() {
        // A run that never left its ramp still has figures to show.
        counting = stretches(windows);
    }
    let named: BTreeSet<(&str, Option<&str>)> =
        windows.iter().map(|window| (window.class.as_str(), window.step.as_deref())).collect();
    let steps: Vec<StepFigures> =
        named.into_iter().map(|(class, step)| step_figures(windows, &counting, class, step)).collect();
    let phases: Vec<PhaseFigures> = stretches(windows).iter().map(|stretch| phase_figures(windows, stretch)).collect();
    let signs = signs::found(windows, &counting, &steps, &phases);
    Performance { steps, phases, signs }
}

fn step_figures(windows: &[Window], counting: &[Stretch<'_>], class: &str, step: Option<&str>) -> StepFigures {
    let whole = if step.is_some() { Measure::Response } else { Measure::Turn };
    let selection = Selection::step(class, step, whole);
    let of = |measure: Measure| {
        let taken = windows.iter().filter(|window| selection.takes(window) && holds(counting, window));
        Tally::over(taken, Some(measure))
    };
    let p95 = |measure: Measure| of(measure).latencies.and_then(|all| all.quantile(0.95)).map(ms);
    let tally = of(whole);
    StepFigures {
        class: class.to_owned(),
        step: step.map(str::to_owned),
        requests: tally.requests,
        failed: tally.failed,
        limited: tally.limited,
        per_second: per_second(tally.requests, seconds(counting)),
        response: tally.latencies.as_ref().and_then(figures),
        ttfb_p95_ms: p95(Measure::Ttfb),
        first_event_p95_ms: p95(Measure::FirstEvent),
        gap_p95_ms: p95(Measure::Gap),
    }
}

fn phase_figures(windows: &[Window], stretch: &Stretch<'_>) -> PhaseFigures {
    let inside = || windows.iter().filter(|window| holds(std::slice::from_ref(stretch), window));
    let requests = Selection::requests(Measure::Response);
    let tally = Tally::over(inside().filter(|window| requests.takes(window)), Some(Measure::Response));
    let turns: u64 = inside().filter(|window| window.step.is_none()).map(|window| window.requests).sum();
    let length = stretch.to_s - stretch.from_s;
    let judged = tally.judged();
    PhaseFigures {
        phase: stretch.phase.to_owned(),
        from_s: stretch.from_s,
        to_s: stretch.to_s,
        users: inside().map(|window| window.users).max().unwrap_or(0),
        turns_per_s: per_second(turns, length),
        requests_per_s: per_second(tally.requests, length),
        response: tally.latencies.as_ref().and_then(figures),
        failed: if judged == 0 { 0.0 } else { tally.failed as f64 / judged as f64 },
    }
}

fn per_second(count: u64, seconds: f64) -> f64 {
    if seconds > 0.0 { count as f64 / seconds } else { 0.0 }
}

fn figures(latencies: &Latencies) -> Option<LatencyFigures> {
    let at = |share: f64| latencies.quantile(share).map(ms);
    Some(LatencyFigures { p50_ms: at(0.5)?, p95_ms: at(0.95)?, p99_ms: at(0.99)?, max_ms: latencies.max().map(ms)? })
}

fn ms(length: std::time::Duration) -> f64 {
    length.as_secs_f64() * 1000.0
}
