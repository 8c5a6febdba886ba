//! `soak report`: the report of a recorded run, again.

use super::args::{ReportArgs, ReportFormat, ShowArgs};
use super::console;
use super::failure::Failure;
use super::judge;

/// Prints the report. The exit code is 0 whatever the verdict: the report was asked for, not a gate.
///
/// # Errors
/// Where the input cannot be read or standard output cannot be written.
pub(super) fn run(args: &ReportArgs) -> Result<u8, Failure> {
    let judged = judge::judge(&args.input, None, &judge::options(&args.judge)?)?;
    let show = ShowArgs { json: args.format == ReportFormat::Json, quiet: false };
    console::print(&judged.shown(&show, console::style())?)?;
    Ok(0)
}
