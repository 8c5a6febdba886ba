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
fn the_demos_leak_is_in_its_snapshots_by_what_its_turns_leaked() {
    let args = ["demo", "--fault", "memory-leak", "--heap", "--duration", "12s", "--interval", "50ms", "--rate", "50"];
    let mut soak = Soak::new(args);
    let answer = soak.run();
    assert!(answer.err.contains("the target's heap is traced"), "{}", answer.err);
    assert!(answer.err.contains("heap: 6 snapshots; "), "{}", answer.err);
    assert!(answer.out.contains("heap: "), "{}", answer.out);
    let snapshots = lines(&soak, "heap");
    assert_eq!(snapshots.len(), 6, "{snapshots:?}");
    assert_eq!((&snapshots[0]["moment"], &snapshots[5]["moment"]), (&"settled".into(), &"end".into()));
    let read = |snapshot: &Value| -> Value {
        let path = soak.run_folder().join(snapshot["file"].as_str().unwrap());
        serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
    };
    let files: Vec<Value> = snapshots.iter().map(read).collect();
    // The site that grew most, matched by its stack of addresses: the process is one, so they are the same.
    let stacks = |file: &Value| -> Vec<(Vec<u64>, u64)> {
        let addresses = file["soakHeap"]["addresses"].as_array().unwrap();
        let points = file["pps"].as_array().unwrap().iter().map(|point| {
            let places = point["fs"].as_array().unwrap().iter().map(|place| place.as_u64().unwrap() as usize);
            (places.map(|place| addresses[place].as_u64().unwrap()).collect(), point["tb"].as_u64().unwrap())
        });
        points.collect()
    };
    let (first, last) = (stacks(&files[0]), stacks(&files[5]));
    let growth = last.iter().map(|(stack, live)| {
        let before = first.iter().find(|(other, _)| other == stack).map_or(0, |(_, live)| *live);
        live.saturating_sub(before)
    });
    let turns = snapshots[5]["turns"].as_u64().unwrap() - snapshots[0]["turns"].as_u64().unwrap();
    let (leaked, found) = (4096.0 * turns as f64, growth.max().unwrap() as f64);
    // A snapshot and the count of turns are a few turns apart. On a busy machine the tracer backs off to sampling; then the
    // estimate has the standard error of a Poisson process, of which four are allowed.
    let period = snapshots[5]["longest_period_bytes"].as_f64().unwrap();
    let allowed = 0.1 * leaked + if period > 1.0 { 4.0 * (leaked * period).sqrt() } else { 0.0 };
    assert!(
        (found - leaked).abs() < allowed,
        "{found} of {leaked} bytes over {turns} turns, a sample per {period} bytes"
    );
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
