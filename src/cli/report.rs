//! `soak report`: the report of a recorded run or of a file of series, again, in any of its forms.

use std::fs;
use std::path::Path;

use crate::chart::{self, ChartOptions, Format};
use crate::domain::{Finding, Role, Verdict};
use crate::report::{self, Picture, Pictures};

use super::args::{ReportArgs, ReportFormat, ShowArgs};
use super::chart::source_of;
use super::console;
use super::failure::Failure;
use super::judge::{self, Judged};

/// The charts of a page are drawn at about the width at which it shows them, which keeps it small.
const CHART: (u32, u32) = (1100, 620);
/// Charts of single metrics that a page holds at most: a CSV may have thousands of columns.
const CHARTS: usize = 16;

/// Prints or writes the report. The exit code is 0 whatever the verdict: the report was asked for, not a gate.
///
/// # Errors
/// Where the input cannot be read, or the report cannot be drawn or written.
pub(super) fn run(args: &ReportArgs) -> Result<u8, Failure> {
    let judged = judge::judge(&args.input, args.unit, &judge::options(&args.judge)?)?;
    for note in &judged.notes {
        console::say(&format!("{}: {note}", judged.source));
    }
    let text = match args.format {
        ReportFormat::Text => {
            let style = if args.output.is_some() { report::Style::Plain } else { console::style() };
            judged.shown(&ShowArgs { json: false, quiet: false }, style)?
        }
        ReportFormat::Json => judged.shown(&ShowArgs { json: true, quiet: false }, report::Style::Plain)?,
        ReportFormat::Md => report::markdown_report(&judged.material(), &pictures_of(&judged, &args.input)),
        ReportFormat::Html => html(&judged)?,
        ReportFormat::Junit => report::junit(&judged.material()),
        ReportFormat::Csv => report::csv(&judged.material()),
    };
    match &args.output {
        Some(path) => {
            fs::write(path, text).map_err(|error| Failure::new(format!("cannot write {}: {error}", path.display())))?;
        }
        None => console::print(&text)?,
    }
    Ok(0)
}

/// The page, with its charts drawn.
///
/// # Errors
/// Where a chart cannot be drawn.
pub(super) fn html(judged: &Judged) -> Result<String, Failure> {
    let (width, height) = CHART;
    let options = ChartOptions { width, height, format: Format::Svg, ..ChartOptions::default() };
    let source = source_of(judged);
    let failed = |error| Failure::from_error(&error);
    let overview = chart::render_overview(&source, &judged.assessment, &options).map_err(failed)?;
    let mut charts = vec![Picture { metric: String::new(), svg: svg(overview.bytes) }];
    // What decides and grows first, so that a page which cannot hold all charts holds those.
    let mut findings: Vec<_> = judged.assessment.findings.iter().collect();
    findings.sort_by_key(|finding| (finding.role != Role::Decides, finding.verdict != Verdict::Growing));
    for finding in findings {
        let is_there =
            judged.set.get(&finding.metric).is_some_and(|series| series.values.iter().any(|value| *value > 0.0));
        if charts.len() > CHARTS || !is_there {
            continue;
        }
        let options = ChartOptions { metrics: vec![finding.metric.clone()], ..options.clone() };
        for chart in chart::render(&source, &judged.assessment, &options).map_err(failed)? {
            charts.push(Picture { metric: finding.metric.clone(), svg: svg(chart.bytes) });
        }
    }
    let flame = judged.heap.as_ref().map(|heap| chart::flame(&heap.flame)).transpose().map_err(failed)?;
    Ok(report::html(&judged.material(), &Pictures { charts, flame, dark: chart::dark_rules() }))
}

fn svg(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_default()
}

/// The names of the pictures that lie beside a run's record, the overview first, then those of what decides and grows.
fn pictures_of(judged: &Judged, input: &Path) -> Vec<String> {
    if judged.run.is_none() {
        return Vec::new();
    }
    let folder = if input.is_dir() { input } else { input.parent().unwrap_or(Path::new("")) };
    let is_told = |finding: &&Finding| finding.role == Role::Decides && finding.verdict == Verdict::Growing;
    let growing = judged.assessment.findings.iter().filter(is_told);
    let names = std::iter::once("overview".to_owned()).chain(growing.map(|finding| finding.metric.clone()));
    names.map(|name| format!("{name}.png")).filter(|name| folder.join(name).is_file()).collect()
}
