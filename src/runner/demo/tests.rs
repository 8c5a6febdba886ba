//! The demo server by its routes, as a client sees it over loopback.

use std::future::Future;
use std::sync::Arc;

use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::routes::{Demo, router};
use super::{Fault, FaultSet};

/// A client of a server that lives as long as the test.
struct Visitor {
    base: String,
    client: Client,
    token: Option<String>,
}

impl Visitor {
    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.base));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    async fn send(&self, request: RequestBuilder) -> (u16, Value) {
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let text = response.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        self.send(self.request(Method::GET, path)).await
    }

    async fn post(&self, path: &str, body: impl ToString) -> (u16, Value) {
        let request = self.request(Method::POST, path).header(CONTENT_TYPE, "application/json");
        self.send(request.body(body.to_string())).await
    }

    async fn session(&self) -> String {
        let (status, session) = self.post("/sessions", json!({ "title": "soaking" })).await;
        assert_eq!(status, 201, "{session}");
        session["id"].as_str().unwrap().to_owned()
    }
}

/// Runs `visit` against a server with these faults, whose state it may look at.
fn visit<F: Future<Output = ()>>(faults: impl IntoIterator<Item = Fault>, visit: impl FnOnce(Visitor, Arc<Demo>) -> F) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let demo = Demo::new(FaultSet::from_iter(faults));
        tokio::spawn(axum::serve(listener, router(Arc::clone(&demo))).into_future());
        let client = Client::builder().no_proxy().build().unwrap();
        visit(Visitor { base, client, token: None }, demo).await;
    });
}

#[test]
fn a_session_goes_from_start_to_export() {
    visit([], async |visitor, _| {
        let id = visitor.session().await;
        for (number, text) in [(1, "the cache grows"), (2, "a cache may leak")] {
            let (status, turn) = visitor.post(&format!("/sessions/{id}/turns"), json!({ "text": text })).await;
            assert_eq!((status, &turn["turn"]), (201, &json!(number)));
            assert!(turn["reply"]["answer"].as_str().unwrap().ends_with('?'));
        }
        let (status, session) = visitor.get(&format!("/sessions/{id}")).await;
        assert_eq!((status, &session["turns"], &session["title"]), (200, &json!(2), &json!("soaking")));
        let (_, graph) = visitor.get(&format!("/sessions/{id}/graph")).await;
        assert_eq!(graph["nodes"][0], json!({ "topic": "cache", "turns": 2 }));
        assert_eq!(graph["edges"][0], json!({ "from": "cache", "to": "grows", "turns": 1 }));
        let (_, export) = visitor.get(&format!("/sessions/{id}/export")).await;
        assert_eq!(export["dialogue"][1]["text"], "a cache may leak");
        assert_eq!((&export["dialogue"][1]["turn"], &export["id"]), (&json!(2), &json!(id)));
    });
}

#[test]
fn the_plain_page_takes_a_turn_and_the_metrics_count_by_route() {
    visit([], async |visitor, _| {
        let (status, page) = visitor.get("/").await;
        assert_eq!((status, &page["turn"]), (200, &json!(1)));
        for k in 0..3 {
            assert_eq!(visitor.get(&format!("/sessions/{k}")).await.0, 404);
            assert_eq!(visitor.get(&format!("/nowhere/{k}")).await.0, 404);
        }
        assert_eq!(visitor.get("/health").await.1["status"], "ok");
        let (_, Value::String(metrics)) = visitor.get("/metrics").await else { panic!("not text") };
        for line in [
            "demo_turns_total 1",
            "demo_requests_total{route=\"/\",status=\"200\"} 1",
            "demo_requests_total{route=\"/sessions/{id}\",status=\"404\"} 3",
            "demo_requests_total{route=\"other\",status=\"404\"} 3",
            "demo_sessions 0",
        ] {
            assert!(metrics.lines().any(|seen| seen == line), "no {line} in\n{metrics}");
        }
    });
}

#[test]
fn a_stream_sends_as_many_events_as_it_was_asked_for() {
    visit([], async |visitor, _| {
        let (status, Value::String(stream)) = visitor.get("/stream?events=3&gap_ms=1").await else { panic!() };
        assert_eq!((status, stream.matches("data: word").count()), (200, 3));
        assert!(stream.contains("data: word 3 of 3\n\n"), "{stream}");
        for bad in ["events=10001", "gap_ms=60001", "events=-1", "events=many"] {
            assert_eq!(visitor.get(&format!("/stream?{bad}")).await.0, 400, "{bad}");
        }
    });
}

#[test]
fn a_user_sees_no_session_of_another() {
    visit([], async |mut visitor, _| {
        let mut ids = Vec::new();
        let mut tokens = Vec::new();
        for user in ["ann", "bob"] {
            let (status, login) = visitor.post("/login", json!({ "user": user, "password": "demo" })).await;
            assert_eq!(status, 200, "{login}");
            tokens.push(login["token"].as_str().unwrap().to_owned());
            visitor.token = tokens.last().cloned();
            ids.push(visitor.session().await);
        }
        for (token, own, foreign) in [(0, 0, 1), (1, 1, 0)] {
            visitor.token = Some(tokens[token].clone());
            assert_eq!(visitor.get(&format!("/sessions/{}", ids[own])).await.0, 200);
            assert_eq!(visitor.get(&format!("/sessions/{}/export", ids[foreign])).await.0, 404);
        }
        visitor.token = Some("made-up".into());
        assert_eq!(visitor.get(&format!("/sessions/{}", ids[0])).await.0, 401);
        visitor.token = None;
        assert_eq!(visitor.post("/login", json!({ "user": "ann", "password": "guess" })).await.0, 401);
    });
}

#[test]
fn bad_requests_are_answered_in_json_with_a_4xx() {
    visit([], async |visitor, _| {
        let id = visitor.session().await;
        let turns = format!("/sessions/{id}/turns");
        let large = json!({ "text": "x".repeat(70_000) }).to_string();
        for (path, body, wanted) in [
            (turns.as_str(), "", 400),
            (&turns, "{", 400),
            (&turns, "\u{0}\u{ff}", 400),
            (&turns, "[]", 422),
            (&turns, "{\"text\": 7}", 422),
            (&turns, "{\"text\": \"  \"}", 422),
            (&turns, &large, 413),
            ("/sessions/ffff/turns", "{\"text\": \"x\"}", 404),
            ("/sessions/%2e%2e/turns", "{\"text\": \"x\"}", 404),
            ("/sessions", &json!({ "title": "x".repeat(201) }).to_string(), 422),
            ("/login", "{\"user\": \"ann\"}", 422),
            ("/health", "{}", 405),
            ("/nowhere", "{}", 404),
        ] {
            let (status, answer) = visitor.post(path, body).await;
            assert_eq!(status, wanted, "{path} with {body:.40}: {answer}");
            assert!(answer["error"].is_string(), "{path} with {body:.40}: {answer}");
        }
        let (status, _) = visitor.send(visitor.request(Method::POST, &turns).body("text=x")).await;
        assert_eq!(status, 415);
        assert_eq!(visitor.get("/health").await.0, 200, "still serving");
    });
}

#[test]
fn a_fault_strikes_in_every_turn_whichever_way_it_is_taken() {
    visit([Fault::MemoryLeak], async |visitor, demo| {
        let kept = || demo.damage.held(|held| held.transcripts.len());
        let id = visitor.session().await;
        assert_eq!(kept(), 0);
        visitor.get("/").await;
        visitor.post(&format!("/sessions/{id}/turns"), json!({ "text": "hello" })).await;
        assert_eq!(kept(), 2);
        visitor.get(&format!("/sessions/{id}/export")).await;
        visitor.get("/health").await;
        assert_eq!(kept(), 2, "only turns count");
    });
}
