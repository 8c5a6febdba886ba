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

#[cfg(target_os = "linux")]
pub mod analysis;
#[cfg(target_os = "linux")]
pub mod chart;
#[cfg(target_os = "linux")]
pub mod cli;
#[cfg(target_os = "linux")]
pub mod clock;
#[cfg(target_os = "linux")]
pub mod domain;
#[cfg(target_os = "linux")]
pub mod driver;
#[cfg(target_os = "linux")]
pub mod exposition;
#[cfg(target_os = "linux")]
pub mod heap;
#[cfg(target_os = "linux")]
pub mod import;
#[cfg(target_os = "linux")]
pub mod procfs;
#[cfg(target_os = "linux")]
pub mod profile;
#[cfg(target_os = "linux")]
pub mod report;
#[cfg(target_os = "linux")]
pub mod runner;
#[cfg(target_os = "linux")]
pub mod sampler;
#[cfg(target_os = "linux")]
pub mod stats;
#[cfg(target_os = "linux")]
pub mod store;
#[cfg(target_os = "linux")]
pub mod target;
#[cfg(target_os = "linux")]
pub mod tracer;
