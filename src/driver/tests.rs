//! The driver against small servers, on a clock that the test moves: so schedules and latencies are exact, however busy
//! the machine is.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::BorrowedFd;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::thread::TickSink;
use super::{Driver, DriverSummary, FailureClass, PlainGet, start};
use crate::clock::{Clock, RealClock, Wake};
use crate::domain::{Elapsed, TrafficTick};

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi";
/// No test waits this long unless it fails.
const PATIENCE: Duration = Duration::from_secs(30);

/// A clock that moves only when the test says so; who waits on it really waits.
#[derive(Default)]
struct SteppedClock {
    now: Mutex<Duration>,
    moved: Condvar,
}

impl SteppedClock {
    fn advance(&self, by: Duration) {
        *self.now.lock().unwrap() += by;
        self.moved.notify_all();
    }
}

impl Clock for SteppedClock {
    fn now(&self) -> Elapsed {
        Elapsed::new(*self.now.lock().unwrap())
    }

    fn wait_until(&self, due: Elapsed, watched: &[BorrowedFd<'_>]) -> Wake {
        let mut polled: Vec<_> = watched.iter().map(|fd| PollFd::from_borrowed_fd(*fd, PollFlags::IN)).collect();
        let mut now = self.now.lock().unwrap();
        loop {
            if poll(&mut polled, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })).unwrap() > 0 {
                return Wake::Ready(0);
            }
            if *now >= due.since_start() {
                return Wake::Due;
            }
            now = self.moved.wait_timeout(now, Duration::from_millis(2)).unwrap().0;
        }
    }
}

/// What a server of these tests does with the connection after an answer.
#[derive(Clone, Copy, PartialEq)]
enum Then {
    Keep,
    Close,
}

/// A server that answers each request with what `answer` writes.
fn serve(answer: impl Fn(&mut TcpStream) -> Then + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let answer = Arc::new(answer);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let answer = Arc::clone(&answer);
            thread::spawn(move || {
                let mut stream = stream.unwrap();
                let lines = BufReader::new(stream.try_clone().unwrap()).lines();
                for line in lines.map_while(Result::ok) {
                    if line.is_empty() && answer(&mut stream) == Then::Close {
                        return;
                    }
                }
            });
        }
    });
    address
}

fn write(stream: &mut TcpStream, text: &str, then: Then) -> Then {
    stream.write_all(text.as_bytes()).map_or(Then::Close, |()| then)
}

fn get(address: SocketAddr) -> PlainGet {
    PlainGet { url: format!("http://{address}/").parse().unwrap(), rate_per_s: 10.0, users: 2, timeout: PATIENCE }
}

fn ticks() -> (TickSink, Receiver<TrafficTick>) {
    let (sender, receiver) = channel();
    (Box::new(move |tick| sender.send(tick).unwrap()), receiver)
}

/// A driver on a stepped clock, with one message per request that reaches the server and one answer per permit.
struct Rig {
    clock: Arc<SteppedClock>,
    driver: Driver,
    ticks: Receiver<TrafficTick>,
    arrived: Receiver<()>,
    permits: Sender<()>,
}

impl Rig {
    fn gated(change: impl FnOnce(&mut PlainGet)) -> Self {
        let (arrival, arrived) = channel();
        let (permits, gate) = channel::<()>();
        let (arrival, gate) = (Mutex::new(arrival), Mutex::new(gate));
        let address = serve(move |stream| {
            arrival.lock().unwrap().send(()).unwrap();
            match gate.lock().unwrap().recv() {
                Ok(()) => write(stream, OK, Then::Keep),
                Err(_) => Then::Close,
            }
        });
        let clock = Arc::new(SteppedClock::default());
        let mut options = get(address);
        change(&mut options);
        let (sink, ticks) = ticks();
        let driver = start(options, Arc::clone(&clock) as Arc<dyn Clock>, sink).unwrap();
        Self { clock, driver, ticks, arrived, permits }
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
    fn next_tick(&self, wanted: impl Fn(&TrafficTick) -> bool) -> TrafficTick {
        let patience = Instant::now() + PATIENCE;
        while Instant::now() < patience {
            match self.ticks.recv_timeout(PATIENCE).unwrap() {
                tick if wanted(&tick) => return tick,
                _ => self.advance(1.0),
            }
        }
        panic!("no such tick");
    }
}

#[test]
fn as_many_requests_are_sent_as_fell_due_and_not_one_more() {
    let rig = Rig::gated(|get| get.users = 50);
    rig.wait_for_requests(1);
    // At 10/s, requests 1 to 20 fall due in the next two seconds, the last of them exactly then.
    rig.advance(2.0);
    rig.wait_for_requests(20);
    for _ in 0..21 {
        rig.permits.send(()).unwrap();
    }
    let tick = rig.ticks.recv_timeout(PATIENCE).unwrap();
    assert_eq!(tick.turns + tick.in_flight + tick.waiting, 21);
    drop(rig.permits);
    let summary = rig.driver.stop();
    assert_eq!((summary.turns, summary.errors, summary.waiting_at_end, summary.cut_at_end), (21, 0, 0, 0));
    assert!(rig.arrived.try_recv().is_err(), "a request too many");
}

#[test]
fn latency_counts_from_the_moment_a_request_was_due() {
    let rig = Rig::gated(|get| get.users = 1);
    rig.wait_for_requests(1);
    // The server holds its only user for 1 s, during which requests 1 to 10 fall due.
    rig.advance(1.0);
    assert_eq!(rig.ticks.recv_timeout(PATIENCE).unwrap().waiting, 10);
    for _ in 0..11 {
        rig.permits.send(()).unwrap();
    }
    rig.wait_for_requests(10);
    drop(rig.permits);
    let summary = rig.driver.stop();
    let latency = summary.latency.unwrap();
    // They took 1000, 900, ... 0 ms, although the server answered all but the first at once.
    assert_eq!(summary.turns, 11);
    assert_eq!(latency.max, Duration::from_secs(1));
    assert_eq!(summary.mean_latency, Some(Duration::from_millis(500)));
    assert!(latency.p50.abs_diff(Duration::from_millis(500)) <= Duration::from_millis(1), "{latency:?}");
    assert_eq!(summary.max_lag, Duration::from_millis(900));
}

#[test]
fn behind_a_server_that_hangs_the_backlog_is_counted_not_kept_nor_dropped() {
    let rig = Rig::gated(|get| (get.users, get.rate_per_s) = (3, 50_000.0));
    rig.wait_for_requests(1);
    rig.advance(3600.0);
    rig.wait_for_requests(2);
    let tick = rig.next_tick(|tick| tick.in_flight == 3);
    assert_eq!((tick.turns, tick.latency), (0, None));
    assert!(tick.waiting >= 180_000_001 - 3, "{tick:?}");
    let summary = rig.driver.stop();
    assert_eq!((summary.cut_at_end, summary.turns), (3, 0));
    assert!(summary.waiting_at_end >= 180_000_001 - 3, "{summary:?}");
}

#[test]
fn every_second_has_its_tick_and_the_end_has_one_too() {
    let rig = Rig::gated(|get| get.users = 1);
    for second in 1..=3 {
        rig.advance(1.0);
        assert_eq!(rig.ticks.recv_timeout(PATIENCE).unwrap().at, Elapsed::from_secs_f64(f64::from(second)));
    }
    rig.advance(0.25);
    drop(rig.permits);
    rig.driver.stop();
    assert_eq!(rig.ticks.recv_timeout(PATIENCE).unwrap().at, Elapsed::from_secs_f64(3.25));
    assert!(rig.ticks.recv().is_err(), "a tick after the last");
}

#[test]
fn stopping_does_not_wait_for_a_server_that_never_answers() {
    let rig = Rig::gated(|_| {});
    rig.wait_for_requests(1);
    let asked = Instant::now();
    let summary = rig.driver.stop();
    assert!(asked.elapsed() < PATIENCE / 2, "{:?}", asked.elapsed());
    assert_eq!((summary.turns, summary.errors, summary.cut_at_end), (0, 0, 1));
}

/// Drives a server on the real clock until `enough` requests have ended.
fn drive(address: SocketAddr, enough: u64, change: impl FnOnce(&mut PlainGet)) -> DriverSummary {
    let mut options = get(address);
    options.rate_per_s = 200.0;
    change(&mut options);
    let (sink, ticks) = ticks();
    let driver = start(options, Arc::new(RealClock::start()), sink).unwrap();
    while ticks.recv_timeout(PATIENCE).unwrap().turns < enough {}
    driver.stop()
}

/// The one class in which all requests of a drive failed.
fn only_failure(summary: &DriverSummary) -> (FailureClass, String) {
    let [failure] = summary.error_classes.as_slice() else { panic!("{:?}", summary.error_classes) };
    assert_eq!((failure.count, summary.turns), (summary.errors, summary.errors));
    (failure.class, failure.example.clone())
}

#[test]
fn a_server_that_is_down_gives_failed_requests_without_latency_and_the_run_goes_on() {
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let summary = drive(gone, 3, |_| {});
    let (class, example) = only_failure(&summary);
    assert_eq!(class, FailureClass::ConnectRefused, "{example}");
    assert_eq!((summary.latency, summary.mean_latency), (None, None));
}

#[test]
fn an_error_status_is_a_failure_of_its_own_class_and_a_redirect_is_none() {
    let address = serve(|stream| write(stream, "HTTP/1.1 503 Down\r\ncontent-length: 0\r\n\r\n", Then::Keep));
    let summary = drive(address, 3, |_| {});
    assert_eq!(only_failure(&summary), (FailureClass::Status(503), "503 Service Unavailable".to_owned()));
    assert!(summary.latency.is_some());

    // The port 9 (discard) of another host: following would show as an error.
    let moved = "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.2:9/\r\ncontent-length: 0\r\n\r\n";
    let summary = drive(serve(move |stream| write(stream, moved, Then::Keep)), 3, |_| {});
    assert_eq!((summary.errors, summary.redirects), (0, summary.turns));
}

#[test]
fn a_body_without_end_is_cut_by_the_timeout_and_took_at_least_that_long() {
    let address = serve(|stream| {
        write(stream, "HTTP/1.1 200 OK\r\n\r\n", Then::Keep);
        while stream.write_all(&[0; 8192]).is_ok() {}
        Then::Close
    });
    let timeout = Duration::from_millis(100);
    let summary = drive(address, 2, |get| (get.timeout, get.users) = (timeout, 1));
    assert_eq!(only_failure(&summary).0, FailureClass::Timeout);
    assert!(summary.latency.unwrap().p50 >= timeout);
}

#[test]
fn a_connection_that_ends_early_and_an_answer_that_is_not_http_are_told_apart() {
    for cut in ["", "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf"] {
        let summary = drive(serve(move |stream| write(stream, cut, Then::Close)), 2, |_| {});
        let (class, example) = only_failure(&summary);
        assert_eq!(class, FailureClass::ConnectionLost, "{cut:?}: {example}");
    }
    let summary = drive(serve(|stream| write(stream, "SSH-2.0-OpenSSH\r\n\r\n", Then::Close)), 2, |_| {});
    let (class, example) = only_failure(&summary);
    assert_eq!(class, FailureClass::Protocol, "{example}");
}

#[test]
fn no_secret_of_the_address_reaches_an_example() {
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://ann:s3cret@{gone}/s3cret?token=s3cret#s3cret");
    let summary = drive(gone, 1, |get| get.url = url.parse().unwrap());
    assert!(!format!("{summary:?}").contains("s3cret"), "{summary:?}");
}
