//! The live view: a full screen on a terminal that shows how a run stands. It looks at the run through
//! [`crate::runner::Remote`], and the run neither waits for it nor needs it.
//!
//! `terminal` takes the terminal over and gives it back, `tty` writes without ever waiting, `keys` reads, `capture` keeps
//! what others write off the screen, `outlook` judges what there is so far, `picture` is what is to be seen as plain data, `draw` (with `table` and `spark`) lays it out, and
//! `screen` puts them together.

mod capture;
mod draw;
mod keys;
mod outlook;
mod picture;
mod screen;
mod spark;
mod table;
mod terminal;
#[cfg(test)]
mod tests;
mod tty;

pub(super) use outlook::Outlook;
pub(super) use screen::LiveView;
pub(super) use terminal::{is_shown, restore};
