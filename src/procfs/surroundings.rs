//! Whose a process is, by which number it knows itself, and which files it sees: what is needed to find a socket on which it
//! listens, from outside of its container too.

use std::ffi::{CString, OsStr};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags, openat, readlinkat};

use super::error::ProcfsError;
use super::file::{Buffer, open_below};
use super::process::Process;
use super::root::ProcRoot;
use super::text::{lines, number, words};

/// The variable that names the folder for a user's sockets (XDG base directory specification).
const RUNTIME_FOLDER: &[u8] = b"XDG_RUNTIME_DIR=";

/// A process as others find it. It is held by its folder, so that it is never another one of the same number.
#[derive(Debug)]
pub struct Surroundings {
    pid: u32,
    folder: OwnedFd,
    proc: PathBuf,
}

/// As whom a process acts: the effective user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct User {
    /// By the number that soak sees.
    pub seen: u32,
    /// By the number that the process itself sees: another one in a user namespace.
    pub own: u32,
}

impl ProcRoot {
    /// The surroundings of a process.
    ///
    /// # Errors
    /// Where no descriptor is to be had.
    pub fn surroundings(&self, process: &Process) -> Result<Surroundings, ProcfsError> {
        let fail = |_| ProcfsError::Gone { pid: process.pid() };
        let folder = process.folder().try_clone_to_owned().map_err(fail)?;
        Ok(Surroundings { pid: process.pid(), folder, proc: self.proc().to_owned() })
    }
}

impl Surroundings {
    /// Its pid as soak sees it.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Its pid as it sees it itself: the last of `NSpid`, which differs in a container.
    ///
    /// # Errors
    /// [`ProcfsError::Gone`].
    pub fn own_pid(&self, buffer: &mut Buffer) -> Result<u32, ProcfsError> {
        // Kernels before 4.1 and those without pid namespaces do not say.
        Ok(last_pid(self.read("status", buffer)?).unwrap_or(self.pid))
    }

    /// As whom it acts.
    ///
    /// # Errors
    /// [`ProcfsError::Malformed`] where the line is missing.
    pub fn user(&self, buffer: &mut Buffer) -> Result<User, ProcfsError> {
        let user = lines(self.read("status", buffer)?).find_map(|line| line.strip_prefix(b"Uid:"));
        let user = user.and_then(|ids| words(ids).nth(1)).and_then(number).and_then(|user| u32::try_from(user).ok());
        let malformed = ProcfsError::Malformed { pid: self.pid, file: "status", what: "effective user" };
        let seen = user.ok_or(malformed)?;
        // In soak's own namespace the map is told as the one above sees it, and the two numbers are one anyway.
        let is_shared = self.shares("ns/user");
        let map = if is_shared { None } else { self.read("uid_map", buffer).ok() };
        Ok(User { seen, own: map.and_then(|map| mapped(map, seen)).unwrap_or(seen) })
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

    /// A path of the process as soak reaches it: the same one, unless the process has other mounts or another root.
    pub fn reached(&self, path: &Path) -> PathBuf {
        let below = path.strip_prefix("/").unwrap_or(path);
        if !self.shares("ns/mnt") {
            return self.proc.join(self.pid.to_string()).join("root").join(below);
        }
        let root = readlinkat(self.folder.as_fd(), "root", Vec::new()).map(CString::into_bytes);
        root.map_or_else(|_| path.to_owned(), |root| Path::new(OsStr::from_bytes(&root)).join(below))
    }

    /// The root of its files, which stays good after its end.
    ///
    /// # Errors
    /// [`ProcfsError::Denied`] for another user's process.
    pub fn root(&self) -> Result<OwnedFd, ProcfsError> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let fail = |errno| ProcfsError::of(self.pid, "root", errno);
        openat(self.folder.as_fd(), "root", flags, Mode::empty()).map_err(fail)
    }

    /// Whether it is in soak's own namespace of this kind, as far as soak may know.
    fn shares(&self, kind: &str) -> bool {
        let own = readlinkat(CWD, self.proc.join("self").join(kind), Vec::new());
        let its = readlinkat(self.folder.as_fd(), kind, Vec::new());
        match (own, its) {
            (Ok(own), Ok(its)) => own == its,
            _ => true,
        }
    }

    fn read<'b>(&self, name: &'static str, buffer: &'b mut Buffer) -> Result<&'b [u8], ProcfsError> {
        let file = open_below(self.folder.as_fd(), self.pid, name)?;
        buffer.fill(file.as_fd()).map_err(|errno| ProcfsError::of(self.pid, name, errno))
    }
}

fn last_pid(status: &[u8]) -> Option<u32> {
    let pids = lines(status).find_map(|line| line.strip_prefix(b"NSpid:"))?;
    words(pids).last().and_then(number).and_then(|pid| u32::try_from(pid).ok())
}

/// The number inside a user namespace for one outside, by `uid_map`: lines of the first inside, the first outside, and how
/// many (see `user_namespaces(7)`).
fn mapped(map: &[u8], outside: u32) -> Option<u32> {
    lines(map).find_map(|line| {
        let mut numbers = words(line).filter_map(number);
        let (inside, first, count) = (numbers.next()?, numbers.next()?, numbers.next()?);
        let within = u64::from(outside).checked_sub(first).filter(|within| *within < count)?;
        u32::try_from(inside + within).ok()
    })
}

fn runtime_folder(environment: &[u8]) -> Option<PathBuf> {
    let folder = environment.split(|&byte| byte == 0).find_map(|variable| variable.strip_prefix(RUNTIME_FOLDER))?;
    let folder = std::ffi::OsString::from_vec(folder.to_vec());
    Some(PathBuf::from(folder)).filter(|folder| folder.is_absolute())
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};

    use super::*;
    use crate::procfs::Keep;

    #[test]
    fn only_an_absolute_folder_counts() {
        assert_eq!(runtime_folder(b"A=1\0XDG_RUNTIME_DIR=/run/user/7\0B=2\0"), Some("/run/user/7".into()));
        for none in [&b""[..], b"A=1\0", b"XDG_RUNTIME_DIR=\0", b"XDG_RUNTIME_DIR=run\0", b"NO_XDG_RUNTIME_DIR=/run\0"]
        {
            assert_eq!(runtime_folder(none), None);
        }
    }

    #[test]
    fn the_innermost_pid_is_the_processs_own() {
        assert_eq!(last_pid(b"Name:\tx\nNSpid:\t4242\t77\t1\nNSpgid:\t4242\n"), Some(1));
        assert_eq!(last_pid(b"NSpid:\t4242\n"), Some(4242));
        assert_eq!(last_pid(b"Name:\tx\n"), None);
    }

    #[test]
    fn a_user_is_mapped_into_its_namespace_and_one_that_is_not_in_it_is_not() {
        assert_eq!(mapped(b"         0       1000          1\n", 1000), Some(0));
        assert_eq!(mapped(b"0 1000 1\n1 100000 65536\n", 100_999), Some(1000));
        assert_eq!(mapped(b"0 0 4294967295\n", 7), Some(7));
        assert_eq!(mapped(b"0 1000 1\n", 1001), None);
        assert_eq!(mapped(b"no map\n", 7), None);
    }

    #[test]
    fn a_process_tells_its_user_its_folder_and_its_files() {
        // Its environment is there once it says a word.
        let mut command = Command::new("sh");
        command.args(["-c", "echo ready; read end"]).env("XDG_RUNTIME_DIR", "/run/x");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut ready = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut ready).unwrap();
        let root = ProcRoot::system();
        let process = Process::open(&root, child.id(), Keep::Folder).unwrap();
        let surroundings = root.surroundings(&process).unwrap();
        let mut buffer = Buffer::new();
        let (user, pid) = (surroundings.user(&mut buffer), surroundings.own_pid(&mut buffer));
        let folder = surroundings.runtime_folder(&mut buffer);
        let (reached, files) = (surroundings.reached(Path::new("/run/x")), surroundings.root());
        child.kill().unwrap();
        child.wait().unwrap();
        let own = rustix::process::geteuid().as_raw();
        assert_eq!((user.unwrap(), pid.unwrap()), (User { seen: own, own }, child.id()));
        assert_eq!(folder.unwrap(), Some("/run/x".into()));
        assert_eq!(reached, PathBuf::from("/run/x"));
        assert!(rustix::fs::statat(files.unwrap(), "proc", rustix::fs::AtFlags::empty()).is_ok());
    }
}
