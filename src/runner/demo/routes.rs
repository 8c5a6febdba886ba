//! The routes of the demo server and the state behind them.

use std::convert::Infallible;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{DefaultBodyLimit, MatchedPath, Path, Query, Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{self, Next};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::accounts::Accounts;
use super::damage::Damage;
use super::dialogue;
use super::fault::FaultSet;
use super::ledger::{Gauges, Ledger};
use super::problem::Problem;
use super::sessions::Sessions;

/// The largest body that is read.
const LARGEST_BODY: usize = 64 * 1024;
/// The longest title of a session, in bytes.
const LONGEST_TITLE: usize = 200;
/// The most events of one stream, and the longest gap between two.
const MOST_EVENTS: u32 = 10_000;
const LONGEST_GAP: Duration = Duration::from_mins(1);

type App = State<Arc<Demo>>;
type Answer = Result<Response, Problem>;

/// All that the server holds.
#[derive(Debug)]
pub(super) struct Demo {
    started: Instant,
    turns: AtomicU64,
    tickets: AtomicU64,
    hasher: RandomState,
    sessions: Mutex<Sessions>,
    accounts: Mutex<Accounts>,
    ledger: Mutex<Ledger>,
    pub(super) damage: Arc<Damage>,
}

impl Demo {
    /// Fresh state. Must be made on the runtime that serves it, where a fault may start work of its own.
    pub(super) fn new(faults: FaultSet) -> Arc<Self> {
        let demo = Self {
            started: Instant::now(),
            turns: AtomicU64::new(0),
            tickets: AtomicU64::new(0),
            hasher: RandomState::new(),
            sessions: Mutex::new(Sessions::new()),
            accounts: Mutex::new(Accounts::new()),
            ledger: Mutex::default(),
            damage: Arc::new(Damage::new(faults)),
        };
        demo.damage.start();
        Arc::new(demo)
    }

    fn up(&self) -> Duration {
        self.started.elapsed()
    }

    /// A number that no client can guess and that none had before.
    fn ticket(&self) -> u64 {
        self.hasher.hash_one(self.tickets.fetch_add(1, Ordering::Relaxed))
    }

    /// Counts a turn and lets the faults have their part of it.
    fn take_turn(&self) -> Result<u64, Problem> {
        let number = self.turns.fetch_add(1, Ordering::Relaxed) + 1;
        self.damage.turn(number).map_err(|error| Problem::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string()))?;
        Ok(number)
    }

    /// Who is asking: nobody without a token, a user with one.
    fn user(&self, headers: &HeaderMap) -> Result<Option<String>, Problem> {
        let Some(value) = headers.get(AUTHORIZATION) else { return Ok(None) };
        let token = value.to_str().ok().and_then(|value| value.strip_prefix("Bearer "));
        let user = token.and_then(|token| lock(&self.accounts).user(token).map(str::to_owned));
        user.map(Some).ok_or_else(|| Problem::new(StatusCode::UNAUTHORIZED, "the token is not valid"))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The server's routes over its state.
pub(super) fn router(demo: Arc<Demo>) -> Router {
    Router::new()
        .route("/", get(page))
        .route("/sessions", post(create))
        .route("/sessions/{id}", get(show))
        .route("/sessions/{id}/turns", post(turn))
        .route("/sessions/{id}/graph", get(graph))
        .route("/sessions/{id}/export", get(export))
        .route("/stream", get(stream))
        .route("/login", post(login))
        .route("/health", get(health))
        .route("/metrics", get(metrics))
        .fallback(async || Problem::new(StatusCode::NOT_FOUND, "no such page"))
        .method_not_allowed_fallback(async || Problem::new(StatusCode::METHOD_NOT_ALLOWED, "not with this method"))
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(middleware::from_fn_with_state(Arc::clone(&demo), count))
        .with_state(demo)
}

async fn count(State(demo): App, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().cloned();
    let response = next.run(request).await;
    lock(&demo.ledger).count(route.as_ref().map_or("other", MatchedPath::as_str), response.status().as_u16());
    response
}

/// A small turn of its own: the page that `soak demo` asks for.
async fn page(State(demo): App) -> Answer {
    let number = demo.take_turn()?;
    let text = dialogue::sentence(number);
    let reply = dialogue::reply(text, number);
    Ok(Json(json!({ "turn": number, "text": text, "reply": reply })).into_response())
}

#[derive(Deserialize)]
struct NewSession {
    #[serde(default)]
    title: String,
}

async fn create(State(demo): App, headers: HeaderMap, body: Result<Option<Json<NewSession>>, JsonRejection>) -> Answer {
    let title = body?.map(|Json(session)| session.title).unwrap_or_default();
    if title.len() > LONGEST_TITLE {
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "the title is too long"));
    }
    let user = demo.user(&headers)?;
    let head = lock(&demo.sessions).create(demo.ticket(), title, user, demo.up());
    Ok((StatusCode::CREATED, Json(head)).into_response())
}

async fn show(State(demo): App, headers: HeaderMap, Path(id): Path<String>) -> Answer {
    let user = demo.user(&headers)?;
    let head = lock(&demo.sessions).head(&id, user.as_deref()).ok_or_else(Problem::no_session)?;
    Ok(Json(head).into_response())
}

#[derive(Deserialize)]
struct NewTurn {
    text: String,
}

async fn turn(
    State(demo): App,
    headers: HeaderMap,
    Path(id): Path<String>,
    body: Result<Json<NewTurn>, JsonRejection>,
) -> Answer {
    let Json(NewTurn { text }) = body?;
    if text.trim().is_empty() {
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "the text is empty"));
    }
    let user = demo.user(&headers)?;
    let turned = lock(&demo.sessions).turn(&id, user.as_deref(), &text, demo.up());
    let (number, reply) = turned.ok_or_else(Problem::no_session)?;
    demo.take_turn()?;
    Ok((StatusCode::CREATED, Json(json!({ "turn": number, "reply": reply }))).into_response())
}

async fn graph(State(demo): App, headers: HeaderMap, Path(id): Path<String>) -> Answer {
    let user = demo.user(&headers)?;
    let graph = lock(&demo.sessions).graph(&id, user.as_deref()).ok_or_else(Problem::no_session)?;
    Ok(Json(graph).into_response())
}

async fn export(State(demo): App, headers: HeaderMap, Path(id): Path<String>) -> Answer {
    let user = demo.user(&headers)?;
    let export = lock(&demo.sessions).export(&id, user.as_deref()).ok_or_else(Problem::no_session)?;
    Ok(Json(export).into_response())
}

#[derive(Deserialize)]
struct StreamPlan {
    #[serde(default = "twenty")]
    events: u32,
    #[serde(default = "twenty")]
    gap_ms: u32,
}

fn twenty() -> u32 {
    20
}

/// Sends so many events, each so long after the one before it; the first comes after one gap.
async fn stream(plan: Result<Query<StreamPlan>, QueryRejection>) -> Answer {
    let Query(StreamPlan { events, gap_ms }) = plan?;
    let gap = Duration::from_millis(u64::from(gap_ms));
    if events > MOST_EVENTS || gap > LONGEST_GAP {
        let bounds = format!("at most {MOST_EVENTS} events, at most {} s apart", LONGEST_GAP.as_secs());
        return Err(Problem::new(StatusCode::BAD_REQUEST, bounds));
    }
    // Due times count from the start, so that late timers do not add up.
    let started = tokio::time::Instant::now();
    let events = futures_util::stream::unfold(1, move |number| async move {
        if number > events {
            return None;
        }
        tokio::time::sleep_until(started + gap * number).await;
        let event = Event::default().event("word").id(number.to_string()).data(format!("word {number} of {events}"));
        Some((Ok::<_, Infallible>(event), number + 1))
    });
    Ok(Sse::new(events).into_response())
}

#[derive(Deserialize)]
struct Credentials {
    user: String,
    password: String,
}

async fn login(State(demo): App, body: Result<Json<Credentials>, JsonRejection>) -> Answer {
    let Json(Credentials { user, password }) = body?;
    let token = format!("{:016x}{:016x}", demo.ticket(), demo.ticket());
    let token = lock(&demo.accounts).login(user, &password, token);
    let token = token.ok_or_else(|| Problem::new(StatusCode::UNAUTHORIZED, "wrong user or password"))?;
    Ok(Json(json!({ "token": token })).into_response())
}

async fn health(State(demo): App) -> Json<Value> {
    Json(json!({ "status": "ok", "up_s": demo.up().as_secs_f64() }))
}

async fn metrics(State(demo): App) -> Response {
    let (sessions, evicted) = {
        let sessions = lock(&demo.sessions);
        (sessions.len(), sessions.evicted())
    };
    let gauges = Gauges { turns: demo.turns.load(Ordering::Relaxed), sessions, evicted, up: demo.up() };
    let page = lock(&demo.ledger).page(gauges);
    ([(CONTENT_TYPE, "text/plain; version=0.0.4")], page).into_response()
}
