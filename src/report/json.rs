//! The assessment as one JSON object a line, the form that scripts and CI read. `docs/report.schema.json` says what is in
//! it, and a test holds it to that.

use serde::Serialize;

use crate::domain::site::HeapReport;
use crate::domain::{Assessment, Finding, ObjectiveFinding, Performance, Verdict};

#[derive(Serialize)]
struct Report<'a> {
    source: &'a str,
    verdict: Verdict,
    reason: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    crossed: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    left_out: &'a [(f64, f64)],
    findings: &'a [Finding],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    objectives: &'a [ObjectiveFinding],
    #[serde(skip_serializing_if = "Option::is_none")]
    performance: Option<&'a Performance>,
    #[serde(skip_serializing_if = "Option::is_none")]
    heap: Option<&'a HeapReport>,
}

/// One line of JSON, without an end of line: `source`, `verdict`, `reason`, `crossed` where a ceiling was, `left_out` where
/// something is, `findings`, and `objectives` and `performance` where there are any.
///
/// # Errors
/// None that a well-formed assessment can cause; numbers that JSON has no form for become `null`.
pub fn json_line(source: &str, assessment: &Assessment) -> serde_json::Result<String> {
    json_line_with_heap(source, assessment, None)
}

/// The same with what the heap says, where there are snapshots of it.
///
/// # Errors
/// As [`json_line`].
pub fn json_line_with_heap(
    source: &str,
    assessment: &Assessment,
    heap: Option<&HeapReport>,
) -> serde_json::Result<String> {
    serde_json::to_string(&Report {
        source,
        verdict: assessment.verdict,
        reason: &assessment.reason,
        crossed: assessment.crossed.as_deref(),
        left_out: &assessment.left_out,
        findings: &assessment.findings,
        objectives: &assessment.objectives,
        performance: assessment.performance.as_ref(),
        heap,
    })
}
