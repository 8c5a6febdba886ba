//! Why requests fail on the way: the classes that a connection tells apart. What an answer fails by is `answer`'s business,
//! and the counts are the `ledger`'s.

use std::fmt;

use crate::profile::ANSWER_FAILURES;

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

/// Whether a class, as it is counted, is one that a profile means by `wanted`: itself, or one of the kind, for
/// `expectation json $.id` and `capture sid` name what was not met.
pub(super) fn is_of(class: &str, wanted: &str) -> bool {
    class == wanted || ANSWER_FAILURES.contains(&wanted) && class.split(' ').next() == Some(wanted)
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
