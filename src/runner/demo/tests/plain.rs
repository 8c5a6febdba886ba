//! What every client may ask without a domain, as a client sees it.

use reqwest::Method;
use serde_json::{Value, json};

use super::visit;

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
            "demo_cache_hits_total 0",
            "demo_cache_lookups_total 0",
            "demo_db_queries_total 0",
            "demo_streams_open 0",
            "demo_audits_held 0",
            "# TYPE demo_cache_hits_total counter",
            "# TYPE demo_streams_open gauge",
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
fn a_login_tells_user_and_tenant_and_refuses_a_wrong_password() {
    visit([], async |mut visitor, _| {
        let login = visitor.login("ann@acme").await;
        assert_eq!((&login["user"], &login["tenant"]), (&json!("ann@acme"), &json!("acme")));
        assert_eq!(visitor.login("ann").await["tenant"], Value::Null);
        assert_eq!(visitor.post("/login", json!({ "user": "ann", "password": "guess" })).await.0, 401);
    });
}

#[test]
fn who_logs_out_is_nobody_any_more() {
    visit([], async |mut visitor, _| {
        assert_eq!(visitor.delete("/login").await, 401);
        visitor.login("ann").await;
        assert_eq!(visitor.delete("/login").await, 204);
        assert_eq!((visitor.delete("/login").await, visitor.get("/projects").await.0), (401, 401));
    });
}

#[test]
fn a_redirect_leads_to_health() {
    visit([], async |visitor, _| {
        let response = visitor.request(Method::GET, "/redirect").send().await.unwrap();
        assert_eq!((response.status().as_u16(), &response.headers()["location"]), (302, &"/health".parse().unwrap()));
    });
}

#[test]
fn bytes_come_as_many_as_were_asked_for_up_to_a_bound() {
    visit([], async |visitor, _| {
        for n in [0, 1, 16 * 1024, 100_001] {
            let response = visitor.request(Method::GET, &format!("/bytes/{n}")).send().await.unwrap();
            assert_eq!(response.content_length(), Some(n as u64));
            assert_eq!(response.bytes().await.unwrap().len(), n);
        }
        for bad in ["67108865", "-1", "many", "1e3"] {
            assert_eq!(visitor.get(&format!("/bytes/{bad}")).await.0, 400, "{bad}");
        }
    });
}
