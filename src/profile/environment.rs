//! Where `${NAME}` in a profile comes from. Injected, so that a test needs no process of its own for each value.

use std::collections::BTreeMap;

/// The variables that a profile may ask for.
pub trait Environment {
    /// The variable's value; `None` where it is not set.
    fn value(&self, name: &str) -> Option<String>;

    /// What stands in for a variable that is not set and has no default, for a reader that only checks and never sends;
    /// `None` makes it an error.
    fn stand_in(&self, _name: &str) -> Option<String> {
        None
    }
}

/// The environment of this process.
#[derive(Clone, Copy, Debug, Default)]
pub struct ProcessEnvironment;

impl Environment for ProcessEnvironment {
    fn value(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }
}

impl Environment for BTreeMap<String, String> {
    fn value(&self, name: &str) -> Option<String> {
        self.get(name).cloned()
    }
}
