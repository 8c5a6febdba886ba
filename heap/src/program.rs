//! Which program this is, for the heads of snapshots: its path and pid. Never its arguments, for secrets stand in them.

use std::path::PathBuf;

/// The program that was traced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// Its file.
    pub path: PathBuf,
    /// Its process id.
    pub pid: u32,
}

impl Program {
    /// This process.
    pub fn this() -> Self {
        // Where /proc is not mounted, the name that it was called by is better than none.
        let called = || std::env::args_os().next().map_or_else(|| PathBuf::from("?"), PathBuf::from);
        Self { path: std::env::current_exe().unwrap_or_else(|_| called()), pid: std::process::id() }
    }
}
