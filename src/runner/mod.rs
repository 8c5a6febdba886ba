//! Runs target, sampler, driver and store together; and the demo server.

pub mod demo;
mod demo_process;
mod halt;
mod heap;
mod record;
mod recorder;
mod remote;
mod requests;
mod scraper;
mod so_far;
mod trail;

pub use demo_process::{DemoHeap, DemoProcess, DemoProcessError};
pub use heap::HeapTracing;
pub use record::{RunError, RunOptions, Watch, record};
pub use remote::{Glance, Remote};
pub use scraper::{ScrapeError, ScrapeOptions};
pub use so_far::Latest;
pub use trail::{Cell, Trail};
