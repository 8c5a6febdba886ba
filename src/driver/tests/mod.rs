//! The driver against small servers in this process.

mod crowd;
mod plain;
mod support;
mod turns;

pub(super) use support::profile;
