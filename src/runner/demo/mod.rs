//! The demo server: a small dialogue service to soak, healthy by default, or with one known fault.
//!
//! It is its own process (`soak demo-server`), for soaking it inside soak would add soak's memory to its own. Its
//! sessions, graphs, exports, streams and logins are real, and all that it holds is bounded, so that whatever grows
//! without end is the fault that was asked for. One thread serves it all: the thread count stays flat.

mod accounts;
mod damage;
mod dialogue;
mod fault;
mod ledger;
mod problem;
mod routes;
mod server;
mod sessions;
#[cfg(test)]
mod tests;

pub use fault::{Fault, FaultSet, UnknownFault};
pub use server::{DemoError, Lifeline, ServerOptions, run, serve};
