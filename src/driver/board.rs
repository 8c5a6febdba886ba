//! The board: the latest values that users captured, for others to try. A canary step asks for what belongs to another
//! tenant and expects to be refused.

use std::collections::BTreeMap;

use fastrand::Rng;
use serde_json::Value;

/// Owners that are remembered for a name: enough for everybody to find another one's, and a bound on memory.
const OWNERS: usize = 64;

/// The latest value under each name by owner: the tenant, or the user where there are no tenants.
#[derive(Debug, Default)]
pub(super) struct Board {
    latest: BTreeMap<String, Vec<(usize, Value)>>,
}

impl Board {
    /// Puts up what an owner captured.
    pub(super) fn put(&mut self, name: &str, owner: usize, value: &Value) {
        if !self.latest.contains_key(name) {
            self.latest.insert(name.to_owned(), Vec::new());
        }
        let Some(entries) = self.latest.get_mut(name) else { return };
        if let Some((_, latest)) = entries.iter_mut().find(|(by, _)| *by == owner) {
            latest.clone_from(value);
            return;
        }
        if entries.len() == OWNERS {
            entries.remove(0);
        }
        entries.push((owner, value.clone()));
    }

    /// A value of somebody else's; `None` while there is none.
    pub(super) fn of_another(&self, name: &str, owner: usize, random: &mut Rng) -> Option<&Value> {
        let others = || self.latest.get(name).into_iter().flatten().filter(|(by, _)| *by != owner);
        let count = others().count();
        (count > 0).then(|| random.usize(..count)).and_then(|chosen| others().nth(chosen)).map(|(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_gets_back_what_is_their_own_and_the_latest_counts() {
        let (mut board, mut random) = (Board::default(), Rng::with_seed(1));
        assert_eq!(board.of_another("sid", 0, &mut random), None);
        board.put("sid", 0, &Value::from("a1"));
        assert_eq!(board.of_another("sid", 0, &mut random), None);
        board.put("sid", 1, &Value::from("b1"));
        board.put("sid", 0, &Value::from("a2"));
        for _ in 0..20 {
            assert_eq!(board.of_another("sid", 0, &mut random), Some(&Value::from("b1")));
            assert_eq!(board.of_another("sid", 1, &mut random), Some(&Value::from("a2")));
        }
        assert_eq!(board.of_another("etag", 1, &mut random), None);
    }

    #[test]
    fn memory_stays_bounded_with_many_owners() {
        let mut board = Board::default();
        (0..10_000).for_each(|owner| board.put("sid", owner, &Value::from(owner)));
        assert_eq!(board.latest["sid"].len(), OWNERS);
    }
}
