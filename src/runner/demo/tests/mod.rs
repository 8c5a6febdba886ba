//! The demo server by its routes, as a client sees it over loopback: here the client, and a file for each domain.

mod agents;
mod audits;
mod classify;
mod faults;
mod plain;
mod projects;
mod sessions;

use std::future::Future;
use std::sync::Arc;

use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::server::serve_state;
use super::state::{Behaviour, Demo};
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

    fn with_json(&self, method: Method, path: &str, body: &Value) -> RequestBuilder {
        self.request(method, path).header(CONTENT_TYPE, "application/json").body(body.to_string())
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

    async fn put(&self, path: &str, body: impl ToString) -> (u16, Value) {
        let request = self.request(Method::PUT, path).header(CONTENT_TYPE, "application/json");
        self.send(request.body(body.to_string())).await
    }

    async fn delete(&self, path: &str) -> u16 {
        self.send(self.request(Method::DELETE, path)).await.0
    }

    /// Goes on as this user.
    async fn login(&mut self, user: &str) -> Value {
        let (status, login) = self.post("/login", json!({ "user": user, "password": "demo" })).await;
        assert_eq!(status, 200, "{login}");
        self.token = Some(login["token"].as_str().unwrap().to_owned());
        login
    }

    /// What a series of counts on the metrics page says now.
    async fn metric(&self, series: &str) -> u64 {
        let (_, Value::String(page)) = self.get("/metrics").await else { panic!("not text") };
        let line = page.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no {series} in\n{page}")).parse().unwrap()
    }

    async fn session(&self) -> String {
        let (status, session) = self.post("/sessions", json!({ "title": "soaking" })).await;
        assert_eq!(status, 201, "{session}");
        session["id"].as_str().unwrap().to_owned()
    }
}

/// Runs `visit` against a server with these faults, whose state it may look at.
fn visit<F: Future<Output = ()>>(faults: impl IntoIterator<Item = Fault>, visit: impl FnOnce(Visitor, Arc<Demo>) -> F) {
    visit_with(FaultSet::from_iter(faults).into(), visit);
}

/// The same for a server that behaves like this.
fn visit_with<F: Future<Output = ()>>(behaviour: Behaviour, visit: impl FnOnce(Visitor, Arc<Demo>) -> F) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let demo = Demo::new(behaviour);
        tokio::spawn(serve_state(listener, Arc::clone(&demo)));
        let client = Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        visit(Visitor { base, client, token: None }, demo).await;
    });
}
