//! Runs target, sampler, driver and store together; and the demo server.

pub mod demo;
