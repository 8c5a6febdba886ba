//! Comparisons of runs whose truth is known: samples and windows drawn from a seed. One file a kind of claim: `claims` on
//! what is told of whom, `null_pairs` on false alarms and on what is found, `reports` on how it is shown.

#![expect(clippy::unwrap_used, reason = "a run that cannot be made has failed the test")]

mod claims;
mod null_pairs;
#[expect(dead_code, reason = "it is shared, and not every set of tests draws from every distribution")]
#[path = "../support/shapes/random.rs"]
mod random;
mod reports;
mod runs;
