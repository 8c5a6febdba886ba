//! Heap profiles: reads what dhat, Valgrind, soak-heap, Go and jemalloc wrote, ranks call sites, and tells over several
//! snapshots which of them grow.
//!
//! The way of a file: `read` (which format, by content), `dhat` or `pprof` (on bytes that nobody vouches for), `symbols`
//! (names for addresses), `telling` (which frames of a stack say something), `tree` (stacks merged by those), and then
//! `rank` (one profile), `diff` with `growth` (several), `split` (what a process's growth is made of), `flame`, and
//! `dhat_write`. Nothing here knows of runs, processes or the command line.

mod dhat;
mod dhat_parts;
mod dhat_write;
mod diff;
mod error;
mod files;
mod flame;
mod growth;
mod guard;
mod merged;
mod names;
mod pprof;
mod profile;
mod program;
mod protobuf;
mod rank;
mod read;
mod split;
mod symbol_table;
mod symbols;
mod telling;

#[cfg(test)]
mod fixture_tests;
#[cfg(test)]
mod growth_tests;

pub use dhat_write::write_named;
pub use diff::{Compared, compare};
pub use error::{Fault, HeapError};
pub use files::Files;
pub use profile::{ArenaUse, Base, Frame, HeapProfile, Location, Maker, Module, Sampling, Site, Taken, Tracer};
pub use program::{CompareError, Programs};
pub use rank::{Ranked, rank};
pub use read::{read, read_bytes};
pub use split::{Moment, split};
pub use symbols::resolve;
