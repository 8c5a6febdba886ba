//! What tracing costs: `cargo bench -p soak-heap --bench overhead`.
//!
//! One program, in processes of its own, built with frame pointers and without. In each process it works by turns plain
//! and traced in one way, with the same threads and the same blocks, so that what a neighbour, the clock's speed or the
//! place of the heap does to one turn it does to the next; a turn's ratio is to the mean of the plain ones before and
//! after it. The table shows the median over all turns of all processes, and between which values half of them lie. Under
//! heaptrack, which cannot be taken away from a process, the process as a whole is compared with a plain one.
//!
//! An operation is one allocation and one free. Between two of them lie so many multiplications that a thread of the plain
//! program does 1.5 million a second, which is the rate that the goals are set at; `-- --tight` leaves them out, which is
//! the worst case; `-- --quick` has few turns, to see that it works.

#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a bench prints its result and stops where it cannot go on"
)]

mod ways;
mod workload;

use std::path::{Path, PathBuf};
use std::process::Command;

use ways::Way;
use workload::{Figures, Order};

/// Processes per way and build.
const PROCESSES: usize = 7;
/// Traced turns in each.
const TURNS: u64 = 8;
/// Operations of a thread in a turn.
const OPERATIONS: u64 = 100_000;
const QUICK_OPERATIONS: u64 = 20_000;
/// The dear ways do so much less.
const DEAR_SHARE: u64 = 6;
/// Processor time from one operation of a thread to the next, in nanoseconds, at 1.5 million a second.
const PACE: f64 = 1e9 / 1.5e6;

/// How long the workload runs, and how often.
#[derive(Clone, Copy)]
struct Effort {
    processes: usize,
    order: Order,
}

#[global_allocator]
static HEAP: ways::Switch = ways::Switch::new();

fn main() {
    if let Some(way) = Way::of_this_process() {
        return workload::run(way);
    }
    let has = |flag: &str| std::env::args().any(|argument| argument == flag);
    let (processes, operations) = if has("--quick") { (1, QUICK_OPERATIONS) } else { (PROCESSES, OPERATIONS) };
    let without = std::env::current_exe().expect("this program has a path");
    let with = build_with_frame_pointers();
    let mut order = Order { threads: 2, turns: TURNS, operations, work: 0 };
    if !has("--tight") {
        order.work = work_between_operations(&without, order);
    }
    let effort = Effort { processes, order };
    println!("{} multiplications between operations; {TURNS} turns in each of {processes} processes\n", order.work);
    for (title, program, unwinding) in
        [("with frame pointers", &with, "frame pointers"), ("without frame pointers", &without, "tables")]
    {
        table(title, program, unwinding, effort);
    }
    scaling(&with, effort);
}

/// So many multiplications bring the plain program to the pace that the goals are set at, here and now.
fn work_between_operations(program: &Path, order: Order) -> u64 {
    const TRIAL: u64 = 250;
    let plain = |work| median(&mut of_processes(program, Way::Plain, Order { work, ..order }, 5).plain);
    let (tight, worked) = (plain(0), plain(TRIAL));
    ((PACE - tight) / (worked - tight) * TRIAL as f64).round().max(0.0) as u64
}

/// One table: all ways under one build.
fn table(title: &str, program: &Path, unwinding: &str, effort: Effort) {
    println!("{title} (walked by {unwinding}), two threads; processor time per operation");
    println!("{:<28} {:>9} {:>9} {:>7} {:>15} {:>6}", "", "plain ns", "added ns", "ratio", "half of turns", "goal");
    for way in Way::ALL.into_iter().filter(|way| *way != Way::Plain && way.is_here()) {
        let operations = if way.is_dear() { effort.order.operations / DEAR_SHARE } else { effort.order.operations };
        let order = Order { operations, ..effort.order };
        let mut seen = if way == Way::Heaptrack {
            as_processes(program, way, order, effort.processes)
        } else {
            of_processes(program, way, order, effort.processes)
        };
        let (plain, ratio) = (median(&mut seen.plain), median(&mut seen.ratios));
        let quarter = |number: usize| seen.ratios[(seen.ratios.len() - 1) * number / 4];
        println!(
            "{:<28} {:>9.1} {:>9.1} {:>7.3} {:>15} {:>6}",
            way.title(),
            plain,
            plain * (ratio - 1.0),
            ratio,
            format!("{:.3} to {:.3}", quarter(1), quarter(3)),
            way.goal(unwinding).map_or(String::new(), |goal| format!("{goal:.2}"))
        );
    }
    println!();
}

/// What several processes that alternate say together.
fn of_processes(program: &Path, way: Way, order: Order, processes: usize) -> Figures {
    let mut all = Figures::default();
    for _ in 0..processes {
        let seen = run(program, way, order);
        all.plain.extend(seen.plain);
        all.ratios.extend(seen.ratios);
    }
    all
}

/// What processes that cannot alternate cost beside plain ones.
fn as_processes(program: &Path, way: Way, order: Order, processes: usize) -> Figures {
    let mut all = Figures::default();
    for _ in 0..processes {
        let plain = median(&mut run(program, Way::Plain, order).plain);
        all.ratios.push(median(&mut run(program, way, order).plain) / plain);
        all.plain.push(plain);
    }
    all
}

/// Whether four threads on as many processors as there are come as far as the plain program's do.
fn scaling(program: &Path, effort: Effort) {
    println!("four threads against two, operations per second");
    println!("{:<28} {:>10} {:>10} {:>8}", "", "two", "four", "ratio");
    for way in [Way::Plain, Way::Off, Way::Sampled, Way::Every] {
        let speed = |threads: u64| {
            let order = Order { threads, ..effort.order };
            median(&mut (0..effort.processes).flat_map(|_| run(program, way, order).speeds).collect::<Vec<_>>())
        };
        let (two, four) = (speed(2), speed(4));
        println!("{:<28} {:>10.0} {:>10.0} {:>8.3}", way.title(), two, four, four / two);
    }
}

/// Sorts them, too.
fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn run(program: &Path, way: Way, order: Order) -> Figures {
    let mut command = way.command(program);
    command.env(ways::VARIABLE, way.name()).env(workload::VARIABLE, order.to_string());
    let output = command.output().expect("the workload runs");
    let text = String::from_utf8_lossy(&output.stdout);
    Figures::read(&text).unwrap_or_else(|| unreadable(&output))
}

#[expect(clippy::panic, reason = "there is nothing to measure then")]
fn unreadable(output: &std::process::Output) -> ! {
    panic!("the workload said nothing: {output:?}")
}

/// Builds this bench once more, into a folder of its own, with frame pointers.
fn build_with_frame_pointers() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("frame-pointers");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["bench", "--bench", "overhead", "--no-run", "--message-format=json-render-diagnostics"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("CARGO_TARGET_DIR", target)
        .env("RUSTFLAGS", "-C force-frame-pointers=yes")
        .output()
        .expect("cargo runs");
    let text = String::from_utf8_lossy(&output.stdout);
    let (_, behind) = text.rsplit_once("\"executable\":\"").expect("cargo names what it built");
    PathBuf::from(behind.split('"').next().unwrap_or_default())
}
