//! What went wrong on a connection, sorted into the driver's classes. No story repeats an address, a header or a body.

use std::error::Error;
use std::io;
use std::time::Duration;

use crate::driver::failures::{Failure, FailureClass};

/// No connection came about.
pub(super) fn of_connecting(error: &io::Error) -> Failure {
    let class = match error.kind() {
        io::ErrorKind::ConnectionRefused => FailureClass::ConnectRefused,
        _ => FailureClass::Connect,
    };
    let story = match error.kind() {
        io::ErrorKind::NotFound => "there is no such socket file".into(),
        io::ErrorKind::AddrNotAvailable => {
            format!("{error}: no local port is free; keep connections, or send less often")
        }
        _ if error.raw_os_error() == Some(rustix::io::Errno::MFILE.raw_os_error()) => {
            format!("{error}: raise the limit of open files (`ulimit -n`)")
        }
        _ => error.to_string(),
    };
    Failure { class, story }
}

/// The host's name has no address.
pub(super) fn of_lookup(error: &io::Error) -> Failure {
    Failure { class: FailureClass::NameLookup, story: error.to_string() }
}

/// An address that asks for TLS, where none was set up for it.
pub(super) fn no_tls() -> Failure {
    Failure { class: FailureClass::Tls, story: "the address asks for TLS, and none is set up for it".into() }
}

/// A connection that had ended before the first request could be written to it.
pub(super) fn closed_at_once() -> Failure {
    Failure { class: FailureClass::ConnectionLost, story: "the connection was closed at once".into() }
}

/// A limit of time was reached.
pub(super) fn too_late(timeout: Duration, what: &str) -> Failure {
    Failure { class: FailureClass::Timeout, story: format!("{what} within {}", humantime::format_duration(timeout)) }
}

/// What hyper reports of a request. `beneath` is what ended the connection, where that is known: it says more.
pub(super) fn of_http(error: &hyper::Error, beneath: Option<&hyper::Error>) -> Failure {
    let error = beneath.unwrap_or(error);
    #[cfg(feature = "tls")]
    if let Some(failure) = causes(error).find_map(super::tls::fault_in) {
        return failure;
    }
    // The layers above only repeat what the class says; the innermost cause is what happened.
    let story = causes(error).last().map_or_else(|| error.to_string(), ToString::to_string);
    if error.is_parse_too_large() {
        let story = "the answer's headers are too many or too long (100, or 400 KiB)".into();
        return Failure { class: FailureClass::Protocol, story };
    }
    let http2 = causes(error).find_map(|cause| cause.downcast_ref::<h2::Error>());
    let lost = match http2 {
        // What the client found wrong with the server's frames; anything else the server or the network did.
        Some(http2) => http2.is_io() || http2.is_remote(),
        None => {
            !error.is_parse()
                && (error.is_incomplete_message() || error.is_closed() || error.is_canceled() || is_io(error))
        }
    };
    let class = if lost { FailureClass::ConnectionLost } else { FailureClass::Protocol };
    Failure { class, story }
}

/// Whether the socket failed. Chunks that make no sense are `io::Error`s too, but of other kinds.
fn is_io(error: &hyper::Error) -> bool {
    let kind = causes(error).find_map(|cause| cause.downcast_ref::<io::Error>()).map(io::Error::kind);
    kind.is_some_and(|kind| !matches!(kind, io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData))
}

/// An error and what it stems from, also where an `io::Error` wraps it.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    let mut next = Some(error);
    std::iter::from_fn(move || {
        let cause = next?;
        next = match cause.downcast_ref::<io::Error>() {
            Some(io) => io.get_ref().map(|inner| -> &'a (dyn Error + 'static) { inner }),
            None => cause.source(),
        };
        Some(cause)
    })
}
