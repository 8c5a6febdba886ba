//! `soak chart`, and the charts that every run ends with.

use std::fs;
use std::path::{Path, PathBuf};

use crate::chart::{self, ChartFile, ChartOptions, Format, Overlaid, Source, Theme};

use super::args::{self, ChartArgs, Picture};
use super::console;
use super::failure::Failure;
use super::judge::{self, Judged};

/// Where the pictures of several inputs go, of which none is more theirs than the others'.
const OVERLAY_FOLDER: &str = "overlay-charts";

/// Draws the charts of one input, or several over each other, and prints where they are.
///
/// # Errors
/// Where an input cannot be read or a picture cannot be drawn or written.
pub(super) fn run(args: &ChartArgs) -> Result<u8, Failure> {
    let judging = judge::options(&args.judge)?;
    let judged = args.inputs.iter().map(|input| judge::judge(input, args.unit, &judging));
    let judged = judged.collect::<Result<Vec<_>, _>>()?;
    let options = ChartOptions {
        width: args.size.0,
        height: args.size.1,
        theme: match args.theme {
            args::Theme::Light => Theme::Light,
            args::Theme::Dark => Theme::Dark,
        },
        format: match args.format {
            Picture::Png => Format::Png,
            Picture::Svg => Format::Svg,
        },
        metrics: args.metric.clone(),
    };
    let asked = args.output.clone();
    let written = match (&judged[..], &args.inputs[..]) {
        ([judged], [input]) => draw(judged, &asked.unwrap_or_else(|| folder_of(input)), &options)?,
        _ => overlay(&judged, &asked.unwrap_or_else(|| OVERLAY_FOLDER.into()), &options)?,
    };
    for path in written {
        console::print(&format!("{}\n", path.display()))?;
    }
    Ok(0)
}

/// Draws every chart into `folder` and answers with the files.
///
/// # Errors
/// Where a picture cannot be drawn or written.
pub(super) fn draw(judged: &Judged, folder: &Path, options: &ChartOptions) -> Result<Vec<PathBuf>, Failure> {
    let charts = chart::render(&source_of(judged), &judged.assessment, options);
    write(charts.map_err(|error| Failure::from_error(&error))?, folder)
}

fn overlay(judged: &[Judged], folder: &Path, options: &ChartOptions) -> Result<Vec<PathBuf>, Failure> {
    let overlaid =
        |judged| Overlaid { source: source_of(judged), assessment: &judged.assessment, name: &judged.source };
    let runs: Vec<Overlaid<'_>> = judged.iter().map(overlaid).collect();
    let charts = chart::render_overlay(&runs, options);
    write(charts.map_err(|error| Failure::from_error(&error))?, folder)
}

fn write(charts: Vec<ChartFile>, folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let failed = |path: &Path, error| Failure::new(format!("cannot write {}: {error}", path.display()));
    fs::create_dir_all(folder).map_err(|error| failed(folder, error))?;
    let mut written = Vec::with_capacity(charts.len());
    for chart in charts {
        let path = folder.join(chart.name);
        fs::write(&path, chart.bytes).map_err(|error| failed(&path, error))?;
        written.push(path);
    }
    Ok(written)
}

/// What the charts of an input are made from.
pub(super) fn source_of(judged: &Judged) -> Source<'_> {
    match &judged.run {
        Some(run) => Source::of_run(run, &judged.set),
        None => Source::of_series(&judged.source, &judged.set),
    }
}

/// A run's own folder, or a folder beside a file of series, named after it.
fn folder_of(input: &Path) -> PathBuf {
    if input.is_dir() {
        return input.to_owned();
    }
    if crate::store::is_record(input) {
        return input.parent().map(Path::to_owned).unwrap_or_default();
    }
    let mut name = input.file_stem().unwrap_or(input.as_os_str()).to_owned();
    name.push("-charts");
    input.with_file_name(name)
}
