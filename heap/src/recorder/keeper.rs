//! The thread that looks after the recorder while it traces, outside of hooks: it keeps the period within its share and
//! learns of files that were mapped since.

use std::sync::Once;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::thread::Untraced;
use super::{RECORDER, Recorder, SETTINGS};

/// How often it looks. A burst is answered within this time, and an idle server is woken ten times a second.
const EVERY: Duration = Duration::from_millis(100);
/// Of its stack, only what is used is ever made; building framehop's cache takes most.
const STACK_BYTES: usize = 1 << 20;

/// Starts the thread for a session; it ends by itself when the session does.
pub(super) fn begin(recorder: &'static Recorder, session: u32) -> std::io::Result<()> {
    let thread = std::thread::Builder::new().name("soak-heap".to_owned()).stack_size(STACK_BYTES);
    thread.spawn(move || keep(recorder, session)).map(drop)
}

fn keep(recorder: &Recorder, session: u32) {
    let _untraced = Untraced::begin();
    leave_signals_to_others();
    let mut before = recorder.pace.look();
    loop {
        std::thread::sleep(EVERY);
        let settings = SETTINGS.load(Ordering::Relaxed);
        if recorder.session.number() != session || settings == 0 && recorder.session.has_ended() {
            return;
        }
        recorder.unwinder.refresh();
        let now = recorder.pace.look();
        let period = recorder.session.period(settings as u8);
        if let Some(period) = recorder.pace.next(before, now, period, recorder.blocks.is_crowded()) {
            recorder.change(settings, period);
        }
        before = now;
    }
}

/// A handler of the program's must not run here, and a signal that it waits for must not be lost here.
fn leave_signals_to_others() {
    // SAFETY: all zero is a valid set; `sigfillset` makes it the full one, and the call changes this thread's mask only.
    unsafe {
        let mut all: libc::sigset_t = std::mem::zeroed();
        libc::sigfillset(&raw mut all);
        libc::pthread_sigmask(libc::SIG_BLOCK, &raw const all, std::ptr::null_mut());
    }
}

/// Sees to it that the child of a fork is not traced: the recorder's thread is not in it, and locks of threads that are not
/// in it would never be freed.
pub(super) fn survive_forks() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: `in_child` touches atomics only, which is allowed in the child of a threaded process.
        unsafe { libc::pthread_atfork(None, None, Some(in_child)) };
    });
}

extern "C" fn in_child() {
    SETTINGS.store(0, Ordering::SeqCst);
    RECORDER.session.break_open();
    RECORDER.blocks.break_open();
    RECORDER.unwinder.break_open();
}
