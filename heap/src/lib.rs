//! A heap tracer for Rust servers, light enough to soak with: which call site grows.

mod snapshot;

pub use snapshot::{Amount, ArenaUse, Module, Site, Snapshot, Unwinding};
