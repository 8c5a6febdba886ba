//! A chat: an answer that comes word by word, as Server-Sent Events.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Extension, Path, State};
use axum::response::IntoResponse;
use axum::response::sse::{Event, Sse};
use serde_json::json;
use tokio::time::Instant;

use crate::runner::demo::agents::WORDS;
use crate::runner::demo::dialogue;
use crate::runner::demo::fault::Fault;
use crate::runner::demo::gauge::Open;
use crate::runner::demo::latency::Class;
use crate::runner::demo::problem::check_text;
use crate::runner::demo::state::{Arrived, Demo};
use crate::runner::demo::work::Work;

use super::agents::{LONGEST_TEXT, agent};
use super::{Answer, App, Text};

/// Under `slow-first-byte`, how late the headers are.
const LATE_HEADERS: Duration = Duration::from_millis(800);
/// Under `slow-chat`, how long an answer rambles on.
const RAMBLING: Duration = Duration::from_secs(6);
/// The gap that rambling takes where events come without one: it has to have some.
const LEAST_GAP: Duration = Duration::from_millis(1);

/// An answer on its way.
struct Chat {
    demo: Arc<Demo>,
    arrived: Arrived,
    words: Box<dyn Iterator<Item = String> + Send>,
    started: Instant,
    gap: Duration,
    sent: u32,
    ended: Ended,
    open: Option<Open>,
}

/// How far an answer has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    /// Not even begun.
    Unbegun,
    /// Words are left.
    Not,
    /// All is said.
    Said,
}

pub(super) async fn chat(
    State(demo): App,
    Extension(arrived): Extension<Arrived>,
    Path(id): Path<String>,
    body: Result<Json<Text>, JsonRejection>,
) -> Answer {
    agent(&id)?;
    let Json(Text { text }) = body?;
    check_text("text", &text, LONGEST_TEXT)?;
    if demo.faults.has(Fault::SlowFirstByte) {
        tokio::time::sleep(LATE_HEADERS).await;
    }
    demo.take_turn(Work::Chat)?;
    let open = Some(demo.streams.open());
    let words = dialogue::talk(&text).take(word_count(&demo));
    let chat = Chat {
        arrived,
        words: Box::new(words),
        started: Instant::now(),
        gap: gap(&demo),
        sent: 0,
        ended: Ended::Unbegun,
        open,
        demo,
    };
    let events = futures_util::stream::unfold(chat, async |mut chat| {
        let event = chat.next().await?;
        Some((Ok::<_, Infallible>(event), chat))
    });
    Ok(Sse::new(events).into_response())
}

fn gap(demo: &Demo) -> Duration {
    let gap = demo.latencies.of(Class::ChatGap);
    if demo.faults.has(Fault::SlowChat) { gap.max(LEAST_GAP) } else { gap }
}

fn word_count(demo: &Demo) -> usize {
    let rambling = if demo.faults.has(Fault::SlowChat) { RAMBLING.div_duration_f64(gap(demo)).ceil() } else { 0.0 };
    WORDS + rambling as usize
}

impl Chat {
    /// The next event: an empty comment at once, so that the first byte comes before the first event, then word by word,
    /// then the end. Due times count from the start, so that late timers do not add up.
    async fn next(&mut self) -> Option<Event> {
        match self.ended {
            Ended::Unbegun => {
                self.ended = Ended::Not;
                return Some(Event::default().comment(""));
            }
            Ended::Not => {}
            Ended::Said => return None,
        }
        let Some(word) = self.words.next() else {
            self.ended = Ended::Said;
            let end = json!({ "words": self.sent, "latency_ms": self.demo.told_ms(self.arrived) });
            return Some(Event::default().event("done").data(end.to_string()));
        };
        let due = self.demo.latencies.of(Class::ChatFirst) + self.gap * self.sent;
        tokio::time::sleep_until(self.started + due).await;
        self.sent += 1;
        Some(Event::default().event("token").data(word))
    }
}

impl Drop for Chat {
    fn drop(&mut self) {
        if self.ended != Ended::Said {
            self.demo.damage.stream_left(self.open.take());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runner::demo::FaultSet;

    #[test]
    fn an_answer_that_rambles_takes_six_seconds_more_at_its_usual_pace() {
        let healthy = Demo::new(FaultSet::healthy());
        let rambling = Demo::new(FaultSet::from_iter([Fault::SlowChat]));
        assert_eq!((word_count(&healthy), gap(&healthy)), (WORDS, gap(&rambling)));
        let more = gap(&rambling) * (word_count(&rambling) - WORDS) as u32;
        assert!((RAMBLING..RAMBLING + gap(&rambling)).contains(&more), "{more:?}");
    }
}
