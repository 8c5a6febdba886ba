//! Runs target, sampler, driver and store together; and the demo server.

pub mod demo;
mod demo_process;
mod record;
mod recorder;
mod so_far;

pub use demo_process::{DemoProcess, DemoProcessError};
pub use record::{RunError, RunOptions, Watch, record};
pub use so_far::Latest;
