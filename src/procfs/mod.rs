//! What the kernel tells of a process, as typed values: kB, pages and ticks become [`crate::domain::Bytes`] and durations
//! here and nowhere else, and no other module knows a path below `/proc` or cgroupfs.
//!
//! First in the flow: the sampler reads through a [`Process`], the target resolves through a [`ProcRoot`]. Files are kept
//! open and read again in place, which costs one system call and makes pid reuse harmless: a kept file answers `ESRCH`
//! once its process is gone, whoever has the number then. The root is handed in, so that tests read fixtures from disk.

mod cgroup;
mod children;
mod error;
mod fds;
mod file;
mod limits;
mod net;
mod process;
mod root;
mod smaps_rollup;
mod stat;
mod status;
mod surroundings;
mod text;

pub use cgroup::{Cgroup, CgroupReading, OomCounter};
pub use error::ProcfsError;
pub use file::{Buffer, Keep};
pub use limits::Limits;
pub use process::Process;
pub use root::{Listeners, PidCounter, ProcRoot};
pub use smaps_rollup::SmapsRollup;
pub use stat::Stat;
pub use status::{Comm, State, Status};
pub use surroundings::{Surroundings, User};
