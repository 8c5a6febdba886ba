//! `soak demo`: the newcomer's first command. The built-in server is started, driven and watched by the very path that
//! watches any other.

use std::time::Duration;

use crate::analysis;
use crate::domain::run::Scope;
use crate::driver::PlainGet;
use crate::runner::demo::{self, Fault, FaultSet, Lifeline, ServerOptions};
use crate::runner::{DemoProcess, RunOptions};
use crate::target::Selector;

use super::args::{DemoArgs, DemoServerArgs};
use super::console::{self, Progress};
use super::failure::Failure;
use super::interrupt::Interrupt;
use super::{judge, run};

/// The slow tier's share for the demo: a minute is short, so PSS is read more often than overnight.
const BUDGET: f64 = 0.005;

/// Watches the built-in server and judges it.
///
/// # Errors
/// Where a fault is unknown, or the server or the run cannot be started.
pub(super) fn run(args: &DemoArgs) -> Result<u8, Failure> {
    faults(&args.fault)?;
    let program = std::env::current_exe()
        .map_err(|error| Failure::new(format!("cannot find soak's own program to start the demo server: {error}")))?;
    let interrupt = Interrupt::install()?;
    let server = DemoProcess::start(&program, &args.fault).map_err(|error| Failure::from_error(&error))?;
    let url = server.url().parse().map_err(|error: crate::driver::DriverError| Failure::from_error(&error))?;
    let options = RunOptions {
        selector: Selector::Pid(server.pid()),
        scope: Scope::Process,
        interval: args.interval,
        duration: Some(args.duration),
        warm_up: None,
        budget: BUDGET,
        ceilings: Vec::new(),
        error_ceilings: Vec::new(),
        traffic: Some(PlainGet { url, rate_per_s: args.rate, users: 4, timeout: Duration::from_secs(10) }.plan()),
        output: args.output.clone(),
    };
    let analysis = analysis::Options::default();
    let folder = run::watch(&options, &analysis, &interrupt, Progress::of(&args.show, &args.progress))?;
    drop(server);
    let judged = judge::judge(&folder, None, &analysis)?;
    let code = run::finish(&judged, &folder, &args.show)?;
    if !args.show.json && !args.show.quiet {
        console::say(next_step(args));
    }
    Ok(code)
}

fn next_step(args: &DemoArgs) -> &'static str {
    if args.fault.is_empty() {
        "\nnext: `soak demo --fault memory-leak` shows a leak; for your own server:\n  \
         soak --pid PID --url http://127.0.0.1:8080/ --duration 10m"
    } else {
        "\nnext, for your own server:\n  soak --pid PID --url http://127.0.0.1:8080/ --duration 10m"
    }
}

fn faults(names: &[String]) -> Result<FaultSet, Failure> {
    let parsed: Result<FaultSet, _> = names.iter().map(|name| name.parse::<Fault>()).collect();
    parsed.map_err(|error| Failure::new(format!("--fault: {error}")))
}

/// Serves until it is told to end.
///
/// # Errors
/// Where a fault is unknown or the port cannot be had.
pub(super) fn serve(args: &DemoServerArgs) -> Result<u8, Failure> {
    // Its own name in lists of processes; where the kernel refuses, it is called soak.
    let _ = rustix::thread::set_name(c"soak-demo");
    let lifeline = if args.until_stdin_ends { Lifeline::Stdin } else { Lifeline::Signals };
    let options = ServerOptions { port: args.port, faults: faults(&args.fault)?, lifeline };
    demo::run(options, |address| {
        // Whoever started it waits for this line; if nobody reads it, the server serves all the same.
        let _ = console::print(&format!("{address}\n"));
    })
    .map_err(|error| Failure::from_error(&error))?;
    Ok(0)
}
