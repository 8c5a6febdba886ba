//! The sampling thread: two tiers on a drift-free schedule.
//!
//! Second in the flow: a [`Sampler`] reads a [`crate::procfs::Process`] (and its descendants) at each tick and hands every
//! [`Observation`] to a sink, which writes it down. Synchronous and meant for an OS thread of its own, so that a busy
//! driver cannot delay it. The fast tier is read at every tick; CPU time at a cadence that follows its cost; PSS, cgroup
//! and limits within a budget that they never pass.

mod announce;
mod cost;
mod member;
mod options;
mod schedule;
mod slow;
mod sums;
#[cfg(test)]
mod tests;
mod ticker;
mod tree;

pub use options::{Ended, Observation, Options, SamplerError, Watched};
pub use ticker::Sampler;
