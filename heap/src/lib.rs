//! A heap tracer for Rust servers, light enough to soak with: which call site grows.

mod alloc;
mod arena;
pub mod recorder;
mod snapshot;
mod unwind;

pub use alloc::Alloc;
pub use recorder::{Options, Period, Start, StartError, Status, snapshot, start, status, stop};
pub use snapshot::{Amount, ArenaUse, Module, Site, Snapshot, Unwinding};
