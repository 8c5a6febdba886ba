//! The command line: the only place with clap, stdout and exit codes.
//!
//! [`main`] parses, hands the parsed arguments to the command's own module, and turns its answer into an exit code.

mod analyze;
mod args;
mod chart;
mod compare;
mod console;
mod demo;
mod failure;
mod heap;
mod heap_run;
mod history;
mod interrupt;
mod judge;
mod label;
mod live;
mod profile;
mod report;
mod run;
mod traffic;

use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Command};
use failure::Failure;

/// Runs the program on the process's arguments. Exit codes: 0 steady or within budget, 1 growing or an objective crossed,
/// 2 soak itself failed, 3 inconclusive; 130 where a second Ctrl-C quits.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are results; clap's own choice of stream and code is the contract's (0 and 2).
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(Failure::CODE));
        }
    };
    match dispatch(cli) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            console::say(&failure.to_string());
            ExitCode::from(Failure::CODE)
        }
    }
}

fn dispatch(cli: Cli) -> Result<u8, Failure> {
    match cli.command {
        None => run::run(cli.run),
        Some(Command::Run(args)) => run::run(args),
        Some(Command::Demo(args)) => demo::run(&args),
        Some(Command::DemoServer(args)) => demo::serve(&args),
        Some(Command::Analyze(args)) => analyze::run(&args),
        Some(Command::Chart(args)) => chart::run(&args),
        Some(Command::Report(args)) => report::run(&args),
        Some(Command::Compare(args)) => compare::run(&args),
        Some(Command::History(args)) => history::run(&args),
        Some(Command::Heap(args)) => heap::run(&args),
        Some(Command::Profile(args)) => profile::run(&args),
    }
}
