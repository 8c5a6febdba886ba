//! soak soaks itself: its own memory is small and steady, even at the shortest interval.

use crate::soak::Soak;

#[test]
fn soak_at_its_shortest_interval_is_steady_and_small() {
    let soak = env!("CARGO_BIN_EXE_soak");
    let mut outer = Soak::new(["--json", "--duration", "30s", "--interval", "60ms", "--"]).args([
        soak,
        "--quiet",
        "--interval",
        "10ms",
        "--duration",
        "10m",
        "--output",
        "inner",
        "--",
        "sleep",
        "600",
    ]);
    let answer = outer.run();
    assert_eq!(answer.finding("rss_anon")["verdict"], "steady", "{}{}", answer.out, answer.err);
    assert_eq!(answer.finding("fds")["verdict"], "steady", "{}", answer.out);
    let latest = outer.last_reading("rss_bytes");
    assert!(latest < 15 << 20, "{latest} bytes");
}
