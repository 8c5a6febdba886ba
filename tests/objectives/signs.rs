//! The signs of a bottleneck.

use soak::analysis::performance;
use soak::domain::performance::SignKind;

use super::traffic::Traffic;

#[test]
fn the_knee_is_named_with_what_was_gained_and_lost() {
    let per_window = |count: usize, ms: u64| vec![ms; count];
    let mut traffic = Traffic::new();
    for (phase, users, count, ms) in [("1 user", 1, 20, 10), ("10 users", 10, 200, 10), ("25 users", 25, 480, 12)] {
        traffic = traffic.phase(phase, users).window(Some("ask"), &per_window(count, ms), 0);
    }
    assert!(traffic.signs().is_empty(), "{:?}", traffic.signs());
    let traffic = traffic.phase("50 users", 50).window(Some("ask"), &per_window(494, 25), 0);
    let signs = traffic.signs();
    assert_eq!(signs.len(), 1, "{signs:?}");
    assert_eq!(signs[0].0, SignKind::Knee);
    assert_eq!(
        signs[0].1,
        "from 25 to 50 users throughput rose by 2.9 % and p95 became 2.1 x: the knee is near 25 users"
    );
    let phases = performance(&traffic.windows, None).phases;
    assert_eq!(phases.iter().map(|phase| phase.users).collect::<Vec<_>>(), [1, 10, 25, 50]);
    assert_eq!(phases[3].requests_per_s, 49.4);
}

#[test]
fn signs_tell_a_long_tail_errors_that_rise_and_a_drift_and_say_nothing_of_a_healthy_run() {
    let healthy = Traffic::new().steady(60, 100, 180);
    assert!(healthy.signs().is_empty(), "{:?}", healthy.signs());
    let kinds = |traffic: &Traffic| traffic.signs().into_iter().map(|(kind, _)| kind).collect::<Vec<_>>();
    assert_eq!(kinds(&Traffic::new().steady(10, 100, 600)), [SignKind::LongTail]);
    let failing = (0..30).fold(Traffic::new(), |traffic, n| traffic.window(Some("ask"), &[10; 100], n / 3));
    assert_eq!(kinds(&failing), [SignKind::ErrorsRiseWithTime]);
    let drifting = (0..30).fold(Traffic::new(), |traffic, n| traffic.steady(1, 100 + 2 * n, 120 + 3 * n));
    assert_eq!(kinds(&drifting), [SignKind::Drift]);
    let loaded = Traffic::new().phase("10 users", 10).window(Some("ask"), &[10; 200], 0).phase("50 users", 50).window(
        Some("ask"),
        &[10; 1000],
        80,
    );
    assert_eq!(kinds(&loaded), [SignKind::ErrorsRiseWithUsers]);
}
