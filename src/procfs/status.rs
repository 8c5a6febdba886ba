//! `/proc/PID/status`: the one read of every tick. It has memory by kind, swap, threads and the state, and it is exact
//! where the resident size of `stat` and, on kernels from 6.2 until 2025, of everything else is approximate.

use std::fmt;

use super::text::{number, split_line};
use crate::domain::Bytes;

/// What `status` says of a process; a line that the kernel does not print is missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// The name of the main thread, which `execve` sets and the process may change.
    pub name: Comm,
    /// What it is doing, and above all whether it is a zombie, of which every other line is missing.
    pub state: State,
    /// The process to which this thread belongs: another number than the one asked for, if that was a thread's.
    pub process: Option<u32>,
    /// The parent.
    pub parent: Option<u32>,
    /// `VmSize`, virtual memory.
    pub vms: Option<Bytes>,
    /// `VmRSS`, resident memory: the sum of the following three.
    pub rss: Option<Bytes>,
    /// `RssAnon` (Linux 4.5 and later).
    pub rss_anon: Option<Bytes>,
    /// `RssFile` (Linux 4.5 and later).
    pub rss_file: Option<Bytes>,
    /// `RssShmem` (Linux 4.5 and later).
    pub rss_shmem: Option<Bytes>,
    /// `VmSwap`, swapped-out anonymous memory without shared memory.
    pub swap: Option<Bytes>,
    /// Threads.
    pub threads: Option<u64>,
    /// Voluntary context switches of the main thread only.
    pub voluntary_switches: Option<u64>,
    /// Involuntary context switches of the main thread only.
    pub involuntary_switches: Option<u64>,
}

/// The letter by which the kernel tells the state of a task (proc(5), `State`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// Alive, whatever it does.
    Alive,
    /// Ended, and not yet waited for by its parent: all its sizes read as nothing.
    Zombie,
    /// The kernel did not say.
    #[default]
    Unknown,
}

impl State {
    pub(super) fn from_letter(letter: Option<&u8>) -> Self {
        match letter {
            // X is a task on its way out, whose memory is gone as well.
            Some(b'Z' | b'X' | b'x') => Self::Zombie,
            Some(letter) if letter.is_ascii_alphabetic() => Self::Alive,
            _ => Self::Unknown,
        }
    }
}

/// The kernel's name of a task, at most 15 bytes for a process (escapes and kernel threads make it longer).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Comm {
    bytes: [u8; 64],
    length: u8,
}

impl Comm {
    pub(super) fn new(name: &[u8]) -> Self {
        let mut bytes = [0; 64];
        let length = name.len().min(bytes.len());
        bytes[..length].copy_from_slice(&name[..length]);
        Self { bytes, length: length as u8 }
    }

    /// The name as the kernel wrote it.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }
}

impl Default for Comm {
    fn default() -> Self {
        Self::new(b"")
    }
}

impl fmt::Display for Comm {
    /// Without control characters: a process may give itself any name, and it ends up on somebody's terminal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name: String = String::from_utf8_lossy(self.as_bytes())
            .chars()
            .map(|letter| if letter.is_control() { '?' } else { letter })
            .collect();
        f.pad(&name)
    }
}

impl fmt::Debug for Comm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string())
    }
}

/// Reads `status`, line by line in the kernel's order as far as `Threads`, then the two last lines: between them stand
/// signal and processor masks, which are the longer half of the file and hold nothing that soak wants.
pub(super) fn parse(text: &[u8]) -> Status {
    let mut status = Status::default();
    let mut rest = text;
    while let Some((line, after)) = split_line(rest) {
        rest = after;
        if take(&mut status, line) == Line::Threads {
            break;
        }
    }
    // The last two lines, from the end: at most 2 x (28 letters + tab + 20 digits) bytes.
    let tail = &rest[rest.len().saturating_sub(112)..];
    for line in tail.split(|&byte| byte == b'\n') {
        if let Some(value) = line.strip_prefix(b"voluntary_ctxt_switches:") {
            status.voluntary_switches = number(value);
        } else if let Some(value) = line.strip_prefix(b"nonvoluntary_ctxt_switches:") {
            status.involuntary_switches = number(value);
        }
    }
    status
}

#[derive(PartialEq, Eq)]
enum Line {
    Threads,
    Other,
}

fn take(status: &mut Status, line: &[u8]) -> Line {
    match line {
        [b'V', b'm', b'S', b'i', b'z', b'e', b':', value @ ..] => status.vms = kib(value),
        [b'V', b'm', b'R', b'S', b'S', b':', value @ ..] => status.rss = kib(value),
        [b'V', b'm', b'S', b'w', b'a', b'p', b':', value @ ..] => status.swap = kib(value),
        [b'R', b's', b's', b'A', b'n', b'o', b'n', b':', value @ ..] => status.rss_anon = kib(value),
        [b'R', b's', b's', b'F', b'i', b'l', b'e', b':', value @ ..] => status.rss_file = kib(value),
        [b'R', b's', b's', b'S', b'h', b'm', b'e', b'm', b':', value @ ..] => status.rss_shmem = kib(value),
        [b'T', b'h', b'r', b'e', b'a', b'd', b's', b':', value @ ..] => {
            status.threads = number(value);
            return Line::Threads;
        }
        [b'N', b'a', b'm', b'e', b':', b'\t', name @ ..] => status.name = Comm::new(name),
        [b'S', b't', b'a', b't', b'e', b':', b'\t', letter @ ..] => status.state = State::from_letter(letter.first()),
        [b'T', b'g', b'i', b'd', b':', value @ ..] => status.process = pid(value),
        [b'P', b'P', b'i', b'd', b':', value @ ..] => status.parent = pid(value),
        _ => {}
    }
    Line::Other
}

fn kib(value: &[u8]) -> Option<Bytes> {
    number(value).map(Bytes::from_kib)
}

fn pid(value: &[u8]) -> Option<u32> {
    number(value).and_then(|pid| u32::try_from(pid).ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CURRENT: &[u8] = include_bytes!("../../tests/fixtures/proc/server/proc/812/status");
    const ZOMBIE: &[u8] = include_bytes!("../../tests/fixtures/proc/server/proc/815/status");
    const OLD: &[u8] = include_bytes!("../../tests/fixtures/proc/linux-4.4/proc/812/status");

    #[test]
    fn every_size_of_a_current_kernel_is_read_in_bytes() {
        let status = parse(CURRENT);
        assert_eq!(status.name.to_string(), "demo-server");
        assert_eq!((status.state, status.process, status.parent), (State::Alive, Some(812), Some(1)));
        assert_eq!(status.vms, Some(Bytes::from_kib(283_264)));
        assert_eq!(status.rss, Some(Bytes::from_kib(12_896)));
        assert_eq!(status.rss_anon, Some(Bytes::from_kib(5_332)));
        assert_eq!(status.rss_file, Some(Bytes::from_kib(7_556)));
        assert_eq!(status.rss_shmem, Some(Bytes::from_kib(8)));
        assert_eq!(status.swap, Some(Bytes::from_kib(16)));
        assert_eq!(status.threads, Some(5));
        assert_eq!((status.voluntary_switches, status.involuntary_switches), (Some(151), Some(7)));
    }

    #[test]
    fn a_zombie_has_a_state_and_no_sizes() {
        let status = parse(ZOMBIE);
        assert_eq!(status.state, State::Zombie);
        assert_eq!((status.rss, status.vms, status.rss_anon), (None, None, None));
    }

    #[test]
    fn what_an_old_kernel_does_not_print_is_missing() {
        let status = parse(OLD);
        assert_eq!(status.rss, Some(Bytes::from_kib(9_432)));
        assert_eq!((status.rss_anon, status.rss_file, status.rss_shmem), (None, None, None));
        assert_eq!(status.threads, Some(3));
    }

    #[test]
    fn a_name_shows_no_control_characters() {
        assert_eq!(Comm::new(b"a\x1b[31mb").to_string(), "a?[31mb");
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_parser_panic(bytes: Vec<u8>) {
            parse(&bytes);
        }

        #[test]
        fn a_status_cut_anywhere_still_parses(end in 0..CURRENT.len()) {
            let cut = parse(&CURRENT[..end]);
            prop_assert!(cut.threads.is_none_or(|threads| threads == 5));
        }
    }
}
