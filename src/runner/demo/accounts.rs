//! Logins: who is who by token. Enough for a demo on loopback, and not meant to protect anything.

use std::collections::{HashMap, VecDeque};

/// The one password, of every user.
pub(super) const PASSWORD: &str = "demo";
/// Tokens that are valid at once; the oldest goes first.
const TOKENS: usize = 1024;
/// The longest name of a user, in bytes.
const LONGEST_NAME: usize = 64;

/// The tokens that were given out.
#[derive(Debug)]
pub(super) struct Accounts {
    users: HashMap<String, String>,
    oldest_first: VecDeque<String>,
}

impl Accounts {
    pub(super) fn new() -> Self {
        Self { users: HashMap::with_capacity(TOKENS + 1), oldest_first: VecDeque::with_capacity(TOKENS + 1) }
    }

    /// Makes `token` valid for the user, where name and password are right.
    pub(super) fn login(&mut self, user: String, password: &str, token: String) -> Option<String> {
        if user.is_empty() || user.len() > LONGEST_NAME || password != PASSWORD {
            return None;
        }
        if self.oldest_first.len() == TOKENS
            && let Some(oldest) = self.oldest_first.pop_front()
        {
            self.users.remove(&oldest);
        }
        self.oldest_first.push_back(token.clone());
        self.users.insert(token.clone(), user);
        Some(token)
    }

    /// The user that a token was given to.
    pub(super) fn user(&self, token: &str) -> Option<&str> {
        self.users.get(token).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_bounded_and_the_oldest_goes_first() {
        let mut accounts = Accounts::new();
        for k in 0..=TOKENS {
            assert!(accounts.login("ann".into(), PASSWORD, k.to_string()).is_some());
        }
        assert_eq!(accounts.users.len(), TOKENS);
        assert_eq!((accounts.user("0"), accounts.user("1")), (None, Some("ann")));
    }

    #[test]
    fn a_wrong_password_or_no_name_gets_no_token() {
        let mut accounts = Accounts::new();
        for (user, password) in [("ann", "no"), ("", PASSWORD), (&*"a".repeat(65), PASSWORD)] {
            assert_eq!(accounts.login(user.into(), password, "t".into()), None);
        }
        assert_eq!(accounts.user("t"), None);
    }
}
