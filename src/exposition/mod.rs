//! The target's own metrics page: which of its series were asked for, and what they say.
//!
//! `page -> exposition -> readings`, beside the sampler. It reads the Prometheus text format 0.0.4 and what OpenMetrics has in
//! common with it (<https://prometheus.io/docs/instrumenting/exposition_formats/>); fetching the page is the runner's work.

mod line;
mod pattern;
mod select;

pub use pattern::{Pattern, PatternError};
pub use select::{names, select};
