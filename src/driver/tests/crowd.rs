//! Users that come, pause and leave, on a clock that the test moves; and servers whose own clock is the truth.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use super::super::Seen;
use super::support::{Drive, OK, SteppedClock, Then, closed, drive, open, plan, profile, serve, stage, step, write};
use crate::clock::Clock;
use crate::domain::traffic::{Measure, Window};
use crate::domain::{Elapsed, TrafficTick};
use crate::profile::{Class, Flow, Mix, Ramp, Stream, Think};
use crate::stats::latencies::Latencies;

/// Moves the clock on in tenths of a second until a tick fulfils `wanted`.
fn advance(clock: &SteppedClock, drive: &mut Drive, wanted: impl Fn(&TrafficTick) -> bool) -> TrafficTick {
    loop {
        drive.advance(clock, Duration::from_millis(100), || 0);
        if let Some(Seen::Tick(tick)) = drive.kept.last()
            && wanted(tick)
        {
            return tick.clone();
        }
    }
}

#[test]
fn users_come_and_go_with_the_stages_and_each_stage_is_a_phase() {
    let address = serve(|_, stream| write(stream, OK, Then::Keep));
    let mut scenario = closed(1);
    scenario.stages = vec![
        stage("ramp up", 10.0, 5.0, Ramp::Linear),
        stage("steady", 5.0, 5.0, Ramp::Jump),
        stage("calm", 5.0, 2.0, Ramp::Jump),
    ];
    let mut profile = profile(vec![step("GET /")]);
    profile.classes[0].think = Think::Fixed(Duration::from_secs(1));
    let clock = Arc::new(SteppedClock::default());
    let mut crowd = Drive::start(plan(address, profile, scenario), Arc::clone(&clock) as Arc<dyn Clock>);
    crowd.advance(&clock, Duration::ZERO, || 0);
    let users_at =
        |drive: &mut Drive, second: f64| advance(&clock, drive, |tick| tick.at.as_secs_f64() >= second).users;
    assert_eq!(users_at(&mut crowd, 5.0), 3);
    assert_eq!(users_at(&mut crowd, 12.0), 5);
    assert_eq!(users_at(&mut crowd, 18.0), 2);
    let over = users_at(&mut crowd, 23.0);
    assert_eq!(over, 2, "the last target is held");
    let drove = crowd.stop();
    let phases: Vec<_> = drove
        .seen
        .iter()
        .filter_map(|seen| {
            if let Seen::Phase { name, at, .. } = seen { Some((name.as_str(), at.as_secs_f64().round())) } else { None }
        })
        .collect();
    assert_eq!(phases, [("ramp up", 0.0), ("steady", 10.0), ("calm", 15.0)]);
    assert_eq!(drove.seen.iter().filter(|seen| **seen == Seen::Over).count(), 1);
    for window in drove.windows() {
        let (from, to) = match window.phase.as_str() {
            "ramp up" => (0.0, 10.1),
            "steady" => (9.9, 15.1),
            _ => (14.9, 25.0),
        };
        assert!(window.from_s >= from && window.to_s <= to, "{window:?}");
    }
    assert_eq!((drove.summary.errors, drove.summary.waited), (0, 0));
}

#[test]
fn each_class_comes_in_two_of_four_spells_and_every_window_lies_in_one() {
    const SPELL_S: f64 = 2.0;
    const USERS: u32 = 4;
    let address = serve(|_, stream| write(stream, OK, Then::Keep));
    let mut scenario = closed(USERS);
    scenario.mix = Mix::Spells { length: Some(Duration::from_secs(2)) };
    let mut profile = profile(vec![step("GET /a")]);
    profile.flows.push(Flow { name: "other".into(), steps: vec![step("GET /b")] });
    profile.classes[0].think = Think::Fixed(Duration::from_millis(200));
    profile.classes.push(Class { name: "other".into(), flow: "other".into(), ..profile.classes[0].clone() });
    let clock = Arc::new(SteppedClock::default());
    let mut crowd = Drive::start(plan(address, profile, scenario), Arc::clone(&clock) as Arc<dyn Clock>);
    crowd.advance(&clock, Duration::ZERO, || 0);
    advance(&clock, &mut crowd, |tick| tick.at.as_secs_f64() >= 24.0);
    let drove = crowd.stop();
    let number = |at_s: f64| (at_s / SPELL_S).floor() as usize;
    let mut came = [[false; 12]; 2];
    // The last, which the end cuts off at once, has no length.
    let counted = |window: &&&Window| window.step.is_some() && window.from_s < 24.0 && window.to_s <= 24.0;
    for window in drove.windows().iter().filter(counted) {
        assert_eq!(number(window.from_s), number(window.to_s - 0.01), "{window:?}");
        // What each user had under way when the spell before ended may be answered in this one.
        came[usize::from(window.class == "other")][number(window.from_s)] |= window.requests > u64::from(USERS);
    }
    for four in came.iter().flat_map(|spells| spells.chunks(4)) {
        assert_eq!(four.iter().filter(|came| **came).count(), 2, "{came:?}");
    }
    assert_ne!(came[0], came[1]);
    assert_eq!(drove.summary.errors, 0);
}

#[test]
fn a_stall_of_a_second_in_ten_is_in_every_figure_to_the_thousandth() {
    const STALLS: [u64; 2] = [5, 15];
    let clock = Arc::new(SteppedClock::default());
    let stalled_until = |now: Elapsed| {
        let second = now.since_start().as_secs();
        STALLS.contains(&second).then(|| Elapsed::from_secs_f64(second as f64 + 1.0))
    };
    // How many requests each stall holds back.
    let held: Arc<[AtomicU64; STALLS.len()]> = Arc::default();
    let (server_clock, holding) = (Arc::clone(&clock), Arc::clone(&held));
    let address = serve(move |_, stream| {
        if let Some(end) = stalled_until(server_clock.now()) {
            let stall = STALLS.iter().position(|stall| *stall == server_clock.now().since_start().as_secs());
            holding[stall.unwrap()].fetch_add(1, Ordering::SeqCst);
            server_clock.wait_until(end, &[]);
        }
        write(stream, OK, Then::Keep)
    });
    let plan = plan(address, profile(vec![step("GET /")]), open(200.0, 400));
    let mut run = Drive::start(plan, Arc::clone(&clock) as Arc<dyn Clock>);
    let end = Elapsed::from_secs_f64(20.0);
    run.advance(&clock, Duration::ZERO, || 0);
    loop {
        let now = clock.now();
        let next = run.next().min(end).min(stalled_until(now).unwrap_or(end));
        if now >= end {
            break;
        }
        let held = || {
            let stall = STALLS.iter().position(|stall| *stall == clock.now().since_start().as_secs());
            stall.map_or(0, |stall| held[stall].load(Ordering::SeqCst))
        };
        run.advance(&clock, next.since_start().saturating_sub(now.since_start()), held);
    }
    let summary = run.stop().summary;
    // 200 arrivals a second for 20 s, the last of them when the clock stopped; those that are due while the server answers
    // nothing wait until it does, and the others no time at all.
    let mut truth: Vec<u64> = (0..=4000_u64)
        .map(|arrival| if STALLS.contains(&(arrival / 200)) { 1_000_000 - arrival % 200 * 5000 } else { 1 })
        .collect();
    truth.sort_unstable();
    let at = |quantile: f64| truth[(quantile * truth.len() as f64).ceil() as usize - 1];
    let seen = summary.latency.unwrap();
    assert_eq!((summary.requests as usize, summary.errors, summary.waited), (truth.len(), 0, 0));
    for (seen_us, true_us) in [
        (seen.mean_us, truth.iter().sum::<u64>() / truth.len() as u64),
        (seen.p95_us, at(0.95)),
        (seen.p99_us, at(0.99)),
        (seen.max_us, 1_000_000),
    ] {
        assert!(seen_us.abs_diff(true_us) <= true_us / 1000 + 1, "{seen_us} for {true_us}: {summary:?}");
    }
}

#[test]
fn turns_beyond_the_cap_wait_in_order_and_are_counted() {
    let address = serve(|_, stream| {
        thread::sleep(Duration::from_millis(100));
        write(stream, OK, Then::Keep)
    });
    // 100 turns per second for two users that can do 20: most of them wait, longer and longer.
    let drove = drive(plan(address, profile(vec![step("GET /")]), open(100.0, 2)), 30);
    let summary = &drove.summary;
    assert!(summary.waited > 50 && summary.waiting_at_end > 50, "{summary:?}");
    let latency = summary.latency.unwrap();
    assert!(latency.max_us > 1_000_000 && latency.p50_us > 500_000, "{latency:?}");
    // They waited for a free user, for which the driver is not to blame.
    let service = drove.windows().iter().find_map(|w| w.latencies.get(&Measure::Service).cloned()).unwrap();
    assert!(Latencies::decode(&service).unwrap().quantile(0.5).unwrap() < Duration::from_millis(400));
    assert!(summary.own_lag_p99_us < latency.p50_us / 4, "{summary:?}");
}

/// Eight streamed answers; how far the first event and the gaps, as they were seen, are from what the server did.
fn streamed() -> [(Measure, Duration, Duration); 2] {
    let truth: Arc<Mutex<Vec<Vec<Duration>>>> = Arc::default();
    let log = Arc::clone(&truth);
    let address = serve(move |_, stream| {
        let asked = Instant::now();
        write(stream, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", Then::Keep);
        let mut sent = Vec::new();
        thread::sleep(Duration::from_millis(100));
        for _ in 0..8 {
            write(stream, "9\r\ndata: x\n\n\r\n", Then::Keep);
            sent.push(asked.elapsed());
            thread::sleep(Duration::from_millis(20));
        }
        log.lock().unwrap().push(sent);
        write(stream, "0\r\n\r\n", Then::Keep)
    });
    let mut events = step("GET /events");
    events.stream = Stream::ServerSentEvents;
    let drove = drive(plan(address, profile(vec![events]), closed(1)), 8);
    let truth = truth.lock().unwrap();
    let true_median = |mut lengths: Vec<Duration>| {
        lengths.sort_unstable();
        lengths[lengths.len() / 2]
    };
    let first = true_median(truth.iter().map(|sent| sent[0]).collect());
    let between = |pair: &[Duration]| pair[1].saturating_sub(pair[0]);
    let gap = true_median(truth.iter().flat_map(|sent| sent.windows(2).map(between)).collect());
    let median = |measure: Measure| {
        let mut merged = Latencies::new().unwrap();
        for window in drove.windows() {
            window.latencies.get(&measure).into_iter().for_each(|text| merged.merge(&Latencies::decode(text).unwrap()));
        }
        merged.quantile(0.5).unwrap()
    };
    assert!(median(Measure::Ttfb) < first / 2, "the headers came long before the first event");
    [(Measure::FirstEvent, first), (Measure::Gap, gap)].map(|(measure, truth)| (measure, median(measure), truth))
}

#[test]
fn first_event_and_gaps_are_the_server_s_own_to_two_milliseconds() {
    // A busy machine wakes the reader late in some rounds; a wrong measure is wrong in all of them.
    let is_near = |(_, seen, truth): &(Measure, Duration, Duration)| seen.abs_diff(*truth) <= Duration::from_millis(2);
    let rounds: Vec<_> = (0..6).map(|_| streamed()).take_while(|round| !round.iter().all(is_near)).collect();
    assert!(rounds.len() < 6, "{rounds:?}");
}
