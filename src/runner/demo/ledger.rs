//! The server's own counts, and its `/metrics` page in Prometheus text.

use std::collections::BTreeMap;
use std::fmt::Write;

/// Requests by route and status. Routes are templates, so the ledger does not grow with the paths that are asked for.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    requests: BTreeMap<(String, u16), u64>,
}

/// One more number of the page.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    pub(super) name: &'static str,
    pub(super) kind: &'static str,
    pub(super) help: &'static str,
    pub(super) value: f64,
}

impl Ledger {
    pub(super) fn count(&mut self, route: &str, status: u16) {
        if let Some(count) = self.requests.get_mut(&(route.to_owned(), status)) {
            *count += 1;
        } else {
            self.requests.insert((route.to_owned(), status), 1);
        }
    }

    /// The page, in the text format of <https://prometheus.io/docs/instrumenting/exposition_formats/>.
    pub(super) fn page(&self, readings: &[Reading]) -> String {
        let mut page = String::new();
        head(&mut page, "demo_requests_total", "counter", "Requests answered.");
        for ((route, status), count) in &self.requests {
            // Writing to a string cannot fail.
            let _ = writeln!(page, "demo_requests_total{{route=\"{route}\",status=\"{status}\"}} {count}");
        }
        for Reading { name, kind, help, value } in readings {
            head(&mut page, name, kind, help);
            let _ = writeln!(page, "{name} {value}");
        }
        page
    }
}

fn head(page: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(page, "# HELP {name} {help}\n# TYPE {name} {kind}");
}
