//! One user's connection to the target: requests out, answers in, each with the instants that matter.
//!
//! `Step -> Outgoing -> Link -> Exchange`. Everything above HTTP (templates, captures, expectations, retries) is the
//! engine's. A [`Link`] is one connection, made when it is needed: pools would let the number of connections follow the
//! target's latency. It drives hyper's connection from the user's own task, so the instant of sending is the instant of the
//! write, and an idle link costs no task.

mod alarm;
mod bell;
mod cookies;
mod dialler;
mod endpoint;
mod events;
mod exchange;
mod fault;
mod io;
mod retry_after;
mod talk;
#[cfg(test)]
mod tests;
#[cfg(feature = "tls")]
mod tls;
mod wire;

pub use cookies::Jar;
pub use dialler::Dialler;
pub use endpoint::{Endpoint, LinkError};
pub use exchange::{End, Exchange, KeepBody, Outgoing, Reading, Reconnected};
pub use talk::Link;
