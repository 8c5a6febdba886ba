//! `soak compare`: holds a candidate against one or more baselines.

use std::path::PathBuf;

use crate::analysis;
use crate::analysis::compare::{Side, Tolerances, compare};
use crate::domain::Comparison;
use crate::domain::assessment::Gate;
use crate::report;

use super::args::{CompareArgs, CompareFormat, WarmUp};
use super::console;
use super::failure::Failure;
use super::judge::{self, Judged};

/// Compares and prints. Exit codes: 0 nothing is shown to be worse, 1 something is, 3 it cannot be told.
///
/// # Errors
/// Where an input cannot be read, or standard output cannot be written.
pub(super) fn run(args: &CompareArgs) -> Result<u8, Failure> {
    let options = analysis::Options {
        warm_up_s: match args.warm_up {
            WarmUp::Auto => None,
            WarmUp::After(time) => Some(time.as_secs_f64()),
        },
        ..analysis::Options::default()
    };
    let inputs: Vec<PathBuf> = args.baselines.iter().chain([&args.candidate]).cloned().collect();
    let judged = read_all(&inputs, args, &options)?;
    for one in &judged {
        one.notes.iter().for_each(|note| console::say(&format!("{}: {note}", one.source)));
    }
    let comparison = compared(&judged, &tolerances(args), options.warm_up_s)?;
    let format = if args.json { CompareFormat::Json } else { args.format };
    let text = match format {
        CompareFormat::Text => report::comparison_text(&comparison, console::style()),
        CompareFormat::Md => report::comparison_markdown(&comparison),
        CompareFormat::Json => {
            report::comparison_json(&comparison).map_err(|error| Failure::from_error(&error))? + "\n"
        }
    };
    console::print(&text)?;
    Ok(match comparison.verdict.gate() {
        Gate::Pass => 0,
        Gate::Fail => 1,
        Gate::CannotTell => 3,
    })
}

fn read_all(inputs: &[PathBuf], args: &CompareArgs, options: &analysis::Options) -> Result<Vec<Judged>, Failure> {
    if inputs.iter().filter(|input| input.as_os_str() == "-").count() > 1 {
        return Err(Failure::new("standard input can be read only once; name files for the others"));
    }
    judge::judge_each(inputs, args.unit, options).into_iter().collect()
}

fn tolerances(args: &CompareArgs) -> Tolerances {
    let of_all = args.tolerance.iter().rev().find(|one| one.name.is_none());
    let named = args.tolerance.iter().rev().filter_map(|one| Some((one.name.clone()?, one.share)));
    Tolerances { all: of_all.map(|one| one.share), named: named.collect() }
}

fn compared(judged: &[Judged], tolerances: &Tolerances, warm_up_s: Option<f64>) -> Result<Comparison, Failure> {
    let lagged: Vec<Option<String>> = judged.iter().map(|one| one.run.as_ref().and_then(judge::lagged)).collect();
    let sides: Vec<Side<'_>> = judged
        .iter()
        .zip(&lagged)
        .map(|(one, lagged)| {
            let recorded = one.run.as_ref().and_then(|run| run.header.conditions.warm_up_s);
            Side {
                source: &one.source,
                set: &one.set,
                assessment: &one.assessment,
                run: one.run.as_ref(),
                warm_up_s: warm_up_s.or(recorded),
                lagged: lagged.as_deref(),
            }
        })
        .collect();
    let (candidate, baselines) =
        sides.split_last().ok_or_else(|| Failure::new("name a baseline and a candidate to compare"))?;
    let comparison = compare(baselines, *candidate, tolerances);
    let unused = tolerances.named.iter().find(|(name, _)| !analysis::compare::is_used(name, &comparison));
    match unused {
        None => Ok(comparison),
        Some((name, _)) => Err(Failure::new(format!("--tolerance {name}: nothing that is compared has this name"))
            .hint("give the name of a metric or a step as --json shows it, or p50, p95, p99, failures, throughput")),
    }
}
