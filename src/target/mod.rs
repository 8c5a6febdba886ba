//! Who is watched: finding, starting and ending the target.
//!
//! First step of a run: [`Selector`] (what the user said) becomes a [`Target`], whose identity is its pid, its start time
//! and a pidfd, so that a reused pid is never taken for it. The sampler gets the [`crate::procfs::Process`] and a copy of
//! the pidfd; the runner asks the target how it ended and, where soak started it, stops it. soak signals nothing else.

mod attach;
mod error;
mod find;
mod host;
mod select;
mod spawn;

pub use attach::{Attached, Target};
pub use error::{Candidate, TargetError};
pub use host::host;
pub use select::{Selector, resolve};
