//! Whose a process is, and where it keeps its sockets: what is needed to find one that it listens on.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use super::error::ProcfsError;
use super::file::Buffer;
use super::process::Process;
use super::text::{lines, number, words};

/// The variable that names the folder for a user's sockets (XDG base directory specification).
const RUNTIME_FOLDER: &[u8] = b"XDG_RUNTIME_DIR=";

impl Process {
    /// The user as whom it acts (the effective one).
    ///
    /// # Errors
    /// [`ProcfsError::Malformed`] where the line is missing.
    pub fn user(&self, buffer: &mut Buffer) -> Result<u32, ProcfsError> {
        let status = self.read("status", buffer)?;
        let user = lines(status).find_map(|line| line.strip_prefix(b"Uid:")).and_then(|ids| words(ids).nth(1));
        let user = user.and_then(number).and_then(|user| u32::try_from(user).ok());
        user.ok_or(ProcfsError::Malformed { pid: self.pid(), file: "status", what: "effective user" })
    }

    /// `XDG_RUNTIME_DIR` as it was when its program began. Of its environment, in which secrets may stand, nothing else is
    /// looked at or kept.
    ///
    /// # Errors
    /// [`ProcfsError::Denied`] for another user's process.
    pub fn runtime_folder(&self, buffer: &mut Buffer) -> Result<Option<PathBuf>, ProcfsError> {
        let found = self.read("environ", buffer).map(runtime_folder);
        buffer.wipe();
        found
    }
}

fn runtime_folder(environment: &[u8]) -> Option<PathBuf> {
    let folder = environment.split(|&byte| byte == 0).find_map(|variable| variable.strip_prefix(RUNTIME_FOLDER))?;
    Some(PathBuf::from(OsStr::from_bytes(folder))).filter(|folder| folder.is_absolute())
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};

    use super::*;
    use crate::procfs::{Keep, ProcRoot};

    #[test]
    fn only_an_absolute_folder_counts() {
        assert_eq!(runtime_folder(b"A=1\0XDG_RUNTIME_DIR=/run/user/7\0B=2\0"), Some("/run/user/7".into()));
        for none in [&b""[..], b"A=1\0", b"XDG_RUNTIME_DIR=\0", b"XDG_RUNTIME_DIR=run\0", b"NO_XDG_RUNTIME_DIR=/run\0"]
        {
            assert_eq!(runtime_folder(none), None);
        }
    }

    #[test]
    fn a_process_tells_its_user_and_its_folder() {
        // Its environment is there once it says a word.
        let mut command = Command::new("sh");
        command.args(["-c", "echo ready; read end"]).env("XDG_RUNTIME_DIR", "/run/x");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut ready = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut ready).unwrap();
        let process = Process::open(&ProcRoot::system(), child.id(), Keep::Folder).unwrap();
        let mut buffer = Buffer::new();
        let (user, folder) = (process.user(&mut buffer), process.runtime_folder(&mut buffer));
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(user.unwrap(), rustix::process::geteuid().as_raw());
        assert_eq!(folder.unwrap(), Some("/run/x".into()));
    }
}
