//! Readers of series that soak did not record: CSV, JSON lines and other tools' logs (psrecord, mprof, pidstat, prmon).
//!
//! They stand beside the store: both end in a [`crate::domain::SeriesSet`], which is all that the analysis sees. A file
//! is read as a stream in bounded memory. What cannot be read rightly is an error that names line and column; what was
//! left out or merged on the way is told in [`Imported::notes`].
//!
//! The way of a line: `lines` (bytes to text), `sniff` (which format), a reader per format, `column` (what a header
//! means), `cell` and `instant` (what a field says), `table` (rows in order of time), `rows` (what is kept of them),
//! `finish` (the set).

mod cell;
mod column;
mod delimited;
mod error;
mod finish;
mod instant;
mod json_lines;
mod lines;
mod mprof;
mod pidstat;
mod psrecord;
mod read;
mod rows;
mod sniff;
mod table;

pub use error::{Fault, ImportError};
pub use read::{ImportOptions, Imported, read, read_from};
