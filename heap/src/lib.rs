//! A heap tracer for Rust servers, light enough to soak with: which call site grows.

mod control;
mod dhat;
mod exit;
mod frames;
mod json;
#[cfg(feature = "pprof")]
mod pprof;
mod program;
mod snapshot;

pub use control::{ListenError, Listening};
pub use program::Program;
pub use snapshot::{Amount, ArenaUse, Module, Site, Snapshot, Unwinding};
