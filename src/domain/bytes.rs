//! Byte counts as a type of their own, so that pages, kB and bytes cannot be mixed.
//!
//! `procfs` turns the kernel's kB and pages into [`Bytes`] and nothing else does. The human form is IEC (KiB, MiB).

use std::fmt;

use serde::{Deserialize, Serialize};

/// A size in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Bytes(u64);

impl Bytes {
    /// A size of `count` bytes.
    pub const fn new(count: u64) -> Self {
        Self(count)
    }

    /// A size of `count` KiB, which `/proc` prints as "kB". Saturates at `u64::MAX`.
    pub const fn from_kib(count: u64) -> Self {
        Self(count.saturating_mul(1024))
    }

    /// The size in bytes.
    pub const fn get(self) -> u64 {
        self.0
    }
}

/// A difference of two sizes in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SignedBytes(i64);

impl SignedBytes {
    /// A difference of `count` bytes.
    pub const fn new(count: i64) -> Self {
        Self(count)
    }

    /// The difference in bytes.
    pub const fn get(self) -> i64 {
        self.0
    }
}

impl fmt::Display for Bytes {
    /// IEC units with three significant digits: `0 B`, `812 B`, `4.10 KiB`, `12.4 MiB`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&human(self.0 as f64))
    }
}

impl fmt::Display for SignedBytes {
    /// As [`Bytes`], with a sign on everything but zero: `+4.10 KiB`, `-812 B`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match self.0 {
            0 => "",
            1.. => "+",
            _ => "-",
        };
        f.pad(&format!("{sign}{}", human(self.0.unsigned_abs() as f64)))
    }
}

/// Formats a number of bytes, which may be fractional or negative, in IEC units with three significant digits.
pub fn human(bytes: f64) -> String {
    const UNITS: [&str; 7] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if !bytes.is_finite() {
        return bytes.to_string();
    }
    let sign = if bytes < 0.0 { "-" } else { "" };
    let mut size = bytes.abs();
    let mut unit = 0;
    // 999.5 rounds to "1000" in three digits, which is why the next unit begins there and not at 1024.
    while size >= 999.5 && unit + 1 < UNITS.len() {
        size /= 1024.0;
        unit += 1;
    }
    if unit == 0 && size.fract() == 0.0 {
        return format!("{sign}{size:.0} B");
    }
    format!("{sign}{} {}", three_digits(size), UNITS[unit])
}

/// Formats a non-negative number with three significant digits and never in scientific notation.
pub fn three_digits(value: f64) -> String {
    let digits = if value == 0.0 || value >= 99.95 {
        0
    } else if value >= 9.995 {
        1
    } else if value >= 0.9995 {
        2
    } else {
        // Below 1: enough places to keep two significant digits, at most eight.
        ((-value.log10()).ceil() as usize + 1).min(8)
    };
    format!("{value:.digits$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_read_in_iec_units_with_three_digits() {
        let shown: Vec<String> =
            [0, 812, 1000, 1024, 4200, 13_000_000, u64::MAX].map(|n| Bytes::new(n).to_string()).to_vec();
        assert_eq!(shown, ["0 B", "812 B", "0.98 KiB", "1.00 KiB", "4.10 KiB", "12.4 MiB", "16.0 EiB"]);
    }

    #[test]
    fn differences_carry_their_sign() {
        assert_eq!(SignedBytes::new(4200).to_string(), "+4.10 KiB");
        assert_eq!(SignedBytes::new(-812).to_string(), "-812 B");
        assert_eq!(SignedBytes::new(0).to_string(), "0 B");
        assert_eq!(SignedBytes::new(i64::MIN).to_string(), "-8.00 EiB");
    }

    #[test]
    fn small_rates_keep_two_digits() {
        assert_eq!(human(0.034), "0.034 B");
        assert_eq!(human(-2.5), "-2.50 B");
    }

    #[test]
    fn a_huge_kib_count_saturates() {
        assert_eq!(Bytes::from_kib(u64::MAX).get(), u64::MAX);
    }
}
