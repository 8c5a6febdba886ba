//! What the user typed about traffic, checked before anything starts.

use std::fmt;
use std::io;
use std::str::FromStr;
use std::time::Duration;

use url::Url;

use super::link::LinkError;
use super::secrets::shown_url;
use crate::stats::latencies::LatenciesError;

/// The slowest schedule: less than one request in a thousand seconds keeps no server busy.
const MIN_RATE_PER_S: f64 = 0.001;
/// The fastest schedule: beyond what one thread can send, every request would only wait.
pub(super) const MAX_RATE_PER_S: f64 = 100_000.0;
/// As many requests in flight as one address has ports to send them from.
pub(super) const MAX_USERS: u32 = 65_535;

/// Why the traffic could not start.
#[derive(Debug, thiserror::Error)]
pub enum DriverError {
    /// The address is not one that can be requested. It is not repeated here, for it may hold a password.
    #[error("--url: {0}")]
    Url(String),
    /// Nobody says where the target is.
    #[error("the profile has no url: give one with --url, such as --url http://127.0.0.1:8080")]
    NoUrl,
    /// The rate cannot be kept by anybody.
    #[error("--rate: {0} is not between {MIN_RATE_PER_S} and {MAX_RATE_PER_S} requests per second")]
    Rate(f64),
    /// No user, or more than there are ports.
    #[error("--users: {0} is not between 1 and {MAX_USERS}")]
    Users(u32),
    /// A request that may take no time at all.
    #[error("--timeout: a request needs more time than 0 s")]
    Timeout,
    /// A scenario that cannot be driven.
    #[error("the scenario `{name}`: {what}")]
    Scenario {
        /// Its name.
        name: String,
        /// What is wrong with it.
        what: String,
    },
    /// A profile that cannot be driven.
    #[error("the profile: {0}")]
    Profile(String),
    /// The target cannot be reached in principle.
    #[error(transparent)]
    Link(LinkError),
    /// The latency histograms could not be set up.
    #[error("cannot set up the latency histograms")]
    Histogram(#[source] LatenciesError),
    /// A thread, a pipe or the runtime could not be made.
    #[error("cannot start the traffic's threads")]
    Start(#[source] io::Error),
}

/// Plain GETs of one address on a fixed schedule.
#[derive(Clone, Debug, PartialEq)]
pub struct PlainGet {
    /// What is requested.
    pub url: GetUrl,
    /// Requests that fall due per second.
    pub rate_per_s: f64,
    /// The most requests in flight at once; those that are due beyond it wait.
    pub users: u32,
    /// How long one request may take from sending to the last byte of the body.
    pub timeout: Duration,
}

impl PlainGet {
    /// Whether the numbers are ones that the driver can keep.
    ///
    /// # Errors
    /// The first option that is out of bounds, by the name of its flag.
    pub fn check(&self) -> Result<(), DriverError> {
        if !(MIN_RATE_PER_S..=MAX_RATE_PER_S).contains(&self.rate_per_s) {
            return Err(DriverError::Rate(self.rate_per_s));
        }
        if !(1..=MAX_USERS).contains(&self.users) {
            return Err(DriverError::Users(self.users));
        }
        if self.timeout.is_zero() {
            return Err(DriverError::Timeout);
        }
        Ok(())
    }
}

/// An address that can be requested: `http://` or `https://`, with a host. It prints without its secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct GetUrl(Url);

impl GetUrl {
    /// The address as it is sent, with user, password and query.
    pub(super) fn full(&self) -> &str {
        self.0.as_str()
    }

    /// The address without path and query.
    pub(super) fn origin(&self) -> Self {
        let mut url = self.0.clone();
        url.set_path("");
        url.set_query(None);
        url.set_fragment(None);
        Self(url)
    }

    /// Path and query as they are sent.
    pub(super) fn target(&self) -> (&str, Option<&str>) {
        (self.0.path(), self.0.query())
    }

    /// The address for the record and the reports: without user, password and fragment, and with the names but not the
    /// values of the query.
    pub fn redacted(&self) -> String {
        shown_url(self.0.as_str())
    }
}

impl fmt::Display for GetUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.redacted())
    }
}

impl fmt::Debug for GetUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GetUrl({})", self.redacted())
    }
}

impl FromStr for GetUrl {
    type Err = DriverError;

    fn from_str(text: &str) -> Result<Self, DriverError> {
        let url = Url::parse(text)
            .map_err(|error| DriverError::Url(format!("{error}; it looks like this: http://127.0.0.1:8080/path")))?;
        match url.scheme() {
            "http" | "https" if !url.has_host() => {}
            "http" => return Ok(Self(url)),
            "https" if cfg!(feature = "tls") => return Ok(Self(url)),
            "https" => return Err(DriverError::Link(LinkError::NoTls)),
            // `localhost:8080/x` parses as the scheme `localhost`.
            _ => {}
        }
        let form = "the address must start with http:// or https://, as in http://127.0.0.1:8080/path";
        Err(DriverError::Url(form.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> PlainGet {
        PlainGet {
            url: "http://127.0.0.1:1/".parse().unwrap(),
            rate_per_s: 20.0,
            users: 4,
            timeout: Duration::from_secs(10),
        }
    }

    #[test]
    fn an_address_without_http_is_refused_with_the_flag_and_a_form_to_follow() {
        for text in ["", "localhost:8080/x", "127.0.0.1:80", "/path", "ftp://host/", "http://", "file:///etc/passwd"] {
            let error = text.parse::<GetUrl>().unwrap_err().to_string();
            assert!(error.starts_with("--url: ") && error.contains("http://127.0.0.1:8080/path"), "{text}: {error}");
        }
        assert_eq!("https://host/".parse::<GetUrl>().is_ok(), cfg!(feature = "tls"));
    }

    #[test]
    fn an_address_prints_without_its_secrets() {
        let url: GetUrl =
            "http://ann:s3cret@127.0.0.1:8080/a/b?token=s3cret&page=s3cret&s3cret#s3cret".parse().unwrap();
        assert_eq!(url.redacted(), "http://127.0.0.1:8080/a/b?token=***&page=***&***");
        assert!(!format!("{url:?} {url}").contains("s3cret"));
        let plain: GetUrl = "http://127.0.0.1:8080/a".parse().unwrap();
        assert_eq!(plain.redacted(), "http://127.0.0.1:8080/a");
    }

    #[test]
    fn an_error_about_an_address_does_not_repeat_it() {
        for text in ["http://ann:s3cret@:99999/", "s3cret:8080"] {
            assert!(!text.parse::<GetUrl>().unwrap_err().to_string().contains("s3cret"), "{text}");
        }
    }

    #[test]
    fn numbers_out_of_bounds_are_named_by_their_flag() {
        assert!(options().check().is_ok());
        for rate_per_s in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e9] {
            let error = PlainGet { rate_per_s, ..options() }.check().unwrap_err().to_string();
            assert!(error.starts_with("--rate"), "{error}");
        }
        for users in [0, 70_000] {
            assert!(matches!(PlainGet { users, ..options() }.check(), Err(DriverError::Users(_))));
        }
        let zero = PlainGet { timeout: Duration::ZERO, ..options() };
        assert!(matches!(zero.check(), Err(DriverError::Timeout)));
    }
}
