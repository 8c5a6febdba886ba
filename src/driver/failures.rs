//! Why requests fail, sorted into a bounded number of classes, each with a count and one example without secrets.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::io;

use crate::domain::Elapsed;

/// One reason for which requests fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FailureClass {
    /// Nobody listens at the address.
    ConnectRefused,
    /// The host's name has no address.
    NameLookup,
    /// No connection for another reason.
    Connect,
    /// TLS did not come about, most often because of the certificate.
    Tls,
    /// The answer was not complete within the timeout.
    Timeout,
    /// The connection ended before the answer was complete.
    ConnectionLost,
    /// What came back is not HTTP.
    Protocol,
    /// An answer whose status is 400 or above.
    Status(u16),
}

impl fmt::Display for FailureClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ConnectRefused => f.write_str("connect refused"),
            Self::NameLookup => f.write_str("name lookup"),
            Self::Connect => f.write_str("connect"),
            Self::Tls => f.write_str("tls"),
            Self::Timeout => f.write_str("timeout"),
            Self::ConnectionLost => f.write_str("connection lost"),
            Self::Protocol => f.write_str("not HTTP"),
            Self::Status(status) => write!(f, "status {status}"),
        }
    }
}

/// One request that failed: its class and its story.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The class it is counted in.
    pub class: FailureClass,
    /// What was wrong, in a few words, without secrets.
    pub story: String,
}

impl Failure {
    /// Sorts what the client reports. The address is taken out of the story, for it may hold a password or a token.
    pub(super) fn of_transport(error: reqwest::Error) -> Self {
        let error = error.without_url();
        let class = class_of(&error);
        // The layers above only repeat what the class says; the innermost cause is what happened.
        let story = causes(&error).last().map_or_else(|| error.to_string(), ToString::to_string);
        Self { class, story }
    }
}

fn class_of(error: &reqwest::Error) -> FailureClass {
    if error.is_timeout() {
        return FailureClass::Timeout;
    }
    let kind = io_kind(error);
    if error.is_dns() {
        FailureClass::NameLookup
    } else if kind == Some(io::ErrorKind::ConnectionRefused) {
        FailureClass::ConnectRefused
    } else if error.is_connect() {
        FailureClass::Connect
    } else if kind.is_some() || ended_early(error) {
        FailureClass::ConnectionLost
    } else {
        FailureClass::Protocol
    }
}

fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    std::iter::successors(error.source(), |cause: &&(dyn Error + 'static)| (*cause).source())
}

fn io_kind(error: &reqwest::Error) -> Option<io::ErrorKind> {
    causes(error).find_map(|cause| cause.downcast_ref::<io::Error>()).map(io::Error::kind)
}

/// Whether the peer closed the connection in the middle of an answer. hyper's own error type says so, which is not among
/// the crates here; its words are fixed ones ("connection closed before message completed", "end of file before ...").
fn ended_early(error: &reqwest::Error) -> bool {
    causes(error).map(ToString::to_string).any(|words| {
        words.contains("connection closed")
            || words.contains("end of file")
            || words.contains("connection was not ready")
    })
}

/// How often requests failed for one reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailureCount {
    /// The reason.
    pub class: FailureClass,
    /// How many requests.
    pub count: u64,
    /// When the first of them failed.
    pub first: Elapsed,
    /// What the first of them met, without address, header or body.
    pub example: String,
}

/// All failures of a run, in constant memory: the classes are few, and only the first story of each is kept.
#[derive(Debug, Default)]
pub(super) struct FailureLedger {
    classes: BTreeMap<FailureClass, FailureCount>,
}

impl FailureLedger {
    pub(super) fn add(&mut self, failure: Failure, at: Elapsed) {
        let Failure { class, story } = failure;
        self.classes
            .entry(class)
            .or_insert_with(|| FailureCount { class, count: 0, first: at, example: story })
            .count += 1;
    }

    /// The classes, the most frequent first.
    pub(super) fn into_counts(self) -> Vec<FailureCount> {
        let mut counts: Vec<_> = self.classes.into_values().collect();
        counts.sort_by_key(|failure| std::cmp::Reverse(failure.count));
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_keeps_its_first_story_and_counts_the_rest() {
        let mut ledger = FailureLedger::default();
        let fail = |class, story: &str| Failure { class, story: story.to_owned() };
        ledger.add(fail(FailureClass::Timeout, "late"), Elapsed::from_secs_f64(1.0));
        for k in 0..3 {
            ledger
                .add(fail(FailureClass::Status(503), &format!("busy {k}")), Elapsed::from_secs_f64(2.0 + f64::from(k)));
        }
        let counts = ledger.into_counts();
        let seen: Vec<_> = counts.iter().map(|c| (c.class.to_string(), c.count, c.example.as_str())).collect();
        assert_eq!(seen, [("status 503".to_owned(), 3, "busy 0"), ("timeout".to_owned(), 1, "late")]);
        assert_eq!(counts[0].first, Elapsed::from_secs_f64(2.0));
    }
}
