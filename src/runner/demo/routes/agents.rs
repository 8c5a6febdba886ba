//! Agents: listed, shown, asked through a cache of their answers; pages to read, and statistics.

use std::sync::Arc;

use axum::extract::rejection::JsonRejection;
use axum::extract::{Extension, Path, State};
use axum::response::{Html, IntoResponse};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::json;

use crate::runner::demo::agents::{self, AGENTS, Agent};
use crate::runner::demo::dialogue;
use crate::runner::demo::latency::Class;
use crate::runner::demo::problem::{Problem, check_text};
use crate::runner::demo::state::{Arrived, Demo, lock};
use crate::runner::demo::work::Work;

use super::chat::chat;
use super::{Answer, App, Text};

/// The longest text that an agent takes, in bytes: the cache keeps it whole.
pub(super) const LONGEST_TEXT: usize = 2000;
/// Pages that there are, from 1, and how long each is: about 4 KiB.
const PAGES: u64 = 1000;
const SENTENCES: u64 = 60;

pub(super) fn routes() -> Router<Arc<Demo>> {
    Router::new()
        .route("/agents", get(list))
        .route("/agents/{id}", get(show))
        .route("/agents/{id}/ask", post(ask))
        .route("/agents/{id}/chat", post(chat))
        .route("/pages/{n}", get(page))
        .route("/api/stats", get(stats))
}

pub(super) fn agent(id: &str) -> Result<&'static Agent, Problem> {
    agents::find(id).ok_or_else(|| Problem::no("agent"))
}

async fn list(State(demo): App) -> Answer {
    demo.spend(Class::Page).await;
    Ok(Json(json!({ "agents": AGENTS })).into_response())
}

async fn show(State(demo): App, Path(id): Path<String>) -> Answer {
    let agent = agent(&id)?;
    demo.spend(Class::Page).await;
    Ok(Json(agent).into_response())
}

async fn page(State(demo): App, Path(n): Path<String>) -> Answer {
    let number = n.parse().ok().filter(|number| (1..=PAGES).contains(number)).ok_or_else(|| Problem::no("page"))?;
    demo.spend(Class::Page).await;
    let body: String = dialogue::essay(number, SENTENCES).flat_map(|sentence| ["<p>", sentence, "</p>\n"]).collect();
    let page = format!("<!doctype html>\n<title>Page {number}</title>\n<h1>Page {number} of {PAGES}</h1>\n{body}");
    Ok(Html(page).into_response())
}

async fn stats(State(demo): App) -> Answer {
    demo.spend(Class::Page).await;
    let (hits, lookups) = {
        let answers = lock(&demo.answers);
        (answers.hits, answers.lookups)
    };
    let stats = json!({
        "agents": AGENTS.len(),
        "turns": demo.turns(),
        "streams": demo.streams.value(),
        "cache": { "hits": hits, "lookups": lookups },
        "up_s": demo.up().as_secs_f64(),
    });
    Ok(Json(stats).into_response())
}

async fn ask(
    State(demo): App,
    Extension(arrived): Extension<Arrived>,
    Path(id): Path<String>,
    body: Result<Json<Text>, JsonRejection>,
) -> Answer {
    let agent = agent(&id)?;
    let Json(Text { text }) = body?;
    check_text("text", &text, LONGEST_TEXT)?;
    let known = lock(&demo.answers).look_up(agent, &text);
    let cached = known.is_some();
    let answer = if let Some(answer) = known {
        answer
    } else {
        demo.spend(Class::Ask).await;
        let answer = agents::answer(agent, &text);
        lock(&demo.answers).keep(agent, text, Arc::clone(&answer));
        answer
    };
    demo.take_turn(Work::Ask)?;
    let answer = json!({ "answer": &*answer, "latency_ms": demo.told_ms(arrived), "cached": cached });
    Ok(Json(answer).into_response())
}
