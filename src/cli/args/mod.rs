//! What can be typed: every flag, its help and its bounds. Parsing does nothing but parse.

use std::ffi::OsString;
use std::num::{NonZeroU16, NonZeroU32};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use crate::domain::Objective;

pub(super) use compare::{CompareArgs, CompareFormat};
pub(super) use demo::{DemoArgs, DemoServerArgs};
pub(super) use heap::{HeapArgs, HeapCommand, HeapDiffArgs, HeapShowArgs};
pub(super) use history::HistoryArgs;
pub(super) use inputs::{AnalyzeArgs, ChartArgs, Picture, ReportArgs, ReportFormat, Theme, ValueUnit};
pub(super) use profile::{ProfileArgs, ProfileCommand};
pub(super) use traffic::{LoadArgs, TrafficArgs};
pub(super) use values::{WarmUp, length};
use values::{duration, interval, share, warm_up, window};

mod compare;
mod demo;
mod heap;
mod history;
mod inputs;
mod profile;
mod traffic;
mod values;

const EXAMPLES: &str = "\
Examples:
  soak demo                                      watch the built-in server for a minute
  soak demo --fault memory-leak                  ... and one that leaks
  soak --pid 4242 --duration 8h                  watch a running server
  soak --port 8080 --url http://127.0.0.1:8080/  watch it and send it light traffic
  soak --duration 10m -- ./server --port 8080    start a server, watch it, stop it
  soak --pid 4242 --url http://127.0.0.1:8080 --profile shop.toml --scenario soak
                                                 ... under the turns of a profile, held to its objectives
  soak analyze output/2026-11-21T08-00-00Z-api-4242 metrics.csv
  soak compare output/monday output/tuesday      what got worse

Exit codes:
  0  steady, or growth within the budget that you set; every objective met
  1  growing, or a ceiling of --abort-on or an objective was crossed
  2  soak itself failed: usage, permission, input or output
  3  inconclusive: too short, the target vanished, a metric could not be read, or an objective cannot be told
  130  quit by a second Ctrl-C; the first ends the run early and still judges it";

/// Does this server leak? soak watches it, sends it light traffic, and answers with a verdict, charts and an exit code.
#[derive(Debug, Parser)]
#[command(name = "soak", version, after_help = EXAMPLES, max_term_width = 100)]
#[command(args_conflicts_with_subcommands = true, arg_required_else_help = true, subcommand_negates_reqs = true)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Option<Command>,
    #[command(flatten)]
    pub(super) run: RunArgs,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Watch a server: the long name of `soak` with a target
    Run(RunArgs),
    /// Watch the built-in server, healthy or with a fault
    Demo(DemoArgs),
    /// Judge a recorded run, or anybody's series: CSV, JSON lines, psrecord, mprof, pidstat and prmon logs
    Analyze(AnalyzeArgs),
    /// Draw the charts of a recorded run or of a file of series, or several over each other
    Chart(ChartArgs),
    /// Print or write the report of a recorded run: text, JSON, Markdown, HTML, JUnit XML, CSV
    Report(ReportArgs),
    /// Hold a candidate against one or more baselines: levels, growth, response times, failures, throughput
    Compare(CompareArgs),
    /// List the runs of a folder, oldest first, and the steps between them that stand out
    History(HistoryArgs),
    /// Rank the call sites of heap profiles, or tell what grows between several: DHAT, pprof, soak-heap
    Heap(HeapArgs),
    /// Check traffic profiles, show the shipped ones, or write one from a HAR file, an `OpenAPI` description or a curl command
    Profile(ProfileArgs),
    /// The server that `soak demo` watches; it prints its address and serves until SIGTERM
    #[command(hide = true)]
    DemoServer(DemoServerArgs),
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Target (choose one)")]
pub(super) struct TargetArgs {
    /// Watch the process with this id
    #[arg(long, value_name = "N", group = "target")]
    pub(super) pid: Option<NonZeroU32>,
    /// Watch the process that listens on this TCP port
    #[arg(long, value_name = "P", group = "target")]
    pub(super) port: Option<NonZeroU16>,
    /// Watch the process of exactly this name
    #[arg(long, value_name = "NAME", group = "target")]
    pub(super) name: Option<String>,
    /// Start this command, watch it, and stop it at the end
    #[arg(last = true, value_name = "CMD", group = "target")]
    pub(super) command: Vec<OsString>,
    /// Count the target's descendants in, as they come and go
    #[arg(long)]
    pub(super) tree: bool,
}

#[derive(Debug, Args)]
pub(super) struct RunArgs {
    #[command(flatten)]
    pub(super) target: TargetArgs,
    #[command(flatten)]
    pub(super) traffic: TrafficArgs,
    #[command(flatten)]
    pub(super) record: RecordArgs,
    #[command(flatten)]
    pub(super) judge: JudgeArgs,
    #[command(flatten)]
    pub(super) show: ShowArgs,
    #[command(flatten)]
    pub(super) progress: ProgressArgs,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Recording")]
pub(super) struct RecordArgs {
    /// How long to watch, such as 90s, 10m, 8h [default: until Ctrl-C or the target's end]
    #[arg(long, value_name = "TIME", value_parser = duration, env = "SOAK_DURATION", hide_env = true)]
    pub(super) duration: Option<Duration>,
    /// Time between samples, 10ms to 1h
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = interval, env = "SOAK_INTERVAL", hide_env = true)]
    pub(super) interval: Duration,
    /// Share of one core for the dear readings (PSS, USS, cgroup, limits), such as 0.1% or 0.001
    #[arg(long, value_name = "SHARE", default_value = "0.1%", value_parser = share, env = "SOAK_BUDGET", hide_env = true)]
    pub(super) budget: f64,
    /// End the run, with exit code 1, once a level is passed, such as 'rss > 2 GiB' or 'fds > 90%' (of its limit); may be
    /// given more than once
    #[arg(long, value_name = "EXPR")]
    pub(super) abort_on: Vec<String>,
    /// Leave the target's heap tracer alone, where it was built with one (soak-heap)
    #[arg(long)]
    pub(super) no_heap: bool,
    /// What the run is called in `soak history` [default: the commit, from `GITHUB_SHA`, `CI_COMMIT_SHA` or the repository of this
    /// folder]
    #[arg(long, value_name = "TEXT", env = "SOAK_LABEL", hide_env = true)]
    pub(super) label: Option<String>,
    /// The folder in which each run gets a folder of its own
    #[arg(long, value_name = "DIR", default_value = "output", env = "SOAK_OUTPUT", hide_env = true)]
    pub(super) output: PathBuf,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Judging")]
pub(super) struct JudgeArgs {
    /// The end of warm-up: `auto` finds it in the data, or a time such as 5m
    #[arg(long, value_name = "TIME", default_value = "auto", value_parser = warm_up, env = "SOAK_WARM_UP", hide_env = true)]
    pub(super) warm_up: WarmUp,
    /// Growth that you allow, such as 'rss > 2 MiB/h'; may be given more than once
    #[arg(long, value_name = "EXPR")]
    pub(super) fail_on: Vec<String>,
    /// What must hold, such as 'p95 < 500ms for turn', 'errors < 0.1%' or 'rss < 500 MiB'; may be given more than once
    #[arg(long, value_name = "EXPR")]
    pub(super) objective: Vec<Objective>,
    /// Leave this part out of the trend, such as 10m..12m; may be given more than once
    #[arg(long, value_name = "FROM..TO", value_parser = window)]
    pub(super) ignore: Vec<(Duration, Duration)>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Showing")]
pub(super) struct ShowArgs {
    /// Print the assessment as one JSON object
    #[arg(long)]
    pub(super) json: bool,
    /// Print the verdict's line only, and no progress
    #[arg(long, short)]
    pub(super) quiet: bool,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Showing")]
pub(super) struct ProgressArgs {
    /// Progress as plain lines, without the full screen that a terminal gets
    #[arg(long)]
    pub(super) plain: bool,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definitions_are_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_help_of_the_demo_names_every_fault_and_every_class() {
        let help = |command: &str| Cli::command().find_subcommand_mut(command).unwrap().render_long_help().to_string();
        for fault in crate::runner::demo::Fault::ALL {
            for command in ["demo", "demo-server"] {
                assert!(help(command).contains(fault.name()), "{command}: {fault}");
            }
        }
        for class in crate::runner::demo::Class::ALL {
            assert!(help("demo-server").contains(class.name()), "{}", class.name());
        }
    }

    #[test]
    fn two_targets_at_once_are_refused() {
        for typed in [&["soak", "--pid", "1", "--port", "80"][..], &["soak", "--name", "x", "--", "y"]] {
            let error = Cli::try_parse_from(typed).unwrap_err().to_string();
            assert!(error.contains("cannot be used with"), "{error}");
        }
    }

    /// Splits a line of a shell at blanks, but for single quotes, and without its comment.
    fn words(line: &str) -> Vec<String> {
        let mut words = vec![String::new()];
        let mut quoted = false;
        for c in line.chars() {
            match c {
                '\'' => quoted = !quoted,
                '#' if !quoted => break,
                ' ' if !quoted => words.push(String::new()),
                _ => words.last_mut().unwrap().push(c),
            }
        }
        words.retain(|word| !word.is_empty());
        words
    }

    #[test]
    fn every_command_of_the_documents_can_be_typed() {
        let readme = include_str!("../../../README.md");
        // Every second part between fences is code.
        let code = readme.split("```").skip(1).step_by(2).filter(|block| block.starts_with("sh\n"));
        let lines = code.chain([EXAMPLES]).flat_map(str::lines).map(str::trim);
        let commands: Vec<&str> = lines.filter(|line| line.starts_with("soak ")).collect();
        assert!(commands.len() > 10);
        for command in commands {
            // Two blanks part a command from what it does.
            let typed = command.split("  ").next().unwrap();
            if let Err(error) = Cli::try_parse_from(words(typed)) {
                panic!("{command}: {error}");
            }
        }
    }
}
