//! What the charts and the HTML page of a run cost in CPU time, as a ratio to the floor: the same pictures, with all their
//! words, of a run of two samples, drawn in the same process. So the ratio tells what the data cost beyond the pictures
//! themselves.
//!
//! `cargo bench --bench charts` prints the table. The budgets are 0.6 s for all charts of 43,200 samples (12 h at 1 Hz),
//! 2 s for the overview of 432,000 (12 h at 10 Hz), and 3 MB for the page of either.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a bench prints its table and stops at any error")]

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use soak::chart::{ChartFile, ChartOptions, Format, Source, dark_rules, render, render_overview};
use soak::domain::assessment::{FitPoint, Shape};
use soak::domain::traffic::Latency;
use soak::domain::{
    Assessment, Bytes, Elapsed, Estimate, Finding, Metric, Readings, Run, Sample, SeriesSet, TrafficTick, Verdict,
};
use soak::report::{Material, Picture, Pictures, Subject, html};

const REPEATS: usize = 7;

/// CPU time of this process so far.
fn cpu() -> Duration {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(now.tv_sec.unsigned_abs(), u32::try_from(now.tv_nsec).unwrap())
}

/// The median CPU time of some calls, and what the last one returned.
fn timed<T>(mut work: impl FnMut() -> T) -> (Duration, T) {
    let mut spent = Vec::new();
    let mut last = None;
    for _ in 0..REPEATS {
        let before = cpu();
        last = Some(work());
        spent.push(cpu().saturating_sub(before));
    }
    spent.sort();
    (spent[REPEATS / 2], last.unwrap())
}

/// Noise between 0 and 1, the same in every run.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// A run of 12 h with this many samples of a noisy, growing server, and a tick of traffic a second.
fn run_of(samples: u32) -> Run {
    const MIB: f64 = 1_048_576.0;
    let mut noise = Noise(88_172_645_463_325_252);
    let span_s = 43_200.0;
    let sample = |index: u32| {
        let at_s = f64::from(index) * span_s / f64::from(samples);
        let anon = (100.0 + at_s / 300.0 + 6.0 * noise.next()) * MIB;
        let mut readings = Readings::new();
        let bytes = [
            (Metric::Rss, anon + 22.0 * MIB),
            (Metric::RssAnon, anon),
            (Metric::RssFile, 22.0 * MIB),
            (Metric::Vms, 900.0 * MIB + anon),
            (Metric::Pss, anon + 10.0 * MIB),
            (Metric::Uss, anon + 4.0 * MIB),
        ];
        for (metric, value) in bytes {
            readings.set_bytes(metric, Bytes::new(value as u64));
        }
        readings.set_count(Metric::Threads, 12 + u64::from(noise.next() > 0.97));
        readings.set_count(Metric::Fds, 64 + (noise.next() * 9.0) as u64);
        readings.set_count(Metric::CpuTime, (at_s * 30.0) as u64);
        Sample { at: Elapsed::from_secs_f64(at_s), lateness: Duration::ZERO, readings }
    };
    let samples: Vec<Sample> = (0..samples).map(sample).collect();
    let ticks = if samples.len() > 2 { span_s as u32 } else { 2 };
    let tick = |second: u32| {
        let p50 = Duration::from_secs_f64(0.002 + 0.001 * noise.next());
        TrafficTick {
            at: Elapsed::from_secs_f64(f64::from(second)),
            turns: u64::from(second) * 20,
            latency: Some(Latency { p50, p95: p50 * 3, p99: p50 * 6, max: p50 * 9 }),
            ..TrafficTick::default()
        }
    };
    Run { samples, traffic: (1..=ticks).map(tick).collect(), ..Run::default() }
}

/// A finding with a fit for every metric, so that every picture has all its parts.
fn assessment_of(set: &SeriesSet) -> Assessment {
    let finding = |series: &soak::domain::Series| {
        let level = series.values.last().copied().unwrap_or_default();
        let point = |step: u32| {
            let elapsed_s = f64::from(step) * 600.0;
            FitPoint { elapsed_s, value: level, low: level * 0.99, high: level * 1.01 }
        };
        Finding {
            metric: series.name.clone(),
            label: series.label.clone(),
            unit: series.unit,
            role: series.role,
            verdict: Verdict::Growing,
            shape: Shape::Linear,
            growth_per_hour: Some(Estimate { estimate: 12e6, low: 11e6, high: 13e6, confidence: 0.95 }),
            growth_per_turn: None,
            settled_after_s: Some(600.0),
            onset_s: None,
            observed_s: set.span_s(),
            samples: series.values.len(),
            detectable_per_hour: None,
            grade: None,
            limit: None,
            time_to_limit_s: None,
            budget: None,
            reason: "it grows".into(),
            advice: None,
            attribution: None,
            fit: (1..=72).map(point).collect(),
        }
    };
    let findings = set.series.iter().map(finding).collect();
    Assessment {
        left_out: Vec::new(),
        verdict: Verdict::Growing,
        reason: "it grows".into(),
        crossed: None,
        findings,
        objectives: Vec::new(),
        performance: None,
    }
}

fn overview(run: &Run, set: &SeriesSet, assessment: &Assessment) -> Vec<ChartFile> {
    vec![render_overview(&Source::of_run(run, set), assessment, &ChartOptions::default()).unwrap()]
}

fn all(run: &Run, set: &SeriesSet, assessment: &Assessment) -> Vec<ChartFile> {
    render(&Source::of_run(run, set), assessment, &ChartOptions::default()).unwrap()
}

/// The page, with the overview and a chart of each metric in it, at the size at which `soak report` draws them.
fn page(run: &Run, set: &SeriesSet, assessment: &Assessment) -> Vec<ChartFile> {
    let options = ChartOptions { width: 1100, height: 620, format: Format::Svg, ..ChartOptions::default() };
    let drawn = render(&Source::of_run(run, set), assessment, &options).unwrap();
    let picture = |file: ChartFile| {
        let metric = file.name.trim_end_matches(".svg");
        let metric = if metric == "overview" { String::new() } else { metric.to_owned() };
        Picture { metric, svg: String::from_utf8(file.bytes).unwrap() }
    };
    let pictures = Pictures { charts: drawn.into_iter().map(picture).collect(), flame: None, dark: dark_rules() };
    let material = Material { subject: Subject::Run(run), set, assessment, exit_code: 1, notes: &[], heap: None };
    vec![ChartFile { name: "report.html".to_owned(), bytes: html(&material, &pictures).into_bytes() }]
}

type Draw = fn(&Run, &SeriesSet, &Assessment) -> Vec<ChartFile>;

fn main() {
    println!("cargo bench --bench charts    CPU time, median of {REPEATS}; floor = the same pictures of two samples\n");
    println!(
        "{:>9}  {:<10} {:>8}  {:>9}  {:>9}  {:>6}  {:>8}",
        "samples", "pictures", "KiB", "CPU ms", "floor ms", "ratio", "budget"
    );
    let empty = run_of(2);
    let empty_set = empty.series();
    let empty_assessment = assessment_of(&empty_set);
    for samples in [43_200, 432_000] {
        let run = run_of(samples);
        let (to_series, set) = timed(|| run.series());
        let assessment = assessment_of(&set);
        let works = [
            ("overview", overview as Draw, if samples == 432_000 { "2000 ms" } else { "-" }),
            ("all", all as Draw, if samples == 43_200 { "600 ms" } else { "-" }),
            ("page", page as Draw, "2930 KiB"),
        ];
        for (name, draw, budget) in works {
            let (floor, _) = timed(|| draw(&empty, &empty_set, &empty_assessment));
            let (spent, files) = timed(|| draw(&run, &set, &assessment));
            let size: usize = files.iter().map(|file| file.bytes.len()).sum();
            let (spent, floor) = (spent.as_secs_f64() * 1e3, floor.as_secs_f64() * 1e3);
            let name = format!("{} {name}", files.len());
            println!(
                "{samples:>9}  {name:<10} {:>8}  {spent:>9.1}  {floor:>9.1}  {:>6.2}  {budget:>8}",
                size / 1024,
                spent / floor
            );
        }
        println!(
            "{samples:>9}  (Run::series, which the analysis needs as well: {:.1} ms)",
            to_series.as_secs_f64() * 1e3
        );
    }
}
