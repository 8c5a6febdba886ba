//! `/proc/PID/limits`: the soft limits that a leak runs into.

use super::text::{lines, number};

/// Soft limits of a process; `None` where there is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Open files (`RLIMIT_NOFILE`).
    pub open_files: Option<u64>,
    /// Processes and threads (`RLIMIT_NPROC`). The kernel counts all of the user's against it, not only this process's.
    pub processes: Option<u64>,
}

pub(super) fn parse(text: &[u8]) -> Limits {
    // "unlimited" has no digits and so reads as none.
    let soft = |key: &[u8]| lines(text).find_map(|line| line.strip_prefix(key).map(number)).flatten();
    Limits { open_files: soft(b"Max open files"), processes: soft(b"Max processes") }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_soft_limits_are_read() {
        let text = include_bytes!("../../tests/fixtures/proc/server/proc/812/limits");
        assert_eq!(parse(text), Limits { open_files: Some(1024), processes: Some(96_365) });
    }

    #[test]
    fn unlimited_is_no_limit() {
        assert_eq!(
            parse(b"Max processes             unlimited            unlimited            processes\n").processes,
            None
        );
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_parser_panic(bytes: Vec<u8>) {
            parse(&bytes);
        }
    }
}
