//! The exam: the verdict on series whose truth is known, in shapes that it was not developed on.
//!
//! `cargo bench --bench shapes` prints precision, recall, F1, false alarms, coverage of the intervals and a row per class,
//! over 20 seeds of each class. `-- --seeds N`, `-- --first N` and `-- --class NAME` choose others; `-- --share 0.5` judges the
//! first half of each series only, as a look before the end does, and keeps the labels of the whole; `-- --explain yes`
//! prints the reason of each wrong verdict; `-- --export FOLDER` writes the series as CSV with their truth instead of judging
//! them.

#![expect(clippy::print_stdout, reason = "a bench answers on its standard output")]

#[path = "../tests/support/score.rs"]
mod score;
#[path = "../tests/support/shapes/mod.rs"]
mod shapes;

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use rustix::time::{ClockId, clock_gettime};
use score::{Answer, Score};
use soak::analysis::{Options, assess};
use soak::domain::{SeriesSet, Unit};

/// Seeds of the exam begin here, so that looking at the first few while writing a class does not spend them.
const FIRST_SEED: u64 = 1000;

struct Arguments {
    first: u64,
    seeds: u64,
    class: Option<String>,
    share: f64,
    explain: Option<String>,
    export: Option<String>,
}

fn arguments() -> Result<Arguments, Box<dyn Error>> {
    let mut found = Arguments { first: FIRST_SEED, seeds: 20, class: None, share: 1.0, explain: None, export: None };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} needs a value"));
        match word.as_str() {
            "--seeds" => found.seeds = value()?.parse()?,
            "--first" => found.first = value()?.parse()?,
            "--class" => found.class = Some(value()?),
            "--share" => found.share = value()?.parse()?,
            "--explain" => found.explain = Some(value()?),
            "--export" => found.export = Some(value()?),
            // cargo's own.
            "--bench" => {}
            other => return Err(format!("unknown argument {other}").into()),
        }
    }
    Ok(found)
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = arguments()?;
    let chosen = |name: &&str| arguments.class.as_deref().is_none_or(|class| class == *name);
    let (mut score, mut spent_s) = (Score::default(), 0.0);
    let mut truths = String::new();
    for class in shapes::classes().filter(chosen) {
        for seed in arguments.first..arguments.first + arguments.seeds {
            let Some(mut series) = shapes::generate(class, seed) else {
                return Err(format!("no class {class}").into());
            };
            cut(&mut series.set, arguments.share);
            if let Some(folder) = &arguments.export {
                export(Path::new(folder), &series, &mut truths)?;
                continue;
            }
            let before = cpu_s();
            let assessment = assess(&series.set, &Options::default());
            spent_s += cpu_s() - before;
            let right = score.add(&series, Answer::of(&assessment));
            if !right && arguments.explain.is_some() {
                let finding = assessment.findings.first();
                let (shape, reason) = finding.map_or(("", ""), |it| (it.shape.words(), it.reason.as_str()));
                println!("{class}-{seed}: {} ({shape}): {reason}", assessment.verdict.word());
            }
        }
    }
    if let Some(folder) = arguments.export {
        fs::write(Path::new(&folder).join("truth.json"), format!("{{{}}}\n", truths.trim_end_matches(",\n")))?;
        return Ok(());
    }
    println!("{score}");
    println!("CPU {spent_s:.2} s for {} series, {:.1} ms each", score.count(), 1e3 * spent_s / score.count() as f64);
    Ok(())
}

/// Keeps this share of a set, from its start.
fn cut(set: &mut SeriesSet, share: f64) {
    let kept = (set.elapsed_s.len() as f64 * share).ceil() as usize;
    set.elapsed_s.truncate(kept);
    for series in &mut set.series {
        series.values.truncate(kept);
    }
    for load in [&mut set.turns, &mut set.concurrency].into_iter().flatten() {
        load.truncate(kept);
    }
}

fn cpu_s() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

fn export(folder: &Path, series: &shapes::Labelled, truths: &mut String) -> Result<(), Box<dyn Error>> {
    let (set, truth) = (&series.set, &series.truth);
    let mut text = String::from(if set.turns.is_some() { "t,value,turns\n" } else { "t,value\n" });
    for (position, at) in set.elapsed_s.iter().enumerate() {
        write!(text, "{at:.3},{}", set.series[0].values[position])?;
        if let Some(turns) = &set.turns {
            write!(text, ",{}", turns[position])?;
        }
        text.push('\n');
    }
    let id = format!("{}-{}", series.class, series.seed);
    fs::create_dir_all(folder)?;
    fs::write(folder.join(format!("{id}.csv")), text)?;
    let unit = if set.series[0].unit == Unit::Bytes { "bytes" } else { "count" };
    let snr = truth.snr.map_or("null".to_owned(), |snr| snr.to_string());
    writeln!(
        truths,
        "\"{id}\": {{\"leak\": {}, \"slope_per_s\": {}, \"onset_s\": {}, \"unit\": \"{unit}\", \"snr\": {snr}, \
         \"class\": \"{}\", \"approx\": {}, \"detectable\": {}}},",
        truth.leak, truth.slope_per_s, truth.onset_s, series.class, truth.random_rate, truth.detectable
    )?;
    Ok(())
}
