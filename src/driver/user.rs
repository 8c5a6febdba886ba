//! One user from coming to leaving, in the closed model (turn, pause, turn) and in the open one (whatever turn arrives).

use std::rc::Rc;
use std::time::Duration;

use fastrand::Rng;

use super::books::{TurnEnd, TurnVerdict};
use super::ledger::Fault;
use super::link::{Exchange, Jar, Link};
use super::roster::Desk;
use super::script::{Act, Role, SETUP};
use super::secrets::is_telling;
use super::turn::{self, Course};
use super::variables::{Knowledge, Variables};
use super::world::World;
use super::{retry, seed_of, think};
use crate::domain::Elapsed;
use crate::profile::{Cookies, Retry, SetupFor};

/// How setup is tried again: for ever, at first after a second, later every half minute.
const SETUP_BACKOFF: Duration = Duration::from_secs(1);
const SETUP_LONGEST: Duration = Duration::from_secs(30);

/// A user, or whoever does the setup of a tenant or of all.
pub(super) struct User {
    pub(super) knowledge: Knowledge,
    pub(super) random: Rng,
    pub(super) link: Link,
    /// Connections to other hosts than the base, by `scheme://host:port`.
    pub(super) elsewhere: Vec<(String, Link)>,
    pub(super) jar: Option<Jar>,
    pub(super) exchange: Exchange,
    pub(super) desk: Rc<Desk>,
    /// Since when the user could have sent what is due.
    pub(super) free_at: Elapsed,
}

impl User {
    fn new(world: &World, desk: Rc<Desk>) -> Self {
        let mut random = Rng::with_seed(seed_of(world.plan.seed, u64::from(desk.number)));
        let knowledge = Knowledge::of(desk.number, &mut world.shared.borrow_mut(), &mut random);
        Self::with(world, desk, knowledge, random)
    }

    /// Whoever does the setup of a tenant, or of all.
    fn for_setup(world: &World, tenant: Option<usize>) -> Self {
        // Away from the seeds of users, which are 32-bit numbers.
        let mut random = Rng::with_seed(seed_of(world.plan.seed, (1 << 40) + tenant.unwrap_or(usize::MAX >> 8) as u64));
        let knowledge = Knowledge::of_setup(tenant, &mut world.shared.borrow_mut(), &mut random);
        Self::with(world, Rc::default(), knowledge, random)
    }

    fn with(world: &World, desk: Rc<Desk>, knowledge: Knowledge, random: Rng) -> Self {
        let connection = &world.plan.profile.connection;
        let (endpoint, dialler) = world.base.clone();
        let is_kept = connection.cookies == Cookies::Kept;
        Self {
            jar: is_kept.then(|| world.shared.borrow().cookies(knowledge.tenant)),
            knowledge,
            random,
            link: Link::new(endpoint, dialler, connection.keep),
            elsewhere: Vec::new(),
            exchange: Exchange::default(),
            desk,
            free_at: world.now(),
        }
    }

    /// Whether there is a reason not to begin anything.
    pub(super) fn is_leaving(&self, world: &World) -> bool {
        self.desk.is_leaving() || world.stopping.get()
    }

    /// Pauses until `due`, or until the user is to leave.
    pub(super) async fn pause(&mut self, world: &World, due: Elapsed) {
        if world.now() >= due || self.is_leaving(world) {
            return;
        }
        self.rest();
        world.pacing.set(due, &self.desk.wake);
        loop {
            self.desk.wake.notified().await;
            if world.now() >= due || self.is_leaving(world) {
                return;
            }
        }
    }

    /// Lets go of what is not needed while nothing is sent.
    fn rest(&mut self) {
        self.link.rest();
        self.elsewhere.iter_mut().for_each(|(_, link)| link.rest());
    }

    /// Does one turn, and answers when it ended and how long the server asked to be left alone; `None` where it was broken
    /// off because the run ends.
    async fn turn(&mut self, world: &World, due: Elapsed) -> Option<Course> {
        let class = world.script.class_at(self.random.f64());
        let role = &world.script.classes[class];
        let begun = world.now();
        let comes = |presence| world.mix.comes(presence, begun);
        if !comes(role.presence) || !role.steps.iter().any(|act| comes(act.presence)) {
            return Some(self.sit_out(role, begun, world.turn_lengths[class].get()));
        }
        self.knowledge.begin_turn(&mut world.shared.borrow_mut(), &mut self.random);
        self.link.begin_turn();
        self.elsewhere.iter_mut().for_each(|(_, link)| link.begin_turn());
        world.books.borrow_mut().turns_under_way += 1;
        let course = turn::play(world, self, &role.name, &role.steps, due).await;
        // The last answer's headers would keep the connection's read buffer alive beside the one that hyper has ready for the
        // next answer, for as long as the user pauses.
        self.exchange = Exchange::default();
        let mut books = world.books.borrow_mut();
        books.turns_under_way -= 1;
        let course = course?;
        world.turn_lengths[class].set(course.ended.since_start().saturating_sub(begun.since_start()));
        books.turned(&TurnEnd { row: role.row, verdict: course.verdict, length: course.length });
        Some(Course { think: think::draw(role.think, &mut self.random), ..course })
    }

    /// Does nothing for as long as a turn takes with its pause: the turns of the other classes come no more often for it.
    fn sit_out(&mut self, role: &Role, now: Elapsed, length: Duration) -> Course {
        Course {
            verdict: TurnVerdict::Well,
            fault: None,
            length: None,
            ended: now,
            wait: Duration::ZERO,
            think: length.saturating_add(think::draw(role.think, &mut self.random)),
        }
    }

    /// Whether something has to be done or waited for before the first turn.
    fn needs_setup(&self, world: &World) -> bool {
        let tenant_is_ready = self.knowledge.tenant.is_none_or(|tenant| world.tenants_ready[tenant].get());
        !tenant_is_ready || world.script.setup(SetupFor::User).next().is_some()
    }

    /// Does what comes before the first turn, however often it takes. Answers whether it worked before the user was to leave.
    async fn set_up(&mut self, world: &World) -> bool {
        if let Some(tenant) = self.knowledge.tenant {
            while !world.tenants_ready[tenant].get() {
                world.readiness.notified().await;
                if self.is_leaving(world) {
                    return false;
                }
            }
            if let Some(jar) = &mut self.jar {
                *jar = world.shared.borrow().cookies(Some(tenant));
            }
        }
        if world.script.setup(SetupFor::User).next().is_none() {
            return true;
        }
        let done = self.prepare(world, SetupFor::User).await;
        self.knowledge.kept = std::mem::take(&mut self.knowledge.captured);
        done
    }

    /// Tries setup steps until they work; what they capture is in [`Knowledge::captured`].
    async fn prepare(&mut self, world: &World, run: SetupFor) -> bool {
        let backoff = Retry { backoff: SETUP_BACKOFF, longest: SETUP_LONGEST, jitter: 0.5, ..Retry::default() };
        let mut attempt = 1;
        loop {
            if self.is_leaving(world) {
                return false;
            }
            self.knowledge.captured.clear();
            let acts: Vec<&Act> = world.script.setup(run).collect();
            match turn::play(world, self, SETUP, acts, world.now()).await {
                None => return false,
                Some(course) if course.verdict == TurnVerdict::Well => return true,
                Some(course) => {
                    self.tell(world, run, course.fault.as_ref());
                    let pause = retry::pause(&backoff, attempt, Some(course.wait), &mut self.random);
                    self.pause(world, later(world.now(), pause)).await;
                    attempt += 1;
                }
            }
        }
    }

    /// Says once that setup fails.
    fn tell(&self, world: &World, run: SetupFor, fault: Option<&Fault>) {
        if world.setup_told.replace(true) {
            return;
        }
        let whose = match run {
            SetupFor::All => "the setup".to_owned(),
            SetupFor::Tenant => {
                let shared = world.shared.borrow();
                format!("the setup of the tenant `{}`", shared.tenant_name(self.knowledge.tenant.unwrap_or(0)))
            }
            SetupFor::User => format!("the setup of user {}", self.knowledge.user),
        };
        let why = fault.map_or_else(|| "it was put off".into(), |fault| format!("{}: {}", fault.class, fault.story));
        world.note(format!(
            "{whose} fails ({why}); it is tried again, ever more seldom, and nobody begins a turn before"
        ));
    }
}

/// A user of the closed model, whose first turn is due some time after `start`.
pub(super) async fn closed(world: Rc<World>, desk: Rc<Desk>, start: Elapsed) {
    let mut user = User::new(&world, desk);
    let first = world.script.class_at(user.random.f64());
    let offset = think::offset(world.script.classes[first].think, &mut user.random);
    let mut due = later(start, offset);
    user.pause(&world, due).await;
    if user.needs_setup(&world) {
        if !Box::pin(user.set_up(&world)).await {
            return;
        }
        // What setup took is no lateness of the first turn.
        due = world.now();
        user.free_at = due;
    }
    while !user.is_leaving(&world) {
        // In a box of its own, so that a user who pauses does not hold the memory of a turn.
        let Some(course) = Box::pin(user.turn(&world, due)).await else { return };
        due = later(course.ended, course.think.max(course.wait));
        user.pause(&world, due).await;
    }
}

/// A user of the open model.
pub(super) async fn open(world: Rc<World>, desk: Rc<Desk>) {
    let mut user = User::new(&world, desk);
    if !Box::pin(user.set_up(&world)).await {
        return;
    }
    world.roster.ready();
    user.free_at = world.now();
    while !user.is_leaving(&world) {
        let Some(due) = next_turn(&world, &mut user).await else { return };
        // In a box of its own, so that a user who waits does not hold the memory of a turn.
        if Box::pin(user.turn(&world, due)).await.is_none() {
            return;
        }
        user.free_at = world.now();
    }
}

/// The next turn, once there is one; `None` where the user is to leave.
async fn next_turn(world: &World, user: &mut User) -> Option<Elapsed> {
    if let Some(due) = world.roster.take(world.pacing.due()) {
        return Some(due);
    }
    user.rest();
    world.roster.rest(&user.desk);
    loop {
        user.desk.wake.notified().await;
        if let Some(due) = world.roster.handed(&user.desk) {
            return Some(due);
        }
        if user.is_leaving(world) {
            return None;
        }
    }
}

/// Does the setup for all, until it works. Answers whether it did before the run was to end.
pub(super) async fn set_up_for_all(world: &World) -> bool {
    if world.script.setup(SetupFor::All).next().is_none() {
        return true;
    }
    let mut user = User::for_setup(world, None);
    let done = user.prepare(world, SetupFor::All).await;
    let captured = std::mem::take(&mut user.knowledge.captured);
    keep_secret(world, &captured);
    let mut shared = world.shared.borrow_mut();
    shared.all.extend(captured);
    shared.jar = user.jar;
    drop(shared);
    done
}

/// Does the setup of a tenant, until it works, and lets its users begin.
pub(super) async fn set_up_tenant(world: Rc<World>, tenant: usize) {
    let is_ready = world.script.setup(SetupFor::Tenant).next().is_none() || {
        let mut user = User::for_setup(&world, Some(tenant));
        let done = user.prepare(&world, SetupFor::Tenant).await;
        let captured = std::mem::take(&mut user.knowledge.captured);
        keep_secret(&world, &captured);
        world.shared.borrow_mut().keep_for_tenant(tenant, captured, user.jar);
        done
    };
    world.tenants_ready[tenant].set(is_ready);
    world.readiness.notify_waiters();
}

fn keep_secret(world: &World, captured: &Variables) {
    let mut shared = world.shared.borrow_mut();
    for (name, value) in captured {
        if is_telling(name) {
            shared.secrets.add_value(value);
        }
    }
}

pub(super) fn later(at: Elapsed, by: Duration) -> Elapsed {
    Elapsed::new(at.since_start().saturating_add(by))
}
