//! The sending thread: as many users as were asked for, each taking the next request that is due.

use std::cell::RefCell;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use reqwest::Client;
use tokio::runtime::Runtime;
use tokio::task::{JoinSet, LocalSet};

use super::client;
use super::options::{DriverError, GetUrl, PlainGet};
use super::pacer::{self, Signals};
use super::schedule::Schedule;
use super::tally::{DriverSummary, Tally};
use crate::clock::Clock;
use crate::domain::{Elapsed, TrafficTick};

/// How long the requests under way at the stop may still take before they are cut.
const GRACE: Duration = Duration::from_secs(2);

/// Takes the ticks, on the driver's thread: while it works nothing is sent, so it should only hand them on.
pub type TickSink = Box<dyn FnMut(TrafficTick) + Send>;

/// Traffic under way. Dropping it ends the traffic too, without waiting and without a summary.
#[derive(Debug)]
pub struct Driver {
    /// The pacing thread watches the other end: closing this one is the order to stop.
    stop: OwnedFd,
    thread: JoinHandle<DriverSummary>,
}

impl Driver {
    /// Ends the traffic: nothing more is sent, requests under way get two seconds to end, the last tick goes to the sink, and
    /// both threads are gone when this returns.
    ///
    /// # Panics
    /// Where the sink panicked, that panic goes on here.
    pub fn stop(self) -> DriverSummary {
        drop(self.stop);
        self.thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

/// Starts the traffic. The first request is due at once; a server that is down gives failed requests, not an error.
///
/// # Errors
/// An option out of bounds, or no threads, runtime or client to be had.
pub fn start(options: PlainGet, clock: Arc<dyn Clock>, sink: TickSink) -> Result<Driver, DriverError> {
    options.check()?;
    let clients = (0..options.users).map(|_| client::build(options.timeout)).collect::<Result<_, _>>()?;
    let tally = Tally::new()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(DriverError::Start)?;
    let (stopped, stop) =
        rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).map_err(|errno| DriverError::Start(errno.into()))?;
    let schedule = Schedule::new(clock.now(), options.rate_per_s);
    let signals = Arc::new(Signals::new());
    let pacing = Builder::new().name("soak-pacer".into()).spawn({
        let (clock, signals) = (Arc::clone(&clock), Arc::clone(&signals));
        move || pacer::pace(schedule, &clock, &stopped, &signals)
    });
    let pacing = pacing.map_err(DriverError::Start)?;
    let sending = Sending { url: options.url, clients, schedule, clock, signals };
    let thread = Builder::new().name("soak-driver".into()).spawn(move || {
        let summary = sending.run(&runtime, tally, sink);
        // The pacing thread has ended already, or the sending one would not have.
        let _ = pacing.join();
        summary
    });
    Ok(Driver { stop, thread: thread.map_err(DriverError::Start)? })
}

/// What every user needs to send.
struct Sending {
    url: GetUrl,
    /// A client each, with a connection of its own, taken in turns. With one pool for all, how many connections the target
    /// holds would follow its latency, and its descriptors would step up whenever the machine is busy.
    clients: Vec<Client>,
    schedule: Schedule,
    clock: Arc<dyn Clock>,
    signals: Arc<Signals>,
}

impl Sending {
    fn run(self, runtime: &Runtime, tally: Tally, mut sink: TickSink) -> DriverSummary {
        let tally = Rc::new(RefCell::new(tally));
        let sending = Rc::new(self);
        LocalSet::new().block_on(runtime, async {
            let mut crew = JoinSet::new();
            for number in 0..sending.clients.len() {
                crew.spawn_local(user(Rc::clone(&sending), number, Rc::clone(&tally)));
            }
            loop {
                tokio::select! {
                    () = sending.signals.tick.notified() => sink(sending.tick(&tally)),
                    () = sending.signals.stop.notified() => break,
                }
            }
            let ended = async { while crew.join_next().await.is_some() {} };
            if tokio::time::timeout(GRACE, ended).await.is_err() {
                crew.shutdown().await;
            }
            sink(sending.tick(&tally));
        });
        tally.borrow_mut().close(sending.signals.due())
    }

    fn tick(&self, tally: &RefCell<Tally>) -> TrafficTick {
        tally.borrow_mut().tick(self.clock.now(), self.signals.due())
    }
}

/// One user: takes the next request that is due, sends it, waits for its end; until the run stops.
async fn user(sending: Rc<Sending>, number: usize, tally: Rc<RefCell<Tally>>) {
    let client = &sending.clients[number];
    while let Ok(arrival) = sending.signals.arrivals.acquire().await {
        arrival.forget();
        let due = sending.schedule.due(tally.borrow().next());
        tally.borrow_mut().sent(since(due, sending.clock.now()));
        let outcome = client::get(client, sending.url.full()).await;
        let now = sending.clock.now();
        tally.borrow_mut().ended(outcome, since(due, now), now);
    }
}

fn since(due: Elapsed, now: Elapsed) -> Duration {
    now.since_start().saturating_sub(due.since_start())
}
