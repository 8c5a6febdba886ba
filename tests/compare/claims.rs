//! What is told of a candidate that differs in one thing.

use std::collections::BTreeMap;

use soak::analysis::compare::Tolerances;
use soak::domain::Window;
use soak::domain::comparison::{Change, Comparison, Quantity, Standing, Weight};
use soak::domain::run::{RunEnd, TargetEnd};

use crate::runs::{Server, between, compared, row};

const REQUESTS: &str = "get / GET /";

fn against_healthy(candidate: &Server) -> Comparison {
    between(&Server::new(1), candidate)
}

/// The one row that is worse, and no other of another subject.
fn only_worse(comparison: &Comparison, subject: &str) {
    assert_eq!(comparison.verdict, Standing::Regression, "{comparison:?}");
    let worse: Vec<_> = comparison.rows.iter().filter(|row| row.change == Change::Worse).collect();
    assert!(!worse.is_empty() && worse.iter().all(|row| row.subject == subject), "{worse:?}");
}

#[test]
fn a_run_beside_itself_does_not_differ() {
    let comparison = between(&Server::new(1), &Server::new(1));
    assert_eq!(comparison.verdict, Standing::NotShown);
    assert!(comparison.rows.iter().all(|row| row.change == Change::NotShown), "{comparison:?}");
    assert!(comparison.notes.iter().any(|note| note.contains("with itself")), "{:?}", comparison.notes);
}

#[test]
fn a_short_run_beside_itself_does_not_differ_either() {
    let short = Server { seconds: 15, ..Server::new(1) };
    assert_eq!(between(&short, &short).verdict, Standing::NotShown);
}

#[test]
fn another_run_of_the_same_server_does_not_differ() {
    let comparison = against_healthy(&Server::new(2));
    assert_eq!(comparison.verdict, Standing::NotShown, "{comparison:?}");
    assert!(comparison.yardstick.contains("10 %"), "{}", comparison.yardstick);
    let told = row(&comparison, REQUESTS, Quantity::P95);
    assert!(told.least_seen.unwrap() < 0.6 * told.baseline.unwrap(), "{told:?}");
}

#[test]
fn a_higher_level_of_memory_is_worse_and_a_lower_one_better() {
    only_worse(&against_healthy(&Server { memory_mib: 125.0, ..Server::new(2) }), "rss_anon");
    let better = against_healthy(&Server { memory_mib: 75.0, ..Server::new(2) });
    assert_eq!(better.verdict, Standing::NotShown);
    assert_eq!(row(&better, "rss_anon", Quantity::Level).change, Change::Better);
    let told = row(&better, "rss_anon", Quantity::Level).difference.unwrap();
    assert!(told.low <= -25.0 * 1_048_576.0 && told.high >= -25.0 * 1_048_576.0, "{told:?}");
}

#[test]
fn a_difference_within_the_tolerance_is_told_and_passes() {
    let comparison = against_healthy(&Server { memory_mib: 105.0, ..Server::new(2) });
    assert_eq!(comparison.verdict, Standing::NotShown, "{comparison:?}");
    assert_eq!(row(&comparison, "rss_anon", Quantity::Level).change, Change::Tolerated);
    let runs = [Server::new(1).run(), Server { memory_mib: 105.0, ..Server::new(2) }.run()];
    let strict = Tolerances { named: vec![("rss".into(), 0.02)], ..Tolerances::default() };
    only_worse(&compared(&runs, &strict), "rss_anon");
}

#[test]
fn two_descriptors_more_are_the_same_count_and_ten_are_not() {
    assert_eq!(against_healthy(&Server { fds: 22, ..Server::new(2) }).verdict, Standing::NotShown);
    only_worse(&against_healthy(&Server { fds: 30, ..Server::new(2) }), "fds");
}

#[test]
fn growth_that_is_new_is_a_regression_in_itself() {
    let comparison = against_healthy(&Server { leak_mib_per_hour: 30.0, ..Server::new(2) });
    only_worse(&comparison, "rss_anon");
    let growth = row(&comparison, "rss_anon", Quantity::GrowthPerHour);
    assert!(growth.reason.as_deref().unwrap().starts_with("steady before, it grows now"), "{growth:?}");
}

#[test]
fn growth_that_was_there_before_is_no_news_and_twice_as_much_is() {
    let leak = |seed, leak_mib_per_hour| Server { leak_mib_per_hour, ..Server::new(seed) };
    let same = between(&leak(1, 60.0), &leak(2, 60.0));
    assert_eq!(same.verdict, Standing::NotShown, "{same:?}");
    let twice = between(&leak(1, 60.0), &leak(2, 120.0));
    assert_eq!(row(&twice, "rss_anon", Quantity::GrowthPerHour).change, Change::Worse, "{twice:?}");
    let gone = between(&leak(1, 60.0), &leak(2, 0.0));
    assert_eq!(row(&gone, "rss_anon", Quantity::GrowthPerHour).change, Change::Better, "{gone:?}");
    assert_eq!(gone.verdict, Standing::NotShown);
}

#[test]
fn slower_answers_are_worse_in_every_percentile_and_a_longer_tail_in_the_tail() {
    let slower = against_healthy(&Server { usual_ms: 30.0, ..Server::new(2) });
    only_worse(&slower, REQUESTS);
    for quantity in [Quantity::P50, Quantity::P95, Quantity::P99, Quantity::FirstByte] {
        assert_eq!(row(&slower, REQUESTS, quantity).change, Change::Worse, "{slower:?}");
    }
    let tail = against_healthy(&Server { slow: 0.12, ..Server::new(2) });
    only_worse(&tail, REQUESTS);
    assert_ne!(row(&tail, REQUESTS, Quantity::P50).change, Change::Worse);
    assert_eq!(row(&tail, REQUESTS, Quantity::P95).change, Change::Worse);
}

#[test]
fn failures_where_there_were_none_are_worse() {
    only_worse(&against_healthy(&Server { failing: 0.02, ..Server::new(2) }), REQUESTS);
    // A single failure among twelve thousand is none.
    assert_eq!(against_healthy(&Server { failing: 0.0001, ..Server::new(2) }).verdict, Standing::NotShown);
}

#[test]
fn less_throughput_under_the_same_load_is_worse() {
    let comparison = against_healthy(&Server { per_second: 15, ..Server::new(2) });
    assert_eq!(row(&comparison, REQUESTS, Quantity::Throughput).change, Change::Worse, "{comparison:?}");
}

#[test]
fn a_short_wait_for_the_last_answers_is_no_lack_of_throughput() {
    let waited = |seed| {
        let mut run = Server::new(seed).run();
        let last = run.windows.last().unwrap().clone();
        run.windows.push(Window { from_s: 600.0, to_s: 602.5, requests: 1, latencies: BTreeMap::new(), ..last });
        run
    };
    let comparison = compared(&[waited(1), waited(2)], &Tolerances::default());
    let throughput = row(&comparison, REQUESTS, Quantity::Throughput);
    assert!(throughput.least_seen.unwrap() > -0.12 * throughput.baseline.unwrap(), "{throughput:?}");
}

#[test]
fn under_another_load_nothing_is_told_and_what_differs_is_named() {
    let mut candidate = Server { memory_mib: 300.0, ..Server::new(2) };
    candidate.conditions.conditions.traffic.as_mut().unwrap().rate_per_s = 40.0;
    candidate.conditions.host.kernel = "6.10".into();
    let comparison = against_healthy(&candidate);
    assert_eq!(comparison.verdict, Standing::CannotTell);
    assert!(comparison.reason.contains("turns a second"), "{}", comparison.reason);
    assert!(comparison.rows.iter().all(|row| row.change == Change::CannotTell));
    let told: Vec<(&str, Weight)> = comparison.mismatches.iter().map(|one| (one.what.as_str(), one.weight)).collect();
    assert_eq!(told, [("turns a second", Weight::Prevents), ("kernel", Weight::Noted)]);
}

#[test]
fn another_free_port_is_no_other_load() {
    let mut candidate = Server::new(2);
    candidate.conditions.conditions.traffic.as_mut().unwrap().url = "http://127.0.0.1:41233/".into();
    assert!(against_healthy(&candidate).mismatches.is_empty());
    candidate.conditions.conditions.traffic.as_mut().unwrap().url = "http://127.0.0.1:41233/search".into();
    assert_eq!(against_healthy(&candidate).verdict, Standing::CannotTell);
}

#[test]
fn runs_that_are_too_short_for_their_requests_cannot_be_told() {
    let short = |seed| Server { seconds: 25, ..Server::new(seed) };
    let comparison = between(&short(1), &short(2));
    assert_eq!(comparison.verdict, Standing::CannotTell, "{comparison:?}");
    let p95 = row(&comparison, REQUESTS, Quantity::P95);
    assert!(p95.keeps_open && p95.reason.as_deref().unwrap().contains("4 are needed"), "{p95:?}");
}

#[test]
fn a_candidate_whose_target_died_is_a_regression_whatever_its_numbers() {
    let killed = RunEnd::TargetEnded(TargetEnd::Killed { signal: 9, out_of_memory: true });
    let comparison = against_healthy(&Server { end: killed.clone(), ..Server::new(2) });
    assert_eq!(comparison.verdict, Standing::Regression);
    assert!(comparison.reason.contains("out of memory"), "{}", comparison.reason);
    let both = between(&Server { end: killed.clone(), ..Server::new(1) }, &Server { end: killed, ..Server::new(2) });
    assert_ne!(both.verdict, Standing::Regression, "{both:?}");
}

#[test]
fn a_step_that_is_gone_cannot_be_told() {
    let mut candidate = Server::new(2).run();
    candidate.windows.iter_mut().for_each(|window| window.step = Some("GET /new".into()));
    let comparison = compared(&[Server::new(1).run(), candidate], &Tolerances::default());
    assert_eq!(comparison.verdict, Standing::CannotTell, "{comparison:?}");
    let gone = row(&comparison, REQUESTS, Quantity::P95);
    assert!(gone.reason.as_deref().unwrap().contains("no such requests"), "{gone:?}");
}

#[test]
fn several_baselines_say_themselves_how_much_runs_differ() {
    let wide = [90.0, 120.0, 100.0, 130.0, 95.0].into_iter().zip(1..);
    let mut runs: Vec<_> = wide.map(|(memory_mib, seed)| Server { memory_mib, ..Server::new(seed) }.run()).collect();
    let narrow: Vec<_> = (1..6).map(|seed| Server::new(seed).run()).collect();
    let candidate = || Server { memory_mib: 130.0, ..Server::new(9) }.run();
    runs.push(candidate());
    let told = compared(&runs, &Tolerances::default());
    assert_eq!(told.verdict, Standing::NotShown, "{told:?}");
    assert!(told.yardstick.contains("5 baselines"), "{}", told.yardstick);
    let runs = [narrow, vec![candidate()]].concat();
    only_worse(&compared(&runs, &Tolerances::default()), "rss_anon");
}

#[test]
fn a_record_without_windows_or_samples_breaks_nothing() {
    let mut bare = Server::new(2).run();
    (bare.windows, bare.samples, bare.traffic) = (Vec::new(), Vec::new(), Vec::new());
    let healthy = Server::new(1).run();
    for runs in [[bare.clone(), bare.clone()], [healthy.clone(), bare.clone()], [bare, healthy]] {
        let told = compared(&runs, &Tolerances::default());
        assert!(told.rows.iter().all(|row| row.change == Change::CannotTell || row.change == Change::NotShown));
    }
}
