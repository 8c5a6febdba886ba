//! Sessions: started, talked in, shown as a graph, exported and ended.

use std::sync::Arc;

use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::json;

use crate::runner::demo::latency::Class;
use crate::runner::demo::problem::{Problem, check_text};
use crate::runner::demo::state::{Demo, lock};
use crate::runner::demo::work::Work;

use super::{Answer, App, LARGEST_BODY, Text};

/// The longest title of a session, in bytes.
const LONGEST_TITLE: usize = 200;

pub(super) fn routes() -> Router<Arc<Demo>> {
    Router::new()
        .route("/sessions", post(create))
        .route("/sessions/{id}", get(show).delete(end))
        .route("/sessions/{id}/turns", post(turn))
        .route("/sessions/{id}/graph", get(graph))
        .route("/sessions/{id}/export", get(export))
}

#[derive(Deserialize)]
struct NewSession {
    #[serde(default)]
    title: String,
}

fn none() -> Problem {
    Problem::no("session")
}

fn asking(demo: &Demo, headers: &HeaderMap) -> Result<Option<String>, Problem> {
    Ok(demo.user(headers)?.map(|user| user.name))
}

async fn create(State(demo): App, headers: HeaderMap, body: Result<Option<Json<NewSession>>, JsonRejection>) -> Answer {
    let title = body?.map(|Json(session)| session.title).unwrap_or_default();
    if title.len() > LONGEST_TITLE {
        return Err(Problem::unfit("the title is too long"));
    }
    let user = asking(&demo, &headers)?;
    demo.spend(Class::Crud).await;
    let head = lock(&demo.sessions).create(demo.ticket(), title, user, demo.up());
    Ok((StatusCode::CREATED, Json(head)).into_response())
}

async fn show(State(demo): App, headers: HeaderMap, Path(id): Path<String>) -> Answer {
    let user = asking(&demo, &headers)?;
    demo.spend(Class::Crud).await;
    let head = lock(&demo.sessions).head(&id, user.as_deref()).ok_or_else(none)?;
    Ok(Json(head).into_response())
}

async fn end(State(demo): App, headers: HeaderMap, Path(id): Path<String>) -> Answer {
    let user = asking(&demo, &headers)?;
    demo.spend(Class::Crud).await;
    lock(&demo.sessions).remove(&id, user.as_deref()).ok_or_else(none)?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn turn(
    State(demo): App,
    headers: HeaderMap,
    Path(id): Path<String>,
    body: Result<Json<Text>, JsonRejection>,
) -> Answer {
    let Json(Text { text }) = body?;
    check_text("text", &text, LARGEST_BODY)?;
    let user = asking(&demo, &headers)?;
    lock(&demo.sessions).head(&id, user.as_deref()).ok_or_else(none)?;
    demo.spend(Class::Turn).await;
    let turned = lock(&demo.sessions).turn(&id, user.as_deref(), &text, demo.up());
    let (number, reply) = turned.ok_or_else(none)?;
    demo.take_turn(Work::Turn)?;
    Ok((StatusCode::CREATED, Json(json!({ "turn": number, "reply": reply }))).into_response())
}

async fn graph(State(demo): App, headers: HeaderMap, Path(id): Path<String>) -> Answer {
    let user = asking(&demo, &headers)?;
    demo.spend(Class::Graph).await;
    let graph = lock(&demo.sessions).graph(&id, user.as_deref()).ok_or_else(none)?;
    Ok(Json(graph).into_response())
}

async fn export(State(demo): App, headers: HeaderMap, Path(id): Path<String>) -> Answer {
    let user = asking(&demo, &headers)?;
    demo.spend(Class::Export).await;
    let export = lock(&demo.sessions).export(&id, user.as_deref()).ok_or_else(none)?;
    Ok(Json(export).into_response())
}
