//! From an input to its assessment, the same way for a run that just ended, for `soak analyze` and for a chart.

use std::path::{Path, PathBuf};

use crate::analysis::{self, Budget, Ceiling, ErrorCeiling};
use crate::domain::run::RunEnd;
use crate::domain::{Assessment, Metric, Run, SeriesSet, Unit, Verdict};
use crate::import::{self, ImportOptions, Imported};
use crate::report::{self, Material, Style, Subject};
use crate::store;

use super::args::{JudgeArgs, ShowArgs, ValueUnit, WarmUp};
use super::console;
use super::failure::Failure;

/// What was read and what it says.
#[derive(Debug)]
pub(super) struct Judged {
    /// The input as it was named.
    pub(super) source: String,
    /// The run, where it was soak that recorded.
    pub(super) run: Option<Run>,
    /// The series that were judged.
    pub(super) set: SeriesSet,
    /// What was left out or merged while reading, a sentence each.
    pub(super) notes: Vec<String>,
    /// What they say.
    pub(super) assessment: Assessment,
}

/// The options of the analysis from the command line.
///
/// # Errors
/// Where `--fail-on` is not an expression.
pub(super) fn options(args: &JudgeArgs) -> Result<analysis::Options, Failure> {
    let budgets = args
        .fail_on
        .iter()
        .map(|text| Budget::parse(text).map_err(|error| Failure::new(format!("--fail-on '{text}': {error}"))))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(analysis::Options {
        warm_up_s: match args.warm_up {
            WarmUp::Auto => None,
            WarmUp::After(time) => Some(time.as_secs_f64()),
        },
        budgets,
        ignore: args.ignore.iter().map(|(from, to)| (from.as_secs_f64(), to.as_secs_f64())).collect(),
        ..analysis::Options::default()
    })
}

/// Checks before a run starts that each budget names a metric, so that a typing error is not found out in the morning.
///
/// # Errors
/// Where one does not, with the names that there are.
pub(super) fn check_metrics(options: &analysis::Options) -> Result<(), Failure> {
    match options.budgets.iter().find(|budget| Metric::from_name(&budget.metric).is_none()) {
        None => Ok(()),
        Some(budget) => Err(unknown_metric(&budget.metric, Metric::all().map(Metric::name))),
    }
}

fn unknown_metric<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Failure {
    let known = known.collect::<Vec<_>>().join(", ");
    Failure::new(format!("--fail-on: there is no metric '{name}' here; there are {known}"))
}

/// A budget that covers nothing that was judged would let everything pass.
fn check_budgets(options: &analysis::Options, assessment: &Assessment) -> Result<(), Failure> {
    let covers_none = |budget: &&Budget| !assessment.findings.iter().any(|finding| budget.covers(&finding.metric));
    match options.budgets.iter().find(covers_none) {
        None => Ok(()),
        Some(budget) => {
            Err(unknown_metric(&budget.metric, assessment.findings.iter().map(|finding| finding.metric.as_str())))
        }
    }
}

/// The ceilings that end a run.
///
/// # Errors
/// Where `--abort-on` is not an expression.
pub(super) fn ceilings(texts: &[String]) -> Result<Vec<Ceiling>, Failure> {
    let parsed = texts
        .iter()
        .filter(|text| !ErrorCeiling::is_meant_by(text))
        .map(|text| Ceiling::parse(text).map_err(|error| Failure::new(format!("--abort-on '{text}': {error}"))));
    parsed.collect()
}

/// The ceilings on failed requests that end a run.
///
/// # Errors
/// Where `--abort-on` speaks of errors and is not an expression.
pub(super) fn error_ceilings(texts: &[String]) -> Result<Vec<ErrorCeiling>, Failure> {
    let parsed = texts
        .iter()
        .filter(|text| ErrorCeiling::is_meant_by(text))
        .map(|text| ErrorCeiling::parse(text).map_err(|error| Failure::new(format!("--abort-on '{text}': {error}"))));
    parsed.collect()
}

/// Reads and judges one input: a run's folder, a record, or a file of series.
///
/// # Errors
/// Where the input cannot be read, by name, line and what to do.
pub(super) fn judge(input: &Path, unit: Option<ValueUnit>, options: &analysis::Options) -> Result<Judged, Failure> {
    let source = input.display().to_string();
    if store::is_record(input) {
        let run = store::read(input).map_err(|error| Failure::from_error(&error))?;
        let set = run.series();
        let warm_up_s = options.warm_up_s.or(run.header.conditions.warm_up_s);
        let options =
            analysis::Options { warm_up_s, caveat: report::caveat(&run), crossed: crossed(&run), ..options.clone() };
        let assessment = analysis::assess(&set, &options);
        check_budgets(&options, &assessment)?;
        return Ok(Judged { source, run: Some(run), set, notes: Vec::new(), assessment });
    }
    let unit = unit.map(|unit| match unit {
        ValueUnit::Bytes => Unit::Bytes,
        ValueUnit::Count => Unit::Count,
    });
    let options_of_import = ImportOptions { unit };
    let imported = if input == Path::new("-") {
        import::read_from(std::io::stdin().lock(), "standard input", &options_of_import)
    } else {
        import::read(input, &options_of_import)
    };
    let Imported { set, notes } = imported.map_err(|error| Failure::from_error(&error))?;
    let assessment = analysis::assess(&set, options);
    check_budgets(options, &assessment)?;
    Ok(Judged { source, run: None, set, notes, assessment })
}

impl Judged {
    /// The report in the form that was asked for.
    ///
    /// # Errors
    /// Where it cannot be put into JSON.
    pub(super) fn shown(&self, show: &ShowArgs, style: Style) -> Result<String, Failure> {
        if show.json {
            let line = report::json_line(&self.source, &self.assessment);
            return line.map(|line| line + "\n").map_err(|error| Failure::from_error(&error));
        }
        if show.quiet {
            return Ok(report::verdict_line(&self.assessment, style) + "\n");
        }
        Ok(report::summary(self.subject(), &self.set, &self.assessment, style))
    }

    /// What a report is made from.
    pub(super) fn material(&self) -> Material<'_> {
        Material {
            subject: self.subject(),
            set: &self.set,
            assessment: &self.assessment,
            exit_code: self.code(),
            notes: &self.notes,
        }
    }

    fn subject(&self) -> Subject<'_> {
        self.run.as_ref().map_or(Subject::File(&self.source), Subject::Run)
    }

    /// The exit code of its verdict; a ceiling that was crossed fails it too.
    pub(super) fn code(&self) -> u8 {
        if self.assessment.crossed.is_some() { 1 } else { code(self.assessment.verdict) }
    }
}

fn crossed(run: &Run) -> Option<String> {
    match run.end() {
        Some(RunEnd::CeilingCrossed { crossing }) => Some(crossing.clone()),
        _ => None,
    }
}

/// The exit code of a verdict: 0 steady, 1 growing, 3 inconclusive.
fn code(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Steady => 0,
        Verdict::Growing => 1,
        Verdict::Inconclusive => 3,
    }
}

/// Judges several inputs, as many at a time as there are processors, and prints them in the order in which they were
/// named. A failure of one stops none of the others; the exit code is the worst: a failure, then growing, then
/// inconclusive.
///
/// # Errors
/// Where standard output cannot be written.
pub(super) fn judge_all(
    inputs: &[PathBuf],
    unit: Option<ValueUnit>,
    options: &analysis::Options,
    show: &ShowArgs,
) -> Result<u8, Failure> {
    let workers = std::thread::available_parallelism().map_or(1, usize::from).min(inputs.len());
    let mut codes = Vec::with_capacity(inputs.len());
    // A few a worker at a time, so that the series of a thousand files are never in memory at once.
    for (round, batch) in inputs.chunks(workers * 4).enumerate() {
        for (position, outcome) in judge_batch(batch, workers, unit, options).into_iter().enumerate() {
            if round + position > 0 && !show.json && !show.quiet {
                console::print("\n")?;
            }
            match outcome {
                Ok(judged) => {
                    if !show.quiet {
                        judged.notes.iter().for_each(|note| console::say(&format!("{}: {note}", judged.source)));
                    }
                    console::print(&judged.shown(show, console::style())?)?;
                    codes.push(judged.code());
                }
                Err(failure) => {
                    console::say(&failure.to_string());
                    codes.push(Failure::CODE);
                }
            }
        }
    }
    Ok([Failure::CODE, 1, 3].into_iter().find(|code| codes.contains(code)).unwrap_or(0))
}

fn judge_batch(
    batch: &[PathBuf],
    workers: usize,
    unit: Option<ValueUnit>,
    options: &analysis::Options,
) -> Vec<Result<Judged, Failure>> {
    let next = std::sync::atomic::AtomicUsize::new(0);
    let mut outcomes: Vec<(usize, Result<Judged, Failure>)> = std::thread::scope(|scope| {
        let work = || {
            let mut done = Vec::new();
            loop {
                let position = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                let Some(input) = batch.get(position) else { return done };
                done.push((position, judge(input, unit, options)));
            }
        };
        let threads: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap_or_default()).collect()
    });
    outcomes.sort_by_key(|(position, _)| *position);
    let mut outcomes: Vec<_> = outcomes.into_iter().map(|(_, outcome)| outcome).collect();
    // Nothing panics, but if a worker ever did, its inputs must not pass unseen.
    outcomes.resize_with(batch.len(), || Err(Failure::new("an input was not judged: a worker ended too early")));
    outcomes
}
