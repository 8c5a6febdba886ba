//! What can be typed after `soak history`.

use std::path::PathBuf;

use clap::Args;

const EXAMPLES: &str = "\
Examples:
  soak history                                   the runs in output
  soak history nightly --json                    one JSON object a line for each run

Exit code: 0, or 2 where soak itself failed. `soak compare` is the gate.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct HistoryArgs {
    /// The folder that holds the runs' folders
    #[arg(value_name = "DIR", default_value = "output", env = "SOAK_OUTPUT", hide_env = true)]
    pub(in crate::cli) folder: PathBuf,
    /// Print one JSON object a line for each run
    #[arg(long)]
    pub(in crate::cli) json: bool,
}
