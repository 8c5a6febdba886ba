//! The grammar, by example and by property.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::domain::rate::Per;
use crate::domain::traffic::Measure;

fn parsed(text: &str) -> Objective {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn refused(text: &str) -> String {
    match text.parse::<Objective>() {
        Ok(objective) => panic!("{text} was understood as {objective:?}"),
        Err(error) => error.to_string(),
    }
}

fn latency(measure: Measure, percent: f64) -> Quantity {
    Quantity::Latency { measure, stat: Stat::Quantile(percent / 100.0) }
}

/// Quantity, limit and its unit.
fn read(text: &str) -> (Quantity, f64, LimitUnit) {
    let objective = parsed(text);
    (objective.quantity, objective.bound.limit, objective.bound.unit)
}

#[test]
fn percentiles_are_read_in_all_their_spellings() {
    let same = [
        "p95 < 500ms for turn",
        "p95 for turn < 500ms",
        "p95 for turn<0.5s",
        "p(95)<500 for turn",
        "http_req_duration{name:turn}: p(95)<500",
        "response p95 < 500 ms for turn",
        "p95 response for \"turn\" < 500",
    ];
    for text in same {
        let objective = parsed(text);
        assert_eq!(objective.quantity, latency(Measure::Response, 95.0), "{text}");
        assert_eq!((objective.bound.limit, objective.bound.unit), (500.0, LimitUnit::Milliseconds), "{text}");
        assert_eq!(objective.bound.comparison, Comparison::Under, "{text}");
        assert_eq!(objective.scope.step.as_deref(), Some("turn"), "{text}");
        assert_eq!(objective.to_string(), text);
    }
}

#[test]
fn every_measure_and_statistic_has_its_words() {
    let cases = [
        ("service p99.9 < 1s", latency(Measure::Service, 99.9)),
        ("ttfb p50 < 1s", latency(Measure::Ttfb, 50.0)),
        ("p95 ttft < 1s", latency(Measure::FirstEvent, 95.0)),
        ("first event p95 < 1s", latency(Measure::FirstEvent, 95.0)),
        ("first byte p95 < 1s", latency(Measure::FirstByte, 95.0)),
        ("event gap p95 < 100ms", latency(Measure::Gap, 95.0)),
        ("max gap < 100ms", Quantity::Latency { measure: Measure::Gap, stat: Stat::Max }),
        ("mean < 100ms", Quantity::Latency { measure: Measure::Response, stat: Stat::Mean }),
        ("avg < 100", Quantity::Latency { measure: Measure::Response, stat: Stat::Mean }),
        ("med < 100", latency(Measure::Response, 50.0)),
        ("turn p95 < 10s", latency(Measure::Turn, 95.0)),
        ("lag p99 < 5ms", latency(Measure::Lag, 99.0)),
    ];
    for (text, quantity) in cases {
        assert_eq!(read(text).0, quantity, "{text}");
    }
}

#[test]
fn counts_shares_and_rates_follow_from_how_the_limit_is_written() {
    assert_eq!(read("errors < 0.5%"), (Quantity::Share(Share::Failed), 0.005, LimitUnit::Share));
    assert_eq!(read("errors < 3"), (Quantity::Count(Count::Failed), 3.0, LimitUnit::Count));
    assert_eq!(read("availability >= 99%"), (Quantity::Share(Share::Available), 0.99, LimitUnit::Share));
    assert_eq!(read("limited < 5%"), (Quantity::Share(Share::Limited), 0.05, LimitUnit::Share));
    assert_eq!(read("requests >= 100"), (Quantity::Count(Count::Requests), 100.0, LimitUnit::Count));
    assert_eq!(read("throughput >= 200/s"), (Quantity::Throughput(Count::Requests), 200.0, LimitUnit::PerSecond));
    assert_eq!(read("turns >= 300/min"), (Quantity::Throughput(Count::Turns), 5.0, LimitUnit::PerSecond));
    assert_eq!(read("http_req_failed: rate<0.5"), (Quantity::Share(Share::Failed), 0.5, LimitUnit::Share));
    assert_eq!(read("http_reqs: rate>200"), (Quantity::Throughput(Count::Requests), 200.0, LimitUnit::PerSecond));
}

#[test]
fn levels_growth_and_counters_name_their_metric() {
    let level = |metric: &str, stat| Quantity::Level { metric: metric.to_owned(), stat };
    assert_eq!(read("rss < 500 MiB"), (level("rss", Stat::Max), 524_288_000.0, LimitUnit::Bytes));
    assert_eq!(read("last fds < 200"), (level("fds", Stat::Last), 200.0, LimitUnit::Number));
    let labelled = "http_requests_total{code=\"500\", path=\"/a b\"}";
    assert_eq!(read(&format!("{labelled} < 5")).0, level(labelled, Stat::Max));
    let growth = |per| Quantity::Growth { metric: "rss".to_owned(), per };
    assert_eq!(read("growth of rss < 1 MiB/h"), (growth(Per::Hour), 1_048_576.0, LimitUnit::BytesPerHour));
    assert_eq!(read("growth of rss < 1 MB/10 turns"), (growth(Per::Turn), 100_000.0, LimitUnit::BytesPerTurn));
    let graded = parsed("growth of rss <= 5 MB/min target, 10 MB/min acceptable");
    assert_eq!((graded.quantity, graded.bound.limit), (growth(Per::Hour), 600e6));
    assert_eq!((graded.bound.target, graded.bound.unit), (Some(300e6), LimitUnit::BytesPerHour));
    let increase = Quantity::Increase { metric: "rss".to_owned(), turns: Some(10.0) };
    assert_eq!(read("increase of rss < 1 MB over 10 turns"), (increase, 1e6, LimitUnit::Bytes));
    let ratio = Quantity::Ratio { part: "hits_total".to_owned(), whole: "lookups_total".to_owned() };
    assert_eq!(read("hits_total / lookups_total >= 50% in warm"), (ratio, 0.5, LimitUnit::Share));
    let per_turn = Quantity::PerTurn { metric: "queries_total".to_owned() };
    assert_eq!(read("queries_total per turn < 2"), (per_turn, 2.0, LimitUnit::NumberPerTurn));
}

#[test]
fn clauses_say_whose_requests_count_and_when() {
    let scope = parsed("p95 < 1s for class admin step log \"in\" to the site in soak phase over 1m30s").scope;
    // `in` and `over` are keywords; a name that holds one stands in quotes.
    assert_eq!((scope.class.as_deref(), scope.phase.as_deref()), (Some("admin"), Some("soak phase")));
    assert_eq!(scope.step.as_deref(), Some("log in to the site"));
    let template = parsed("p95 < 1s for GET /v1/sessions/{{ id }}/turns?q=1").scope;
    assert_eq!(template.step.as_deref(), Some("GET /v1/sessions/{{ id }}/turns?q=1"));
    let tagged = parsed("http_req_duration{class:normal, name:ask, phase:warm up}: avg<500").scope;
    assert_eq!((tagged.class.as_deref(), tagged.step.as_deref()), (Some("normal"), Some("ask")));
    assert_eq!(tagged.phase.as_deref(), Some("warm up"));
    assert_eq!(parsed("errors < 1% for class admin").scope.class.as_deref(), Some("admin"));
}

#[test]
fn two_phases_and_two_thirds_are_compared_by_shares() {
    let falls = parsed("p50 for ask falls >= 60% from cold to warm");
    assert_eq!(falls.aspect, Aspect::Falls(Phases { from: "cold".to_owned(), to: "warm".to_owned() }));
    assert_eq!((falls.bound.limit, falls.scope.step.as_deref()), (0.6, Some("ask")));
    assert_eq!(falls.phases().collect::<Vec<_>>(), ["cold", "warm"]);
    assert!(matches!(parsed("p95 rises < 20% from cold to warm").aspect, Aspect::Rises(_)));
    let drift = parsed("drift of p95 < 20% for ask");
    assert_eq!((drift.aspect, drift.quantity), (Aspect::Drift, latency(Measure::Response, 95.0)));
}

#[test]
fn grades_decide_at_acceptable_in_either_direction() {
    use ObjectiveGrade::{Acceptable, Poor, Target, Worse};
    let bound = parsed("p95 for turn <= 100ms target, 200ms acceptable, 1s poor").bound;
    let grades = [100.0, 200.0, 1000.0, 1001.0].map(|value| (bound.grade(value).unwrap(), bound.holds(value)));
    assert_eq!(grades, [(Target, true), (Acceptable, true), (Poor, false), (Worse, false)]);
    let bound = parsed("throughput >= 200/s target, 100/s acceptable").bound;
    assert_eq!([200.0, 150.0, 99.0].map(|value| bound.grade(value).unwrap()), [Target, Acceptable, Worse]);
    assert_eq!(parsed("p95 < 1s").bound.grade(1.0), None);
}

#[test]
fn each_part_that_is_wrong_is_named_with_what_may_stand_there() {
    let cases = [
        ("p95 500ms", "compares nothing"),
        ("p95 < 1s < 2s", "more than once"),
        ("errors == 0", "one exact value"),
        ("p95 < 1s for \"turn", "quote"),
        ("< 500ms", "nothing that can be limited"),
        ("p0 < 500ms", "`p0` is nothing"),
        ("p101 of speed < 1s", "`p101 of speed` is nothing"),
        ("ttfb < 500ms", "`p95 ttfb`"),
        ("p95 < fast", "`fast` is no limit here: write a time"),
        ("p95 <", "`` is no limit"),
        ("p95 < -5ms", "no limit"),
        ("availability >= 0.999", "a share, such as"),
        ("errors < 0.01", "a whole number"),
        ("throughput >= 200", "200/s"),
        ("rss < 500", "500 MiB"),
        ("fds < 5 MiB", "a number"),
        ("rss < 5%", "an amount"),
        ("growth of rss < 1 MiB", "1 MiB/h"),
        ("growth of rss < 1 MiB/0 turns", "1 MiB/h"),
        ("p95 for turn < 1s for turn", "`for` stands twice"),
        ("p95 < 1s for", "`for` must be followed"),
        ("p95 < 1s in", "`in` must be followed"),
        ("p95 < 1s over 5s", "at least 10s"),
        ("p95 < 1s over 60", "at least 10s"),
        ("p95 < 1s over 10 turns", "an increase"),
        ("p95 < 20% from cold to warm", "falls or rises"),
        ("p95 falls > 20%", "the two phases"),
        ("p95 falls > 20% from cold", "PHASE to PHASE"),
        ("drift of p95 < 200ms", "a share"),
        ("drift p95 < 20%", "`drift` must be followed"),
        ("drift of rss < 20%", "growth of"),
        ("rss < 5 MiB for turn", "a metric's level"),
        ("turn p95 < 1s for ask", "whole turns"),
        ("p95 <= 100ms target", "grades"),
        ("p95 <= 300ms target, 200ms acceptable", "out of order"),
        ("throughput >= 100/s target, 200/s acceptable", "out of order"),
        ("http_req_duration{colour:red}: p(95)<500", "{name:STEP}"),
        ("http_req_duratoin: p(95)<500", "k6 metrics that soak knows"),
        ("http_req_duration: rate<500", "p(95)"),
        ("http_req_failed: rate<many", "behind rate"),
    ];
    for (text, part) in cases {
        let message = refused(text);
        assert!(message.contains(part), "{text}: {message}");
    }
}

#[test]
fn a_span_is_read_with_its_unit() {
    assert_eq!(parsed("p95 < 1s over 1m").over, Some(Duration::from_mins(1)));
    assert_eq!(parsed("errors < 1% over 90s").over, Some(Duration::from_secs(90)));
}

proptest! {
    #[test]
    fn no_text_panics(text in ".{0,80}") {
        let _ = text.parse::<Objective>();
    }

    #[test]
    fn no_sentence_of_the_grammar_s_own_words_panics_and_what_is_read_prints_as_it_was(
        words in proptest::collection::vec(prop::sample::select(vec![
            "p95", "p(99)", "max", "ttfb", "turn", "errors", "throughput", "rss", "growth", "increase", "drift", "of", "per",
            "/", "<", ">=", "500ms", "5%", "200/s", "1 MiB/h", "for", "class", "step", "in", "over", "1m", "from", "to",
            "falls", "rises", "target", "acceptable", "poor", ",", "\"", "{", "}", "{{id}}", "http_reqs:", "rate", "é", "10 turns",
        ]), 0..12),
    ) {
        let text = words.join(" ");
        if let Ok(objective) = text.parse::<Objective>() {
            prop_assert_eq!(objective.to_string(), text.trim());
            prop_assert_eq!(objective.to_string().parse::<Objective>().unwrap(), objective);
        }
    }
}
