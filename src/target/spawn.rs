//! Starting the target: `soak -- CMD ARGS`.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use super::attach::{self, Attached};
use super::error::TargetError;
use crate::domain::run::Scope;
use crate::procfs::ProcRoot;

/// Starts a program and takes hold of it. It stands in a process group of its own, so that Ctrl-C reaches soak alone and
/// the run is judged before the program is stopped. Its standard output goes to soak's standard error, so that results on
/// standard output stay clean; its standard input is empty.
pub(super) fn start(
    root: &ProcRoot,
    program: &OsStr,
    args: &[OsString],
    scope: Scope,
) -> Result<Attached, TargetError> {
    let fail = |source: io::Error| TargetError::Spawn { program: program.display().to_string(), source };
    let errors = io::stderr().as_fd().try_clone_to_owned().map_err(fail)?;
    let child = Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::from(errors))
        .process_group(0)
        .spawn()
        .map_err(fail)?;
    let name = Path::new(program).file_name().unwrap_or(program).to_string_lossy().into_owned();
    attach::attach_child(root, child, name, scope)
}
