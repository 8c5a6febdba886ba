//! The driver against small servers in this process.

mod plain;
mod support;

pub(super) use support::profile;
