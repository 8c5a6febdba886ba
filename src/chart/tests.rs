//! Claims on what charts show, on scenes; [`super::pixel_tests`] looks at the pixels.

use std::time::Duration;

use super::compose::Composer;
use super::layout::{self, Canvas};
use super::scene::{Panel, Scene, Swatch};
use super::theme::Ink;
use super::*;
use crate::domain::assessment::{FitPoint, Shape};
use crate::domain::mark::Mark;
use crate::domain::run::{Event, EventKind, RunEnd, TargetEnd, Trend};
use crate::domain::traffic::Latency;
use crate::domain::{
    Assessment, Bytes, Elapsed, Estimate, Finding, Metric, Readings, Role, Run, Sample, Series, SeriesSet, TrafficTick,
    Unit, Verdict,
};

pub(super) const MIB: f64 = 1_048_576.0;
pub(super) const CANVAS: Canvas = Canvas { width_px: 1600, height_px: 900 };

pub(super) fn series(name: &str, unit: Unit, values: Vec<f64>) -> Series {
    Series { name: name.into(), label: name.into(), unit, role: Role::Decides, values, limit: None, unreadable: None }
}

pub(super) fn set_of(series: Series) -> SeriesSet {
    let elapsed_s = (0..series.values.len()).map(|second| second as f64).collect();
    SeriesSet { elapsed_s, series: vec![series], ..SeriesSet::default() }
}

/// An hour of anonymous memory that rises from 100 MiB by 100 MiB.
pub(super) fn rising() -> SeriesSet {
    set_of(series(
        "rss_anon",
        Unit::Bytes,
        (0..=3_600).map(|second| (100.0 + f64::from(second) / 36.0) * MIB).collect(),
    ))
}

/// A finding on [`rising`]: fitted from 600 s on.
pub(super) fn growing() -> Finding {
    let fit = [600.0, 2_000.0, 3_600.0].map(|elapsed_s| {
        let value = (100.0 + elapsed_s / 36.0) * MIB;
        FitPoint { elapsed_s, value, low: value - MIB, high: value + MIB }
    });
    Finding {
        metric: "rss_anon".into(),
        label: "Anonymous memory".into(),
        unit: Unit::Bytes,
        role: Role::Decides,
        verdict: Verdict::Growing,
        shape: Shape::Linear,
        growth_per_hour: Some(Estimate { estimate: 100.0 * MIB, low: 98.0 * MIB, high: 102.0 * MIB, confidence: 0.95 }),
        growth_per_turn: None,
        settled_after_s: Some(600.0),
        onset_s: None,
        observed_s: 3_600.0,
        samples: 3_601,
        detectable_per_hour: None,
        grade: None,
        limit: None,
        time_to_limit_s: None,
        budget: None,
        reason: "it grows by 100 MiB/h".into(),
        advice: Some("run for another 2 h".into()),
        attribution: None,
        fit: fit.to_vec(),
    }
}

pub(super) fn assessment(findings: Vec<Finding>) -> Assessment {
    let verdict = findings.first().map_or(Verdict::Inconclusive, |finding| finding.verdict);
    Assessment {
        verdict,
        reason: String::new(),
        crossed: None,
        left_out: Vec::new(),
        findings,
        objectives: Vec::new(),
        performance: None,
    }
}

pub(super) fn metric_scene(set: &SeriesSet, assessment: &Assessment) -> Scene {
    Composer::new(Source::of_series("x.csv", set), assessment, CANVAS.columns()).metric(&set.series[0])
}

fn run_scene(run: &Run) -> Scene {
    let (set, assessment) = (run.series(), assessment(Vec::new()));
    Composer::new(Source::of_run(run, &set), &assessment, CANVAS.columns()).overview()
}

fn run_of(seconds: u64) -> Run {
    let sample = |second: u64| {
        let mut readings = Readings::new();
        readings.set_bytes(Metric::Rss, Bytes::new((200 + second) << 20));
        readings.set_bytes(Metric::RssAnon, Bytes::new((100 + second) << 20));
        readings.set_count(Metric::Fds, 20);
        readings.set_count(Metric::CpuTime, second * 10);
        Sample { at: Elapsed::new(Duration::from_secs(second)), lateness: Duration::ZERO, readings }
    };
    Run { samples: (0..=seconds).map(sample).collect(), ..Run::default() }
}

fn event(second: u64, kind: EventKind) -> Event {
    Event { at: Elapsed::new(Duration::from_secs(second)), kind }
}

#[test]
fn the_finding_is_the_title_and_the_reason_stands_below() {
    let scene = metric_scene(&rising(), &assessment(vec![growing()]));
    assert_eq!(scene.title, "Anonymous memory grows 100 MiB/h (98 to 102)");
    assert_eq!(scene.verdict, Some(Verdict::Growing));
    assert_eq!(scene.notes[0], "It grows by 100 MiB/h. Run for another 2 h.");
    assert!(scene.subtitle.contains("1 h observed") && scene.subtitle.contains("3,601 samples"), "{}", scene.subtitle);
}

#[test]
fn the_fit_is_drawn_only_over_what_it_was_fitted_on() {
    let scene = metric_scene(&rising(), &assessment(vec![growing()]));
    let curve = &scene.panels[0].fit.as_ref().unwrap().curve;
    assert_eq!((curve[0].at_s, curve[2].at_s), (600.0, 3_600.0));
    assert!(curve.iter().all(|point| point.low < point.value && point.value < point.high));
}

#[test]
fn warm_up_is_shaded_until_it_ended_and_named_in_the_legend() {
    let scene = metric_scene(&rising(), &assessment(vec![growing()]));
    assert_eq!(scene.panels[0].warm_up_until_s, Some(600.0));
    let words: Vec<String> = scene.legends()[0].iter().map(|entry| entry.label.clone()).collect();
    assert_eq!(words, ["measured", "fit with 95 % band", "warm-up, 10 min"]);
}

#[test]
fn a_late_onset_is_marked_where_growth_began() {
    let late = Finding { onset_s: Some(1_800.0), ..growing() };
    let scene = metric_scene(&rising(), &assessment(vec![late]));
    assert_eq!(scene.panels[0].onset_s, Some(1_800.0));
    assert!(scene.legends()[0].iter().any(|entry| entry.label == "growth begins after 30 min"));
}

#[test]
fn a_near_limit_is_drawn_and_a_far_one_is_not() {
    let of = |limit: f64| {
        let finding = Finding { limit: Some(limit * MIB), ..growing() };
        metric_scene(&rising(), &assessment(vec![finding])).panels.remove(0)
    };
    let near = of(300.0);
    assert_eq!(near.limit.as_ref().map(|limit| limit.label.as_str()), Some("limit 300 MiB"));
    assert!(near.values.high >= 300.0 * MIB);
    assert!(of(4_096.0).limit.is_none());
}

#[test]
fn a_crossing_that_is_close_is_projected_beyond_the_record() {
    let left = Estimate { estimate: 1_200.0, low: 1_180.0, high: f64::INFINITY, confidence: 0.95 };
    let finding = Finding { limit: Some(233.0 * MIB), time_to_limit_s: Some(left), ..growing() };
    let scene = metric_scene(&rising(), &assessment(vec![finding]));
    let [from, crossing] = scene.panels[0].fit.as_ref().unwrap().projection.unwrap();
    assert_eq!((from.at_s, crossing.at_s), (3_600.0, 4_800.0));
    assert_eq!(scene.projected_from_s, Some(3_600.0));
    assert!(scene.time.high > 4_800.0);
    let label = &scene.panels[0].limit.as_ref().unwrap().label;
    assert_eq!(label, "limit 233 MiB, reached in 20 min (20 min or never)");
}

#[test]
fn what_happened_is_marked_and_the_tree_ticks() {
    let mut run = run_of(60);
    run.events = vec![
        event(10, EventKind::Exec { name: "worker".into() }),
        event(20, EventKind::TreeChanged { joined: 1, left: 0 }),
        event(60, EventKind::Ended { end: RunEnd::TargetEnded(TargetEnd::Killed { signal: 9, out_of_memory: true }) }),
    ];
    let scene = run_scene(&run);
    let marks: Vec<(f64, &str)> = scene.marks.iter().map(|mark| (mark.at_s, mark.label.as_str())).collect();
    assert_eq!(marks, [(10.0, "new program: worker"), (60.0, "target killed: out of memory")]);
    assert_eq!(scene.ticks_s, [20.0]);
}

#[test]
fn what_the_trend_leaves_out_is_striped_and_named() {
    let assessed = Assessment { left_out: vec![(600.0, 1_200.0), (3_000.0, 9_000.0)], ..assessment(vec![growing()]) };
    let scene = metric_scene(&rising(), &assessed);
    assert_eq!(scene.left_out, [(600.0, 1_200.0), (3_000.0, 3_600.0)]);
    let entries = scene.legends().remove(0);
    assert!(entries.iter().any(|entry| entry.label == "left out of the trend"), "{entries:?}");
    let plain = metric_scene(&rising(), &assessment(vec![growing()])).legends().remove(0);
    assert!(plain.iter().all(|entry| entry.swatch != Swatch::LeftOut));
}

#[test]
fn phases_are_bands_from_one_to_the_next_and_the_last_ends_with_the_run() {
    let mut run = run_of(60);
    let phase = |name: &str| EventKind::Phase { name: name.into(), trend: Trend::Counts };
    run.events = vec![event(0, phase("ramp up")), event(20, phase("soak"))];
    let scene = run_scene(&run);
    let phases: Vec<_> = scene.phases.iter().map(|phase| (phase.name.as_str(), phase.from_s, phase.to_s)).collect();
    assert_eq!(phases, [("ramp up", 0.0, 20.0), ("soak", 20.0, 60.0)]);
    let layout = layout::place(&scene, CANVAS, CANVAS.scale());
    let (strip, bands) = layout.phases.as_ref().unwrap();
    assert!(strip.bottom <= layout.panels[0].plot.top && strip.top > layout.panels[0].heading.baseline, "{strip:?}");
    assert!((bands[1].right - strip.right).abs() < 0.1, "{bands:?}");
}

#[test]
fn an_overview_has_a_panel_for_memory_and_one_for_each_count() {
    let scene = run_scene(&run_of(60));
    let lines = |panel: &Panel| panel.lines.iter().map(|line| line.name.clone()).collect::<Vec<_>>();
    let shown: Vec<Vec<String>> = scene.panels.iter().map(lines).collect();
    let memory = vec![Metric::Rss.label(), Metric::RssAnon.label()];
    assert_eq!(shown, [memory, vec![Metric::Fds.label()]]);
    assert!(
        scene.panels.iter().all(|panel| panel.lines.iter().all(|line| line.points().all(|point| point.at_s <= 60.0)))
    );
}

#[test]
fn traffic_is_drawn_where_there_is_some_and_errors_where_there_are_any() {
    let mut run = run_of(60);
    let latency = Latency { p50: Duration::from_millis(2), p95: Duration::from_millis(5), ..Latency::default() };
    let tick = |second: u64| TrafficTick {
        at: Elapsed::new(Duration::from_secs(second)),
        turns: second * 20,
        errors: second / 30,
        latency: Some(latency),
        ..TrafficTick::default()
    };
    run.traffic = (1..=60).map(tick).collect();
    let scene = run_scene(&run);
    let [.., turns, latency] = &scene.panels[..] else { panic!("{} panels", scene.panels.len()) };
    assert_eq!(turns.heading, "Turns per second: 20 on average, 2 errors in all");
    assert_eq!(turns.lines.iter().map(|line| line.ink).collect::<Vec<_>>(), [Ink::Main, Ink::Alarm]);
    assert_eq!(latency.heading, "Latency: p50 2.00 ms, p95 5.00 ms, p99 0 ms in the typical second");
    assert_eq!(latency.lines.len(), 3);
}

#[test]
fn what_could_not_be_read_is_said_and_not_drawn() {
    let mut run = run_of(10);
    let reason = "it belongs to another user".to_owned();
    run.events.push(event(0, EventKind::Unreadable { metric: "pss".into(), reason }));
    let scene = run_scene(&run);
    let note = format!("{} was not read: it belongs to another user.", Metric::Pss.label());
    assert!(scene.notes.contains(&note), "{:?}", scene.notes);
    assert!(scene.panels.iter().all(|panel| panel.empty.is_none()));
}

#[test]
fn an_entry_of_the_legend_stands_once_among_several_panels() {
    let mut set = rising();
    set.series.push(Series { name: "fds".into(), unit: Unit::Count, ..set.series[0].clone() });
    let both = assessment(vec![growing(), Finding { metric: "fds".into(), ..growing() }]);
    let scene = Composer::new(Source::of_series("x.csv", &set), &both, 1_000).overview();
    let fits = scene.legends().iter().flatten().filter(|entry| entry.swatch == Swatch::Fit).count();
    assert_eq!((scene.panels.len(), fits), (2, 1));
}

#[test]
fn a_panel_of_several_lines_speaks_of_the_one_that_grows() {
    let mut set = rising();
    set.series = ["procs", "zombies"].map(|name| Series { name: name.into(), ..set.series[0].clone() }).to_vec();
    let steady = Finding { metric: "procs".into(), label: "Processes".into(), verdict: Verdict::Steady, ..growing() };
    let zombies = Finding { metric: "zombies".into(), label: "Zombies".into(), unit: Unit::Count, ..growing() };
    let both = assessment(vec![steady, zombies]);
    let scene = Composer::new(Source::of_series("x.csv", &set), &both, 1_000).overview();
    assert_eq!((scene.panels.len(), &scene.panels[0].heading[..12]), (1, "Zombies grow"));
}

#[test]
fn a_thousand_columns_make_an_overview_that_can_be_looked_at() {
    let mut set = rising();
    set.series = (0..1_000).map(|n| Series { name: format!("col{n}"), ..set.series[0].clone() }).collect();
    let steady = |n: usize| Finding { metric: format!("col{n}"), verdict: Verdict::Steady, ..growing() };
    let mut findings: Vec<Finding> = (0..1_000).map(steady).collect();
    findings[700] = Finding { label: "The leak".into(), verdict: Verdict::Growing, ..steady(700) };
    let assessment = assessment(findings);
    let scene = Composer::new(Source::of_series("x.csv", &set), &assessment, 1_000).overview();
    assert_eq!(scene.panels.len(), 24);
    assert!(scene.panels[0].heading.starts_with("The leak grows"), "{}", scene.panels[0].heading);
    assert!(scene.notes.iter().any(|note| note == "976 more metrics stand in pictures of their own only."));
}

#[test]
fn nothing_runs_out_of_the_picture_or_into_the_plots() {
    let long = "a name that goes on ".repeat(40);
    let mut set = rising();
    long.clone_into(&mut set.series[0].label);
    let finding = Finding { label: long.clone(), reason: long.clone(), onset_s: Some(900.0), ..growing() };
    let mut scene = metric_scene(&set, &assessment(vec![finding]));
    for second in 0..20 {
        scene.marks.push(Mark { at_s: f64::from(second) * 190.0, label: long.clone() });
    }
    let layout = layout::place(&scene, CANVAS, CANVAS.scale());
    let plot = layout.panels[0].plot;
    assert!(plot.bottom - plot.top > 300.0, "{plot:?}");
    assert!(layout.title.iter().chain(&layout.notes).all(|words| words.baseline < layout.height && words.x > 0.0));
    let marks_bottom = layout.marks.iter().flatten().map(|words| words.baseline).fold(0.0, f64::max);
    assert!(marks_bottom < plot.top && layout.panels[0].legend.iter().all(|entry| entry.baseline < plot.top));
    let ends = |words: &layout::Words, size: f64, weight| words.x + text::width(&words.text, size, weight);
    assert!(layout.title.iter().all(|words| ends(words, layout.title_size, text::Weight::Bold) < layout.width));
    assert!(layout.notes.iter().all(|words| ends(words, layout::NOTE, text::Weight::Regular) < layout.width));
}

/// Renders a set's overview and its charts in every format and theme, and looks whether each is a picture.
fn renders(set: &SeriesSet, assessment: &Assessment) {
    for (theme, format) in [(Theme::Light, Format::Png), (Theme::Dark, Format::Svg)] {
        let options = ChartOptions { width: 640, height: 360, theme, format, ..ChartOptions::default() };
        for file in render(&Source::of_series("x.csv", set), assessment, &options).unwrap() {
            match format {
                Format::Png => assert!(png::Decoder::new(std::io::Cursor::new(&file.bytes)).read_info().is_ok()),
                Format::Svg => {
                    let svg = String::from_utf8(file.bytes).unwrap();
                    assert!(
                        svg.starts_with("<svg") && svg.ends_with("</svg>\n") && !svg.contains("NaN"),
                        "{}",
                        file.name
                    );
                }
            }
        }
    }
}

#[test]
fn few_odd_or_extreme_values_still_make_pictures() {
    let huge = 9.3e18;
    let cases: [Vec<f64>; 9] = [
        vec![],
        vec![5.0],
        vec![5.0, 6.0],
        vec![f64::NAN; 20],
        vec![7.0; 100],
        vec![0.0; 100],
        vec![0.0, huge, 0.0, huge],
        vec![huge; 5],
        vec![-5.0, 5.0, f64::INFINITY],
    ];
    for unit in [Unit::Bytes, Unit::Count, Unit::Milliseconds, Unit::Number] {
        for values in &cases {
            renders(&set_of(series("odd", unit, values.clone())), &assessment(Vec::new()));
        }
    }
}

#[test]
fn two_seconds_and_nine_days_make_pictures() {
    for span_s in [2.0, 9.0 * 86_400.0] {
        let mut set = rising();
        set.elapsed_s.iter_mut().for_each(|at| *at *= span_s / 3_600.0);
        renders(&set, &assessment(vec![growing()]));
    }
}

#[test]
fn a_fit_and_a_limit_that_make_no_sense_do_no_harm() {
    let wild = [0.0, 1e300, f64::NAN, 3_600.0].map(|at| FitPoint {
        elapsed_s: at,
        value: 1e300,
        low: -1e300,
        high: f64::INFINITY,
    });
    let left = Estimate { estimate: -5.0, low: f64::NAN, high: f64::NEG_INFINITY, confidence: 0.95 };
    let finding = Finding {
        fit: wild.to_vec(),
        limit: Some(0.0),
        time_to_limit_s: Some(left),
        settled_after_s: Some(1e12),
        onset_s: Some(f64::NAN),
        ..growing()
    };
    renders(&rising(), &assessment(vec![finding]));
}

#[test]
fn names_cannot_break_out_of_the_drawing() {
    let evil = "<script>&\"'\u{1b}[31m\u{202e}\u{4f60}\n\u{0}";
    let mut set = rising();
    evil.clone_into(&mut set.series[0].label);
    evil.clone_into(&mut set.series[0].name);
    let options = ChartOptions { format: Format::Svg, ..ChartOptions::default() };
    let files = render(&Source::of_series(evil, &set), &assessment(Vec::new()), &options).unwrap();
    for file in &files {
        assert!(
            file.name.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_.".contains(letter)),
            "{}",
            file.name
        );
        let svg = std::str::from_utf8(&file.bytes).unwrap();
        assert!(!svg.contains("<script") && svg.contains("&lt;script&gt;&amp;"));
        assert!(svg.chars().all(|letter| letter == '\n' || (' '..='~').contains(&letter) || letter == '\u{2022}'));
        assert!(resvg::usvg::Tree::from_str(svg, &resvg::usvg::Options::default()).is_ok());
    }
}

#[test]
fn no_two_charts_share_a_file() {
    let mut set = rising();
    set.series = ["a/b", "a_b", "a b"].map(|name| Series { name: name.into(), ..set.series[0].clone() }).to_vec();
    let options = ChartOptions { format: Format::Svg, ..ChartOptions::default() };
    let files = render(&Source::of_series("x.csv", &set), &assessment(Vec::new()), &options).unwrap();
    let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["overview.svg", "a_b.svg", "a_b-2.svg", "a_b-3.svg"]);
}

#[test]
fn options_that_cannot_be_met_are_refused_with_what_can() {
    let (set, assessment) = (rising(), assessment(Vec::new()));
    let ask =
        |options: ChartOptions| render(&Source::of_series("x", &set), &assessment, &options).unwrap_err().to_string();
    let unknown = ask(ChartOptions { metrics: vec!["rs".into()], ..ChartOptions::default() });
    assert_eq!(unknown, "there is no metric \"rs\" here; there are: rss_anon");
    let size = ask(ChartOptions { width: 100_000, ..ChartOptions::default() });
    assert_eq!(size, "a chart of 100000 x 900 pixels cannot be drawn: width 320 to 8192, height 240 to 8192");
}
