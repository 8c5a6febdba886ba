//! `soak demo`: the newcomer's first command. The built-in server is started, driven and watched by the very path that
//! watches any other.

use std::time::Duration;

use crate::domain::run::Scope;
use crate::runner::demo::{
    self, Behaviour, Class, Ending, Fault, FaultKind, FaultSet, Latencies, Lifeline, RateLimit, ServerOptions,
};
use crate::runner::{DemoHeap, DemoProcess, HeapTracing, RunOptions};
use crate::target::Selector;

use super::args::{self, DemoArgs, DemoServerArgs};
use super::console::{self, Progress};
use super::failure::Failure;
use super::interrupt::Interrupt;
use super::judge::{self, Asked};
use super::{run, traffic};

/// The slow tier's share for the demo: a minute is short, so PSS is read more often than overnight.
const BUDGET: f64 = 0.005;
/// How long plain GETs are watched where nobody says.
const LENGTH: Duration = Duration::from_mins(1);
/// What the server exits with when it crashes: an internal error, as sysexits.h numbers it.
const CRASHED: u8 = 70;
/// The longest that a request of the server takes.
const LONGEST_LATENCY: Duration = Duration::from_mins(10);

/// Watches the built-in server and judges it.
///
/// # Errors
/// Where a fault is unknown, or the server or the run cannot be started.
pub(super) fn run(args: &DemoArgs) -> Result<u8, Failure> {
    faults(&args.fault)?;
    let program = std::env::current_exe()
        .map_err(|error| Failure::new(format!("cannot find soak's own program to start the demo server: {error}")))?;
    let interrupt = Interrupt::install()?;
    let demo_heap = if args.heap { DemoHeap::Offered } else { DemoHeap::Private };
    let server = DemoProcess::start(&program, &args.fault, demo_heap).map_err(|error| Failure::from_error(&error))?;
    let traffic = traffic::sent(&args.load, Some(&server.url()), args.duration)?;
    let asked = Asked::of(&args.judge, &traffic)?;
    let options = RunOptions {
        selector: Selector::Pid(server.pid()),
        scope: Scope::Process,
        interval: args.interval,
        // A scenario ends the run itself.
        duration: traffic.length.is_none().then(|| args.duration.unwrap_or(LENGTH)),
        warm_up: asked.warm_up,
        fail_on: asked.fail_on,
        objectives: asked.objectives,
        budget: BUDGET,
        ceilings: Vec::new(),
        scrape: traffic.scrape,
        heap: HeapTracing::Offered,
        traffic: traffic.plan,
        error_ceilings: Vec::new(),
        label: None,
        output: args.output.clone(),
    };
    let analysis = asked.options;
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
    // Off until soak asks; where it cannot listen, soak finds no socket and says nothing of the heap.
    let _heap = args.heap.then(soak_heap::listen);
    let lifeline = if args.until_stdin_ends { Lifeline::Stdin } else { Lifeline::Signals };
    let rate_limit = args.rate_limit.map_or_else(RateLimit::default, RateLimit::per_second);
    let latencies = args.latency.iter().fold(Latencies::default(), |set, (class, time)| set.with(*class, *time));
    let behaviour = Behaviour { faults: faults(&args.fault)?, latencies, rate_limit };
    let options = ServerOptions { port: args.port, behaviour, lifeline };
    let ending = demo::run(options, |address| {
        // Whoever started it waits for this line; if nobody reads it, the server serves all the same.
        let _ = console::print(&format!("{address}\n"));
    })
    .map_err(|error| Failure::from_error(&error))?;
    Ok(match ending {
        Ending::Told => 0,
        Ending::Crashed => CRASHED,
    })
}

/// The help on `--fault`: every fault with what it does, by kind.
pub(super) fn fault_help() -> String {
    let kinds = FaultKind::ALL.map(|kind| {
        let faults = Fault::ALL.into_iter().filter(|fault| fault.kind() == kind);
        let rows = faults.map(|fault| format!("\n  {:15}  {}", fault.name(), fault.what()));
        format!("\n\n{}:{}", kind.heading(), rows.collect::<String>())
    });
    format!("A fault that the server has; may be given more than once [default: none]{}", kinds.concat())
}

/// The help on `--latency`: every class with its time.
pub(super) fn latency_help() -> String {
    let rows = Class::ALL
        .map(|class| format!("\n  {:11}  {}", class.name(), humantime::format_duration(class.healthy())))
        .concat();
    format!(
        "How long requests of a class take; may be given more than once. Classes, and their times without it:\n{rows}"
    )
}

/// Reads `CLASS=TIME`.
pub(super) fn latency(text: &str) -> Result<(Class, Duration), String> {
    let (class, time) =
        text.split_once('=').ok_or_else(|| "give a class and its time, such as classify=40ms".to_owned())?;
    let class = class.parse().map_err(|error: demo::UnknownClass| error.to_string())?;
    let time = args::length(time)?;
    if time > LONGEST_LATENCY {
        return Err("a request takes at most 10m".to_owned());
    }
    Ok((class, time))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_latency_is_a_class_and_a_time() {
        assert_eq!(latency("chat-gap=40ms"), Ok((Class::ChatGap, Duration::from_millis(40))));
        assert_eq!(latency("page=0s"), Ok((Class::Page, Duration::ZERO)));
        for (bad, hint) in [
            ("classify", "such as classify=40ms"),
            ("clasify=40ms", "there are auth"),
            ("page=40", "with its unit"),
            ("page=-1s", "with its unit"),
            ("page=11m", "at most 10m"),
        ] {
            let error = latency(bad).unwrap_err();
            assert!(error.contains(hint), "{bad}: {error}");
        }
    }
}
