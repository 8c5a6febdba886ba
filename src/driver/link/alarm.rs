//! A deadline that costs nothing per request: the timer is moved when it fires, not whenever the deadline is.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

/// The longest deadline: a timer wheel has an end, and a year is for ever here.
const FOREVER: Duration = Duration::from_hours(24 * 365);

/// A deadline that moves with every request. Deadlines of one timeout only move forward, so the timer is left where it is,
/// fires once per timeout at most, and is then moved to where the deadline has got to.
#[derive(Debug, Default)]
pub(super) struct Alarm {
    sleep: Option<Pin<Box<Sleep>>>,
    at: Option<Instant>,
}

impl Alarm {
    /// Sets the deadline this long from now.
    pub(super) fn set(&mut self, after: Duration) {
        let at = Instant::now() + after.min(FOREVER);
        self.at = Some(at);
        match &mut self.sleep {
            Some(sleep) if sleep.deadline() > at => sleep.as_mut().reset(at),
            Some(_) => {}
            none => *none = Some(Box::pin(sleep_until(at))),
        }
    }

    /// Whether the deadline has passed.
    pub(super) fn has_passed(&self) -> bool {
        self.at.is_some_and(|at| Instant::now() >= at)
    }

    /// Ready once the deadline has passed.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let (Some(sleep), Some(at)) = (&mut self.sleep, self.at) else { return Poll::Pending };
        loop {
            std::task::ready!(sleep.as_mut().poll(cx));
            if sleep.deadline() >= at {
                return Poll::Ready(());
            }
            sleep.as_mut().reset(at);
        }
    }
}
