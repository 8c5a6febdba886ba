//! A heap tracer for Rust servers, light enough to soak with: which call site grows.

mod alloc;
mod arena;
mod control;
mod dhat;
mod engine;
mod exit;
mod frames;
mod json;
#[cfg(feature = "pprof")]
mod pprof;
mod program;
pub mod recorder;
mod snapshot;
mod unwind;

pub use alloc::Alloc;
pub use control::{ListenError, Listening};
pub use engine::{Inner, listen, start, stop};
pub use program::Program;
pub use recorder::{Options, Period, Start, StartError, Status, snapshot, status};
pub use snapshot::{Amount, ArenaUse, Module, Site, Snapshot, Unwinding};
