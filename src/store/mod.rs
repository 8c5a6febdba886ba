//! The record: append-only, versioned JSON lines in one folder a run, written when taken and read back after any crash.
//!
//! `writer` appends, `reader` makes a [`Run`](crate::domain::Run) of what it finds, and `wire` is the only place
//! that knows how a line looks. `request_log` keeps single requests beside it, and `heap_file` snapshots of
//! the target's heap.

mod heap_file;
mod reader;
mod request_log;
mod wire;
mod writer;

pub use heap_file::{HeapFile, heap_files};
pub use reader::{ReadError, is_record, read};
pub use request_log::{FAILED_REQUESTS_FILE, RequestLog, SLOW_REQUESTS_FILE};
pub use writer::{Flusher, RunFolder, WriteError, Writer, safe_name};

/// The file in a run's folder that holds the record.
pub const RECORD_FILE: &str = "record.jsonl";
