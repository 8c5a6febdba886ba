//! What can be wrong with a heap profile, in words that name the file and what to do.

use std::io;

/// A profile that could not be read.
#[derive(Debug, thiserror::Error)]
#[error("{input}: {fault}")]
pub struct HeapError {
    /// The file's path.
    pub input: String,
    /// What is wrong.
    pub fault: Fault,
}

/// What is wrong with a heap profile. Each is said in one line.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The file could not be opened.
    #[error("it cannot be opened: {0}")]
    Open(#[source] io::Error),
    /// Reading failed on the way.
    #[error("it cannot be read on: {0}")]
    Read(#[source] io::Error),
    /// There is nothing in it.
    #[error("it is empty; was the program killed before it wrote its profile?")]
    Empty,
    /// It is something else.
    #[error("it is {what}, not a heap profile that soak reads (DHAT JSON or pprof); {remedy}")]
    Foreign {
        /// What it seems to be.
        what: &'static str,
        /// What to do.
        remedy: &'static str,
    },
    /// It ends too early.
    #[error("it ends in the middle; copy it again, or let the program finish writing it")]
    Truncated,
    /// It is JSON and not as DHAT writes it.
    #[error("line {line}, column {column}: {what}; is it a DHAT profile, unchanged?")]
    Json {
        /// The line.
        line: usize,
        /// The column.
        column: usize,
        /// What is wrong there.
        what: String,
    },
    /// It is JSON without what makes a DHAT profile.
    #[error(
        "it is JSON without \"{0}\", so it is no DHAT profile; give the file that dhat, Valgrind or soak-heap wrote"
    )]
    NotDhat(&'static str),
    /// It was written by a later version of its tool.
    #[error("it has {what} version {found}, and this soak knows up to {known}; use a newer soak")]
    Newer {
        /// What the version is of.
        what: &'static str,
        /// The version that it has.
        found: u64,
        /// The version that is known.
        known: u64,
    },
    /// It is a profile of something else than a heap.
    #[error("it is a profile of {0}, not of a heap; take a heap profile")]
    OtherProfile(String),
    /// A stack names a frame that is not in the table.
    #[error("a stack names frame {index}, and there are {known}; the file is damaged, write it again")]
    NoSuchFrame {
        /// The frame's number.
        index: u64,
        /// The number of frames.
        known: usize,
    },
    /// The protobuf message is damaged.
    #[error("{0}; the file is damaged, write it again")]
    Protobuf(&'static str),
    /// The gzip stream is damaged.
    #[error("its compressed data are damaged ({0}); copy it again")]
    Gzip(#[source] io::Error),
    /// There is more of something than memory is kept for.
    #[error("it has more than {limit} {what}; no heap profile needs as many")]
    TooMuch {
        /// Of what.
        what: &'static str,
        /// The bound.
        limit: usize,
    },
}
