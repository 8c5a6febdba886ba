//! The demo server: a small dialogue service to soak, healthy by default, or with known faults.
//!
//! It is its own process (`soak demo-server`), for soaking it inside soak would add soak's memory to its own. Its
//! sessions, projects, classifications, agents, audits, streams and logins are real, and all that it holds is bounded, so
//! that whatever grows without end is the fault that was asked for. One thread serves it all: the thread count stays flat.

mod accounts;
mod agents;
mod audits;
mod classifications;
mod connection;
mod damage;
mod dialogue;
mod fault;
mod gate;
mod gauge;
mod latency;
mod ledger;
mod limiter;
mod problem;
mod projects;
mod routes;
mod server;
mod sessions;
mod shelf;
mod state;
#[cfg(test)]
mod tests;
mod work;

pub use fault::{Fault, FaultKind, FaultSet, UnknownFault};
pub use latency::{Class, Latencies, UnknownClass};
pub use limiter::RateLimit;
pub use server::{DemoError, Ending, Lifeline, ServerOptions, run, serve};
pub use state::Behaviour;
