//! The integration tests: one binary, and this is its index.

#![expect(clippy::unwrap_used, clippy::panic, reason = "what is not there has failed the test")]

#[path = "../support/soak.rs"]
mod soak;

/// Which request is to blame.
mod attribution;
/// What is typed wrong is answered by one line and exit code 2.
mod bad_input;
/// Charts of one run, and of several over each other.
mod chart;
/// Runs beside each other, and the list of them.
mod compare;
/// The built-in server is judged right, healthy and with each fault.
mod demo;
/// Heap profiles, and the heap in a report.
mod heap;
/// soak is steady under its own eyes.
mod itself;
/// The live view on a real terminal.
mod live;
/// The record outlives soak, and replays to the same verdict.
mod record;
/// The report's forms, of a real run.
mod report;
/// Series of the target's own metrics page.
mod scrape;
/// Targets that end, in every way in which they do.
mod target;
/// A target that offers to have its heap traced.
mod traced;
