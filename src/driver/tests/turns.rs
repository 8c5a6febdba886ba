//! Turns against small servers: captures, expectations, retries, setup, tenants, secrets.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::super::{FOR_EVER, Seen};
use super::support::{
    Drive, OK, Then, capturing, closed, drive, json, open, plan, posting, profile, serve, setup, stage, step, template,
    tenants, write,
};
use crate::domain::traffic::Measure;
use crate::profile::{
    Capture, Expect, JsonExpectation, JsonTemplate, Keep, OnFailure, Profile, Ramp, ReportedLatency, Retry, Secret,
    SetupFor, StatusPattern, Step, Template, Think,
};
use crate::stats::latencies::Latencies;

const NOT_FOUND: &str = "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n";

/// A profile whose users pause after each turn, so that a test does not drive as fast as it can.
fn paced(steps: Vec<Step>) -> Profile {
    let mut profile = profile(steps);
    profile.classes[0].think = Think::Fixed(Duration::from_millis(20));
    profile
}

#[test]
fn what_a_step_captures_the_next_ones_send_with_its_type() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let address = serve(move |request, stream| {
        log.lock().unwrap().push((request.line.clone(), request.body.clone()));
        json(stream, "200 OK", r#"{"id":"s-1","count":7}"#)
    });
    let create = Step {
        captures: vec![("sid".into(), Capture::Json("$.id".into())), ("n".into(), Capture::Json("$.count".into()))],
        ..step("POST /sessions")
    };
    let turn = posting("POST /sessions/{{sid}}/turns", &[("n", "{{n}}"), ("text", "turn {{turn}} of {{user}}")]);
    let drove = drive(plan(address, paced(vec![create, turn]), closed(1)), 2);
    assert_eq!(drove.classes(), []);
    let seen = seen.lock().unwrap();
    assert_eq!(seen[1].0, "POST /sessions/s-1/turns HTTP/1.1");
    assert_eq!(
        (seen[1].1.as_str(), seen[3].1.as_str()),
        (r#"{"n":7,"text":"turn 1 of 0"}"#, r#"{"n":7,"text":"turn 2 of 0"}"#)
    );
    // The key is the template, however many sessions there are.
    let steps: Vec<_> = drove.windows().iter().filter_map(|window| window.step.clone()).collect();
    assert!(steps.contains(&"POST /sessions/{{sid}}/turns".to_owned()) && steps.len() <= 4, "{steps:?}");
}

#[test]
fn windows_add_up_to_the_summary() {
    let count = AtomicUsize::new(0);
    let address = serve(move |_, stream| match count.fetch_add(1, Ordering::Relaxed) % 3 {
        0 => write(stream, NOT_FOUND, Then::Keep),
        _ => write(stream, OK, Then::Keep),
    });
    let drove = drive(plan(address, profile(vec![step("GET /a"), step("GET /b")]), open(200.0, 50)), 300);
    let sum = |of: fn(&crate::domain::Window) -> u64, turns: bool| {
        drove.windows().iter().filter(|w| w.step.is_none() == turns).map(|w| of(w)).sum::<u64>()
    };
    let summary = &drove.summary;
    assert_eq!((sum(|w| w.requests, false), sum(|w| w.failed, false)), (summary.requests, summary.errors));
    assert_eq!((sum(|w| w.requests, true), sum(|w| w.failed, true)), (summary.turns, summary.turns_failed));
    assert!(summary.errors > 0 && summary.turns_failed > 0 && summary.requests > summary.turns);
    let mut merged = Latencies::new().unwrap();
    for window in drove.windows().iter().filter(|window| window.step.is_some()) {
        merged.merge(&Latencies::decode(&window.latencies[&Measure::Response]).unwrap());
    }
    let p95 = merged.quantile(0.95).unwrap().as_micros() as f64;
    assert!((p95 / summary.latency.unwrap().p95_us as f64 - 1.0).abs() < 0.002);
    assert_eq!(merged.count(), summary.requests);
}

#[test]
fn a_capture_that_fails_ends_the_turn_under_its_own_class_or_fails_what_needs_it() {
    let address = serve(|_, stream| json(stream, "200 OK", r#"{"other":1}"#));
    let steps = || vec![capturing("GET /a", "sid", "$.id"), step("GET /b/{{sid}}")];
    let drove = drive(plan(address, paced(steps()), closed(1)), 2);
    let turns = drove.summary.turns;
    assert_eq!(drove.classes(), [("capture sid", turns)]);
    assert_eq!((drove.summary.turns_failed, drove.summary.requests), (turns, turns));
    assert_eq!(drove.summary.failures[0].example, "nothing stands at $.id");

    let mut going_on = steps();
    going_on[0].on_failure = OnFailure::GoOn;
    let drove = drive(plan(address, paced(going_on), closed(1)), 2);
    let classes: Vec<&str> = drove.classes().iter().map(|(class, _)| *class).collect();
    assert_eq!(classes, ["capture sid", "variable sid"]);
    assert_eq!(drove.summary.turns_failed, drove.summary.turns);
}

#[test]
fn each_expectation_that_is_not_met_is_a_class_of_its_own() {
    let address = serve(|_, stream| {
        let body = r#"{"state":"done","items":[1,2],"latency_ms":5000,"score":0.5}"#;
        let length = body.len();
        write(
            stream,
            &format!("HTTP/1.1 200 OK\r\nx-cache: miss\r\ncontent-length: {length}\r\n\r\n{body}"),
            Then::Keep,
        )
    });
    let json_is = |path: &str, wanted| Expect { json: vec![(path.into(), wanted)], ..Expect::default() };
    let equals = |value: serde_json::Value| JsonExpectation::Equals(JsonTemplate::Plain(value));
    let header =
        |name: &str, value| Expect { headers: vec![(name.into(), Template::text(value))], ..Expect::default() };
    let reported = |within| Expect {
        reported_latency: Some(ReportedLatency { at: Capture::Json("$.latency_ms".into()), within, share: 0.2 }),
        ..Expect::default()
    };
    let statuses = |status| Expect { status: vec![status], ..Expect::default() };
    let cases = [
        (Expect::default(), None),
        (statuses(StatusPattern::Hundred(2)), None),
        (statuses(StatusPattern::Exactly(201)), Some("status 200")),
        (json_is("$.state", equals("done".into())), None),
        (json_is("$.state", equals("failed".into())), Some("expectation json $.state")),
        (json_is("$.items", JsonExpectation::AtLeast(3)), Some("expectation json $.items")),
        (json_is("$.score", JsonExpectation::Between(0.0, 1.0)), None),
        (json_is("$.error", JsonExpectation::Absent), None),
        (json_is("$.id", JsonExpectation::Exists), Some("expectation json $.id")),
        (header("x-cache", "*"), None),
        (header("x-cache", "hit"), Some("expectation header x-cache")),
        (header("etag", "*"), Some("expectation header etag")),
        (Expect { body_bytes: Some((100, 200)), ..Expect::default() }, Some("expectation body size")),
        (reported(Duration::from_millis(50)), Some("expectation reported latency")),
        (reported(Duration::from_secs(6)), None),
        (Expect { failure: Some("timeout".into()), ..Expect::default() }, Some("expectation failure")),
    ];
    // All of them in one turn, each under a name of its own.
    let steps = cases.iter().enumerate().map(|(number, (expect, _))| Step {
        name: format!("case {number}"),
        expect: expect.clone(),
        on_failure: OnFailure::GoOn,
        ..step("GET /")
    });
    let drove = drive(plan(address, paced(steps.collect()), closed(1)), 1);
    for (number, (expect, class)) in cases.iter().enumerate() {
        let name = format!("case {number}");
        let line = drove.failed().into_iter().find(|line| line.step == name);
        assert_eq!(line.and_then(|line| line.failure.as_deref()), *class, "{expect:?}");
        // The answer's texts are not repeated: they may be secrets.
        assert!(line.is_none_or(|line| !line.story.contains("done")), "{line:?}");
    }
}

#[test]
fn a_step_is_tried_again_after_its_backoff_and_the_attempts_are_counted() {
    let arrivals = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&arrivals);
    let address = serve(move |_, stream| {
        let mut arrivals = log.lock().unwrap();
        arrivals.push(Instant::now());
        let is_third = arrivals.len() % 3 == 0;
        let down = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n";
        write(stream, if is_third { OK } else { down }, Then::Keep)
    });
    let retry = Retry { attempts: 3, backoff: Duration::from_millis(40), jitter: 0.0, ..Retry::default() };
    let drove = drive(plan(address, paced(vec![Step { retry, ..step("GET /") }]), closed(1)), 2);
    let summary = &drove.summary;
    assert_eq!(summary.turns_failed, 0);
    // The end may have cut a turn off between its attempts.
    let cut = summary.errors - 2 * summary.turns;
    assert!(cut <= 2 && summary.errors - summary.retried <= 1, "{summary:?}");
    assert_eq!(summary.requests, 3 * summary.turns + cut);
    let arrivals = arrivals.lock().unwrap();
    let between = |index: usize| arrivals[index + 1] - arrivals[index];
    assert!(between(0) >= Duration::from_millis(40) && between(1) >= Duration::from_millis(80));
}

#[test]
fn being_put_off_is_neither_error_nor_success_and_the_server_s_wish_is_respected() {
    let arrivals = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&arrivals);
    let address = serve(move |_, stream| {
        let mut arrivals = log.lock().unwrap();
        arrivals.push(Instant::now());
        let busy = "HTTP/1.1 429 Too Many Requests\r\nretry-after: 1\r\ncontent-length: 0\r\n\r\n";
        write(stream, if arrivals.len() == 1 { busy } else { OK }, Then::Keep)
    });
    let retry = Retry { attempts: 2, backoff: Duration::from_millis(1), ..Retry::default() };
    let drove = drive(plan(address, paced(vec![Step { retry, ..step("GET /") }]), closed(1)), 1);
    let summary = &drove.summary;
    assert_eq!((summary.limited, summary.retried, summary.errors, summary.turns_failed), (1, 1, 0, 0));
    let arrivals = arrivals.lock().unwrap();
    assert!(arrivals[1] - arrivals[0] >= Duration::from_secs(1), "{:?}", arrivals[1] - arrivals[0]);
}

#[test]
fn a_timeout_that_is_meant_is_no_failure() {
    let address = serve(|_, _| Then::Keep);
    let expect = Expect { failure: Some("timeout".into()), ..Expect::default() };
    let slow = Step { expect, timeout: Duration::from_millis(50), ..step("GET /slow") };
    let drove = drive(plan(address, profile(vec![slow]), closed(1)), 2);
    assert_eq!((drove.summary.errors, drove.classes()), (0, vec![]));
    assert!(drove.summary.latency.unwrap().p50_us >= 50_000);
}

/// A server whose sessions belong to tenants, and which gives them to anybody where it `leaks`.
fn tenancy(leaks: bool) -> std::net::SocketAddr {
    let next = AtomicU64::new(0);
    serve(move |request, stream| {
        let tenant = &request.headers["x-tenant"];
        match request.path().strip_prefix("/sessions/") {
            None => {
                json(stream, "201 Created", &format!(r#"{{"id":"{tenant}-{}"}}"#, next.fetch_add(1, Ordering::Relaxed)))
            }
            Some(id) if leaks || id.starts_with(tenant.as_str()) => write(stream, OK, Then::Keep),
            Some(_) => write(stream, NOT_FOUND, Then::Keep),
        }
    })
}

#[test]
fn a_canary_is_green_where_tenants_are_kept_apart_and_red_where_they_are_not() {
    for leaks in [false, true] {
        let refused = [StatusPattern::Exactly(403), StatusPattern::Exactly(404)];
        let canary = Step {
            name: "canary".into(),
            expect: Expect { status: refused.into(), ..Expect::default() },
            ..step("GET /sessions/{{other.sid}}")
        };
        let mut profile = paced(vec![capturing("POST /sessions", "sid", "$.id"), canary]);
        profile.tenants = tenants(&["anna", "bert"]);
        profile.connection.headers = vec![("x-tenant".into(), template("{{tenant}}"))];
        let drove = drive(plan(tenancy(leaks), profile, closed(4)), 20);
        let asked: u64 =
            drove.windows().iter().filter(|w| w.step.as_deref() == Some("canary")).map(|w| w.requests).sum();
        assert!(asked > 0);
        assert_eq!(drove.summary.errors, if leaks { asked } else { 0 });
        // Before anybody else had a session there was nothing to ask for.
        assert!(drove.summary.skipped >= 1);
    }
}

#[test]
fn a_user_logs_in_once_and_its_token_is_sent_and_never_shown() {
    let logins = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&logins);
    let address = serve(move |request, stream| {
        if request.path() == "/login" {
            assert_eq!(request.body, r#"{"password":"pa55word"}"#);
            counted.fetch_add(1, Ordering::Relaxed);
            return json(stream, "200 OK", r#"{"token":"t0ken-s3cret"}"#);
        }
        assert_eq!(request.headers["authorization"], "Bearer t0ken-s3cret");
        // A server that repeats secrets in its status line.
        write(stream, "HTTP/1.1 500 t0ken-s3cret\r\ncontent-length: 0\r\n\r\n", Then::Keep)
    });
    let login = Step {
        body: crate::profile::Body::Json(JsonTemplate::Object(vec![(
            "password".into(),
            JsonTemplate::Text(Template {
                source: "${PASSWORD}".into(),
                pieces: vec![crate::profile::Piece::Secret(Secret::new("pa55word".into()))],
            }),
        )])),
        ..capturing("POST /login", "token", "$.token")
    };
    let get = Step {
        headers: vec![("authorization".into(), template("Bearer {{token}}"))],
        ..step("GET /notes/{{token}}?key={{token}}")
    };
    let mut profile = paced(vec![get]);
    profile.setup = setup(SetupFor::User, vec![login]);
    profile.secrets = vec![Secret::new("pa55word".into())];
    let drove = drive(plan(address, profile, closed(2)), 6);
    assert_eq!(logins.load(Ordering::Relaxed), 2);
    assert_eq!(drove.failed()[0].request, "GET /notes/***?key=***");
    let told = format!("{:?} {:?}", drove.seen, drove.summary);
    assert!(!told.contains("t0ken") && !told.contains("pa55word"), "{told}");
}

#[test]
fn a_login_that_fails_for_everybody_does_not_spin_and_is_told_once() {
    let logins = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&logins);
    let address = serve(move |_, stream| {
        counted.fetch_add(1, Ordering::Relaxed);
        write(stream, "HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n", Then::Keep)
    });
    let mut profile = profile(vec![step("GET /")]);
    profile.setup = setup(SetupFor::User, vec![step("POST /login")]);
    let mut run = Drive::real(plan(address, profile, closed(5)));
    run.wait_for_tick(|tick| tick.at.as_secs_f64() >= 3.0);
    let drove = run.stop();
    // Five users, within three seconds at most after 0, 0.5, 1.5 s and once more.
    assert!((5..=20).contains(&logins.load(Ordering::Relaxed)), "{logins:?}");
    assert_eq!((drove.summary.turns, drove.classes()[0].0), (0, "status 401"));
    let [note] = drove.notes()[..] else { panic!("{:?}", drove.notes()) };
    assert!(note.contains("setup of user") && note.contains("status 401"), "{note}");
}

#[test]
fn setup_for_all_and_for_tenants_comes_before_the_first_turn_and_its_values_go_to_their_users() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let address = serve(move |request, stream| {
        log.lock().unwrap().push(request.path().to_owned());
        json(stream, "200 OK", &format!(r#"{{"id":"{}"}}"#, request.path().replace('/', "")))
    });
    let mut profile = paced(vec![step("GET /turn/{{all}}/{{own}}")]);
    profile.tenants = tenants(&["anna", "bert"]);
    profile.setup = setup(SetupFor::All, vec![capturing("POST /project", "all", "$.id")]);
    profile.setup.extend(setup(SetupFor::Tenant, vec![capturing("POST /login-{{tenant}}", "own", "$.id")]));
    let drove = drive(plan(address, profile, closed(2)), 6);
    assert_eq!(drove.classes(), []);
    let seen = seen.lock().unwrap();
    assert_eq!(seen[0], "/project");
    let count = |path: &str| seen.iter().filter(|seen| *seen == path).count();
    assert_eq!((count("/project"), count("/login-anna"), count("/login-bert")), (1, 1, 1));
    assert!(count("/turn/project/login-anna") > 0 && count("/turn/project/login-bert") > 0);
    let phases = drove
        .seen
        .iter()
        .filter_map(|seen| if let Seen::Phase { name, .. } = seen { Some(name.as_str()) } else { None });
    assert_eq!(phases.collect::<Vec<_>>(), ["setup", "steady"]);
}

#[test]
fn ten_thousand_urls_are_one_key() {
    let address = serve(|_, stream| write(stream, OK, Then::Keep));
    let mut many = step("GET /items/{{turn}}-{{repeat}}");
    many.repeat = 100;
    let drove = drive(plan(address, profile(vec![many]), closed(4)), 100);
    assert!(drove.summary.requests >= 10_000);
    assert!(drove.windows().len() <= 8, "{}", drove.windows().len());
}

#[test]
fn connections_are_kept_by_each_user_or_fresh_for_each_turn() {
    for (keep, is_fresh) in [(Keep::Alive, false), (Keep::PerTurn, true)] {
        let connections = Arc::new(Mutex::new(std::collections::BTreeSet::new()));
        let log = Arc::clone(&connections);
        let address = serve(move |request, stream| {
            log.lock().unwrap().insert(request.connection);
            write(stream, OK, Then::Keep)
        });
        let mut profile = paced(vec![step("GET /a"), step("GET /b")]);
        profile.connection.keep = keep;
        let drove = drive(plan(address, profile, closed(3)), 12);
        let connections = connections.lock().unwrap().len() as u64;
        if is_fresh {
            // The last turns may have been cut off.
            assert!((drove.summary.turns..=drove.summary.turns + 3).contains(&connections), "{connections}");
        } else {
            assert_eq!(connections, 3);
        }
    }
}

#[test]
fn a_target_that_comes_up_late_is_waited_for_and_one_that_does_not_is_told() {
    let address = serve(|_, stream| write(stream, OK, Then::Keep));
    let mut ready = plan(address, profile(vec![step("GET /")]), open(50.0, 4));
    ready.wait_ready = Duration::from_secs(20);
    let drove = drive(ready, 3);
    assert_eq!((drove.notes().len(), drove.summary.errors), (0, 0));

    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut down = plan(gone, profile(vec![step("GET /")]), open(50.0, 4));
    down.wait_ready = Duration::from_millis(300);
    let drove = drive(down, 3);
    let [note] = drove.notes()[..] else { panic!("{:?}", drove.notes()) };
    assert!(note.contains("has not answered for 300ms (connect refused"), "{note}");
    assert_eq!(drove.classes()[0].0, "connect refused");
}

#[test]
fn the_log_of_failed_requests_ends_at_its_bound_and_says_so() {
    let address = serve(|_, stream| write(stream, NOT_FOUND, Then::Keep));
    let drove = drive(plan(address, profile(vec![step("GET /")]), closed(2)), 1100);
    assert_eq!(drove.failed().len(), super::super::LOG_LINES as usize);
    assert!(drove.notes()[0].contains("1000 lines"), "{:?}", drove.notes());
}

#[test]
fn slow_requests_are_kept_and_quick_ones_are_not() {
    let address = serve(|request, stream| {
        if request.path() == "/slow" {
            std::thread::sleep(Duration::from_millis(300));
        }
        write(stream, OK, Then::Keep)
    });
    let mut profile = profile(vec![step("GET /quick"), step("GET /slow")]);
    profile.slow_after = Some(Duration::from_millis(250));
    let drove = drive(plan(address, profile, closed(1)), 2);
    let slow: Vec<_> =
        drove.seen.iter().filter_map(|seen| if let Seen::Slow(line) = seen { Some(line) } else { None }).collect();
    assert!(slow.len() as u64 >= drove.summary.turns);
    let line = slow.iter().find(|line| line.step == "GET /slow").unwrap();
    assert_eq!((line.status, line.failure.as_deref()), (Some(200), None));
    assert!(line.response_us >= 300_000);
}

#[test]
fn an_answer_that_is_left_in_the_middle_is_counted_as_left() {
    let written = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&written);
    let address = serve(move |_, stream| {
        write(stream, "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n", Then::Keep);
        loop {
            count.fetch_add(1, Ordering::SeqCst);
            if write(stream, "data: x\n\n", Then::Keep) == Then::Close {
                return Then::Close;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    });
    let events = Step {
        stream: crate::profile::Stream::ServerSentEvents,
        leave: Some(crate::profile::Leave { after: crate::profile::LeaveAfter::Events(3), share: 1.0 }),
        ..step("GET /events")
    };
    let drove = drive(plan(address, paced(vec![events]), closed(1)), 3);
    assert_eq!((drove.summary.left, drove.summary.errors), (drove.summary.requests, 0));
    let events: u64 = drove.windows().iter().map(|window| window.events).sum();
    // Several may come in one piece where the driver had to wait for its turn.
    assert!(
        (3 * drove.summary.left..=written.load(Ordering::SeqCst)).contains(&events),
        "{events} {:?}",
        drove.summary
    );
}

#[test]
fn a_stage_without_end_outlasts_any_run() {
    let steady = closed(1);
    assert_eq!(super::super::load::Load::new(&steady).length(), None);
    let mut short = closed(1);
    short.stages = vec![stage("a", 2.0, 1.0, Ramp::Linear), stage("b", 3.0, 1.0, Ramp::Jump)];
    assert_eq!(super::super::load::Load::new(&short).length(), Some(Duration::from_secs(5)));
    assert!(FOR_EVER > Duration::from_hours(24 * 365));
}
