//! A target that offers to have its heap traced is traced, unless soak is told to leave it alone: the demo server, by the very
//! path that finds any.

use std::io::{BufRead, BufReader};

use serde_json::Value;

use crate::soak::Soak;

/// The lines of this kind in the record of the one run that was made.
fn lines(soak: &Soak, kind: &str) -> Vec<Value> {
    let record = std::fs::read_to_string(soak.run_folder().join("record.jsonl")).unwrap();
    let lines = record.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.filter(|line| line["kind"] == kind).collect()
}

#[test]
fn the_demos_leak_is_named_by_function_and_line_with_what_its_turns_leaked() {
    let args = ["demo", "--fault", "memory-leak", "--heap", "--duration", "12s", "--interval", "50ms", "--rate", "50"];
    let mut soak = Soak::new(args);
    let answer = soak.run();
    assert!(answer.err.contains("the target's heap is traced"), "{}", answer.err);
    assert!(answer.err.contains("heap: 6 snapshots; "), "{}", answer.err);
    assert!(answer.out.contains("heap: "), "{}", answer.out);
    let snapshots = lines(&soak, "heap");
    assert_eq!(snapshots.len(), 6, "{snapshots:?}");
    assert_eq!((&snapshots[0]["moment"], &snapshots[5]["moment"]), (&"settled".into(), &"end".into()));
    let folder = soak.run_folder();
    let diff = Soak::new(["heap", "diff", "--json", folder.to_str().unwrap()]).run();
    assert_eq!(diff.code, 1, "{}{}", diff.out, diff.err);
    let grown = &diff.json()["sites"][0];
    let site = grown["stack"][0].as_str().unwrap();
    assert!(grown["state"] == "growing" && site.starts_with("touched (") && site.contains("damage.rs:"), "{grown}");
    // A turn keeps 4 KiB; a snapshot and the count of turns are a few turns apart. On a busy machine the tracer backs off to
    // sampling; then the estimate has its standard error, of which four are allowed.
    let turns = snapshots[5]["turns"].as_f64().unwrap() - snapshots[0]["turns"].as_f64().unwrap();
    let (leaked, found) = (4096.0 * turns, grown["growth_bytes"].as_f64().unwrap());
    let allowed = 0.1 * leaked + 4.0 * grown["error_bytes"].as_f64().unwrap();
    assert!((found - leaked).abs() < allowed, "{found} of {leaked} bytes over {turns} turns: {grown}");
    let report = std::fs::read_to_string(folder.join("report.html")).unwrap();
    assert!(report.contains("damage.rs"), "the report does not name the site");
}

#[test]
fn a_target_is_left_alone_where_soak_is_told_so_or_it_offers_nothing() {
    for (offers, asked) in [("--heap", "--no-heap"), ("--until-stdin-ends", "--plain")] {
        let mut server = Soak::new(["demo-server", offers]);
        let mut child = server.start_fed();
        let mut address = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut address).unwrap();
        let pid = child.id().to_string();
        let mut soak = Soak::new(["--pid", &pid, "--duration", "2s", "--interval", "50ms", asked]);
        let answer = soak.run();
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!answer.err.contains("heap"), "{}", answer.err);
        assert!(lines(&soak, "heap").is_empty());
    }
}
