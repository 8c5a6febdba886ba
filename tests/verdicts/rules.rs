//! The rule of the run: roles, budgets, ignored windows, a warm-up set by hand, looks before the end, ceilings.

use soak::analysis::{Budget, Ceiling, Look, Options, assess};
use soak::domain::assessment::BudgetOutcome;
use soak::domain::{Metric, Readings, Role, SeriesSet, Unit, Verdict};

use crate::series::{MIB, Run, series};

fn leak() -> SeriesSet {
    Run::memory(600, 1.0, 1, 0.2 * MIB, |t| 50.0 * MIB + 12.0 * MIB * t / 3600.0 * 10.0).set()
}

fn with_budget(text: &str) -> soak::domain::Assessment {
    assess(&leak(), &Options { budgets: vec![Budget::parse(text).unwrap()], ..Options::default() })
}

#[test]
fn growth_within_its_budget_does_not_fail_the_run() {
    let within = with_budget("rss > 1 GiB/h");
    assert_eq!(within.verdict, Verdict::Steady);
    assert_eq!(
        (within.findings[0].verdict, within.findings[0].budget),
        (Verdict::Growing, Some(BudgetOutcome::Within))
    );
    assert_eq!(with_budget("rss > 1 MiB/h").verdict, Verdict::Growing);
    assert_eq!(with_budget("rss > 120 MiB/h").verdict, Verdict::Inconclusive);
}

#[test]
fn a_warm_up_that_is_not_over_passes_where_all_of_its_interval_is_allowed() {
    // Still rising when the run ends, at 17 MiB an hour by then.
    let set = Run::memory(120, 1.0, 5, 0.01 * MIB, |t| 50.0 * MIB + 1.5 * MIB * (1.0 - (-t / 60.0).exp())).set();
    let judged = |budgets: &[&str]| {
        let budgets = budgets.iter().map(|text| Budget::parse(text).unwrap()).collect();
        assess(&set, &Options { budgets, ..Options::default() })
    };
    let open = judged(&[]);
    assert_eq!((open.verdict, open.findings[0].budget), (Verdict::Inconclusive, None), "{}", open.reason);
    let allowed = judged(&["rss > 5 MB/min"]);
    assert_eq!((allowed.verdict, allowed.findings[0].verdict), (Verdict::Steady, Verdict::Inconclusive));
    assert!(allowed.reason.contains("beyond its budget"), "{}", allowed.reason);
    assert_eq!(judged(&["rss > 1 MB/h"]).verdict, Verdict::Inconclusive);
}

#[test]
fn rss_beside_anonymous_memory_decides_nothing() {
    let mut set = Run::memory(600, 1.0, 2, 0.1 * MIB, |_| 50.0 * MIB).set();
    let rising = leak().series[0].values.clone();
    set.series.push(series("rss", Unit::Bytes, Role::Beside, rising.clone()));
    set.series.push(series("vms", Unit::Bytes, Role::Beside, rising));
    let assessment = assess(&set, &Options::default());
    assert_eq!(assessment.verdict, Verdict::Steady);
    assert_eq!(assessment.findings[1].verdict, Verdict::Growing);
}

#[test]
fn one_growing_series_makes_the_run_growing() {
    let mut set = Run::memory(600, 1.0, 3, 0.1 * MIB, |_| 50.0 * MIB).set();
    let handles = (0..600).map(|at| 40.0 + f64::from(at / 12)).collect();
    set.series.push(series("fds", Unit::Count, Role::Decides, handles));
    let assessment = assess(&set, &Options::default());
    assert_eq!(assessment.verdict, Verdict::Growing);
    assert!(assessment.reason.starts_with("fds"), "{}", assessment.reason);
}

#[test]
fn a_look_before_the_end_fails_no_run_and_says_so() {
    let assessment = assess(&leak(), &Options { look: Look::SoFar, ..Options::default() });
    assert_ne!(assessment.verdict, Verdict::Growing);
    assert!(assessment.findings[0].reason.contains("so far"), "{}", assessment.findings[0].reason);
}

#[test]
fn an_ignored_window_is_left_out_of_the_trend_and_not_of_the_ceilings() {
    let run = Run::memory(600, 1.0, 4, 0.1 * MIB, |t| if t > 500.0 { 90.0 * MIB } else { 50.0 * MIB });
    let options = Options { ignore: vec![(500.0, 600.0)], ..Options::default() };
    assert_ne!(run.assess().verdict, Verdict::Steady);
    assert_eq!(assess(&run.set(), &options).verdict, Verdict::Steady);
    // The same window on a leak: its rate is the leak's, and the room that is left is what the window leaves.
    let leak = |t: f64| 50.0 * MIB + 0.02 * MIB * t + if t > 560.0 { 30.0 * MIB } else { 0.0 };
    let mut set = Run::memory(600, 1.0, 6, 0.1 * MIB, leak).set();
    set.series[0].limit = Some(100.0 * MIB);
    let finding = assess(&set, &Options { ignore: vec![(560.0, 600.0)], ..options }).findings.remove(0);
    let (growth, time) = (finding.growth_per_hour.unwrap(), finding.time_to_limit_s.unwrap());
    assert!(growth.low <= 72.0 * MIB && 72.0 * MIB <= growth.high, "{growth:?}");
    assert!((time.estimate - 8.0 / 0.02).abs() < 40.0, "{time:?}");
    let mut readings = Readings::new();
    readings.set_raw(Metric::RssAnon, set.series[0].values[599] as u64);
    assert!(Ceiling::parse("rss_anon > 90 MiB").unwrap().crossing(&readings, None).is_some());
}

#[test]
fn a_warm_up_set_by_hand_is_the_warm_up() {
    let run = Run::memory(600, 1.0, 5, 0.1 * MIB, |t| 50.0 * MIB + 0.1 * MIB * t.min(350.0));
    let options = Options { warm_up_s: Some(360.0), ..Options::default() };
    let finding = assess(&run.set(), &options).findings.remove(0);
    assert_eq!(finding.verdict, Verdict::Steady);
    assert!(finding.settled_after_s.unwrap() >= 360.0);
}

#[test]
fn the_time_to_the_ceiling_is_told() {
    let mut set = leak();
    set.series[0].limit = Some(100.0 * MIB);
    let finding = assess(&set, &Options::default()).findings.remove(0);
    let time = finding.time_to_limit_s.unwrap();
    assert!(
        (time.estimate - 900.0).abs() < 60.0 && time.low <= time.estimate && time.estimate <= time.high,
        "{time:?}"
    );
}
