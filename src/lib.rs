//! soak watches a running server and answers: does it grow, per what, and what grew?
//!
//! The flow goes one way, with the record in the middle:
//!
//! ```text
//! pid -> procfs  -> sampler -> Sample      -+                              +-> report, chart, exit code
//!                                           +-> store -> Run -> analysis -> Assessment
//! URL -> driver             -> TrafficTick -+
//! ```
//!
//! What other programs may use: [`domain`] (the nouns), [`analysis`] with [`stats`] (judge any series) and [`store`]
//! (read a record). The rest is public for the binary, the tests and the benches, and may change in any version.
//! docs/architecture.md has the floors that a module may stand on and the glossary.

#[cfg(not(target_os = "linux"))]
compile_error!("soak reads Linux's /proc and runs on Linux only");

pub mod analysis;
pub mod chart;
pub mod cli;
pub mod clock;
pub mod domain;
pub mod driver;
pub mod import;
pub mod procfs;
pub mod report;
pub mod runner;
pub mod sampler;
pub mod stats;
pub mod store;
pub mod target;
