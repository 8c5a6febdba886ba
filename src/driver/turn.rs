//! A turn: the steps of a flow one after another, each filled in, sent, looked into, tried again where the profile says so,
//! and booked.

use std::time::Duration;

use hyper::header::SET_COOKIE;

use super::answer::{Answer, BODY_LIMIT};
use super::books::{Attempt, Outcome, TurnVerdict};
use super::failures::{Failure, FailureClass, is_of};
use super::fill::Filled;
use super::ledger::Fault;
use super::link::{End, KeepBody, Link, Outgoing, Reading};
use super::outgoing::{Made, Unmade, make, path_of};
use super::script::Act;
use super::secrets::{Secrets, is_telling, shown_url};
use super::user::{User, later};
use super::variables::Variables;
use super::world::World;
use super::{retry, think};
use crate::domain::Elapsed;
use crate::domain::traffic::RequestLine;
use crate::profile::OnFailure;

/// How a turn went.
#[derive(Clone, Debug)]
pub(super) struct Course {
    pub(super) verdict: TurnVerdict,
    /// The first thing that failed.
    pub(super) fault: Option<Fault>,
    /// The response times of its requests, without pauses; `None` where one of them got no answer.
    pub(super) length: Option<Duration>,
    pub(super) ended: Elapsed,
    /// How long the server asked to be left alone.
    pub(super) wait: Duration,
    /// The pause after it.
    pub(super) think: Duration,
}

/// How a step ended.
enum StepEnd {
    Well,
    Skipped,
    Limited(Duration),
    Failed(Fault),
    /// The run ends.
    BrokenOff,
}

/// One attempt at a step.
struct Try<'a> {
    act: &'a Act,
    class: &'a str,
    /// What is asked, for the logs.
    url: &'a Filled,
    elsewhere: Option<usize>,
    due: Elapsed,
    /// Which attempt it is, from 1.
    number: u32,
}

/// Does the steps in order, the first of which is due at `due`. `None` where the run ended before they did.
pub(super) async fn play(
    world: &World,
    user: &mut User,
    class: &str,
    acts: impl IntoIterator<Item = &Act>,
    due: Elapsed,
) -> Option<Course> {
    let mut course = Course {
        verdict: TurnVerdict::Well,
        fault: None,
        length: Some(Duration::ZERO),
        ended: due,
        wait: Duration::ZERO,
        think: Duration::ZERO,
    };
    let mut due = due;
    for act in acts {
        if !world.mix.comes(act.presence, world.now()) {
            // Its pause is kept, so that the other steps come no faster.
            due = later(due, think::draw(act.step.think, &mut user.random));
            continue;
        }
        for repeat in 1..=act.step.repeat.max(1) {
            user.knowledge.repeat = repeat;
            if world.stopping.get() {
                return None;
            }
            user.pause(world, due).await;
            if world.stopping.get() {
                return None;
            }
            let end = step(world, user, class, act, due, &mut course).await;
            match end {
                StepEnd::BrokenOff => return None,
                StepEnd::Well | StepEnd::Skipped => {}
                StepEnd::Limited(wait) => {
                    course.wait = course.wait.max(wait);
                    if course.verdict == TurnVerdict::Well {
                        course.verdict = TurnVerdict::Limited;
                    }
                    if act.step.on_failure == OnFailure::EndTurn {
                        return Some(course);
                    }
                }
                StepEnd::Failed(fault) => {
                    course.verdict = TurnVerdict::Failed;
                    course.fault.get_or_insert(fault);
                    if act.step.on_failure == OnFailure::EndTurn {
                        return Some(course);
                    }
                }
            }
            due = later(course.ended, think::draw(act.step.think, &mut user.random));
        }
    }
    // A think time after the last step is a pause like any other; the class's own comes after it.
    course.wait = course.wait.max(due.since_start().saturating_sub(course.ended.since_start()));
    Some(course)
}

/// Does one step, with its further attempts.
async fn step(world: &World, user: &mut User, class: &str, act: &Act, due: Elapsed, course: &mut Course) -> StepEnd {
    let made = match make(world, user, act) {
        Ok(made) => made,
        Err(Unmade::Skipped) => {
            course.ended = world.now();
            world.books.borrow_mut().skipped(act.row);
            return StepEnd::Skipped;
        }
        Err(Unmade::Fault(fault)) => {
            course.ended = world.now();
            world.books.borrow_mut().ended(&Attempt::unsent(act.row, fault.clone()));
            return StepEnd::Failed(fault);
        }
    };
    let Made { mut outgoing, elsewhere, url } = made;
    let mut this = Try { act, class, url: &url, elsewhere, due, number: 1 };
    loop {
        // Copied only where it may be sent again.
        let again = (this.number < act.step.retry.attempts).then(|| outgoing.clone());
        let (outcome, response) = attempt(world, user, &this, outgoing).await;
        course.ended = user.exchange.ended;
        course.length = course.length.zip(response).map(|(length, response)| length + response);
        user.free_at = course.ended;
        let retry = &act.step.retry;
        let retry_after = user.exchange.retry_after().map(|after| after.min(retry.longest));
        let (class_of_failure, end) = match outcome {
            Outcome::Well | Outcome::Redirected | Outcome::Left => return StepEnd::Well,
            Outcome::Limited => {
                let status = user.exchange.status.map_or(0, |status| status.as_u16());
                (FailureClass::Status(status).to_string(), StepEnd::Limited(retry_after.unwrap_or_default()))
            }
            Outcome::Failed(fault) => (fault.class.clone(), StepEnd::Failed(fault)),
        };
        let Some(again) = again.filter(|_| retry.on.iter().any(|wanted| is_of(&class_of_failure, wanted))) else {
            return end;
        };
        if world.stopping.get() {
            return StepEnd::BrokenOff;
        }
        this.due = later(course.ended, retry::pause(retry, this.number, retry_after, &mut user.random));
        user.pause(world, this.due).await;
        if world.stopping.get() {
            return StepEnd::BrokenOff;
        }
        this.number += 1;
        outgoing = again;
    }
}

/// Sends a request once, looks at the answer, and books it.
async fn attempt(world: &World, user: &mut User, this: &Try<'_>, outgoing: Outgoing) -> (Outcome, Option<Duration>) {
    let Try { act, due, .. } = *this;
    let begun = world.now();
    let lag = since(due, begun);
    world.books.borrow_mut().sent(lag, since(due.max(user.free_at), begun));
    let leave = act.step.leave.filter(|leave| user.random.f64() < leave.share);
    let on_gap = |gap| world.books.borrow_mut().gap(act.row, gap);
    let reading = Reading {
        timeout: act.step.timeout,
        stream: act.step.stream,
        leave: leave.map(|leave| leave.after),
        keep_body: if act.reads_json() { KeepBody::UpTo(BODY_LIMIT) } else { KeepBody::Nothing },
        on_gap: &on_gap,
    };
    let User { link, elsewhere, exchange, .. } = user;
    let link: &mut Link = match this.elsewhere {
        Some(position) => &mut elsewhere[position].1,
        None => link,
    };
    let ended = link.exchange(outgoing, &reading, &*world.clock, exchange).await;
    if let Some(jar) = &mut user.jar
        && exchange.headers.contains_key(SET_COOKIE)
        && let Ok(asked) = link.endpoint().target(path_of(&this.url.text))
    {
        jar.take_in(link.endpoint(), asked.path(), &exchange.headers, exchange.ended);
    }
    let timed_out = matches!(&ended, Err(failure) if failure.class == FailureClass::Timeout);
    let outcome = outcome(world, user, act, ended);
    let seen = &user.exchange;
    // One that nobody answered has no latency: fast failures would make a dying server look quick. One that ran into the
    // timeout has taken at least that long.
    let is_measured = timed_out || seen.status.is_some() && !is_unanswered(&outcome);
    let response = is_measured.then(|| since(due, seen.ended));
    let streams = act.step.stream != crate::profile::Stream::No;
    let attempt = Attempt {
        row: act.row,
        response,
        lag: seen.sent.map(|sent| since(due, sent)),
        service: response.and(seen.service()),
        ttfb: response.and(seen.ttfb()),
        first_byte: seen.first_byte().filter(|_| streams),
        first_event: seen.first_event().filter(|_| streams),
        events: seen.events,
        body_bytes: seen.body_bytes,
        number: this.number,
        outcome,
    };
    let mut books = world.books.borrow_mut();
    books.answered();
    books.ended(&attempt);
    drop(books);
    keep_line(world, user, this, &attempt);
    (attempt.outcome, response)
}

/// Whether the connection broke in the middle of an answer.
fn is_unanswered(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Failed(fault) if fault.class == FailureClass::ConnectionLost.to_string())
}

/// What came of a request.
fn outcome(world: &World, user: &mut User, act: &Act, ended: Result<End, Failure>) -> Outcome {
    if let Some(wanted) = &act.step.expect.failure {
        return match ended {
            Err(failure) if failure.class.to_string() == *wanted => Outcome::Well,
            Err(failure) => Outcome::Failed(Fault::new(failure.class.to_string(), failure.story)),
            Ok(_)
                if user
                    .exchange
                    .status
                    .is_some_and(|status| FailureClass::Status(status.as_u16()).to_string() == *wanted) =>
            {
                Outcome::Well
            }
            Ok(_) => {
                let status = user.exchange.status.map_or_else(String::new, |status| status.to_string());
                Outcome::Failed(Fault::new(
                    "expectation failure",
                    format!("it was answered ({status}), not `{wanted}`"),
                ))
            }
        };
    }
    let shared = world.shared.borrow();
    let User { knowledge, exchange, random, .. } = user;
    let answer = Answer::new(exchange);
    let outcome = match ended {
        Err(failure) => return Outcome::Failed(Fault::new(failure.class.to_string(), failure.story)),
        Ok(End::Left) => return answer.by_status(act).unwrap_or(Outcome::Left),
        Ok(End::Complete) => answer.outcome(act, &shared, knowledge, random),
    };
    if !matches!(outcome, Outcome::Well | Outcome::Redirected) || act.captures.is_empty() {
        return outcome;
    }
    if let Err(fault) = answer.captures(act, &mut knowledge.captured) {
        return Outcome::Failed(fault);
    }
    drop(shared);
    let mut shared = world.shared.borrow_mut();
    for (name, _) in &act.captures {
        if let Some(value) = knowledge.captured.get(name) {
            shared.board.put(name, knowledge.owner(), value);
        }
    }
    outcome
}

/// Keeps the request in a log where it is slow or failed.
fn keep_line(world: &World, user: &User, this: &Try<'_>, attempt: &Attempt) {
    let (seen, act, due) = (&user.exchange, this.act, this.due);
    let line = |failure: Option<&Fault>| {
        let mut own = Secrets::default();
        add_telling(&mut own, &user.knowledge.kept);
        add_telling(&mut own, &user.knowledge.captured);
        let shared = world.shared.borrow();
        let hide = |text: &str| shared.secrets.hide(&own.hide(text));
        RequestLine {
            elapsed_s: seen.ended.as_secs_f64(),
            class: this.class.to_owned(),
            step: act.step.name.clone(),
            user: user.knowledge.user,
            request: hide(&format!("{} {}", act.method, shown_url(&this.url.shown()))),
            status: seen.status.map(|status| status.as_u16()),
            failure: failure.map(|fault| fault.class.clone()),
            story: failure.map_or_else(String::new, |fault| hide(&fault.story)),
            lag_us: micros(since(due, seen.sent.unwrap_or(seen.asked))),
            response_us: micros(since(due, seen.ended)),
        }
    };
    match &attempt.outcome {
        Outcome::Failed(fault) => world.log.failed(|| line(Some(fault))),
        _ if world.log.is_slow(attempt.response) => world.log.slow(|| line(None)),
        _ => {}
    }
}

fn add_telling(secrets: &mut Secrets, variables: &Variables) {
    for (name, value) in variables {
        if is_telling(name) {
            secrets.add_value(value);
        }
    }
}

fn since(due: Elapsed, now: Elapsed) -> Duration {
    now.since_start().saturating_sub(due.since_start())
}

fn micros(length: Duration) -> u64 {
    u64::try_from(length.as_micros()).unwrap_or(u64::MAX)
}
