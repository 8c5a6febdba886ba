//! What a person sees, as the text on a screen of several sizes: at the start, healthy, growing, under failing traffic,
//! and with more metrics than rows.

use std::time::Duration;

use proptest::prelude::*;
use ratatui_core::backend::TestBackend;
use ratatui_core::style::Color;
use ratatui_core::terminal::Terminal;

use super::draw;
use super::picture::{Ending, Motion, Page, Palette, Picture};
use super::spark::Glyphs;
use crate::analysis::{self, Look};
use crate::domain::traffic::Latency;
use crate::domain::{Bytes, Elapsed, Metric, Phase, Run, Sample, TrafficTick};
use crate::runner::{Glance, Trail};

/// A metric's value at a second.
type Values = fn(u64) -> u64;

const SIZES: [(u16, u16); 3] = [(80, 24), (40, 10), (200, 50)];

fn screen(picture: &Picture, size: (u16, u16)) -> TestBackend {
    let mut terminal = Terminal::new(TestBackend::new(size.0, size.1)).unwrap();
    terminal.draw(|frame| draw::draw(frame, picture)).unwrap();
    terminal.backend().clone()
}

fn lines(picture: &Picture, size: (u16, u16)) -> Vec<String> {
    let backend = screen(picture, size);
    let cells = backend.buffer().content();
    let rows = cells.chunks(usize::from(size.0));
    rows.map(|row| row.iter().map(ratatui_core::buffer::Cell::symbol).collect::<String>().trim_end().to_owned())
        .collect()
}

fn text(picture: &Picture, size: (u16, u16)) -> String {
    lines(picture, size).join("\n")
}

fn start() -> Picture {
    let mut picture = Picture::new(Some(Duration::from_mins(5)), None, Palette::Colour, Glyphs::Blocks);
    picture.target = "api (pid 4242)".to_owned();
    picture.folder = "output/2026-11-21T08-00-00Z-api-4242".to_owned();
    picture.glance.own_rss = Some(Bytes::new(11 << 20));
    picture
}

/// A picture of two minutes of these metrics, judged so far.
fn watched(metrics: &[(Metric, Values)]) -> Picture {
    let mut picture = start();
    let mut run = Run::default();
    let mut trails: Vec<(Metric, Trail)> = metrics.iter().map(|(metric, _)| (*metric, Trail::default())).collect();
    for second in 0..120 {
        let mut sample = Sample { at: Elapsed::from_secs_f64(second as f64), ..Sample::default() };
        for ((metric, value), (_, trail)) in metrics.iter().zip(&mut trails) {
            sample.readings.set_raw(*metric, value(second));
            trail.push(value(second));
        }
        run.samples.push(sample);
    }
    let options = analysis::Options { look: Look::SoFar, ..analysis::Options::default() };
    picture.outlook = Some(analysis::assess(&run.series(), &options));
    picture.glance = Glance { now: Elapsed::from_secs_f64(120.0), trails, ..picture.glance };
    picture
}

fn noise(second: u64) -> u64 {
    (50 << 20) + (second * 7919 % 13) * 4096
}

fn leak(second: u64) -> u64 {
    noise(second) + second * 50_000
}

fn healthy() -> Picture {
    watched(&[(Metric::Rss, noise), (Metric::RssAnon, noise), (Metric::Threads, |_| 4), (Metric::Fds, |_| 12)])
}

fn growing() -> Picture {
    watched(&[(Metric::Rss, leak), (Metric::RssAnon, leak), (Metric::Threads, |_| 4), (Metric::Fds, |_| 12)])
}

#[test]
fn the_start_names_the_target_the_time_and_the_keys_at_every_size() {
    for size in SIZES {
        let text = text(&start(), size);
        for word in
            ["soak  api (pid 4242)", "0 ms, 5 min left", "too early to say", "waiting for the first sample", "q end"]
        {
            assert!(text.contains(word), "{word}:\n{text}");
        }
    }
}

#[test]
fn a_healthy_run_reads_steady_at_every_size() {
    for size in SIZES {
        let shown = text(&healthy(), size);
        assert!(shown.contains("so far: steady"), "{shown}");
        assert!(shown.contains("2 min, 3 min left"), "{shown}");
        assert!(!shown.contains("growing"), "{shown}");
    }
}

#[test]
fn a_growing_run_names_the_metric_its_rate_with_its_interval_and_its_verdict() {
    let picture = growing();
    let shown = lines(&picture, (80, 24));
    assert!(shown[1].starts_with("so far: growing  Anonymous memory: it grows by"), "{shown:#?}");
    let row = shown.iter().find(|line| line.starts_with("rss_anon")).unwrap();
    assert!(row.contains("MiB/h (") && row.contains(" to ") && row.contains("growing"), "{row}");
    assert!(row.ends_with('█') && row.contains('▁'), "{row}");
    let beside = shown.iter().find(|line| line.starts_with("rss ")).unwrap();
    assert!(beside.contains("growing *"), "{beside}");
    let wide = text(&picture, (200, 50));
    assert!(
        wide.contains("Anonymous memory") && wide.contains("record output/2026-11-21T08-00-00Z-api-4242"),
        "{wide}"
    );
    let tiny = lines(&picture, (40, 10));
    assert!(tiny.iter().any(|line| line.starts_with("rss_anon") && line.contains("growing")), "{tiny:#?}");
    assert!(tiny.last().unwrap().contains("q end"), "{tiny:#?}");
}

#[test]
fn colour_is_never_alone_and_no_color_has_none() {
    let coloured = |picture: &Picture| {
        let cells = screen(picture, (80, 24)).buffer().content().to_vec();
        cells.iter().filter(|cell| cell.fg == Color::Red).map(ratatui_core::buffer::Cell::symbol).collect::<String>()
    };
    let mut picture = growing();
    assert!(coloured(&picture).contains("growing"));
    picture.palette = Palette::Plain;
    assert_eq!(coloured(&picture), "");
    assert!(text(&picture, (80, 24)).contains("growing"));
}

#[test]
fn failing_traffic_is_said_with_its_rate_its_latency_and_what_waits() {
    let mut picture = healthy();
    let latency = Latency { p95: Duration::from_micros(12_345), ..Latency::default() };
    picture.glance.traffic =
        Some(TrafficTick { turns: 2400, errors: 17, waiting: 5, latency: Some(latency), ..TrafficTick::default() });
    picture.glance.turns_per_s = Some(19.96);
    for size in [(80, 24), (200, 50)] {
        let shown = text(&picture, size);
        assert!(shown.contains("20.0 turns/s   p95 12.3 ms   17 errors   5 waiting   2,400 turns"), "{shown}");
    }
    assert!(text(&picture, (40, 10)).contains("17 errors"));
}

#[test]
fn the_phase_is_named_with_its_length_so_far_and_without_its_escapes() {
    let mut picture = healthy();
    let name = format!("soak \u{1b}[2J{}", "名前".repeat(60));
    let [from, to] = [30.0, 119.0].map(Elapsed::from_secs_f64);
    picture.glance.phase = Some(Phase { name, from, to, trend: crate::domain::run::Trend::Counts });
    for size in [(80, 24), (200, 50)] {
        let shown = text(&picture, size);
        assert!(shown.contains("phase     for 1 min 30 s: soak \u{fffd}[2J名"), "{shown}");
    }
    assert!(!text(&healthy(), (80, 24)).contains("phase"));
}

#[test]
fn more_metrics_than_rows_are_scrolled() {
    let all: Vec<(Metric, Values)> = Metric::all().map(|metric| (metric, noise as Values)).collect();
    let mut picture = watched(&all);
    let first = lines(&picture, (40, 10));
    assert!(first.iter().any(|line| line.starts_with("metric 1-6 of 12")), "{first:#?}");
    assert!(first.iter().any(|line| line.starts_with("rss_anon")), "{first:#?}");
    picture.scrolled = 100;
    let last = lines(&picture, (40, 10));
    assert!(last.iter().any(|line| line.starts_with("metric 7-12 of 12")), "{last:#?}");
    assert!(last.iter().any(|line| line.starts_with("cgroup_an")), "{last:#?}");
    assert!(text(&picture, (200, 50)).contains("Cgroup anonymous memory"));
}

#[test]
fn what_happened_and_what_others_wrote_is_shown_without_their_escapes() {
    let mut picture = healthy();
    picture.happened(Elapsed::from_secs_f64(61.2), "mark 1".to_owned());
    picture.happened(Elapsed::from_secs_f64(62.0), "pss cannot be read: \u{1b}[2J".to_owned());
    picture.output = vec!["listening\u{7}".to_owned()];
    let shown = text(&picture, (80, 24));
    assert!(shown.contains("1 min 1 s  mark 1") && shown.contains("pss cannot be read: \u{fffd}[2J"), "{shown}");
    assert!(shown.contains("|  listening\u{fffd}"), "{shown}");
}

#[test]
fn help_hold_and_the_end_can_be_seen_at_every_size() {
    let mut picture = healthy();
    picture.motion = Motion::Held;
    assert!(text(&picture, (80, 24)).contains("HELD"));
    picture.page = Page::Help;
    for size in SIZES {
        assert!(text(&picture, size).contains("end the run and judge it"));
    }
    picture.ending = Ending::Asked;
    for size in SIZES {
        assert!(lines(&picture, size).last().unwrap().starts_with("ending the run; its verdict follows"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_size_makes_the_drawing_panic(width in 1_u16..260, height in 1_u16..90, scrolled in 0_usize..40, help: bool) {
        let mut picture = growing();
        picture.scrolled = scrolled;
        picture.output = vec!["x".repeat(300); 30];
        for at in 0..40 {
            picture.happened(Elapsed::from_secs_f64(f64::from(at)), "名前".repeat(60));
        }
        picture.page = if help { Page::Help } else { Page::Metrics };
        prop_assert_eq!(lines(&picture, (width, height)).len(), usize::from(height));
    }
}
