//! What servers do wrong, and the class that it is counted in.

use std::net::TcpListener;

use super::support::{Client, PATIENCE, SOON, hurried, once, run, serve};
use crate::driver::FailureClass;
use crate::driver::link::Reading;
use crate::profile::{HttpVersion, Keep};

#[test]
fn a_server_that_is_down_refuses_and_nothing_counts_as_sent() {
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    run(async {
        let mut client = Client::new(gone);
        let (class, story) = client.fail(&Reading::whole(PATIENCE)).await;
        assert_eq!(class, FailureClass::ConnectRefused, "{story}");
        assert_eq!((client.seen.sent, client.status()), (None, None));
        assert!(client.seen.connecting.is_some());
    });
}

#[test]
fn a_name_that_cannot_be_one_has_no_address() {
    // No label of a name is longer than 63 characters, so nobody is asked.
    let base = format!("http://{}.invalid/", "x".repeat(64));
    run(async {
        let mut client = Client::of(&base, HttpVersion::Http1, Keep::Alive);
        assert_eq!(client.fail(&Reading::whole(PATIENCE)).await.0, FailureClass::NameLookup);
    });
}

#[test]
fn a_connection_that_ends_before_the_answer_does_is_lost() {
    for cut in [
        "",
        "HTTP/1.1 20",
        "HTTP/1.1 200 OK\r\ncontent-le",
        "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n",
    ] {
        run(async {
            let (class, story) = Client::new(once(cut).await).fail(&Reading::whole(PATIENCE)).await;
            assert_eq!(class, FailureClass::ConnectionLost, "{cut:?}: {story}");
        });
    }
}

#[test]
fn a_reset_in_the_middle_is_a_lost_connection_and_what_came_before_is_told() {
    run(async {
        let address = serve(|mut peer| async move {
            peer.request().await;
            peer.write("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf").await;
            peer.reset();
        });
        let mut client = Client::new(address.await);
        let (class, story) = client.fail(&Reading::whole(PATIENCE)).await;
        assert_eq!(class, FailureClass::ConnectionLost, "{story}");
    });
}

#[test]
fn what_is_not_http_is_named_so() {
    for garbage in [
        "SSH-2.0-OpenSSH_9.2\r\n\r\n",
        "\0\0\0\u{1}\r\n\r\n",
        "HTTP/1.1 banana\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon here\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nZZ\r\nhi\r\n0\r\n\r\n",
    ] {
        run(async {
            let (class, story) = Client::new(once(garbage).await).fail(&Reading::whole(PATIENCE)).await;
            assert_eq!(class, FailureClass::Protocol, "{garbage:?}: {story}");
        });
    }
}

#[test]
fn a_server_that_never_answers_is_given_up_and_its_connection_closed() {
    run(async {
        let (told, heard) = tokio::sync::oneshot::channel();
        let told = std::cell::RefCell::new(Some(told));
        let address = serve(move |mut peer| {
            let told = told.take();
            async move {
                peer.request().await;
                peer.gone().await;
                let _ = told.map(|told| told.send(()));
            }
        });
        let mut client = Client::new(address.await);
        let (class, story) = client.fail(&hurried()).await;
        assert_eq!((class, story.as_str()), (FailureClass::Timeout, "no answer within 50ms"));
        heard.await.unwrap();
    });
}

#[test]
fn a_body_without_end_is_cut_by_the_timeout_whether_it_trickles_or_floods() {
    for piece in [0, 1, 1 << 16] {
        run(async {
            let address = serve(move |mut peer| async move {
                peer.request().await;
                peer.write("HTTP/1.1 200 OK\r\n\r\n").await;
                let body = vec![b'x'; piece];
                if piece == 0 {
                    peer.gone().await;
                }
                while peer.write(&body).await {
                    tokio::task::yield_now().await;
                }
            });
            let mut client = Client::new(address.await);
            let began = std::time::Instant::now();
            let (class, story) = client.fail(&hurried()).await;
            assert_eq!(class, FailureClass::Timeout, "{story}");
            assert!(story.starts_with("no end of the answer ("), "{story}");
            assert_eq!(client.status(), Some(200));
            assert!(began.elapsed() >= SOON);
        });
    }
}

#[test]
fn a_shorter_timeout_than_the_last_one_is_kept_too() {
    run(async {
        let address = serve(|mut peer| async move {
            peer.request().await;
            peer.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi").await;
            peer.gone().await;
        });
        let mut client = Client::new(address.await);
        client.get("/").await.unwrap();
        assert_eq!(client.fail(&hurried()).await.0, FailureClass::Timeout);
    });
}

#[test]
fn no_secret_of_the_address_or_the_request_reaches_a_story() {
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    run(async {
        let lost = once("").await;
        for address in [gone, lost] {
            let mut client =
                Client::of(&format!("http://ann:s3cret@{address}/s3cret"), HttpVersion::Http1, Keep::Alive);
            let failure = client.read("/?token=s3cret", &Reading::whole(PATIENCE)).await.unwrap_err();
            assert!(!format!("{failure:?} {:?}", client.link).contains("s3cret"));
        }
    });
}
