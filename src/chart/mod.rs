//! From a run, or anybody's series, and its assessment to pictures: one a metric and an overview, as SVG or PNG.
//!
//! The flow goes one way: `compose` and `overview` (of several runs, `overlay`) make a `scene` (what is drawn, pure data) with `axis`, `decimate` and
//! `title`; `layout` places it (its phases with `phases`), `paint` draws it as SVG in the colours of `theme`, `raster` makes the PNG from that same
//! SVG. `flame` draws the stacks of a heap by itself. The verdict is read from the assessment and never made here.

mod axis;
mod compose;
mod decimate;
mod flame;
mod layout;
mod names;
mod overlay;
mod overview;
mod paint;
mod pen;
mod phases;
mod raster;
mod render;
mod runs;
mod scene;
mod source;
mod text;
mod theme;
mod title;

#[cfg(test)]
mod overlay_tests;
#[cfg(test)]
mod pixel_tests;
#[cfg(test)]
mod tests;

pub use flame::flame;
pub use overlay::Overlaid;
pub use render::{ChartError, ChartFile, ChartOptions, Format, render, render_overlay, render_overview};
pub use source::Source;
pub use theme::{Theme, dark_rules};
