//! Answers of a given shape: so many events, or so many bytes.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::response::IntoResponse;
use axum::response::sse::{Event, Sse};
use axum::routing::get;
use serde::Deserialize;

use crate::runner::demo::problem::Problem;
use crate::runner::demo::state::Demo;

use super::{Answer, App};

/// The most events of one stream, and the longest gap between two.
const MOST_EVENTS: u32 = 10_000;
const LONGEST_GAP: Duration = Duration::from_mins(1);
/// The most bytes of one answer: 64 MiB, in pieces of this one.
const MOST_BYTES: u64 = 64 * 1024 * 1024;
static PIECE: [u8; 16 * 1024] = [b'.'; 16 * 1024];

pub(super) fn routes() -> Router<Arc<Demo>> {
    Router::new().route("/stream", get(stream)).route("/bytes/{n}", get(bytes))
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
async fn stream(State(demo): App, plan: Result<Query<StreamPlan>, QueryRejection>) -> Answer {
    let Query(StreamPlan { events, gap_ms }) = plan?;
    let gap = Duration::from_millis(u64::from(gap_ms));
    if events > MOST_EVENTS || gap > LONGEST_GAP {
        let bounds = format!("at most {MOST_EVENTS} events, at most {} s apart", LONGEST_GAP.as_secs());
        return Err(Problem::new(StatusCode::BAD_REQUEST, bounds));
    }
    // Due times count from the start, so that late timers do not add up.
    let started = tokio::time::Instant::now();
    let open = demo.streams.open();
    let events = futures_util::stream::unfold((1, open), move |(number, open)| async move {
        if number > events {
            return None;
        }
        tokio::time::sleep_until(started + gap * number).await;
        let event = Event::default().event("word").id(number.to_string()).data(format!("word {number} of {events}"));
        Some((Ok::<_, Infallible>(event), (number + 1, open)))
    });
    Ok(Sse::new(events).into_response())
}

/// Sends so many bytes, which are never held together.
async fn bytes(Path(n): Path<String>) -> Answer {
    let length = n.parse::<u64>().ok().filter(|length| *length <= MOST_BYTES);
    let length = length.ok_or_else(|| {
        Problem::new(StatusCode::BAD_REQUEST, format!("give a number of bytes, at most {MOST_BYTES}"))
    })?;
    let pieces = futures_util::stream::unfold(length, async |left| {
        let piece = &PIECE[..left.min(PIECE.len() as u64) as usize];
        (!piece.is_empty()).then(|| (Ok::<_, Infallible>(Bytes::from_static(piece)), left - piece.len() as u64))
    });
    let head = [(CONTENT_TYPE, "application/octet-stream".to_owned()), (CONTENT_LENGTH, length.to_string())];
    Ok((head, Body::from_stream(pieces)).into_response())
}
