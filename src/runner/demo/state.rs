//! All that the server holds, who is asking, and how long an answer takes.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, StatusCode};
use tokio::sync::{Notify, Semaphore};

use super::accounts::{Accounts, User};
use super::agents::{Answers, Caching};
use super::audits::Audits;
use super::classifications::Classifications;
use super::damage::Damage;
use super::fault::{Fault, FaultSet};
use super::gauge::Gauge;
use super::latency::{Class, Latencies};
use super::ledger::Ledger;
use super::limiter::{Limiter, RateLimit};
use super::problem::Problem;
use super::projects::Projects;
use super::sessions::Sessions;
use super::shelf::{Id, Sight};
use super::work::Work;

/// Bodies of audits that are read at once. A body of at most 1.25 MiB is there twice while it is parsed, so this keeps them
/// all within 40 MiB; further ones wait in their sockets.
const BODIES: usize = 16;
/// Under `crash`, the server ends with this turn.
const LAST_TURN: u64 = 500;
/// Under `degrade`, what every turn adds to every answer: 5 ms for 1,000.
const WEAR: Duration = Duration::from_micros(5);

/// How a server behaves.
#[derive(Clone, Debug, Default)]
pub struct Behaviour {
    /// What is wrong with it.
    pub faults: FaultSet,
    /// How long it takes, where no fault says otherwise.
    pub latencies: Latencies,
    /// How many classifications each tenant may ask for, where no fault says otherwise.
    pub rate_limit: RateLimit,
}

impl From<FaultSet> for Behaviour {
    fn from(faults: FaultSet) -> Self {
        Self { faults, ..Self::default() }
    }
}

/// When a request came in: what its answer tells as its latency counts from here.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrived(pub(super) Instant);

/// All that the server holds.
#[derive(Debug)]
pub(super) struct Demo {
    started: Instant,
    turns: AtomicU64,
    tickets: AtomicU64,
    requests: AtomicU64,
    hasher: RandomState,
    pub(super) faults: FaultSet,
    pub(super) latencies: Latencies,
    pub(super) sessions: Mutex<Sessions>,
    pub(super) accounts: Mutex<Accounts>,
    pub(super) projects: Mutex<Projects>,
    pub(super) limiter: Mutex<Limiter>,
    pub(super) classifications: Mutex<Classifications>,
    pub(super) answers: Mutex<Answers>,
    pub(super) audits: Mutex<Audits>,
    /// The right to read the body of an audit.
    pub(super) bodies: Semaphore,
    /// The right to work on an audit.
    pub(super) desks: Semaphore,
    pub(super) ledger: Mutex<Ledger>,
    pub(super) in_flight: Gauge,
    pub(super) streams: Gauge,
    pub(super) damage: Arc<Damage>,
    crashed: Notify,
}

impl Demo {
    /// Fresh state. Must be made on the runtime that serves it, where a fault may start work of its own.
    pub(super) fn new(behaviour: impl Into<Behaviour>) -> Arc<Self> {
        let Behaviour { faults, latencies, rate_limit } = behaviour.into();
        let sight = if faults.has(Fault::TenantLeak) { Sight::All } else { Sight::Own };
        let caching = if faults.has(Fault::CacheOff) { Caching::Off } else { Caching::On };
        let rate_limit = if faults.has(Fault::TightLimit) { RateLimit::TIGHT } else { rate_limit };
        let desks = if faults.has(Fault::SingleFile) { 1 } else { Semaphore::MAX_PERMITS };
        let demo = Self {
            started: Instant::now(),
            turns: AtomicU64::new(0),
            tickets: AtomicU64::new(0),
            requests: AtomicU64::new(0),
            hasher: RandomState::new(),
            latencies: latencies.under(&faults),
            sessions: Mutex::new(Sessions::new(sight)),
            accounts: Mutex::new(Accounts::new()),
            projects: Mutex::new(Projects::new(sight)),
            limiter: Mutex::new(Limiter::new(rate_limit)),
            classifications: Mutex::new(Classifications::new(sight)),
            answers: Mutex::new(Answers::new(caching)),
            audits: Mutex::new(Audits::new()),
            bodies: Semaphore::new(BODIES),
            desks: Semaphore::new(desks),
            ledger: Mutex::default(),
            in_flight: Gauge::default(),
            streams: Gauge::default(),
            damage: Arc::new(Damage::new(faults.clone())),
            crashed: Notify::new(),
            faults,
        };
        demo.damage.start();
        Arc::new(demo)
    }

    pub(super) fn up(&self) -> Duration {
        self.started.elapsed()
    }

    pub(super) fn turns(&self) -> u64 {
        self.turns.load(Ordering::Relaxed)
    }

    /// A number that no client can guess and that none had before.
    pub(super) fn ticket(&self) -> Id {
        Id(self.hasher.hash_one(self.tickets.fetch_add(1, Ordering::Relaxed)))
    }

    /// Which request this is of those that a fault may strike, from 1.
    pub(super) fn number_of_request(&self) -> u64 {
        self.requests.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Counts a turn and lets the faults have their part of it.
    pub(super) fn take_turn(&self, work: Work) -> Result<u64, Problem> {
        let number = self.turns.fetch_add(1, Ordering::Relaxed) + 1;
        if number >= LAST_TURN && self.faults.has(Fault::Crash) {
            self.crashed.notify_one();
        }
        let struck = self.damage.turn(number, work);
        struck.map_err(|error| Problem::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string()))?;
        Ok(number)
    }

    /// Waits until the server crashes: for ever, unless that is its fault.
    pub(super) async fn crash(&self) {
        self.crashed.notified().await;
    }

    /// Takes the time that a request of this class takes.
    pub(super) async fn spend(&self, class: Class) {
        let time = self.latencies.of(class);
        if !time.is_zero() {
            tokio::time::sleep(time).await;
        }
    }

    /// What all the turns so far add to an answer.
    pub(super) fn wear(&self) -> Duration {
        let turns = u32::try_from(self.turns()).unwrap_or(u32::MAX);
        if self.faults.has(Fault::Degrade) { WEAR * turns } else { Duration::ZERO }
    }

    /// What an answer tells as its latency, in milliseconds.
    pub(super) fn told_ms(&self, Arrived(arrived): Arrived) -> f64 {
        let share = if self.faults.has(Fault::FalseLatency) { 0.1 } else { 1.0 };
        // Whole microseconds: more digits would only be noise.
        (arrived.elapsed().as_secs_f64() * 1e6 * share).round() / 1e3
    }

    /// Who is asking: nobody without a token, a user with one.
    pub(super) fn user(&self, headers: &HeaderMap) -> Result<Option<User>, Problem> {
        if !headers.contains_key(AUTHORIZATION) {
            return Ok(None);
        }
        let user = token(headers).and_then(|token| lock(&self.accounts).user(token).cloned());
        user.map(Some).ok_or_else(|| Problem::new(StatusCode::UNAUTHORIZED, "the token is not valid"))
    }

    /// Who is asking, where it has to be somebody: the user's name.
    pub(super) fn known_user(&self, headers: &HeaderMap) -> Result<String, Problem> {
        let user = self.user(headers)?.map(|user| user.name);
        user.ok_or_else(|| Problem::new(StatusCode::UNAUTHORIZED, "this needs the token of a login"))
    }
}

/// The token that a request has with it.
pub(super) fn token(headers: &HeaderMap) -> Option<&str> {
    headers.get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_thousand_turns_add_five_milliseconds_under_degrade_and_nothing_without() {
        for (faults, wear_ms) in [(vec![Fault::Degrade], 15), (vec![], 0)] {
            let demo = Demo::new(FaultSet::from_iter(faults));
            demo.turns.store(3_000, Ordering::Relaxed);
            assert_eq!(demo.wear().as_millis(), wear_ms);
        }
    }

    #[test]
    fn a_latency_is_told_as_measured_and_a_tenth_of_it_under_the_fault() {
        let arrived = Arrived(Instant::now().checked_sub(Duration::from_secs(100)).unwrap());
        let told = |faults: &[Fault]| Demo::new(faults.iter().copied().collect::<FaultSet>()).told_ms(arrived);
        assert!((100_000.0..110_000.0).contains(&told(&[])));
        assert!((10_000.0..11_000.0).contains(&told(&[Fault::FalseLatency])));
    }

    #[test]
    fn no_two_tickets_are_the_same() {
        let demo = Demo::new(FaultSet::healthy());
        let tickets: std::collections::HashSet<_> = (0..10_000).map(|_| demo.ticket()).collect();
        assert_eq!(tickets.len(), 10_000);
    }
}
