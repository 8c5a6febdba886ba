//! The built-in server is judged right, healthy and with each fault, by the very path that judges any server.
//!
//! The rate is higher and the run shorter than a newcomer's, so that the suite stays short; the interval follows.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use crate::soak::{Answer, Soak};

fn demo(faults: &[&str]) -> (Answer, Soak) {
    demo_for("18s", faults)
}

fn demo_for(duration: &str, faults: &[&str]) -> (Answer, Soak) {
    let mut args = vec!["demo", "--json", "--duration", duration, "--interval", "50ms", "--rate", "50"];
    for fault in faults {
        args.extend(["--fault", fault]);
    }
    let mut soak = Soak::new(args);
    (soak.run(), soak)
}

#[test]
fn a_healthy_server_is_steady_and_gets_its_charts() {
    // A leak shows in 18 s; that nothing grows any more takes longer, for now and then a healthy server touches a page that
    // it had not needed before.
    let (answer, soak) = demo_for("50s", &[]);
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

#[test]
fn a_crash_ends_the_server_with_code_70() {
    let mut server = Soak::new(["demo-server", "--fault", "crash"]).start();
    let mut address = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut address).unwrap();
    let mut answered = 0;
    while server.try_wait().unwrap().is_none() {
        // Whatever fails here fails because the server has ended, which the loop looks at.
        let Ok(mut connection) = TcpStream::connect(address.trim_end()) else { continue };
        let _ = connection.write_all(b"GET / HTTP/1.1\r\nhost: demo\r\nconnection: close\r\n\r\n");
        let mut answer = Vec::new();
        let _ = connection.read_to_end(&mut answer);
        answered += u32::from(answer.starts_with(b"HTTP/1.1 200"));
    }
    assert_eq!(server.wait().unwrap().code(), Some(70));
    assert!((499..=500).contains(&answered), "{answered}");
}

#[test]
fn what_the_server_does_not_have_is_named_with_what_it_has() {
    for (args, said) in [
        (["--fault", "slow-garph"], "no fault is called \"slow-garph\"; there are memory-leak"),
        (["--latency", "grpah=2ms"], "no class is called \"grpah\"; there are auth"),
        (["--latency", "graph=2"], "give a number with its unit"),
        (["--rate-limit", "0"], "--rate-limit <N>"),
    ] {
        let answer = Soak::new(["demo-server"]).args(args).run();
        assert_eq!(answer.code, 2, "{}", answer.err);
        assert!(answer.err.contains(said), "{}", answer.err);
    }
}
