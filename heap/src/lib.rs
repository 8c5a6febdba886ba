//! A heap tracer for Rust servers, light enough to soak with: which call site grows.

mod dhat;
mod frames;
mod json;
#[cfg(feature = "pprof")]
mod pprof;
mod program;
mod snapshot;

pub use program::Program;
pub use snapshot::{Amount, ArenaUse, Module, Site, Snapshot, Unwinding};
