//! Streamed answers on a clock that the server moves: the instants are exact.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use super::support::{Client, PATIENCE, SOON, SharedClock, run, serve};
use crate::driver::link::{End, Reading};
use crate::profile::{LeaveAfter, Stream};

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// A client and a server that sends headers and then pieces as chunks, each so many milliseconds after the one before and
/// only once that one was seen.
async fn streaming(pieces: &'static [(u64, &'static str)], end: &'static str) -> Client {
    let clock = Arc::new(SharedClock::default());
    let address = serve({
        let clock = Arc::clone(&clock);
        move |mut peer| {
            let clock = Arc::clone(&clock);
            async move {
                peer.request().await;
                clock.advance(5);
                let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
                clock.until_seen(peer.write(head)).await;
                for (after, piece) in pieces {
                    clock.advance(*after);
                    let chunk = format!("{:x}\r\n{piece}\r\n", piece.len());
                    clock.until_seen(peer.write(chunk)).await;
                }
                clock.advance(7);
                peer.write(end).await;
                peer.gone().await;
            }
        }
    });
    let mut client = Client::new(address.await);
    client.clock = clock;
    client
}

const LAST: &str = "0\r\n\r\n";
const EVENTS: &[(u64, &str)] = &[
    (10, ": hello\n\n"),
    (90, "data: a"),
    (5, "\r\n\r"),
    (1, "\ndata: b\r\n\r\ndata: c\r\n"),
    (20, "\r\n"),
    (30, "event: ping\ndata:\n\n"),
];

#[test]
fn the_first_event_is_the_first_with_data_however_it_is_split() {
    run(async {
        let mut client = streaming(EVENTS, LAST).await;
        let gaps = RefCell::default();
        let on_gap = |gap| RefCell::<Vec<_>>::borrow_mut(&gaps).push(gap);
        let reading = Reading { stream: Stream::ServerSentEvents, on_gap: &on_gap, ..Reading::whole(PATIENCE) };
        assert_eq!(client.read("/", &reading).await, Ok(End::Complete));
        let seen = &client.seen;
        assert_eq!((seen.ttfb(), seen.first_byte()), (Some(ms(5)), Some(ms(15))));
        // The CR of the blank line ends the event; its LF comes a moment later.
        assert_eq!((seen.first_event(), seen.events), (Some(ms(110)), 3));
        assert_eq!(gaps.into_inner(), [ms(1), ms(20)]);
        assert_eq!(seen.service(), Some(ms(5 + 10 + 90 + 5 + 1 + 20 + 30 + 7)));
    });
}

#[test]
fn of_chunks_each_that_is_not_empty_is_an_event() {
    run(async {
        let mut client = streaming(&[(10, "a"), (20, "bc"), (30, "d")], LAST).await;
        let gaps = RefCell::default();
        let on_gap = |gap| RefCell::<Vec<_>>::borrow_mut(&gaps).push(gap);
        let reading = Reading { stream: Stream::Chunks, on_gap: &on_gap, ..Reading::whole(PATIENCE) };
        assert_eq!(client.read("/", &reading).await, Ok(End::Complete));
        assert_eq!((client.seen.first_event(), client.seen.events), (Some(ms(15)), 3));
        assert_eq!(gaps.into_inner(), [ms(20), ms(30)]);
        assert_eq!(client.seen.body_bytes, 4);
    });
}

#[test]
fn an_answer_as_a_whole_has_no_events() {
    run(async {
        let mut client = streaming(EVENTS, LAST).await;
        assert_eq!(client.get("/").await, Ok(End::Complete));
        assert_eq!((client.seen.events, client.seen.first_event_at), (0, None));
    });
}

#[test]
fn a_client_leaves_after_so_many_events_and_the_server_sees_it_go() {
    run(async {
        let (told, heard) = tokio::sync::oneshot::channel();
        let told = RefCell::new(Some(told));
        let address = serve(move |mut peer| {
            let told = told.take();
            async move {
                peer.request().await;
                peer.write("HTTP/1.1 200 OK\r\n\r\n").await;
                peer.write("data: 1\n\ndata: 2\n\n").await;
                peer.gone().await;
                let _ = told.map(|told| told.send(()));
            }
        });
        let mut client = Client::new(address.await);
        let leave = Some(LeaveAfter::Events(2));
        let reading = Reading { stream: Stream::ServerSentEvents, leave, ..Reading::whole(PATIENCE) };
        assert_eq!(client.read("/", &reading).await, Ok(End::Left));
        assert_eq!(client.seen.events, 2);
        heard.await.unwrap();
    });
}

#[test]
fn a_client_leaves_after_a_time_before_the_headers_and_in_the_body() {
    for head in ["", "HTTP/1.1 200 OK\r\n\r\nsome"] {
        run(async {
            let address = serve(move |mut peer| async move {
                peer.request().await;
                peer.write(head).await;
                peer.gone().await;
            });
            let mut client = Client::new(address.await);
            let reading = Reading { leave: Some(LeaveAfter::Time(SOON)), ..Reading::whole(PATIENCE) };
            assert_eq!(client.read("/", &reading).await, Ok(End::Left), "{head:?}");
        });
    }
}

#[test]
fn a_leave_that_would_come_after_the_timeout_is_none() {
    run(async {
        let address = serve(|mut peer| async move { peer.gone().await });
        let mut client = Client::new(address.await);
        let reading = Reading { leave: Some(LeaveAfter::Time(PATIENCE)), ..Reading::whole(SOON) };
        assert_eq!(client.fail(&reading).await.0, crate::driver::FailureClass::Timeout);
    });
}
