//! What can be typed after `soak demo`, and after the command by which it starts its server.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::values::{duration, interval};
use super::{JudgeArgs, LoadArgs, ProgressArgs, ShowArgs};
use crate::runner::demo::Class;

#[derive(Debug, Args)]
pub(in crate::cli) struct DemoArgs {
    /// A fault that the server has, such as memory-leak; may be given more than once, and --help lists all [default: none]
    #[arg(long, value_name = "NAME", long_help = crate::cli::demo::fault_help())]
    pub(in crate::cli) fault: Vec<String>,
    /// Trace the server's heap, and take snapshots that tell where it grows
    #[arg(long)]
    pub(in crate::cli) heap: bool,
    /// How long to watch [default: 60s, or as long as the profile's scenario lasts]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(in crate::cli) duration: Option<Duration>,
    /// Time between samples, 10ms to 1h
    #[arg(long, value_name = "TIME", default_value = "250ms", value_parser = interval)]
    pub(in crate::cli) interval: Duration,
    #[command(flatten)]
    pub(in crate::cli) load: LoadArgs,
    #[command(flatten)]
    pub(in crate::cli) judge: JudgeArgs,
    /// The folder in which the run gets a folder of its own
    #[arg(long, value_name = "DIR", default_value = "output", env = "SOAK_OUTPUT", hide_env = true)]
    pub(in crate::cli) output: PathBuf,
    #[command(flatten)]
    pub(in crate::cli) show: ShowArgs,
    #[command(flatten)]
    pub(in crate::cli) progress: ProgressArgs,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct DemoServerArgs {
    /// A fault that the server has, such as memory-leak; may be given more than once, and --help lists all [default: none]
    #[arg(long, value_name = "NAME", long_help = crate::cli::demo::fault_help())]
    pub(in crate::cli) fault: Vec<String>,
    /// How long requests of a class take, such as classify=40ms; may be given more than once, and --help lists all classes
    #[arg(long, value_name = "CLASS=TIME", value_parser = crate::cli::demo::latency, long_help = crate::cli::demo::latency_help())]
    pub(in crate::cli) latency: Vec<(Class, Duration)>,
    /// Classifications that each tenant may ask for in a second; twice as many may come at once [default: 50]
    #[arg(long, value_name = "N")]
    pub(in crate::cli) rate_limit: Option<NonZeroU32>,
    /// The loopback port; 0 for a free one
    #[arg(long, value_name = "P", default_value_t = 0)]
    pub(in crate::cli) port: u16,
    /// Offer to have the heap traced
    #[arg(long)]
    pub(in crate::cli) heap: bool,
    /// End with standard input, which must be a pipe
    #[arg(long)]
    pub(in crate::cli) until_stdin_ends: bool,
}
