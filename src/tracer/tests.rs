//! The client against ends of every kind, most of them hostile: a thread plays the target, in this very process.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::thread::{JoinHandle, spawn};
use std::time::Duration;

use super::{Offer, Taken, Tracer, TracerError};

const HELLO: &str =
    "{\"ok\":true,\"protocol\":1,\"version\":\"0.1.0\",\"pid\":1,\"engine\":\"soak-heap\",\"tracing\":false}\n";
const TAKEN: &str = "\"elapsedUs\":5,\"liveBytes\":7,\"liveBlocks\":1,\"periodBytes\":1,\"longestPeriodBytes\":4096,\
                     \"unwinding\":\"tables\",\"dropped\":0,\"overheadBytes\":9,\"arena\":null";

/// A target that answers each request with the next of these.
struct Scene {
    offer: Offer,
    target: JoinHandle<Vec<String>>,
    _folder: tempfile::TempDir,
}

fn scene(answers: Vec<Vec<u8>>) -> Scene {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("target.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let target = spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut requests = Vec::new();
        let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
        for answer in answers {
            let Some(Ok(request)) = lines.next() else { break };
            requests.push(request);
            // A client that has given up is no failure of the scene.
            let _ = (&stream).write_all(&answer);
        }
        requests
    });
    let (pid, user) = (std::process::id(), rustix::process::geteuid().as_raw());
    Scene { offer: Offer { path, pid, user }, target, _folder: folder }
}

fn talk(answers: &[&str]) -> (Scene, Result<Tracer, TracerError>) {
    let scene = scene(answers.iter().map(|answer| answer.as_bytes().to_vec()).collect());
    let tracer = Tracer::connect(&scene.offer);
    (scene, tracer)
}

#[test]
fn a_snapshot_comes_whole_and_the_connection_stays_good() {
    let snapshot = format!("{{\"ok\":true,{TAKEN},\"bytes\":6}}\n{{\"a\":1");
    let (scene, tracer) =
        talk(&[HELLO, "{\"ok\":true,\"started\":true}\n", &snapshot, "{\"ok\":true,\"stopped\":true}\n"]);
    let mut tracer = tracer.unwrap();
    assert_eq!((tracer.hello().engine.as_str(), tracer.hello().tracing), ("soak-heap", false));
    assert!(tracer.start().unwrap().started);
    let mut body = Vec::new();
    tracer.snapshot(&mut body).unwrap();
    tracer.stop().unwrap();
    assert_eq!(body, b"{\"a\":1");
    assert_eq!(scene.target.join().unwrap(), ["hello 1", "start", "snapshot dhat", "stop"]);
}

#[test]
fn what_a_snapshot_says_is_read_and_its_bytes_are_handed_on() {
    let (_scene, tracer) = talk(&[HELLO, &format!("{{\"ok\":true,{TAKEN},\"bytes\":6}}\n{{\"a\":1")]);
    let mut body = Vec::new();
    let taken = tracer.unwrap().snapshot(&mut body).unwrap();
    let expected = Taken { traced_us: 5, live_bytes: 7, live_blocks: 1, period_bytes: 1, ..Taken::default() };
    let expected = Taken { longest_period_bytes: 4096, overhead_bytes: 9, bytes: 6, ..expected };
    assert_eq!((taken, body.as_slice()), (expected, &b"{\"a\":1"[..]));
}

#[test]
fn a_refusal_is_told_without_what_would_harm_a_terminal() {
    let (_scene, tracer) = talk(&[HELLO, "{\"ok\":false,\"error\":\"no \\u001b[2J memory\"}\n", "{\"ok\":true}\n"]);
    let mut tracer = tracer.unwrap();
    let error = tracer.start().unwrap_err();
    assert_eq!(error.to_string(), "it answers: no \u{fffd}[2J memory");
    tracer.stop().unwrap();
}

#[test]
fn what_is_no_answer_is_said_to_be_none() {
    let endless = "x".repeat(100_000);
    let huge = format!("{{\"ok\":true,{TAKEN},\"bytes\":99999999999}}\n");
    for (answer, hint) in [
        ("HTTP/1.1 400 Bad Request\n", "protocol"),
        ("{\"ok\":true}\n", "missing field"),
        ("[]\n", "protocol"),
        (endless.as_str(), "no end"),
        (huge.as_str(), "99999999999 bytes"),
    ] {
        let (_scene, tracer) = talk(&[HELLO, answer]);
        let error = tracer.unwrap().snapshot(&mut Vec::new()).unwrap_err();
        assert!(matches!(error, TracerError::Foreign(_)), "{error:?}");
        assert!(error.to_string().contains(hint), "{error}");
    }
}

#[test]
fn a_target_that_ends_in_the_middle_of_a_snapshot_is_lost_and_not_waited_for() {
    let cut = format!("{{\"ok\":true,{TAKEN},\"bytes\":100}}\nonly so much");
    let (_scene, tracer) = talk(&[HELLO, &cut]);
    let mut body = Vec::new();
    let error = tracer.unwrap().snapshot(&mut body).unwrap_err();
    assert!(matches!(error, TracerError::Lost(_)), "{error:?}");
    assert_eq!(body, b"only so much");
}

#[test]
fn a_target_that_hangs_costs_the_limit_and_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("target.sock");
    let _never_accepts = UnixListener::bind(&path).unwrap();
    let (pid, user) = (std::process::id(), rustix::process::geteuid().as_raw());
    let offer = Offer { path, pid, user };
    let error = Tracer::connect_within(&offer, Duration::from_millis(20)).unwrap_err();
    assert!(matches!(error, TracerError::Silent { .. }), "{error:?}");
    assert!(error.to_string().contains("hangs or is stopped"), "{error}");
}

#[test]
fn a_full_queue_of_connections_is_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("target.sock");
    let listener = UnixListener::bind(&path).unwrap();
    rustix::net::listen(&listener, 0).unwrap();
    let (pid, user) = (std::process::id(), rustix::process::geteuid().as_raw());
    let _first = UnixStream::connect(&path).unwrap();
    let error = Tracer::connect(&Offer { path, pid, user }).unwrap_err();
    assert!(matches!(error, TracerError::Silent { .. }), "{error:?}");
}

#[test]
fn somebody_else_behind_the_socket_is_told_from_the_target() {
    let scene = scene(vec![HELLO.into()]);
    let offer = Offer { pid: scene.offer.pid + 1, ..scene.offer };
    let error = Tracer::connect(&offer).unwrap_err();
    assert!(matches!(error, TracerError::Stranger { .. }), "{error:?}");
    assert!(error.to_string().contains("left alone"), "{error}");
}

#[test]
fn a_socket_that_nobody_listens_on_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("target.sock");
    drop(UnixListener::bind(&path).unwrap());
    let error = Tracer::connect(&Offer { path, pid: 1, user: 0 }).unwrap_err();
    assert!(error.to_string().contains("target.sock"), "{error}");
}
