//! Claims on several runs over each other.

use super::overlay::{Overlay, letter};
use super::scene::{Scene, Swatch};
use super::tests::{CANVAS, MIB, assessment, growing, rising, series, set_of};
use super::theme::Ink;
use super::*;
use crate::domain::{Assessment, Finding, Role, Series, SeriesSet, Unit, Verdict};

fn run<'a>(name: &'a str, set: &'a SeriesSet, assessment: &'a Assessment) -> Overlaid<'a> {
    Overlaid { source: Source::of_series(name, set), assessment, name }
}

fn scenes(runs: &[Overlaid<'_>]) -> Vec<Scene> {
    let overlay = Overlay::new(runs, CANVAS.columns());
    overlay.shared().iter().map(|shared| overlay.metric(shared)).collect()
}

fn steady() -> Finding {
    Finding { verdict: Verdict::Steady, ..growing() }
}

fn level() -> SeriesSet {
    set_of(series("rss_anon", Unit::Bytes, vec![100.0 * MIB; 7_201]))
}

#[test]
fn the_findings_stand_side_by_side_in_the_title_and_the_longest_run_gives_the_time() {
    let (before, after) = (rising(), level());
    let (grows, stays) = (assessment(vec![growing()]), assessment(vec![steady()]));
    let scenes = scenes(&[run("runs/before.csv", &before, &grows), run("runs/after.csv", &after, &stays)]);
    assert_eq!(scenes.len(), 1);
    assert_eq!(scenes[0].title, "rss_anon: before grows 100 MiB/h (98 to 102); after steady");
    assert_eq!((scenes[0].verdict, scenes[0].time.high), (Some(Verdict::Growing), 7_200.0));
    let legend: Vec<_> = scenes[0].legends()[0].iter().map(|entry| (entry.swatch, entry.label.clone())).collect();
    let entry = |number, label: &str| (Swatch::Line(Ink::Run(number)), label.to_owned());
    assert_eq!(legend, [entry(0, "A  before"), entry(1, "B  after")]);
}

#[test]
fn a_metric_is_drawn_where_two_have_it_in_the_same_unit() {
    let mut first = rising();
    first.series.push(Series { name: "only_here".into(), ..first.series[0].clone() });
    first.series.push(Series { name: "mixed".into(), ..first.series[0].clone() });
    first.series.push(Series { name: "cpu".into(), role: Role::Context, ..first.series[0].clone() });
    let mut second = rising();
    second.series.push(Series { name: "mixed".into(), unit: Unit::Count, ..first.series[0].clone() });
    second.series.push(Series { name: "cpu".into(), role: Role::Context, ..first.series[0].clone() });
    let none = assessment(Vec::new());
    let runs = [run("a", &first, &none), run("b", &second, &none)];
    let overlay = Overlay::new(&runs, CANVAS.columns());
    assert_eq!(overlay.shared().iter().map(|shared| shared.name).collect::<Vec<_>>(), ["rss_anon"]);
}

#[test]
fn runs_with_nothing_in_common_are_refused_with_what_each_has() {
    let (first, mut second) = (rising(), rising());
    second.series[0].name = "heap".into();
    let none = assessment(Vec::new());
    let runs = [run("x/a.csv", &first, &none), run("x/b.csv", &second, &none)];
    let error = render_overlay(&runs, &ChartOptions::default()).unwrap_err().to_string();
    assert_eq!(error, "these have no metric in common to draw over each other: a has rss_anon; b has heap");
}

#[test]
fn a_metric_that_is_not_shared_is_refused_with_those_that_are() {
    let (set, none) = (rising(), assessment(Vec::new()));
    let options = ChartOptions { metrics: vec!["fds".into()], ..ChartOptions::default() };
    let error = render_overlay(&[run("a", &set, &none), run("b", &set, &none)], &options).unwrap_err().to_string();
    assert_eq!(error, "there is no metric \"fds\" here; there are: rss_anon");
}

#[test]
fn twelve_runs_have_twelve_letters_and_a_title_that_counts() {
    let (set, grows, stays) = (rising(), assessment(vec![growing()]), assessment(vec![steady()]));
    let names: Vec<String> = (0..12).map(|number| format!("runs/n{number}.csv")).collect();
    let of = |(number, name)| run(name, &set, if number < 2 { &grows } else { &stays });
    let runs: Vec<Overlaid<'_>> = names.iter().map(String::as_str).enumerate().map(of).collect();
    let scene = scenes(&runs).remove(0);
    assert_eq!(scene.title, "rss_anon: 2 of 12 growing (n0, n1); 10 of 12 steady");
    let labels: Vec<String> = scene.legends()[0].iter().map(|entry| entry.label.clone()).collect();
    assert_eq!((labels.len(), labels[11].as_str()), (12, "L  n11"));
    assert_eq!([0, 25, 26, 52].map(letter), ["A", "Z", "AA", "BA"]);
}

#[test]
fn runs_are_told_apart_without_colour() {
    let mut seen = Vec::new();
    for number in 0..36 {
        let look = (number % 6, runs::dashes_of(Ink::Run(number), 1.0).pattern);
        assert!(!seen.contains(&look), "run {number}");
        seen.push(look);
    }
    let patterns: Vec<_> = seen[..6].iter().map(|look| look.1).collect();
    assert!((1..6).all(|number| !patterns[..number].contains(&patterns[number])), "{patterns:?}");
}

#[test]
fn a_spike_in_a_dense_run_is_drawn_though_its_line_is_a_middle() {
    let mut values: Vec<f64> = (0..43_200).map(|second| (100.0 + f64::from(second % 7)) * MIB).collect();
    values[20_000] = 900.0 * MIB;
    let set = set_of(series("rss", Unit::Bytes, values));
    let none = assessment(Vec::new());
    let scene = scenes(&[run("a", &set, &none), run("b", &set, &none)]).remove(0);
    let line = &scene.panels[0].lines[0];
    assert!(line.points().any(|point| point.value > 899.0 * MIB), "the spike");
    let middle: Vec<_> = line.middle.iter().flatten().collect();
    assert!(middle.len() < 200 && middle.iter().all(|point| point.value < 110.0 * MIB), "{}", middle.len());
}

#[test]
fn every_input_makes_pictures_the_same_twice_as_well_as_gaps_and_one_value() {
    let inputs = [rising(), rising(), set_of(series("rss_anon", Unit::Bytes, vec![f64::NAN, 5.0, f64::NAN]))];
    let none = assessment(Vec::new());
    let runs: Vec<Overlaid<'_>> = inputs.iter().map(|set| run("<b>&\u{1b}\u{202e}\u{4f60}", set, &none)).collect();
    for (theme, format) in [(Theme::Light, Format::Png), (Theme::Dark, Format::Svg)] {
        let options = ChartOptions { width: 640, height: 360, theme, format, ..ChartOptions::default() };
        let files = render_overlay(&runs, &options).unwrap();
        assert_eq!(files.len(), 2);
        if format == Format::Svg {
            let svg = std::str::from_utf8(&files[0].bytes).unwrap();
            assert!(!svg.contains("NaN") && !svg.contains("<b>") && svg.contains("&lt;b&gt;&amp;"), "{svg}");
        }
    }
}
