//! A bounded map: the longest unused entry goes when there is no more room. All that the server holds stands on one.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::hash::Hash;

use serde::{Serialize, Serializer};

/// The name of something that the server holds, as clients see it: 16 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Id(pub(super) u64);

impl Id {
    /// The id that this text is, if it is one.
    pub(super) fn parse(text: &str) -> Option<Self> {
        // The standard parser takes a plus sign too.
        (text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit()))
            .then(|| u64::from_str_radix(text, 16).ok().map(Self))?
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Who may see what belongs to one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sight {
    /// The owner only.
    Own,
    /// Anybody: a fault.
    All,
}

impl Sight {
    /// Whether `viewer` may see what is `owner`'s.
    pub(super) fn allows(self, viewer: Option<&str>, owner: Option<&str>) -> bool {
        self == Self::All || viewer == owner
    }
}

/// At most so many values by their keys.
#[derive(Debug)]
pub(super) struct Shelf<K, V> {
    capacity: usize,
    by_key: HashMap<K, (u64, V)>,
    by_use: BTreeMap<u64, K>,
    uses: u64,
    evicted: u64,
}

impl<K: Clone + Eq + Hash, V> Shelf<K, V> {
    pub(super) fn new(capacity: usize) -> Self {
        Self { capacity, by_key: HashMap::with_capacity(capacity + 1), by_use: BTreeMap::new(), uses: 0, evicted: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.by_key.len()
    }

    /// How many had to go for want of room.
    pub(super) fn evicted(&self) -> u64 {
        self.evicted
    }

    /// Puts a value in, and lets the longest unused one go where there are too many.
    pub(super) fn insert(&mut self, key: K, value: V) {
        self.remove(&key);
        self.uses += 1;
        self.by_use.insert(self.uses, key.clone());
        self.by_key.insert(key, (self.uses, value));
        if self.by_key.len() > self.capacity
            && let Some((_, oldest)) = self.by_use.pop_first()
        {
            self.by_key.remove(&oldest);
            self.evicted += 1;
        }
    }

    /// Uses a value, where `may` allows it.
    pub(super) fn use_if(&mut self, key: &K, may: impl FnOnce(&V) -> bool) -> Option<&mut V> {
        let (used, value) = self.by_key.get_mut(key).filter(|(_, value)| may(value))?;
        self.uses += 1;
        if let Some(key) = self.by_use.remove(used) {
            self.by_use.insert(self.uses, key);
        }
        *used = self.uses;
        Some(value)
    }

    /// Uses a value.
    pub(super) fn get(&mut self, key: &K) -> Option<&mut V> {
        self.use_if(key, |_| true)
    }

    pub(super) fn remove(&mut self, key: &K) -> Option<V> {
        let (used, value) = self.by_key.remove(key)?;
        self.by_use.remove(&used);
        Some(value)
    }

    /// All of them, in no order; this uses none.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.by_key.iter().map(|(key, (_, value))| (key, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_unused_goes_first() {
        let mut shelf = Shelf::new(3);
        for key in ["a", "b", "c"] {
            shelf.insert(key, ());
        }
        assert!(shelf.get(&"a").is_some());
        assert!(shelf.use_if(&"b", |()| false).is_none(), "what may not be seen is not used");
        shelf.insert("d", ());
        assert_eq!((shelf.len(), shelf.evicted()), (3, 1));
        assert!(shelf.get(&"b").is_none() && shelf.get(&"a").is_some());
    }

    #[test]
    fn nothing_is_left_of_what_was_removed_or_replaced() {
        let mut shelf = Shelf::new(2);
        for round in 0..1000 {
            shelf.insert("a", round);
            shelf.insert("b", round);
            shelf.insert("b", round + 1);
            assert_eq!(shelf.remove(&"a"), Some(round));
        }
        assert_eq!((shelf.len(), shelf.by_use.len(), shelf.evicted()), (1, 1, 0));
    }

    #[test]
    fn ids_are_sixteen_digits_and_nothing_else() {
        assert_eq!(Id::parse(&Id(7).to_string()), Some(Id(7)));
        for bad in ["", "7", "+000000000000007", "zzzzzzzzzzzzzzzz", "00000000000000007", "..", "ü00000000000000"] {
            assert_eq!(Id::parse(bad), None, "{bad}");
        }
    }
}
