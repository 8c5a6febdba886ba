//! The driver's threads: pacing, sending and writing down, from the start to the summary.

use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::task::LocalSet;

use super::director;
use super::options::DriverError;
use super::pacer::{self, Pacing};
use super::plan::Plan;
use super::scribe::{self, Outlet, Seen, Sink};
use super::world::World;
use crate::clock::Clock;
use crate::domain::TrafficTick;
use crate::domain::traffic::TrafficSummary;

/// How long the requests under way at the stop may still take before they are cut.
const GRACE: Duration = Duration::from_secs(2);

/// Traffic under way. Dropping it ends the traffic too, without waiting and without a summary.
#[derive(Debug)]
pub struct Driver {
    /// The pacing thread watches the other end: closing this one is the order to stop.
    stop: OwnedFd,
    thread: JoinHandle<TrafficSummary>,
}

impl Driver {
    /// Ends the traffic: nothing more is begun, requests under way get two seconds to end, the last windows and the last tick
    /// go to the sink, and all threads are gone when this returns.
    ///
    /// # Panics
    /// Where the sink panicked, that panic goes on here.
    pub fn stop(self) -> TrafficSummary {
        drop(self.stop);
        self.thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

/// Starts the traffic, which lasts until it is stopped. A server that is down gives failed requests, not an error.
///
/// # Errors
/// A plan that cannot be driven, or no threads to be had.
pub fn start(plan: Plan, clock: Arc<dyn Clock>, sink: Sink) -> Result<Driver, DriverError> {
    let pacing = Arc::new(Pacing::new(clock.now())?);
    start_paced(plan, clock, pacing, sink)
}

/// The same with an agenda that the caller can look into.
pub(super) fn start_paced(
    plan: Plan,
    clock: Arc<dyn Clock>,
    pacing: Arc<Pacing>,
    mut sink: Sink,
) -> Result<Driver, DriverError> {
    let (sender, messages) = mpsc::channel();
    // The world stays on the sending thread, so it is made there; whether that worked is said before this returns.
    let (made, ready) = mpsc::channel();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(DriverError::Start)?;
    let (stopped, stop) =
        rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).map_err(|errno| DriverError::Start(errno.into()))?;
    let scribe = Builder::new().name("soak-scribe".into()).spawn(move || scribe::write(&messages, &mut sink));
    let scribe = scribe.map_err(DriverError::Start)?;
    let thread = Builder::new().name("soak-driver".into()).spawn(move || {
        let outlet = Outlet::new(sender);
        let summary = match World::new(plan, Arc::clone(&clock), Arc::clone(&pacing), outlet) {
            Ok(world) => {
                let pacer =
                    Builder::new().name("soak-pacer".into()).spawn(move || pacer::pace(&pacing, &*clock, &stopped));
                match pacer {
                    Ok(pacer) => {
                        let _ = made.send(Ok(()));
                        let summary = run(&runtime, world);
                        // It has ended already, or the run would not have.
                        let _ = pacer.join();
                        summary
                    }
                    Err(error) => failed(&made, DriverError::Start(error)),
                }
            }
            Err(error) => failed(&made, error),
        };
        // Everything has been handed over: the outlet went with the world.
        if let Err(panic) = scribe.join() {
            std::panic::resume_unwind(panic);
        }
        summary
    });
    let thread = thread.map_err(DriverError::Start)?;
    match ready.recv() {
        Ok(Ok(())) => Ok(Driver { stop, thread }),
        Ok(Err(error)) => Err(error),
        Err(_) => match thread.join() {
            Ok(_) => Err(DriverError::Start(std::io::Error::other("the driver's thread ended at once"))),
            Err(panic) => std::panic::resume_unwind(panic),
        },
    }
}

fn failed(made: &mpsc::Sender<Result<(), DriverError>>, error: DriverError) -> TrafficSummary {
    // Nobody listens any more where the starter has given up.
    let _ = made.send(Err(error));
    TrafficSummary::default()
}

/// Runs the world until the pacing thread says that it is over.
fn run(runtime: &Runtime, world: World) -> TrafficSummary {
    let world = Rc::new(world);
    LocalSet::new().block_on(runtime, async {
        let directing = tokio::task::spawn_local(director::direct(Rc::clone(&world)));
        loop {
            tokio::select! {
                () = world.pacing.arrived.notified() => world.dispatch(),
                () = world.pacing.tick.notified() => tick(&world),
                () = world.pacing.stop.notified() => break,
            }
        }
        directing.abort();
        world.stop();
        let mut crew = std::mem::take(&mut *world.crew.borrow_mut());
        let ended = async { while crew.join_next().await.is_some() {} };
        if tokio::time::timeout(GRACE, ended).await.is_err() {
            crew.shutdown().await;
        }
        world.outlet.tell(Seen::Tick(account(&world)));
        world.cut(None);
    });
    world.books.borrow().close(world.waiting())
}

fn tick(world: &World) {
    world.outlet.tell(Seen::Tick(account(world)));
    if world.is_window_over() {
        world.cut(None);
    }
}

fn account(world: &World) -> TrafficTick {
    let waiting = world.waiting();
    world.books.borrow_mut().tick(world.now(), waiting)
}
