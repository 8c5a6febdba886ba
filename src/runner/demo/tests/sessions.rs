//! Sessions and their faults, as a client sees them.

use reqwest::Method;
use serde_json::json;

use super::visit;
use crate::runner::demo::Fault;

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
        for status in [204, 404] {
            assert_eq!(visitor.delete(&format!("/sessions/{id}")).await, status);
        }
        assert_eq!(visitor.get(&format!("/sessions/{id}")).await.0, 404);
    });
}

#[test]
fn a_user_sees_no_session_of_another_unless_tenants_leak() {
    for (faults, foreign_status) in [(vec![], 404), (vec![Fault::TenantLeak], 200)] {
        visit(faults, async |mut visitor, _| {
            let mut ids = Vec::new();
            for user in ["ann@acme", "bob@globex"] {
                visitor.login(user).await;
                ids.push(visitor.session().await);
            }
            assert_eq!(visitor.get(&format!("/sessions/{}", ids[1])).await.0, 200);
            assert_eq!(visitor.get(&format!("/sessions/{}/export", ids[0])).await.0, foreign_status);
            visitor.token = Some("made-up".into());
            assert_eq!(visitor.get(&format!("/sessions/{}", ids[0])).await.0, 401);
            visitor.token = None;
            assert_eq!(visitor.get(&format!("/sessions/{}", ids[0])).await.0, foreign_status);
        });
    }
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

#[test]
fn ten_turns_of_a_hoard_keep_more_than_a_megabyte() {
    visit([Fault::Hoard], async |visitor, demo| {
        let id = visitor.session().await;
        for _ in 0..10 {
            let (status, _) = visitor.post(&format!("/sessions/{id}/turns"), json!({ "text": "hello" })).await;
            assert_eq!(status, 201);
        }
        let kept: usize = demo.damage.held(|held| held.hoard.iter().map(|board| board.len()).sum());
        assert!(kept > 1_000_000, "{kept}");
    });
}
