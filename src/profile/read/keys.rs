//! Every key that a profile may have, by its table. The reader refuses others, and a test holds docs/profile.schema.json
//! to this list.

pub(super) const TOP: &[&str] = &[
    "about",
    "default_scenario",
    "think",
    "objectives",
    "objective",
    "fail_on",
    "slow",
    "warm_up",
    "target",
    "vars",
    "data",
    "tenant",
    "setup",
    "class",
    "flow",
    "step",
    "get",
    "scenario",
    "scrape",
];

pub(super) const OBJECTIVE: &[&str] = &["quantity", "target", "acceptable", "poor"];

pub(super) const TARGET: &[&str] = &["url", "headers", "http", "connections", "cookies", "ca", "unix", "timeout"];

pub(super) const DATA: &[&str] = &["file", "rows", "pick"];

pub(super) const TENANT: &[&str] = &["name", "vars"];

pub(super) const SETUP: &[&str] = &["run", "step"];

pub(super) const CLASS: &[&str] = &["name", "weight", "flow", "think"];

/// The keys of a step that name a method and take a URL.
pub(super) const METHODS: &[&str] = &["get", "post", "put", "patch", "delete", "head", "options"];

/// The keys of a step that say what is sent.
pub(super) const BODIES: &[&str] = &["json", "form", "body"];

pub(super) const STEP: &[&str] = &[
    "name",
    "get",
    "post",
    "put",
    "patch",
    "delete",
    "head",
    "options",
    "method",
    "url",
    "headers",
    "json",
    "form",
    "body",
    "capture",
    "expect",
    "think",
    "repeat",
    "retry",
    "timeout",
    "stream",
    "leave",
    "on_failure",
];

pub(super) const EXPECT: &[&str] = &["status", "json", "headers", "body", "latency", "failure"];

pub(super) const REPORTED_LATENCY: &[&str] = &["at", "within", "share"];

/// The keys of a table that says what stands at a JSON path, rather than being the value that does.
pub(super) const JSON_EXPECTATION: &[&str] = &["exists", "absent", "between", "at_least"];

pub(super) const RETRY: &[&str] = &["attempts", "backoff", "longest", "jitter", "on"];

pub(super) const LEAVE: &[&str] = &["after", "share"];

pub(super) const SCENARIO: &[&str] = &[
    "about",
    "users",
    "rate",
    "model",
    "arrivals",
    "in_flight",
    "duration",
    "ramp_up",
    "stages",
    "class",
    "steps",
    "each",
    "spells",
    "fail_on",
];

pub(super) const STAGE: &[&str] = &["name", "duration", "target", "ramp", "trend"];

pub(super) const SCRAPE: &[&str] = &["url", "interval", "series"];

pub(super) const SERIES: &[&str] = &["source", "name", "judge", "unit"];

/// Every table with fixed keys, by the name that docs/profile.schema.json gives it in `$defs`; the file itself is
/// `profile`.
pub fn known_keys() -> [(&'static str, &'static [&'static str]); 17] {
    [
        ("profile", TOP),
        ("objective", OBJECTIVE),
        ("target", TARGET),
        ("data", DATA),
        ("tenant", TENANT),
        ("setup", SETUP),
        ("class", CLASS),
        ("step", STEP),
        ("expect", EXPECT),
        ("reported_latency", REPORTED_LATENCY),
        ("json_expectation", JSON_EXPECTATION),
        ("retry", RETRY),
        ("leave", LEAVE),
        ("scenario", SCENARIO),
        ("stage", STAGE),
        ("scrape", SCRAPE),
        ("series", SERIES),
    ]
}
