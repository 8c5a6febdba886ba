//! soak soaks itself: its own memory is small and steady, even at the shortest interval.

use crate::soak::Soak;

#[test]
fn soak_at_its_shortest_interval_is_steady_and_small() {
    let soak = env!("CARGO_BIN_EXE_soak");
    let mut outer = Soak::new(["--json", "--duration", "45s", "--warm-up", "20s", "--interval", "60ms", "--"]).args([
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
    // What soak keeps for the look so far comes to its bound in steps, and where the machine is slow the last may be too
    // fresh for "steady". A leak at 100 samples a second shows in 25 s.
    assert_ne!(answer.finding("rss_anon")["verdict"], "growing", "{}{}", answer.out, answer.err);
    assert_eq!(answer.finding("fds")["verdict"], "steady", "{}", answer.out);
    let latest = outer.last_reading("rss_bytes");
    assert!(latest < 15 << 20, "{latest} bytes");
}
