//! What one sample costs, against the bare system calls that it needs: `cargo bench --bench sample_cost`.
//!
//! The targets are this program again, started with a word that says what to be: idle, wide (10,000 descriptors and 1,000
//! threads) or big (2 GiB resident); each waits until its standard input closes. All figures are CPU time of the measuring
//! thread, medians of batches; bare calls and samples are measured in turn, so that the ratio holds on a busy machine.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench prints, and stops where its stage cannot be set"
)]

use std::fs::{self, File, OpenOptions};
use std::hint::black_box;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use rustix::fs::{Mode, OFlags, fstat, openat};
use rustix::io::pread;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::time::{ClockId, clock_gettime};
use soak::clock::{Clock as _, ManualClock, RealClock};
use soak::domain::run::Scope;
use soak::domain::{Elapsed, Metric};
use soak::procfs::{Keep, ProcRoot, Process};
use soak::sampler::{Options, Sampler, Watched};
use soak::target::{Selector, resolve};
use sysinfo::{ProcessRefreshKind, ProcessesToUpdate, System};

const BATCHES: usize = 15;
const DESCRIPTORS: usize = 10_000;
const THREADS: usize = 1_000;
const RESIDENT: usize = 2 << 30;

const SAMPLE_OVER_BARE: f64 = 1.25;
const WIDE_OVER_IDLE: f64 = 1.5;

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("idle") => hold(()),
        Some("wide") => hold(widen()),
        Some("big") => hold(touch()),
        _ => measure(),
    }
}

/// Says that the target is what it should be, and stays so until told to end.
fn hold<T>(what: T) {
    println!("ready");
    std::io::stdout().flush().unwrap();
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
    drop(black_box(what));
    // Not by the end of `main`: that would wait for nobody, but also not for the parked threads.
    std::process::exit(0);
}

fn widen() -> Vec<File> {
    for _ in 1..THREADS {
        let parked = || loop {
            std::thread::park();
        };
        std::thread::Builder::new().stack_size(64 << 10).spawn(parked).unwrap();
    }
    (0..DESCRIPTORS).map(|_| File::open("/dev/null").unwrap()).collect()
}

fn touch() -> Vec<u8> {
    let mut memory = vec![0; RESIDENT];
    for page in memory.chunks_mut(4096) {
        page[0] = 1;
    }
    memory
}

/// A target and the means to end it.
struct Stage {
    child: Child,
}

impl Stage {
    fn start(kind: &str) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .arg(kind)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n", "the {kind} target");
        Self { child }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// CPU time of one turn in microseconds, over `turns` of them.
fn cpu_us(turns: u32, mut turn: impl FnMut()) -> f64 {
    let before = thread_cpu();
    for _ in 0..turns {
        turn();
    }
    thread_cpu().saturating_sub(before).as_secs_f64() * 1e6 / f64::from(turns)
}

fn thread_cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

struct Bare {
    status: OwnedFd,
    fds: OwnedFd,
    buffer: Vec<u8>,
}

impl Bare {
    fn new(pid: u32) -> Self {
        let process = Process::open(&ProcRoot::system(), pid, Keep::Open).unwrap();
        let open = |name, flags| openat(process.folder(), name, flags | OFlags::CLOEXEC, Mode::empty()).unwrap();
        let fds = open("fd", OFlags::PATH | OFlags::DIRECTORY);
        assert!(
            fstat(&fds).unwrap().st_size > 0,
            "this kernel is older than 6.2: descriptors are listed, not asked for"
        );
        Self { status: open("status", OFlags::RDONLY), fds, buffer: vec![0; 8192] }
    }

    fn calls(&mut self) {
        black_box(pread(&self.status, self.buffer.as_mut_slice(), 0).unwrap());
        black_box(fstat(&self.fds).unwrap().st_size);
    }
}

fn sampler(pid: u32) -> (Sampler, OwnedFd) {
    let root = ProcRoot::system();
    let attached = resolve(&Selector::Pid(pid), Scope::Process, &root).unwrap();
    let (stop, run) = rustix::pipe::pipe().unwrap();
    let watched = Watched { root, process: attached.process, pidfd: attached.target.pidfd().unwrap(), stop };
    (Sampler::new(watched, Options::default(), Arc::new(ManualClock::new())).unwrap(), run)
}

/// Figures of one target, in microseconds.
struct Figures {
    kind: &'static str,
    bare: f64,
    sample: f64,
    tick: f64,
    sysinfo: f64,
}

fn figures(kind: &'static str) -> Figures {
    let stage = Stage::start(kind);
    let pid = stage.child.id();
    let (mut sampler, _run) = sampler(pid);
    let readings = sampler.fast_sample().unwrap();
    let read = |metric| readings.get(metric).unwrap();
    match kind {
        "wide" => assert!(read(Metric::Fds) > 10_000 && read(Metric::Threads) == 1_000),
        "big" => assert!(read(Metric::Rss) > RESIDENT as u64),
        _ => assert!(read(Metric::Fds) < 100 && read(Metric::Threads) == 1),
    }
    let mut bare = Bare::new(pid);
    let (mut bare_us, mut sample_us) = (Vec::new(), Vec::new());
    for _ in 0..BATCHES {
        bare_us.push(cpu_us(2_000, || bare.calls()));
        sample_us.push(cpu_us(2_000, || {
            black_box(sampler.fast_sample());
        }));
    }
    let tick = ticks(&mut sampler);
    Figures { kind, bare: median(bare_us), sample: median(sample_us), tick, sysinfo: sysinfo_refresh(pid) }
}

/// A whole tick every 10 ms as the sampler's thread has it: wake up, sample, append one line to a file.
fn ticks(sampler: &mut Sampler) -> f64 {
    let path = std::env::temp_dir().join(format!("soak-sample-cost-{}.jsonl", std::process::id()));
    let mut file = OpenOptions::new().create(true).append(true).open(&path).unwrap();
    let (asleep, _awake) = rustix::pipe::pipe().unwrap();
    let clock = RealClock::start();
    let mut tick = 0;
    let batches = (0..BATCHES).map(|_| {
        cpu_us(20, || {
            tick += 1;
            clock.wait_until(Elapsed::new(Duration::from_millis(10 * tick)), &[asleep.as_fd()]);
            let readings = sampler.fast_sample().unwrap();
            let fields: Vec<String> =
                readings.iter().map(|(metric, value)| format!("\"{}\":{value}", metric.wire_name())).collect();
            file.write_all(format!("{{{}}}\n", fields.join(",")).as_bytes()).unwrap();
        })
    });
    let result = median(batches.collect());
    fs::remove_file(&path).unwrap();
    result
}

/// The same facts from a general crate: memory, CPU time, threads, descriptors.
fn sysinfo_refresh(pid: u32) -> f64 {
    let mut system = System::new().unwrap();
    let pid = sysinfo::Pid::from_u32(pid);
    let wanted = ProcessRefreshKind::nothing().with_memory().with_cpu().with_tasks();
    let batches = (0..BATCHES).map(|_| {
        cpu_us(10, || {
            system.refresh_processes_specifics(ProcessesToUpdate::Some(&[pid]), true, wanted);
            let process = system.process(pid).unwrap();
            black_box((process.memory(), process.tasks().map(std::collections::HashSet::len), process.open_files()));
        })
    });
    median(batches.collect())
}

fn measure() {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }).unwrap();
    println!("CPU time in us, medians of {BATCHES} batches; cargo bench --bench sample_cost");
    println!("bare = pread of status + fstat of fd; tick = wake-up, sample and one line appended, every 10 ms");
    println!(
        "{:<6}{:>8}{:>8}{:>13}{:>8}{:>10}{:>16}",
        "target", "bare", "sample", "sample/bare", "tick", "sysinfo", "sysinfo/sample"
    );
    let all = ["idle", "wide", "big"].map(figures);
    for Figures { kind, bare, sample, tick, sysinfo } in &all {
        let (over_bare, over_sample) = (sample / bare, sysinfo / sample);
        println!("{kind:<6}{bare:>8.2}{sample:>8.2}{over_bare:>13.2}{tick:>8.1}{sysinfo:>10.0}{over_sample:>16.1}");
    }
    let worst = all.iter().map(|figures| figures.sample / figures.bare).fold(0.0, f64::max);
    let growth = all[1].sample / all[0].sample;
    println!(
        "sample / bare calls, worst: {worst:.2} (goal: at most {SAMPLE_OVER_BARE}) {}",
        word(worst <= SAMPLE_OVER_BARE)
    );
    println!("wide / idle: {growth:.2} (goal: at most {WIDE_OVER_IDLE}) {}", word(growth <= WIDE_OVER_IDLE));
}

fn word(met: bool) -> &'static str {
    if met { "met" } else { "MISSED" }
}
