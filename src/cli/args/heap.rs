//! What can be typed after `soak heap`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

const CODES: &str = "\
Examples:
  soak heap heap.pb.gz                           rank the call sites of a profile by what they hold
  soak heap diff a.json b.json c.json            what grows over three snapshots of one program
  soak heap diff output/2026-11-21T08-00-00Z-api-4242
                                                 ... over the snapshots of a run

Exit codes of diff (without diff it is 0):
  0  no site is shown to grow
  1  a site grows and goes on growing
  2  soak itself failed: usage, files that are no profiles or not of one program
  3  inconclusive: a site grew, and the snapshots cannot tell a leak from a cache that fills";

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true, after_help = CODES)]
pub(in crate::cli) struct HeapArgs {
    #[command(subcommand)]
    pub(in crate::cli) command: Option<HeapCommand>,
    /// Heap profiles: DHAT JSON (dhat, Valgrind, soak-heap) or pprof (Go, jemalloc), or the folder of a run
    #[arg(required = true, value_name = "FILE")]
    pub(in crate::cli) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli) show: HeapShowArgs,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum HeapCommand {
    /// What grew between two or more profiles of one program, and with three or more, what goes on growing
    Diff(HeapDiffArgs),
}

#[derive(Debug, Args)]
#[command(after_help = CODES)]
pub(in crate::cli) struct HeapDiffArgs {
    /// Two or more heap profiles, or the folder of one run
    #[arg(required = true, value_name = "FILE")]
    pub(in crate::cli) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli) show: HeapShowArgs,
    /// Write the growth as a DHAT file, for any DHAT viewer
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) dhat_out: Option<PathBuf>,
    /// Compare profiles of different programs or builds all the same
    #[arg(long)]
    pub(in crate::cli) force: bool,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Showing")]
pub(in crate::cli) struct HeapShowArgs {
    /// Print one JSON object a line with every site
    #[arg(long)]
    pub(in crate::cli) json: bool,
    /// Sites to print
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(in crate::cli) top: usize,
    /// Write the stacks as folded lines, for other tools that draw flame graphs
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) folded: Option<PathBuf>,
    /// Write a flame graph (SVG)
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) flame: Option<PathBuf>,
}
