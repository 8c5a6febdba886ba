//! What tracing costs: `cargo bench -p soak-heap --bench overhead`.
//!
//! One program, run many times over in processes of its own: plain, traced in each way, under the dhat crate and under
//! heaptrack; built with frame pointers and without. Ways take turns, so that a neighbour's load meets all of them; of
//! each, the least processor time per operation counts, and the table shows it as a ratio to the plain program in the
//! same run. An operation is one allocation and one free; 250 multiplications between two of them make it about 1.5
//! million a second on two threads. `-- --tight` leaves them out, which is the worst case; `-- --quick` gives each way one
//! short turn, to see that it works.

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

/// Turns that each way has.
const TURNS: usize = 7;
const OPERATIONS: u64 = 2_000_000;
const QUICK_OPERATIONS: u64 = 200_000;
/// The dear ways do so much less.
const DEAR_SHARE: u64 = 6;

/// How long the workload runs, and how often.
#[derive(Clone, Copy)]
struct Effort {
    turns: usize,
    operations: u64,
    work: u32,
}

#[global_allocator]
static HEAP: ways::Switch = ways::Switch::new();

fn main() {
    if let Some(way) = Way::of_this_process() {
        return workload::run(way);
    }
    let has = |flag: &str| std::env::args().any(|argument| argument == flag);
    let (turns, operations) = if has("--quick") { (1, QUICK_OPERATIONS) } else { (TURNS, OPERATIONS) };
    let effort = Effort { turns, operations, work: if has("--tight") { 0 } else { 250 } };
    let without = std::env::current_exe().expect("this program has a path");
    let with = build_with_frame_pointers();
    println!(
        "{} multiplications between operations; processor time per operation, least of {turns} turns\n",
        effort.work
    );
    for (title, program, unwinding) in
        [("with frame pointers", &with, "frame pointers"), ("without frame pointers", &without, "tables")]
    {
        table(title, program, unwinding, effort);
    }
    scaling(&with, effort);
}

/// One table: all ways under one build.
fn table(title: &str, program: &Path, unwinding: &str, effort: Effort) {
    let ways: Vec<Way> = Way::ALL.into_iter().filter(|way| way.is_here()).collect();
    let mut least = vec![f64::INFINITY; ways.len()];
    let mut ratios: Vec<Vec<f64>> = vec![Vec::new(); ways.len()];
    for _ in 0..effort.turns {
        let turn: Vec<f64> = ways.iter().map(|way| run(program, *way, 2, effort).nanoseconds).collect();
        for (index, nanoseconds) in turn.iter().enumerate() {
            least[index] = least[index].min(*nanoseconds);
            ratios[index].push(nanoseconds / turn[0]);
        }
    }
    println!("{title} (walked by {unwinding}), two threads");
    println!("{:<28} {:>10} {:>8} {:>8} {:>8}", "", "ns", "ratio", "median", "goal");
    for (index, way) in ways.iter().enumerate() {
        ratios[index].sort_by(f64::total_cmp);
        let goal = way.goal(unwinding).map_or(String::new(), |goal| format!("{goal:.2}"));
        println!(
            "{:<28} {:>10.1} {:>8.3} {:>8.3} {:>8}",
            way.title(),
            least[index],
            least[index] / least[0],
            ratios[index][effort.turns / 2],
            goal
        );
    }
    println!();
}

/// Whether four threads on as many processors as there are come as far as the plain program's do.
fn scaling(program: &Path, effort: Effort) {
    println!("four threads against two, operations per second");
    println!("{:<28} {:>10} {:>10} {:>8}", "", "two", "four", "ratio");
    for way in [Way::Plain, Way::Off, Way::Sampled, Way::Every] {
        let best =
            |threads: u32| (0..effort.turns).map(|_| run(program, way, threads, effort).per_second).fold(0.0, f64::max);
        let (two, four) = (best(2), best(4));
        println!("{:<28} {:>10.0} {:>10.0} {:>8.3}", way.title(), two, four, four / two);
    }
}

/// What a run of the workload says of itself.
struct Measured {
    nanoseconds: f64,
    per_second: f64,
}

fn run(program: &Path, way: Way, threads: u32, effort: Effort) -> Measured {
    let operations = if way.is_dear() { effort.operations / DEAR_SHARE } else { effort.operations };
    let work = effort.work;
    let mut command = way.command(program);
    command.env(ways::VARIABLE, way.name()).env(workload::VARIABLE, format!("{threads} {operations} {work}"));
    let output = command.output().expect("the workload runs");
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().find_map(|line| line.strip_prefix(workload::RESULT));
    let mut numbers = line.unwrap_or_default().split_whitespace().filter_map(|number| number.parse().ok());
    match (numbers.next(), numbers.next()) {
        (Some(nanoseconds), Some(per_second)) => Measured { nanoseconds, per_second },
        _ => unreadable(&output),
    }
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
