//! `/proc/PID/smaps_rollup` (Linux 4.14 and later): the exact but dear view of memory. The kernel walks every page table
//! of the process for it, 14 to 16 ms per resident GiB of small pages, and holds the lock that `mmap` needs meanwhile.

use super::text::keyed;
use crate::domain::Bytes;

/// What `smaps_rollup` says of a process; a line that the kernel does not print is missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SmapsRollup {
    /// Proportional set size: each page divided by the number of processes that map it.
    pub pss: Option<Bytes>,
    /// Unique set size: the private pages, clean and dirty, which is what would be freed if the process ended.
    pub uss: Option<Bytes>,
}

pub(super) fn parse(text: &[u8]) -> SmapsRollup {
    let size = |key| keyed(text, key).map(Bytes::from_kib);
    SmapsRollup {
        pss: size(b"Pss"),
        uss: size(b"Private_Clean")
            .zip(size(b"Private_Dirty"))
            .map(|(clean, dirty)| Bytes::new(clean.get().saturating_add(dirty.get()))),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn pss_is_the_whole_word_and_uss_is_clean_and_dirty() {
        let text = include_bytes!("../../tests/fixtures/proc/server/proc/812/smaps_rollup");
        assert_eq!(
            parse(text),
            SmapsRollup { pss: Some(Bytes::from_kib(6_412)), uss: Some(Bytes::from_kib(100 + 5_340)) }
        );
    }

    #[test]
    fn half_of_the_unique_set_is_no_unique_set() {
        assert_eq!(parse(b"Pss: 5 kB\nPrivate_Clean: 7 kB\n").uss, None);
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_parser_panic(bytes: Vec<u8>) {
            parse(&bytes);
        }
    }
}
