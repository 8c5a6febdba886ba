//! The roster: which users there are, which of them are free, and which turns wait for one.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;

use tokio::sync::Notify;

use super::arrivals::Timetable;
use super::plan::{FreeUser, Plan};
use crate::domain::Elapsed;
use crate::profile::Load as Model;

/// Where a user is told what to do.
#[derive(Debug, Default)]
pub(super) struct Desk {
    pub(super) number: u32,
    /// Notified when there is something to look at: a turn, the end of a pause, the order to leave.
    pub(super) wake: Arc<Notify>,
    /// The turn that the user is to do, by its due time.
    turn: Cell<Option<Elapsed>>,
    leaving: Cell<bool>,
}

impl Desk {
    /// Whether the user is to leave once its turn is over.
    pub(super) fn is_leaving(&self) -> bool {
        self.leaving.get()
    }

    fn send_home(&self) {
        self.leaving.set(true);
        self.wake.notify_one();
    }
}

/// The roster of a run.
pub(super) struct Roster {
    desks: RefCell<Vec<Rc<Desk>>>,
    /// Users with nothing to do (open model), the one that has had nothing to do for longest first.
    free: RefCell<VecDeque<Rc<Desk>>>,
    /// The due times of turns from the next that nobody has taken on (open model).
    timetable: RefCell<Option<Timetable>>,
    taken: Cell<u64>,
    /// Turns that were handed to a user who has not looked yet.
    handed: Cell<u64>,
    /// Turns that were counted as ones that waited, or had no need to.
    looked_at: Cell<u64>,
    /// Users that were made and are not ready yet.
    preparing: Cell<u32>,
    most: u32,
    order: FreeUser,
}

impl Roster {
    /// Nobody yet.
    pub(super) fn new(plan: &Plan) -> Self {
        let most = match plan.scenario.load {
            Model::Open { in_flight, .. } => in_flight,
            Model::Closed => 0,
        };
        Self {
            desks: RefCell::default(),
            free: RefCell::default(),
            timetable: RefCell::default(),
            taken: Cell::new(0),
            handed: Cell::new(0),
            looked_at: Cell::new(0),
            preparing: Cell::new(0),
            most,
            order: plan.free_user,
        }
    }

    /// Opens for the turns of this timetable.
    pub(super) fn open(&self, timetable: Timetable) {
        *self.timetable.borrow_mut() = Some(timetable);
    }

    /// Users there are.
    pub(super) fn count(&self) -> u32 {
        self.desks.borrow().len() as u32
    }

    /// A desk for the next user.
    pub(super) fn desk(&self) -> Rc<Desk> {
        let mut desks = self.desks.borrow_mut();
        let desk = Rc::new(Desk { number: desks.len() as u32, ..Desk::default() });
        desks.push(Rc::clone(&desk));
        desk
    }

    /// A desk for a user that is being made.
    pub(super) fn desk_in_preparation(&self) -> Rc<Desk> {
        self.preparing.set(self.preparing.get() + 1);
        self.desk()
    }

    /// A user that was made is ready.
    pub(super) fn ready(&self) {
        self.preparing.set(self.preparing.get().saturating_sub(1));
    }

    /// Sends home the users with the highest numbers until there are no more than `most`.
    pub(super) fn shrink(&self, most: u32) {
        let mut desks = self.desks.borrow_mut();
        while desks.len() > most as usize {
            if let Some(desk) = desks.pop() {
                desk.send_home();
            }
        }
    }

    /// Sends everybody home.
    pub(super) fn send_everybody_home(&self) {
        self.desks.borrow().iter().for_each(|desk| desk.send_home());
    }

    /// The turn that was handed to the user at this desk, which has begun it from now on.
    pub(super) fn handed(&self, desk: &Desk) -> Option<Elapsed> {
        let turn = desk.turn.take()?;
        self.handed.set(self.handed.get().saturating_sub(1));
        Some(turn)
    }

    /// Turns that nobody has begun, of `due` that have fallen due.
    pub(super) fn not_begun(&self, due: u64) -> u64 {
        self.waiting(due) + self.handed.get()
    }

    /// Turns that nobody has taken on, of `due` that have fallen due.
    fn waiting(&self, due: u64) -> u64 {
        due.saturating_sub(self.taken.get())
    }

    /// Takes on the next turn that waits.
    pub(super) fn take(&self, due: u64) -> Option<Elapsed> {
        if self.waiting(due) == 0 {
            return None;
        }
        let taken = self.timetable.borrow_mut().as_mut().map(Timetable::take);
        self.taken.set(self.taken.get() + 1);
        taken
    }

    /// The user at this desk has nothing to do.
    pub(super) fn rest(&self, desk: &Rc<Desk>) {
        self.free.borrow_mut().push_back(Rc::clone(desk));
    }

    /// Hands turns that have fallen due, `due` since the start, to users that are free, and has users made by `hire` (given
    /// the desk) where there are too few. Answers how many more turns have to wait because nobody is left.
    pub(super) fn dispatch(&self, due: u64, mut hire: impl FnMut(Rc<Desk>)) -> u64 {
        while self.waiting(due) > 0 {
            let free = match self.order {
                FreeUser::Latest => self.free.borrow_mut().pop_back(),
                FreeUser::InTurn => self.free.borrow_mut().pop_front(),
            };
            let Some(desk) = free else { break };
            desk.turn.set(self.take(due));
            self.handed.set(self.handed.get() + 1);
            desk.wake.notify_one();
        }
        while self.waiting(due) > u64::from(self.preparing.get()) && self.count() < self.most {
            hire(self.desk_in_preparation());
        }
        let met = self.taken.get() + u64::from(self.preparing.get());
        let before = self.looked_at.get().max(met);
        self.looked_at.set(due.max(before));
        due.saturating_sub(before)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::load::Load;
    use super::*;
    use crate::domain::run::Trend;
    use crate::profile::{Arrivals, Mix, Ramp, Scenario, Stage};

    fn roster(most: u32, order: FreeUser) -> Roster {
        let stage = Stage {
            name: String::new(),
            duration: Duration::from_secs(1),
            target: 10.0,
            ramp: Ramp::Jump,
            trend: Trend::Counts,
        };
        let scenario = Scenario {
            name: String::new(),
            about: String::new(),
            class: None,
            budgets: None,
            mix: Mix::Even,
            load: Model::Open { arrivals: Arrivals::Even, in_flight: most },
            stages: vec![stage],
        };
        let load = Arc::new(Load::new(&scenario));
        let plan = Plan {
            profile: super::super::tests::profile(Vec::new()),
            scenario,
            base: None,
            seed: 1,
            wait_ready: Duration::ZERO,
            free_user: order,
        };
        let roster = Roster::new(&plan);
        roster.open(Timetable::new(load, Elapsed::default(), Arrivals::Even, 1));
        roster
    }

    #[test]
    fn turns_beyond_the_cap_wait_in_order_and_each_is_counted_once() {
        let roster = roster(2, FreeUser::Latest);
        let mut hired = Vec::new();
        assert_eq!(roster.dispatch(5, |desk| hired.push(desk)), 3);
        assert_eq!((hired.len(), roster.waiting(5)), (2, 5));
        roster.ready();
        roster.ready();
        // The two that were made take the first two, in the order in which they were due.
        let due: Vec<f64> = (0..2).filter_map(|_| roster.take(5)).map(Elapsed::as_secs_f64).collect();
        assert_eq!(due, [0.0, 0.1]);
        assert_eq!(roster.dispatch(5, |_| panic!("one too many")), 0);
        assert_eq!(roster.dispatch(6, |_| panic!("one too many")), 1);
        assert_eq!(roster.waiting(6), 4);
    }

    #[test]
    fn the_latest_is_taken_first_or_each_in_its_turn() {
        for (order, first) in [(FreeUser::Latest, 2), (FreeUser::InTurn, 0)] {
            let roster = roster(3, order);
            let desks: Vec<_> = (0..3).map(|_| roster.desk()).collect();
            for desk in &desks {
                roster.rest(desk);
            }
            assert_eq!(roster.dispatch(1, |_| panic!("somebody is free")), 0);
            let busy: Vec<u32> =
                desks.iter().filter(|desk| roster.handed(desk).is_some()).map(|desk| desk.number).collect();
            assert_eq!((busy, roster.not_begun(1)), (vec![first], 0));
        }
    }
}
