//! Answers of every shape that HTTP/1 allows, and what is seen of them.

use super::support::{Client, PATIENCE, always, run, serve};
use crate::driver::link::{End, KeepBody, Reading};

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi";

#[test]
fn an_answer_is_read_to_its_end_and_the_connection_kept_for_the_next() {
    run(async {
        let mut client = Client::new(always(OK).await);
        let reading = Reading { keep_body: KeepBody::UpTo(10), ..Reading::whole(PATIENCE) };
        assert_eq!(client.read("/", &reading).await, Ok(End::Complete));
        assert_eq!((client.status(), client.seen.body.as_slice(), client.seen.body_bytes), (Some(200), &b"hi"[..], 2));
        assert!(client.seen.connecting.is_some());
        let seen = &client.seen;
        let instants = [Some(seen.asked), seen.sent, seen.headers_at, seen.first_byte_at, Some(seen.ended)];
        assert!(instants.iter().all(Option::is_some) && instants.is_sorted(), "{instants:?}");
        assert_eq!(client.get("/").await, Ok(End::Complete));
        assert_eq!((client.seen.connecting, client.seen.body.as_slice()), (None, &b""[..]));
    });
}

#[test]
fn the_request_says_what_it_must_and_nothing_twice() {
    run(async {
        let address = serve(|mut peer| async move {
            while let Some(request) = peer.request().await {
                peer.write(format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{request}", request.len())).await;
            }
        });
        let base = format!("http://ann:pw@{}/v1", address.await);
        let mut client = Client::of(&base, crate::profile::HttpVersion::Http1, crate::profile::Keep::Alive);
        let reading = Reading { keep_body: KeepBody::UpTo(1000), ..Reading::whole(PATIENCE) };
        client.read("/a b?c", &reading).await.unwrap();
        let request = String::from_utf8(client.seen.body.clone()).unwrap();
        assert!(request.starts_with("GET /v1/a%20b?c HTTP/1.1\r\n"), "{request}");
        for line in ["host: 127.0.0.1", "user-agent: soak/", "authorization: Basic YW5uOnB3\r\n"] {
            assert_eq!(request.matches(line).count(), 1, "{line}: {request}");
        }
    });
}
