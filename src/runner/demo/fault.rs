//! The faults that the demo server can be given, by name: one table says what each is called, does, and what kind it is.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// What a fault makes of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// It grows without end.
    Leak,
    /// It answers right and late.
    Slow,
    /// It answers wrong or not at all, or tells what is not so.
    Wrong,
    /// It only looks as if it grew.
    OddButHealthy,
}

impl FaultKind {
    /// All kinds, in the order of the table.
    pub const ALL: [Self; 4] = [Self::Leak, Self::Slow, Self::Wrong, Self::OddButHealthy];

    /// What servers of this kind have in common, as a heading.
    pub const fn heading(self) -> &'static str {
        match self {
            Self::Leak => "leaks",
            Self::Slow => "slow",
            Self::Wrong => "wrong",
            Self::OddButHealthy => "odd but healthy",
        }
    }
}

/// Makes the enum and all that is told about its variants from one table, so that help and code cannot disagree.
macro_rules! faults {
    ($(#[doc = $what:literal] $fault:ident: $kind:ident = $name:literal,)+) => {
        /// One thing that is wrong with the server, or only looks wrong. A *turn* is a piece of work that was asked of
        /// the server: the plain page, a turn of a session, a question, a classification, an ask, a chat or an audit.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Fault {
            $(#[doc = $what] $fault,)+
        }

        impl Fault {
            /// All faults, those that leak first.
            pub const ALL: [Self; [$($name),+].len()] = [$(Self::$fault),+];

            /// The name on the command line.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$fault => $name,)+ }
            }

            /// What it does, in one sentence.
            pub const fn what(self) -> &'static str {
                match self { $(Self::$fault => $what.trim_ascii(),)+ }
            }

            /// What kind of fault it is.
            pub const fn kind(self) -> FaultKind {
                match self { $(Self::$fault => FaultKind::$kind,)+ }
            }
        }
    };
}

// Each time lies just beyond the loosest objective that the shipped profiles set for it.
faults! {
    /// Each turn keeps 4 KiB for ever.
    MemoryLeak: Leak = "memory-leak",
    /// Every fourth turn opens a file that nobody closes.
    FdLeak: Leak = "fd-leak",
    /// Every twentieth turn starts a thread that never ends.
    ThreadLeak: Leak = "thread-leak",
    /// Each turn starts a task that waits for ever, with 3 KiB of its own.
    TaskLeak: Leak = "task-leak",
    /// Each front page keeps 16 KiB for ever, and no other request anything.
    PageLeak: Leak = "page-leak",
    /// Each turn but a classification or a chat keeps 256 KiB for ever.
    Hoard: Leak = "hoard",
    /// A chat whose client left leaves its task and 64 KiB behind.
    StreamLeak: Leak = "stream-leak",
    /// A login takes 250 ms.
    SlowLogin: Slow = "slow-login",
    /// Creating, reading, changing and deleting take 600 ms.
    SlowCrud: Slow = "slow-crud",
    /// A turn of a session takes 6 s.
    SlowTurns: Slow = "slow-turns",
    /// The graph of a session takes 1.3 s.
    SlowGraph: Slow = "slow-graph",
    /// The export of a session takes 2.5 s.
    SlowExport: Slow = "slow-export",
    /// A question about a project takes 11 s.
    SlowModel: Slow = "slow-model",
    /// Looking for conflicts takes 3.5 s.
    SlowConflicts: Slow = "slow-conflicts",
    /// The quality of a project takes 5.5 s.
    SlowQuality: Slow = "slow-quality",
    /// A classification takes 2.4 s.
    SlowClassify: Slow = "slow-classify",
    /// An agent's answer that is not in the cache takes 3.5 s.
    SlowAsk: Slow = "slow-ask",
    /// The headers of a chat come after 800 ms.
    SlowFirstByte: Slow = "slow-first-byte",
    /// The events of a chat come 160 ms apart.
    Stutter: Slow = "stutter",
    /// A chat rambles on for 6 s more, at its usual pace.
    SlowChat: Slow = "slow-chat",
    /// Agents, their list, pages and statistics take 150 ms.
    SlowList: Slow = "slow-list",
    /// The cache of answers never hits.
    CacheOff: Slow = "cache-off",
    /// An audit takes 3 s, heavy or not.
    SlowAudit: Slow = "slow-audit",
    /// One audit is worked on at a time: throughput stops rising with users.
    SingleFile: Slow = "single-file",
    /// The whole server answers nothing for the first 1 s of every 10 s.
    Stall: Slow = "stall",
    /// Each 1,000 turns add 5 ms to every answer: latency drifts.
    Degrade: Slow = "degrade",
    /// 8 % of requests, evenly spread, are answered with 500.
    Errors: Wrong = "errors",
    /// 8 % of requests, evenly spread, are reset without an answer.
    Flaky: Wrong = "flaky",
    /// The latency that an answer tells is a tenth of the truth.
    FalseLatency: Wrong = "false-latency",
    /// Sessions, projects and classifications are served to anybody.
    TenantLeak: Wrong = "tenant-leak",
    /// The rate limit answers 429 without Retry-After.
    NoRetryAfter: Wrong = "no-retry-after",
    /// The rate limit is 2 classifications a second for each tenant.
    TightLimit: Wrong = "tight-limit",
    /// The server exits with code 70 after 500 turns.
    Crash: Wrong = "crash",
    /// A cache that fills over the first 320 turns to 5 MiB and stays.
    CacheFill: OddButHealthy = "cache-fill",
    /// A buffer that fills to 10 MiB over 160 turns and is let go.
    Sawtooth: OddButHealthy = "sawtooth",
    /// An index of 9 MiB that is loaded over the first 15 s.
    SlowStart: OddButHealthy = "slow-start",
}

impl Fault {
    /// Whether the server grows without end, rather than only looking as if it did.
    pub const fn leaks(self) -> bool {
        matches!(self.kind(), FaultKind::Leak)
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
            assert!(fault.what().ends_with('.') && !fault.what().starts_with(' '), "{}", fault.what());
        }
    }

    #[test]
    fn only_leaks_leak_and_every_kind_has_its_faults() {
        let leaking = Fault::ALL.iter().filter(|fault| fault.leaks()).count();
        assert_eq!(leaking, 7);
        assert!(!Fault::Sawtooth.leaks() && !Fault::Stall.leaks() && Fault::Hoard.leaks());
        for kind in FaultKind::ALL {
            assert!(Fault::ALL.iter().any(|fault| fault.kind() == kind), "{}", kind.heading());
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
