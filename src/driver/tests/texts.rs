//! Profiles as people write them, read and driven: bodies, captures, cookies, data, tenants, expectations.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use super::super::failures::FailureClass;
use super::support::{Drove, OK, Request, Then, closed, drive, json, plan, read, serve, write};
use crate::profile::{ANSWER_FAILURES, WAY_FAILURES};

type Log = Arc<Mutex<Vec<Request>>>;

/// A server that writes down what it is asked, and answers every request alike.
fn logging(answer: &'static str) -> (SocketAddr, Log) {
    let log = Log::default();
    let kept = Arc::clone(&log);
    let address = serve(move |request, stream| {
        kept.lock().unwrap().push(request.clone());
        write(stream, answer, Then::Keep)
    });
    (address, log)
}

/// Drives a server by a profile with so many users until enough turns have ended.
fn drive_text(address: SocketAddr, text: &str, users: u32, enough: u64) -> Drove {
    drive(plan(address, read(&format!("think = \"20ms\"\n{text}")), closed(users)), enough)
}

#[test]
fn forms_are_encoded_and_raw_bodies_are_sent_as_they_are() {
    let (address, log) = logging(OK);
    let text = r#"
        [[step]]
        post = "/form"
        form = { name = "a b&c=d", turn = "{{turn}}" }
        [[step]]
        post = "/raw"
        headers = { content-type = "text/csv" }
        body = "a,{{user}}\n"
    "#;
    assert_eq!(drive_text(address, text, 1, 2).classes(), []);
    let log = log.lock().unwrap();
    let sent = |request: &Request| (request.body.clone(), request.headers["content-type"].clone());
    assert_eq!(sent(&log[0]), ("name=a+b%26c%3Dd&turn=1".into(), "application/x-www-form-urlencoded".into()));
    assert_eq!(sent(&log[1]), ("a,0\n".into(), "text/csv".into()));
    assert_eq!(sent(&log[2]).0, "name=a+b%26c%3Dd&turn=2");
}

#[test]
fn headers_and_cookies_are_captured_and_one_that_is_missing_is_named() {
    let answer = "HTTP/1.1 200 OK\r\nX-Id: h-7\r\nset-cookie: sid=\"c-9\"; HttpOnly\r\ncontent-length: 0\r\n\r\n";
    let text = r#"
        [[step]]
        get = "/first"
        capture = { h = "header x-id", c = "cookie sid" }
        [[step]]
        get = "/next/{{h}}/{{c}}"
    "#;
    let (address, log) = logging(answer);
    assert_eq!(drive_text(address, text, 1, 1).classes(), []);
    assert_eq!(log.lock().unwrap()[1].path(), "/next/h-7/c-9");

    let (address, log) = logging("HTTP/1.1 200 OK\r\nX-Id: h-7\r\ncontent-length: 0\r\n\r\n");
    let drove = drive_text(address, text, 1, 2);
    assert_eq!(drove.classes(), [("capture c", drove.summary.errors)]);
    assert_eq!(drove.summary.failures[0].example, "no cookie sid is set");
    assert!(log.lock().unwrap().iter().all(|request| request.path() == "/first"));
}

#[test]
fn cookies_come_back_or_are_ignored_as_the_profile_says() {
    for (cookies, expected) in [("keep", Some("sid=1")), ("ignore", None)] {
        let (address, log) = logging("HTTP/1.1 200 OK\r\nset-cookie: sid=1; Path=/\r\ncontent-length: 0\r\n\r\n");
        let text = format!("get = \"/\"\n[target]\ncookies = \"{cookies}\"");
        drive_text(address, &text, 1, 3);
        let log = log.lock().unwrap();
        assert_eq!(log[0].headers.get("cookie"), None);
        assert!(log[1..].iter().all(|request| request.headers.get("cookie").map(String::as_str) == expected));
    }
}

#[test]
fn cookies_that_a_setup_is_given_go_to_its_users() {
    let log = Log::default();
    let kept = Arc::clone(&log);
    let address = serve(move |request, stream| {
        kept.lock().unwrap().push(request.clone());
        let cookie = request
            .path()
            .strip_prefix("/set/")
            .map_or(String::new(), |pair| format!("set-cookie: {pair}; Path=/\r\n"));
        write(stream, &format!("HTTP/1.1 200 OK\r\n{cookie}content-length: 0\r\n\r\n"), Then::Keep)
    });
    let text = r#"
        get = "/turn"
        [[tenant]]
        name = "anna"
        [[tenant]]
        name = "bert"
        [[setup]]
        run = "once"
        [[setup.step]]
        get = "/set/all=1"
        [[setup]]
        run = "tenant"
        [[setup.step]]
        get = "/set/own={{tenant}}"
        [[setup]]
        run = "user"
        [[setup.step]]
        get = "/set/user={{user}}"
    "#;
    assert_eq!(drive_text(address, text, 3, 12).classes(), []);
    let log = log.lock().unwrap();
    let sent = |path: &str| -> BTreeSet<String> {
        let to = log.iter().filter(|request| request.path().starts_with(path));
        to.map(|request| request.headers.get("cookie").cloned().unwrap_or_default()).collect()
    };
    let expected = ["all=1; own=anna; user=0", "all=1; own=anna; user=2", "all=1; own=bert; user=1"];
    assert_eq!(sent("/turn"), expected.map(str::to_owned).into());
    assert_eq!(sent("/set/own"), BTreeSet::from(["all=1".to_owned()]));
}

#[test]
fn a_table_gives_its_rows_in_turn_at_random_or_one_to_each_user() {
    let (address, log) = logging(OK);
    let rows = "rows = [{ v = 1 }, { v = 2 }, { v = 3 }]";
    let text = format!(
        "get = \"/{{{{next.v}}}}/{{{{any.v}}}}/{{{{own.v}}}}/{{{{user}}}}\"\n[data.next]\n{rows}\n\
         [data.any]\n{rows}\npick = \"random\"\n[data.own]\n{rows}\npick = \"per user\""
    );
    assert_eq!(drive_text(address, &text, 1, 30).classes(), []);
    let paths: Vec<Vec<u64>> = {
        let log = log.lock().unwrap();
        log.iter().map(|request| request.path()[1..].split('/').map(|part| part.parse().unwrap()).collect()).collect()
    };
    for (turn, path) in paths.iter().enumerate() {
        assert_eq!((path[0], path[2], path[3]), (turn as u64 % 3 + 1, 1, 0), "{paths:?}");
    }
    assert_eq!(paths.iter().map(|path| path[1]).collect::<BTreeSet<_>>(), BTreeSet::from([1, 2, 3]));

    let (address, log) = logging(OK);
    drive_text(address, &text, 4, 40);
    let log = log.lock().unwrap();
    let owned: BTreeSet<String> =
        log.iter().map(|request| request.path().splitn(4, '/').nth(3).unwrap().to_owned()).collect();
    assert_eq!(owned, ["1/0", "2/1", "3/2", "1/3"].map(str::to_owned).into(), "user 3 has the row of user 0");
}

#[test]
fn a_reported_latency_is_held_to_the_measured_one() {
    for (lie_ms, expected) in [(0, None), (10_000, Some("expectation reported latency"))] {
        let address = serve(move |_, stream| {
            let asked = Instant::now();
            thread::sleep(Duration::from_millis(100));
            let took = asked.elapsed().as_millis() as u64 + lie_ms;
            write(stream, &format!("HTTP/1.1 200 OK\r\nx-took: {took}\r\ncontent-length: 0\r\n\r\n"), Then::Keep)
        });
        let text = r#"
            [[step]]
            get = "/"
            expect = { latency = { at = "header x-took", within = "2s" } }
        "#;
        let drove = drive_text(address, text, 1, 3);
        assert_eq!(drove.classes().first().map(|(class, _)| *class), expected);
    }
}

#[test]
fn a_step_that_is_to_fail_is_red_where_it_does_not() {
    let text =
        |failure: &str| format!("[[step]]\nget = \"/\"\ntimeout = \"100ms\"\nexpect = {{ failure = \"{failure}\" }}");
    let hanging = || serve(|_, _| Then::Keep);
    assert_eq!(drive_text(hanging(), &text("timeout"), 1, 2).classes(), []);
    assert_eq!(drive_text(hanging(), &text("connection lost"), 1, 2).classes()[0].0, "timeout");
    let busy = "HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n";
    assert_eq!(drive_text(logging(busy).0, &text("status 503"), 1, 2).classes(), []);
    assert_eq!(drive_text(logging(busy).0, &text("timeout"), 1, 2).classes()[0].0, "expectation failure");
    assert_eq!(drive_text(logging(OK).0, &text("status 503"), 1, 2).classes()[0].0, "expectation failure");
}

#[test]
fn an_answer_is_left_after_so_many_events_or_so_much_time() {
    for after in ["3 events", "50ms"] {
        let address = serve(|_, stream| {
            write(stream, "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n", Then::Keep);
            while write(stream, "data: x\n\n", Then::Keep) == Then::Keep {
                thread::sleep(Duration::from_millis(2));
            }
            Then::Close
        });
        let text =
            format!("[[step]]\nget = \"/\"\nstream = \"events\"\nleave = {{ after = \"{after}\", share = \"100%\" }}");
        let drove = drive_text(address, &text, 1, 3);
        assert_eq!((drove.summary.left, drove.summary.errors), (drove.summary.requests, 0), "{after}");
    }
}

#[test]
fn a_canary_of_a_written_profile_is_red_where_a_tenant_s_data_leak() {
    let text = r#"
        [[tenant]]
        name = "acme"
        vars = { key = "a" }
        [[tenant]]
        name = "globex"
        vars = { key = "b" }
        [target]
        headers = { x-api-key = "{{tenant.key}}" }
        [[step]]
        name = "store"
        post = "/docs"
        json = { text = "of {{tenant}}" }
        capture = { id = "$.id" }
        [[step]]
        name = "canary"
        get = "/docs/{{other.id}}"
        expect = [403, 404]
    "#;
    for leaks in [false, true] {
        let next = AtomicU64::new(0);
        let address = serve(move |request, stream| {
            let key = &request.headers["x-api-key"];
            match request.path().strip_prefix("/docs/") {
                None => json(
                    stream,
                    "201 Created",
                    &format!("{{\"id\":\"{key}{}\"}}", next.fetch_add(1, Ordering::Relaxed)),
                ),
                Some(id) if leaks || id.starts_with(key.as_str()) => write(stream, OK, Then::Keep),
                Some(_) => json(stream, "403 Forbidden", "{}"),
            }
        });
        let drove = drive_text(address, text, 4, 20);
        let canary = drove.windows().into_iter().filter(|window| window.step.as_deref() == Some("canary"));
        let (asked, failed) = canary.fold((0, 0), |sum, window| (sum.0 + window.requests, sum.1 + window.failed));
        assert!(asked > 0);
        assert_eq!((failed, drove.summary.errors), if leaks { (asked, asked) } else { (0, 0) });
    }
}

#[test]
fn what_is_not_there_yet_is_asked_for_again_where_the_profile_says_so() {
    let asked = AtomicU64::new(0);
    let address = serve(move |_, stream| {
        let is_done = asked.fetch_add(1, Ordering::Relaxed) % 3 == 2;
        json(stream, "200 OK", &format!("{{\"done\":{is_done}}}"))
    });
    let text = r#"
        [[step]]
        get = "/job"
        expect = { json = { "$.done" = true } }
        retry = { attempts = 3, backoff = "1ms", on = ["expectation"] }
    "#;
    let drove = drive_text(address, text, 1, 3);
    let summary = &drove.summary;
    assert_eq!(summary.turns_failed, 0, "{summary:?}");
    assert!(summary.retried >= 2 * summary.turns, "{summary:?}");
}

#[test]
fn the_failures_that_a_profile_may_name_are_those_that_the_driver_counts() {
    let mut counted = BTreeSet::new();
    let mut class = Some(FailureClass::ConnectRefused);
    while let Some(this) = class {
        // Each names the next, so that none can be forgotten.
        class = match this {
            FailureClass::ConnectRefused => Some(FailureClass::NameLookup),
            FailureClass::NameLookup => Some(FailureClass::Connect),
            FailureClass::Connect => Some(FailureClass::Tls),
            FailureClass::Tls => Some(FailureClass::Timeout),
            FailureClass::Timeout => Some(FailureClass::ConnectionLost),
            FailureClass::ConnectionLost => Some(FailureClass::Protocol),
            FailureClass::Protocol => Some(FailureClass::Status(503)),
            FailureClass::Status(_) => None,
        };
        counted.insert(this.to_string());
    }
    let named = WAY_FAILURES.map(str::to_owned).into_iter().chain(["status 503".to_owned()]).collect();
    assert_eq!(counted, named);
    let documented = include_str!("../../../docs/profiles.md");
    for name in WAY_FAILURES.into_iter().chain(ANSWER_FAILURES).chain(["status 503"]) {
        assert!(documented.contains(&format!("`{name}`")), "{name}");
        read(&format!("[[step]]\nget = \"/\"\nretry = {{ attempts = 2, on = [\"{name}\"] }}"));
    }
}
