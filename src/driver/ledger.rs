//! All failures of a run in constant memory: a bounded number of classes, each with a count and the first story.

use std::collections::BTreeMap;

use crate::domain::traffic::FailureTally;

/// Classes that are told apart; a profile's own names make some, and further ones are counted together.
const CLASSES: usize = 64;
/// What the classes beyond are counted as.
const FURTHER: &str = "other";

/// Something that went wrong: the class it is counted in and what was wrong, in a few words, without secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) class: String,
    pub(super) story: String,
}

impl Fault {
    pub(super) fn new(class: impl Into<String>, story: impl Into<String>) -> Self {
        Self { class: class.into(), story: story.into() }
    }
}

/// How often requests failed, and why.
#[derive(Debug, Default)]
pub(super) struct FailureLedger {
    classes: BTreeMap<String, FailureTally>,
}

impl FailureLedger {
    /// One more.
    pub(super) fn add(&mut self, fault: &Fault) {
        let is_full = self.classes.len() >= CLASSES && !self.classes.contains_key(&fault.class);
        let class = if is_full { FURTHER } else { &fault.class };
        if let Some(tally) = self.classes.get_mut(class) {
            tally.count += 1;
            return;
        }
        let tally = FailureTally { class: class.to_owned(), count: 1, example: fault.story.clone() };
        self.classes.insert(class.to_owned(), tally);
    }

    /// The classes, the most frequent first.
    pub(super) fn tallies(&self) -> Vec<FailureTally> {
        let mut tallies: Vec<_> = self.classes.values().cloned().collect();
        tallies.sort_by_key(|tally| std::cmp::Reverse(tally.count));
        tallies
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_keeps_its_first_story_and_counts_the_rest() {
        let mut ledger = FailureLedger::default();
        ledger.add(&Fault::new("timeout", "late"));
        (0..3).for_each(|k| ledger.add(&Fault::new("status 503", format!("busy {k}"))));
        let tallies = ledger.tallies();
        let seen: Vec<_> = tallies.iter().map(|t| (t.class.as_str(), t.count, t.example.as_str())).collect();
        assert_eq!(seen, [("status 503", 3, "busy 0"), ("timeout", 1, "late")]);
    }

    #[test]
    fn classes_beyond_the_bound_are_counted_together() {
        let mut ledger = FailureLedger::default();
        (0..1000).for_each(|k| ledger.add(&Fault::new(format!("status {k}"), "")));
        let tallies = ledger.tallies();
        assert_eq!((tallies.len(), tallies[0].class.as_str(), tallies[0].count), (CLASSES + 1, FURTHER, 936));
    }
}
