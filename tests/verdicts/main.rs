//! What the verdict engine claims, one claim a test: on shapes that are known, on broken input, and on the committed
//! table of labelled series, which holds it to what it reached.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::float_cmp,
    reason = "a test may stop at the first surprise"
)]

mod broken;
mod endings;
mod pictures;
mod rules;
mod series;
mod shapes;
mod table;
