//! `soak --pid` and its kin: record, then judge the record exactly as `soak analyze` does, draw, report.

use std::fs;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::analysis;
use crate::chart::ChartOptions;
use crate::domain::run::Scope;
use crate::driver::Plan;
use crate::runner::{self, HeapTracing, RunOptions, Watch};
use crate::target::Selector;

use super::args::{RunArgs, ShowArgs, TargetArgs};
use super::chart;
use super::console::{self, Progress, ProgressLine};
use super::failure::Failure;
use super::interrupt::Interrupt;
use super::judge::{self, Asked, Judged};
use super::label;
use super::live::{LiveView, Outlook};
use super::{report, traffic};

/// Records a run and judges it.
///
/// # Errors
/// Where the target, the options or the output folder are at fault. Once something is recorded, it is judged.
pub(super) fn run(args: RunArgs) -> Result<u8, Failure> {
    // Everything that was typed is checked before anything starts.
    let traffic = traffic::resolve(&args.traffic, args.record.duration)?;
    let asked = Asked::of(&args.judge, &traffic)?;
    let options = RunOptions {
        scope: if args.target.tree { Scope::Tree } else { Scope::Process },
        selector: selector(args.target)?,
        interval: args.record.interval,
        // A scenario ends the run itself, having been stretched to the duration that was asked for.
        duration: args.record.duration.filter(|_| traffic.length.is_none()),
        warm_up: asked.warm_up,
        fail_on: asked.fail_on,
        objectives: asked.objectives,
        budget: args.record.budget,
        ceilings: judge::ceilings(&args.record.abort_on)?,
        heap: if args.record.no_heap { HeapTracing::Never } else { HeapTracing::Offered },
        traffic: traffic.plan,
        scrape: traffic.scrape,
        error_ceilings: judge::error_ceilings(&args.record.abort_on)?,
        label: label::of_run(args.record.label),
        output: args.record.output,
    };
    let analysis = asked.options;
    let interrupt = Interrupt::install()?;
    let folder = watch(&options, &analysis, &interrupt, Progress::of(&args.show, &args.progress))?;
    let judged = judge::judge(&folder, None, &analysis)?;
    finish(&judged, &folder, &args.show)
}

/// Records under the eyes of the live view, or of the progress line where there is no terminal for it, and answers with the run's folder.
///
/// # Errors
/// Where the run could not start.
pub(super) fn watch(
    options: &RunOptions,
    analysis: &analysis::Options,
    interrupt: &Interrupt,
    progress: Progress,
) -> Result<PathBuf, Failure> {
    // A scenario ends the run itself.
    let length = options.duration.or_else(|| options.traffic.as_ref().and_then(Plan::length));
    if progress == Progress::Screen {
        let asked = Arc::clone(&interrupt.asked);
        if let Some(view) = LiveView::start(length, options.warm_up, analysis, asked) {
            return watch_live(options, view, interrupt);
        }
    }
    let mut line = ProgressLine::new(length, Outlook::new(analysis, options.warm_up), progress);
    let until = if length.is_none() { " until Ctrl-C or its end" } else { "" };
    let folder = runner::record(options, interrupt.stop.as_fd(), &mut |seen| match seen {
        Watch::Started { folder, target, before_quit, remote } => {
            interrupt.before_quit(before_quit);
            line.attend(remote);
            line.interrupt(&format!(
                "watching {} (pid {}){until}; the record is {}",
                target.name.escape_debug(),
                target.pid,
                folder.display()
            ));
        }
        Watch::Latest(latest) => line.show(latest),
        Watch::Said(text) => line.interrupt(&format!("soak: {text}")),
    })
    .map_err(|error| Failure::from_error(&error))?;
    line.clear();
    Ok(folder)
}

fn watch_live(options: &RunOptions, mut view: LiveView, interrupt: &Interrupt) -> Result<PathBuf, Failure> {
    let recorded = runner::record(options, interrupt.stop.as_fd(), &mut |seen| match seen {
        Watch::Started { folder, target, before_quit, remote } => {
            interrupt.before_quit(before_quit);
            view.see(Watch::Started { folder, target, before_quit: Box::new(|| ()), remote });
        }
        seen => view.see(seen),
    });
    view.close().iter().for_each(|line| console::say(line));
    recorded.map_err(|error| Failure::from_error(&error))
}

/// Writes the report and the charts into the run's folder and prints the summary. A picture that cannot be drawn costs
/// the picture and not the verdict.
///
/// # Errors
/// Where standard output cannot be written.
pub(super) fn finish(judged: &Judged, folder: &Path, show: &ShowArgs) -> Result<u8, Failure> {
    let mut shown = judged.shown(show, console::style())?;
    let report = folder.join("report.json");
    let json = ShowArgs { json: true, quiet: false };
    if let Err(error) = fs::write(&report, judged.shown(&json, crate::report::Style::Plain)?) {
        console::say(&format!("soak: cannot write {}: {error}", report.display()));
    }
    let page = folder.join("report.html");
    match report::html(judged) {
        Ok(html) => {
            if let Err(error) = fs::write(&page, html) {
                console::say(&format!("soak: cannot write {}: {error}", page.display()));
            }
        }
        Err(failure) => console::say(&failure.to_string()),
    }
    match chart::draw(judged, folder, &ChartOptions::default()) {
        // The verdict stays the last line.
        Ok(_) if !show.json && !show.quiet => {
            let place = format!("charts and report: {}\n", folder.display());
            // After the blank line that stands before it.
            let verdict = shown.rfind("\n\n").map_or(0, |end| end + 2);
            shown.insert_str(verdict, &place);
        }
        Ok(_) => {}
        Err(failure) => console::say(&failure.to_string()),
    }
    console::print(&shown)?;
    // This run has ended; a record that does not say so has lost its last lines to a disk that stayed full.
    let is_whole = judged.run.as_ref().is_none_or(|run| run.end().is_some());
    if !is_whole {
        console::say("soak: the last lines of the record could not be written, so the verdict is on a part of the run");
    }
    Ok(if is_whole || judged.code() != 0 { judged.code() } else { Failure::CODE })
}

fn selector(args: TargetArgs) -> Result<Selector, Failure> {
    let mut command = args.command.into_iter();
    match (args.pid, args.port, args.name, command.next()) {
        (Some(pid), ..) => Ok(Selector::Pid(pid.get())),
        (_, Some(port), ..) => Ok(Selector::Port(port.get())),
        (_, _, Some(name), _) => Ok(Selector::Name(name)),
        (.., Some(program)) => Ok(Selector::Command { program, args: command.collect() }),
        _ => {
            Err(Failure::new("no target")
                .hint("choose one with --pid, --port, --name or -- CMD; `soak demo` needs none"))
        }
    }
}
