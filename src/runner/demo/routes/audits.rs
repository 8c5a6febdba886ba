//! Audits: of small texts and of large ones, whose bodies are bounded one by one and all together.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{DefaultBodyLimit, Extension, FromRequest, Path, Request, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::json;

use crate::runner::demo::audits::{self, Kind};
use crate::runner::demo::latency::Class;
use crate::runner::demo::problem::{Problem, check_text};
use crate::runner::demo::state::{Arrived, Demo, lock};
use crate::runner::demo::work::Work;

use super::{Answer, App};

/// The longest text that is audited.
const LONGEST_TEXT: usize = 1024 * 1024;
/// The largest body: such a text, what stands around it, and what JSON escapes in it, as it does each end of a line.
const LARGEST_BODY: usize = LONGEST_TEXT + LONGEST_TEXT / 4;
/// How long a body may take to come in: while it does, it holds one of few places.
const LONGEST_READING: Duration = Duration::from_secs(10);

pub(super) fn routes() -> Router<Arc<Demo>> {
    Router::new()
        .route("/audits", post(create).layer(DefaultBodyLimit::max(LARGEST_BODY)))
        .route("/audits/{id}", get(show).delete(remove))
}

#[derive(Deserialize)]
struct Wanted {
    kind: Kind,
    text: String,
}

fn none() -> Problem {
    Problem::no("audit")
}

/// Something that this server never does: its semaphores stay open.
fn closed() -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "the server is closing")
}

async fn create(State(demo): App, Extension(arrived): Extension<Arrived>, request: Request) -> Answer {
    let place = demo.bodies.acquire().await.map_err(|_| closed())?;
    let read = tokio::time::timeout(LONGEST_READING, Json::<Wanted>::from_request(request, &())).await;
    let Json(Wanted { kind, text }) =
        read.map_err(|_| Problem::new(StatusCode::REQUEST_TIMEOUT, "the body takes too long"))??;
    check_text("text", &text, LONGEST_TEXT)?;
    let audit = audits::audit(kind, &text);
    drop((text, place));
    let desk = demo.desks.acquire().await.map_err(|_| closed())?;
    demo.spend(match kind {
        Kind::Normal => Class::Audit,
        Kind::Heavy => Class::AuditHeavy,
    })
    .await;
    drop(desk);
    let id = demo.ticket();
    demo.take_turn(Work::Audit)?;
    let answer = json!({ "id": id, "findings": audit.findings, "duration_ms": demo.told_ms(arrived) });
    lock(&demo.audits).keep(id, audit);
    Ok(Json(answer).into_response())
}

async fn show(State(demo): App, Path(id): Path<String>) -> Answer {
    demo.spend(Class::Crud).await;
    let (id, audit) = lock(&demo.audits).find(&id).ok_or_else(none)?;
    Ok(Json(json!({ "id": id, "audit": audit })).into_response())
}

async fn remove(State(demo): App, Path(id): Path<String>) -> Answer {
    demo.spend(Class::Crud).await;
    lock(&demo.audits).remove(&id).ok_or_else(none)?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
