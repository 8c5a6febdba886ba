//! Traffic from end to end: the driver against a server that stalls, and whole runs whose record is read back.

#![expect(clippy::unwrap_used, reason = "what cannot be had here has failed the test")]

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, prlimit};
use soak::analysis::ErrorCeiling;
use soak::clock::{Clock, RealClock};
use soak::domain::Elapsed;
use soak::domain::run::{EventKind, RunEnd, Scope, Trend};
use soak::domain::traffic::Measure;
use soak::driver::{self, FreeUser, PlainGet, Plan, Seen};
use soak::profile::{Arrivals, Load, Ramp, Stage};
use soak::runner::{self, HeapTracing, RunOptions};
use soak::stats::latencies::Latencies;
use soak::store;
use soak::target::Selector;

const PATIENCE: Duration = Duration::from_mins(1);

/// A server that writes what `answer` gives, a thread a connection.
fn serve(answer: impl Fn() -> String + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let answer = Arc::new(answer);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let answer = Arc::clone(&answer);
            thread::spawn(move || talk(stream.unwrap(), &*answer));
        }
    });
    address
}

fn talk(mut stream: TcpStream, answer: &dyn Fn() -> String) {
    stream.set_nodelay(true).unwrap();
    for line in BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok) {
        if line.is_empty() && stream.write_all(answer().as_bytes()).is_err() {
            return;
        }
    }
}

fn status(status: &str) -> String {
    format!("HTTP/1.1 {status}\r\ncontent-length: 2\r\n\r\nhi")
}

fn plan(url: &str, rate_per_s: f64, users: u32) -> Plan {
    let plain = PlainGet { url: url.parse().unwrap(), rate_per_s, users, timeout: Duration::from_secs(10) };
    Plan { free_user: FreeUser::Latest, ..plain.plan() }
}

/// When a request of the stalling server's was read and when its answer had been written.
type Served = (Elapsed, Elapsed);

/// A server that answers nothing from second 5 to 6 of every ten, and writes down what it did to each request.
fn stalling(clock: Arc<RealClock>) -> (SocketAddr, Arc<Mutex<Vec<Served>>>) {
    let served: Arc<Mutex<Vec<Served>>> = Arc::default();
    let book = Arc::clone(&served);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let talk = move |mut stream: TcpStream| {
        stream.set_nodelay(true).unwrap();
        for line in BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok) {
            if !line.is_empty() {
                continue;
            }
            let read = clock.now();
            let second = read.as_secs_f64() % 10.0;
            if (5.0..6.0).contains(&second) {
                thread::sleep(Duration::from_secs_f64(6.0 - second));
            }
            if stream.write_all(status("200 OK").as_bytes()).is_err() {
                return;
            }
            book.lock().unwrap().push((read, clock.now()));
        }
    };
    thread::spawn(move || {
        for stream in listener.incoming() {
            let talk = talk.clone();
            thread::spawn(move || talk(stream.unwrap()));
        }
    });
    (address, served)
}

#[test]
fn a_server_that_stalls_for_a_second_in_ten_cannot_hide_it() {
    const RATE: f64 = 200.0;
    let clock = Arc::new(RealClock::start());
    let (address, served) = stalling(Arc::clone(&clock));
    let (sender, seen) = channel();
    let sink = Box::new(move |seen| drop(sender.send(seen)));
    let traffic = driver::start(plan(&format!("http://{address}/"), RATE, 400), clock, sink).unwrap();
    loop {
        match seen.recv_timeout(PATIENCE).unwrap() {
            Seen::Tick(tick) if tick.at.as_secs_f64() >= 20.0 => break,
            _ => {}
        }
    }
    let summary = traffic.stop();
    let latency = summary.latency.unwrap();
    assert_eq!((summary.errors, summary.waited), (0, 0));

    // The truth is the server's own: how long after it was due each request was answered. They were due evenly from a moment
    // on that none of them can have been read before.
    let served = std::mem::take(&mut *served.lock().unwrap());
    assert_eq!(served.len() as u64, summary.requests);
    let due = |number: usize| number as f64 / RATE;
    let mut read: Vec<f64> = served.iter().map(|(read, _)| read.as_secs_f64()).collect();
    read.sort_by(f64::total_cmp);
    let start = read.iter().enumerate().map(|(number, read)| read - due(number)).fold(f64::INFINITY, f64::min);
    let answered = |(_, answered): &Served| answered.as_secs_f64() - start;
    let waits: f64 = served.iter().map(answered).sum::<f64>() - (0..served.len()).map(due).sum::<f64>();
    let true_mean_ms = waits / served.len() as f64 * 1e3;
    let near = |seen_us: u64, true_ms: f64| (seen_us as f64 / 1e3 / true_ms - 1.0).abs() < 0.05;
    // Half of 1000 ms for a tenth of the requests, and what a busy machine adds.
    assert!(true_mean_ms > 49.0, "{true_mean_ms}");
    assert!(near(latency.mean_us, true_mean_ms), "{true_mean_ms}: {summary:?}");
    // A tenth of the requests wait from 1000 ms down to nothing, evenly.
    assert!(near(latency.p95_us, 500.0) && near(latency.p99_us, 900.0), "{summary:?}");
}

fn options(output: &Path, traffic: Plan) -> RunOptions {
    RunOptions {
        fail_on: Vec::new(),
        objectives: Vec::new(),
        scrape: None,
        selector: Selector::Pid(std::process::id()),
        scope: Scope::Process,
        interval: Duration::from_millis(100),
        duration: None,
        warm_up: None,
        budget: 0.001,
        ceilings: Vec::new(),
        error_ceilings: Vec::new(),
        heap: HeapTracing::Never,
        traffic: Some(traffic),
        label: None,
        output: output.to_owned(),
    }
}

fn record(options: &RunOptions) -> std::path::PathBuf {
    let (stop, _never) = rustix::pipe::pipe().unwrap();
    runner::record(options, stop.as_fd(), &mut |_| {}).unwrap()
}

#[test]
fn a_run_lasts_as_long_as_its_scenario_and_its_record_tells_of_every_phase() {
    let output = tempfile::tempdir().unwrap();
    let address = serve(|| status("200 OK"));
    let mut plan = plan(&format!("http://{address}/"), 50.0, 20);
    let stage = |name: &str, target, ramp| {
        let duration = Duration::from_millis(1500);
        Stage { name: name.into(), duration, target, ramp, trend: Trend::Counts }
    };
    plan.scenario.load = Load::Open { arrivals: Arrivals::Poisson, in_flight: 20 };
    plan.scenario.stages = vec![stage("ramp up", 50.0, Ramp::Linear), stage("steady", 50.0, Ramp::Jump)];
    let run = store::read(&record(&options(output.path(), plan))).unwrap();

    assert_eq!(run.end(), Some(&RunEnd::Complete));
    let conditions = run.header.conditions.traffic.as_ref().unwrap();
    assert_eq!((conditions.model.as_deref(), conditions.users), (Some("open, poisson arrivals"), 20));
    assert_eq!(run.header.conditions.duration_s, Some(3.0));
    let phases: Vec<_> = run.phases().into_iter().map(|phase| phase.name).collect();
    assert_eq!(phases, ["ramp up", "steady"]);
    let summary = run.traffic_summary().unwrap();
    let steps = || run.windows.iter().filter(|window| window.step.is_some());
    assert_eq!(steps().map(|window| window.requests).sum::<u64>(), summary.requests);
    assert_eq!(summary.requests, summary.turns);
    // A ramp to 50/s in 1.5 s is 37.5 turns on average, and as long at 50/s is 75.
    for (phase, least, most) in [("ramp up", 15, 65), ("steady", 40, 130)] {
        let requests: u64 = steps().filter(|window| window.phase == phase).map(|window| window.requests).sum();
        assert!((least..=most).contains(&requests), "{phase}: {requests}");
    }
    let mut merged = Latencies::new().unwrap();
    for window in steps() {
        merged.merge(&Latencies::decode(&window.latencies[&Measure::Response]).unwrap());
    }
    let p50 = merged.quantile(0.5).unwrap().as_micros() as f64;
    assert!((p50 / summary.latency.unwrap().p50_us as f64 - 1.0).abs() < 0.002);
}

#[test]
fn too_many_errors_end_the_run_and_no_secret_is_in_any_file() {
    let output = tempfile::tempdir().unwrap();
    let address = serve(|| status("500 no t0ken-s3cret here"));
    let plan = plan(&format!("http://ann:pa55word@{address}/notes?token=t0ken-s3cret&page=2"), 50.0, 4);
    let mut options = options(output.path(), plan);
    options.error_ceilings = vec![ErrorCeiling::parse("errors > 50% for 1s").unwrap()];
    let folder = record(&options);
    let run = store::read(&folder).unwrap();
    let Some(RunEnd::CeilingCrossed { crossing }) = run.end() else { panic!("{:?}", run.end()) };
    assert!(crossing.contains("requests failed within 1s: 100 %, over the ceiling of 50 %"), "{crossing}");
    let failed = fs::read_to_string(folder.join(store::FAILED_REQUESTS_FILE)).unwrap();
    assert!(failed.contains("GET /notes?token=***&page=***") && failed.contains("status 500"), "{failed}");
    let mut files = 0;
    for file in fs::read_dir(&folder).unwrap() {
        let text = fs::read_to_string(file.unwrap().path()).unwrap();
        assert!(!text.contains("pa55word") && !text.contains("t0ken"), "{text}");
        files += 1;
    }
    assert_eq!(files, 2);
}

#[test]
fn an_objective_that_names_what_will_not_be_there_is_refused_before_anything_starts() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("output");
    for (scenario, objective, said) in [
        ("smoke", "p95 < 1s for smal audit", "there is no step `smal audit`; did you mean `small audit`?"),
        ("smoke", "p95 < 1s for class nomal", "there is no class `nomal`; did you mean `normal`?"),
        ("smoke", "p95 < 1s in smkoe", "there is no phase `smkoe`; did you mean `smoke`?"),
        ("smoke", "rsss < 1 GiB", "there is no metric `rsss`; did you mean `rss`?"),
        // Only one class takes part, and this step is another's.
        ("heavy", "p95 < 1s for small audit", "there is no step `small audit`; there are `large audit`"),
    ] {
        let refused = Command::new(env!("CARGO_BIN_EXE_soak"))
            .args(["--pid", &std::process::id().to_string(), "--url", "http://127.0.0.1:9", "--profile", "auditor"])
            .args(["--scenario", scenario, "--objective", objective, "--output"])
            .arg(&output)
            .output()
            .unwrap();
        let message = String::from_utf8(refused.stderr).unwrap();
        assert_eq!(refused.status.code(), Some(2), "{message}");
        assert!(message.contains(&format!("--objective '{objective}': {said}")), "{message}");
    }
    assert!(!output.exists());
}

#[test]
fn a_killed_soak_leaves_windows_that_can_be_read() {
    let output = tempfile::tempdir().unwrap();
    let address = serve(|| status("200 OK"));
    let mut soak = Command::new(env!("CARGO_BIN_EXE_soak"))
        .args(["--pid", &std::process::id().to_string(), "--url", &format!("http://{address}/"), "--output"])
        .arg(output.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let patience = Instant::now() + PATIENCE;
    let folder = loop {
        let folder = fs::read_dir(output.path()).unwrap().next().map(|entry| entry.unwrap().path());
        let record = folder.as_ref().and_then(|folder| fs::read_to_string(folder.join(store::RECORD_FILE)).ok());
        if record.is_some_and(|record| record.matches(r#"{"kind":"window""#).count() >= 2) {
            break folder.unwrap();
        }
        assert!(Instant::now() < patience, "no window was written");
        thread::sleep(Duration::from_millis(100));
    };
    soak.kill().unwrap();
    soak.wait().unwrap();
    let run = store::read(&folder).unwrap();
    assert_eq!((run.end(), run.traffic_summary()), (None, None));
    let turns: u64 = run.windows.iter().filter(|window| window.step.is_none()).map(|window| window.requests).sum();
    let ticked = run.traffic.iter().find(|tick| tick.at.as_secs_f64() >= run.windows[0].to_s - 0.5).unwrap().turns;
    assert!(turns > 100 && turns.abs_diff(ticked) <= 25, "{turns} {ticked}");
    let notes = run.events.iter().filter(|event| matches!(event.kind, EventKind::Ended { .. })).count();
    assert_eq!(notes, 0);
}

/// Waits until a line with `part` has come, and keeps all that came.
fn until(part: &str, lines: &Receiver<String>, kept: &mut Vec<String>) {
    while !kept.last().is_some_and(|line| line.contains(part)) {
        let line = lines.recv_timeout(PATIENCE).ok();
        assert!(line.is_some(), "no {part:?} in {kept:?}");
        kept.extend(line);
    }
}

#[test]
fn a_disk_that_fills_up_under_a_profile_is_said_once_and_the_run_goes_on_and_is_judged() {
    let folder = tempfile::tempdir().unwrap();
    let (profile, output) = (folder.path().join("plain.toml"), folder.path().join("output"));
    fs::write(&profile, "get = \"/\"\nthink = \"20ms\"\n[scenario.long]\nusers = 2\nduration = \"10m\"\n").unwrap();
    let asked = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&asked);
    let address = serve(move || {
        count.fetch_add(1, Ordering::Relaxed);
        status("200 OK")
    });
    // Beyond the limit of a file's size a write fails as it does on a full disk, once the signal is ignored.
    let mut soak = Command::new("sh")
        .args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_soak")])
        .args(["--pid", &std::process::id().to_string(), "--url", &format!("http://{address}"), "--scenario", "long"])
        .args([OsStr::new("--profile"), profile.as_os_str(), OsStr::new("--output"), output.as_os_str()])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (sender, lines) = channel();
    let errors = BufReader::new(soak.stderr.take().unwrap());
    thread::spawn(move || errors.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
    let mut said = Vec::new();
    until("the record is", &lines, &mut said);
    let folder = fs::read_dir(&output).unwrap().next().unwrap().unwrap().path();
    let record = folder.join(store::RECORD_FILE);
    let patience = Instant::now() + PATIENCE;
    while !fs::read_to_string(&record).is_ok_and(|text| text.matches(r#""kind":"traffic""#).count() >= 2) {
        assert!(Instant::now() < patience, "no tick was written");
        thread::sleep(Duration::from_millis(50));
    }

    let pid = Pid::from_child(&soak);
    let usual = getrlimit(Resource::Fsize);
    let full = Rlimit { current: Some(fs::metadata(&record).unwrap().len()), ..usual };
    prlimit(Some(pid), Resource::Fsize, full).unwrap();
    until("kept until there is room", &lines, &mut said);
    let before = asked.load(Ordering::Relaxed);
    while asked.load(Ordering::Relaxed) < before + 200 {
        assert!(Instant::now() < patience, "the traffic has stopped");
        thread::sleep(Duration::from_millis(50));
    }
    prlimit(Some(pid), Resource::Fsize, usual).unwrap();
    until("can be written again", &lines, &mut said);
    kill_process(pid, Signal::INT).unwrap();
    let code = soak.wait().unwrap().code();
    said.extend(lines.iter());

    assert_eq!(said.iter().filter(|line| line.contains("kept until there is room")).count(), 1, "{said:?}");
    assert!(matches!(code, Some(0 | 1 | 3)), "{code:?}: {said:?}");
    let run = store::read(&folder).unwrap();
    assert_eq!(run.end(), Some(&RunEnd::Interrupted));
    let turns: Vec<u64> = run.traffic.iter().map(|tick| tick.turns).collect();
    assert!(turns.last().unwrap() > &before && turns.is_sorted(), "{turns:?}");
    // Nothing of the time without room is lost.
    let steps: u64 = run.windows.iter().filter(|window| window.step.is_some()).map(|window| window.requests).sum();
    assert_eq!(steps, run.traffic_summary().unwrap().requests);
    assert!(folder.join("report.json").exists());
}
