//! How objectives stand in the reports and what they do to the exit code.

use serde_json::Value;

use soak::analysis;
use soak::domain::assessment::Gate;
use soak::domain::{Assessment, Objective, Run, SeriesSet, Unit};
use soak::report::{
    Material, Pictures, Style, Subject, html, json_line, junit, markdown_report, summary, verdict_line,
};

use super::traffic::Traffic;

const HOSTILE: &str = "</script><img src=x onerror=alert(1)>\u{1b}[31m|`日本\u{202e}'&]]>";

/// A run with phases, hostile names, signs, and objectives of every outcome, in all its reports.
struct Reported {
    run: Run,
    set: SeriesSet,
    assessment: Assessment,
}

impl Reported {
    fn of(traffic: Traffic, texts: &[&str]) -> Self {
        let mut run = Run { windows: traffic.windows, ..Run::default() };
        run.header.target.name = "api".into();
        let set = SeriesSet { elapsed_s: (0..200).map(f64::from).collect(), ..traffic.set };
        let objectives: Vec<Objective> = texts.iter().map(|text| text.parse().unwrap()).collect();
        let judged = analysis::assess(&set, &analysis::Options::default());
        let assessment = analysis::with_objectives(judged, &objectives, &run.windows, &set, None, None);
        Self { run, set, assessment }
    }

    fn material(&self) -> Material<'_> {
        let exit_code = match self.assessment.gate() {
            Gate::Pass => 0,
            Gate::Fail => 1,
            Gate::CannotTell => 3,
        };
        let subject = Subject::Run(&self.run);
        Material { subject, set: &self.set, assessment: &self.assessment, exit_code, notes: &[], heap: None }
    }
}

/// A run whose memory is flat and whose traffic has a knee, errors and a step of a hostile name.
fn reported(texts: &[&str]) -> Reported {
    let traffic = Traffic::new()
        .series("rss", Unit::Bytes, &[1e6; 200])
        .phase("10 users", 10)
        .steady(6, 100, 100)
        .phase(HOSTILE, 50)
        .steady(6, 300, 300)
        .window(Some(HOSTILE), &[5; 100], 3)
        .window(None, &[900; 40], 0);
    Reported::of(traffic, texts)
}

#[test]
fn a_crossed_objective_comes_first_in_every_report_and_a_steady_verdict_stays_beside_it() {
    let texts = ["errors < 5%", "p99.9 < 1h for ask in 10 users", "p95 < 200ms for ask", "max < 1s"];
    let reported = reported(&texts);
    let (material, assessment) = (reported.material(), &reported.assessment);
    assert_eq!(material.exit_code, 1);
    let why =
        "OBJECTIVE CROSSED: p95 < 200ms for ask: it was 300 ms over 1,200 requests; the limit is 200 ms; STEADY: ";
    let line = verdict_line(assessment, Style::Plain);
    assert!(line.starts_with(why), "{line}");
    let text = summary(material.subject, &reported.set, assessment, Style::Plain);
    assert!(
        text.contains("objectives: 1 crossed, 1 cannot tell, 2 met\n  crossed     300 ms     p95 < 200ms for ask\n"),
        "{text}"
    );
    let markdown = markdown_report(&material, &[]);
    assert!(markdown.contains("OBJECTIVE CROSSED, STEADY"), "{markdown}");
    let page = html(&material, &Pictures::default());
    assert!(page.contains("OBJECTIVE CROSSED, STEADY") && page.contains("an objective was crossed, so a gate fails"));
    assert!(
        page.contains("id=\"objectives\"")
            && page.contains("Signs of a bottleneck")
            && page.contains("<h3>Phases</h3>")
    );
    let cases = junit(&material);
    assert!(cases.contains("tests=\"6\" failures=\"2\" errors=\"1\""), "{cases}");
    assert!(cases.contains("<failure type=\"objective crossed\" message=\"It was 300 ms"), "{cases}");
}

#[test]
fn an_objective_that_cannot_be_told_is_no_pass_in_any_report() {
    let reported = reported(&["p99.9 < 1h for ask in 10 users"]);
    let material = reported.material();
    assert_eq!(material.exit_code, 3);
    let line = verdict_line(&reported.assessment, Style::Plain);
    assert!(
        line.starts_with("OBJECTIVE UNDECIDED: p99.9 < 1h for ask in 10 users: p99.9 needs at least 1,000"),
        "{line}"
    );
    assert!(junit(&material).contains("<error type=\"cannot tell\""));
    assert!(markdown_report(&material, &[]).contains("cannot tell an objective, so a gate must not pass"));
}

#[test]
fn names_of_steps_phases_and_objectives_cannot_break_a_report() {
    let reported = reported(&["p95 < 1ms for \"</script><img src=x onerror=alert(1)>|`\" in \"<b>\""]);
    let material = reported.material();
    for form in [html(&material, &Pictures::default()), junit(&material), markdown_report(&material, &[])] {
        assert!(!form.contains("<img") && !form.contains("<b>") && !form.contains('\u{1b}'), "{form}");
    }
    let text = summary(material.subject, &reported.set, &reported.assessment, Style::Plain);
    assert!(!text.contains('\u{1b}'));
}

#[test]
fn the_summary_fits_a_screen_whatever_the_objectives() {
    let long = format!("p95 < 1ms for {}", "step ".repeat(60));
    let texts: Vec<&str> = std::iter::repeat_n(long.as_str(), 30).collect();
    let reported = reported(&texts);
    let text = summary(reported.material().subject, &reported.set, &reported.assessment, Style::Plain);
    assert!(text.lines().count() < 25, "{}\n{text}", text.lines().count());
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
}

#[test]
fn the_json_with_objectives_keeps_to_its_published_schema() {
    let mut schema: Value = serde_json::from_str(include_str!("../../docs/report.schema.json")).unwrap();
    close(&mut schema);
    let mut schemas = boon::Schemas::new();
    let mut compiler = boon::Compiler::new();
    compiler.add_resource("report.json", schema).unwrap();
    let index = compiler.compile("report.json", &mut schemas).unwrap();
    let texts = [
        "p95 <= 100ms target, 200ms acceptable, 1s poor",
        "p50 < 1s over 30s",
        "errors < 5%",
        "p95 < 1s for nope",
        "p95 < 1s in never",
        "throughput > 1/s",
        "rss < 5 MB",
        "growth of rss < 1 MiB/h",
        "drift of p95 < 20%",
    ];
    let line = json_line("x", &reported(&texts).assessment).unwrap();
    let value: Value = serde_json::from_str(&line).unwrap();
    if let Err(error) = schemas.validate(&value, index) {
        panic!("{error}\n{line}");
    }
    assert_eq!(value["objectives"].as_array().unwrap().len(), texts.len());
    assert!(value["performance"]["signs"].as_array().is_some_and(|signs| !signs.is_empty()));
}

/// Forbids what the schema does not name, so that a new member cannot be forgotten in it.
fn close(schema: &mut Value) {
    if let Some(object) = schema.as_object_mut() {
        if object.contains_key("properties") {
            object.insert("additionalProperties".into(), Value::Bool(false));
        }
        object.values_mut().for_each(close);
    } else if let Some(array) = schema.as_array_mut() {
        array.iter_mut().for_each(close);
    }
}

#[test]
fn the_gate_fails_on_a_crossed_objective_and_does_not_pass_on_one_that_cannot_be_told() {
    let level = Traffic::new().steady(6, 100, 100).series("rss", Unit::Bytes, &[1e6; 200]);
    let assessment = analysis::assess(&level.set, &analysis::Options::default());
    let gate = |texts: &[&str]| {
        let objectives: Vec<Objective> = texts.iter().map(|text| text.parse().unwrap()).collect();
        let held: Assessment =
            analysis::with_objectives(assessment.clone(), &objectives, &level.windows, &level.set, None, None);
        held.gate()
    };
    assert_eq!(gate(&[]), Gate::Pass);
    assert_eq!(gate(&["p95 < 1s"]), Gate::Pass);
    assert_eq!(gate(&["p95 < 1s", "p99.9 < 1s"]), Gate::CannotTell);
    assert_eq!(gate(&["p99.9 < 1s", "p95 < 1ms"]), Gate::Fail);
}
