//! Classifications, as tenants see them.

use std::num::NonZeroU32;
use std::time::Duration;

use reqwest::Method;
use reqwest::header::RETRY_AFTER;
use serde_json::{Value, json};

use super::{Visitor, visit, visit_with};
use crate::runner::demo::{Behaviour, Fault, RateLimit};

fn classification(visitor: &Visitor, tenant: &str, body: &Value) -> reqwest::RequestBuilder {
    visitor.with_json(Method::POST, "/classify", body).header("x-tenant", tenant)
}

async fn show(visitor: &Visitor, tenant: &str, id: &str) -> u16 {
    let request = visitor.request(Method::GET, &format!("/classifications/{id}"));
    visitor.send(request.header("x-tenant", tenant)).await.0
}

#[test]
fn a_text_is_classified_and_its_latency_is_true() {
    visit([], async |visitor, _| {
        let request = classification(&visitor, "acme", &json!({ "text": "Why is it so slow?" }));
        let started = std::time::Instant::now();
        let (status, result) = visitor.send(request).await;
        let seen_ms = started.elapsed().as_secs_f64() * 1e3;
        assert_eq!((status, &result["provider"]), (200, &json!("fast")), "{result}");
        let told_ms = result["latency_ms"].as_f64().unwrap();
        assert!((15.0..=seen_ms).contains(&told_ms), "{told_ms} of {seen_ms}");
        assert!(result["label"].is_string() && result["confidence"].is_number(), "{result}");
        assert_eq!(show(&visitor, "acme", result["id"].as_str().unwrap()).await, 200);
    });
}

#[test]
fn a_tenant_is_refused_what_is_anothers_unless_tenants_leak() {
    for (faults, foreign_status) in [(vec![], 403), (vec![Fault::TenantLeak], 200)] {
        visit(faults, async |mut visitor, _| {
            let (_, result) = visitor.send(classification(&visitor, "acme", &json!({ "text": "x" }))).await;
            let id = result["id"].as_str().unwrap().to_owned();
            assert_eq!(show(&visitor, "acme", &id).await, 200);
            assert_eq!(show(&visitor, "globex", &id).await, foreign_status);
            assert_eq!(show(&visitor, "acme", "0123456789abcdef").await, 404);
            // A token speaks for its tenant, and for no other.
            visitor.login("bob@globex").await;
            assert_eq!(visitor.get(&format!("/classifications/{id}")).await.0, foreign_status);
            assert_eq!(show(&visitor, "acme", &id).await, foreign_status);
        });
    }
}

#[test]
fn over_its_rate_a_tenant_is_told_when_to_come_back_and_others_are_served() {
    for (faults, header) in [(vec![], Some("1")), (vec![Fault::NoRetryAfter], None)] {
        let limited = Behaviour {
            faults: faults.into_iter().collect(),
            rate_limit: RateLimit::per_second(NonZeroU32::MIN),
            ..Behaviour::default()
        };
        visit_with(limited, async |visitor, _| {
            let send = |tenant| classification(&visitor, tenant, &json!({ "text": "x" })).send();
            let mut refused = None;
            // Two at once pass, and one a second.
            for _ in 0..100 {
                let response = send("acme").await.unwrap();
                if response.status().as_u16() == 429 {
                    refused = Some(response);
                    break;
                }
            }
            let refused = refused.unwrap();
            let told = refused.headers().get(RETRY_AFTER).map(|value| value.to_str().unwrap().to_owned());
            assert_eq!(told.as_deref(), header);
            assert_eq!(send("globex").await.unwrap().status(), 200);
        });
    }
}

#[test]
fn a_client_that_gives_up_on_the_slow_provider_leaves_nothing_behind() {
    visit([], async |visitor, demo| {
        let request = classification(&visitor, "acme", &json!({ "text": "x", "provider": "slow" }));
        let answer = tokio::spawn(request.timeout(Duration::from_mins(1)).send());
        while demo.in_flight.value() == 0 {
            tokio::task::yield_now().await;
        }
        answer.abort();
        while demo.in_flight.value() > 0 {
            tokio::task::yield_now().await;
        }
        assert!((demo.up() < Duration::from_secs(5)) == (demo.turns() == 0), "not worked on to the end");
    });
}

#[test]
fn bad_classifications_are_answered_in_json_with_a_4xx() {
    visit([], async |visitor, _| {
        let (status, answer) = visitor.post("/classify", json!({ "text": "x" })).await;
        assert_eq!(status, 400, "{answer}");
        assert!(answer["error"].as_str().unwrap().contains("x-tenant"), "{answer}");
        for (tenant, body, wanted) in [
            ("", json!({ "text": "x" }), 400),
            (&*"t".repeat(65), json!({ "text": "x" }), 400),
            ("acme", json!({}), 422),
            ("acme", json!({ "text": "\n" }), 422),
            ("acme", json!({ "text": "x", "provider": "other" }), 422),
            ("acme", json!({ "text": "x".repeat(70_000) }), 413),
        ] {
            let (status, answer) = visitor.send(classification(&visitor, tenant, &body)).await;
            assert_eq!(status, wanted, "{tenant}: {answer}");
            assert!(answer["error"].is_string(), "{answer}");
        }
        assert_eq!(show(&visitor, "acme", "x").await, 404);
    });
}
