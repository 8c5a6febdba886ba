//! The driver against small servers in this process.

mod crowd;
mod faults;
mod plain;
mod support;
mod texts;
mod turns;
mod ways;

pub(super) use support::profile;
