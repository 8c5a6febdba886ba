//! `soak chart`, and the charts that every run ends with.

use std::fs;
use std::path::{Path, PathBuf};

use crate::chart::{self, ChartOptions, Format, Source, Theme};

use super::args::{self, ChartArgs, Picture};
use super::console;
use super::failure::Failure;
use super::judge::{self, Judged};

/// Draws the charts of one input and prints where they are.
///
/// # Errors
/// Where the input cannot be read or a picture cannot be drawn or written.
pub(super) fn run(args: &ChartArgs) -> Result<u8, Failure> {
    let judged = judge::judge(&args.input, args.unit, &judge::options(&args.judge)?)?;
    let folder = args.output.clone().unwrap_or_else(|| folder_of(&args.input));
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
    for path in draw(&judged, &folder, &options)? {
        console::print(&format!("{}\n", path.display()))?;
    }
    Ok(0)
}

/// Draws every chart into `folder` and answers with the files.
///
/// # Errors
/// Where a picture cannot be drawn or written.
pub(super) fn draw(judged: &Judged, folder: &Path, options: &ChartOptions) -> Result<Vec<PathBuf>, Failure> {
    let charts =
        chart::render(&source_of(judged), &judged.assessment, options).map_err(|error| Failure::from_error(&error))?;
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
