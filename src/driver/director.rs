//! The director: waits for the target, has setup done, and then lets users come and go and stages begin as the scenario says.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use hyper::Method;
use tokio::sync::Notify;

use super::arrivals::Timetable;
use super::link::{Exchange, Link, Outgoing, Reading};
use super::plan::FreeUser;
use super::scribe::Seen;
use super::seed_of;
use super::user::{self, later};
use super::world::World;
use crate::domain::Elapsed;
use crate::domain::run::Trend;
use crate::profile::{Keep, Load as Model, SetupFor};

/// How often a target that does not answer yet is asked again.
const ASK_EVERY: Duration = Duration::from_millis(100);
/// How long it may take to answer while nothing waits for it.
const ASK_TIMEOUT: Duration = Duration::from_secs(2);
/// The phase before the first stage.
const SETUP_PHASE: &str = "setup";

/// Directs a run until it is cut off.
pub(super) async fn direct(world: Rc<World>) {
    let wake = Arc::new(Notify::new());
    if needs_preparation(&world) {
        world.cut(Some(SETUP_PHASE));
        world.outlet.tell(Seen::Phase { at: world.now(), name: SETUP_PHASE.into(), trend: Trend::Counts });
    }
    wait_ready(&world, &wake).await;
    if !prepare(&world).await {
        return;
    }
    stages(&world, &wake).await;
}

fn needs_preparation(world: &World) -> bool {
    let has = |run| world.script.setup(run).next().is_some();
    has(SetupFor::All) || has(SetupFor::Tenant)
}

async fn sleep_until(world: &World, wake: &Arc<Notify>, due: Elapsed) {
    world.pacing.set(due, wake);
    while world.now() < due {
        wake.notified().await;
    }
}

/// Waits until the target answers whatever it likes, but not for ever.
async fn wait_ready(world: &World, wake: &Arc<Notify>) {
    let patience = world.plan.wait_ready;
    if patience.is_zero() {
        return;
    }
    let end = later(world.now(), patience);
    let (endpoint, dialler) = world.base.clone();
    let mut link = Link::new(endpoint, dialler, Keep::PerRequest);
    let Ok(target) = link.endpoint().target("") else { return };
    let mut seen = Exchange::default();
    loop {
        let left = end.since_start().saturating_sub(world.now().since_start());
        let reading = Reading::whole(ASK_TIMEOUT.min(left.max(ASK_EVERY)));
        let asked = link.exchange(Outgoing::new(Method::GET, target.clone()), &reading, &*world.clock, &mut seen).await;
        // A status is an answer, even where its body has no end.
        let Err(failure) = asked else { return };
        if seen.status.is_some() {
            return;
        }
        if world.now() >= end {
            let waited = humantime::format_duration(patience);
            return world.note(format!(
                "the target has not answered for {waited} ({}: {}); traffic begins all the same, and what finds nobody fails",
                failure.class, failure.story
            ));
        }
        sleep_until(world, wake, later(world.now(), ASK_EVERY).min(end)).await;
    }
}

/// Has the setup for all and for each tenant done.
async fn prepare(world: &Rc<World>) -> bool {
    if !user::set_up_for_all(world).await {
        return false;
    }
    let tenants = world.tenants_ready.len();
    for tenant in 0..tenants {
        world.hire(user::set_up_tenant(Rc::clone(world), tenant));
    }
    // The scenario begins when somebody can do turns; the users of a tenant whose setup fails wait for it.
    while tenants > 0 && !world.tenants_ready.iter().any(std::cell::Cell::get) {
        world.readiness.notified().await;
        if world.stopping.get() {
            return false;
        }
    }
    true
}

/// Goes through the stages.
async fn stages(world: &Rc<World>, wake: &Arc<Notify>) {
    let start = world.now();
    let is_closed = matches!(world.plan.scenario.load, Model::Closed);
    let mut phase = world.load.phase(0.0).to_owned();
    begin_phase(world, &phase);
    if is_closed {
        world.books.borrow_mut().users = Some(0);
    } else {
        open(world, start);
    }
    let mut over = world.plan.length().map(|length| later(start, length));
    loop {
        let now = world.now();
        let passed_s = now.since_start().saturating_sub(start.since_start()).as_secs_f64();
        if over.is_some_and(|over| now >= over) {
            over = None;
            world.outlet.tell(Seen::Over);
        }
        let current = world.load.phase(passed_s);
        if current != phase {
            current.clone_into(&mut phase);
            begin_phase(world, &phase);
        }
        if is_closed {
            populate(world, world.load.users(passed_s), now);
        }
        let next = Duration::try_from_secs_f64(world.load.next_change(passed_s)).unwrap_or(Duration::MAX);
        let next = later(start, next).min(over.unwrap_or(Elapsed::new(Duration::MAX)));
        sleep_until(world, wake, next).await;
    }
}

fn begin_phase(world: &World, name: &str) {
    world.cut(Some(name));
    // A single stage is the run itself, and no part of it.
    if world.load.phases() > 1 || needs_preparation(world) {
        world.outlet.tell(Seen::Phase { at: world.now(), name: name.to_owned(), trend: world.load.trend(name) });
    }
}

/// Opens for arrivals.
fn open(world: &Rc<World>, start: Elapsed) {
    let Model::Open { arrivals, in_flight } = world.plan.scenario.load else { return };
    if world.plan.free_user == FreeUser::InTurn {
        for _ in 0..in_flight {
            let desk = world.roster.desk_in_preparation();
            world.hire(user::open(Rc::clone(world), desk));
        }
    }
    let timetable = Timetable::new(Arc::clone(&world.load), start, arrivals, seed_of(world.plan.seed, u64::MAX - 1));
    world.roster.open(timetable.clone());
    world.pacing.open(timetable);
}

/// Lets users come or go until there are as many as there should be.
fn populate(world: &Rc<World>, users: u32, now: Elapsed) {
    world.roster.shrink(users);
    while world.roster.count() < users {
        let desk = world.roster.desk();
        world.hire(user::closed(Rc::clone(world), desk, now));
    }
    world.books.borrow_mut().users = Some(users);
}
