//! Scores the verdicts over a folder of labelled series and prints how often they are right, and what they cost.
//!
//! `cargo bench --bench verdicts -- FOLDER [--list] [--share 0.5]`. The folder holds one CSV a series (`t,value` and
//! any of `turns`, `conc`, `swap`, `pid`) and `truth.json`: by the file's stem `leak`, `slope_per_s`, `unit`, `class`,
//! `detectable`, `approx`. `--list` prints one JSON line a series; `--share` judges only that first share of each run.
#![allow(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a bench prints its result and may stop at a broken input"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use rustix::time::{ClockId, clock_gettime};
use serde_json::Value;
use soak::analysis::{Look, Options, assess};
use soak::domain::{Finding, Role, Series, SeriesSet, Unit, Verdict};

#[derive(Default)]
struct Tally {
    leak: bool,
    counted: bool,
    count: usize,
    growing: usize,
    inconclusive: usize,
    steady: usize,
    intervals: usize,
    held: usize,
    wrong: Vec<String>,
}

struct Arguments {
    folder: String,
    list: bool,
    share: f64,
}

/// CPU time of this process: other processes on the machine must not count.
fn cpu_seconds() -> f64 {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    now.tv_sec as f64 + now.tv_nsec as f64 / 1e9
}

fn arguments() -> Arguments {
    let mut found = Arguments { folder: "tests/fixtures/series".to_owned(), list: false, share: 1.0 };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--list" => found.list = true,
            "--share" => found.share = words.next().and_then(|share| share.parse().ok()).expect("--share NUMBER"),
            "--bench" => {}
            _ => found.folder = word,
        }
    }
    found
}

fn main() {
    let arguments = arguments();
    let folder = Path::new(&arguments.folder);
    let text = fs::read_to_string(folder.join("truth.json")).expect("the folder has a truth.json");
    let truth: BTreeMap<String, Value> = serde_json::from_str(&text).expect("truth.json is a JSON object");
    let mut classes: BTreeMap<String, Tally> = BTreeMap::new();
    let options = Options { look: if arguments.share < 1.0 { Look::SoFar } else { Look::Final }, ..Options::default() };
    if truth.values().any(|truth| truth.get("measure").is_some()) {
        servers(folder, &truth, &options, arguments.share);
        return;
    }
    let mut cpu_s = 0.0;
    for (id, truth) in &truth {
        let set = read(&folder.join(format!("{id}.csv")), truth, arguments.share);
        let start = cpu_seconds();
        let assessment = assess(&set, &options);
        cpu_s += cpu_seconds() - start;
        let Some(finding) = assessment.findings.first() else { continue };
        if arguments.list {
            list(id, truth, finding);
        }
        let class = truth["class"].as_str().unwrap_or("all");
        count(classes.entry(class.to_owned()).or_default(), id, truth, finding);
    }
    table(&classes);
    println!("{} series judged in {cpu_s:.2} s of CPU", truth.len());
    let long_s = long_run();
    println!("12 metrics of 43,200 samples judged in {long_s:.2} s of CPU");
}

/// Twelve hours at one sample a second, twelve metrics: the cost of a long run.
fn long_run() -> f64 {
    let times: Vec<f64> = (0..43_200).map(f64::from).collect();
    let metric = |number: u32| {
        // A few primes make an uneven, repeatable wave without a generator.
        let wave = |t: f64| (t * 0.37).sin() + (t * 0.11).cos() + (t / 7.0 % 1.0);
        let rise = f64::from(number % 3) * 20.0;
        times.iter().map(|&t| ((5e7 + rise * t + 4e5 * wave(t)) / 4096.0).round() * 4096.0).collect()
    };
    let all = (0..12).map(|number| series(&format!("metric_{number}"), Unit::Bytes, Role::Decides, metric(number)));
    let set = SeriesSet {
        series: all.collect(),
        turns: Some(times.clone()),
        elapsed_s: times.clone(),
        ..SeriesSet::default()
    };
    let start = cpu_seconds();
    let assessment = assess(&set, &Options::default());
    assert_eq!(assessment.findings.len(), 12, "every metric is judged");
    cpu_seconds() - start
}

/// Recorded servers: several metrics each, with what is true of each.
fn servers(folder: &Path, truth: &BTreeMap<String, Value>, options: &Options, share: f64) {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for (id, truth) in truth {
        let table = Table::read(&folder.join(format!("{id}.csv")), share);
        let prefix = if truth["measure"] == "tree" { "tree_" } else { "" };
        let anonymous = if prefix.is_empty() { "rss_anon_kb" } else { "tree_anon_kb" };
        let metrics = [
            ("rss", anonymous.to_owned(), "rss_anon", Unit::Bytes),
            ("fds", format!("{prefix}fds"), "fds", Unit::Count),
            ("threads", format!("{prefix}threads"), "threads", Unit::Count),
            ("procs", "tree_zombies".to_owned(), "zombies", Unit::Count),
        ];
        for (word, column, name, unit) in metrics {
            let scale = if unit == Unit::Bytes { 1024.0 } else { 1.0 };
            let values = table.column(&column).unwrap_or_default().iter().map(|value| value * scale).collect();
            let set = SeriesSet {
                elapsed_s: table.column("t_s").unwrap_or_default(),
                series: vec![series(name, unit, Role::Decides, values)],
                turns: table.column("requests"),
                ..SeriesSet::default()
            };
            let assessment = assess(&set, options);
            let Some(finding) = assessment.findings.first() else { continue };
            let (verdict, expected) = (finding.verdict, truth["truth"][word].as_str().unwrap_or("ambiguous"));
            let right = match (expected, verdict) {
                ("ambiguous", _) => "open",
                ("leak", Verdict::Growing) | ("stable", Verdict::Steady) => "right",
                (_, Verdict::Inconclusive) => "inconclusive",
                _ => "WRONG",
            };
            *counts.entry(right.to_owned()).or_default() += 1;
            if word == "rss" || right != "right" {
                let rate = finding.growth_per_hour.map_or(f64::NAN, |growth| growth.estimate);
                println!(
                    "{id:28} {name:9} {expected:9} {:12} {right:12} {rate:.3e} {} | {}",
                    verdict.word(),
                    finding.shape.words(),
                    finding.reason
                );
            }
        }
    }
    println!("{counts:?}");
}

fn series(name: &str, unit: Unit, role: Role, values: Vec<f64>) -> Series {
    Series { name: name.to_owned(), label: name.to_owned(), unit, role, values, limit: None, unreadable: None }
}

/// The columns of a CSV; NaN where a field is no number.
struct Table {
    names: Vec<String>,
    columns: Vec<Vec<f64>>,
}

impl Table {
    fn read(path: &Path, share: f64) -> Self {
        let text = fs::read_to_string(path).expect("every series of truth.json has its CSV");
        let mut lines = text.lines();
        let names: Vec<String> = lines.next().unwrap_or_default().split(',').map(str::to_owned).collect();
        let mut columns: Vec<Vec<f64>> = vec![Vec::new(); names.len()];
        for line in lines {
            for (column, field) in columns.iter_mut().zip(line.split(',')) {
                column.push(field.parse().unwrap_or(f64::NAN));
            }
        }
        let keep = (columns[0].len() as f64 * share).round() as usize;
        for column in &mut columns {
            column.truncate(keep);
        }
        Self { names, columns }
    }

    fn column(&self, wanted: &str) -> Option<Vec<f64>> {
        self.names.iter().position(|name| name == wanted).map(|at| self.columns[at].clone())
    }
}

fn read(path: &Path, truth: &Value, share: f64) -> SeriesSet {
    let table = Table::read(path, share);
    let bytes = truth["unit"].as_str() == Some("bytes");
    let (name, unit) = if bytes { ("rss", Unit::Bytes) } else { ("fds", Unit::Count) };
    let mut all = vec![series(name, unit, Role::Decides, table.column("value").unwrap_or_default())];
    all.extend(table.column("swap").map(|swap| series("swap", unit, Role::Context, swap)));
    SeriesSet {
        elapsed_s: table.column("t").unwrap_or_default(),
        series: all,
        turns: table.column("turns"),
        concurrency: table.column("conc"),
        incarnation: table.column("pid"),
    }
}

fn count(tally: &mut Tally, id: &str, truth: &Value, finding: &Finding) {
    let is = |name: &str| truth[name].as_bool().unwrap_or(false);
    tally.leak = is("leak");
    tally.counted = !is("leak") || is("detectable");
    tally.count += 1;
    match finding.verdict {
        Verdict::Growing => tally.growing += 1,
        Verdict::Inconclusive => tally.inconclusive += 1,
        Verdict::Steady => tally.steady += 1,
    }
    if is("leak") && finding.verdict == Verdict::Growing {
        let slope = truth["slope_per_s"].as_f64().unwrap_or(f64::NAN) * 3600.0;
        let held = finding.growth_per_hour.is_some_and(|growth| growth.low <= slope && slope <= growth.high);
        tally.intervals += usize::from(!is("approx"));
        tally.held += usize::from(held && !is("approx"));
    }
    if tally.counted && is("leak") != (finding.verdict == Verdict::Growing) {
        tally.wrong.push(format!("{id}:{}", finding.verdict.word()));
    }
}

fn list(id: &str, truth: &Value, finding: &Finding) {
    let verdict = match finding.verdict {
        Verdict::Growing => "leak",
        Verdict::Steady => "not-leak",
        Verdict::Inconclusive => "inconclusive",
    };
    let per_second = finding.growth_per_hour.map(|growth| growth.scaled(1.0 / 3600.0));
    let line = serde_json::json!({
        "id": id, "verdict": verdict, "class": truth["class"], "leak": truth["leak"], "true": truth["slope_per_s"],
        "slope_per_s": per_second.map(|rate| rate.estimate), "ci_low": per_second.map(|rate| rate.low),
        "ci_high": per_second.map(|rate| rate.high), "shape": finding.shape.words(), "reason": finding.reason,
        "advice": finding.advice,
    });
    println!("{line}");
}

fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { f64::NAN } else { part as f64 / whole as f64 }
}

fn table(classes: &BTreeMap<String, Tally>) {
    println!("{:18} {:>4} {:>8} {:>6} {:>7} {:>6}", "class", "n", "growing", "incon", "steady", "held");
    let mut ordered: Vec<(&String, &Tally)> = classes.iter().collect();
    ordered.sort_by_key(|(_, tally)| tally.leak);
    for (class, tally) in &ordered {
        let held = if tally.intervals == 0 {
            "-".to_owned()
        } else {
            format!("{:.0} %", 100.0 * share(tally.held, tally.intervals))
        };
        println!(
            "{class:18} {:4} {:8} {:6} {:7} {held:>6}  {}",
            tally.count,
            tally.growing,
            tally.inconclusive,
            tally.steady,
            tally.wrong.join(" ")
        );
    }
    let sum = |leak: bool, pick: fn(&Tally) -> usize| -> usize {
        classes.values().filter(|tally| tally.leak == leak && tally.counted).map(pick).sum()
    };
    let (found, false_alarms) = (sum(true, |tally| tally.growing), sum(false, |tally| tally.growing));
    let (leaks, healthy) = (sum(true, |tally| tally.count), sum(false, |tally| tally.count));
    let (precision, recall) = (share(found, found + false_alarms), share(found, leaks));
    let inconclusive = sum(true, |tally| tally.inconclusive) + sum(false, |tally| tally.inconclusive);
    println!("precision {precision:.3}  recall {recall:.3}  F1 {:.3}", 2.0 * precision * recall / (precision + recall));
    println!("false alarms {:.2} % ({false_alarms} of {healthy})", 100.0 * share(false_alarms, healthy));
    println!("leaks called steady {}", sum(true, |tally| tally.steady));
    println!("inconclusive {:.1} %", 100.0 * share(inconclusive, leaks + healthy));
    let held = share(sum(true, |tally| tally.held), sum(true, |tally| tally.intervals));
    println!("95 % interval holds the truth in {:.1} %", 100.0 * held);
}
