//! From series to an assessment: findings and the verdict that follows from them. It knows nothing of processes, files,
//! HTTP or clocks. docs/method.md explains the steps, which are the modules here.
//!
//! ```text
//! SeriesSet -> roles (which series decide) -> track (clean points of one) -> growth (does it grow?)
//!           -> threshold, severity (what does it matter?) -> words -> Finding -> judge -> Assessment
//! windows of the traffic, findings that grow -> attribution (which request is to blame?) -> the finding's Attribution
//! ```

mod assess;
mod attribution;
mod blocks;
mod ceiling;
pub mod compare;
mod contest;
mod doubts;
mod error_ceiling;
mod few_floors;
mod fitting;
mod growth;
pub mod history;
mod judge;
mod jumps;
mod load;
mod objectives;
mod options;
mod outline;
mod period;
mod roles;
mod sawtooth;
mod severity;
mod shapes;
mod sittings;
mod so_far;
mod solved;
mod stairs;
mod tail;
pub mod threshold;
mod track;
mod view;
mod weigh;
mod words;

pub use assess::assess;
pub use attribution::with_attribution;
pub use ceiling::{Ceiling, CeilingError, Crossing};
pub use error_ceiling::{ErrorCeiling, ErrorCeilingError, ErrorCrossing, ErrorWatch};
pub use objectives::{Evidence, assess_objectives, performance, with_objectives};
pub use options::{Look, Options};
pub use so_far::growth_so_far;
pub use threshold::{Budget, BudgetError};
