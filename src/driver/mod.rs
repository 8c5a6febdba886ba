//! The traffic: plain GETs on a fixed schedule, so that the target is as busy all night as in the first minute.
//!
//! `URL -> driver -> TrafficTick`, beside the sampler and never in its way. The model is open: request k is due at
//! k / rate whether or not earlier ones were answered, at most so many are in flight, and the rest wait and are counted.
//! A pacing thread keeps the time (a tokio timer fires 1.3 ms late at the median), and a thread with a current-thread
//! runtime sends. Latency counts from the moment a request was due, so a target that stops answering cannot hide it.

mod client;
mod failures;
pub mod link;
mod options;
mod pacer;
mod schedule;
mod tally;
#[cfg(test)]
mod tests;
mod thread;

pub use failures::{Failure, FailureClass, FailureCount};
pub use options::{DriverError, GetUrl, PlainGet};
pub use tally::DriverSummary;
pub use thread::{Driver, TickSink, start};
