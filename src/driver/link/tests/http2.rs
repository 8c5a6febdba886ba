//! HTTP/2 by prior knowledge, against a server of h2.

use std::net::SocketAddr;
use std::rc::Rc;

use h2::server::SendResponse;
use hyper::body::Bytes;
use hyper::{Request, Response};
use tokio::net::TcpListener;
use tokio::task::spawn_local;

use super::support::{Client, Count, PATIENCE, hurried, run, serve as plain};
use crate::driver::FailureClass;
use crate::driver::link::{End, KeepBody, Reading, Reconnected};
use crate::profile::{HttpVersion, Keep, LeaveAfter, Stream};

/// One request as the server has it.
type Asked = (Request<h2::RecvStream>, SendResponse<Bytes>);

/// What becomes of the connection after a request.
#[derive(Clone, Copy, PartialEq)]
enum After {
    Stay,
    /// It says goodbye in order.
    GoAway,
    /// It is cut off.
    Cut,
}

/// A server of HTTP/2 that does the same with each request; the connections are counted.
async fn serve<F: Future<Output = After> + 'static>(script: impl Fn(Asked) -> F + 'static) -> (SocketAddr, Count) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, count, script) = (listener.local_addr().unwrap(), Count::default(), Rc::new(script));
    let connections = count.clone();
    spawn_local(async move {
        loop {
            let stream = listener.accept().await.unwrap().0;
            connections.add();
            let script = Rc::clone(&script);
            spawn_local(async move {
                let mut connection = h2::server::handshake(stream).await.unwrap();
                while let Some(Ok(asked)) = connection.accept().await {
                    let scripted = script(asked);
                    let mut scripted = std::pin::pin!(scripted);
                    // The connection must go on while the script runs.
                    let after = tokio::select! {
                        after = &mut scripted => after,
                        _ = std::future::poll_fn(|cx| connection.poll_closed(cx)) => return,
                    };
                    match after {
                        After::Stay => {}
                        After::GoAway => connection.graceful_shutdown(),
                        After::Cut => return,
                    }
                }
            });
        }
    });
    (address, count)
}

fn client(address: SocketAddr) -> Client {
    Client::of(&format!("http://{address}"), HttpVersion::Http2, Keep::Alive)
}

fn answer(respond: &mut SendResponse<Bytes>, body: &'static str) {
    let mut stream = respond.send_response(Response::new(()), false).unwrap();
    stream.send_data(Bytes::from_static(body.as_bytes()), true).unwrap();
}

#[test]
fn requests_share_one_connection_and_name_the_host_once() {
    run(async {
        let (address, connections) = serve(|(request, mut respond)| async move {
            assert!(request.uri().authority().is_some() && !request.headers().contains_key("host"));
            assert_eq!(request.uri().path(), "/a%20b");
            answer(&mut respond, "hello");
            After::Stay
        })
        .await;
        let mut client = client(address);
        let reading = Reading { keep_body: KeepBody::UpTo(100), ..Reading::whole(PATIENCE) };
        for _ in 0..3 {
            assert_eq!(client.read("/a b", &reading).await, Ok(End::Complete));
            assert_eq!((client.status(), client.seen.body.as_slice()), (Some(200), &b"hello"[..]));
        }
        assert_eq!((connections.get(), client.seen.connecting), (1, None));
    });
}

#[test]
fn a_stream_that_is_given_up_or_left_is_reset_and_its_connection_kept() {
    run(async {
        let resets = Count::default();
        let counted = resets.clone();
        let (address, connections) = serve(move |(request, mut respond)| {
            let resets = counted.clone();
            async move {
                let path = request.uri().path().to_owned();
                spawn_local(async move {
                    match path.as_str() {
                        "/quick" => return answer(&mut respond, "hello"),
                        "/silent" => std::future::poll_fn(|cx| respond.poll_reset(cx)).await.unwrap(),
                        _ => {
                            let mut stream = respond.send_response(Response::new(()), false).unwrap();
                            stream.send_data(Bytes::from_static(b"data: 1\n\n"), false).unwrap();
                            std::future::poll_fn(|cx| stream.poll_reset(cx)).await.unwrap()
                        }
                    };
                    resets.add();
                });
                After::Stay
            }
        })
        .await;
        let mut client = client(address);
        let failure = client.read("/silent", &hurried()).await.unwrap_err();
        assert_eq!(failure.class, FailureClass::Timeout, "{failure:?}");
        let leave = Some(LeaveAfter::Events(1));
        let reading = Reading { stream: Stream::ServerSentEvents, leave, ..Reading::whole(PATIENCE) };
        assert_eq!(client.read("/stream", &reading).await, Ok(End::Left));
        assert_eq!(client.get("/quick").await, Ok(End::Complete));
        while resets.get() < 2 {
            tokio::task::yield_now().await;
        }
        assert_eq!((connections.get(), client.seen.reconnected), (1, Reconnected::No));
    });
}

#[test]
fn a_server_that_says_goodbye_is_met_again_on_a_fresh_connection() {
    run(async {
        let (address, connections) = serve(|(_, mut respond)| async move {
            answer(&mut respond, "hello");
            After::GoAway
        })
        .await;
        let mut client = client(address);
        for _ in 0..3 {
            assert_eq!(client.get("/").await, Ok(End::Complete));
        }
        assert_eq!(connections.get(), 3);
    });
}

#[test]
fn a_connection_that_is_cut_off_and_a_stream_that_is_reset_are_lost() {
    run(async {
        let (cut, _) = serve(|_| async { After::Cut }).await;
        let (reset, _) = serve(|(_, mut respond)| async move {
            respond.send_reset(h2::Reason::INTERNAL_ERROR);
            After::Stay
        })
        .await;
        for address in [cut, reset] {
            let (class, story) = client(address).fail(&Reading::whole(PATIENCE)).await;
            assert_eq!(class, FailureClass::ConnectionLost, "{story}");
        }
    });
}

#[test]
fn a_server_of_http1_is_not_taken_for_one_of_http2() {
    run(async {
        let address = plain(|mut peer| async move {
            peer.some().await;
            peer.write("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").await;
            peer.gone().await;
        });
        let (class, story) = client(address.await).fail(&Reading::whole(PATIENCE)).await;
        assert_eq!(class, FailureClass::Protocol, "{story}");
    });
}
