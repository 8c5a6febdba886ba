//! How many descriptors a process has open, at a cost that does not grow with them.

use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{Mode, OFlags, PROC_SUPER_MAGIC, RawDir, fstat, fstatfs, openat};
use rustix::io::Errno;

use super::error::ProcfsError;
use super::file::Keep;

const FOLDER: &str = "fd";

/// How descriptors are counted on this kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FdCounting {
    /// By the size of the folder `fd`, which is the number of open descriptors since Linux 6.2 (commit f1f1f2569901). It
    /// needs no right to look at the process.
    FolderSize,
    /// By listing the folder: about 0.5 us a descriptor, and only for processes that soak may trace.
    Listing,
}

impl FdCounting {
    /// Finds out from the folder of soak itself, which surely has descriptors open.
    pub(super) fn of_kernel(own_fds: BorrowedFd<'_>) -> Self {
        // A folder on disk (a fixture) has a size too, which means something else.
        let on_procfs = fstatfs(own_fds).is_ok_and(|system| system.f_type == PROC_SUPER_MAGIC);
        if on_procfs && fstat(own_fds).is_ok_and(|stat| stat.st_size > 0) { Self::FolderSize } else { Self::Listing }
    }
}

/// Counts the descriptors of one process.
#[derive(Debug)]
pub(super) struct FdCounter {
    pid: u32,
    counting: FdCounting,
    folder: Option<OwnedFd>,
}

impl FdCounter {
    pub(super) fn open(
        process: BorrowedFd<'_>,
        pid: u32,
        counting: FdCounting,
        keep: Keep,
    ) -> Result<Self, ProcfsError> {
        let folder = match (counting, keep) {
            (FdCounting::FolderSize, Keep::Open) => Some(open_path(process).map_err(|errno| failure(pid, errno))?),
            _ => None,
        };
        Ok(Self { pid, counting, folder })
    }

    pub(super) fn lists(&self) -> bool {
        self.counting == FdCounting::Listing
    }

    pub(super) fn count(&self, process: BorrowedFd<'_>) -> Result<u64, ProcfsError> {
        let counted = match (self.counting, &self.folder) {
            (FdCounting::FolderSize, Some(folder)) => folder_size(folder.as_fd()),
            (FdCounting::FolderSize, None) => open_path(process).and_then(|folder| folder_size(folder.as_fd())),
            (FdCounting::Listing, _) => list(process),
        };
        counted.map_err(|errno| failure(self.pid, errno))
    }
}

fn failure(pid: u32, errno: Errno) -> ProcfsError {
    match errno {
        // Every kernel has this folder, so it is the process that is not there any more.
        Errno::NOENT => ProcfsError::Gone { pid },
        errno => ProcfsError::of(pid, FOLDER, errno),
    }
}

/// `O_PATH` asks for no right to read the folder, so another user's process can be counted too.
fn open_path(process: BorrowedFd<'_>) -> Result<OwnedFd, Errno> {
    openat(process, FOLDER, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
}

fn folder_size(folder: BorrowedFd<'_>) -> Result<u64, Errno> {
    fstat(folder).map(|stat| u64::try_from(stat.st_size).unwrap_or(0))
}

fn list(process: BorrowedFd<'_>) -> Result<u64, Errno> {
    let folder = openat(process, FOLDER, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    let mut room = [MaybeUninit::uninit(); 16_384];
    let mut entries = RawDir::new(folder, &mut room);
    let mut count = 0;
    while let Some(entry) = entries.next() {
        if entry?.file_name().to_bytes().first().is_some_and(u8::is_ascii_digit) {
            count += 1;
        }
    }
    Ok(count)
}
