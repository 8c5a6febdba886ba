//! The server's own counts, and its `/metrics` page in Prometheus text.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

/// Requests by route and status. Routes are templates, so the ledger does not grow with the paths that are asked for.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    requests: BTreeMap<(String, u16), u64>,
}

/// What else the page shows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gauges {
    pub(super) turns: u64,
    pub(super) sessions: usize,
    pub(super) evicted: u64,
    pub(super) up: Duration,
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
    pub(super) fn page(&self, gauges: Gauges) -> String {
        let mut page = String::new();
        head(&mut page, "demo_requests_total", "counter", "Requests answered.");
        for ((route, status), count) in &self.requests {
            // Writing to a string cannot fail.
            let _ = writeln!(page, "demo_requests_total{{route=\"{route}\",status=\"{status}\"}} {count}");
        }
        let plain = [
            ("demo_turns_total", "counter", "Turns taken.", gauges.turns as f64),
            ("demo_sessions", "gauge", "Sessions held.", gauges.sessions as f64),
            ("demo_sessions_evicted_total", "counter", "Sessions let go for want of room.", gauges.evicted as f64),
            ("demo_uptime_seconds", "gauge", "Time since the start.", gauges.up.as_secs_f64()),
        ];
        for (name, kind, help, value) in plain {
            head(&mut page, name, kind, help);
            let _ = writeln!(page, "{name} {value}");
        }
        page
    }
}

fn head(page: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(page, "# HELP {name} {help}\n# TYPE {name} {kind}");
}
