//! The faults that the demo server can be given, by name.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// One thing that is wrong with the server, or only looks wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// Each turn keeps 4 KiB for ever.
    MemoryLeak,
    /// Every fourth turn opens a file that nobody closes.
    FdLeak,
    /// Every twentieth turn starts a thread that never ends.
    ThreadLeak,
    /// Each turn starts a task that waits for ever, with 3 KiB of its own.
    TaskLeak,
    /// A cache that fills over the first 320 turns to 5 MiB and stays: healthy.
    CacheFill,
    /// A buffer that fills to 10 MiB over 160 turns and is let go: healthy.
    Sawtooth,
    /// An index of 9 MiB that is loaded over the first 15 s: healthy.
    SlowStart,
}

impl Fault {
    /// All faults, those that leak first.
    pub const ALL: [Self; 7] = [
        Self::MemoryLeak,
        Self::FdLeak,
        Self::ThreadLeak,
        Self::TaskLeak,
        Self::CacheFill,
        Self::Sawtooth,
        Self::SlowStart,
    ];

    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::MemoryLeak => "memory-leak",
            Self::FdLeak => "fd-leak",
            Self::ThreadLeak => "thread-leak",
            Self::TaskLeak => "task-leak",
            Self::CacheFill => "cache-fill",
            Self::Sawtooth => "sawtooth",
            Self::SlowStart => "slow-start",
        }
    }

    /// Whether the server grows without end, rather than only looking as if it did.
    pub const fn leaks(self) -> bool {
        matches!(self, Self::MemoryLeak | Self::FdLeak | Self::ThreadLeak | Self::TaskLeak)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A fault that the demo server does not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no fault is called {0:?}; there are {known}", known = Fault::ALL.map(Fault::name).join(", "))]
pub struct UnknownFault(String);

impl FromStr for Fault {
    type Err = UnknownFault;

    fn from_str(name: &str) -> Result<Self, UnknownFault> {
        Self::ALL.into_iter().find(|fault| fault.name() == name).ok_or_else(|| UnknownFault(name.to_owned()))
    }
}

/// The faults of one server; none is healthy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FaultSet(BTreeSet<Fault>);

impl FaultSet {
    /// No fault.
    pub fn healthy() -> Self {
        Self::default()
    }

    /// Whether `fault` is among them.
    pub fn has(&self, fault: Fault) -> bool {
        self.0.contains(&fault)
    }

    /// The faults, those that leak first.
    pub fn iter(&self) -> impl Iterator<Item = Fault> + '_ {
        self.0.iter().copied()
    }
}

impl FromIterator<Fault> for FaultSet {
    fn from_iter<I: IntoIterator<Item = Fault>>(faults: I) -> Self {
        Self(faults.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_found_by_its_name() {
        for fault in Fault::ALL {
            assert_eq!(fault.to_string().parse(), Ok(fault));
        }
    }

    #[test]
    fn an_unknown_fault_is_answered_with_the_known_ones() {
        let error = "memoryleak".parse::<Fault>().unwrap_err().to_string();
        assert!(error.contains("\"memoryleak\""), "{error}");
        for fault in Fault::ALL {
            assert!(error.contains(fault.name()), "{error}");
        }
    }
}
