//! Who is blamed: servers that grow with time alone, of whom every request is innocent, and servers that one kind of request
//! makes grow, under a mix that is varied in spells and under one that is not.
//!
//! `cargo bench --bench attribution` prints a row a server; `-- --seeds N` and `-- --first N` choose the runs, and
//! `-- --explain yes` tells of each that was blamed falsely.

#![expect(clippy::print_stdout, reason = "a bench answers on its standard output")]

#[path = "../tests/support/mixes/mod.rs"]
mod mixes;

use std::error::Error;

use mixes::{GUILTY, INNOCENT, KINDS, Mix, Server};

/// What became of a server's runs.
#[derive(Debug, Default)]
struct Tally {
    runs: u32,
    grew: u32,
    right: u32,
    falsely: u32,
    told_time: u32,
    held: u32,
    intervals: u32,
}

fn main() -> Result<(), Box<dyn Error>> {
    let (mut first, mut seeds, mut explain) = (1000, 50, false);
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} needs a value"));
        match word.as_str() {
            "--seeds" => seeds = value()?.parse()?,
            "--first" => first = value()?.parse()?,
            "--explain" => explain = value()? == "yes",
            "--bench" => {}
            other => return Err(format!("unknown argument {other}").into()),
        }
    }
    for (mix, servers) in [
        (Mix::Spells, &INNOCENT[..]),
        (Mix::Spells, &GUILTY[..]),
        (Mix::Natural, &INNOCENT[..]),
        (Mix::Natural, &GUILTY[..]),
    ] {
        println!("\n{mix:?}\n{:<36} runs  grew  right  falsely  time  interval holds", "server");
        let (mut all, mut told) = (Tally::default(), Vec::new());
        for server in servers {
            let tally = tally(server, mix, first..first + seeds, &mut told);
            print(server.name, &tally);
            all.add(&tally);
        }
        print("all", &all);
        told.iter().filter(|_| explain).for_each(|line| println!("{line}"));
    }
    Ok(())
}

fn print(name: &str, tally: &Tally) {
    let holds = if tally.intervals == 0 {
        "-".to_owned()
    } else {
        format!("{:.1} %", 100.0 * f64::from(tally.held) / f64::from(tally.intervals))
    };
    println!(
        "{name:<36} {:>4}  {:>4}  {:>5}  {:>7}  {:>4}  {holds}",
        tally.runs, tally.grew, tally.right, tally.falsely, tally.told_time
    );
}

fn tally(server: &Server, mix: Mix, seeds: std::ops::Range<u64>, told: &mut Vec<String>) -> Tally {
    let mut tally = Tally::default();
    for seed in seeds {
        let (grows, attribution) = mixes::judged(&mixes::run(server, mix, seed));
        tally.runs += 1;
        tally.grew += u32::from(grows);
        let Some(attribution) = attribution else { continue };
        let blamed = mixes::blamed(&attribution);
        let truth = |step: &String| KINDS.iter().position(|(name, _)| name == step).map_or(0.0, |at| server.leak[at]);
        if blamed.iter().any(|step| truth(step) <= 0.0) {
            tally.falsely += 1;
            told.push(format!("{} {seed}: {}\n{:?}", server.name, attribution.reason, attribution.portions));
        }
        tally.right += u32::from(!blamed.is_empty() && blamed.iter().all(|step| truth(step) > 0.0));
        tally.told_time += u32::from(attribution.blame == soak::domain::attribution::Blame::Time);
        for portion in &attribution.portions {
            let truth = truth(&portion.kinds[0].step);
            tally.intervals += 1;
            tally.held += u32::from((portion.per_request.low..=portion.per_request.high).contains(&truth));
        }
    }
    tally
}

impl Tally {
    fn add(&mut self, other: &Self) {
        self.runs += other.runs;
        self.grew += other.grew;
        self.right += other.right;
        self.falsely += other.falsely;
        self.told_time += other.told_time;
        self.held += other.held;
        self.intervals += other.intervals;
    }
}
