//! The HTML report: one file that opens from disk and asks no network for anything. Verdict, findings, charts, how it was
//! decided, conditions, limits, in this order, for a reader in a hurry first and for one who doubts after.
//!
//! `page` writes the sections, `data` the numbers behind the interactive panels; style and script are files of their own
//! that the build puts in. The charts come ready-made from the caller, because report and chart stand on one floor.

mod data;
mod heap;
mod page;
mod performance;
mod sections;

pub use page::html;

/// One chart as SVG.
#[derive(Clone, Debug)]
pub struct Picture {
    /// The metric's name; empty for the overview.
    pub metric: String,
    /// The SVG element.
    pub svg: String,
}

/// The charts that the page shows.
#[derive(Clone, Debug, Default)]
pub struct Pictures {
    /// The overview first, then one a metric.
    pub charts: Vec<Picture>,
    /// The flame graph of the heap, where there are snapshots of it.
    pub flame: Option<String>,
    /// CSS rules that give the charts their dark colours.
    pub dark: String,
}
