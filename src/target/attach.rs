//! A process that soak holds on to: its pid, its start time and a pidfd, which together name one process for ever.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ExitStatus};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use super::error::TargetError;
use crate::domain::run::{Scope, TargetEnd, TargetIdentity};
use crate::procfs::{Buffer, Keep, OomCounter, ProcRoot, Process, ProcfsError, State};

/// A target and the files to read it by.
#[derive(Debug)]
pub struct Attached {
    /// The runner's part: who it is, how it ends.
    pub target: Target,
    /// The sampler's part.
    pub process: Process,
}

/// The process under test.
///
/// Dropping a target that soak started stops it, as [`Target::stop`] does with a short grace. After `kill -9` of soak the
/// program that it started lives on: tying the two together needs a call that Rust counts as unsafe.
#[derive(Debug)]
pub struct Target {
    identity: TargetIdentity,
    pidfd: OwnedFd,
    oom: Option<OomWatch>,
    child: Option<Child>,
    end: Option<TargetEnd>,
}

#[derive(Debug)]
struct OomWatch {
    counter: OomCounter,
    kills_before: u64,
}

/// What becomes of a process that has already ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Zombies {
    Refused,
    /// A program that soak started may have ended before soak could look; it is held all the same, to learn its code.
    Held,
}

/// Takes hold of the process that has this pid now.
pub(super) fn attach(root: &ProcRoot, pid: u32, scope: Scope) -> Result<Attached, TargetError> {
    hold(root, pid, scope, Zombies::Refused)
}

/// Takes hold of a program that soak has just started.
pub(super) fn attach_child(root: &ProcRoot, child: Child, name: String, scope: Scope) -> Result<Attached, TargetError> {
    let held = hold(root, child.id(), scope, Zombies::Held);
    match held {
        Ok(mut attached) => {
            attached.target.identity.name = name;
            attached.target.identity.started_by_soak = true;
            attached.target.child = Some(child);
            Ok(attached)
        }
        Err(error) => {
            let mut child = child;
            let _ = child.kill();
            let _ = child.wait();
            Err(error)
        }
    }
}

fn hold(root: &ProcRoot, pid: u32, scope: Scope, zombies: Zombies) -> Result<Attached, TargetError> {
    let fail = |error: ProcfsError| match error {
        ProcfsError::Gone { pid } => TargetError::NoSuchProcess { pid },
        error => TargetError::Procfs(error),
    };
    let mut buffer = Buffer::new();
    let process = Process::open(root, pid, Keep::Open).map_err(fail)?;
    let status = process.status(&mut buffer).map_err(fail)?;
    if let Some(process) = status.process.filter(|&process| process != pid) {
        return Err(TargetError::Thread { pid, process });
    }
    let stat = process.stat(&mut buffer).map_err(fail)?;
    if stat.kernel_thread {
        return Err(TargetError::KernelThread { pid, name: stat.name.to_string() });
    }
    if stat.state == State::Zombie && zombies == Zombies::Refused {
        return Err(TargetError::Zombie { pid, name: stat.name.to_string() });
    }
    let pidfd = open_pidfd(pid)?;
    // The files were opened first. If they still answer now, their process lived when the pidfd was opened, so the pid
    // was its own then and both are the same process.
    if process.stat(&mut buffer).map_err(fail)?.start_ticks != stat.start_ticks {
        return Err(TargetError::NoSuchProcess { pid });
    }
    let oom = OomCounter::open(root, &process, &mut buffer).and_then(|counter| {
        let kills_before = counter.kills(&mut buffer)?;
        Some(OomWatch { counter, kills_before })
    });
    let identity = TargetIdentity {
        pid,
        name: stat.name.to_string(),
        start_ticks: stat.start_ticks,
        tree: scope == Scope::Tree,
        started_by_soak: false,
    };
    Ok(Attached { target: Target { identity, pidfd, oom, child: None, end: None }, process })
}

fn open_pidfd(pid: u32) -> Result<OwnedFd, TargetError> {
    let number = i32::try_from(pid).ok().and_then(Pid::from_raw).ok_or(TargetError::NoSuchProcess { pid })?;
    pidfd_open(number, PidfdFlags::empty()).map_err(|errno| match errno {
        Errno::SRCH => TargetError::NoSuchProcess { pid },
        errno => TargetError::Pidfd { pid, source: errno.into() },
    })
}

impl Target {
    /// Who it is, for the record's header.
    pub fn identity(&self) -> &TargetIdentity {
        &self.identity
    }

    /// A copy of the pidfd, which becomes readable when the process ends: for the sampler to wait on.
    ///
    /// # Errors
    /// When descriptors run out.
    pub fn pidfd(&self) -> io::Result<OwnedFd> {
        self.pidfd.try_clone()
    }

    /// How it ended; `None` while it lives. The cause is the exit code or signal of a program that soak started. The
    /// kernel tells that of another process to its parent only, so there it is whether the out-of-memory killer struck in
    /// its cgroup during the run.
    ///
    /// # Errors
    /// Where a program that soak started cannot be waited for.
    pub fn end(&mut self) -> Result<Option<TargetEnd>, TargetError> {
        if self.end.is_none() && self.ends_within(Duration::ZERO) {
            self.end = Some(self.cause()?);
        }
        Ok(self.end.clone())
    }

    /// Stops a program that soak started: SIGTERM, then after `grace` SIGKILL, both through the pidfd. Its own children
    /// are not signalled: a program that starts others is asked to end them itself. A process that soak did not start is
    /// left alone, and the answer is as of [`Target::end`].
    ///
    /// # Errors
    /// Where it cannot be signalled or waited for.
    pub fn stop(&mut self, grace: Duration) -> Result<Option<TargetEnd>, TargetError> {
        if self.child.is_some() && self.end.is_none() {
            self.signal(Signal::TERM)?;
            if !self.ends_within(grace) {
                self.signal(Signal::KILL)?;
                // Only a process stuck in the kernel survives SIGKILL this long; it is left to its fate then.
                self.ends_within(Duration::from_secs(10));
            }
        }
        self.end()
    }

    /// What asks a target that soak started to end, without waiting for it (SIGTERM); for any other target it does
    /// nothing. It works from any thread for as long as it lives.
    ///
    /// # Errors
    /// Where the pidfd cannot be duplicated.
    pub fn asker(&self) -> io::Result<Box<dyn Fn() + Send>> {
        if self.child.is_none() {
            return Ok(Box::new(|| ()));
        }
        let pidfd = self.pidfd()?;
        Ok(Box::new(move || {
            // The one error that can come is that it has ended already.
            let _ = pidfd_send_signal(&pidfd, Signal::TERM);
        }))
    }

    fn signal(&self, signal: Signal) -> Result<(), TargetError> {
        match pidfd_send_signal(&self.pidfd, signal) {
            // It has ended by itself.
            Ok(()) | Err(Errno::SRCH) => Ok(()),
            Err(errno) => Err(TargetError::Stop { pid: self.identity.pid, source: errno.into() }),
        }
    }

    fn ends_within(&self, wait: Duration) -> bool {
        let deadline = Instant::now() + wait;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let timeout = Timespec {
                tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
                tv_nsec: i64::from(left.subsec_nanos()),
            };
            let mut polled = [PollFd::from_borrowed_fd(self.pidfd.as_fd(), PollFlags::IN)];
            match poll(&mut polled, Some(&timeout)) {
                Ok(ready) if ready > 0 => return true,
                Err(Errno::INTR) => {}
                _ if left.is_zero() => return false,
                _ => {}
            }
        }
    }

    fn cause(&mut self) -> Result<TargetEnd, TargetError> {
        let out_of_memory = self.out_of_memory();
        let Some(child) = &mut self.child else { return Ok(TargetEnd::Vanished { out_of_memory }) };
        let status = child.wait().map_err(|source| TargetError::Stop { pid: self.identity.pid, source })?;
        Ok(cause_of(status, out_of_memory))
    }

    fn out_of_memory(&self) -> bool {
        self.oom
            .as_ref()
            .is_some_and(|oom| oom.counter.kills(&mut Buffer::new()).is_some_and(|kills| kills > oom.kills_before))
    }
}

fn cause_of(status: ExitStatus, out_of_memory: bool) -> TargetEnd {
    match (status.code(), status.signal()) {
        (Some(code), _) => TargetEnd::Exited { code },
        (None, Some(signal)) => {
            TargetEnd::Killed { signal, out_of_memory: out_of_memory && signal == Signal::KILL.as_raw() }
        }
        (None, None) => TargetEnd::Vanished { out_of_memory },
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        let _ = self.stop(Duration::from_secs(2));
    }
}
