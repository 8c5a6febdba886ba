//! `/proc/PID/stat`: start time, CPU time and faults. It sums over every thread of the process, so its cost grows with
//! them, and its resident size is approximate on kernels since 6.2, which is why memory comes from `status`.

use std::time::Duration;

use super::status::{Comm, State};
use super::text::{number, words};

/// What `stat` says of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stat {
    /// The name of the main thread.
    pub name: Comm,
    /// Whether it is a zombie.
    pub state: State,
    /// The parent.
    pub parent: u32,
    /// Whether it is a thread of the kernel, which has no memory of its own (`PF_KTHREAD` in field 9).
    pub kernel_thread: bool,
    /// Minor faults of all threads.
    pub minor_faults: u64,
    /// Major faults of all threads.
    pub major_faults: u64,
    /// User and system time of all threads; the kernel counts in ticks of 10 ms here.
    pub cpu_time: Duration,
    /// When it started, in clock ticks since boot; with the pid it names one process for ever.
    pub start_ticks: u64,
    /// The same as time since boot, of which the kernel keeps whole ticks of 10 ms.
    pub started: Duration,
    /// Where its stack begins: a random address that each `execve` draws anew. `None` where soak may not know.
    pub stack_start: Option<u64>,
}

/// `PF_KTHREAD` of include/linux/sched.h, the same since 2.6.
const KERNEL_THREAD: u64 = 0x0020_0000;

/// Reads `stat` (`proc_pid_stat(5)`); `None` where a field is missing. The name may hold blanks and parentheses, so the
/// fields begin after the last `)`. `ticks_per_second` is `sysconf(_SC_CLK_TCK)`.
pub(super) fn parse(text: &[u8], ticks_per_second: u64) -> Option<Stat> {
    let open = text.iter().position(|&byte| byte == b'(')?;
    let close = text.iter().rposition(|&byte| byte == b')').filter(|&close| close > open)?;
    let mut fields = words(&text[close + 1..]);
    // Named by their number in the manual page; the first word after the name is field 3.
    let state = State::from_letter(fields.next()?.first());
    let mut at = 3;
    let mut field = |wanted: usize| {
        let skipped = wanted - at - 1;
        at = wanted;
        fields.nth(skipped).and_then(number)
    };
    let parent = field(4)?;
    let flags = field(9)?;
    let minor_faults = field(10)?;
    let major_faults = field(12)?;
    let ticks = field(14)?.saturating_add(field(15)?);
    let start_ticks = field(22)?;
    // Printed as 0 or 1 to those who may not trace the process.
    let stack_start = field(28).filter(|&address| address > 1);
    Some(Stat {
        name: Comm::new(&text[open + 1..close]),
        state,
        parent: u32::try_from(parent).ok()?,
        kernel_thread: flags & KERNEL_THREAD != 0,
        minor_faults,
        major_faults,
        cpu_time: ticks_to_time(ticks, ticks_per_second),
        start_ticks,
        started: ticks_to_time(start_ticks, ticks_per_second),
        stack_start,
    })
}

fn ticks_to_time(ticks: u64, ticks_per_second: u64) -> Duration {
    let per_second = ticks_per_second.max(1);
    let nanos = (ticks % per_second).saturating_mul(1_000_000_000) / per_second;
    Duration::new(ticks / per_second, nanos.min(999_999_999) as u32)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const STAT: &[u8] = include_bytes!("../../tests/fixtures/proc/server/proc/812/stat");

    #[test]
    fn the_fields_stand_where_the_manual_page_says() {
        let stat = parse(STAT, 100).unwrap();
        assert_eq!(stat.name.to_string(), "demo-server");
        assert_eq!((stat.state, stat.parent, stat.kernel_thread), (State::Alive, 1, false));
        assert_eq!((stat.minor_faults, stat.major_faults), (1_520, 3));
        assert_eq!(stat.cpu_time, Duration::from_millis(12_340));
        assert_eq!((stat.start_ticks, stat.started), (123_456, Duration::from_millis(1_234_560)));
        assert_eq!(stat.stack_start, Some(140_727_001_122_336));
    }

    #[test]
    fn a_name_with_parentheses_and_blanks_does_not_shift_the_fields() {
        let text = b"7 (a) (b c) R 1 7 7 0 -1 2097216 5 0 6 0 1 2 0 0 20 0 1 0 99 0 0 0 0 0 0";
        let stat = parse(text, 100).unwrap();
        assert_eq!((stat.name.to_string().as_str(), stat.start_ticks), ("a) (b c", 99));
        assert!(stat.kernel_thread);
        assert_eq!(stat.stack_start, None);
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_parser_panic(bytes: Vec<u8>, ticks: u64) {
            parse(&bytes, ticks);
        }

        #[test]
        fn any_name_leaves_the_fields_in_place(name in proptest::collection::vec(any::<u8>(), 0..16)) {
            let mut text = b"7 (".to_vec();
            text.extend(&name);
            text.extend(b") S 1 7 7 0 -1 64 5 0 6 0 1 2 0 0 20 0 1 0 99 0 0 0 0 0 140000000000000");
            prop_assert_eq!(parse(&text, 100).map(|stat| stat.start_ticks), Some(99));
        }
    }
}
