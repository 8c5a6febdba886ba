//! How long each class of request takes: set by the one who starts the server, and overruled by a fault that slows it.
//!
//! Times are kept by the runtime's timers, which count whole milliseconds and fire up to one late; what an answer tells
//! as its latency is measured.

use std::str::FromStr;
use std::time::Duration;

use super::fault::{Fault, FaultSet};

/// A class of requests that take the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Logins.
    Auth,
    /// Creating, reading, changing and deleting sessions, projects, classifications and audits.
    Crud,
    /// Turns of a session.
    Turn,
    /// Questions about a project: calls of a model.
    Model,
    /// Conflicts between statements.
    Conflicts,
    /// The quality of a project.
    Quality,
    /// The graph of a session.
    Graph,
    /// The export of a session.
    Export,
    /// Classifications.
    Classify,
    /// Answers that are not in the cache.
    Ask,
    /// From a chat's headers to its first event.
    ChatFirst,
    /// From one event of a chat to the next.
    ChatGap,
    /// Agents, their list, pages and statistics.
    Page,
    /// Normal audits.
    Audit,
    /// Heavy audits.
    AuditHeavy,
}

/// Every class with its name and its time in a healthy server, in milliseconds.
const CLASSES: [(Class, &str, u64); 15] = [
    (Class::Auth, "auth", 5),
    (Class::Crud, "crud", 2),
    (Class::Turn, "turn", 30),
    (Class::Model, "model", 30),
    (Class::Conflicts, "conflicts", 10),
    (Class::Quality, "quality", 10),
    (Class::Graph, "graph", 2),
    (Class::Export, "export", 5),
    (Class::Classify, "classify", 15),
    (Class::Ask, "ask", 30),
    (Class::ChatFirst, "chat-first", 60),
    (Class::ChatGap, "chat-gap", 15),
    (Class::Page, "page", 1),
    (Class::Audit, "audit", 10),
    (Class::AuditHeavy, "audit-heavy", 60),
];

/// What faults make of a class, in milliseconds.
const SLOWED: [(Fault, Class, u64); 14] = [
    (Fault::SlowLogin, Class::Auth, 250),
    (Fault::SlowCrud, Class::Crud, 600),
    (Fault::SlowTurns, Class::Turn, 6_000),
    (Fault::SlowModel, Class::Model, 11_000),
    (Fault::SlowConflicts, Class::Conflicts, 3_500),
    (Fault::SlowQuality, Class::Quality, 5_500),
    (Fault::SlowGraph, Class::Graph, 1_300),
    (Fault::SlowExport, Class::Export, 2_500),
    (Fault::SlowClassify, Class::Classify, 2_400),
    (Fault::SlowAsk, Class::Ask, 3_500),
    (Fault::Stutter, Class::ChatGap, 160),
    (Fault::SlowList, Class::Page, 150),
    (Fault::SlowAudit, Class::Audit, 3_000),
    (Fault::SlowAudit, Class::AuditHeavy, 3_000),
];

impl Class {
    /// All classes.
    pub const ALL: [Self; CLASSES.len()] = {
        let mut all = [Self::Auth; CLASSES.len()];
        let mut position = 0;
        while position < all.len() {
            all[position] = CLASSES[position].0;
            position += 1;
        }
        all
    };

    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        CLASSES[self as usize].1
    }

    /// The time of a healthy server.
    pub const fn healthy(self) -> Duration {
        Duration::from_millis(CLASSES[self as usize].2)
    }
}

/// A class that the demo server does not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no class is called {0:?}; there are {known}", known = Class::ALL.map(Class::name).join(", "))]
pub struct UnknownClass(String);

impl FromStr for Class {
    type Err = UnknownClass;

    fn from_str(name: &str) -> Result<Self, UnknownClass> {
        Self::ALL.into_iter().find(|class| class.name() == name).ok_or_else(|| UnknownClass(name.to_owned()))
    }
}

/// The time of every class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Latencies([Duration; CLASSES.len()]);

impl Default for Latencies {
    fn default() -> Self {
        Self(Class::ALL.map(Class::healthy))
    }
}

impl Latencies {
    /// The same with another time for one class.
    #[must_use]
    pub const fn with(mut self, class: Class, time: Duration) -> Self {
        self.0[class as usize] = time;
        self
    }

    /// How long a request of this class takes.
    pub const fn of(&self, class: Class) -> Duration {
        self.0[class as usize]
    }

    /// The same as these faults make it.
    #[must_use]
    pub(super) fn under(self, faults: &FaultSet) -> Self {
        let slowed = SLOWED.iter().filter(|(fault, ..)| faults.has(*fault));
        slowed.fold(self, |latencies, (_, class, ms)| latencies.with(*class, Duration::from_millis(*ms)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_stands_at_its_place_and_is_found_by_its_name() {
        for (position, class) in Class::ALL.into_iter().enumerate() {
            assert_eq!(class as usize, position);
            assert_eq!(class.name().parse(), Ok(class));
            assert_eq!(Latencies::default().of(class), class.healthy());
        }
        let error = "models".parse::<Class>().unwrap_err().to_string();
        assert!(error.contains("\"models\"") && error.contains("chat-first"), "{error}");
    }

    #[test]
    fn a_fault_overrules_the_time_of_its_class_and_of_no_other() {
        let set = Latencies::default().with(Class::Graph, Duration::from_millis(7));
        let faulty = set.clone().under(&FaultSet::from_iter([Fault::SlowGraph]));
        assert_eq!(faulty, set.with(Class::Graph, Duration::from_millis(1300)));
        assert_eq!(Latencies::default().under(&FaultSet::healthy()), Latencies::default());
    }

    #[test]
    fn every_slow_fault_lies_beyond_the_loosest_objective_of_its_class() {
        // Milliseconds; where a class is graded, its maximum.
        for (fault, class, objective) in [
            (Fault::SlowTurns, Class::Turn, 5_000),
            (Fault::SlowGraph, Class::Graph, 1_000),
            (Fault::SlowExport, Class::Export, 2_000),
            (Fault::SlowLogin, Class::Auth, 200),
            (Fault::SlowCrud, Class::Crud, 500),
            (Fault::SlowModel, Class::Model, 10_000),
            (Fault::SlowConflicts, Class::Conflicts, 3_000),
            (Fault::SlowQuality, Class::Quality, 5_000),
            (Fault::SlowClassify, Class::Classify, 2_000),
            (Fault::SlowAsk, Class::Ask, 3_000),
            (Fault::Stutter, Class::ChatGap, 100),
            (Fault::SlowList, Class::Page, 100),
        ] {
            let objective = Duration::from_millis(objective);
            assert!(class.healthy() < objective / 5, "{fault}");
            assert!(Latencies::default().under(&FaultSet::from_iter([fault])).of(class) > objective, "{fault}");
        }
    }
}
