//! What the user said about the target, and the way from there to a process.

use std::ffi::OsString;

use super::attach::Attached;
use super::error::TargetError;
use super::{attach, find, spawn};
use crate::domain::run::Scope;
use crate::procfs::ProcRoot;

/// How the target is chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selector {
    /// The process with this id.
    Pid(u32),
    /// The process that listens on this TCP port.
    Port(u16),
    /// The process with exactly this name: the kernel's (`comm`) or the file name of its program.
    Name(String),
    /// A program that soak starts, watches and stops.
    Command {
        /// The program, looked up in `PATH` where it has no slash.
        program: OsString,
        /// Its arguments.
        args: Vec<OsString>,
    },
}

/// Finds or starts the target and takes hold of it.
///
/// # Errors
/// A [`TargetError`], whose words are one line that says what to do.
pub fn resolve(selector: &Selector, scope: Scope, root: &ProcRoot) -> Result<Attached, TargetError> {
    match selector {
        Selector::Pid(pid) => attach::attach(root, *pid, scope),
        Selector::Port(port) => attach::attach(root, find::by_port(root, *port)?, scope),
        Selector::Name(name) => attach::attach(root, find::by_name(root, name)?, scope),
        Selector::Command { program, args } => spawn::start(root, program, args, scope),
    }
}
