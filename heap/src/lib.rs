//! A heap tracer for Rust servers, light enough to soak with: which call site grows.
//!
//! [`Alloc`] goes around the program's allocator and tells the [`recorder`] of every block. Off, that is one load and one
//! branch a call. Tracing, it records every allocation with its stack, or, where that would cost more than 3 % of a
//! processor, one per 4, 64 or 512 KiB at random, so that every figure stays an unbiased estimate; [`Snapshot`] says which
//! and how many blocks a figure rests on.
//!
//! ```
//! #[global_allocator]
//! static HEAP: soak_heap::Alloc = soak_heap::Alloc::system();
//!
//! fn main() -> Result<(), soak_heap::StartError> {
//!     soak_heap::start(soak_heap::Options::default())?;
//!     let kept: Vec<u8> = Vec::with_capacity(4096);
//!     let live: u64 = soak_heap::snapshot().sites.iter().map(|site| site.live.bytes).sum();
//!     assert!(live >= kept.capacity() as u64);
//!     soak_heap::stop();
//!     Ok(())
//! }
//! ```
//!
//! # Limits
//!
//! - What is seen goes through Rust's global allocator. C libraries that call `malloc` themselves, and `mmap`, are not seen.
//! - Memory is bounded: 64 MiB for two to three million live blocks, and 26 MiB for 65,535 stacks, both filled only as
//!   far as the program needs. What finds no room is counted as dropped, stacks as the empty one; an adaptive period gets
//!   longer before that.
//! - Stacks keep their 128 innermost frames. On `x86_64`, frame pointers are used where all code on the first stacks is
//!   found to keep them, and unwind tables otherwise (the feature `tables`). Elsewhere it is frame pointers alone, which
//!   code on aarch64 keeps by default; where it does not, stacks end early.
//! - Code that was loaded by `dlopen` is walked through from a tenth of a second later, or from the next snapshot.
//! - A hook needs up to 4 KiB of the calling thread's stack.
//! - The child of a fork is not traced until it starts that itself. A child by a bare `clone` must not allocate while the
//!   parent traces, as it must not anyhow while the parent has threads.
//! - What a signal handler allocates or frees while it interrupts the recorder itself on the same thread is not recorded,
//!   or, if its lock does not come free, stays live.
//! - Snapshots are taken shard by shard while the program goes on, so one block that moves meanwhile may be missing or
//!   there twice.

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
