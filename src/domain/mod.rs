//! The nouns of soak, with their units; the lowest floor, which knows only std and serde.
//!
//! [`sample`] and [`traffic`] are what is observed, [`run`] is everything that one soak left behind and [`phase`] a named
//! part of it, [`mark`] an instant and [`disturbance`] what the trend leaves out, [`series`] is the shape in which the
//! analysis sees it (or anybody's CSV), [`assessment`] is what the analysis answers, [`attribution`] to which requests a growth
//! belongs, and [`site`] what a heap says by call site.

pub mod assessment;
pub mod attribution;
pub mod bytes;
pub mod comparison;
pub mod disturbance;
pub mod heap;
pub mod history;
pub mod mark;
pub mod metric;
pub mod objective;
pub mod performance;
pub mod phase;
pub mod rate;
pub mod run;
pub mod sample;
pub mod scrape;
pub mod series;
pub mod site;
pub mod traffic;

pub use assessment::{Assessment, Estimate, Finding, Verdict};
pub use attribution::Attribution;
pub use bytes::{Bytes, SignedBytes};
pub use comparison::Comparison;
pub use heap::HeapSnapshot;
pub use metric::{Metric, Role, Unit};
pub use objective::{Objective, ObjectiveError, ObjectiveFinding};
pub use performance::Performance;
pub use phase::Phase;
pub use run::Run;
pub use sample::{Elapsed, Readings, Sample};
pub use series::{Series, SeriesSet};
pub use traffic::{TrafficTick, Window};
