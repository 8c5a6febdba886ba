//! From an input to its assessment, the same way for a run that just ended, for `soak analyze` and for a chart.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::analysis::{self, Budget, Ceiling, ErrorCeiling};
use crate::domain::assessment::Gate;
use crate::domain::rate::span;
use crate::domain::run::RunEnd;
use crate::domain::scrape::ScrapedSeries;
use crate::domain::site::HeapReport;
use crate::domain::{Assessment, Metric, Objective, Run, SeriesSet, Unit};
use crate::import::{self, ImportOptions, Imported};
use crate::profile::Known;
use crate::report::{self, Material, Style, Subject};
use crate::store;

use super::args::{JudgeArgs, ShowArgs, ValueUnit, WarmUp};
use super::console;
use super::failure::Failure;
use super::heap_run;
use super::traffic::Traffic;

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
    /// What the heap says by call site, where the run has snapshots of it.
    pub(super) heap: Option<HeapReport>,
}

/// What the flags and the profile ask of the verdict. A flag goes before the profile, but for objectives, all of which must
/// hold.
#[derive(Debug)]
pub(super) struct Asked {
    /// The options of the analysis.
    pub(super) options: analysis::Options,
    /// The end of warm-up, where somebody sets it.
    pub(super) warm_up: Option<Duration>,
    /// The budgets of growth as they were written, for the record.
    pub(super) fail_on: Vec<String>,
    /// The objectives, for the record.
    pub(super) objectives: Vec<Objective>,
}

impl Asked {
    /// Reads and checks it all before a run starts, so that a typing error is not found out in the morning.
    ///
    /// # Errors
    /// What cannot be understood, or names what will not be there.
    pub(super) fn of(args: &JudgeArgs, traffic: &Traffic) -> Result<Self, Failure> {
        let mut options = options(args)?;
        let mut fail_on = args.fail_on.clone();
        if fail_on.is_empty() {
            fail_on.clone_from(&traffic.budgets);
            options.budgets = budgets(&fail_on)?;
        }
        let scraped = traffic.scrape.as_ref().map_or(&[][..], |scrape| &scrape.series);
        check_metrics(&options, scraped)?;
        check_objectives(&options.objectives, &traffic.known())?;
        let warm_up = match args.warm_up {
            WarmUp::Auto => traffic.warm_up,
            WarmUp::After(time) => Some(time),
        };
        options.warm_up_s = warm_up.map(|time| time.as_secs_f64());
        let mut objectives = traffic.objectives.clone();
        // Those of the flags go into the record with the profile's, and are read from there.
        objectives.append(&mut options.objectives);
        Ok(Self { options, warm_up, fail_on, objectives })
    }
}

fn budgets(texts: &[String]) -> Result<Vec<Budget>, Failure> {
    let parsed = texts
        .iter()
        .map(|text| Budget::parse(text).map_err(|error| Failure::new(format!("--fail-on '{text}': {error}"))));
    parsed.collect()
}

/// The options of the analysis from the command line.
///
/// # Errors
/// Where `--fail-on` is not an expression.
pub(super) fn options(args: &JudgeArgs) -> Result<analysis::Options, Failure> {
    let budgets = budgets(&args.fail_on)?;
    Ok(analysis::Options {
        warm_up_s: match args.warm_up {
            WarmUp::Auto => None,
            WarmUp::After(time) => Some(time.as_secs_f64()),
        },
        budgets,
        objectives: args.objective.clone(),
        ignore: args.ignore.iter().map(|(from, to)| (from.as_secs_f64(), to.as_secs_f64())).collect(),
        ..analysis::Options::default()
    })
}

/// Whether each budget names a metric.
fn check_metrics(options: &analysis::Options, scraped: &[ScrapedSeries]) -> Result<(), Failure> {
    let mut known: Vec<&str> = Metric::all().map(Metric::name).collect();
    known.extend(scraped.iter().map(|series| series.name.as_str()));
    match options.budgets.iter().find(|budget| !known.contains(&budget.metric.as_str())) {
        None => Ok(()),
        Some(budget) => Err(unknown_metric(&budget.metric, known.into_iter())),
    }
}

/// Whether each objective of the flags names what there will be.
fn check_objectives(objectives: &[Objective], known: &Known) -> Result<(), Failure> {
    let missing = |objective: &Objective| Some((objective.text.clone(), known.missing(objective)?));
    match objectives.iter().find_map(missing) {
        None => Ok(()),
        Some((text, missing)) => Err(Failure::new(format!("--objective '{text}': {missing}"))),
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
        let options = with_record(options, &run)?;
        let assessment = analysis::assess(&set, &options);
        check_budgets(&options, &assessment)?;
        let assessment = analysis::with_attribution(assessment, &run.windows, &set, &options);
        let lagged = lagged(&run);
        let (objectives, warm_up_s) = (&options.objectives, options.warm_up_s);
        let assessment =
            analysis::with_objectives(assessment, objectives, &run.windows, &set, warm_up_s, lagged.as_deref());
        let folder = if input.is_dir() { input } else { input.parent().unwrap_or(Path::new("")) };
        let (heap, note) = heap_run::report(folder, &run);
        let notes = note.into_iter().collect();
        let assessment = heap_run::doubted(assessment, heap.as_ref());
        return Ok(Judged { source, run: Some(run), set, notes, assessment, heap });
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
    let assessment = analysis::with_objectives(assessment, &options.objectives, &[], &set, options.warm_up_s, None);
    Ok(Judged { source, run: None, set, notes, assessment, heap: None })
}

/// The options with what the record says of how it was made: what is asked now goes before it, but for objectives, all of
/// which must hold.
fn with_record(options: &analysis::Options, run: &Run) -> Result<analysis::Options, Failure> {
    let conditions = &run.header.conditions;
    let recorded = conditions.objectives.iter().map(|text| text.parse::<Objective>());
    let mut objectives = recorded.collect::<Result<Vec<_>, _>>().map_err(|error| Failure::from_error(&error))?;
    objectives.extend(options.objectives.iter().cloned());
    let marked = run.disturbances().into_iter().map(|marked| (marked.from_s, marked.to_s));
    Ok(analysis::Options {
        ignore: options.ignore.iter().copied().chain(marked).collect(),
        warm_up_s: options.warm_up_s.or(conditions.warm_up_s),
        budgets: if options.budgets.is_empty() { budgets(&conditions.fail_on)? } else { options.budgets.clone() },
        objectives,
        caveat: report::caveat(run),
        crossed: crossed(run),
        ..options.clone()
    })
}

/// Where the driver lagged for less than this share of the run, even the slowest 1 % of the requests may tell of the target.
const LAG_SHARE: f64 = 0.01;

/// That the driver lagged, where it did for long enough to matter: then a response time tells of the driver as well.
pub(super) fn lagged(run: &Run) -> Option<String> {
    let lagged_s = run.traffic_summary()?.lagged_s as f64;
    (lagged_s > LAG_SHARE * run.recorded().as_secs_f64())
        .then(|| format!("the driver lagged for {} of the run", span(lagged_s)))
}

impl Judged {
    /// The report in the form that was asked for.
    ///
    /// # Errors
    /// Where it cannot be put into JSON.
    pub(super) fn shown(&self, show: &ShowArgs, style: Style) -> Result<String, Failure> {
        if show.json {
            let line = report::json_line_with_heap(&self.source, &self.assessment, self.heap.as_ref());
            return line.map(|line| line + "\n").map_err(|error| Failure::from_error(&error));
        }
        if show.quiet {
            return Ok(report::verdict_line(&self.assessment, style) + "\n");
        }
        let mut text = report::summary(self.subject(), &self.set, &self.assessment, style);
        if let Some(heap) = &self.heap {
            // Behind the blank line that stands before the verdict, which stays the last.
            let verdict = text.rfind("\n\n").map_or(0, |end| end + 2);
            text.insert_str(verdict, &(report::summary_lines(heap) + "\n"));
        }
        Ok(text)
    }

    /// What a report is made from.
    pub(super) fn material(&self) -> Material<'_> {
        Material {
            subject: self.subject(),
            set: &self.set,
            assessment: &self.assessment,
            exit_code: self.code(),
            notes: &self.notes,
            heap: self.heap.as_ref(),
        }
    }

    fn subject(&self) -> Subject<'_> {
        self.run.as_ref().map_or(Subject::File(&self.source), Subject::Run)
    }

    /// The exit code, by the assessment's one rule.
    pub(super) fn code(&self) -> u8 {
        match self.assessment.gate() {
            Gate::Pass => 0,
            Gate::Fail => 1,
            Gate::CannotTell => 3,
        }
    }
}

fn crossed(run: &Run) -> Option<String> {
    match run.end() {
        Some(RunEnd::CeilingCrossed { crossing }) => Some(crossing.clone()),
        _ => None,
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

/// Reads and judges several inputs, as many at a time as there are processors, in the order in which they were named.
pub(super) fn judge_each(
    inputs: &[PathBuf],
    unit: Option<ValueUnit>,
    options: &analysis::Options,
) -> Vec<Result<Judged, Failure>> {
    let workers = std::thread::available_parallelism().map_or(1, usize::from).min(inputs.len());
    judge_batch(inputs, workers, unit, options)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::run::{Edge, Event, EventKind};
    use crate::domain::{Elapsed, Sample, Verdict};

    /// A quarter of an hour at 30 MB, in whose last third memory rises by 100 kB a second.
    fn risen(events: Vec<Event>) -> Run {
        let sample = |second: u32| {
            let mut sample = Sample { at: Elapsed::from_secs_f64(f64::from(second)), ..Sample::default() };
            let wobble = u64::from(second * 7919 % 13) * 4096;
            let risen = u64::from(second.saturating_sub(600)) * 100_000;
            sample.readings.set_raw(Metric::RssAnon, 30_000_000 + wobble + risen);
            sample
        };
        Run { samples: (0..900).map(sample).collect(), events, ..Run::default() }
    }

    fn judged(run: &Run) -> Assessment {
        analysis::assess(&run.series(), &with_record(&analysis::Options::default(), run).unwrap())
    }

    #[test]
    fn what_was_marked_as_a_disturbance_is_left_out_of_the_trend() {
        assert_eq!(judged(&risen(Vec::new())).verdict, Verdict::Growing);
        let kind = EventKind::Disturbance { label: "disturbance 1".into(), edge: Edge::Begin };
        let at = Elapsed::from_secs_f64(599.0);
        let marked = judged(&risen(vec![Event { at, kind }]));
        assert_eq!(marked.verdict, Verdict::Steady, "{}", marked.reason);
        assert_eq!(marked.left_out, [(599.0, 899.0)]);
    }
}
