//! The traffic: users who do turns of a profile's flows, as many and as often as a scenario says.
//!
//! `Profile + Scenario -> driver -> TrafficTick, Window`, beside the sampler and never in its way.
//!
//! ```text
//! load (how many, when) -> arrivals -> pacer ----------------> roster -> user -> turn -> link -> target
//!                       -> director (stages, setup, users) ->                     |
//!                                               scribe <- books, request_log <----+
//! ```
//!
//! In the open model turns arrive whatever becomes of earlier ones, at most so many are under way, and the rest wait and are
//! counted; in the closed model each user does turn after turn. A pacing thread keeps the time (a tokio timer fires 1.3 ms
//! late at the median), a thread with a current-thread runtime sends, and a third one hands on what was seen. Response
//! times count from the moment a request was due, so a target that stops answering cannot hide it. Where a scenario has spells,
//! `mix` says which classes and steps come.

mod answer;
mod arrivals;
mod board;
mod books;
mod director;
mod failures;
mod fill;
mod ledger;
pub mod link;
mod load;
mod mix;
mod options;
mod outgoing;
mod pacer;
mod plain;
mod plan;
mod request_log;
mod retry;
mod roster;
mod scribe;
mod script;
mod secrets;
#[cfg(test)]
mod tests;
mod think;
mod thread;
mod turn;
mod user;
mod variables;
mod world;

pub use failures::{Failure, FailureClass};
pub use options::{DriverError, GetUrl, PlainGet};
pub use plan::{FOR_EVER, FreeUser, Plan};
pub use request_log::LOG_LINES;
pub use scribe::{Seen, Sink};
pub use thread::{Driver, start};

/// A seed for one of many that draw at random: the run's own, and a number. Seeds that are near to each other give draws that
/// have nothing in common (the finaliser of splitmix64, Steele, Lea and Flood 2014).
fn seed_of(run: u64, number: u64) -> u64 {
    let mut bits = run.wrapping_add(number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ bits >> 31
}
