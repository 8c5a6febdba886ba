//! The routes of the demo server: one file for each domain, all over one state.

mod agents;
mod audits;
mod chat;
mod classify;
mod plain;
mod projects;
mod sessions;
mod stream;

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::middleware;
use axum::response::Response;
use serde::Deserialize;

use super::gate;
use super::problem::Problem;
use super::state::Demo;

/// The largest body that is read, where a route says nothing else.
const LARGEST_BODY: usize = 64 * 1024;

type App = State<Arc<Demo>>;
type Answer = Result<Response, Problem>;

/// A body that is a text.
#[derive(Deserialize)]
struct Text {
    text: String,
}

/// The server's routes over its state.
pub(super) fn router(demo: Arc<Demo>) -> Router {
    Router::new()
        .merge(plain::routes())
        .merge(stream::routes())
        .merge(sessions::routes())
        .merge(projects::routes())
        .merge(classify::routes())
        .merge(agents::routes())
        .merge(audits::routes())
        .fallback(async || Problem::new(StatusCode::NOT_FOUND, "no such page"))
        .method_not_allowed_fallback(async || Problem::new(StatusCode::METHOD_NOT_ALLOWED, "not with this method"))
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(middleware::from_fn_with_state(Arc::clone(&demo), gate::pass))
        .with_state(demo)
}
