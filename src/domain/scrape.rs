//! Series from the target's own metrics page: what was chosen, and what the page said.

use serde::{Deserialize, Serialize};

use super::metric::{Role, Unit};
use super::sample::Elapsed;

/// A series that was chosen: the record's header names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScrapedSeries {
    /// The name in the record, in reports and objectives.
    pub name: String,
    /// What it is on the page, with labels and `*`.
    pub source: String,
    /// What it counts.
    pub unit: Unit,
    /// What its growth means for the verdict.
    pub role: Role,
}

impl ScrapedSeries {
    /// A series by its name on the page, or `NAME=SOURCE`; unit and role follow from the name as Prometheus' conventions have
    /// it (<https://prometheus.io/docs/practices/naming/>). A total only ever rises, so it is kept and not judged.
    pub fn named(text: &str) -> Self {
        // An equals sign inside braces belongs to a label.
        let (name, source) = match text.split_once('=') {
            Some((name, source)) if !name.contains('{') => (name.trim(), source.trim()),
            _ => (text.trim(), text.trim()),
        };
        let base = source.split('{').next().unwrap_or(source).trim();
        let ends = |endings: &[&str]| endings.iter().any(|ending| base.ends_with(ending));
        let unit = if base.contains("_bytes") {
            Unit::Bytes
        } else if ends(&["_ratio", "_seconds", "_percent", "_celsius", "_volts"]) {
            Unit::Number
        } else {
            Unit::Count
        };
        let role = if ends(&["_total", "_count", "_sum", "_bucket"]) { Role::Context } else { Role::Decides };
        Self { name: name.to_owned(), source: source.to_owned(), unit, role }
    }
}

/// What the page said at one instant.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scraped {
    /// When it was asked.
    pub at: Elapsed,
    /// The values in the order of the header's series; `None` for what the page did not have.
    pub values: Vec<Option<f64>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_unit_and_role() {
        let heap = ScrapedSeries::named("go_memstats_heap_inuse_bytes");
        assert_eq!((heap.unit, heap.role), (Unit::Bytes, Role::Decides));
        let workers = ScrapedSeries::named("workers = pool_size{kind=\"worker\"}");
        assert_eq!((workers.name.as_str(), workers.source.as_str()), ("workers", "pool_size{kind=\"worker\"}"));
        assert_eq!((workers.unit, workers.role), (Unit::Count, Role::Decides));
        assert_eq!(ScrapedSeries::named("x{code=\"5\"}").name, "x{code=\"5\"}");
        assert_eq!(ScrapedSeries::named("http_requests_total{code=\"5\"}").role, Role::Context);
        assert_eq!(ScrapedSeries::named("queue_delay_seconds").unit, Unit::Number);
    }
}
