//! The run so far, for whoever looks on, in memory that does not grow with the run: the latest of everything, a trail a
//! metric for its sparkline, and a thinned copy that the analysis can judge.

use crate::analysis;
use crate::domain::run::{Event, EventKind};
use crate::domain::{Elapsed, Estimate, Metric, Phase, Readings, Run, Sample, TrafficTick};

use super::trail::Trail;

/// What a progress line shows.
#[derive(Clone, Debug, Default)]
pub struct Latest {
    /// When the latest sample was taken.
    pub at: Elapsed,
    /// What it read.
    pub readings: Readings,
    /// The latest of the driver's ticks.
    pub traffic: Option<TrafficTick>,
    /// The phase that the run is in; `None` where none was named.
    pub phase: Option<Phase>,
    /// Growth of the memory that is judged, in bytes per hour, so far; `None` while there is too little to say.
    pub growth: Option<Estimate>,
}

/// Samples that are kept at most; a straight line through a thinned series is the same line.
const KEPT: usize = 1024;
/// Events that are kept at most, the first ones, for what cannot be read is said at the start.
const KEPT_EVENTS: usize = 64;
/// Below these a slope says nothing.
const MIN_POINTS: usize = 30;
const MIN_SPAN_S: f64 = 10.0;

/// The run so far.
#[derive(Debug)]
pub(super) struct SoFar {
    latest: Latest,
    trails: Vec<Trail>,
    /// Thinned: a kept sample has the latest reading of each metric among those that it stands for.
    kept: Run,
    /// How many samples a kept one stands for.
    stride: usize,
    /// How many the last kept one stands for as yet.
    gathered: usize,
    turns_per_s: Option<f64>,
    phase: Option<Phase>,
}

impl SoFar {
    pub(super) fn new() -> Self {
        Self {
            latest: Latest::default(),
            trails: vec![Trail::default(); Metric::COUNT],
            kept: Run::default(),
            stride: 1,
            gathered: 1,
            turns_per_s: None,
            phase: None,
        }
    }

    pub(super) fn sample(&mut self, sample: &Sample) {
        self.latest.at = sample.at;
        self.latest.readings = sample.readings;
        for (metric, value) in sample.readings.iter() {
            self.trails[metric as usize].push(value);
        }
        if let Some(kept) = self.kept.samples.last_mut().filter(|_| self.gathered < self.stride) {
            overlay(kept, sample);
            if let (Some(kept), Some(latest)) = (self.kept.traffic.last_mut(), &self.latest.traffic) {
                kept.clone_from(latest);
            }
            self.gathered += 1;
        } else {
            self.kept.samples.push(sample.clone());
            self.kept.traffic.extend(self.latest.traffic.clone());
            self.gathered = 1;
        }
        if self.kept.samples.len() > KEPT {
            self.thin();
        }
    }

    /// Two and two become one, and from now on one stands for twice as many.
    fn thin(&mut self) {
        let pairs = self.kept.samples.chunks(2).map(|pair| {
            let mut kept = pair[0].clone();
            for later in &pair[1..] {
                overlay(&mut kept, later);
            }
            kept
        });
        self.kept.samples = pairs.collect();
        let ticks = std::mem::take(&mut self.kept.traffic);
        self.kept.traffic = ticks.chunks(2).filter_map(|pair| pair.last().cloned()).collect();
        self.stride *= 2;
    }

    pub(super) fn traffic(&mut self, tick: TrafficTick) {
        if let Some(before) = &self.latest.traffic {
            let passed = tick.at.as_secs_f64() - before.at.as_secs_f64();
            let turns = tick.turns.saturating_sub(before.turns) as f64;
            self.turns_per_s = (passed > 0.0).then_some(turns / passed);
        }
        self.latest.traffic = Some(tick);
    }

    /// Keeps what the series are made and judged with (what cannot be read, where the program was replaced, what the trend
    /// leaves out) and the phase.
    pub(super) fn event(&mut self, event: &Event) {
        if let EventKind::Phase { name, trend } = &event.kind {
            self.phase = Some(Phase { name: name.clone(), from: event.at, to: event.at, trend: *trend });
        }
        let counts = matches!(
            event.kind,
            EventKind::Unreadable { .. }
                | EventKind::Exec { .. }
                | EventKind::Phase { .. }
                | EventKind::Disturbance { .. }
        );
        if counts && self.kept.events.len() < KEPT_EVENTS {
            self.kept.events.push(event.clone());
        }
    }

    /// The latest of everything, with the growth so far computed now.
    pub(super) fn latest(&self) -> Latest {
        let (mut times, mut values) = (Vec::new(), Vec::new());
        for Sample { at, readings, .. } in &self.kept.samples {
            let Some(memory) = readings.get(Metric::RssAnon).or_else(|| readings.get(Metric::Rss)) else { continue };
            times.push(at.as_secs_f64());
            values.push(memory as f64 + readings.get(Metric::Swap).unwrap_or(0) as f64);
        }
        let span = times.last().unwrap_or(&0.0) - times.first().unwrap_or(&0.0);
        let growth = (times.len() >= MIN_POINTS && span >= MIN_SPAN_S)
            .then(|| analysis::growth_so_far(&times, &values))
            .flatten();
        Latest { growth, phase: self.phase(), ..self.latest.clone() }
    }

    /// The trail of every metric that was read, in the table's order.
    pub(super) fn trails(&self) -> Vec<(Metric, Trail)> {
        let trails = Metric::all().zip(&self.trails).filter(|(_, trail)| trail.latest().is_some());
        trails.map(|(metric, trail)| (metric, trail.clone())).collect()
    }

    /// The thinned copy.
    pub(super) fn kept(&self) -> Run {
        self.kept.clone()
    }

    /// The latest of the driver's ticks.
    pub(super) fn tick(&self) -> Option<&TrafficTick> {
        self.latest.traffic.as_ref()
    }

    /// The phase that the run is in, so far, at the time of its latest sample.
    pub(super) fn phase(&self) -> Option<Phase> {
        let now = self.latest.at;
        self.phase.clone().map(|phase| Phase { to: phase.to.max(now), ..phase })
    }

    /// Turns completed per second, by the last two of the driver's ticks.
    pub(super) fn turns_per_s(&self) -> Option<f64> {
        self.turns_per_s
    }
}

/// Lays a later sample over an earlier one: the slow tier's readings, which are in few samples, must not fall out.
fn overlay(kept: &mut Sample, later: &Sample) {
    kept.at = later.at;
    for (metric, value) in later.readings.iter() {
        kept.readings.set_raw(metric, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::run::Trend;

    fn sample(second: usize) -> Sample {
        let mut sample = Sample { at: Elapsed::from_secs_f64(second as f64), ..Sample::default() };
        sample.readings.set_raw(Metric::RssAnon, 1_000_000 + 100 * second as u64);
        if second.is_multiple_of(60) {
            sample.readings.set_raw(Metric::Pss, 2_000_000);
        }
        sample
    }

    #[test]
    fn memory_stays_bounded_and_the_slope_stays_the_same() {
        let mut so_far = SoFar::new();
        for second in 0..100_000 {
            so_far.traffic(TrafficTick { turns: second as u64, ..TrafficTick::default() });
            so_far.sample(&sample(second));
        }
        let kept = so_far.kept();
        assert!(kept.samples.len() <= KEPT && kept.traffic.len() <= KEPT + 1);
        let growth = so_far.latest().growth.unwrap();
        assert!((growth.estimate / 360_000.0 - 1.0).abs() < 1e-3, "{growth:?}");
    }

    #[test]
    fn readings_that_come_seldom_do_not_fall_out_of_the_thinned_copy() {
        let mut so_far = SoFar::new();
        (0..100_000).for_each(|second| so_far.sample(&sample(second)));
        let set = so_far.kept().series();
        let read = set.get("pss").unwrap().values.iter().filter(|value| value.is_finite()).count();
        assert!(read > 500, "{read}");
    }

    #[test]
    fn the_phase_is_the_one_that_began_last() {
        let mut so_far = SoFar::new();
        assert_eq!(so_far.phase(), None);
        for (second, name) in [(0.0, "ramp up"), (4.0, "soak")] {
            let kind = EventKind::Phase { name: name.into(), trend: Trend::Counts };
            so_far.event(&Event { at: Elapsed::from_secs_f64(second), kind });
        }
        so_far.sample(&sample(9));
        let [from, to] = [4.0, 9.0].map(Elapsed::from_secs_f64);
        assert_eq!(so_far.phase(), Some(Phase { name: "soak".into(), from, to, trend: Trend::Counts }));
    }

    #[test]
    fn too_little_says_nothing() {
        let mut so_far = SoFar::new();
        for second in 0..20 {
            so_far.sample(&sample(second));
        }
        assert_eq!(so_far.latest().growth, None);
    }
}
