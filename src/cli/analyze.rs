//! `soak analyze`: judges records and anybody's series.

use super::args::AnalyzeArgs;
use super::failure::Failure;
use super::judge;

/// Judges every input and answers with the worst exit code.
///
/// # Errors
/// Where an option is wrong or standard output cannot be written.
pub(super) fn run(args: &AnalyzeArgs) -> Result<u8, Failure> {
    let options = judge::options(&args.judge)?;
    judge::judge_all(&args.inputs, args.unit, &options, &args.show)
}
