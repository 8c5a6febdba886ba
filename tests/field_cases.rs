//! Public cases in which a hand-written soak check failed, rebuilt from the figures that were published: the series
//! themselves are not public. Each test states the figures that it was built from, and that it has them.

#![expect(clippy::unwrap_used, reason = "a finding that is not there has failed the test")]

#[path = "support/shapes/random.rs"]
#[expect(dead_code, reason = "the generator of shapes uses what these cases do not")]
mod random;

use random::Random;
use soak::analysis::{Options, assess};
use soak::domain::{Assessment, Finding, Role, Series, SeriesSet, Unit, Verdict};

const MIB: f64 = 1_048_576.0;
const HOUR: f64 = 3600.0;

fn series(name: &str, unit: Unit, values: Vec<f64>) -> Series {
    Series {
        name: name.to_owned(),
        label: name.to_owned(),
        unit,
        role: Role::Decides,
        values,
        limit: None,
        unreadable: None,
    }
}

fn instants(samples: usize, interval_s: f64) -> Vec<f64> {
    (0..samples).map(|i| i as f64 * interval_s).collect()
}

/// Resident memory at these instants, in whole pages, with noise of this many bytes that is half forgotten from one sample
/// to the next.
fn rss(elapsed_s: Vec<f64>, seed: u64, noise: f64, level: impl Fn(f64) -> f64) -> SeriesSet {
    let mut random = Random::new(seed);
    let mut wander = 0.0;
    let values = elapsed_s
        .iter()
        .map(|&at| {
            wander = 0.5 * wander + 0.866 * noise * random.normal();
            ((level(at) + wander) / 4096.0).round() * 4096.0
        })
        .collect();
    SeriesSet { elapsed_s, series: vec![series("rss", Unit::Bytes, values)], ..SeriesSet::default() }
}

fn judge(set: &SeriesSet) -> Assessment {
    assess(set, &Options::default())
}

fn finding(assessment: &Assessment, metric: &str) -> Finding {
    assessment.findings.iter().find(|finding| finding.metric == metric).unwrap().clone()
}

fn said(assessment: &Assessment) -> String {
    let lines = assessment.findings.iter().map(|it| {
        format!("{} {} ({}) {:?}: {}", it.metric, it.verdict.word(), it.shape.words(), it.growth_per_hour, it.reason)
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The slope of a straight line by least squares, with its standard error as a textbook gives it.
fn straight_line(t: &[f64], y: &[f64]) -> (f64, f64) {
    let n = t.len() as f64;
    let (mean_t, mean_y) = (t.iter().sum::<f64>() / n, y.iter().sum::<f64>() / n);
    let sxx: f64 = t.iter().map(|t| (t - mean_t).powi(2)).sum();
    let slope = t.iter().zip(y).map(|(t, y)| (t - mean_t) * (y - mean_y)).sum::<f64>() / sxx;
    let rest: f64 = t.iter().zip(y).map(|(t, y)| (y - mean_y - slope * (t - mean_t)).powi(2)).sum();
    (slope, (rest / (n - 2.0) / sxx).sqrt())
}

/// A curve through points of (hours, MiB), straight between them.
fn through(points: &[(f64, f64)], at_s: f64) -> f64 {
    let hour = at_s / HOUR;
    let after = points.iter().position(|(h, _)| *h >= hour).unwrap_or(points.len() - 1).max(1);
    let ((h0, v0), (h1, v1)) = (points[after - 1], points[after]);
    MIB * (v0 + (v1 - v0) * ((hour - h0) / (h1 - h0)).clamp(0.0, 1.0))
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    f64::midpoint(sorted[sorted.len() / 2], sorted[(sorted.len() - 1) / 2])
}

/// rocky #1255 and #1308: 24 h; +11.77 MB (45.0 %) at +506.9 KB/h before and +481.9 KB/h after a queue had filled, and
/// +11.16 MB (40.45 %). The check wanted both 10 % and 20 MB, and passed.
#[test]
fn twelve_megabytes_in_a_day_are_growing() {
    let full_h = (11_770.0 - 24.0 * 481.9) / (506.9 - 481.9);
    let first = |at: f64| {
        let hours = at / HOUR;
        11.77e6 / 0.45 + 1e3 * (506.9 * hours.min(full_h) + 481.9 * (hours - full_h).max(0.0))
    };
    let second = |at: f64| 11.16e6 / 0.4045 + 11.16e6 * at / (24.0 * HOUR);
    let cases: [(&dyn Fn(f64) -> f64, f64); 2] = [(&first, 11.77e6 / 24.0), (&second, 11.16e6 / 24.0)];
    for (seed, (level, per_hour)) in cases.into_iter().enumerate() {
        let set = rss(instants(2881, 30.0), seed as u64, 60e3, level);
        let assessment = judge(&set);
        assert_eq!(assessment.verdict, Verdict::Growing, "{}", said(&assessment));
        let growth = finding(&assessment, "rss").growth_per_hour.unwrap();
        assert!(growth.low > 0.0, "{growth:?}");
        assert!((growth.estimate / per_hour - 1.0).abs() < 0.1, "{growth:?} {per_hour}");
    }
}

/// rocky #1346: the repaired build over 24 h swings as the allocator gives memory back; its last quarter (n = 720) slopes
/// by -917 KB/h.
#[test]
fn a_curve_that_swings_as_memory_is_given_back_is_steady() {
    for (seed, period_h) in [12.0, 8.0, 5.0].into_iter().enumerate() {
        let swing = |at: f64, phase: f64| (2.0 * std::f64::consts::PI * (at / HOUR / period_h + phase)).sin();
        let elapsed_s = instants(2880, 30.0);
        let quarter = &elapsed_s[2160..];
        let slope_at =
            |phase: f64| straight_line(quarter, &quarter.iter().map(|&at| swing(at, phase)).collect::<Vec<_>>()).0;
        // The phase in which the last quarter falls most.
        let phases = (0..64).map(|i| f64::from(i) / 64.0);
        let phase = phases.min_by(|a, b| slope_at(*a).total_cmp(&slope_at(*b))).unwrap();
        let height = -917e3 / HOUR / slope_at(phase);
        assert!(height > 0.0 && height < 12e6, "a swing that an allocator could make: {height}");
        let assessment = judge(&rss(elapsed_s, seed as u64, 60e3, |at| 32e6 + height * swing(at, phase)));
        assert_eq!(assessment.verdict, Verdict::Steady, "period {period_h} h: {}", said(&assessment));
    }
}

/// A client that buffers up to 64 MiB and sends: from 14 to 76 MiB and back, in cycles of about `cycle` samples.
fn buffering(seed: u64, samples: usize, cycle: f64, uneven: f64) -> Vec<f64> {
    let mut random = Random::new(seed);
    let (mut level, mut rate) = (random.uniform(0.0, 62.0), 62.0 / cycle);
    (0..samples)
        .map(|_| {
            level += rate * random.uniform(0.6, 1.4);
            if level >= 62.0 {
                level = 0.0;
                rate = 62.0 / cycle * (1.0 + uneven * random.uniform(-1.0, 1.0));
            }
            ((14.0 + level + 0.15 * random.normal()) * 256.0).round() * 4096.0
        })
        .collect()
}

/// The verdicts on 361 windows of 600 samples of such a client, of those that are not steady; `published` is how many of 361
/// windows a straight line failed there, and it does here within ten.
fn windows_not_steady(seed: u64, cycle: f64, published: i32) -> Vec<Assessment> {
    let (window, step, windows) = (600, 5, 361);
    let values = buffering(seed, window + step * windows, cycle, 0.5);
    let (mut deceived, mut not_steady) = (0, Vec::new());
    for start in (0..windows).map(|index| index * step) {
        let part = values[start..start + window].to_vec();
        let elapsed_s = instants(window, 1.0);
        let (slope, error) = straight_line(&elapsed_s, &part);
        deceived += i32::from(slope > 1.96 * error);
        let set = SeriesSet { elapsed_s, series: vec![series("rss", Unit::Bytes, part)], ..SeriesSet::default() };
        let assessment = judge(&set);
        if assessment.verdict != Verdict::Steady {
            not_steady.push(assessment);
        }
    }
    assert!((published - 10..=published + 10).contains(&deceived), "{deceived} {published}");
    not_steady
}

/// c-questdb-client #181: a healthy sawtooth of 14 to 76 MiB. A straight line failed 33 of 361 windows of one process and
/// 85 of 361 of another. How many cycles a window held was not published: nine give the first figure, five the second.
#[test]
fn a_client_that_buffers_and_sends_is_steady_in_every_window_of_nine_cycles() {
    let wrong = windows_not_steady(2, 65.0, 33);
    assert!(wrong.is_empty(), "{} windows, such as {}", wrong.len(), said(&wrong[0]));
}

#[test]
fn a_client_that_buffers_and_sends_is_steady_in_every_window_of_five_cycles() {
    let wrong = windows_not_steady(4, 115.0, 85);
    assert!(wrong.is_empty(), "{} windows, such as {}", wrong.len(), said(&wrong[0]));
}

#[test]
fn a_client_that_buffers_and_sends_is_growing_in_no_window() {
    for not_steady in [windows_not_steady(2, 65.0, 33), windows_not_steady(4, 115.0, 85)] {
        let growing = not_steady.iter().find(|assessment| assessment.verdict == Verdict::Growing);
        assert!(growing.is_none(), "{}", growing.map(said).unwrap_or_default());
    }
}

/// The curve of vigia #127, by its figures: up to its plateau at 8 h, and then what is left to rise, of which the medians of
/// the last three quarters leave 0.34, 0.05 and 0.01 MiB.
fn vigia(at: f64) -> f64 {
    const CLIMB: [(f64, f64); 6] = [(0.0, 26.6), (1.5, 28.9), (3.0, 31.02), (4.5, 32.7), (6.0, 34.0), (8.0, 34.73)];
    let after_h = at / HOUR - 9.0;
    if after_h < -1.0 { through(&CLIMB, at) } else { MIB * (35.07 - 0.34 * (-after_h.max(0.0) / 3.1).exp()) }
}

/// vigia #127: 24 h in 288 samples; medians by quarter 30.95, 34.73, 35.02 and 35.06 MiB; its plateau is reached after about
/// 8 h. A fixed tenth was cut as warm-up, and the rest drifted by 13 % against a budget of 5 %.
#[test]
fn a_plateau_after_eight_hours_is_steady_and_the_time_is_told() {
    let set = rss(instants(288, 300.0), 4, 12e3, vigia);
    let medians: Vec<f64> = set.series[0].values.chunks(72).map(|quarter| median(quarter) / MIB).collect();
    for (found, published) in medians.iter().zip([30.95, 34.73, 35.02, 35.06]) {
        assert!((found - published).abs() < 0.06, "{medians:?}");
    }
    let assessment = judge(&set);
    assert_eq!(assessment.verdict, Verdict::Steady, "{}", said(&assessment));
    let settled = finding(&assessment, "rss").settled_after_s.unwrap() / HOUR;
    assert!((5.5..=12.0).contains(&settled), "settled after {settled} h");
}

/// The same program with its true leak of a KiB a frame, which shows as +81.3 MiB/h.
#[test]
fn a_kibibyte_a_frame_is_growing_from_under_the_warm_up() {
    let assessment = judge(&rss(instants(288, 300.0), 5, 12e3, |at| vigia(at) + 81.3 * MIB * at / HOUR));
    assert_eq!(assessment.verdict, Verdict::Growing, "{}", said(&assessment));
    let growth = finding(&assessment, "rss").growth_per_hour.unwrap();
    assert!((growth.estimate / (81.3 * MIB) - 1.0).abs() < 0.05, "{growth:?}");
}

/// heron #136: about 60 s of load; 170,228 to 289,240 KB (+69.9 %) while a pool of buffers fills, and +39 % on a build that
/// was known to be good.
#[test]
fn a_pool_that_still_fills_after_a_minute_is_never_growing() {
    for (seed, rise_kb) in [(1, 289_240.0 - 170_228.0), (2, 0.39 * 170_228.0)] {
        for tau in [15.0_f64, 25.0, 40.0, 60.0] {
            let filled = |at: f64| (1.0 - (-at / tau).exp()) / (1.0 - (-60.0 / tau).exp());
            let set = rss(instants(61, 1.0), seed, 300e3, |at| 1024.0 * (170_228.0 + rise_kb * filled(at)));
            let assessment = judge(&set);
            assert_ne!(assessment.verdict, Verdict::Growing, "tau {tau}: {}", said(&assessment));
            let finding = finding(&assessment, "rss");
            let told = finding.verdict != Verdict::Inconclusive || finding.advice.is_some();
            assert!(told, "tau {tau}: an inconclusive finding says how long to run: {}", said(&assessment));
        }
    }
}

/// parquet-ruby #36: four threads, each of which keeps an arena of 25 to 30 MB; readings of 121 to 131 MB.
#[test]
fn growth_that_stops_when_each_thread_has_its_arena_is_steady() {
    for seed in 0..8 {
        let mut random = Random::new(seed);
        let mut at = 0.0;
        let steps: Vec<(f64, f64)> = (0..4)
            .map(|_| {
                at += random.uniform(8.0, 32.0);
                (at, random.uniform(25e6, 30e6))
            })
            .collect();
        let kept = |at: f64| steps.iter().filter(|(from, _)| *from <= at).map(|(_, arena)| arena).sum::<f64>();
        let total: f64 = kept(f64::INFINITY);
        let base = random.uniform(121e6, 131e6) - total;
        let assessment = judge(&rss(instants(301, 1.0), seed, 80e3, |at| base + kept(at)));
        assert_eq!(assessment.verdict, Verdict::Steady, "seed {seed}: {}", said(&assessment));
    }
}

/// attn #491: create, work, close, again and again in one process; memory comes back lazily, so that a sample right after
/// closing is the spike. Forty cycles of 90 s, of which 30 s are work; `kept` bytes stay of each.
fn cycles(seed: u64, kept: f64) -> SeriesSet {
    let mut set = rss(instants(1801, 2.0), seed, 40e3, |at| {
        let (cycle, within) = ((at / 90.0).floor(), at % 90.0);
        let spike = if within < 30.0 { 1.0 - (-within / 4.0_f64).exp() } else { (-(within - 30.0) / 9.0).exp() };
        // What is kept of a cycle is there from its work on.
        90e6 + 45e6 * spike + kept * (cycle + f64::from(u8::from(within > 15.0)))
    });
    set.turns = Some(set.elapsed_s.iter().map(|at| (at / 90.0).floor()).collect());
    set
}

#[test]
fn what_is_kept_after_each_cycle_decides_and_not_its_peak() {
    let assessment = judge(&cycles(1, 0.0));
    assert_eq!(assessment.verdict, Verdict::Steady, "{}", said(&assessment));
    let assessment = judge(&cycles(2, 1.2e6));
    assert_eq!(assessment.verdict, Verdict::Growing, "{}", said(&assessment));
    let growth = finding(&assessment, "rss").growth_per_hour.unwrap();
    assert!((growth.estimate / (1.2e6 * 40.0) - 1.0).abs() < 0.15, "{growth:?}");
}

/// wazuh #37655: 17,957 samples at 5 s; memory flat, handles climbing.
#[test]
fn descriptors_that_climb_beside_flat_memory_are_growing() {
    let mut set = rss(instants(17_957, 5.0), 7, 200e3, |_| 210e6);
    let mut random = Random::new(8);
    let fds = set.elapsed_s.iter().map(|at| (310.0 + 4.0 * at / HOUR + 3.0 * random.unit()).floor()).collect();
    set.series.push(series("fds", Unit::Count, fds));
    let assessment = judge(&set);
    assert_eq!(assessment.verdict, Verdict::Growing, "{}", said(&assessment));
    assert_eq!(finding(&assessment, "rss").verdict, Verdict::Steady, "{}", said(&assessment));
    let growth = finding(&assessment, "fds").growth_per_hour.unwrap();
    assert!((growth.estimate / 4.0 - 1.0).abs() < 0.05, "{growth:?}");
}

/// Tribler #2745: sockets in `CLOSE_WAIT` pile up until no descriptor is left.
#[test]
fn sockets_in_close_wait_are_growing_beside_the_descriptors_that_they_hold() {
    let mut set = rss(instants(1441, 10.0), 9, 100e3, |_| 140e6);
    let mut random = Random::new(10);
    let stuck: Vec<f64> = set.elapsed_s.iter().map(|at| (at / 24.0).floor()).collect();
    let mut fds = series("fds", Unit::Count, stuck.iter().map(|n| 45.0 + n + (9.0 * random.unit()).floor()).collect());
    fds.limit = Some(1024.0);
    set.series.extend([fds, series("close_wait", Unit::Count, stuck)]);
    let assessment = judge(&set);
    assert_eq!(assessment.verdict, Verdict::Growing, "{}", said(&assessment));
    for metric in ["fds", "close_wait"] {
        assert_eq!(finding(&assessment, metric).verdict, Verdict::Growing, "{}", said(&assessment));
    }
    let left = finding(&assessment, "fds").time_to_limit_s.unwrap();
    let last = set.get("fds").unwrap().values[1440];
    assert!((left.estimate / ((1024.0 - last) * 24.0) - 1.0).abs() < 0.1, "{left:?}");
}

/// tropel #479: resident memory that could not be read counted as flat, and the soak could not fail.
#[test]
fn memory_that_could_not_be_read_is_inconclusive_however_steady_the_rest() {
    let elapsed_s = instants(600, 1.0);
    let mut unread = series("rss", Unit::Bytes, vec![f64::NAN; 600]);
    unread.unreadable = Some("permission denied".to_owned());
    let fds = series("fds", Unit::Count, vec![12.0; 600]);
    let set = SeriesSet { elapsed_s, series: vec![unread, fds], ..SeriesSet::default() };
    let assessment = judge(&set);
    assert_eq!(finding(&assessment, "rss").verdict, Verdict::Inconclusive, "{}", said(&assessment));
    assert_eq!(finding(&assessment, "fds").verdict, Verdict::Steady, "{}", said(&assessment));
    assert_eq!(assessment.verdict, Verdict::Inconclusive, "{}", said(&assessment));
    assert!(finding(&assessment, "rss").reason.contains("permission denied"), "{}", said(&assessment));
}

/// Address space that grows beside resident memory that does not fails no run.
#[test]
fn address_space_alone_fails_no_run() {
    let mut set = rss(instants(600, 1.0), 11, 60e3, |_| 80e6);
    let mut space = series("vms", Unit::Bytes, set.elapsed_s.iter().map(|at| 4e9 + 65_536.0 * at.floor()).collect());
    space.role = Role::Beside;
    set.series.push(space);
    let assessment = judge(&set);
    assert_eq!(assessment.verdict, Verdict::Steady, "{}", said(&assessment));
    assert_eq!(finding(&assessment, "vms").verdict, Verdict::Growing, "{}", said(&assessment));
}
