//! What can be typed after the commands that read what is recorded: `soak analyze`, `soak chart`, `soak report`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::values::size;
use super::{JudgeArgs, ShowArgs};

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum ValueUnit {
    /// Bytes
    Bytes,
    /// Whole things
    Count,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct AnalyzeArgs {
    /// Folders of runs, records, or files of series; `-` reads standard input
    #[arg(required = true, value_name = "RUN|FILE")]
    pub(in crate::cli) inputs: Vec<PathBuf>,
    /// What a bare `value` column counts
    #[arg(long, value_name = "UNIT")]
    pub(in crate::cli) unit: Option<ValueUnit>,
    #[command(flatten)]
    pub(in crate::cli) judge: JudgeArgs,
    #[command(flatten)]
    pub(in crate::cli) show: ShowArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Theme {
    /// Dark lines on white, for tickets and print
    Light,
    /// Light lines on black
    Dark,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Picture {
    /// Pixels
    Png,
    /// Vectors
    Svg,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ChartArgs {
    /// The folder of a run, a record, or a file of series; several are drawn over each other
    #[arg(value_name = "RUN|FILE", required = true)]
    pub(in crate::cli) inputs: Vec<PathBuf>,
    /// Where the pictures go [default: the run's folder, or beside the file; of several, overlay-charts]
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) output: Option<PathBuf>,
    /// Draw this metric only; may be given more than once [default: the overview and every metric that is judged]
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) metric: Vec<String>,
    /// Light or dark
    #[arg(long, default_value = "light")]
    pub(in crate::cli) theme: Theme,
    /// Pixels or vectors
    #[arg(long, default_value = "png")]
    pub(in crate::cli) format: Picture,
    /// Width and height in pixels
    #[arg(long, value_name = "WxH", default_value = "1600x900", value_parser = size)]
    pub(in crate::cli) size: (u32, u32),
    /// What a bare `value` column counts
    #[arg(long, value_name = "UNIT")]
    pub(in crate::cli) unit: Option<ValueUnit>,
    #[command(flatten)]
    pub(in crate::cli) judge: JudgeArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum ReportFormat {
    /// The summary that a run ends with
    Text,
    /// One JSON object, as docs/report.schema.json describes it
    Json,
    /// Markdown for a pull request or a ticket; its pictures lie in the run's folder
    Md,
    /// One self-contained page with interactive charts
    Html,
    /// JUnit XML: one test case a metric; what cannot be told is an error, never a pass
    Junit,
    /// The samples, one row an instant
    Csv,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ReportArgs {
    /// The folder of a run, a record, or a file of series
    #[arg(value_name = "RUN|FILE")]
    pub(in crate::cli) input: PathBuf,
    /// The form
    #[arg(long, default_value = "text")]
    pub(in crate::cli) format: ReportFormat,
    /// Where it goes [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    pub(in crate::cli) output: Option<PathBuf>,
    /// What a bare `value` column counts
    #[arg(long, value_name = "UNIT")]
    pub(in crate::cli) unit: Option<ValueUnit>,
    #[command(flatten)]
    pub(in crate::cli) judge: JudgeArgs,
}
