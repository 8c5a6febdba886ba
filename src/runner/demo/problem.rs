//! What goes wrong, as the client sees it: a status and `{"error": "..."}`.

use std::time::Duration;

use axum::Json;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// A request that cannot be answered as asked.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    error: String,
    retry_after_s: Option<u64>,
}

impl Problem {
    pub(super) fn new(status: StatusCode, error: impl Into<String>) -> Self {
        Self { status, error: error.into(), retry_after_s: None }
    }

    /// Nothing of this name, or nothing that the client may know of.
    pub(super) fn no(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("no such {what}"))
    }

    /// The request was understood, and what it says cannot be taken.
    pub(super) fn unfit(error: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, error)
    }

    /// The same with the time after which it is worth another try, in whole seconds.
    pub(super) fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after_s = Some(wait.as_secs_f64().ceil().max(1.0) as u64);
        self
    }
}

/// Refuses a text that is empty or has more than `longest` bytes; `what` names it.
pub(super) fn check_text(what: &str, text: &str, longest: usize) -> Result<(), Problem> {
    if text.trim().is_empty() {
        return Err(Problem::unfit(format!("the {what} is empty")));
    }
    if text.len() > longest {
        return Err(Problem::unfit(format!("the {what} is longer than {longest} bytes")));
    }
    Ok(())
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(json!({ "error": self.error }))).into_response();
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        response
    }
}

impl From<JsonRejection> for Problem {
    fn from(rejection: JsonRejection) -> Self {
        Self::new(rejection.status(), rejection.body_text())
    }
}

impl From<QueryRejection> for Problem {
    fn from(rejection: QueryRejection) -> Self {
        Self::new(rejection.status(), rejection.body_text())
    }
}
