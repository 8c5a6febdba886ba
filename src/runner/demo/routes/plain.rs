//! The plain page, logins, and what watchers ask: health and metrics.

use std::sync::Arc;

use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::runner::demo::dialogue;
use crate::runner::demo::latency::Class;
use crate::runner::demo::ledger::Reading;
use crate::runner::demo::problem::Problem;
use crate::runner::demo::state::{Demo, lock, token};
use crate::runner::demo::work::Work;

use super::{Answer, App};

pub(super) fn routes() -> Router<Arc<Demo>> {
    Router::new()
        .route("/", get(page))
        .route("/login", post(login).delete(logout))
        .route("/health", get(health))
        .route("/metrics", get(metrics))
        .route("/redirect", get(async || (StatusCode::FOUND, [(LOCATION, "/health")])))
}

/// A small turn of its own: the page that `soak demo` asks for.
async fn page(State(demo): App) -> Answer {
    let number = demo.take_turn(Work::Page)?;
    let text = dialogue::sentence(number);
    let reply = dialogue::reply(text, number);
    Ok(Json(json!({ "turn": number, "text": text, "reply": reply })).into_response())
}

#[derive(Deserialize)]
struct Credentials {
    user: String,
    password: String,
}

async fn login(State(demo): App, body: Result<Json<Credentials>, JsonRejection>) -> Answer {
    let Json(Credentials { user, password }) = body?;
    demo.spend(Class::Auth).await;
    let token = format!("{}{}", demo.ticket(), demo.ticket());
    let user = lock(&demo.accounts).login(user, &password, token.clone());
    let user = user.ok_or_else(|| Problem::new(StatusCode::UNAUTHORIZED, "wrong user or password"))?;
    Ok(Json(json!({ "token": token, "user": user.name, "tenant": user.tenant() })).into_response())
}

async fn logout(State(demo): App, headers: HeaderMap) -> Answer {
    demo.known_user(&headers)?;
    demo.spend(Class::Auth).await;
    let token = token(&headers).ok_or_else(|| Problem::new(StatusCode::UNAUTHORIZED, "the token is missing"))?;
    let known = lock(&demo.accounts).logout(token);
    known.ok_or_else(|| Problem::new(StatusCode::UNAUTHORIZED, "the token is not valid"))?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn health(State(demo): App) -> Json<Value> {
    Json(json!({ "status": "ok", "up_s": demo.up().as_secs_f64() }))
}

async fn metrics(State(demo): App) -> Response {
    let readings = readings(&demo);
    let page = lock(&demo.ledger).page(&readings);
    ([(CONTENT_TYPE, "text/plain; version=0.0.4")], page).into_response()
}

fn readings(demo: &Demo) -> Vec<Reading> {
    let (sessions, evicted) = {
        let sessions = lock(&demo.sessions);
        (sessions.len(), sessions.evicted())
    };
    let (hits, lookups, queries, answers) = {
        let answers = lock(&demo.answers);
        (answers.hits, answers.lookups, answers.queries, answers.len())
    };
    let counter = |name, help, value: u64| Reading { name, kind: "counter", help, value: value as f64 };
    let gauge = |name, help, value: usize| Reading { name, kind: "gauge", help, value: value as f64 };
    vec![
        counter("demo_turns_total", "Turns taken.", demo.turns()),
        gauge("demo_sessions", "Sessions held.", sessions),
        counter("demo_sessions_evicted_total", "Sessions let go for want of room.", evicted),
        gauge("demo_projects", "Projects held.", lock(&demo.projects).len()),
        gauge("demo_classifications_held", "Classifications held.", lock(&demo.classifications).len()),
        gauge("demo_audits_held", "Audits held.", lock(&demo.audits).len()),
        counter("demo_cache_lookups_total", "Answers looked up in the cache.", lookups),
        counter("demo_cache_hits_total", "Answers found in the cache.", hits),
        gauge("demo_cache_entries", "Answers held in the cache.", answers),
        counter("demo_db_queries_total", "Database queries that answers cost.", queries),
        gauge("demo_streams_open", "Streams that have not ended.", demo.streams.value() as usize),
        gauge("demo_requests_in_flight", "Requests without their answer yet.", demo.in_flight.value() as usize),
        Reading {
            name: "demo_uptime_seconds",
            kind: "gauge",
            help: "Time since the start.",
            value: demo.up().as_secs_f64(),
        },
    ]
}
