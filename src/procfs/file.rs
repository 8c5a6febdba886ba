//! One file below the folder of a process, kept open and read again in place with `pread` into a buffer that is reused.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{Mode, OFlags, openat};
use rustix::io::{Errno, pread};

use super::error::ProcfsError;

/// Room for one file's text; it grows to the longest file seen and is then never allocated again.
#[derive(Debug)]
pub struct Buffer {
    bytes: Vec<u8>,
}

/// Beyond this no file that soak reads grows (a `status` with 65,536 groups is about 700 kB).
const LONGEST: usize = 4 << 20;

impl Buffer {
    /// A buffer of 8 KiB: `status` is under 2 KiB unless the machine has hundreds of processors or the process of groups.
    pub fn new() -> Self {
        Self { bytes: vec![0; 8192] }
    }

    /// Overwrites what was read: it may have been a secret.
    pub(super) fn wipe(&mut self) {
        self.bytes.fill(0);
    }

    /// Reads the whole of `file` from its start, in one `pread` where the buffer is large enough: procfs and cgroupfs
    /// render such a file anew at offset 0, so that one call sees one instant.
    pub(super) fn fill(&mut self, file: BorrowedFd<'_>) -> Result<&[u8], Errno> {
        loop {
            let length = read_at(file, &mut self.bytes, 0)?;
            if length < self.bytes.len() || self.bytes.len() >= LONGEST {
                return Ok(&self.bytes[..length]);
            }
            self.bytes.resize(self.bytes.len() * 2, 0);
        }
    }

    /// Reads `file` to its end in as many reads as the kernel wants: a list such as `children` or `net/tcp` comes a page
    /// at a time.
    pub(super) fn fill_list(&mut self, file: BorrowedFd<'_>) -> Result<&[u8], Errno> {
        let mut length = 0;
        loop {
            if length == self.bytes.len() {
                if length >= LONGEST {
                    return Ok(&self.bytes);
                }
                self.bytes.resize(length * 2, 0);
            }
            match read_at(file, &mut self.bytes[length..], length as u64)? {
                0 => return Ok(&self.bytes[..length]),
                more => length += more,
            }
        }
    }
}

impl Default for Buffer {
    fn default() -> Self {
        Self::new()
    }
}

fn read_at(file: BorrowedFd<'_>, into: &mut [u8], offset: u64) -> Result<usize, Errno> {
    rustix::io::retry_on_intr(|| pread(file, &mut *into, offset))
}

/// Whether a process's files stay open between reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// They do: the cheapest read, three descriptors a process.
    Open,
    /// They are opened through the folder's descriptor each time, as soak does in a large tree when descriptors run short:
    /// a read costs about three times as much. The folder's descriptor keeps the identity all the same.
    Folder,
}

/// A file below the folder of a process.
#[derive(Debug)]
pub(super) struct KeptFile {
    pid: u32,
    name: &'static str,
    file: Option<OwnedFd>,
}

impl KeptFile {
    pub(super) fn open(folder: BorrowedFd<'_>, pid: u32, name: &'static str, keep: Keep) -> Result<Self, ProcfsError> {
        let file = match keep {
            Keep::Open => Some(open_below(folder, pid, name)?),
            Keep::Folder => None,
        };
        Ok(Self { pid, name, file })
    }

    pub(super) fn read<'b>(&self, folder: BorrowedFd<'_>, buffer: &'b mut Buffer) -> Result<&'b [u8], ProcfsError> {
        let filled = match &self.file {
            Some(file) => buffer.fill(file.as_fd()),
            None => buffer.fill(open_below(folder, self.pid, self.name)?.as_fd()),
        };
        filled.map_err(|errno| ProcfsError::of(self.pid, self.name, errno))
    }
}

/// Opens a file below the folder of a process for reading.
pub(super) fn open_below(folder: BorrowedFd<'_>, pid: u32, name: &'static str) -> Result<OwnedFd, ProcfsError> {
    openat(folder, name, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
        .map_err(|errno| ProcfsError::of(pid, name, errno))
}
