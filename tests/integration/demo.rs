//! The built-in server is judged right, healthy and with each fault, by the very path that judges any server.
//!
//! The rate is higher and the run shorter than a newcomer's, so that the suite stays short; the interval follows.

use crate::soak::{Answer, Soak};

fn demo(faults: &[&str]) -> (Answer, Soak) {
    let mut args = vec!["demo", "--json", "--duration", "18s", "--interval", "50ms", "--rate", "50"];
    for fault in faults {
        args.extend(["--fault", fault]);
    }
    let mut soak = Soak::new(args);
    (soak.run(), soak)
}

#[test]
fn a_healthy_server_is_steady_and_gets_its_charts() {
    let (answer, soak) = demo(&[]);
    assert_eq!(answer.json()["verdict"], "steady", "{}{}", answer.out, answer.err);
    assert_eq!(answer.code, 0);
    let run = soak.run_folder();
    for name in ["record.jsonl", "report.json", "report.html", "overview.png", "rss_anon.png", "fds.png"] {
        assert!(run.join(name).metadata().unwrap().len() > 0, "{name}");
    }
}

#[test]
fn a_memory_leak_is_found_and_counted_per_turn() {
    let (answer, _) = demo(&["memory-leak"]);
    assert_eq!(answer.code, 1, "{}{}", answer.out, answer.err);
    let memory = answer.finding("rss_anon");
    assert_eq!(memory["verdict"], "growing", "{memory}");
    let per_turn = memory["growth_per_turn"]["estimate"].as_f64().unwrap();
    assert!((2048.0..16384.0).contains(&per_turn), "{per_turn}");
}

#[test]
fn a_descriptor_leak_is_found_beside_steady_threads() {
    let (answer, _) = demo(&["fd-leak"]);
    assert_eq!(answer.code, 1, "{}{}", answer.out, answer.err);
    assert_eq!(answer.finding("fds")["verdict"], "growing");
    assert_eq!(answer.finding("threads")["verdict"], "steady");
}

#[test]
fn a_thread_leak_is_found() {
    let (answer, _) = demo(&["thread-leak"]);
    assert_eq!(answer.code, 1, "{}{}", answer.out, answer.err);
    assert_eq!(answer.finding("threads")["verdict"], "growing");
}

#[test]
fn a_sawtooth_is_not_called_growing() {
    let (answer, _) = demo(&["sawtooth"]);
    assert_ne!(answer.json()["verdict"], "growing", "{}", answer.out);
}
