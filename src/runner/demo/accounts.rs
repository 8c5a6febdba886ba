//! Logins: who is who by token. Enough for a demo on loopback, and not meant to protect anything.

use serde::Serialize;

use super::shelf::Shelf;

/// The one password, of every user.
pub(super) const PASSWORD: &str = "demo";
/// Tokens that are valid at once; the longest unused one goes first, so that those who work keep theirs.
const TOKENS: usize = 4096;
/// The longest name of a user, in bytes.
const LONGEST_NAME: usize = 64;

/// Who somebody is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct User {
    #[serde(rename = "user")]
    pub(super) name: String,
}

impl User {
    /// The tenant that the user works for: what stands after the `@` of the name, if anything does.
    pub(super) fn tenant(&self) -> Option<&str> {
        self.name.rsplit_once('@').map(|(_, tenant)| tenant).filter(|tenant| !tenant.is_empty())
    }
}

/// The tokens that were given out.
#[derive(Debug)]
pub(super) struct Accounts {
    users: Shelf<String, User>,
}

impl Accounts {
    pub(super) fn new() -> Self {
        Self { users: Shelf::new(TOKENS) }
    }

    /// Makes `token` valid for the user, where name and password are right.
    pub(super) fn login(&mut self, name: String, password: &str, token: String) -> Option<User> {
        if name.is_empty() || name.len() > LONGEST_NAME || password != PASSWORD {
            return None;
        }
        let user = User { name };
        self.users.insert(token, user.clone());
        Some(user)
    }

    /// Makes a token invalid; `None` where it was not valid.
    pub(super) fn logout(&mut self, token: &str) -> Option<()> {
        self.users.remove(&token.to_owned()).map(drop)
    }

    /// The user that a token was given to.
    pub(super) fn user(&mut self, token: &str) -> Option<&User> {
        self.users.get(&token.to_owned()).map(|user| &*user)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_bounded_and_the_longest_unused_goes_first() {
        let mut accounts = Accounts::new();
        for k in 0..TOKENS {
            assert!(accounts.login("ann".into(), PASSWORD, k.to_string()).is_some());
        }
        assert!(accounts.user("0").is_some(), "in use");
        accounts.login("bob".into(), PASSWORD, "new".into());
        assert_eq!(accounts.users.len(), TOKENS);
        assert!(accounts.user("0").is_some() && accounts.user("1").is_none() && accounts.user("new").is_some());
    }

    #[test]
    fn a_token_that_was_given_back_is_worth_nothing_any_more() {
        let mut accounts = Accounts::new();
        assert!(accounts.login("ann".into(), PASSWORD, "t".into()).is_some());
        assert_eq!((accounts.logout("t"), accounts.logout("t")), (Some(()), None));
        assert_eq!(accounts.user("t"), None);
        assert_eq!(accounts.users.len(), 0);
    }

    #[test]
    fn a_wrong_password_or_no_name_gets_no_token() {
        let mut accounts = Accounts::new();
        for (user, password) in [("ann", "no"), ("", PASSWORD), (&*"a".repeat(65), PASSWORD)] {
            assert_eq!(accounts.login(user.into(), password, "t".into()), None);
        }
        assert_eq!(accounts.user("t"), None);
    }

    #[test]
    fn the_tenant_is_what_stands_after_the_at() {
        let tenant = |name: &str| User { name: name.into() }.tenant().map(str::to_owned);
        assert_eq!(tenant("ann@acme").as_deref(), Some("acme"));
        assert_eq!((tenant("ann"), tenant("ann@")), (None, None));
    }
}
