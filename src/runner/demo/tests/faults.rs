//! The faults that strike any request, and the times that routes take, as a client sees them.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{Visitor, visit, visit_with};
use crate::runner::demo::{Behaviour, Class, Ending, Fault, FaultSet, Latencies, serve};

/// A server where only one class takes time.
fn only(class: Class, time: Duration) -> Behaviour {
    let instant = Class::ALL.into_iter().fold(Latencies::default(), |set, class| set.with(class, Duration::ZERO));
    Behaviour { latencies: instant.with(class, time), ..Behaviour::default() }
}

/// Asks for everything that takes the time of a class, and tells how long the shortest of it took.
async fn shortest(visitor: &mut Visitor, class: Class) -> Duration {
    visitor.login("ann@acme").await;
    let session = visitor.session().await;
    let (_, project) = visitor.post("/projects", json!({ "name": "p" })).await;
    let project = format!("/projects/{}", project["id"].as_str().unwrap());
    let text = || json!({ "text": "the cache grows" });
    let audit = |kind| json!({ "kind": kind, "text": "x" });
    let requests: Vec<(Method, String, Value)> = match class {
        Class::Auth => vec![(Method::POST, "/login".into(), json!({ "user": "x", "password": "demo" }))],
        Class::Crud => vec![
            (Method::POST, "/sessions".into(), json!({})),
            (Method::GET, format!("/sessions/{session}"), Value::Null),
            (Method::POST, "/projects".into(), json!({ "name": "q" })),
            (Method::GET, "/projects".into(), Value::Null),
            (Method::GET, project.clone(), Value::Null),
            (Method::PUT, project.clone(), json!({ "name": "r" })),
            (Method::DELETE, project, Value::Null),
            (Method::DELETE, format!("/sessions/{session}"), Value::Null),
        ],
        Class::Turn => vec![(Method::POST, format!("/sessions/{session}/turns"), text())],
        Class::Graph => vec![(Method::GET, format!("/sessions/{session}/graph"), Value::Null)],
        Class::Export => vec![(Method::GET, format!("/sessions/{session}/export"), Value::Null)],
        Class::Model => vec![(Method::POST, format!("{project}/questions"), text())],
        Class::Conflicts => vec![(Method::POST, format!("{project}/conflicts"), json!({ "statements": [] }))],
        Class::Quality => vec![(Method::GET, format!("{project}/quality"), Value::Null)],
        Class::Classify => vec![(Method::POST, "/classify".into(), text())],
        Class::Ask => vec![(Method::POST, "/agents/memory/ask".into(), text())],
        Class::ChatFirst | Class::ChatGap => vec![(Method::POST, "/agents/memory/chat".into(), text())],
        Class::Page => ["/agents", "/agents/memory", "/pages/1", "/api/stats"]
            .map(|path| (Method::GET, path.into(), Value::Null))
            .into(),
        Class::Audit => vec![(Method::POST, "/audits".into(), audit("normal"))],
        Class::AuditHeavy => vec![(Method::POST, "/audits".into(), audit("heavy"))],
    };
    let mut shortest = Duration::MAX;
    for (method, path, body) in requests {
        let request =
            if body.is_null() { visitor.request(method, &path) } else { visitor.with_json(method, &path, &body) };
        let started = Instant::now();
        let (status, answer) = visitor.send(request).await;
        assert!((200..300).contains(&status), "{path}: {answer}");
        shortest = shortest.min(started.elapsed());
    }
    shortest
}

#[test]
fn every_route_takes_the_time_of_its_class() {
    const TIME: Duration = Duration::from_millis(60);
    for class in Class::ALL {
        visit_with(only(class, TIME), async |mut visitor, _| {
            let took = shortest(&mut visitor, class).await;
            assert!(took >= TIME, "{class:?} took {took:?}");
        });
    }
}

#[test]
fn errors_strike_their_share_of_requests_and_spare_those_who_watch() {
    visit([Fault::Errors], async |visitor, _| {
        let mut struck = 0;
        for _ in 0..200 {
            let (status, answer) = visitor.get("/").await;
            assert!(status == 200 || status == 500 && answer["error"].is_string(), "{answer}");
            struck += u64::from(status == 500);
            assert_eq!(visitor.get("/health").await.0, 200);
        }
        assert!((14..=18).contains(&struck), "{struck}");
        let counted = visitor.metric("demo_requests_total{route=\"/\",status=\"500\"}").await;
        assert_eq!(counted, struck);
    });
}

#[test]
fn a_flaky_server_resets_its_share_of_connections_without_an_answer() {
    visit([Fault::Flaky], async |visitor, _| {
        // By hand: a client of HTTP would try again on a fresh connection.
        let mut reset = 0;
        for _ in 0..200 {
            use tokio::io::{AsyncReadExt, AsyncWriteExt};
            let address = visitor.base.trim_start_matches("http://");
            let mut connection = tokio::net::TcpStream::connect(address).await.unwrap();
            let request = b"GET /pages/1 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
            connection.write_all(request).await.unwrap();
            let mut answer = Vec::new();
            match connection.read_to_end(&mut answer).await {
                Ok(_) => assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer)),
                Err(error) => {
                    assert_eq!((error.kind(), answer.len()), (std::io::ErrorKind::ConnectionReset, 0));
                    reset += 1;
                }
            }
        }
        assert!((14..=18).contains(&reset), "{reset}");
        assert_eq!(visitor.get("/health").await.0, 200);
    });
}

#[test]
fn a_crash_ends_the_server_with_its_turn_500() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let server = tokio::spawn(serve(listener, FaultSet::from_iter([Fault::Crash])));
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        for _ in 0..499 {
            assert_eq!(client.get(&url).send().await.unwrap().status(), 200);
        }
        assert!(!server.is_finished());
        let _ = client.get(&url).send().await;
        assert_eq!(server.await.unwrap().unwrap(), Ending::Crashed);
    });
}

#[test]
fn a_false_latency_is_a_tenth_of_what_is_seen() {
    let set =
        |fault| Behaviour { faults: FaultSet::from_iter([fault]), ..only(Class::Ask, Duration::from_millis(200)) };
    visit_with(set(Fault::FalseLatency), async |visitor, _| {
        let started = Instant::now();
        let (_, answer) = visitor.post("/agents/memory/ask", json!({ "text": "x" })).await;
        let seen_ms = started.elapsed().as_secs_f64() * 1e3;
        let told_ms = answer["latency_ms"].as_f64().unwrap();
        assert!((20.0..=seen_ms / 10.0).contains(&told_ms), "{told_ms} of {seen_ms}");
    });
}

#[test]
fn late_headers_of_a_chat_are_late() {
    visit([Fault::SlowFirstByte], async |visitor, _| {
        let started = Instant::now();
        let request = visitor.with_json(Method::POST, "/agents/memory/chat", &json!({ "text": "x" }));
        let _ = request.send().await.unwrap();
        assert!(started.elapsed() >= Duration::from_millis(800));
    });
}

#[test]
fn a_tight_limit_lets_only_a_few_through() {
    visit([Fault::TightLimit], async |visitor, demo| {
        let mut passed = 0;
        for _ in 0..50 {
            let request = visitor.with_json(Method::POST, "/classify", &json!({ "text": "x" }));
            passed += u64::from(visitor.send(request.header("x-tenant", "acme")).await.0 == 200);
        }
        // A burst of 4, and 2 for every second that this took.
        assert!(passed <= 4 + 2 * (demo.up().as_secs() + 1), "{passed}");
    });
}
