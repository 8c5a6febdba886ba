//! The direct children of a process: cheaply from `task/*/children`, or by a look at every process of the machine.

use std::fmt::Write as _;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd};

use rustix::fs::{Mode, OFlags, RawDir, openat};
use rustix::io::Errno;

use super::error::ProcfsError;
use super::file::Buffer;
use super::text::{number, words};

const FILE: &str = "task/*/children";

/// Appends the children of process `pid` to `found`.
///
/// Each thread has a file of its own with the children that it made (proc(5), needs `CONFIG_PROC_CHILDREN`), so a process
/// of one thread costs one read of about 10 us and a thousand threads cost some milliseconds.
pub(super) fn read(
    process: BorrowedFd<'_>,
    pid: u32,
    threads: Option<u64>,
    buffer: &mut Buffer,
    found: &mut Vec<u32>,
) -> Result<(), ProcfsError> {
    let fail = |errno| ProcfsError::of(pid, FILE, errno);
    let mut path = String::with_capacity(40);
    if threads == Some(1) {
        let _ = write!(path, "task/{pid}/children");
        return of_task(process, &path, buffer, found).map_err(fail);
    }
    let tasks =
        openat(process, "task", OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()).map_err(fail)?;
    let mut room = [MaybeUninit::uninit(); 8192];
    let mut entries = RawDir::new(tasks.as_fd(), &mut room);
    while let Some(entry) = entries.next() {
        let entry = entry.map_err(fail)?;
        let Some(task) = number(entry.file_name().to_bytes()) else { continue };
        path.clear();
        let _ = write!(path, "{task}/children");
        match of_task(tasks.as_fd(), &path, buffer, found) {
            Ok(()) => {}
            // A thread that ended meanwhile; the main thread's folder stays as long as the process does, so there it is
            // the kernel that lacks the file.
            Err(Errno::NOENT | Errno::SRCH) if task != u64::from(pid) => {}
            Err(errno) => return Err(fail(errno)),
        }
    }
    Ok(())
}

fn of_task(folder: BorrowedFd<'_>, path: &str, buffer: &mut Buffer, found: &mut Vec<u32>) -> Result<(), Errno> {
    let file = openat(folder, path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
    found.extend(parse(buffer.fill_list(file.as_fd())?));
    Ok(())
}

fn parse(text: &[u8]) -> impl Iterator<Item = u32> + '_ {
    words(text).filter_map(number).filter_map(|pid| u32::try_from(pid).ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn children_stand_between_blanks() {
        assert_eq!(parse(b"814 815 ").collect::<Vec<_>>(), [814, 815]);
        assert_eq!(parse(b"").count(), 0);
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_parser_panic(bytes: Vec<u8>) {
            let _ = parse(&bytes).count();
        }
    }
}
