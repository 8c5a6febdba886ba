//! When the traffic counts: the stretches of the run, phase by phase, without ramps and warm-up.

use crate::domain::traffic::Window;

/// A stretch of the run in one phase.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::analysis) struct Stretch<'a> {
    /// The phase.
    pub(in crate::analysis) phase: &'a str,
    /// When it began, in seconds since the start.
    pub(in crate::analysis) from_s: f64,
    /// When it ended, in seconds since the start.
    pub(in crate::analysis) to_s: f64,
}

/// Which part of the run is meant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::analysis) enum When<'a> {
    /// All but ramps and warm-up.
    Steady,
    /// One phase, whole.
    Phase(&'a str),
    /// What of the steady part (or of a phase) lies between two instants, in seconds since the start.
    Between(Option<&'a str>, f64, f64),
}

/// Windows are cut at whole seconds by a clock that is read a little later; a tenth of a window is no gap.
pub(in crate::analysis) const SLACK_S: f64 = 1.0;

/// Whether a phase changes the load rather than holding it.
pub(in crate::analysis) fn is_ramp(phase: &str) -> bool {
    phase.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("ramp"))
}

/// The stretches of the run in order. A phase lasts until the next begins, whether or not requests ended meanwhile.
pub(in crate::analysis) fn stretches(windows: &[Window]) -> Vec<Stretch<'_>> {
    let is_sound = |window: &&Window| window.from_s.is_finite() && window.to_s.is_finite();
    let mut sorted: Vec<&Window> = windows.iter().filter(is_sound).collect();
    sorted.sort_by(|a, b| a.from_s.total_cmp(&b.from_s));
    let mut found: Vec<Stretch<'_>> = Vec::new();
    for window in sorted {
        match found.last_mut() {
            Some(last) if last.phase == window.phase => last.to_s = last.to_s.max(window.to_s),
            last => {
                if let Some(last) = last {
                    last.to_s = window.from_s;
                }
                found.push(Stretch { phase: &window.phase, from_s: window.from_s, to_s: window.to_s });
            }
        }
    }
    found
}

/// The stretches that count.
pub(in crate::analysis) fn counted<'a>(
    windows: &'a [Window],
    when: When<'_>,
    warm_up_s: Option<f64>,
) -> Vec<Stretch<'a>> {
    let steady = |stretch: Stretch<'a>| {
        let from_s = stretch.from_s.max(warm_up_s.unwrap_or(0.0));
        (!is_ramp(stretch.phase) && from_s < stretch.to_s).then_some(Stretch { from_s, ..stretch })
    };
    let all = stretches(windows).into_iter();
    let of_phase = |phase: &str, stretch: Stretch<'a>| (stretch.phase == phase).then_some(stretch);
    match when {
        When::Steady | When::Between(None, ..) => {
            all.filter_map(steady).filter_map(|stretch| clipped(stretch, when)).collect()
        }
        When::Phase(phase) | When::Between(Some(phase), ..) => {
            all.filter_map(|stretch| of_phase(phase, stretch)).filter_map(|stretch| clipped(stretch, when)).collect()
        }
    }
}

fn clipped<'a>(stretch: Stretch<'a>, when: When<'_>) -> Option<Stretch<'a>> {
    let When::Between(_, from_s, to_s) = when else { return Some(stretch) };
    let (from_s, to_s) = (stretch.from_s.max(from_s), stretch.to_s.min(to_s));
    (from_s < to_s).then_some(Stretch { from_s, to_s, ..stretch })
}

/// Whether a window lies in one of the stretches.
pub(in crate::analysis) fn holds(stretches: &[Stretch<'_>], window: &Window) -> bool {
    let within = |stretch: &Stretch<'_>| {
        window.phase == stretch.phase
            && window.from_s >= stretch.from_s - SLACK_S
            && window.to_s <= stretch.to_s + SLACK_S
    };
    stretches.iter().any(within)
}

/// How long the stretches last in all, in seconds.
pub(in crate::analysis) fn seconds(stretches: &[Stretch<'_>]) -> f64 {
    stretches.iter().map(|stretch| stretch.to_s - stretch.from_s).sum()
}

/// Stretches that follow each other without a gap become one.
pub(in crate::analysis) fn joined(stretches: &[Stretch<'_>]) -> Vec<(f64, f64)> {
    let mut found: Vec<(f64, f64)> = Vec::new();
    for stretch in stretches {
        match found.last_mut() {
            Some(last) if stretch.from_s - last.1 <= SLACK_S => last.1 = stretch.to_s,
            _ => found.push((stretch.from_s, stretch.to_s)),
        }
    }
    found
}
