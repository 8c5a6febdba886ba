//! What can be typed after `soak compare`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::values::{Tolerance, tolerance, warm_up};
use super::{ValueUnit, WarmUp};

const CODES: &str = "\
Examples:
  soak compare output/2026-11-20T08-00-00Z-api-4242 output/2026-11-21T08-00-00Z-api-5151
  soak compare --tolerance 5% --tolerance p99=25% base candidate
  soak compare --format md base-1 base-2 base-3 candidate

Exit codes:
  0  nothing is shown to be worse
  1  something is worse: a level, a growth, response times, failures or throughput
  2  soak itself failed: usage, input or output
  3  cannot be told: the load differs, or the runs are too short or too noisy";

/// The form of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum CompareFormat {
    /// A table for the terminal
    Text,
    /// One JSON object, as docs/compare.schema.json describes it
    Json,
    /// Markdown for a pull request
    Md,
}

#[derive(Debug, Args)]
#[command(after_help = CODES)]
pub(in crate::cli) struct CompareArgs {
    /// What it was: folders of runs, records, or files of series
    #[arg(required = true, value_name = "BASE")]
    pub(in crate::cli) baselines: Vec<PathBuf>,
    /// What it is now, in the same form
    #[arg(required = true, value_name = "CANDIDATE")]
    pub(in crate::cli) candidate: PathBuf,
    /// A difference that you allow, as a share of the baseline: 5%, or for one metric, step or number p99=25%; may be given
    /// more than once [default: 10%, or with three baselines and more their own spread]
    #[arg(long, value_name = "[NAME=]SHARE", value_parser = tolerance)]
    pub(in crate::cli) tolerance: Vec<Tolerance>,
    /// The end of warm-up: `auto` finds it in the data, or a time such as 5m
    #[arg(long, value_name = "TIME", default_value = "auto", value_parser = warm_up, env = "SOAK_WARM_UP", hide_env = true)]
    pub(in crate::cli) warm_up: WarmUp,
    /// What a bare `value` column counts
    #[arg(long, value_name = "UNIT")]
    pub(in crate::cli) unit: Option<ValueUnit>,
    /// The form
    #[arg(long, default_value = "text")]
    pub(in crate::cli) format: CompareFormat,
    /// The same as --format json
    #[arg(long, conflicts_with = "format")]
    pub(in crate::cli) json: bool,
}
