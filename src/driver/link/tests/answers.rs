//! Answers of every shape that HTTP/1 allows, and what is seen of them.

use hyper::Method;

use super::support::{Client, PATIENCE, always, once, run, serve};
use crate::driver::FailureClass;
use crate::driver::link::{End, KeepBody, Outgoing, Reading, Reconnected};

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
        assert!([seen.sent, seen.headers_at, seen.first_byte_at].iter().all(Option::is_some), "{seen:?}");
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

/// The status and the body of an answer, and whether the connection was still good for another.
fn answer(method: Method, text: &'static str) -> (u16, String, bool) {
    run(async move {
        let mut client = Client::new(always(text).await);
        let reading = Reading { keep_body: KeepBody::UpTo(100), ..Reading::whole(PATIENCE) };
        let request = Outgoing::new(method, client.link.endpoint().target("/").unwrap());
        assert_eq!(client.send(request.clone(), &reading).await, Ok(End::Complete), "{text}");
        let (status, body) = (client.status().unwrap(), String::from_utf8(client.seen.body.clone()).unwrap());
        assert_eq!(client.seen.body_bytes, body.len() as u64);
        assert_eq!(client.send(request, &reading).await, Ok(End::Complete), "{text}");
        (status, body, client.seen.connecting.is_none())
    })
}

#[test]
fn every_way_to_delimit_an_answer_is_understood() {
    let kept = |status, body: &str| (status, body.to_owned(), true);
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nhi\r\n1\r\n!\r\n0\r\nsum: 1\r\n\r\n";
    assert_eq!(answer(Method::GET, chunked), kept(200, "hi!"));
    assert_eq!(answer(Method::HEAD, "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n"), kept(200, ""));
    assert_eq!(answer(Method::GET, "HTTP/1.1 204 No Content\r\n\r\n"), kept(204, ""));
    assert_eq!(answer(Method::GET, "HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\n"), kept(304, ""));
    assert_eq!(answer(Method::POST, "HTTP/1.1 201 Created\r\nCONTENT-length:2\r\n\r\nhi"), kept(201, "hi"));
    let informed = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n\
                    HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi";
    assert_eq!(answer(Method::GET, informed), kept(200, "hi"));
    let old = "HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 2\r\n\r\nhi";
    assert_eq!(answer(Method::GET, old), kept(200, "hi"));
}

#[test]
fn an_answer_that_ends_with_its_connection_is_whole_and_the_next_has_a_fresh_one() {
    for text in [
        "HTTP/1.1 200 OK\r\n\r\nhi",
        "HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nhi",
        "HTTP/1.1 200 OK\r\nConnection: Close\r\ncontent-length: 2\r\n\r\nhi",
    ] {
        run(async {
            let mut client = Client::new(once(text).await);
            for _ in 0..3 {
                assert_eq!(client.get("/").await, Ok(End::Complete), "{text}");
                assert_eq!(client.seen.body_bytes, 2);
                assert_eq!(
                    (client.seen.connecting.is_some(), client.seen.reconnected),
                    (true, Reconnected::No),
                    "{text}"
                );
            }
        });
    }
}

#[test]
fn a_redirect_is_an_answer_and_nobody_goes_where_it_points() {
    let moved = "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.2:9/\r\ncontent-length: 0\r\n\r\n";
    assert_eq!(answer(Method::GET, moved), (302, String::new(), true));
}

#[test]
fn a_switch_of_protocol_is_an_answer_and_the_connection_is_spent() {
    let switch = "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n";
    assert_eq!(answer(Method::GET, switch), (101, String::new(), false));
}

#[test]
fn a_body_is_kept_up_to_its_bound_and_counted_beyond_it() {
    run(async {
        let mut client = Client::new(always("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n0123456789").await);
        let reading = Reading { keep_body: KeepBody::UpTo(4), ..Reading::whole(PATIENCE) };
        client.read("/", &reading).await.unwrap();
        assert_eq!((client.seen.body.as_slice(), client.seen.body_bytes), (&b"0123"[..], 10));
    });
}

#[test]
fn a_put_off_is_told_from_a_failure_by_status_and_retry_after() {
    for (text, put_off, seconds) in [
        ("HTTP/1.1 429 Slow down\r\ncontent-length: 0\r\n\r\n", true, None),
        ("HTTP/1.1 429 Slow down\r\nretry-after: 7\r\ncontent-length: 0\r\n\r\n", true, Some(7)),
        ("HTTP/1.1 503 Busy\r\nretry-after: 7\r\ncontent-length: 0\r\n\r\n", true, Some(7)),
        ("HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n", false, None),
        (OK, false, None),
    ] {
        run(async {
            let mut client = Client::new(always(text).await);
            client.get("/").await.unwrap();
            let wait = client.seen.retry_after().map(|wait| wait.as_secs());
            assert_eq!((client.seen.is_put_off(), wait), (put_off, seconds), "{text}");
        });
    }
}

#[test]
fn ten_thousand_headers_are_too_many_and_fill_no_memory() {
    run(async {
        let address = serve(|mut peer| async move {
            peer.request().await;
            peer.write("HTTP/1.1 200 OK\r\n").await;
            for k in 0..10_000 {
                if !peer.write(format!("x-{k}: {}\r\n", "y".repeat(100))).await {
                    return;
                }
            }
            peer.write("\r\n").await;
        });
        let (class, story) = Client::new(address.await).fail(&Reading::whole(PATIENCE)).await;
        assert_eq!(class, FailureClass::Protocol);
        assert!(story.contains("headers are too many"), "{story}");
    });
}
