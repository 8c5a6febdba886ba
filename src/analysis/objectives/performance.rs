//! The figures of steps and phases from the windows, and the signs in them.

use std::collections::BTreeMap;

use crate::domain::performance::{LatencyFigures, Performance, PhaseFigures, StepFigures, WindowFigures};
use crate::domain::traffic::{Measure, Window};
use crate::stats::latencies::Latencies;

use super::signs::{self, Middle};
use super::tally::{Selection, Tally, decoded};
use super::timeline::{Stretch, When, counted, holds, seconds, stretches};

/// Windows that a phase or the end of the run cuts shorter than this, in seconds, are no rate: a request that ended in its
/// first milliseconds would be hundreds a second.
const LEAST_WINDOW_S: f64 = 1.0;

/// What the windows say: steps and turns over the part that counts, each phase, and signs of a bottleneck.
pub fn performance(windows: &[Window], warm_up_s: Option<f64>) -> Performance {
    let mut counting = counted(windows, When::Steady, warm_up_s);
    if counting.is_empty() {
        // A run that never left its ramp still has figures to show.
        counting = stretches(windows);
    }
    let all = stretches(windows);
    let (books, tallies) = read_once(windows, &counting, &all);
    let steps: Vec<StepFigures> =
        books.iter().map(|((class, step), book)| step_figures(windows, &counting, class, *step, book)).collect();
    let phases: Vec<PhaseFigures> =
        all.iter().zip(&tallies).map(|(stretch, tally)| phase_figures(windows, stretch, tally)).collect();
    let middles: Vec<&[Middle]> = books.values().map(|book| book.middles.as_slice()).collect();
    let signs = signs::found(windows, &counting, &steps, &middles, &phases);
    Performance { steps, phases, signs }
}

/// What is gathered of one step of one class, or of its turns.
#[derive(Default)]
struct Book {
    tally: Tally,
    /// One a window that counts, in the order of the record.
    middles: Vec<Middle>,
    /// One a window.
    course: Vec<WindowFigures>,
}

/// Class and step; no step for whole turns.
type Key<'a> = (&'a str, Option<&'a str>);

fn whole(step: Option<&str>) -> Measure {
    if step.is_some() { Measure::Response } else { Measure::Turn }
}

/// Reads each window's response times once, for its step, its phase and the drift: a night has tens of thousands, and
/// reading is what costs. They are let go at once, for together they would take gigabytes.
fn read_once<'a>(
    windows: &'a [Window],
    counting: &[Stretch<'_>],
    all: &[Stretch<'_>],
) -> (BTreeMap<Key<'a>, Book>, Vec<Tally>) {
    let mut books: BTreeMap<Key<'a>, Book> = BTreeMap::new();
    let mut phases = vec![Tally::default(); all.len()];
    for window in windows {
        let step = window.step.as_deref();
        let read = decoded(window, Some(whole(step)));
        let book = books.entry((&window.class, step)).or_default();
        if window.to_s - window.from_s >= LEAST_WINDOW_S {
            book.course.push(window_figures(window, read.as_ref().and_then(|read| read.as_ref().ok())));
        }
        if holds(counting, window) {
            book.tally.add_read(window, read.as_ref());
            let latencies = read.as_ref().and_then(|read| read.as_ref().ok());
            book.middles.extend(latencies.and_then(|latencies| Middle::of(window, latencies)));
        }
        let phase = all.iter().position(|stretch| holds(std::slice::from_ref(stretch), window));
        if let Some(tally) = phase.filter(|_| step.is_some()).and_then(|phase| phases.get_mut(phase)) {
            tally.add_read(window, read.as_ref());
        }
    }
    (books, phases)
}

fn step_figures(
    windows: &[Window],
    counting: &[Stretch<'_>],
    class: &str,
    step: Option<&str>,
    book: &Book,
) -> StepFigures {
    let p95 = |measure: Measure| {
        let selection = Selection::step(class, step, measure);
        let taken = windows.iter().filter(|window| selection.takes(window) && holds(counting, window));
        Tally::over(taken, Some(measure)).latencies.and_then(|all| all.quantile(0.95)).map(ms)
    };
    let tally = &book.tally;
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
        course: book.course.clone(),
    }
}

fn window_figures(window: &Window, read: Option<&Latencies>) -> WindowFigures {
    let per_second = |count| per_second(count, window.to_s - window.from_s);
    WindowFigures {
        to_s: window.to_s,
        per_second: per_second(window.requests),
        failed_per_second: per_second(window.failed),
        response: read.and_then(figures),
    }
}

fn phase_figures(windows: &[Window], stretch: &Stretch<'_>, tally: &Tally) -> PhaseFigures {
    let inside = || windows.iter().filter(|window| holds(std::slice::from_ref(stretch), window));
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
