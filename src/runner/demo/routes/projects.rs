//! Projects: kept for their owner, asked about, and judged.

use std::sync::Arc;

use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{Extension, Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::json;

use crate::runner::demo::dialogue;
use crate::runner::demo::latency::Class;
use crate::runner::demo::problem::{Problem, check_text};
use crate::runner::demo::state::{Arrived, Demo, lock};
use crate::runner::demo::work::Work;

use super::{Answer, App, LARGEST_BODY, Text};

/// The longest name of a project, in bytes.
const LONGEST_NAME: usize = 200;
/// The most statements that are compared at once: each with each other.
const MOST_STATEMENTS: usize = 100;

pub(super) fn routes() -> Router<Arc<Demo>> {
    Router::new()
        .route("/projects", get(list).post(create))
        .route("/projects/{id}", get(show).put(rename).delete(remove))
        .route("/projects/{id}/questions", post(question))
        .route("/projects/{id}/conflicts", post(conflicts))
        .route("/projects/{id}/quality", get(quality))
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

#[derive(Deserialize)]
struct Statements {
    statements: Vec<String>,
}

#[derive(Deserialize)]
struct ListPlan {
    #[serde(default = "first")]
    page: usize,
}

fn first() -> usize {
    1
}

fn none() -> Problem {
    Problem::no("project")
}

async fn create(State(demo): App, headers: HeaderMap, body: Result<Json<Named>, JsonRejection>) -> Answer {
    let user = demo.known_user(&headers)?;
    let Json(Named { name }) = body?;
    check_text("name", &name, LONGEST_NAME)?;
    demo.spend(Class::Crud).await;
    let project = lock(&demo.projects).create(demo.ticket(), user, name);
    Ok((StatusCode::CREATED, Json(project)).into_response())
}

async fn list(State(demo): App, headers: HeaderMap, plan: Result<Query<ListPlan>, QueryRejection>) -> Answer {
    let user = demo.known_user(&headers)?;
    let Query(ListPlan { page }) = plan?;
    if page == 0 {
        return Err(Problem::new(StatusCode::BAD_REQUEST, "pages count from 1"));
    }
    demo.spend(Class::Crud).await;
    let page = lock(&demo.projects).page(&user, page);
    Ok(Json(page).into_response())
}

async fn show(State(demo): App, headers: HeaderMap, Path(id): Path<String>) -> Answer {
    let user = demo.known_user(&headers)?;
    demo.spend(Class::Crud).await;
    let project = lock(&demo.projects).view(&id, &user).ok_or_else(none)?;
    Ok(Json(project).into_response())
}

async fn rename(
    State(demo): App,
    headers: HeaderMap,
    Path(id): Path<String>,
    body: Result<Json<Named>, JsonRejection>,
) -> Answer {
    let user = demo.known_user(&headers)?;
    let Json(Named { name }) = body?;
    check_text("name", &name, LONGEST_NAME)?;
    demo.spend(Class::Crud).await;
    let project = lock(&demo.projects).rename(&id, &user, name).ok_or_else(none)?;
    Ok(Json(project).into_response())
}

async fn remove(State(demo): App, headers: HeaderMap, Path(id): Path<String>) -> Answer {
    let user = demo.known_user(&headers)?;
    demo.spend(Class::Crud).await;
    lock(&demo.projects).remove(&id, &user).ok_or_else(none)?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn question(
    State(demo): App,
    Extension(arrived): Extension<Arrived>,
    headers: HeaderMap,
    Path(id): Path<String>,
    body: Result<Json<Text>, JsonRejection>,
) -> Answer {
    let user = demo.known_user(&headers)?;
    let Json(Text { text }) = body?;
    check_text("text", &text, LARGEST_BODY)?;
    lock(&demo.projects).view(&id, &user).ok_or_else(none)?;
    demo.spend(Class::Model).await;
    let question = lock(&demo.projects).question(&id, &user, &text).ok_or_else(none)?;
    demo.take_turn(Work::Question)?;
    let answer = json!({ "id": demo.ticket(), "question": question, "latency_ms": demo.told_ms(arrived) });
    Ok((StatusCode::CREATED, Json(answer)).into_response())
}

async fn conflicts(
    State(demo): App,
    headers: HeaderMap,
    Path(id): Path<String>,
    body: Result<Json<Statements>, JsonRejection>,
) -> Answer {
    let user = demo.known_user(&headers)?;
    let Json(Statements { statements }) = body?;
    if statements.len() > MOST_STATEMENTS {
        return Err(Problem::unfit(format!("at most {MOST_STATEMENTS} statements are compared at once")));
    }
    lock(&demo.projects).view(&id, &user).ok_or_else(none)?;
    demo.spend(Class::Conflicts).await;
    Ok(Json(json!({ "conflicts": dialogue::conflicts(&statements) })).into_response())
}

async fn quality(State(demo): App, headers: HeaderMap, Path(id): Path<String>) -> Answer {
    let user = demo.known_user(&headers)?;
    demo.spend(Class::Quality).await;
    let score = lock(&demo.projects).quality(&id, &user).ok_or_else(none)?;
    Ok(Json(json!({ "score": score })).into_response())
}
