//! The client of the heap tracer in a target that was built with the package `soak-heap`: finding its control socket, and
//! talking over it as docs/heap-protocol.md has it.
//!
//! It stands beside sampler and driver: the runner asks it for snapshots on a thread of its own. To link soak-heap and to
//! call `listen()` is the target's consent; soak writes to no process that has not given it. Every wait has a limit, so a
//! target that hangs costs its snapshots and nothing else.

mod answer;
mod client;
mod error;
mod find;
#[cfg(test)]
mod tests;

pub use answer::{Hello, Started, Status, Taken};
pub use client::Tracer;
pub use error::TracerError;
pub use find::{Offer, find};
