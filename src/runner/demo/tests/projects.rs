//! Projects, as their owner and others see them.

use serde_json::json;

use super::visit;
use crate::runner::demo::Fault;

#[test]
fn a_project_goes_from_creation_to_deletion() {
    visit([], async |mut visitor, _| {
        visitor.login("ann").await;
        let (status, project) = visitor.post("/projects", json!({ "name": "leaks" })).await;
        assert_eq!((status, &project["name"]), (201, &json!("leaks")), "{project}");
        let path = format!("/projects/{}", project["id"].as_str().unwrap());
        let (status, question) =
            visitor.post(&format!("{path}/questions"), json!({ "text": "the cache grows overnight" })).await;
        assert_eq!(status, 201, "{question}");
        assert!(question["question"].as_str().unwrap().ends_with('?') && question["id"].is_string(), "{question}");
        assert!(question["latency_ms"].as_f64().unwrap() >= 30.0, "{question}");
        let statements = json!({ "statements": ["The cache grows.", "The cache never grows."] });
        let (status, found) = visitor.post(&format!("{path}/conflicts"), statements).await;
        assert_eq!((status, found["conflicts"].as_array().unwrap().len()), (200, 1), "{found}");
        assert_eq!(visitor.get(&format!("{path}/quality")).await, (200, json!({ "score": 1.0 })));
        assert_eq!(visitor.put(&path, json!({ "name": "caches" })).await.1["name"], "caches");
        let (status, project) = visitor.get(&path).await;
        assert_eq!((status, &project["name"], &project["questions"]), (200, &json!("caches"), &json!(1)));
        let (_, list) = visitor.get("/projects").await;
        assert_eq!((&list["total"], &list["projects"][0]), (&json!(1), &project));
        assert_eq!((visitor.delete(&path).await, visitor.get(&path).await.0), (204, 404));
    });
}

#[test]
fn projects_need_a_token_and_are_their_owners_unless_tenants_leak() {
    for (faults, foreign_status) in [(vec![], 404), (vec![Fault::TenantLeak], 200)] {
        visit(faults, async |mut visitor, _| {
            for path in ["/projects", "/projects/00", "/projects/00/quality"] {
                assert_eq!(visitor.get(path).await.0, 401, "{path}");
            }
            assert_eq!(visitor.post("/projects", json!({ "name": "p" })).await.0, 401);
            visitor.login("ann").await;
            let (_, project) = visitor.post("/projects", json!({ "name": "p" })).await;
            let path = format!("/projects/{}", project["id"].as_str().unwrap());
            visitor.login("bob").await;
            assert_eq!(visitor.get(&path).await.0, foreign_status);
            assert_eq!(visitor.get(&format!("{path}/quality")).await.0, foreign_status);
            assert_eq!(visitor.get("/projects").await.1["total"], 0, "lists are never mixed");
        });
    }
}

#[test]
fn bad_requests_about_projects_are_answered_in_json_with_a_4xx() {
    visit([], async |mut visitor, _| {
        visitor.login("ann").await;
        let (_, project) = visitor.post("/projects", json!({ "name": "p" })).await;
        let path = format!("/projects/{}", project["id"].as_str().unwrap());
        let many = json!({ "statements": vec!["x"; 101] });
        for (path, body, wanted) in [
            ("/projects".to_owned(), json!({}), 422),
            ("/projects".into(), json!({ "name": " " }), 422),
            ("/projects".into(), json!({ "name": "x".repeat(201) }), 422),
            (format!("{path}/questions"), json!({ "text": "" }), 422),
            (format!("{path}/questions"), json!({ "text": "x".repeat(70_000) }), 413),
            (format!("{path}/conflicts"), json!({ "statements": "x" }), 422),
            (format!("{path}/conflicts"), many, 422),
            ("/projects/0123456789abcdef/questions".into(), json!({ "text": "x" }), 404),
            ("/projects/0123456789abcdef/conflicts".into(), json!({ "statements": [] }), 404),
            (format!("{path}/quality"), json!({}), 405),
        ] {
            let (status, answer) = visitor.post(&path, &body).await;
            assert_eq!(status, wanted, "{path} with {:.40}: {answer}", body.to_string());
            assert!(answer["error"].is_string(), "{answer}");
        }
        assert_eq!(visitor.put(&path, "{").await.0, 400);
        assert_eq!(visitor.put("/projects/0123456789abcdef", json!({ "name": "x" })).await.0, 404);
        assert_eq!(visitor.delete("/projects/x").await, 404);
        for bad in ["0", "-1", "two"] {
            assert_eq!(visitor.get(&format!("/projects?page={bad}")).await.0, 400, "{bad}");
        }
    });
}
