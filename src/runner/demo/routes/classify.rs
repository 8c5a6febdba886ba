//! Classifications: for one tenant at a time, rate-limited, and never shown to another.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::JsonRejection;
use axum::extract::{Extension, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::json;

use crate::runner::demo::classifications::{self, Hidden, Provider};
use crate::runner::demo::fault::Fault;
use crate::runner::demo::latency::Class;
use crate::runner::demo::problem::{Problem, check_text};
use crate::runner::demo::state::{Arrived, Demo, lock};
use crate::runner::demo::work::Work;

use super::{Answer, App, LARGEST_BODY};

/// How long the slow provider takes: longer than a client should wait.
const SLOW_PROVIDER: Duration = Duration::from_secs(5);
/// The longest name of a tenant, in bytes.
const LONGEST_TENANT: usize = 64;

pub(super) fn routes() -> Router<Arc<Demo>> {
    Router::new().route("/classify", post(classify)).route("/classifications/{id}", get(show))
}

#[derive(Deserialize)]
struct Wanted {
    text: String,
    #[serde(default)]
    provider: Provider,
}

/// Which tenant is asking: the one of the header, which has to be the token's where that has one.
fn tenant(demo: &Demo, headers: &HeaderMap) -> Result<String, Problem> {
    let named = headers.get("x-tenant").map(|value| value.to_str().unwrap_or_default());
    if named.is_some_and(|named| named.is_empty() || named.len() > LONGEST_TENANT) {
        let bounds = format!("x-tenant names a tenant in 1 to {LONGEST_TENANT} visible characters");
        return Err(Problem::new(StatusCode::BAD_REQUEST, bounds));
    }
    let user = demo.user(headers)?;
    match (named, user.as_ref().and_then(|user| user.tenant())) {
        (Some(named), Some(own)) if named != own && !demo.faults.has(Fault::TenantLeak) => {
            Err(Problem::new(StatusCode::FORBIDDEN, "the token is another tenant's"))
        }
        (Some(tenant), _) | (None, Some(tenant)) => Ok(tenant.to_owned()),
        (None, None) => Err(Problem::new(StatusCode::BAD_REQUEST, "the header x-tenant is missing")),
    }
}

async fn classify(
    State(demo): App,
    Extension(arrived): Extension<Arrived>,
    headers: HeaderMap,
    body: Result<Json<Wanted>, JsonRejection>,
) -> Answer {
    let tenant = tenant(&demo, &headers)?;
    let taken = lock(&demo.limiter).take(&tenant, demo.up());
    taken.map_err(|wait| {
        let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "too many requests of this tenant");
        if demo.faults.has(Fault::NoRetryAfter) { problem } else { problem.retry_after(wait) }
    })?;
    let Json(Wanted { text, provider }) = body?;
    check_text("text", &text, LARGEST_BODY)?;
    match provider {
        Provider::Fast => demo.spend(Class::Classify).await,
        Provider::Slow => tokio::time::sleep(SLOW_PROVIDER).await,
    }
    let result = classifications::classify(&text, provider);
    let id = demo.ticket();
    demo.take_turn(Work::Classification)?;
    lock(&demo.classifications).keep(id, tenant, result.clone());
    let answer = json!({
        "id": id,
        "label": result.label,
        "confidence": result.confidence,
        "provider": provider,
        "latency_ms": demo.told_ms(arrived),
    });
    Ok(Json(answer).into_response())
}

async fn show(State(demo): App, headers: HeaderMap, Path(id): Path<String>) -> Answer {
    let tenant = tenant(&demo, &headers)?;
    demo.spend(Class::Crud).await;
    let found = lock(&demo.classifications).find(&id, &tenant);
    let (id, result) = found.map_err(|hidden| match hidden {
        Hidden::Unknown => Problem::no("classification"),
        Hidden::Foreign => Problem::new(StatusCode::FORBIDDEN, "the classification is another tenant's"),
    })?;
    let answer = json!({
        "id": id,
        "label": result.label,
        "confidence": result.confidence,
        "provider": result.provider,
    });
    Ok(Json(answer).into_response())
}
