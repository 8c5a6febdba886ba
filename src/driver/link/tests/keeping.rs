//! When a connection is kept, when it is replaced, and that nothing is ever sent twice.

use super::support::{Client, Count, PATIENCE, always, run, serve};
use crate::driver::FailureClass;
use crate::driver::link::{End, Reading, Reconnected};
use crate::profile::{HttpVersion, Keep};

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi";

#[test]
fn a_kept_connection_that_the_server_closed_meanwhile_is_replaced_without_a_failure() {
    for parting in ["", "HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"] {
        run(async {
            let (closed, requests) = (Count::default(), Count::default());
            let address = serve({
                let (closed, requests) = (closed.clone(), requests.clone());
                move |mut peer| {
                    let (closed, requests) = (closed.clone(), requests.clone());
                    async move {
                        peer.request().await;
                        requests.add();
                        peer.write(OK).await;
                        peer.write(parting).await;
                        drop(peer);
                        closed.add();
                    }
                }
            });
            let mut client = Client::new(address.await);
            for round in 1..=3 {
                assert_eq!(client.get("/").await, Ok(End::Complete));
                let expected = if round == 1 { Reconnected::No } else { Reconnected::Once };
                assert_eq!(client.seen.reconnected, expected, "{parting:?}");
                while closed.get() < round {
                    tokio::task::yield_now().await;
                }
            }
            assert_eq!(requests.get(), 3);
        });
    }
}

#[test]
fn a_connection_that_rested_is_the_same_one_and_is_replaced_where_the_server_closed_it_or_spoke_unasked() {
    for parting in
        [None, Some(""), Some("HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")]
    {
        run(async {
            let (opened, parted) = (Count::default(), Count::default());
            let address = serve({
                let (opened, parted) = (opened.clone(), parted.clone());
                move |mut peer| {
                    opened.add();
                    let parted = parted.clone();
                    async move {
                        while peer.request().await.is_some() {
                            peer.write(OK).await;
                            if let Some(parting) = parting {
                                peer.write(parting).await;
                                drop(peer);
                                return parted.add();
                            }
                        }
                    }
                }
            });
            let mut client = Client::new(address.await);
            for round in 1..=3 {
                assert_eq!(client.get("/").await, Ok(End::Complete));
                assert_eq!(client.seen.body_bytes, 2);
                client.link.rest();
                while parting.is_some() && parted.get() < round {
                    tokio::task::yield_now().await;
                }
            }
            assert_eq!(opened.get(), if parting.is_some() { 3 } else { 1 }, "{parting:?}");
        });
    }
}

#[test]
fn a_request_that_may_have_reached_the_server_is_not_sent_again() {
    run(async {
        let requests = Count::default();
        let address = serve({
            let requests = requests.clone();
            move |mut peer| {
                let requests = requests.clone();
                async move {
                    peer.request().await;
                    requests.add();
                    peer.write(OK).await;
                    // It takes the second one, and is gone.
                    peer.request().await;
                    requests.add();
                }
            }
        });
        let mut client = Client::new(address.await);
        client.get("/").await.unwrap();
        let (class, story) = client.fail(&Reading::whole(PATIENCE)).await;
        assert_eq!((class, client.seen.reconnected), (FailureClass::ConnectionLost, Reconnected::No), "{story}");
        assert_eq!(requests.get(), 2);
        assert_eq!(client.get("/").await, Ok(End::Complete));
    });
}

#[test]
fn connections_last_as_long_as_the_profile_says() {
    for (keep, connections) in [(Keep::Alive, 1), (Keep::PerTurn, 3), (Keep::PerRequest, 6)] {
        run(async {
            let opened = Count::default();
            let address = serve({
                let opened = opened.clone();
                move |mut peer| {
                    opened.add();
                    async move {
                        while let Some(request) = peer.request().await {
                            let close = request.contains("connection: close\r\n");
                            assert_eq!(close, keep == Keep::PerRequest, "{request}");
                            peer.write(OK).await;
                        }
                    }
                }
            });
            let mut client = Client::of(&format!("http://{}", address.await), HttpVersion::Http1, keep);
            for _ in 0..3 {
                client.link.begin_turn();
                client.get("/").await.unwrap();
                client.get("/").await.unwrap();
                assert_eq!(client.seen.reconnected, Reconnected::No);
            }
            assert_eq!(opened.get(), connections, "{keep:?}");
        });
    }
}

#[test]
fn an_exchange_that_is_dropped_in_the_middle_takes_its_connection_along() {
    run(async {
        let asked = std::rc::Rc::new(tokio::sync::Notify::new());
        let address = serve({
            let asked = std::rc::Rc::clone(&asked);
            move |mut peer| {
                let asked = std::rc::Rc::clone(&asked);
                async move {
                    peer.request().await;
                    if peer.number == 0 {
                        asked.notify_one();
                        peer.gone().await;
                    }
                    peer.write(OK).await;
                }
            }
        });
        let mut client = Client::new(address.await);
        tokio::select! {
            _ = client.get("/") => panic!("nobody answers"),
            () = asked.notified() => {}
        }
        assert_eq!(client.get("/").await, Ok(End::Complete));
        assert!(client.seen.connecting.is_some());
    });
}

#[test]
fn of_localhosts_two_addresses_the_one_that_answers_is_found() {
    run(async {
        // It listens on 127.0.0.1 only.
        let port = always(OK).await.port();
        let mut client = Client::of(&format!("http://localhost:{port}"), HttpVersion::Http1, Keep::PerRequest);
        for _ in 0..3 {
            assert_eq!(client.get("/").await, Ok(End::Complete));
        }
    });
}

#[test]
fn a_large_upload_that_is_answered_early_leaves_the_link_fit_for_use() {
    run(async {
        let address = serve(|mut peer| async move {
            if peer.number == 0 {
                peer.some().await;
                peer.write("HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\n\r\n").await;
                peer.gone().await;
            } else if peer.request().await.is_some() {
                peer.write(OK).await;
            }
        });
        let mut client = Client::new(address.await);
        let mut request =
            crate::driver::link::Outgoing::new(hyper::Method::POST, client.link.endpoint().target("/").unwrap());
        request.body = vec![0; 32 << 20].into();
        assert_eq!(client.send(request, &Reading::whole(PATIENCE)).await, Ok(End::Complete));
        assert_eq!(client.status(), Some(413));
        assert_eq!(client.get("/").await, Ok(End::Complete));
        assert_eq!(client.status(), Some(200));
    });
}
