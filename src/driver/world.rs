//! What all users of a run share on the sending thread: the script, the books, the clock, the ways out.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::books::Books;
use super::link::{Dialler, Endpoint, LinkError};
use super::load::Load;
use super::mix::Mix;
use super::options::DriverError;
use super::pacer::Pacing;
use super::plan::Plan;
use super::request_log::RequestLog;
use super::roster::Roster;
use super::scribe::{Outlet, Seen};
use super::script::Script;
use super::seed_of;
use super::variables::{Knowledge, Shared};
use super::{fill, user};
use crate::clock::Clock;
use crate::domain::Elapsed;

/// Hosts besides the base that whole URLs of steps may go to; further ones are refused, for each costs every user a
/// connection.
const OTHER_HOSTS: usize = 16;

/// How long a turn takes before one has been seen.
const UNKNOWN_LENGTH: Duration = Duration::from_millis(100);

/// Where requests go, and how.
pub(super) type Way = (Arc<Endpoint>, Arc<Dialler>);

/// Everything that users share.
pub(super) struct World {
    pub(super) plan: Plan,
    pub(super) script: Script,
    pub(super) load: Arc<Load>,
    pub(super) mix: Mix,
    /// How long the last turn of each class took: what one that sits out leaves free.
    pub(super) turn_lengths: Vec<Cell<Duration>>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) pacing: Arc<Pacing>,
    pub(super) books: RefCell<Books>,
    pub(super) shared: RefCell<Shared>,
    pub(super) roster: Roster,
    pub(super) log: RequestLog,
    pub(super) outlet: Outlet,
    pub(super) base: Way,
    elsewhere: RefCell<HashMap<String, Way>>,
    /// Whether the setup of each tenant has worked.
    pub(super) tenants_ready: Vec<Cell<bool>>,
    /// Notified when a tenant is ready.
    pub(super) readiness: Notify,
    /// Whether somebody has been told that setup fails.
    pub(super) setup_told: Cell<bool>,
    pub(super) stopping: Cell<bool>,
    pub(super) crew: RefCell<JoinSet<()>>,
}

impl World {
    /// Makes everything ready, without sending anything.
    ///
    /// # Errors
    /// What of the plan cannot be driven.
    pub(super) fn new(
        plan: Plan,
        clock: Arc<dyn Clock>,
        pacing: Arc<Pacing>,
        outlet: Outlet,
    ) -> Result<Self, DriverError> {
        plan.check()?;
        let mut random = fastrand::Rng::with_seed(seed_of(plan.seed, u64::MAX));
        let shared = Shared::new(&plan.profile, &mut random)?;
        let mix = Mix::new(&plan);
        let mut script = Script::new(&plan.profile, &plan.scenario, &mix)?;
        let base = base(&plan, &shared, &mut random)?;
        script.aim(&base.0);
        let books = Books::new(script.rows.clone(), clock.now()).map_err(DriverError::Histogram)?;
        Ok(Self {
            mix,
            turn_lengths: script.classes.iter().map(|_| Cell::new(UNKNOWN_LENGTH)).collect(),
            load: Arc::new(Load::new(&plan.scenario)),
            tenants_ready: (0..shared.tenants()).map(|_| Cell::new(false)).collect(),
            books: RefCell::new(books),
            shared: RefCell::new(shared),
            roster: Roster::new(&plan),
            log: RequestLog::new(outlet.clone(), plan.profile.slow_after),
            elsewhere: RefCell::default(),
            readiness: Notify::new(),
            setup_told: Cell::new(false),
            stopping: Cell::new(false),
            crew: RefCell::default(),
            plan,
            script,
            clock,
            pacing,
            outlet,
            base,
        })
    }

    pub(super) fn now(&self) -> Elapsed {
        self.clock.now()
    }

    /// The way to another host than the base, by `scheme://host:port`.
    ///
    /// # Errors
    /// A host that cannot be reached in principle, or one too many.
    pub(super) fn way_to(&self, origin: &str) -> Result<Way, String> {
        if let Some(way) = self.elsewhere.borrow().get(origin) {
            return Ok(way.clone());
        }
        if self.elsewhere.borrow().len() >= OTHER_HOSTS {
            return Err(format!("its steps go to more than {OTHER_HOSTS} hosts besides the target"));
        }
        let connection = &self.plan.profile.connection;
        let way = Endpoint::new(origin, None)
            .and_then(|endpoint| {
                let dialler = Dialler::new(&endpoint, connection.http, connection.ca.as_deref())?;
                Ok((Arc::new(endpoint), Arc::new(dialler)))
            })
            .map_err(|error| error.to_string().trim_start_matches("--url: ").to_owned())?;
        self.elsewhere.borrow_mut().insert(origin.to_owned(), way.clone());
        Ok(way)
    }

    /// Hires a user.
    pub(super) fn hire(self: &Rc<Self>, work: impl Future<Output = ()> + 'static) {
        let mut crew = self.crew.borrow_mut();
        // Those who left are struck off, so that the list does not grow with users that come and go.
        while crew.try_join_next().is_some() {}
        crew.spawn_local(work);
    }

    /// Hands turns that have fallen due to users that are free.
    pub(super) fn dispatch(self: &Rc<Self>) {
        let waited = self.roster.dispatch(self.pacing.due(), |desk| self.hire(user::open(Rc::clone(self), desk)));
        let mut books = self.books.borrow_mut();
        (0..waited).for_each(|_| books.waited());
    }

    /// Whether the window under way has reached its end: every ten seconds, and where a spell ends, so that the counts of a
    /// window are those of one mix.
    pub(super) fn is_window_over(&self) -> bool {
        let (now, books) = (self.now(), self.books.borrow());
        books.is_window_over(now) || self.mix.number(now) != self.mix.number(books.window_from())
    }

    /// Ends the window under way and begins the next, in a new phase where one is given.
    pub(super) fn cut(&self, phase: Option<&str>) {
        let (windows, lagging) = self.books.borrow_mut().cut(self.now(), phase);
        self.outlet.windows(windows);
        if let Some(lagging) = lagging {
            self.log.lagged(lagging);
        }
    }

    /// Says something once that everybody should know.
    pub(super) fn note(&self, text: impl Into<String>) {
        self.outlet.tell(Seen::Note(text.into()));
    }

    /// Turns that are due and that nobody has begun.
    pub(super) fn waiting(&self) -> u64 {
        self.roster.not_begun(self.pacing.due())
    }

    /// Lets nobody begin anything any more.
    pub(super) fn stop(&self) {
        self.stopping.set(true);
        self.roster.send_everybody_home();
        self.readiness.notify_waiters();
    }
}

fn base(plan: &Plan, shared: &Shared, random: &mut fastrand::Rng) -> Result<Way, DriverError> {
    let connection = &plan.profile.connection;
    let text = match (&plan.base, &connection.url) {
        (Some(url), _) => url.full().to_owned(),
        (None, Some(template)) => {
            let filled = fill::text(template, shared, &Knowledge::default(), random);
            filled.map_err(|_| DriverError::Profile("the target's url names what is not known".into()))?.text
        }
        (None, None) => return Err(DriverError::NoUrl),
    };
    let way = || -> Result<Way, LinkError> {
        let endpoint = Endpoint::new(&text, connection.unix_socket.as_deref())?;
        let dialler = Dialler::new(&endpoint, connection.http, connection.ca.as_deref())?;
        Ok((Arc::new(endpoint), Arc::new(dialler)))
    };
    way().map_err(DriverError::Link)
}
