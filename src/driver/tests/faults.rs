//! Servers that misbehave, each driven by a written profile: every fault is a class with a count and an example, and the
//! run goes on.

use std::io::{BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::thread;
use std::time::Duration;

use super::support::{Drive, OK, Then, closed, drive, plan, read, read_request, serve, write};

const TEXT: &str = "think = \"20ms\"\n[[step]]\nget = \"/\"\ntimeout = \"300ms\"";

/// The only class of failure of some turns.
fn class_of(address: SocketAddr) -> String {
    let drove = drive(plan(address, read(TEXT), closed(2)), 6);
    let [failure] = drove.summary.failures.as_slice() else { panic!("{:?}", drove.summary) };
    assert_eq!(failure.count, drove.summary.requests, "{failure:?}");
    assert!(failure.count >= 6 && !failure.example.is_empty(), "{failure:?}");
    failure.class.clone()
}

/// A server that cuts each connection off with what it was sent unread, which resets it.
fn resetting() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            stream.unwrap().read_exact(&mut [0]).unwrap();
        }
    });
    address
}

/// An address at which nobody listens any more.
fn gone() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

#[test]
fn each_fault_of_a_server_is_a_class_of_its_own_and_the_run_goes_on() {
    let always = |answer: &'static str| serve(move |_, stream| write(stream, answer, Then::Close));
    for (address, class) in [
        (always("\u{1}\u{2}garbage\r\n\r\n"), "not HTTP"),
        (always("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n"), "not HTTP"),
        (always(""), "connection lost"),
        (always("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf"), "connection lost"),
        (resetting(), "connection lost"),
        (serve(|_, _| Then::Keep), "timeout"),
        (always("HTTP/1.1 500 Oh\r\ncontent-length: 0\r\n\r\n"), "status 500"),
        (gone(), "connect refused"),
    ] {
        assert_eq!(class_of(address), class);
    }
}

#[test]
fn a_body_without_end_is_cut_by_the_timeout() {
    let address = serve(|_, stream| {
        write(stream, "HTTP/1.1 200 OK\r\n\r\n", Then::Keep);
        while stream.write_all(&[0; 8192]).is_ok() {}
        Then::Close
    });
    assert_eq!(class_of(address), "timeout");
}

#[test]
fn a_redirect_is_counted_and_not_followed_and_where_it_is_expected_it_is_nothing_special() {
    let moved = "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.2:9/\r\ncontent-length: 0\r\n\r\n";
    for (expect, is_redirected) in [("", true), ("\nexpect = 302", false)] {
        let address = serve(move |_, stream| write(stream, moved, Then::Keep));
        let summary = drive(plan(address, read(&format!("{TEXT}{expect}")), closed(1)), 3).summary;
        assert_eq!((summary.errors, summary.redirects), (0, if is_redirected { summary.requests } else { 0 }));
    }
}

#[test]
fn a_server_that_dies_on_the_way_is_told_by_its_class_and_found_again_when_it_is_back() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let answering = thread::spawn(move || {
        let mut stream = listener.accept().unwrap().0;
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        for _ in 0..5 {
            read_request(&mut reader).unwrap();
            write(&mut stream, OK, Then::Keep);
        }
    });
    let mut run = Drive::real(plan(address, read(TEXT), closed(1)));
    answering.join().unwrap();
    let before = run.wait_for_tick(|tick| tick.errors >= 3);
    let back = TcpListener::bind(address).unwrap();
    thread::spawn(move || {
        for stream in back.incoming() {
            let mut stream = stream.unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            while read_request(&mut reader).is_some() && write(&mut stream, OK, Then::Keep) == Then::Keep {}
        }
    });
    run.wait_for_tick(|tick| tick.turns - tick.errors >= before.turns - before.errors + 3);
    let drove = run.stop();
    let refused = drove.summary.failures.iter().find(|failure| failure.class == "connect refused").unwrap();
    assert!(refused.count >= 2 && !refused.example.is_empty(), "{refused:?}");
    for (class, _) in drove.classes() {
        assert!(["connect refused", "connection lost"].contains(&class), "{class}");
    }
}

#[test]
fn a_profile_whose_target_is_down_at_the_start_says_so_once_and_counts_what_fails() {
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut down = plan(gone, read(TEXT), closed(2));
    down.wait_ready = Duration::from_millis(200);
    let drove = drive(down, 4);
    let [note] = drove.notes()[..] else { panic!("{:?}", drove.notes()) };
    assert!(note.contains("has not answered for 200ms (connect refused"), "{note}");
    assert_eq!(drove.classes(), [("connect refused", drove.summary.requests)]);
}
