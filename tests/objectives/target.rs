//! The rules for the target's metrics.

use soak::domain::Unit;
use soak::domain::objective::Outcome::{CannotTell, Crossed, Met};

use super::traffic::Traffic;

#[test]
fn levels_and_counters_of_the_target_are_held_too() {
    let traffic = Traffic::new()
        .phase("cold", 10)
        .steady(5, 10, 10)
        .phase("warm", 10)
        .steady(5, 10, 10)
        .series("rss", Unit::Bytes, &[1e6, 9e6, 2e6, 2e6, 2e6, 2e6, 2e6, 2e6, 2e6, 3e6])
        .series("hits", Unit::Number, &[0.0, 0.0, 0.0, 0.0, 0.0, 10.0, 20.0, 30.0, 40.0, 50.0])
        .series("lookups", Unit::Number, &[0.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0]);
    assert_eq!(traffic.outcome("rss < 8 MB"), Crossed);
    assert_eq!(traffic.outcome("last rss <= 3 MB"), Met);
    assert_eq!(traffic.outcome("max rss < 8 MB in warm"), Met);
    assert_eq!(traffic.outcome("hits / lookups >= 60% in warm"), Met);
    assert_eq!(traffic.outcome("hits / lookups >= 60%"), Crossed);
    assert_eq!(traffic.outcome("lookups per turn <= 1"), Met);
    assert_eq!(traffic.outcome("lookups per turn < 1"), Crossed);
    assert_eq!(traffic.outcome("nothing_total < 5"), CannotTell);
    assert!(traffic.judge("rsss < 5").reason.contains("rss, hits, lookups"));
    assert_eq!(traffic.outcome("hits / nothing_total > 1%"), CannotTell);
}

#[test]
fn a_counter_that_restarts_from_zero_loses_nothing() {
    let traffic = Traffic::new().series("queries", Unit::Number, &[5.0, 15.0, 25.0, 10.0, 20.0]).series(
        "rss",
        Unit::Bytes,
        &[1.0; 5],
    );
    assert_eq!(traffic.judge("queries per turn < 2").value, Some(1.0));
}

#[test]
fn growth_is_met_only_where_its_whole_interval_is() {
    let values: Vec<f64> =
        (0..400).map(|n| 1e8 + 10_000.0 * f64::from(n) + f64::from((n * 7919) % 13) * 500.0).collect();
    let traffic = Traffic::new().series("rss", Unit::Bytes, &values).analysed();
    assert_eq!(traffic.outcome("growth of rss < 4 MB/h"), Met);
    assert_eq!(traffic.outcome("growth of rss < 3 MB/h"), Crossed);
    assert_eq!(traffic.outcome("growth of rss < 3.6 MB/h"), CannotTell);
    assert_eq!(traffic.outcome("growth of rss < 11 kB/10 turns"), Met);
    assert_eq!(traffic.outcome("growth of fds < 1/h"), CannotTell);
    let few = Traffic::new().series("rss", Unit::Bytes, &[1e6, 2e6, 3e6]).analysed();
    assert_eq!(few.outcome("growth of rss < 1 MiB/h"), CannotTell);
}

#[test]
fn an_increase_is_what_a_reading_before_and_one_after_tell() {
    let rising: Vec<f64> = (0..20).map(|n| 1e8 + 2e5 * f64::from(n)).collect();
    let traffic = Traffic::new().series("rss", Unit::Bytes, &rising);
    // 2e5 a reading and ten turns between two readings.
    let finding = traffic.judge("increase of rss < 1 MB over 10 turns");
    assert_eq!(finding.outcome, Met);
    assert!((finding.value.unwrap() - 2e5).abs() < 1.0);
    assert_eq!(traffic.outcome("increase of rss < 1 MB over 100 turns"), Crossed);
    assert_eq!(traffic.outcome("increase of rss < 1 MB"), Crossed);
    assert_eq!(traffic.outcome("increase of rss < 1 MB over 1000 turns"), CannotTell);
}
