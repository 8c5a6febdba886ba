//! Why a fact could not be had from the kernel, told apart by what follows from it: the process is gone, soak may not
//! look, or this kernel does not say.

use std::io;

use rustix::io::Errno;

/// Why a file of a process could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ProcfsError {
    /// The process has ended and was waited for by its parent.
    #[error("process {pid} is gone")]
    Gone {
        /// The process.
        pid: u32,
    },
    /// soak may not look at it: `EACCES` or `EPERM`.
    #[error("{file} of process {pid} may not be read")]
    Denied {
        /// The process.
        pid: u32,
        /// The file below the folder of the process.
        file: &'static str,
        /// What the kernel said.
        #[source]
        source: io::Error,
    },
    /// The kernel has no such file, as older or smaller ones do.
    #[error("this kernel has no {file} of a process")]
    Absent {
        /// The process.
        pid: u32,
        /// The file below the folder of the process.
        file: &'static str,
    },
    /// Anything else.
    #[error("{file} of process {pid} could not be read")]
    Read {
        /// The process.
        pid: u32,
        /// The file below the folder of the process.
        file: &'static str,
        /// What the kernel said.
        #[source]
        source: io::Error,
    },
    /// The file was read but does not hold what every kernel writes there.
    #[error("{file} of process {pid} holds no {what}")]
    Malformed {
        /// The process.
        pid: u32,
        /// The file below the folder of the process.
        file: &'static str,
        /// What was looked for.
        what: &'static str,
    },
    /// A file of the whole system, such as the list of processes or of sockets.
    #[error("{path} could not be read")]
    System {
        /// The file.
        path: String,
        /// What the kernel said.
        #[source]
        source: io::Error,
    },
}

impl ProcfsError {
    /// Sorts what a read or an open below the folder of process `pid` answered.
    ///
    /// A kept descriptor answers `ESRCH` after the process was reaped (proc(5): the task is looked up anew at each read),
    /// and `fstat` of a kept folder answers `ENOENT` then; an `ENOENT` of an open is a file that the kernel lacks.
    pub(super) fn of(pid: u32, file: &'static str, errno: Errno) -> Self {
        match errno {
            Errno::SRCH => Self::Gone { pid },
            Errno::NOENT => Self::Absent { pid, file },
            Errno::ACCESS | Errno::PERM => Self::Denied { pid, file, source: errno.into() },
            other => Self::Read { pid, file, source: other.into() },
        }
    }

    /// Whether the process is gone, which is no failure but an end.
    pub fn is_gone(&self) -> bool {
        matches!(self, Self::Gone { .. })
    }
}
