//! Every form of the report on the inputs that break reports: nothing, one value, gaps, extremes, hostile names. One
//! builder makes the runs.

#![expect(clippy::unwrap_used, reason = "a report without its parts has failed the test")]

use std::time::Duration;

use proptest::prelude::*;
use serde_json::Value;

use soak::analysis;
use soak::domain::attribution::{Attribution, Blame, Charge, Portion, RequestKind};
use soak::domain::run::{
    Conditions, Event, EventKind, Header, Host, RunEnd, TargetEnd, TargetIdentity, TrafficConditions, Trend,
};
use soak::domain::traffic::{FailureTally, Latency, LatencySummary, Measure, TrafficSummary, TrafficTick, Window};
use soak::domain::{Assessment, Elapsed, Estimate, Metric, Run, Sample, SeriesSet, Verdict};
use soak::report::{Material, Pictures, Style, Subject, caveat, csv, html, json_line, junit, markdown_report, summary};
use soak::stats::latencies::Latencies;

const HOSTILE: &str = "</script><img src=x onerror=alert(1)>\u{1b}[31m|`日本\u{202e}\"'&]]>";

/// A run that is made step by step.
struct Builder {
    run: Run,
}

impl Builder {
    fn new() -> Self {
        let target = TargetIdentity { pid: 7, name: "api".into(), ..TargetIdentity::default() };
        let host = Host { name: "box".into(), kernel: "6.9".into(), ..Host::default() };
        let conditions = Conditions { interval_s: 1.0, duration_s: Some(600.0), ..Conditions::default() };
        let header = Header {
            soak_version: "0.1.0".into(),
            started_at: "2026-01-02T03:04:05.678Z".into(),
            target,
            host,
            conditions,
        };
        Self { run: Run { header, ..Run::default() } }
    }

    fn named(mut self, name: &str) -> Self {
        self.run.header.target.name = name.into();
        self.run.header.host.name = name.into();
        self.event(EventKind::Note { text: name.into() }).event(EventKind::Exec { name: name.into() })
    }

    fn sample(mut self, at_s: f64, readings: &[(Metric, u64)]) -> Self {
        let mut sample = Sample { at: Elapsed::from_secs_f64(at_s), ..Sample::default() };
        for &(metric, value) in readings {
            sample.readings.set_raw(metric, value);
        }
        self.run.samples.push(sample);
        self
    }

    /// Values of anonymous memory, one every `step_s`.
    fn memory(self, count: usize, step_s: f64, value: impl Fn(usize) -> u64) -> Self {
        (0..count).fold(self, |it, index| {
            let readings = [(Metric::RssAnon, value(index)), (Metric::Rss, value(index)), (Metric::Threads, 4)];
            it.sample(index as f64 * step_s, &readings)
        })
    }

    fn traffic(mut self, seconds: u64, text: &str) -> Self {
        let millis = Duration::from_millis;
        self.run.traffic = (1..=seconds)
            .map(|at| TrafficTick {
                at: Elapsed::from_secs_f64(at as f64),
                turns: 20 * at,
                errors: at / 10,
                latency: Some(Latency { p50: millis(2), p95: millis(5), p99: millis(9), max: millis(90) }),
                ..TrafficTick::default()
            })
            .collect();
        self.run.header.conditions.traffic = Some(TrafficConditions {
            url: format!("http://localhost/{text}"),
            rate_per_s: 20.0,
            users: 4,
            ..TrafficConditions::default()
        });
        let failure = FailureTally { class: "status 503".into(), count: seconds / 10, example: text.into() };
        let summary = TrafficSummary {
            turns: 20 * seconds,
            latency: Some(LatencySummary { max_us: 90_000, ..Default::default() }),
            failures: vec![failure],
            ..Default::default()
        };
        self.event(EventKind::Traffic(summary))
    }

    fn event(mut self, kind: EventKind) -> Self {
        self.run.events.push(Event { at: Elapsed::from_secs_f64(1.0), kind });
        self
    }

    fn at(mut self, at_s: f64, kind: EventKind) -> Self {
        self.run.events.push(Event { at: Elapsed::from_secs_f64(at_s), kind });
        self
    }

    fn judged(self) -> Judged {
        let set = self.run.series();
        let options = analysis::Options { caveat: caveat(&self.run), ..analysis::Options::default() };
        Judged { assessment: analysis::assess(&set, &options), set, run: self.run }
    }
}

struct Judged {
    run: Run,
    set: SeriesSet,
    assessment: Assessment,
}

impl Judged {
    fn material(&self) -> Material<'_> {
        let exit_code = match self.assessment.verdict {
            Verdict::Steady => 0,
            Verdict::Growing => 1,
            Verdict::Inconclusive => 3,
        };
        Material {
            subject: Subject::Run(&self.run),
            set: &self.set,
            assessment: &self.assessment,
            exit_code,
            notes: &[],
            heap: None,
        }
    }

    fn html(&self) -> String {
        html(&self.material(), &Pictures::default())
    }

    /// The data that the page's script draws.
    fn data(&self) -> Value {
        let page = self.html();
        let (_, rest) = page.split_once("id=\"data\">").unwrap();
        serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap()
    }

    /// Every form in turn: none may hold what a terminal or a browser would obey.
    fn check(&self) {
        let (page, md, xml, table) =
            (self.html(), markdown_report(&self.material(), &[]), junit(&self.material()), csv(&self.material()));
        let json = json_line("x", &self.assessment).unwrap();
        // The page's own script speaks of such numbers; what came from the run must not.
        let shown = page.split("<script>").next().unwrap();
        for text in [shown, &md, &xml, &table, &json] {
            assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'), "{text}");
            assert!(!text.contains("NaN") && !text.contains(" inf"), "{text}");
        }
        assert!(page.matches("<script").count() == 2 && !page.contains("<img"), "{page}");
        assert!(!md.contains("<img") && md.len() < 65_536, "{md}");
        elements(&xml);
        self.data();
        let columns = |line: &str| line.matches(',').count();
        let mut lines = table.lines();
        let header = columns(lines.next().unwrap());
        assert!(lines.all(|line| columns(line) == header), "{table}");
        let word = self.assessment.verdict.word();
        assert!(page.contains(&word.to_uppercase()) && md.contains(&word.to_uppercase()), "{md}");
    }
}

/// Walks an XML document and answers with the names of its elements; fails where it is not well-formed.
fn elements(xml: &str) -> Vec<String> {
    let (mut open, mut names, mut rest) = (Vec::new(), Vec::new(), xml.split_once("?>").unwrap().1);
    while let Some((text, after)) = rest.split_once('<') {
        assert!(text.split('&').skip(1).all(|it| it.split(';').next().is_some_and(|name| name.len() < 6)), "{text}");
        let (tag, after) = after.split_once('>').unwrap();
        assert!(tag.matches('"').count().is_multiple_of(2), "{tag}");
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name), "{xml}");
        } else {
            let name = tag.split_whitespace().next().unwrap().trim_end_matches('/').to_owned();
            names.push(name.clone());
            if !tag.ends_with('/') {
                open.push(name);
            }
        }
        rest = after;
    }
    assert!(open.is_empty(), "{open:?}");
    names
}

const MIB: u64 = 1 << 20;

fn leak() -> Judged {
    Builder::new().memory(600, 1.0, |i| 50 * MIB + i as u64 * 20_000 + (i as u64 * 7919) % 9000).judged()
}

/// A leak of which this request is to blame.
fn blamed(name: &str) -> Judged {
    let estimate = |estimate: f64| Estimate { estimate, low: 0.9 * estimate, high: 1.1 * estimate, confidence: 0.95 };
    let portion = Portion {
        name: format!("`{name}`"),
        kinds: vec![RequestKind { class: "normal".into(), step: name.into() }],
        count: 2_900,
        per_request: estimate(4096.0),
        share: estimate(0.97),
        charge: Charge::ToBlame,
    };
    let attribution = Attribution {
        blame: Blame::Requests,
        reason: format!("`{name}` is to blame: 4.00 KiB per request (3.60 to 4.40), 97 % of the growth"),
        advice: None,
        from_s: 0.0,
        to_s: 600.0,
        growth: Some(12e6),
        portions: vec![portion],
        time_share: Some(estimate(0.03)),
    };
    let mut run = leak();
    for finding in run.assessment.findings.iter_mut().filter(|finding| finding.verdict == Verdict::Growing) {
        finding.attribution = Some(attribution.clone());
    }
    run
}

#[test]
fn the_request_to_blame_stands_in_every_form() {
    let run = blamed("POST /docs");
    run.check();
    let terminal = summary(Subject::Run(&run.run), &run.set, &run.assessment, Style::Plain);
    assert!(terminal.contains("\n`POST /docs` is to blame: 4.00 KiB per request (3.60 to 4.40), 97 %"), "{terminal}");
    assert!(terminal.lines().count() < 25, "{terminal}");
    let (page, md) = (run.html(), markdown_report(&run.material(), &[]));
    assert!(page.contains("Which request is to blame?") && page.contains("<td>97 % (87 to 107)</td>"), "{page}");
    assert!(md.contains("Share of the growth") && junit(&run.material()).contains("POST /docs"), "{md}");
    // JSON keeps a name as it is but for what JSON itself escapes.
    blamed(&HOSTILE.replace('\u{202e}', "")).check();
    let steady = Builder::new().memory(600, 1.0, |_| 50 * MIB).judged();
    assert!(!steady.html().contains("Which request is to blame?"));
}

#[test]
fn a_run_without_samples_is_told_as_such() {
    let nothing = Builder::new().judged();
    nothing.check();
    assert!(nothing.html().contains("Nothing was measured"));
    assert!(markdown_report(&nothing.material(), &[]).contains("Nothing was measured"));
}

#[test]
fn a_run_of_one_sample_is_shown() {
    let one = Builder::new().memory(1, 1.0, |_| 5 * MIB).judged();
    one.check();
    assert_eq!(csv(&one.material()), "elapsed_s,rss_bytes,rss_anon_bytes,threads\n0.000000,5242880,5242880,4\n");
}

#[test]
fn a_run_of_gaps_only_is_shown() {
    let unreadable = EventKind::Unreadable { metric: "rss_anon".into(), reason: "permission denied".into() };
    let gaps = (0..50).fold(Builder::new().event(unreadable), |it, at| it.sample(f64::from(at), &[])).judged();
    gaps.check();
    assert!(gaps.html().contains("permission denied"));
    assert!(csv(&gaps.material()).starts_with("elapsed_s,rss_anon_bytes\n0.000000,\n"));
}

#[test]
fn constant_zero_and_huge_values_are_shown() {
    for value in [0, 1, 1 << 63, u64::MAX] {
        let run = Builder::new().memory(100, 1.0, |_| value).judged();
        run.check();
        assert!(csv(&run.material()).contains(&format!(",{value},")));
    }
    Builder::new().memory(100, 1.0, |i| if i % 2 == 0 { 0 } else { 1 << 63 }).judged().check();
}

#[test]
fn two_seconds_and_nine_days_are_shown() {
    Builder::new().memory(20, 0.1, |_| 9 * MIB).judged().check();
    let long = Builder::new().memory(900, 864.0, |i| 9 * MIB + i as u64 * 4096).judged();
    long.check();
    assert!(long.html().contains("8 d 24 h") || long.html().contains("9 d"), "{}", long.html());
}

#[test]
fn phases_and_marks_stand_in_the_data_and_phases_in_a_table() {
    let phase = |name: &str| EventKind::Phase { name: name.into(), trend: Trend::Counts };
    let run = Builder::new().memory(61, 1.0, |_| 9 * MIB).at(0.0, phase("ramp up")).at(20.0, phase("soak"));
    let run = run.at(30.0, EventKind::Mark { label: "mark 1".into() }).judged();
    let data = run.data();
    assert_eq!(data["phases"].to_string(), r#"[[0.0,20.0,"ramp up"],[20.0,60.0,"soak"]]"#);
    assert_eq!(data["marks"].to_string(), r#"[[30.0,"mark 1"]]"#);
    assert!(run.html().contains("<th scope=\"row\">soak</th><td>20 s</td><td>1 min</td><td>40 s</td>"));
}

#[test]
fn many_phases_of_long_names_do_not_swell_the_page() {
    let long = format!("{HOSTILE} {}", "and on ".repeat(200));
    let many = (0..2_000).fold(Builder::new().memory(2_000, 1.0, |_| 9 * MIB), |run, second| {
        run.at(f64::from(second), EventKind::Phase { name: long.clone(), trend: Trend::Counts })
    });
    let run = many.judged();
    run.check();
    assert!(run.html().len() < 400_000, "{}", run.html().len());
}

/// So many windows of ten seconds of a step, answered within so many milliseconds.
fn windows(step: &str, count: u32, millis: u64, failed: u64) -> Vec<Window> {
    let mut read = Latencies::new().unwrap();
    (0..50).for_each(|_| read.add(Duration::from_millis(millis)));
    let window = |index: u32| Window {
        from_s: 10.0 * f64::from(index),
        to_s: 10.0 * f64::from(index + 1),
        class: "normal".into(),
        step: Some(step.into()),
        requests: 50,
        failed,
        latencies: [(Measure::Response, read.encode().unwrap())].into(),
        ..Window::default()
    };
    (0..count).map(window).collect()
}

#[test]
fn each_step_has_a_panel_of_its_response_times_and_failures_share_one() {
    let mut run = Builder::new().memory(120, 1.0, |_| 9 * MIB).judged();
    let of = |data: &Value, title: &str| {
        data["panels"].as_array().unwrap().iter().find(|panel| panel["title"] == title).cloned()
    };
    assert_eq!(of(&run.data(), "Response time of login"), None);
    let cut = Window { from_s: 120.0, to_s: 120.1, ..windows("search", 1, 900, 50).remove(0) };
    let both = [windows("login", 12, 20, 0), windows("search", 12, 300, 5), vec![cut]].concat();
    run.assessment.performance = Some(analysis::performance(&both, None));
    run.check();
    let data = run.data();
    let panel = of(&data, "Response time of search").unwrap();
    let p95 = &panel["lines"][1];
    assert_eq!((p95["name"].as_str(), p95["t"].as_array().unwrap().len()), (Some("p95"), 12));
    assert!((p95["v0"].as_f64().unwrap() - 300.0).abs() < 1.0, "{p95}");
    let failed = of(&data, "Failed requests per second by step").unwrap();
    let lines = failed["lines"].as_array().unwrap();
    assert_eq!((lines.len(), &lines[0]["name"], &lines[0]["v0"]), (1, &Value::from("search"), &Value::from(0.5)));
}

#[test]
fn a_limit_stands_in_the_data_where_it_is_near_and_only_there() {
    let of = |limit: u64| {
        let mut run = Builder::new();
        for second in 0..600_u64 {
            run = run.sample(second as f64, &[(Metric::Fds, 90 + second % 3), (Metric::FdLimit, limit)]);
        }
        run.judged().data()["panels"][0]["limit"].clone()
    };
    assert_eq!(of(100).to_string(), r#"[100.0,"limit 100"]"#);
    assert!(of(100_000).is_null());
}

#[test]
fn hostile_names_are_shown_and_not_obeyed() {
    let phase = EventKind::Phase { name: HOSTILE.into(), trend: Trend::Counts };
    let run = Builder::new().named(HOSTILE).event(phase).memory(60, 1.0, |_| 9 * MIB).traffic(60, HOSTILE).judged();
    run.check();
    assert!(run.html().contains("日本"));
}

#[test]
fn a_night_fits_into_three_megabytes_and_keeps_its_spike() {
    let spike = 30_000;
    let night = Builder::new()
        .memory(43_200, 1.0, |i| if i == spike { 900 * MIB } else { 50 * MIB + (i as u64 * 7919) % 99_000 });
    let night = night.traffic(43_200, "").judged();
    let page = night.html();
    assert!(page.len() < 1_500_000, "{} bytes before the charts", page.len());
    let data = night.data();
    let line = &data["panels"][0]["lines"][0];
    let (mut value, mut top) = (0.0_f64, 0.0_f64);
    for step in line["v"].as_array().unwrap() {
        value += step.as_f64().unwrap_or(0.0);
        top = top.max(line["v0"].as_f64().unwrap() + value * line["vq"].as_f64().unwrap());
    }
    assert!((top - 900.0 * MIB as f64).abs() < 0.001 * top, "{top}");
}

#[test]
fn a_gap_breaks_the_line_of_the_data() {
    let run = Builder::new().memory(50, 1.0, |_| MIB).memory(1, 1.0, |_| MIB);
    let mut run = run;
    for (index, sample) in run.run.samples.iter_mut().enumerate() {
        sample.at = Elapsed::from_secs_f64(index as f64 + if index > 25 { 100.0 } else { 0.0 });
    }
    let data = run.judged().data();
    let values = data["panels"][0]["lines"][0]["v"].as_array().unwrap();
    assert_eq!(values.iter().filter(|value| value.is_null()).count(), 1);
}

#[test]
fn a_leak_fails_in_junit_and_what_cannot_be_told_is_an_error() {
    let xml = junit(&leak().material());
    assert!(xml.contains("<failure type=\"growing\"") && xml.contains("timestamp=\"2026-01-02T03:04:05\""), "{xml}");
    let names = elements(&xml);
    let count = |name: &str| names.iter().filter(|it| *it == name).count();
    assert!(xml.contains(&format!("tests=\"{}\" failures=\"{}\"", count("testcase"), count("failure"))), "{xml}");
    let short = junit(&Builder::new().memory(3, 1.0, |i| MIB * (i as u64 + 1)).judged().material());
    assert!(
        short.contains("<error type=\"inconclusive\"") && !short.contains("failures=\"0\" errors=\"0\""),
        "{short}"
    );
}

#[test]
fn a_target_that_died_is_an_error_in_junit_though_every_metric_is_steady() {
    let end = RunEnd::TargetEnded(TargetEnd::Killed { signal: 9, out_of_memory: false });
    let died = Builder::new().memory(600, 1.0, |_| 50 * MIB).event(EventKind::Ended { end }).judged();
    let xml = junit(&died.material());
    assert!(xml.contains("name=\"the run\"") && xml.contains("errors=\"1\""), "{xml}");
    assert!(died.html().contains("SIGKILL"));
}

#[test]
fn markdown_links_the_pictures_that_are_there() {
    let md = markdown_report(&leak().material(), &["overview.png".into(), "a b).png".into()]);
    assert!(md.contains("](overview.png)") && md.contains("](a%20b%29.png)"), "{md}");
    assert!(md.contains("**growing**"), "{md}");
}

#[test]
fn traffic_stands_beside_the_samples_by_time() {
    let run = Builder::new().memory(4, 0.5, |_| MIB).traffic(1, "").judged();
    let table = csv(&run.material());
    let header = "elapsed_s,rss_bytes,rss_anon_bytes,threads,turns,errors,requests_in_flight,requests_waiting,p50_ms,p95_ms,p99_ms,max_ms";
    assert_eq!(table.lines().next(), Some(header));
    assert_eq!(table.lines().nth(2), Some("0.500000,1048576,1048576,4,10,0,0,0,2,5,9,90"));
    // After the last tick nothing is known of the latency.
    assert!(table.lines().nth(4).unwrap().ends_with(",,,,,,,"), "{table}");
}

#[test]
fn the_json_keeps_to_its_published_schema() {
    let mut schema: Value = serde_json::from_str(include_str!("../docs/report.schema.json")).unwrap();
    close(&mut schema);
    let mut schemas = boon::Schemas::new();
    let mut compiler = boon::Compiler::new();
    compiler.add_resource("report.json", schema).unwrap();
    let index = compiler.compile("report.json", &mut schemas).unwrap();
    let runs = [
        leak(),
        blamed("POST /docs"),
        Builder::new().judged(),
        Builder::new().memory(600, 1.0, |_| 50 * MIB).traffic(600, "").judged(),
        Builder::new().memory(3, 1.0, |i| i as u64 * MIB).judged(),
    ];
    for run in &runs {
        let line = json_line("x", &Assessment { crossed: Some("fds".into()), ..run.assessment.clone() }).unwrap();
        let value: Value = serde_json::from_str(&line).unwrap();
        if let Err(error) = schemas.validate(&value, index) {
            panic!("{error}\n{line}");
        }
    }
}

/// Forbids what the schema does not name, so that a new member cannot be forgotten in it.
fn close(schema: &mut Value) {
    if let Some(object) = schema.as_object_mut() {
        if object.contains_key("properties") {
            object.insert("additionalProperties".into(), Value::Bool(false));
        }
        object.values_mut().for_each(close);
    }
}

proptest! {
    #[test]
    fn no_name_breaks_a_form(name in "\\PC{0,40}|[<>&\"'|`\\x00-\\x1f\\u{202e}]{0,20}") {
        let run = Builder::new().named(&name).memory(12, 1.0, |_| MIB).traffic(12, &name).judged();
        elements(&junit(&run.material()));
        run.data();
        prop_assert_eq!(run.html().matches("<script").count(), 2);
    }
}
