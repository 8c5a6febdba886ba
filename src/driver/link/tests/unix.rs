//! Unix sockets.

use tokio::net::UnixListener;
use tokio::task::spawn_local;

use super::support::{Client, PATIENCE, Peer, run};
use crate::driver::FailureClass;
use crate::driver::link::{Dialler, End, Endpoint, Reading};
use crate::profile::{HttpVersion, Keep};

fn client(socket: &std::path::Path) -> Client {
    let endpoint = Endpoint::new("http://api.example/v1", Some(socket)).unwrap();
    let dialler = Dialler::new(&endpoint, HttpVersion::Http1, None).unwrap();
    Client::with(endpoint, dialler, Keep::Alive)
}

#[test]
fn requests_go_over_the_socket_with_the_addresss_host() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("api.sock");
    run(async {
        let listener = UnixListener::bind(&path).unwrap();
        spawn_local(async move {
            let mut peer = Peer::new(listener.accept().await.unwrap().0, 0);
            while let Some(request) = peer.request().await {
                assert!(request.starts_with("GET /v1/a HTTP/1.1\r\n"), "{request}");
                assert!(request.contains("host: api.example\r\n"), "{request}");
                peer.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi").await;
            }
        });
        let mut client = client(&path);
        for _ in 0..2 {
            assert_eq!(client.get("/a").await, Ok(End::Complete));
        }
        assert!(client.seen.connecting.is_none());
    });
}

#[test]
fn a_socket_that_is_not_there_and_one_that_nobody_serves_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("api.sock");
    run(async {
        let (class, story) = client(&path).fail(&Reading::whole(PATIENCE)).await;
        assert_eq!((class, story.as_str()), (FailureClass::Connect, "there is no such socket file"));
        drop(UnixListener::bind(&path).unwrap());
        assert_eq!(client(&path).fail(&Reading::whole(PATIENCE)).await.0, FailureClass::ConnectRefused);
    });
}
