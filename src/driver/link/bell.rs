//! Wake-ups within one task: hyper's connection, its answer and its body are polled together by their user's task, and what
//! one of them tells another must not send the task round the scheduler once more.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

/// How often the parts are polled again for what they told each other, before the scheduler gets a say.
const ROUNDS: u32 = 8;

/// What the parts wake in place of the task.
#[derive(Debug)]
pub(super) struct Bell {
    inner: Arc<Inner>,
    waker: Waker,
}

#[derive(Debug, Default)]
struct Inner {
    /// The parts are being polled, and will be again if the bell rings meanwhile.
    attended: AtomicBool,
    rung: AtomicBool,
    /// Who is woken where nobody attends.
    task: Mutex<Option<Waker>>,
}

impl Wake for Inner {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.rung.store(true, Ordering::SeqCst);
        if !self.attended.load(Ordering::SeqCst) {
            // The lock only guards a waker, which is whole whatever panicked.
            let task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(task) = &*task {
                task.wake_by_ref();
            }
        }
    }
}

impl Default for Bell {
    fn default() -> Self {
        let inner = Arc::<Inner>::default();
        Self { waker: Waker::from(Arc::clone(&inner)), inner }
    }
}

impl Bell {
    /// Polls the parts by `step`, and again at once where they have woken each other.
    pub(super) fn poll<T>(&self, cx: &mut Context<'_>, mut step: impl FnMut(&mut Context<'_>) -> Poll<T>) -> Poll<T> {
        self.listen(cx.waker());
        let mut own = Context::from_waker(&self.waker);
        self.inner.attended.store(true, Ordering::SeqCst);
        for _ in 0..ROUNDS {
            self.inner.rung.store(false, Ordering::SeqCst);
            let polled = step(&mut own);
            if polled.is_ready() {
                self.inner.attended.store(false, Ordering::SeqCst);
                return polled;
            }
            if !self.inner.rung.load(Ordering::SeqCst) {
                break;
            }
        }
        self.inner.attended.store(false, Ordering::SeqCst);
        // Rung since the parts were last looked at, perhaps by another thread, or more often than is fair to others.
        if self.inner.rung.load(Ordering::SeqCst) {
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }

    /// Does something that wakes parts which are about to be polled anyway.
    pub(super) fn mute<T>(&self, act: impl FnOnce() -> T) -> T {
        self.inner.attended.store(true, Ordering::SeqCst);
        let done = act();
        self.inner.attended.store(false, Ordering::SeqCst);
        done
    }

    fn listen(&self, waker: &Waker) {
        let mut task = self.inner.task.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *task {
            Some(task) => task.clone_from(waker),
            none => *none = Some(waker.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[derive(Default)]
    struct Task(AtomicUsize);

    impl Wake for Task {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn stage() -> (Bell, Arc<Task>, Waker) {
        let task = Arc::<Task>::default();
        (Bell::default(), Arc::clone(&task), Waker::from(task))
    }

    #[test]
    fn parts_that_wake_each_other_are_polled_again_and_the_task_is_not_woken() {
        let (bell, task, waker) = stage();
        let mut polls = 0;
        let polled = bell.poll(&mut Context::from_waker(&waker), |cx| {
            polls += 1;
            if polls == 3 {
                return Poll::Ready(polls);
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        });
        assert_eq!((polled, task.0.load(Ordering::SeqCst)), (Poll::Ready(3), 0));
    }

    #[test]
    fn parts_that_never_stop_give_way_to_other_tasks_and_are_not_forgotten() {
        let (bell, task, waker) = stage();
        let mut polls = 0;
        let polled: Poll<()> = bell.poll(&mut Context::from_waker(&waker), |cx| {
            polls += 1;
            cx.waker().wake_by_ref();
            Poll::Pending
        });
        assert_eq!((polled, polls, task.0.load(Ordering::SeqCst)), (Poll::Pending, ROUNDS, 1));
    }

    #[test]
    fn what_comes_from_outside_wakes_the_task_that_polled_last() {
        let (bell, task, waker) = stage();
        let (_, later, later_waker) = stage();
        let mut kept = None;
        for waker in [&waker, &later_waker] {
            let polled: Poll<()> = bell.poll(&mut Context::from_waker(waker), |cx| {
                kept = Some(cx.waker().clone());
                Poll::Pending
            });
            assert_eq!(polled, Poll::Pending);
        }
        bell.mute(|| kept.as_ref().unwrap().wake_by_ref());
        assert_eq!(later.0.load(Ordering::SeqCst), 0);
        kept.unwrap().wake();
        assert_eq!((task.0.load(Ordering::SeqCst), later.0.load(Ordering::SeqCst)), (0, 1));
    }
}
