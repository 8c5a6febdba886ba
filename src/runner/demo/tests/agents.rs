//! Agents, their pages and chats, as a client sees them.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::{visit, visit_with};
use crate::runner::demo::{Behaviour, Class, Fault, Latencies};

#[test]
fn agents_and_pages_are_listed_and_shown() {
    visit([], async |visitor, _| {
        let (status, list) = visitor.get("/agents").await;
        let first = &list["agents"][0];
        assert_eq!(status, 200, "{list}");
        assert_eq!(&visitor.get(&format!("/agents/{}", first["id"].as_str().unwrap())).await, &(200, first.clone()));
        let page = visitor.request(Method::GET, "/pages/7").send().await.unwrap();
        assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
        let page = page.text().await.unwrap();
        assert!(page.starts_with("<!doctype html>") && (2_000..10_000).contains(&page.len()), "{}", page.len());
        assert_eq!(visitor.get("/api/stats").await.1["agents"], list["agents"].as_array().unwrap().len());
        for unknown in ["/agents/nobody", "/pages/0", "/pages/1001", "/pages/x"] {
            let (status, answer) = visitor.get(unknown).await;
            assert!(status == 404 && answer["error"].is_string(), "{unknown}: {answer}");
        }
    });
}

#[test]
fn a_repeated_text_is_answered_from_the_cache_unless_that_is_off() {
    for (faults, hits, queries) in [(vec![], 2, 3), (vec![Fault::CacheOff], 0, 9)] {
        visit(faults, async |visitor, _| {
            let mut answers = Vec::new();
            for _ in 0..3 {
                let (status, answer) = visitor.post("/agents/memory/ask", json!({ "text": "does it leak" })).await;
                assert_eq!(status, 200, "{answer}");
                assert!(answer["cached"] == true || answer["latency_ms"].as_f64().unwrap() >= 30.0, "{answer}");
                answers.push(answer["answer"].clone());
            }
            assert!(answers[0].is_string() && answers[0] == answers[2]);
            assert_eq!(visitor.metric("demo_cache_lookups_total").await, 3);
            assert_eq!(visitor.metric("demo_cache_hits_total").await, hits);
            assert_eq!(visitor.metric("demo_db_queries_total").await, queries);
        });
    }
}

#[test]
fn a_chat_comes_as_an_empty_comment_then_word_by_word_then_its_end() {
    visit([], async |visitor, _| {
        let (status, Value::String(chat)) = visitor.post("/agents/time/chat", json!({ "text": "the cache" })).await
        else {
            panic!("not a stream")
        };
        assert_eq!(status, 200);
        assert!(chat.starts_with(':'), "{chat}");
        assert_eq!(chat.matches("event: token\ndata: ").count(), 20, "{chat}");
        let (_, end) = chat.split_once("event: done\ndata: ").unwrap();
        let end: Value = serde_json::from_str(end.trim()).unwrap();
        // The first word after 60 ms and 19 more, 15 ms apart.
        assert!(end["words"] == 20 && end["latency_ms"].as_f64().unwrap() >= 345.0, "{end}");
        assert_eq!(visitor.metric("demo_streams_open").await, 0);
    });
}

#[test]
fn the_first_byte_of_a_chat_does_not_wait_for_its_first_event() {
    let latencies = Latencies::default().with(Class::ChatFirst, Duration::from_mins(10));
    visit_with(Behaviour { latencies, ..Behaviour::default() }, async |visitor, _| {
        let request = visitor.with_json(Method::POST, "/agents/time/chat", &json!({ "text": "x" }));
        let mut response = request.send().await.unwrap();
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        let first = response.chunk().await.unwrap().unwrap();
        assert!(first.starts_with(b":"), "{first:?}");
        assert_eq!(visitor.metric("demo_streams_open").await, 1);
    });
}

#[test]
fn a_chat_whose_client_left_is_let_go_unless_streams_leak() {
    for (faults, left) in [(vec![], 0), (vec![Fault::StreamLeak], 1)] {
        let latencies = Latencies::default().with(Class::ChatFirst, Duration::from_mins(10));
        let behaviour = Behaviour { latencies, faults: faults.into_iter().collect(), ..Behaviour::default() };
        visit_with(behaviour, async |visitor, demo| {
            let strays = || demo.damage.held(|held| held.stray_chats);
            let request = visitor.with_json(Method::POST, "/agents/time/chat", &json!({ "text": "x" }));
            let mut response = request.send().await.unwrap();
            response.chunk().await.unwrap().unwrap();
            assert_eq!((demo.streams.value(), strays()), (1, 0));
            drop(response);
            while demo.streams.value() > 0 && strays() == 0 {
                tokio::task::yield_now().await;
            }
            assert_eq!((demo.streams.value(), strays()), (left, left));
        });
    }
}

#[test]
fn bad_texts_for_agents_are_answered_in_json_with_a_4xx() {
    visit([], async |visitor, demo| {
        for way in ["ask", "chat"] {
            for (agent, body, wanted) in [
                ("nobody", json!({ "text": "x" }), 404),
                ("memory", json!({ "text": "" }), 422),
                ("memory", json!({ "text": "x".repeat(2001) }), 422),
                ("memory", json!({ "words": "x" }), 422),
                ("memory", json!({ "text": "x".repeat(70_000) }), 413),
            ] {
                let (status, answer) = visitor.post(&format!("/agents/{agent}/{way}"), body).await;
                assert_eq!(status, wanted, "{agent}/{way}: {answer}");
                assert!(answer["error"].is_string(), "{answer}");
            }
        }
        assert_eq!((demo.turns(), demo.streams.value()), (0, 0));
    });
}
