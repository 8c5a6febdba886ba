//! Why the target's heap tracer could not be had or asked, told apart by what follows from it.

use std::io;
use std::path::PathBuf;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum TracerError {
    /// The socket cannot be connected to.
    #[error("its socket {path} cannot be connected to")]
    Connect {
        /// The socket.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Somebody else than the target listens there.
    #[error("{path} is listened on by process {pid} of user {user}, and not by the target; it is left alone")]
    Stranger {
        /// The socket.
        path: PathBuf,
        /// Who listens; 0 where it is in another pid namespace.
        pid: u32,
        /// Whose that is.
        user: u32,
    },
    /// No answer in time: the target hangs, or is stopped.
    #[error("it does not answer within {limit_s} s: the target hangs or is stopped")]
    Silent {
        /// How long was waited, in seconds.
        limit_s: u64,
    },
    /// The connection was lost.
    #[error("the connection to it was lost")]
    Lost(#[source] io::Error),
    /// It said no. The connection is good.
    #[error("it answers: {0}")]
    Refused(String),
    /// It said something that the protocol does not have.
    #[error("it does not keep to the protocol: {0}")]
    Foreign(String),
    /// The target's own facts could not be read.
    #[error(transparent)]
    Procfs(#[from] crate::procfs::ProcfsError),
}

impl TracerError {
    /// What is to be thought of an error of the connection.
    pub(super) fn of(error: io::Error, limit_s: u64) -> Self {
        match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Self::Silent { limit_s },
            _ => Self::Lost(error),
        }
    }

    /// Whether nobody listens there: not yet, or not any more.
    pub fn is_nobody(&self) -> bool {
        let is_nobody = |kind| matches!(kind, io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound);
        matches!(self, Self::Connect { source, .. } if is_nobody(source.kind()))
    }

    /// In words, with its cause.
    pub fn told(&self) -> String {
        match std::error::Error::source(self) {
            Some(source) => format!("{self}: {source}"),
            None => self.to_string(),
        }
    }
}
