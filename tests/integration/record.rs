//! The record outlives soak, and replays to the same verdict.

use std::io::{BufRead, BufReader};

use crate::soak::Soak;

#[test]
fn analyzing_a_run_gives_the_verdict_that_the_run_gave() {
    let mut soak = Soak::new(["--json", "--duration", "4s", "--interval", "20ms", "--", "sleep", "60"]);
    let answer = soak.run();
    let run = soak.run_folder();
    let again = Soak::new(["analyze", "--json", run.to_str().unwrap()]).run();
    assert_eq!(again.code, answer.code, "{}", answer.err);
    assert_eq!(again.json()["findings"], answer.json()["findings"]);
    let report = std::fs::read_to_string(run.join("report.json")).unwrap();
    assert_eq!(serde_json::from_str::<serde_json::Value>(&report).unwrap()["verdict"], answer.json()["verdict"]);
}

#[test]
fn what_was_recorded_survives_a_kill() {
    let mut soak = Soak::new(["--interval", "10ms", "--", "sleep", "60"]);
    let mut child = soak.start();
    // The line that names the record comes when the record is there; then wait until a hundred lines stand in it.
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("the record is")));
    let record = soak.run_folder().join("record.jsonl");
    while std::fs::read_to_string(&record).unwrap().lines().count() < 100 {
        std::thread::yield_now();
    }
    let watched = watched_pid(&record);
    child.kill().unwrap();
    child.wait().unwrap();
    end(watched);
    let again = Soak::new(["analyze", "--json", record.to_str().unwrap()]).run();
    assert!(again.code == 0 || again.code == 3, "{}{}", again.out, again.err);
    assert!(again.finding("rss")["samples"].as_u64().unwrap() >= 90, "{}", again.out);
}

#[test]
fn the_command_line_of_the_target_stays_out_of_the_record() {
    let mut soak = Soak::new(["--duration", "1s", "--", "sh", "-c", "exec sleep 30 # hunter2"]);
    soak.run();
    for file in std::fs::read_dir(soak.run_folder()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(7).any(|window| window == b"hunter2"));
    }
}

fn watched_pid(record: &std::path::Path) -> i32 {
    let text = std::fs::read_to_string(record).unwrap();
    let header: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    i32::try_from(header["target"]["pid"].as_i64().unwrap()).unwrap()
}

/// Ends the target that a killed soak had started and could not end any more.
fn end(pid: i32) {
    let pid = rustix::process::Pid::from_raw(pid).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
}
