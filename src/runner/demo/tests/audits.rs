//! Audits, as a client sees them.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::{visit, visit_with};
use crate::runner::demo::{Behaviour, Class, Fault, FaultSet, Latencies};

#[test]
fn an_audit_is_kept_until_it_is_deleted() {
    visit([], async |visitor, _| {
        for (kind, findings, least_ms) in [("normal", 1, 10.0), ("heavy", 2, 60.0)] {
            let body = json!({ "kind": kind, "text": "fine\npassword = 7 // TODO\n" });
            let (status, audit) = visitor.post("/audits", body).await;
            assert_eq!((status, audit["findings"].as_array().unwrap().len()), (200, findings), "{audit}");
            assert!(audit["duration_ms"].as_f64().unwrap() >= least_ms, "{audit}");
            let path = format!("/audits/{}", audit["id"].as_str().unwrap());
            let (status, kept) = visitor.get(&path).await;
            assert_eq!((status, &kept["audit"]["findings"]), (200, &audit["findings"]));
            assert_eq!(visitor.metric("demo_audits_held").await, 1);
            assert_eq!((visitor.delete(&path).await, visitor.delete(&path).await), (204, 404));
        }
        assert_eq!(visitor.metric("demo_audits_held").await, 0);
    });
}

#[test]
fn a_mebibyte_is_audited_and_more_is_refused() {
    visit([], async |visitor, _| {
        let mebibyte = "todo: x\n".repeat(128 * 1024);
        let (status, audit) = visitor.post("/audits", json!({ "kind": "heavy", "text": mebibyte })).await;
        assert_eq!((status, audit["findings"].as_array().unwrap().len()), (200, 16));
        for (size, wanted) in [(1024 * 1024 + 1, 422), (2 * 1024 * 1024, 413)] {
            let (status, answer) = visitor.post("/audits", json!({ "kind": "normal", "text": "x".repeat(size) })).await;
            assert_eq!(status, wanted, "{answer}");
            assert!(answer["error"].is_string(), "{answer}");
        }
    });
}

#[test]
fn forty_large_bodies_at_once_all_get_their_turn() {
    visit([], async |visitor, demo| {
        let body = json!({ "kind": "normal", "text": "x".repeat(200_000) });
        let all = futures_util::future::join_all((0..40).map(|_| visitor.post("/audits", &body))).await;
        assert!(all.iter().all(|(status, _)| *status == 200), "{all:?}");
        assert_eq!(demo.bodies.available_permits(), 16, "every place was given back");
    });
}

#[test]
fn in_single_file_an_audit_waits_for_the_one_before_it() {
    for (faults, waits) in [(vec![], false), (vec![Fault::SingleFile], true)] {
        let latencies = Latencies::default().with(Class::Audit, Duration::from_mins(10));
        let faults = FaultSet::from_iter(faults);
        visit_with(Behaviour { faults, latencies, ..Behaviour::default() }, async |visitor, demo| {
            let visitor = Arc::new(visitor);
            for _ in 0..2 {
                let visitor = Arc::clone(&visitor);
                tokio::spawn(async move { visitor.post("/audits", json!({ "kind": "normal", "text": "x" })).await });
            }
            let most = if waits { 1 } else { tokio::sync::Semaphore::MAX_PERMITS };
            // Both have arrived, and those that may work have their desks.
            while demo.in_flight.value() < 2 || most - demo.desks.available_permits() < if waits { 1 } else { 2 } {
                tokio::task::yield_now().await;
            }
            assert_eq!(demo.desks.available_permits() == 0, waits);
        });
    }
}

#[test]
fn bad_audits_are_answered_in_json_with_a_4xx() {
    visit([], async |visitor, demo| {
        for (body, wanted) in [
            (json!({ "text": "x" }), 422),
            (json!({ "kind": "thorough", "text": "x" }), 422),
            (json!({ "kind": "normal", "text": "" }), 422),
            (json!(7), 422),
        ] {
            let (status, answer) = visitor.post("/audits", &body).await;
            assert!(status == wanted && answer["error"].is_string(), "{body}: {status} {answer}");
        }
        assert_eq!(visitor.post("/audits", "{").await.0, 400);
        assert_eq!((visitor.get("/audits/x").await.0, visitor.delete("/audits/0123456789abcdef").await), (404, 404));
        assert_eq!(demo.turns(), 0);
    });
}
