//! What a request costs the client, against the least that it could cost: `cargo bench --bench traffic`.
//!
//! A closed loop of 50 connections against a server in a process of its own that answers 200 bytes. Every client is a
//! process too (this program again, or `wrk` and `oha` where they are on the path or named by `SOAK_BENCH_WRK` and
//! `SOAK_BENCH_OHA`), and its CPU time is the kernel's account of the whole process. The clients run in turn, round by round,
//! and the best round of each counts, so that the ratios hold on a busy machine. Memory is weighed at the end: idle
//! connections, the driver by itself, and a whole soak with its sampler, its record and its live figures.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench prints, and stops where its stage cannot be set"
)]

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use hyper::Method;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
use soak::clock::RealClock;
use soak::domain::TrafficTick;
use soak::domain::traffic::TrafficSummary;
use soak::driver::link::{Dialler, Endpoint, Exchange, Link, Outgoing, Reading};
use soak::driver::{self, PlainGet, Plan, Seen};
use soak::profile::{HttpVersion, Keep, Load, Think};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinSet, LocalSet, spawn_local};

const CONNECTIONS: usize = 50;
const REQUESTS: usize = 100_000;
const ROUNDS: usize = 5;
const IDLE_LINKS: usize = 500;
/// Turns per second of the open model, and for how long.
const OPEN_RATE: f64 = 200.0;
const OPEN_S: f64 = 10.0;
/// 200 per second for two hours.
const NIGHT: u64 = 1_440_000;
/// How long a whole soak goes on before it is weighed, in ticks of a second.
const SOAKED_TICKS: usize = 60;
/// What it may hold.
const HELD_MIB: f64 = 20.0;
/// What the client may cost at most, as a multiple of others beside it.
const OVER_OHA: f64 = 1.0;
const OVER_WRK: f64 = 2.0;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["serve"] => on_one_thread(serve()),
        ["bare", address] => on_one_thread(closed_loop(address, bare)),
        ["link", address] => on_one_thread(closed_loop(address, link)),
        ["driver", address] => loop_driver(address),
        ["open", address] => open_driver(address),
        ["crowd", address] => crowd(address),
        ["long", address] => long(address),
        ["idle", address, links] => on_one_thread(idle(address, links.parse().unwrap())),
        _ => measure(),
    }
}

fn on_one_thread<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    LocalSet::new().block_on(&runtime, work)
}

/// Answers every request alike, as cheaply as it goes.
async fn serve() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap());
    let answer: &[u8] =
        format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 200\r\n\r\n{}", "x".repeat(200))
            .leak()
            .as_bytes();
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        spawn_local(async move {
            let mut request = vec![0; 4096];
            let mut filled = 0;
            while let Ok(read @ 1..) = stream.read(&mut request[filled..]).await {
                filled += read;
                if request[..filled].ends_with(b"\r\n\r\n") {
                    filled = 0;
                    if stream.write_all(answer).await.is_err() {
                        return;
                    }
                }
            }
        });
    }
}

/// As many users as there are connections, each sending its share of the requests one after the other.
async fn closed_loop<F: Future<Output = ()> + 'static>(address: &str, user: impl Fn(String, usize) -> F) {
    let mut users = JoinSet::new();
    for _ in 0..CONNECTIONS {
        users.spawn_local(user(address.to_owned(), REQUESTS / CONNECTIONS));
    }
    while let Some(user) = users.join_next().await {
        user.unwrap();
    }
}

/// The least that a client can do: write the same bytes, read, find the end.
async fn bare(address: String, requests: usize) {
    let mut stream = TcpStream::connect(&address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let request =
        format!("GET /turn HTTP/1.1\r\nhost: {address}\r\nuser-agent: soak/{}\r\n\r\n", env!("CARGO_PKG_VERSION"));
    let mut buffer = vec![0; 8192];
    for _ in 0..requests {
        stream.write_all(request.as_bytes()).await.unwrap();
        let (mut filled, mut whole) = (0, usize::MAX);
        while filled < whole {
            let read = stream.read(&mut buffer[filled..]).await.unwrap();
            assert_ne!(read, 0, "the server is gone");
            filled += read;
            let mut headers = [httparse::EMPTY_HEADER; 16];
            let mut answer = httparse::Response::new(&mut headers);
            if let httparse::Status::Complete(head) = answer.parse(&buffer[..filled]).unwrap() {
                let length = answer.headers.iter().find(|header| header.name == "content-length").unwrap();
                whole = head + str::from_utf8(length.value).unwrap().parse::<usize>().unwrap();
            }
        }
    }
}

/// soak's own connection.
async fn link(address: String, requests: usize) {
    let (mut link, clock) = (new_link(&address), RealClock::start());
    let request = Outgoing::new(Method::GET, link.endpoint().target("/turn").unwrap());
    let reading = Reading::whole(Duration::from_secs(10));
    let mut seen = Exchange::default();
    for _ in 0..requests {
        link.exchange(request.clone(), &reading, &clock, &mut seen).await.unwrap();
        assert_eq!(seen.body_bytes, 200);
    }
}

fn new_link(address: &str) -> Link {
    let endpoint = Endpoint::new(&format!("http://{address}"), None).unwrap();
    let dialler = Dialler::new(&endpoint, HttpVersion::Http1, None).unwrap();
    Link::new(Arc::new(endpoint), Arc::new(dialler), Keep::Alive)
}

/// Opens connections, uses each once, lets it rest as a user who pauses does, and says how much memory the process holds then.
async fn idle(address: &str, links: usize) {
    let clock = RealClock::start();
    let mut seen = Exchange::default();
    let mut open = Vec::new();
    for _ in 0..links {
        let mut link = new_link(address);
        let request = Outgoing::new(Method::GET, link.endpoint().target("/turn").unwrap());
        link.exchange(request, &Reading::whole(Duration::from_secs(10)), &clock, &mut seen).await.unwrap();
        link.rest();
        open.push(link);
    }
    println!("{}", resident());
    drop(open);
}

/// Resident bytes of this process.
fn resident() -> usize {
    resident_of("self")
}

fn resident_of(process: &str) -> usize {
    let statm = fs::read_to_string(format!("/proc/{process}/statm")).unwrap();
    let pages: usize = statm.split(' ').nth(1).unwrap().parse().unwrap();
    pages * rustix::param::page_size()
}

/// Runs the whole driver until a tick will do.
fn drive(plan: Plan, mut enough: impl FnMut(&TrafficTick) -> bool) -> TrafficSummary {
    let (sender, seen) = channel();
    let sink = Box::new(move |seen| drop(sender.send(seen)));
    let driver = driver::start(plan, Arc::new(RealClock::start()), sink).unwrap();
    loop {
        if let Seen::Tick(tick) = seen.recv().unwrap()
            && enough(&tick)
        {
            let summary = driver.stop();
            assert_eq!(summary.errors, 0, "{summary:?}");
            return summary;
        }
    }
}

fn open_plan(address: &str, rate_per_s: f64) -> Plan {
    let url = format!("http://{address}/turn").parse().unwrap();
    PlainGet { url, rate_per_s, users: 50, timeout: Duration::from_secs(10) }.plan()
}

/// So many users, each doing turn after turn.
fn closed_plan(address: &str, users: usize) -> Plan {
    let mut plan = open_plan(address, users as f64);
    plan.scenario.load = Load::Closed;
    plan
}

/// The whole driver in a closed loop; prints how many requests it sent.
fn loop_driver(address: &str) {
    let enough = |tick: &TrafficTick| tick.requests as usize >= REQUESTS;
    println!("{}", drive(closed_plan(address, CONNECTIONS), enough).requests);
}

/// The whole driver at a steady rate.
fn open_driver(address: &str) {
    drive(open_plan(address, OPEN_RATE), |tick| tick.at.as_secs_f64() >= OPEN_S);
}

/// Many users with pauses; prints what the process holds.
fn crowd(address: &str) {
    let mut plan = closed_plan(address, IDLE_LINKS);
    plan.profile.classes[0].think = Think::Fixed(Duration::from_secs(1));
    let mut held = 0;
    drive(plan, |tick| {
        held = resident();
        tick.at.as_secs_f64() >= OPEN_S
    });
    println!("{held}");
}

/// What a whole soak holds, as it is started from the command line, once the crowd has been there for a minute.
fn soak(server: &Server) -> usize {
    let folder = tempfile::tempdir().unwrap();
    let profile = folder.path().join("crowd.toml");
    let users = format!("think = \"1s\"\nget = \"/turn\"\n[scenario.crowd]\nusers = {IDLE_LINKS}\nduration = \"5m\"\n");
    fs::write(&profile, users).unwrap();
    let mut soak = Command::new(env!("CARGO_BIN_EXE_soak"))
        .args(["--pid", &server.child.id().to_string(), "--url", &format!("http://{}", server.address)])
        .args(["--scenario", "crowd", "--ramp-up", "0s", "--profile"])
        .arg(&profile)
        .current_dir(folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // The run's folder is there before the first tick, and ticks come once a second.
    let ticks = || {
        let run = fs::read_dir(folder.path().join("output")).ok()?.next()?.unwrap().path();
        Some(fs::read_to_string(run.join("record.jsonl")).ok()?.matches(r#""kind":"traffic""#).count())
    };
    while ticks().unwrap_or(0) < SOAKED_TICKS {
        assert_eq!(soak.try_wait().unwrap(), None, "soak ended early");
        std::thread::sleep(Duration::from_millis(200));
    }
    let held = resident_of(&soak.id().to_string());
    kill_process(Pid::from_child(&soak), Signal::INT).unwrap();
    soak.wait().unwrap();
    held
}

/// A night's worth of requests; prints what the process holds after a seventh of them and at the end.
fn long(address: &str) {
    let (mut early, mut late) = (None, 0);
    drive(closed_plan(address, CONNECTIONS), |tick| {
        late = resident();
        if tick.requests >= NIGHT / 7 {
            early.get_or_insert(late);
        }
        tick.requests >= NIGHT
    });
    println!("{} {late}", early.unwrap());
}

/// A process of this program in another role.
fn role(words: &[&str]) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(words).stdout(Stdio::piped());
    command
}

/// What a finished client cost.
struct Cost {
    /// CPU time, user and system, in microseconds per request.
    cpu_us: f64,
    /// What it printed.
    output: String,
}

/// Runs a client to its end. The kernel still has a finished process's times until it is waited for.
fn run(mut client: Command, requests: impl Fn(&str) -> f64) -> Cost {
    let mut child = client.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut output = String::new();
    child.stdout.take().unwrap().read_to_string(&mut output).unwrap();
    let pid = Pid::from_child(&child);
    waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT).unwrap();
    let stat = fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap();
    assert!(child.wait().unwrap().success(), "a client failed");
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    // utime and stime, counted from the field behind the name.
    let ticks: f64 = [11, 12].iter().map(|&field| fields[field].parse::<f64>().unwrap()).sum();
    let cpu_us = ticks / rustix::param::clock_ticks_per_second() as f64 * 1e6 / requests(&output);
    Cost { cpu_us, output }
}

fn wrk(url: &str) -> Option<Cost> {
    let mut wrk = installed("wrk")?;
    wrk.args(["-t1", "-c50", "-d3s", url]);
    Some(run(wrk, |output| {
        let line = output.lines().find(|line| line.contains(" requests in ")).unwrap();
        line.split_whitespace().next().unwrap().parse().unwrap()
    }))
}

fn oha(url: &str) -> Option<Cost> {
    let mut oha = installed("oha")?;
    oha.args(["-n", &REQUESTS.to_string(), "-c", "50", "--no-tui", url]);
    Some(run(oha, |_| REQUESTS as f64))
}

/// The program where it is there: on the path, or where `SOAK_BENCH_WRK` or `SOAK_BENCH_OHA` says.
fn installed(program: &str) -> Option<Command> {
    let path = std::env::var_os(format!("SOAK_BENCH_{}", program.to_uppercase())).unwrap_or_else(|| program.into());
    let found = Command::new(&path).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    found.is_ok().then(|| Command::new(&path))
}

struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start() -> Self {
        let mut child = role(&["serve"]).spawn().unwrap();
        let mut address = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut address).unwrap();
        Self { child, address: address.trim().to_owned() }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn measure() {
    let server = Server::start();
    let (address, url) = (server.address.as_str(), format!("http://{}/turn", server.address));
    let ours = |name: &'static str| Some(run(role(&[name, address]), |_| REQUESTS as f64));
    let whole = || {
        let sent = |output: &str| output.trim().parse().unwrap();
        Some(run(role(&["driver", address]), sent))
    };
    let clients: [(&str, &dyn Fn() -> Option<Cost>); 5] = [
        ("bare tokio + httparse", &|| ours("bare")),
        ("soak's link", &|| ours("link")),
        ("wrk", &|| wrk(&url)),
        ("oha", &|| oha(&url)),
        ("soak's whole driver", &whole),
    ];
    let mut best = [f64::INFINITY; 5];
    for _ in 0..ROUNDS {
        for (best, (_, client)) in best.iter_mut().zip(&clients) {
            *best = best.min(client().map_or(f64::INFINITY, |cost| cost.cpu_us));
        }
    }
    println!("client CPU per request, closed loop, {CONNECTIONS} connections, 200 bytes; best of {ROUNDS} rounds");
    for ((name, _), cpu_us) in clients.iter().zip(best) {
        if cpu_us.is_finite() {
            println!("  {name:<22} {cpu_us:6.2} us   {:5.2} x bare", cpu_us / best[0]);
        } else {
            println!("  {name:<22} not installed: skipped");
        }
    }
    for (name, cpu_us, bound) in [("wrk", best[2], OVER_WRK), ("oha", best[3], OVER_OHA)] {
        if cpu_us.is_finite() {
            for (ours, cost) in [("link", best[1]), ("driver", best[4])] {
                let ratio = cost / cpu_us;
                let verdict = if ratio <= bound { "within" } else { "ABOVE" };
                println!("  {ours} over {name}: {ratio:.2} ({verdict} {bound})");
            }
        }
    }
    let open = run(role(&["open", address]), |_| OPEN_RATE * OPEN_S);
    println!("{OPEN_RATE} turns/s in the open model: {:.2} % of a core", open.cpu_us * OPEN_RATE / 1e4);
    let mib = |bytes: &str| bytes.parse::<f64>().unwrap() / 1024.0 / 1024.0;
    let crowd = run(role(&["crowd", address]), |_| 1.0).output;
    println!("{IDLE_LINKS} users with pauses: {:.1} MiB resident", mib(crowd.trim()));
    let whole = soak(&server) as f64 / 1024.0 / 1024.0;
    let verdict = if whole < HELD_MIB { "within" } else { "ABOVE" };
    println!(
        "a whole soak with {IDLE_LINKS} users and as many turns/s: {whole:.1} MiB resident ({verdict} {HELD_MIB})"
    );
    let long = run(role(&["long", address]), |_| 1.0).output;
    let (early, late) = long.trim().split_once(' ').unwrap();
    println!("{} requests: {:.1} MiB, {NIGHT}: {:.1} MiB", NIGHT / 7, mib(early), mib(late));
    let resident =
        |links: usize| run(role(&["idle", address, &links.to_string()]), |_| 1.0).output.trim().parse::<f64>();
    let (none, many) = (resident(0).unwrap(), resident(IDLE_LINKS).unwrap());
    println!("an idle link holds {:.1} KiB ({IDLE_LINKS} of them)", (many - none) / IDLE_LINKS as f64 / 1024.0);
    std::io::stdout().flush().unwrap();
}
