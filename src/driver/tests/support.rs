//! Small servers, a clock that the test moves, and profiles made by hand.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::BorrowedFd;
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::super::pacer::Pacing;
use super::super::thread::start_paced;
use super::super::{Driver, FreeUser, GetUrl, Plan, Seen};
use crate::clock::{Clock, RealClock, Wake};
use crate::domain::run::Trend;
use crate::domain::traffic::{RequestLine, TrafficSummary};
use crate::domain::{Elapsed, TrafficTick, Window};
use crate::profile::{
    Arrivals, Body, Capture, Class, Connection, Cookies, Expect, Flow, HttpVersion, JsonTemplate, Keep, Load, Mix,
    Need, OnFailure, Piece, Profile, Ramp, Retry, Scenario, Setup, SetupFor, Stage, Step, Stream, Template, Tenant,
    Think,
};

pub(in crate::driver) const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi";
/// No test waits this long unless it fails.
pub(in crate::driver) const PATIENCE: Duration = Duration::from_secs(30);

/// A clock that moves only when the test says so; who waits on it really waits.
#[derive(Default)]
pub(in crate::driver) struct SteppedClock {
    now: Mutex<Duration>,
    moved: Condvar,
}

impl SteppedClock {
    pub(in crate::driver) fn advance(&self, by: Duration) {
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
                return Wake::Ready(polled.iter().position(|fd| !fd.revents().is_empty()).unwrap());
            }
            if *now >= due.since_start() {
                return Wake::Due;
            }
            now = match watched {
                [] => self.moved.wait(now).unwrap(),
                // Nobody says when a descriptor is readable.
                _ => self.moved.wait_timeout(now, Duration::from_millis(2)).unwrap().0,
            };
        }
    }
}

/// What a server of these tests does with the connection after an answer.
#[derive(Clone, Copy, PartialEq)]
pub(in crate::driver) enum Then {
    Keep,
    Close,
}

/// A request as a server of these tests gets it.
#[derive(Clone, Debug, Default)]
pub(in crate::driver) struct Request {
    pub(in crate::driver) line: String,
    pub(in crate::driver) headers: BTreeMap<String, String>,
    pub(in crate::driver) body: String,
    /// Which connection it came on.
    pub(in crate::driver) connection: usize,
}

impl Request {
    pub(in crate::driver) fn path(&self) -> &str {
        self.line.split(' ').nth(1).unwrap_or_default()
    }
}

/// A server that answers each request with what `answer` writes, a thread a connection.
pub(in crate::driver) fn serve(
    answer: impl Fn(&Request, &mut TcpStream) -> Then + Send + Sync + 'static,
) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let answer = Arc::new(answer);
    thread::spawn(move || {
        for (connection, stream) in listener.incoming().enumerate() {
            let (answer, mut stream) = (Arc::clone(&answer), stream.unwrap());
            stream.set_nodelay(true).unwrap();
            thread::spawn(move || {
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                while let Some(mut request) = read_request(&mut reader) {
                    request.connection = connection;
                    if answer(&request, &mut stream) == Then::Close {
                        return;
                    }
                }
            });
        }
    });
    address
}

pub(in crate::driver) fn read_request(reader: &mut impl BufRead) -> Option<Request> {
    let mut request = Request::default();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end();
        match (line.split_once(": "), line.is_empty()) {
            (_, true) => break,
            (Some((name, value)), _) if !request.line.is_empty() => {
                request.headers.insert(name.to_ascii_lowercase(), value.to_owned());
            }
            _ => line.clone_into(&mut request.line),
        }
    }
    let length = request.headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    request.body = String::from_utf8(body).unwrap();
    Some(request)
}

pub(in crate::driver) fn write(stream: &mut TcpStream, text: &str, then: Then) -> Then {
    stream.write_all(text.as_bytes()).map_or(Then::Close, |()| then)
}

/// Answers with JSON.
pub(in crate::driver) fn json(stream: &mut TcpStream, status: &str, body: &str) -> Then {
    let length = body.len();
    write(stream, &format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n{body}"), Then::Keep)
}

/// A template as the profile's reader makes it, for the forms that these tests need.
pub(in crate::driver) fn template(text: &str) -> Template {
    let mut pieces = Vec::new();
    for (index, part) in text.split("{{").enumerate() {
        let (name, rest) = part.split_once("}}").unwrap_or(("", part));
        if index > 0 {
            pieces.push(match name.strip_prefix("other.") {
                Some(other) => Piece::Other(other.into()),
                None => Piece::Variable(name.into()),
            });
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(rest.into()));
        }
    }
    Template { source: text.into(), pieces }
}

/// A step without anything special: `GET /path`.
pub(in crate::driver) fn step(request: &str) -> Step {
    let (method, url) = request.split_once(' ').unwrap();
    Step {
        name: request.into(),
        method: method.into(),
        url: template(url),
        headers: Vec::new(),
        body: Body::Empty,
        captures: Vec::new(),
        expect: Expect::default(),
        think: Think::None,
        repeat: 1,
        retry: Retry::default(),
        timeout: PATIENCE,
        stream: Stream::No,
        leave: None,
        on_failure: OnFailure::EndTurn,
        need: Need::Needed,
    }
}

/// A step that captures a value of the answer's JSON.
pub(in crate::driver) fn capturing(request: &str, name: &str, path: &str) -> Step {
    Step { captures: vec![(name.into(), Capture::Json(path.into()))], ..step(request) }
}

/// A step that sends JSON with these texts.
pub(in crate::driver) fn posting(request: &str, fields: &[(&str, &str)]) -> Step {
    let members = fields.iter().map(|(name, text)| ((*name).to_owned(), JsonTemplate::Text(template(text))));
    Step { body: Body::Json(JsonTemplate::Object(members.collect())), ..step(request) }
}

/// A profile as the reader makes it of a text; files are looked for from the repository's root.
pub(in crate::driver) fn read(text: &str) -> Profile {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    Profile::parse(text, "test", folder, &BTreeMap::<String, String>::new()).unwrap()
}

/// A profile of one class that does these steps.
pub(in crate::driver) fn profile(steps: Vec<Step>) -> Profile {
    Profile {
        name: "test".into(),
        about: String::new(),
        connection: Connection {
            url: None,
            headers: Vec::new(),
            http: HttpVersion::Http1,
            keep: Keep::Alive,
            cookies: Cookies::Kept,
            ca: None,
            unix_socket: None,
            timeout: PATIENCE,
        },
        variables: BTreeMap::new(),
        data: Vec::new(),
        tenants: Vec::new(),
        setup: Vec::new(),
        classes: vec![Class { name: "normal".into(), weight: 1.0, flow: "normal".into(), think: Think::None }],
        flows: vec![Flow { name: "normal".into(), steps }],
        scenarios: BTreeMap::new(),
        default_scenario: "test".into(),
        objectives: Vec::new(),
        budgets: Vec::new(),
        scrape: None,
        slow_after: None,
        warm_up: None,
        secrets: Vec::new(),
    }
}

pub(in crate::driver) fn tenants(names: &[&str]) -> Vec<Tenant> {
    names.iter().map(|name| Tenant { name: (*name).into(), variables: BTreeMap::new() }).collect()
}

pub(in crate::driver) fn setup(run: SetupFor, steps: Vec<Step>) -> Vec<Setup> {
    vec![Setup { run, steps }]
}

pub(in crate::driver) fn stage(name: &str, seconds: f64, target: f64, ramp: Ramp) -> Stage {
    Stage { name: name.into(), duration: Duration::from_secs_f64(seconds), target, ramp, trend: Trend::Counts }
}

/// A scenario of the closed model with so many users, for ever.
pub(in crate::driver) fn closed(users: u32) -> Scenario {
    Scenario {
        name: "test".into(),
        about: String::new(),
        class: None,
        budgets: None,
        mix: Mix::Even,
        load: Load::Closed,
        stages: vec![Stage { duration: super::super::FOR_EVER, ..stage("steady", 1.0, f64::from(users), Ramp::Jump) }],
    }
}

/// A scenario of the open model with so many turns per second, for ever.
pub(in crate::driver) fn open(rate: f64, in_flight: u32) -> Scenario {
    let mut scenario = closed(1);
    scenario.load = Load::Open { arrivals: Arrivals::Even, in_flight };
    scenario.stages[0].target = rate;
    scenario
}

pub(in crate::driver) fn plan(address: SocketAddr, profile: Profile, scenario: Scenario) -> Plan {
    Plan {
        profile,
        scenario,
        base: Some(format!("http://{address}").parse::<GetUrl>().unwrap()),
        seed: 1,
        wait_ready: Duration::ZERO,
        free_user: FreeUser::Latest,
    }
}

/// A driver and everything that it has seen.
pub(in crate::driver) struct Drive {
    pub(in crate::driver) driver: Driver,
    pacing: Arc<Pacing>,
    is_closed: bool,
    seen: Receiver<Seen>,
    pub(in crate::driver) kept: Vec<Seen>,
}

impl Drive {
    pub(in crate::driver) fn start(plan: Plan, clock: Arc<dyn Clock>) -> Self {
        let (sender, seen) = channel();
        // The test may have ended before the driver.
        let sink = Box::new(move |seen| drop(sender.send(seen)));
        let pacing = Arc::new(Pacing::new(clock.now()).unwrap());
        let is_closed = plan.scenario.load == Load::Closed;
        let driver = start_paced(plan, clock, Arc::clone(&pacing), sink).unwrap();
        Self { driver, pacing, is_closed, seen, kept: Vec::new() }
    }

    /// When something falls due next.
    pub(in crate::driver) fn next(&self) -> Elapsed {
        self.pacing.next()
    }

    /// Moves the clock on, and waits until everybody has done what has fallen due by then; as many requests as the server
    /// has `held` back have not ended.
    pub(in crate::driver) fn advance(&mut self, clock: &SteppedClock, by: Duration, held: impl Fn() -> u64) {
        clock.advance(by);
        let patience = Instant::now() + PATIENCE;
        // The pacing thread has woken whoever was due ...
        while self.pacing.next() <= clock.now() {
            assert!(Instant::now() < patience, "the pacing thread does not strike");
            thread::yield_now();
        }
        // ... every turn has somebody who does it, every request has been answered, and everybody has set down when to go on.
        loop {
            assert!(Instant::now() < patience, "somebody does not come to rest");
            self.pacing.tick.notify_one();
            let account = self.wait_for_tick(|_| true);
            let pauses = if self.is_closed { account.users as usize } else { 0 };
            // The pacing thread asks for accounts too, and one that was asked for before may come only now.
            let is_fresh = account.at == clock.now();
            let is_quiet = is_fresh && account.in_flight == held() && account.waiting == 0;
            // One of the alarms is the director's own.
            if is_quiet && self.pacing.alarms() > pauses {
                return;
            }
        }
    }

    pub(in crate::driver) fn real(plan: Plan) -> Self {
        Self::start(plan, Arc::new(RealClock::start()))
    }

    /// Waits for something to be seen.
    pub(in crate::driver) fn wait_for(&mut self, wanted: impl Fn(&Seen) -> bool) -> Seen {
        loop {
            let seen = self.seen.recv_timeout(PATIENCE).unwrap();
            self.kept.push(seen.clone());
            if wanted(&seen) {
                return seen;
            }
        }
    }

    pub(in crate::driver) fn wait_for_tick(&mut self, wanted: impl Fn(&TrafficTick) -> bool) -> TrafficTick {
        match self.wait_for(|seen| matches!(seen, Seen::Tick(tick) if wanted(tick))) {
            Seen::Tick(tick) => tick,
            _ => unreachable!(),
        }
    }

    /// Stops the driver and answers with everything.
    pub(in crate::driver) fn stop(mut self) -> Drove {
        let summary = self.driver.stop();
        self.kept.extend(self.seen.try_iter());
        Drove { summary, seen: self.kept }
    }
}

/// What a driver did.
#[derive(Debug)]
pub(in crate::driver) struct Drove {
    pub(in crate::driver) summary: TrafficSummary,
    pub(in crate::driver) seen: Vec<Seen>,
}

impl Drove {
    pub(in crate::driver) fn windows(&self) -> Vec<&Window> {
        self.seen.iter().filter_map(|seen| if let Seen::Window(window) = seen { Some(window) } else { None }).collect()
    }

    /// The notes, but for the one that the driver lagged, which a busy machine may well bring about.
    pub(in crate::driver) fn notes(&self) -> Vec<&str> {
        let texts =
            self.seen.iter().filter_map(|seen| if let Seen::Note(text) = seen { Some(text.as_str()) } else { None });
        texts.filter(|text| !text.starts_with("the driver lagged")).collect()
    }

    pub(in crate::driver) fn failed(&self) -> Vec<&RequestLine> {
        self.seen.iter().filter_map(|seen| if let Seen::Failed(line) = seen { Some(line) } else { None }).collect()
    }

    pub(in crate::driver) fn classes(&self) -> Vec<(&str, u64)> {
        self.summary.failures.iter().map(|tally| (tally.class.as_str(), tally.count)).collect()
    }
}

/// Drives a server on the real clock until `enough` turns have ended.
pub(in crate::driver) fn drive(plan: Plan, enough: u64) -> Drove {
    let mut drive = Drive::real(plan);
    drive.wait_for_tick(|tick| tick.turns >= enough);
    drive.stop()
}
