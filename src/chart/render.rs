//! The way in: from a source and its assessment to files of pictures.

use crate::domain::{Assessment, Role, Series};

use super::compose::Composer;
use super::layout::Canvas;
use super::overlay::{Overlaid, Overlay, Shared};
use super::overview::is_worth_drawing;
use super::scene::Scene;
use super::source::Source;
use super::theme::Theme;
use super::{paint, raster};

/// The file format of charts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// PNG.
    #[default]
    Png,
    /// SVG, from which the PNG is made.
    Svg,
}

impl Format {
    /// The ending of the file's name.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Svg => "svg",
        }
    }
}

/// What to draw and how.
#[derive(Clone, Debug, PartialEq)]
pub struct ChartOptions {
    /// The width in pixels, 320 to 8192.
    pub width: u32,
    /// The height in pixels, 240 to 8192; an overview with many panels grows taller.
    pub height: u32,
    /// The colours.
    pub theme: Theme,
    /// The file format.
    pub format: Format,
    /// The metrics to draw, by name; empty for the overview and every metric that is judged.
    pub metrics: Vec<String>,
}

impl Default for ChartOptions {
    fn default() -> Self {
        Self { width: 1600, height: 900, theme: Theme::Light, format: Format::Png, metrics: Vec::new() }
    }
}

/// One picture, ready to be written.
#[derive(Clone, Debug, PartialEq)]
pub struct ChartFile {
    /// The file's name: `overview.png`, `rss_anon.png`.
    pub name: String,
    /// The file's content.
    pub bytes: Vec<u8>,
}

/// Why charts could not be drawn.
#[derive(Debug, thiserror::Error)]
pub enum ChartError {
    /// The size asked for is out of bounds.
    #[error("a chart of {width} x {height} pixels cannot be drawn: width 320 to 8192, height 240 to 8192")]
    Size {
        /// The width asked for.
        width: u32,
        /// The height asked for.
        height: u32,
    },
    /// A metric was asked for that is not there.
    #[error("there is no metric {name:?} here; there are: {}", known.join(", "))]
    UnknownMetric {
        /// The name asked for.
        name: String,
        /// The names that are there.
        known: Vec<String>,
    },
    /// No metric stands in two of several runs.
    #[error("these have no metric in common to draw over each other: {}", runs.join("; "))]
    NothingShared {
        /// Each run with the metrics that it has.
        runs: Vec<String>,
    },
    /// The embedded font was not taken.
    #[error("the embedded font cannot be read")]
    Font,
    /// Drawing failed.
    #[error("drawing failed: {0}")]
    Draw(String),
    /// The drawing could not be read back for rasterising.
    #[error("the drawing cannot be rasterised")]
    Svg(#[source] resvg::usvg::Error),
    /// The PNG encoder failed.
    #[error("the picture cannot be encoded")]
    Png(#[source] png::EncodingError),
}

/// Draws the overview and one chart a metric, or those that were asked for.
///
/// # Errors
/// [`ChartError::Size`] and [`ChartError::UnknownMetric`] for options that cannot be met; the others are faults of the
/// build.
pub fn render(
    source: &Source<'_>,
    assessment: &Assessment,
    options: &ChartOptions,
) -> Result<Vec<ChartFile>, ChartError> {
    let canvas = canvas(options)?;
    let chosen = chosen(source, options)?;
    let composer = Composer::new(*source, assessment, canvas.columns());
    let mut files = Vec::new();
    if options.metrics.is_empty() {
        files.push(draw("overview", &composer.overview(), canvas, options)?);
    }
    for series in chosen {
        let file = draw(&file_stem(&series.name), &composer.metric(series), canvas, options)?;
        files.push(renamed(file, &files));
    }
    Ok(files)
}

/// Draws the overview alone.
///
/// # Errors
/// As [`render`].
pub fn render_overview(
    source: &Source<'_>,
    assessment: &Assessment,
    options: &ChartOptions,
) -> Result<ChartFile, ChartError> {
    let canvas = canvas(options)?;
    let composer = Composer::new(*source, assessment, canvas.columns());
    draw("overview", &composer.overview(), canvas, options)
}

/// Draws several runs over each other: the overview and one picture a metric that at least two of them have, or those
/// that were asked for.
///
/// # Errors
/// [`ChartError::Size`] and [`ChartError::UnknownMetric`] for options that cannot be met, [`ChartError::NothingShared`]
/// where the runs have no metric in common; the others are faults of the build.
pub fn render_overlay(runs: &[Overlaid<'_>], options: &ChartOptions) -> Result<Vec<ChartFile>, ChartError> {
    let canvas = canvas(options)?;
    let overlay = Overlay::new(runs, canvas.columns());
    let shared = overlay.shared();
    if shared.is_empty() {
        let told = runs.iter().zip(overlay.names()).map(|(run, name)| format!("{name} has {}", metrics_of(run)));
        return Err(ChartError::NothingShared { runs: told.collect() });
    }
    let asked = |name: &String| {
        shared.iter().find(|shared| shared.name == name).ok_or_else(|| ChartError::UnknownMetric {
            name: name.clone(),
            known: shared.iter().map(|shared| shared.name.to_owned()).collect(),
        })
    };
    let mut files = Vec::new();
    let chosen: Vec<&Shared<'_>> = if options.metrics.is_empty() {
        files.push(draw("overview", &overlay.overview(&shared), canvas, options)?);
        shared.iter().collect()
    } else {
        options.metrics.iter().map(asked).collect::<Result<_, _>>()?
    };
    for shared in chosen {
        let file = draw(&file_stem(shared.name), &overlay.metric(shared), canvas, options)?;
        files.push(renamed(file, &files));
    }
    Ok(files)
}

/// The names of a run's metrics, the first few of them.
fn metrics_of(run: &Overlaid<'_>) -> String {
    const TOLD: usize = 8;
    let drawable: Vec<&str> = run
        .source
        .set
        .series
        .iter()
        .filter(|series| series.role != Role::Context && is_worth_drawing(series))
        .map(|series| series.name.as_str())
        .collect();
    match drawable.len() {
        0 => "nothing".to_owned(),
        count if count > TOLD => format!("{} and {} more", drawable[..TOLD].join(", "), count - TOLD),
        _ => drawable.join(", "),
    }
}

fn canvas(options: &ChartOptions) -> Result<Canvas, ChartError> {
    let (width, height) = (options.width, options.height);
    if !(320..=8192).contains(&width) || !(240..=8192).contains(&height) {
        return Err(ChartError::Size { width, height });
    }
    Ok(Canvas { width_px: width, height_px: height })
}

fn chosen<'a>(source: &Source<'a>, options: &ChartOptions) -> Result<Vec<&'a Series>, ChartError> {
    let set = source.set;
    if options.metrics.is_empty() {
        let judged = |series: &&Series| series.role != Role::Context && is_worth_drawing(series);
        return Ok(set.series.iter().filter(judged).collect());
    }
    let find = |name: &String| {
        set.get(name).ok_or_else(|| ChartError::UnknownMetric {
            name: name.clone(),
            known: set.series.iter().map(|series| series.name.clone()).collect(),
        })
    };
    options.metrics.iter().map(find).collect()
}

fn draw(stem: &str, scene: &Scene, canvas: Canvas, options: &ChartOptions) -> Result<ChartFile, ChartError> {
    let scale = canvas.scale();
    let canvas = canvas.for_panels(scene);
    let svg = paint::svg(scene, canvas, scale, options.theme)?;
    let bytes = match options.format {
        Format::Svg => svg.into_bytes(),
        Format::Png => raster::png(&svg)?,
    };
    Ok(ChartFile { name: format!("{stem}.{}", options.format.extension()), bytes })
}

/// The file under a name that no other has: two columns of a CSV may differ in letters only that no file's name keeps.
fn renamed(file: ChartFile, others: &[ChartFile]) -> ChartFile {
    let is_taken = |name: &str| others.iter().any(|other| other.name == name);
    let (stem, extension) = file.name.rsplit_once('.').unwrap_or((&file.name, ""));
    let numbered = (2..).map(|number| format!("{stem}-{number}.{extension}"));
    let name = std::iter::once(file.name.clone()).chain(numbered).find(|name| !is_taken(name));
    ChartFile { name: name.unwrap_or_default(), bytes: file.bytes }
}

/// A metric's name as a file's: a CSV may call its columns anything.
fn file_stem(name: &str) -> String {
    let kept = |letter: char| if letter.is_ascii_alphanumeric() || "-_.".contains(letter) { letter } else { '_' };
    let stem: String = name.chars().map(kept).take(80).collect();
    let stem = stem.trim_start_matches('.');
    if stem.is_empty() || stem == "overview" { format!("metric_{stem}") } else { stem.to_owned() }
}
