//! Where the kernel's view of the machine is mounted, and what is found by looking over all of it.

use std::collections::HashSet;
use std::fs;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags, PROC_SUPER_MAGIC, fstatfs, open, openat};
use rustix::io::Errno;

use super::error::ProcfsError;
use super::fds::FdCounting;
use super::file::{Buffer, Keep};
use super::net::listening;
use super::process::Process;
use super::text::{number, words};

/// The folder tree that the kernel shows itself in: the machine's own, or a fixture's.
#[derive(Clone, Debug)]
pub struct ProcRoot {
    proc: PathBuf,
    /// What stands before a mount point, such as that of a cgroup: "/" but for fixtures.
    below: PathBuf,
    fd_counting: FdCounting,
}

/// Who listens on a port, as far as soak may know.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listeners {
    /// The processes that hold a listening socket of the port open; several share one after a fork.
    pub pids: Vec<u32>,
    /// Whether there is a listening socket at all.
    pub socket_exists: bool,
}

impl ProcRoot {
    /// The machine's own.
    pub fn system() -> Self {
        Self::new(PathBuf::from("/proc"), PathBuf::from("/"))
    }

    /// A fixture: a folder that holds `proc` and, for cgroups, `sys/fs/cgroup`.
    pub fn at(folder: &Path) -> Self {
        Self::new(folder.join("proc"), folder.to_owned())
    }

    fn new(proc: PathBuf, below: PathBuf) -> Self {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let fd_counting = open(proc.join("self/fd"), flags, Mode::empty())
            .map_or(FdCounting::Listing, |own| FdCounting::of_kernel(own.as_fd()));
        Self { proc, below, fd_counting }
    }

    pub(super) fn proc(&self) -> &Path {
        &self.proc
    }

    pub(super) fn fd_counting(&self) -> FdCounting {
        self.fd_counting
    }

    /// A mount point as `mountinfo` names it.
    pub(super) fn mounted_at(&self, path: &Path) -> PathBuf {
        self.below.join(path.strip_prefix("/").unwrap_or(path))
    }

    pub(super) fn open_process(&self, pid: u32) -> Result<OwnedFd, ProcfsError> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        openat(CWD, self.proc.join(pid.to_string()), flags, Mode::empty()).map_err(|errno| match errno {
            Errno::NOENT => ProcfsError::Gone { pid },
            errno => ProcfsError::of(pid, "folder", errno),
        })
    }

    /// The pids of all processes that soak can see.
    ///
    /// # Errors
    /// Where the folder cannot be listed.
    pub fn pids(&self) -> Result<Vec<u32>, ProcfsError> {
        let fail = |source| ProcfsError::System { path: self.proc.display().to_string(), source };
        let entries = fs::read_dir(&self.proc).map_err(fail)?;
        Ok(entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect())
    }

    /// Appends every process whose parent is one of `parents`: about 10 us for each process of the machine, for kernels
    /// without lists of children.
    ///
    /// # Errors
    /// Where the processes cannot be listed.
    pub fn children_by_parent(
        &self,
        parents: &HashSet<u32>,
        buffer: &mut Buffer,
        found: &mut Vec<u32>,
    ) -> Result<(), ProcfsError> {
        for pid in self.pids()? {
            let stat = Process::open(self, pid, Keep::Folder).and_then(|process| process.stat(buffer));
            if stat.is_ok_and(|stat| parents.contains(&stat.parent)) {
                found.push(pid);
            }
        }
        Ok(())
    }

    /// Finds who listens on a TCP port, in soak's own network namespace. Milliseconds: it looks at every descriptor of
    /// every process.
    ///
    /// # Errors
    /// Where neither table of sockets nor the list of processes can be read.
    pub fn listeners(&self, port: u16) -> Result<Listeners, ProcfsError> {
        let table = |name: &str| {
            let path = self.proc.join(name);
            fs::read(&path).map_err(|source| ProcfsError::System { path: path.display().to_string(), source })
        };
        let mut inodes: Vec<u64> = listening(&table("net/tcp")?, port).collect();
        // A kernel without IPv6 has no second table.
        if let Ok(text) = table("net/tcp6") {
            inodes.extend(listening(&text, port));
        }
        let mut listeners = Listeners { socket_exists: !inodes.is_empty(), ..Listeners::default() };
        if !listeners.socket_exists {
            return Ok(listeners);
        }
        for pid in self.pids()? {
            // Another user's process may not be looked into: its socket is there, and its pid is not.
            if Process::open(self, pid, Keep::Folder).and_then(|process| process.holds_socket(&inodes)).unwrap_or(false)
            {
                listeners.pids.push(pid);
            }
        }
        Ok(listeners)
    }

    /// Opens the kernel's count of pids handed out; `None` where the file is not the kernel's own (a container may be
    /// shown a made-up one).
    pub fn pid_counter(&self) -> Option<PidCounter> {
        let file = open(self.proc.join("loadavg"), OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).ok()?;
        fstatfs(&file).is_ok_and(|system| system.f_type == PROC_SUPER_MAGIC).then_some(PidCounter { file })
    }

    pub(super) fn mountinfo(&self) -> Result<Vec<u8>, ProcfsError> {
        let path = self.proc.join("self/mountinfo");
        fs::read(&path).map_err(|source| ProcfsError::System { path: path.display().to_string(), source })
    }
}

/// The last field of `loadavg`: the pid handed out last. While it stands still, no process and no thread was born
/// anywhere, and nobody needs to look for children.
#[derive(Debug)]
pub struct PidCounter {
    file: OwnedFd,
}

impl PidCounter {
    /// The pid that was handed out last; `None` where it cannot be read.
    pub fn read(&self, buffer: &mut Buffer) -> Option<u64> {
        words(buffer.fill(self.file.as_fd()).ok()?).nth(4).and_then(number)
    }
}
