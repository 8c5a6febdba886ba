//! One process, held by the descriptor of its folder: whoever gets its pid later is never read by mistake.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{Mode, OFlags, RawDir, openat, readlinkat};
use rustix::io::Errno;

use super::children;
use super::error::ProcfsError;
use super::fds::FdCounter;
use super::file::{Buffer, Keep, KeptFile, open_below};
use super::limits::{self, Limits};
use super::net::socket_inode;
use super::root::ProcRoot;
use super::smaps_rollup::{self, SmapsRollup};
use super::stat::{self, Stat};
use super::status::{self, Status};

/// A process and its files.
///
/// Every method fails with [`ProcfsError::Gone`] once the process has ended and was waited for.
#[derive(Debug)]
pub struct Process {
    pid: u32,
    folder: OwnedFd,
    status: KeptFile,
    stat: KeptFile,
    fds: FdCounter,
    ticks_per_second: u64,
}

impl Process {
    /// Opens the process that has this pid now.
    ///
    /// # Errors
    /// [`ProcfsError::Gone`] where there is none.
    pub fn open(root: &ProcRoot, pid: u32, keep: Keep) -> Result<Self, ProcfsError> {
        let folder = root.open_process(pid)?;
        Ok(Self {
            pid,
            status: KeptFile::open(folder.as_fd(), pid, "status", keep)?,
            stat: KeptFile::open(folder.as_fd(), pid, "stat", keep)?,
            fds: FdCounter::open(folder.as_fd(), pid, root.fd_counting(), keep)?,
            ticks_per_second: rustix::param::clock_ticks_per_second(),
            folder,
        })
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Reads memory, threads, state and name: one system call, about 8 us at any size of the process.
    ///
    /// # Errors
    /// [`ProcfsError::Gone`], or what the kernel said.
    pub fn status(&self, buffer: &mut Buffer) -> Result<Status, ProcfsError> {
        self.status.read(self.folder.as_fd(), buffer).map(status::parse)
    }

    /// Counts the open descriptors: one system call of under 1 us since Linux 6.2, a listing before. 0 of a zombie.
    ///
    /// # Errors
    /// [`ProcfsError::Denied`] where they have to be listed and the process is another user's.
    pub fn fd_count(&self) -> Result<u64, ProcfsError> {
        self.fds.count(self.folder.as_fd())
    }

    /// Whether counting descriptors means to list them, which costs about 0.5 us each.
    pub fn lists_fds(&self) -> bool {
        self.fds.lists()
    }

    /// Reads CPU time, faults and start time: 3 us with one thread, 23 us with 1,000.
    ///
    /// # Errors
    /// [`ProcfsError::Malformed`] where a field is missing.
    pub fn stat(&self, buffer: &mut Buffer) -> Result<Stat, ProcfsError> {
        stat::parse(self.stat.read(self.folder.as_fd(), buffer)?, self.ticks_per_second).ok_or(ProcfsError::Malformed {
            pid: self.pid,
            file: "stat",
            what: "start time",
        })
    }

    /// Reads PSS and USS: 14 to 16 ms per resident GiB. The file is opened anew each time, because a kept one stays with
    /// the memory of the program that `execve` has replaced.
    ///
    /// # Errors
    /// [`ProcfsError::Denied`] for another user's process, [`ProcfsError::Absent`] before Linux 4.14.
    pub fn smaps_rollup(&self, buffer: &mut Buffer) -> Result<SmapsRollup, ProcfsError> {
        self.read("smaps_rollup", buffer).map(smaps_rollup::parse)
    }

    /// Reads the soft limits.
    ///
    /// # Errors
    /// What the kernel said.
    pub fn limits(&self, buffer: &mut Buffer) -> Result<Limits, ProcfsError> {
        self.read("limits", buffer).map(limits::parse)
    }

    /// Appends its direct children, zombies among them; `threads` is what `status` said, and 1 makes it one read.
    ///
    /// # Errors
    /// [`ProcfsError::Absent`] where the kernel keeps no lists of children: see [`ProcRoot::children_by_parent`].
    pub fn children(&self, threads: Option<u64>, buffer: &mut Buffer, found: &mut Vec<u32>) -> Result<(), ProcfsError> {
        children::read(self.folder.as_fd(), self.pid, threads, buffer, found)
    }

    /// Whether it holds one of these sockets open.
    ///
    /// # Errors
    /// [`ProcfsError::Denied`] for another user's process.
    pub(super) fn holds_socket(&self, inodes: &[u64]) -> Result<bool, ProcfsError> {
        let fail = |errno| ProcfsError::of(self.pid, "fd", errno);
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = openat(self.folder.as_fd(), "fd", flags, Mode::empty()).map_err(fail)?;
        let mut room = Vec::with_capacity(16_384);
        let mut entries = RawDir::new(folder.as_fd(), room.spare_capacity_mut());
        let mut target = Vec::new();
        while let Some(entry) = entries.next() {
            let entry = entry.map_err(fail)?;
            let link = match readlinkat(folder.as_fd(), entry.file_name(), target) {
                Ok(link) => link,
                // Closed meanwhile, or the entries "." and "..".
                Err(Errno::NOENT | Errno::INVAL) => {
                    target = Vec::new();
                    continue;
                }
                Err(errno) => return Err(fail(errno)),
            };
            if socket_inode(link.as_bytes()).is_some_and(|inode| inodes.contains(&inode)) {
                return Ok(true);
            }
            target = link.into_bytes();
        }
        Ok(false)
    }

    pub(super) fn read<'b>(&self, name: &'static str, buffer: &'b mut Buffer) -> Result<&'b [u8], ProcfsError> {
        let file = open_below(self.folder.as_fd(), self.pid, name)?;
        buffer.fill(file.as_fd()).map_err(|errno| ProcfsError::of(self.pid, name, errno))
    }

    /// The descriptor of its folder, for a bench that makes the bare calls.
    pub fn folder(&self) -> BorrowedFd<'_> {
        self.folder.as_fd()
    }
}
