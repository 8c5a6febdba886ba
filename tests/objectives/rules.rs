//! The rules for latency, errors, counts and throughput.

use soak::domain::objective::ObjectiveGrade;
use soak::domain::objective::Outcome::{CannotTell, Crossed, Met};
use soak::domain::traffic::Measure;

use super::traffic::Traffic;

#[test]
fn a_percentile_is_that_of_all_windows_together() {
    let traffic = Traffic::new().steady(5, 100, 700).steady(5, 100, 100);
    // 30 of 1000 requests took 700 ms: p95 is 100 ms and p99 700 ms, though half of the windows have a p95 of 700 ms.
    assert_eq!(traffic.outcome("p95 <= 101ms for ask"), Met);
    let p99 = traffic.judge("p99 < 500ms for ask");
    assert_eq!((p99.outcome, p99.basis), (Crossed, 1000));
    assert!((p99.value.unwrap() - 700.0).abs() < 1.0);
    assert_eq!(p99.reason, "it was 700 ms over 1,000 requests; the limit is 500 ms");
    assert_eq!(traffic.outcome("mean <= 118.1ms"), Met);
    assert_eq!(traffic.outcome("max < 700ms"), Crossed);
}

#[test]
fn a_step_a_class_or_a_phase_that_never_ran_is_no_pass() {
    let traffic = Traffic::new().steady(3, 100, 100).phase("cool", 1).window(Some("bye"), &[5; 100], 0);
    for text in ["p95 < 1s for nope", "errors < 5% for nope", "errors < 3 for nope", "p95 < 1s for class nobody"] {
        let finding = traffic.judge(text);
        assert_eq!(finding.outcome, Crossed, "{text}");
        assert!(finding.reason.ends_with("it never ran"), "{}", finding.reason);
    }
    assert_eq!(traffic.judge("p95 < 1s for ask in cool").reason, "step ask: it never ran in phase cool");
    assert_eq!(traffic.outcome("p95 < 1s for bye in cool"), Met);
    assert_eq!(traffic.outcome("p95 < 1s in never"), CannotTell);
    assert_eq!(Traffic::new().outcome("p95 < 1s"), Crossed);
    let unanswered = Traffic::new().window(Some("ask"), &[1; 30], 30);
    assert_eq!(unanswered.judge("ttft p95 < 1s").reason, "none of 30 requests was answered");
}

#[test]
fn a_percentile_of_too_few_requests_cannot_be_told_unless_too_many_are_slow_for_chance() {
    let few = Traffic::new().window(Some("ask"), &[10; 20], 0);
    let finding = few.judge("p99 < 500ms");
    assert_eq!(finding.outcome, CannotTell);
    assert_eq!(finding.reason, "p99 needs at least 100 values, and there were 20");
    assert_eq!(few.outcome("p95 < 500ms"), Met);
    let one_slow = Traffic::new().window(Some("ask"), &[&[900][..], &[10; 19]].concat(), 0);
    assert_eq!(one_slow.outcome("p99 < 500ms"), CannotTell);
    let all_slow = Traffic::new().window(Some("ask"), &[900; 20], 0);
    assert_eq!(all_slow.outcome("p99 < 500ms"), Crossed);
}

#[test]
fn ramps_and_warm_up_do_not_count_unless_they_are_named() {
    let ramped = Traffic::new().phase("ramp up", 5).steady(3, 900, 900).phase("soak", 10).steady(6, 100, 100);
    assert_eq!(ramped.outcome("p95 < 500ms"), Met);
    assert_eq!(ramped.outcome("p95 < 500ms in ramp up"), Crossed);
    let warmed = Traffic { warm_up_s: Some(30.0), ..Traffic::new().steady(3, 900, 900).steady(6, 100, 100) };
    assert_eq!(warmed.outcome("p95 < 500ms"), Met);
    let only = Traffic { warm_up_s: Some(1e6), ..Traffic::new().steady(3, 100, 100) };
    assert_eq!(only.outcome("p95 < 500ms"), CannotTell);
}

#[test]
fn every_span_must_hold_and_the_worst_is_named_with_its_time() {
    let traffic = Traffic::new().steady(12, 100, 100).steady(3, 800, 800).steady(12, 100, 100);
    assert_eq!(traffic.outcome("p50 < 500ms"), Met);
    let finding = traffic.judge("p50 < 500ms over 30s");
    assert_eq!(finding.outcome, Crossed);
    let worst = finding.worst.unwrap();
    assert!((worst.value - 800.0).abs() < 1.0 && worst.to_s - worst.from_s == 30.0);
    // Two or three of the three slow windows lie in a span: the first such span begins at 110 s.
    assert_eq!(worst.from_s, 110.0);
    assert!(finding.reason.contains("22 of 25 such spans hold"), "{}", finding.reason);
    assert_eq!(traffic.outcome("p50 < 500ms over 2m"), Met);
    assert_eq!(traffic.outcome("p50 < 500ms over 1h"), CannotTell);
}

#[test]
fn a_minute_without_a_single_answer_is_seen_by_a_span() {
    let mut traffic = Traffic::new().steady(12, 100, 100);
    traffic.now_s += 90.0;
    let traffic = traffic.steady(12, 100, 100);
    assert_eq!(traffic.outcome("throughput >= 5/s"), Met);
    let finding = traffic.judge("throughput >= 5/s over 1m");
    assert_eq!(finding.outcome, Crossed);
    assert_eq!(finding.worst.unwrap().value, 0.0);
}

#[test]
fn errors_availability_and_limits_are_shares_of_what_was_asked() {
    let mut traffic = Traffic::new().window(Some("ask"), &[5; 100], 2);
    traffic.windows[0].limited = 20;
    // 2 of the 80 that were not put off failed.
    assert!((traffic.judge("errors < 5%").value.unwrap() - 0.025).abs() < 1e-12);
    assert!((traffic.judge("availability >= 97%").value.unwrap() - 0.975).abs() < 1e-12);
    assert_eq!(traffic.outcome("limited <= 20%"), Met);
    assert_eq!(traffic.outcome("errors < 2"), Crossed);
    assert_eq!(traffic.outcome("requests >= 100"), Met);
    let finding = Traffic::new().window(Some("ask"), &[5; 60], 0).judge("errors < 0.1%");
    assert_eq!(finding.outcome, Met);
    assert!(finding.reason.ends_with("with so few a single failure would have crossed it"), "{}", finding.reason);
}

#[test]
fn whole_turns_are_meant_by_turn_where_no_step_is_called_so() {
    let turns = Traffic::new().window(None, &[2000; 40], 0).window(Some("ask"), &[100; 40], 0);
    assert!((turns.judge("p95 for turn < 5s").value.unwrap() - 2000.0).abs() < 2.0);
    assert_eq!(turns.outcome("turn p95 < 1s"), Crossed);
    assert_eq!(turns.outcome("turns >= 40"), Met);
    let step = Traffic::new().window(None, &[2000; 40], 0).window(Some("turn"), &[100; 40], 0);
    assert!((step.judge("p95 for turn < 5s").value.unwrap() - 100.0).abs() < 1.0);
}

#[test]
fn grades_stand_in_the_finding_and_acceptable_decides() {
    let traffic = Traffic::new().steady(3, 150, 150);
    let graded = |text: &str| (traffic.judge(text).grade, traffic.outcome(text));
    assert_eq!(graded("p95 <= 200ms target, 300ms acceptable"), (Some(ObjectiveGrade::Target), Met));
    assert_eq!(graded("p95 <= 100ms target, 200ms acceptable"), (Some(ObjectiveGrade::Acceptable), Met));
    assert_eq!(graded("p95 <= 50ms target, 100ms acceptable, 1s poor"), (Some(ObjectiveGrade::Poor), Crossed));
    assert_eq!(graded("p95 <= 50ms target, 100ms acceptable"), (Some(ObjectiveGrade::Worse), Crossed));
    assert_eq!(graded("p95 < 1s"), (None, Met));
}

#[test]
fn a_driver_that_lagged_is_not_blamed_on_the_target() {
    let lagged = |traffic: Traffic| Traffic { driver_lagged: Some("the driver lagged by 80 ms at p99"), ..traffic };
    let late = lagged(Traffic::new().window(Some("ask"), &[900; 100], 0).also(Measure::Service, &[20; 100]));
    let finding = late.judge("p95 < 500ms");
    assert_eq!(finding.outcome, CannotTell);
    assert!(finding.reason.contains("the driver lagged by 80 ms"), "{}", finding.reason);
    let slow = lagged(Traffic::new().window(Some("ask"), &[900; 100], 0).also(Measure::Service, &[880; 100]));
    assert_eq!(slow.outcome("p95 < 500ms"), Crossed);
    assert_eq!(late.outcome("p95 < 2s"), Met);
    assert_eq!(late.outcome("p95 < 1s for nope"), Crossed);
    assert_eq!(late.outcome("errors < 1%"), Met);
}

#[test]
fn phases_and_thirds_are_compared() {
    let cache = Traffic::new().phase("cold", 10).steady(6, 100, 100).phase("warm", 10).steady(6, 30, 30);
    let falls = cache.judge("p50 for ask falls >= 60% from cold to warm");
    assert_eq!(falls.outcome, Met);
    assert_eq!(falls.reason, "it fell by 70 %, from 100 ms in cold to 30.0 ms in warm");
    assert_eq!(cache.outcome("p50 for ask falls >= 80% from cold to warm"), Crossed);
    assert_eq!(cache.outcome("p95 rises < 20% from cold to warm"), Met);
    assert_eq!(cache.outcome("p95 rises < 20% from cold to hot"), CannotTell);
    let drifts = Traffic::new().steady(6, 100, 100).steady(6, 110, 110).steady(6, 130, 130);
    assert_eq!(drifts.outcome("drift of p95 < 20%"), Crossed);
    assert_eq!(drifts.outcome("drift of p95 < 35%"), Met);
    assert_eq!(Traffic::new().steady(4, 100, 100).outcome("drift of p95 < 20%"), CannotTell);
}

#[test]
fn a_window_that_cannot_be_read_is_said_and_not_passed_over() {
    let mut traffic = Traffic::new().steady(3, 10, 10);
    traffic.windows[1].latencies.insert(Measure::Response, "not a histogram".into());
    let finding = traffic.judge("p95 < 500ms");
    assert_eq!((finding.outcome, finding.reason.as_str()), (CannotTell, "1 windows of the record cannot be read"));
    traffic.windows[0].from_s = f64::NAN;
    traffic.windows[2].to_s = f64::INFINITY;
    for text in
        ["p95 < 1s", "p95 < 1s over 1m", "throughput > 1/s over 10s", "drift of p50 < 5%", "errors < 1% in soak"]
    {
        traffic.judge(text);
    }
}
