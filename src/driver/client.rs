//! One plain GET, from sending to the last byte of the body, which is read and dropped.

use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode, Url, retry};

use super::failures::{Failure, FailureClass};
use super::options::DriverError;

/// What came of a request.
#[derive(Debug)]
pub(super) enum Outcome {
    /// A whole answer with a status below 300.
    Answered,
    /// A whole answer that points elsewhere (3xx), where the driver does not go.
    Redirected,
    /// A whole answer with status 400 or above.
    Refused(Failure),
    /// No whole answer in time.
    TimedOut(Failure),
    /// No whole answer at all.
    Unanswered(Failure),
}

/// The client for a run. It sends to the given host and nowhere else: no proxy from the environment, no redirects (they
/// would carry the load to somebody else's server), and nothing is sent twice.
pub(super) fn build(timeout: Duration) -> Result<Client, DriverError> {
    Client::builder()
        .no_proxy()
        .redirect(Policy::none())
        .retry(retry::never())
        .timeout(timeout)
        .user_agent(concat!("soak/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(DriverError::Client)
}

/// Sends one GET and reads the answer to its end. A body without end is cut by the client's timeout; no more than one
/// piece of it is ever held.
pub(super) async fn get(client: &Client, url: &Url) -> Outcome {
    match read(client, url).await {
        Ok(status) if status.as_u16() >= 400 => {
            Outcome::Refused(Failure { class: FailureClass::Status(status.as_u16()), story: status.to_string() })
        }
        Ok(status) if status.is_redirection() => Outcome::Redirected,
        Ok(_) => Outcome::Answered,
        Err(error) => {
            let failure = Failure::of_transport(error);
            match failure.class {
                FailureClass::Timeout => Outcome::TimedOut(failure),
                _ => Outcome::Unanswered(failure),
            }
        }
    }
}

async fn read(client: &Client, url: &Url) -> Result<StatusCode, reqwest::Error> {
    let mut response = client.get(url.clone()).send().await?;
    while response.chunk().await?.is_some() {}
    Ok(response.status())
}
