//! The driver with plain GETs against small servers, on a clock that the test moves: so schedules and latencies are exact,
//! however busy the machine is.

use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::super::{PlainGet, Seen};
use super::support::{self, Drive, OK, PATIENCE, SteppedClock, Then, serve, write};
use crate::clock::Clock;
use crate::domain::traffic::TrafficSummary;
use crate::domain::{Elapsed, TrafficTick};

fn get(address: SocketAddr) -> PlainGet {
    PlainGet { url: format!("http://{address}/").parse().unwrap(), rate_per_s: 10.0, users: 2, timeout: PATIENCE }
}

/// A driver on a stepped clock, with one message per request that reaches the server and one answer per permit.
struct Rig {
    clock: Arc<SteppedClock>,
    drive: Drive,
    arrived: Receiver<()>,
    permits: Sender<()>,
}

impl Rig {
    fn gated(change: impl FnOnce(&mut PlainGet)) -> Self {
        let (arrival, arrived) = channel();
        let (permits, gate) = channel::<()>();
        let (arrival, gate) = (Mutex::new(arrival), Mutex::new(gate));
        let address = serve(move |_, stream| {
            arrival.lock().unwrap().send(()).unwrap();
            match gate.lock().unwrap().recv() {
                Ok(()) => write(stream, OK, Then::Keep),
                Err(_) => Then::Close,
            }
        });
        let clock = Arc::new(SteppedClock::default());
        let mut options = get(address);
        change(&mut options);
        let drive = Drive::start(options.plan(), Arc::clone(&clock) as Arc<dyn Clock>);
        Self { clock, drive, arrived, permits }
    }

    fn wait_for_requests(&self, count: usize) {
        for _ in 0..count {
            self.arrived.recv_timeout(PATIENCE).unwrap();
        }
    }

    fn advance(&self, seconds: f64) {
        self.clock.advance(Duration::from_secs_f64(seconds));
    }

    /// Moves the clock on second by second until a tick fulfils `wanted`.
    fn next_tick(&mut self, wanted: impl Fn(&TrafficTick) -> bool) -> TrafficTick {
        let patience = Instant::now() + PATIENCE;
        while Instant::now() < patience {
            match self.drive.wait_for_tick(|_| true) {
                tick if wanted(&tick) => return tick,
                _ => self.clock.advance(Duration::from_secs(1)),
            }
        }
        panic!("no such tick");
    }
}

#[test]
fn as_many_requests_are_sent_as_fell_due_and_not_one_more() {
    let mut rig = Rig::gated(|get| get.users = 50);
    rig.wait_for_requests(1);
    // At 10/s, requests 1 to 20 fall due in the next two seconds, the last of them exactly then.
    rig.advance(2.0);
    rig.wait_for_requests(20);
    for _ in 0..21 {
        rig.permits.send(()).unwrap();
    }
    let tick = rig.drive.wait_for_tick(|_| true);
    assert_eq!(tick.turns + tick.in_flight + tick.waiting, 21);
    drop(rig.permits);
    let summary = rig.drive.stop().summary;
    assert_eq!((summary.turns, summary.errors, summary.waiting_at_end, summary.cut_at_end), (21, 0, 0, 0));
    assert!(rig.arrived.try_recv().is_err(), "a request too many");
}

#[test]
fn latency_counts_from_the_moment_a_request_was_due() {
    let mut rig = Rig::gated(|get| get.users = 1);
    rig.wait_for_requests(1);
    // The server holds its only user for 1 s, during which requests 1 to 10 fall due.
    rig.advance(1.0);
    assert_eq!(rig.drive.wait_for_tick(|_| true).waiting, 10);
    for _ in 0..11 {
        rig.permits.send(()).unwrap();
    }
    rig.wait_for_requests(10);
    drop(rig.permits);
    let summary = rig.drive.stop().summary;
    let latency = summary.latency.unwrap();
    // They took 1000, 900, ... 0 ms, although the server answered all but the first at once.
    assert_eq!(summary.turns, 11);
    assert_eq!(latency.max_us, 1_000_000);
    assert!(latency.mean_us.abs_diff(500_000) <= 1000, "{latency:?}");
    assert!(latency.p50_us.abs_diff(500_000) <= 1000, "{latency:?}");
    assert_eq!((summary.max_lag_us, summary.own_lag_p99_us), (900_000, 0));
}

#[test]
fn behind_a_server_that_hangs_the_backlog_is_counted_not_kept_nor_dropped() {
    let mut rig = Rig::gated(|get| (get.users, get.rate_per_s) = (3, 50_000.0));
    rig.wait_for_requests(1);
    rig.advance(3600.0);
    rig.wait_for_requests(2);
    let tick = rig.next_tick(|tick| tick.in_flight == 3);
    assert_eq!((tick.turns, tick.latency), (0, None));
    assert!(tick.waiting >= 180_000_001 - 3, "{tick:?}");
    let summary = rig.drive.stop().summary;
    assert_eq!((summary.cut_at_end, summary.turns), (3, 0));
    assert!(summary.waiting_at_end >= 180_000_001 - 3, "{summary:?}");
}

#[test]
fn every_second_has_its_tick_and_the_end_has_one_too() {
    let mut rig = Rig::gated(|get| get.users = 1);
    for second in 1..=3 {
        rig.advance(1.0);
        assert_eq!(rig.drive.wait_for_tick(|_| true).at, Elapsed::from_secs_f64(f64::from(second)));
    }
    rig.advance(0.25);
    drop(rig.permits);
    let drove = rig.drive.stop();
    let ticks = drove.seen.iter().filter_map(|seen| if let Seen::Tick(tick) = seen { Some(tick.at) } else { None });
    let ticks: Vec<Elapsed> = ticks.collect();
    assert_eq!(ticks, [1.0, 2.0, 3.0, 3.25].map(Elapsed::from_secs_f64));
}

#[test]
fn stopping_does_not_wait_for_a_server_that_never_answers() {
    let rig = Rig::gated(|_| {});
    rig.wait_for_requests(1);
    let asked = Instant::now();
    let summary = rig.drive.stop().summary;
    assert!(asked.elapsed() < PATIENCE / 2, "{:?}", asked.elapsed());
    assert_eq!((summary.turns, summary.errors, summary.cut_at_end), (0, 0, 1));
}

/// Drives a server on the real clock until `enough` requests have ended.
fn drive(address: SocketAddr, enough: u64, change: impl FnOnce(&mut PlainGet)) -> TrafficSummary {
    let mut options = get(address);
    options.rate_per_s = 200.0;
    change(&mut options);
    support::drive(options.plan(), enough).summary
}

/// The one class in which all requests of a drive failed.
fn only_failure(summary: &TrafficSummary) -> (String, String) {
    let [failure] = summary.failures.as_slice() else { panic!("{:?}", summary.failures) };
    assert_eq!((failure.count, summary.turns), (summary.errors, summary.errors));
    (failure.class.clone(), failure.example.clone())
}

#[test]
fn a_server_that_is_down_gives_failed_requests_without_latency_and_the_run_goes_on() {
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let summary = drive(gone, 3, |_| {});
    let (class, example) = only_failure(&summary);
    assert_eq!(class, "connect refused", "{example}");
    assert_eq!(summary.latency, None);
}

#[test]
fn an_error_status_is_a_failure_of_its_own_class_and_a_redirect_is_none() {
    let address = serve(|_, stream| write(stream, "HTTP/1.1 503 Down\r\ncontent-length: 0\r\n\r\n", Then::Keep));
    let summary = drive(address, 3, |_| {});
    assert_eq!(only_failure(&summary), ("status 503".to_owned(), "503 Service Unavailable".to_owned()));
    assert!(summary.latency.is_some());

    // The port 9 (discard) of another host: following would show as an error.
    let moved = "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.2:9/\r\ncontent-length: 0\r\n\r\n";
    let summary = drive(serve(move |_, stream| write(stream, moved, Then::Keep)), 3, |_| {});
    assert_eq!((summary.errors, summary.redirects), (0, summary.turns));
}

#[test]
fn a_body_without_end_is_cut_by_the_timeout_and_took_at_least_that_long() {
    let address = serve(|_, stream| {
        write(stream, "HTTP/1.1 200 OK\r\n\r\n", Then::Keep);
        while stream.write_all(&[0; 8192]).is_ok() {}
        Then::Close
    });
    let timeout = Duration::from_millis(100);
    let summary = drive(address, 2, |get| (get.timeout, get.users) = (timeout, 1));
    assert_eq!(only_failure(&summary).0, "timeout");
    assert!(summary.latency.unwrap().p50_us >= 100_000);
}

#[test]
fn a_connection_that_ends_early_and_an_answer_that_is_not_http_are_told_apart() {
    for cut in ["", "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf"] {
        let summary = drive(serve(move |_, stream| write(stream, cut, Then::Close)), 2, |_| {});
        let (class, example) = only_failure(&summary);
        assert_eq!(class, "connection lost", "{cut:?}: {example}");
    }
    let summary = drive(serve(|_, stream| write(stream, "SSH-2.0-OpenSSH\r\n\r\n", Then::Close)), 2, |_| {});
    let (class, example) = only_failure(&summary);
    assert_eq!(class, "not HTTP", "{example}");
}

#[test]
fn no_secret_of_the_address_reaches_an_example() {
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://ann:s3cret@{gone}/s3cret?token=s3cret#s3cret");
    let summary = drive(gone, 1, |get| get.url = url.parse().unwrap());
    assert!(!format!("{summary:?}").contains("s3cret"), "{summary:?}");
}
