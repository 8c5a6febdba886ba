//! What can be typed: every flag, its help and its bounds. Parsing does nothing but parse.

use std::ffi::OsString;
use std::num::{NonZeroU16, NonZeroU32};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::domain::Objective;
use crate::runner::demo::Class;

pub(super) use heap::{HeapArgs, HeapCommand, HeapDiffArgs, HeapShowArgs};
pub(super) use traffic::{LoadArgs, TrafficArgs};

mod heap;
mod traffic;

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

#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    /// A fault that the server has, such as memory-leak; may be given more than once, and --help lists all [default: none]
    #[arg(long, value_name = "NAME", long_help = super::demo::fault_help())]
    pub(super) fault: Vec<String>,
    /// Trace the server's heap, and take snapshots that tell where it grows
    #[arg(long)]
    pub(super) heap: bool,
    /// How long to watch [default: 60s, or as long as the profile's scenario lasts]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(super) duration: Option<Duration>,
    /// Time between samples, 10ms to 1h
    #[arg(long, value_name = "TIME", default_value = "250ms", value_parser = interval)]
    pub(super) interval: Duration,
    #[command(flatten)]
    pub(super) load: LoadArgs,
    #[command(flatten)]
    pub(super) judge: JudgeArgs,
    /// The folder in which the run gets a folder of its own
    #[arg(long, value_name = "DIR", default_value = "output", env = "SOAK_OUTPUT", hide_env = true)]
    pub(super) output: PathBuf,
    #[command(flatten)]
    pub(super) show: ShowArgs,
    #[command(flatten)]
    pub(super) progress: ProgressArgs,
}

#[derive(Debug, Args)]
pub(super) struct DemoServerArgs {
    /// A fault that the server has, such as memory-leak; may be given more than once, and --help lists all [default: none]
    #[arg(long, value_name = "NAME", long_help = super::demo::fault_help())]
    pub(super) fault: Vec<String>,
    /// How long requests of a class take, such as classify=40ms; may be given more than once, and --help lists all classes
    #[arg(long, value_name = "CLASS=TIME", value_parser = super::demo::latency, long_help = super::demo::latency_help())]
    pub(super) latency: Vec<(Class, Duration)>,
    /// Classifications that each tenant may ask for in a second; twice as many may come at once [default: 50]
    #[arg(long, value_name = "N")]
    pub(super) rate_limit: Option<NonZeroU32>,
    /// The loopback port; 0 for a free one
    #[arg(long, value_name = "P", default_value_t = 0)]
    pub(super) port: u16,
    /// Offer to have the heap traced
    #[arg(long)]
    pub(super) heap: bool,
    /// End with standard input, which must be a pipe
    #[arg(long)]
    pub(super) until_stdin_ends: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ValueUnit {
    /// Bytes
    Bytes,
    /// Whole things
    Count,
}

#[derive(Debug, Args)]
pub(super) struct AnalyzeArgs {
    /// Folders of runs, records, or files of series; `-` reads standard input
    #[arg(required = true, value_name = "RUN|FILE")]
    pub(super) inputs: Vec<PathBuf>,
    /// What a bare `value` column counts
    #[arg(long, value_name = "UNIT")]
    pub(super) unit: Option<ValueUnit>,
    #[command(flatten)]
    pub(super) judge: JudgeArgs,
    #[command(flatten)]
    pub(super) show: ShowArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Theme {
    /// Dark lines on white, for tickets and print
    Light,
    /// Light lines on black
    Dark,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Picture {
    /// Pixels
    Png,
    /// Vectors
    Svg,
}

#[derive(Debug, Args)]
pub(super) struct ChartArgs {
    /// The folder of a run, a record, or a file of series; several are drawn over each other
    #[arg(value_name = "RUN|FILE", required = true)]
    pub(super) inputs: Vec<PathBuf>,
    /// Where the pictures go [default: the run's folder, or beside the file; of several, overlay-charts]
    #[arg(long, value_name = "DIR")]
    pub(super) output: Option<PathBuf>,
    /// Draw this metric only; may be given more than once [default: the overview and every metric that is judged]
    #[arg(long, value_name = "NAME")]
    pub(super) metric: Vec<String>,
    /// Light or dark
    #[arg(long, default_value = "light")]
    pub(super) theme: Theme,
    /// Pixels or vectors
    #[arg(long, default_value = "png")]
    pub(super) format: Picture,
    /// Width and height in pixels
    #[arg(long, value_name = "WxH", default_value = "1600x900", value_parser = size)]
    pub(super) size: (u32, u32),
    /// What a bare `value` column counts
    #[arg(long, value_name = "UNIT")]
    pub(super) unit: Option<ValueUnit>,
    #[command(flatten)]
    pub(super) judge: JudgeArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ReportFormat {
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
pub(super) struct ReportArgs {
    /// The folder of a run, a record, or a file of series
    #[arg(value_name = "RUN|FILE")]
    pub(super) input: PathBuf,
    /// The form
    #[arg(long, default_value = "text")]
    pub(super) format: ReportFormat,
    /// Where it goes [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    /// What a bare `value` column counts
    #[arg(long, value_name = "UNIT")]
    pub(super) unit: Option<ValueUnit>,
    #[command(flatten)]
    pub(super) judge: JudgeArgs,
}

#[derive(Debug, Args)]
pub(super) struct ProfileArgs {
    #[command(subcommand)]
    pub(super) command: ProfileCommand,
}

#[derive(Debug, Subcommand)]
pub(super) enum ProfileCommand {
    /// Check profiles: each problem as <FILE:LINE:COLUMN>: MESSAGE, and exit code 2
    Check {
        /// The profiles
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Name the shipped profiles
    List,
    /// Print a shipped profile, to start from
    Show {
        /// Its name, as `soak profile list` has it
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Write a profile from a browser's recording of its network panel; secrets become ${NAME}
    FromHar {
        /// The HAR file; `-` reads standard input
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Write a profile from an `OpenAPI` description in JSON: one step for each operation
    FromOpenapi {
        /// The description; `-` reads standard input
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Write a profile from a curl command; secrets become ${NAME}
    FromCurl {
        /// The command in quotes; `-` reads standard input
        #[arg(value_name = "COMMAND", allow_hyphen_values = true)]
        command: String,
    },
}

/// How warm-up is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WarmUp {
    /// Where the data say.
    Auto,
    /// After this time.
    After(Duration),
}

fn duration(text: &str) -> Result<Duration, String> {
    let length = length(text)?;
    if length.is_zero() {
        return Err("nothing can be seen in no time; give a length such as 90s, 10m or 8h".to_owned());
    }
    Ok(length)
}

fn interval(text: &str) -> Result<Duration, String> {
    let length = length(text)?;
    if length < Duration::from_millis(10) || length > Duration::from_hours(1) {
        return Err("an interval lies between 10ms and 1h".to_owned());
    }
    Ok(length)
}

fn warm_up(text: &str) -> Result<WarmUp, String> {
    if text == "auto" { Ok(WarmUp::Auto) } else { length(text).map(WarmUp::After) }
}

pub(super) fn length(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text)
        .map_err(|error| format!("{error}; give a number with its unit, such as 500ms, 90s, 10m, 8h or 1h30m"))
}

fn window(text: &str) -> Result<(Duration, Duration), String> {
    let (from, to) =
        text.split_once("..").ok_or_else(|| "give two times with .. between them, such as 10m..12m".to_owned())?;
    let (from, to) = (length(from)?, length(to)?);
    if from >= to {
        return Err("the first time must lie before the second".to_owned());
    }
    Ok((from, to))
}

fn rate(text: &str) -> Result<f64, String> {
    match text.trim_end_matches("/s").parse::<f64>() {
        Ok(rate) if rate > 0.0 && rate <= 10_000.0 => Ok(rate),
        _ => Err("give turns per second, above 0 and at most 10000, such as 20 or 0.5".to_owned()),
    }
}

fn share(text: &str) -> Result<f64, String> {
    let (number, scale) = match text.strip_suffix('%') {
        Some(percent) => (percent.trim_end(), 0.01),
        None => (text, 1.0),
    };
    match number.parse::<f64>() {
        Ok(share) if share > 0.0 && share * scale <= 1.0 => Ok(share * scale),
        _ => Err("give a share of one core above 0 and at most 100%, such as 0.1% or 0.001".to_owned()),
    }
}

fn size(text: &str) -> Result<(u32, u32), String> {
    let parsed = text.split_once('x').and_then(|(width, height)| Some((width.parse().ok()?, height.parse().ok()?)));
    match parsed {
        Some((width, height)) if (400..=8000).contains(&width) && (200..=8000).contains(&height) => Ok((width, height)),
        _ => Err("give width and height in pixels, 400x200 to 8000x8000, such as 1600x900".to_owned()),
    }
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
        for class in Class::ALL {
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

    #[test]
    fn lengths_need_a_unit_and_some_time() {
        assert_eq!(duration("1h30m"), Ok(Duration::from_mins(90)));
        assert!(duration("60").unwrap_err().contains("90s"));
        assert!(duration("0s").unwrap_err().contains("no time"));
        assert!(interval("5ms").is_err() && interval("2h").is_err() && interval("10ms").is_ok());
        assert!(window("12m..10m").is_err() && window("10m").is_err() && window("10m..12m").is_ok());
    }

    #[test]
    fn shares_read_as_percent_or_fraction() {
        assert_eq!(share("0.1%").map(|share| (share * 1e6).round()), Ok(1000.0));
        assert_eq!(share("0.001").map(|share| (share * 1e6).round()), Ok(1000.0));
        assert!(share("0").is_err() && share("200%").is_err() && share("x").is_err());
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
