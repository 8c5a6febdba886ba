//! Ctrl-C, SIGTERM and SIGHUP: the first ends the run and still judges it, the second quits at once, and a closed
//! session (SIGHUP) changes nothing, because a run overnight must outlive the terminal that it was started from.

use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::console;
use super::failure::Failure;
use super::live;

/// The exit code of a run that was quit.
const QUIT: i32 = 130;

/// What is done before a quit: ending a target that soak started.
type BeforeQuit = Arc<Mutex<Option<Box<dyn Fn() + Send>>>>;

/// The user's wish to end, as a descriptor that becomes readable.
pub(super) struct Interrupt {
    /// Readable from the first signal on.
    pub(super) stop: OwnedFd,
    /// Set from the first signal on.
    pub(super) asked: Arc<AtomicBool>,
    before_quit: BeforeQuit,
}

impl Interrupt {
    /// Takes the signals over.
    ///
    /// # Errors
    /// Where the system gives no pipe, no thread or no handler.
    pub(super) fn install() -> Result<Self, Failure> {
        let failed = |error: std::io::Error| Failure::new(format!("cannot handle signals: {error}"));
        // Close-on-exec, or a target that soak starts would hold the other end open.
        let (stop, asked) =
            rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).map_err(|error| failed(error.into()))?;
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP]).map_err(failed)?;
        let before_quit: BeforeQuit = Arc::default();
        let cleanup = Arc::clone(&before_quit);
        let is_asked = Arc::new(AtomicBool::new(false));
        let set = Arc::clone(&is_asked);
        let listen = move || {
            // Closing the pipe's other end is what makes it readable, for good and without a byte.
            let mut asked = Some(asked);
            for signal in &mut signals {
                if signal == SIGHUP {
                    continue;
                }
                if asked.is_some() {
                    // In this order: whoever sees the run end must see that it was asked for.
                    set.store(true, Ordering::Relaxed);
                    asked = None;
                    if live::is_shown() {
                        continue;
                    }
                    console::say("\nending the run; its verdict follows (once more quits at once)");
                    continue;
                }
                if let Some(cleanup) = cleanup.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
                    cleanup();
                }
                live::restore();
                std::process::exit(QUIT);
            }
        };
        std::thread::Builder::new().name("signals".into()).stack_size(64 << 10).spawn(listen).map_err(failed)?;
        Ok(Self { stop, asked: is_asked, before_quit })
    }

    /// Sets what is done before a quit.
    pub(super) fn before_quit(&self, cleanup: Box<dyn Fn() + Send>) {
        *self.before_quit.lock().unwrap_or_else(PoisonError::into_inner) = Some(cleanup);
    }
}
