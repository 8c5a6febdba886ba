//! Targets and the sampler over real processes, all of them children of the test: found, held, sampled, ended.
//!
//! Nothing here waits by the wall clock: children wait on named pipes for the test, and the test on pidfds and pipes.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot set the stage has failed")]

use std::ffi::OsString;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::ops::ControlFlow;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{Pid, Signal, kill_process_group};
use soak::clock::{Clock, ManualClock, RealClock};
use soak::domain::run::{EventKind, Scope, TargetEnd};
use soak::domain::{Elapsed, Metric, Sample};
use soak::procfs::ProcRoot;
use soak::sampler::{Ended, Observation, Options, Sampler, Watched};
use soak::target::{Attached, Selector, TargetError, resolve};

/// A child that is gone with the test, and so are its own children: they are one process group.
struct Own(Child);

impl Own {
    fn start(command: &mut Command) -> Self {
        Self(command.stdin(Stdio::null()).stdout(Stdio::null()).process_group(0).spawn().unwrap())
    }

    fn sleeping() -> Self {
        Self::start(Command::new("sleep").arg("1000"))
    }

    fn pid(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        // Not waited for yet, so the number is still this group's.
        if let Some(group) = i32::try_from(self.pid()).ok().and_then(Pid::from_raw) {
            let _ = kill_process_group(group, Signal::KILL);
        }
        let _ = self.0.wait();
    }
}

/// A folder with a named pipe by which a shell script and the test wait for each other.
struct Stage {
    folder: tempfile::TempDir,
}

impl Stage {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for pipe in ["go", "done"] {
            mknodat(CWD, folder.path().join(pipe), FileType::Fifo, Mode::RWXU, 0).unwrap();
        }
        Self { folder }
    }

    fn shell(&self, script: &str) -> Command {
        let mut shell = Command::new("sh");
        shell.args(["-c", script]).current_dir(self.folder.path());
        shell
    }

    /// As [`Stage::shell`], for soak to start.
    fn selector(&self, script: &str) -> Selector {
        let script = format!("cd '{}' && {script}", self.folder.path().display());
        Selector::Command { program: "sh".into(), args: vec!["-c".into(), script.into()] }
    }

    /// Lets the script go on from `read _ < go`.
    fn go(&self) {
        fs::OpenOptions::new().write(true).open(self.path("go")).unwrap().write_all(b"\n").unwrap();
    }

    /// Waits until the script has come to `echo > done`.
    fn done(&self) {
        fs::File::open(self.path("done")).unwrap().read_to_end(&mut Vec::new()).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

fn attach(selector: &Selector) -> Result<Attached, TargetError> {
    resolve(selector, Scope::Process, &ProcRoot::system())
}

fn refusal(selector: &Selector) -> String {
    match attach(selector) {
        Ok(attached) => panic!("took hold of {:?}", attached.target.identity()),
        Err(error) => error.to_string(),
    }
}

fn command(program: &str, args: &[&str]) -> Selector {
    Selector::Command { program: program.into(), args: args.iter().map(OsString::from).collect() }
}

/// The end of a target, after waiting for it by its pidfd.
fn end_of(attached: &mut Attached) -> TargetEnd {
    let pidfd = attached.target.pidfd().unwrap();
    RealClock::start().wait_until(Elapsed::new(Duration::from_mins(1)), &[std::os::fd::AsFd::as_fd(&pidfd)]);
    attached.target.end().unwrap().unwrap()
}

/// A sampler of the target and the end of the pipe that stops it.
fn sampler(attached: Attached, options: Options, clock: Arc<dyn Clock>) -> (Sampler, soak::target::Target, OwnedFd) {
    let (stop, run) = pipe_with(PipeFlags::CLOEXEC).unwrap();
    let pidfd = attached.target.pidfd().unwrap();
    let watched = Watched { root: ProcRoot::system(), process: attached.process, pidfd, stop };
    (Sampler::new(watched, options, clock).unwrap(), attached.target, run)
}

/// Samples on a clock that does not wait until `step` says that it has seen enough, with every event so far.
fn watch(attached: Attached, scope: Scope, mut step: impl FnMut(&Sample, &[EventKind]) -> ControlFlow<()>) -> Ended {
    let options = Options {
        interval: Duration::from_millis(10),
        until: Some(Elapsed::new(Duration::from_hours(3))),
        scope,
        ..Options::default()
    };
    let (mut sampler, _target, _run) = sampler(attached, options, Arc::new(ManualClock::new()));
    let mut events = Vec::new();
    sampler.run(&mut |observation| match observation {
        Observation::Event(event) => {
            events.push(event.kind);
            ControlFlow::Continue(())
        }
        Observation::Sample(sample) => step(&sample, &events),
    })
}

#[test]
fn a_pid_is_held_by_its_start_time_and_sampled() {
    let child = Own::sleeping();
    let attached = attach(&Selector::Pid(child.pid())).unwrap();
    let identity = attached.target.identity().clone();
    assert_eq!((identity.pid, identity.name.as_str(), identity.started_by_soak), (child.pid(), "sleep", false));
    assert!(identity.start_ticks > 0);
    let mut looks = 0;
    let ended = watch(attached, Scope::Process, |sample, events| {
        assert!(events.is_empty(), "{events:?}");
        // A program that has just been started still opens its libraries, between the sample and the listing too.
        let listed = fs::read_dir(format!("/proc/{}/fd", child.pid())).unwrap().count();
        looks += 1;
        if sample.readings.get(Metric::Fds) != Some(listed as u64) && looks < 10_000 {
            return ControlFlow::Continue(());
        }
        for metric in [Metric::Rss, Metric::RssAnon, Metric::Vms, Metric::Threads, Metric::Fds, Metric::CpuTime] {
            assert!(sample.readings.get(metric).is_some(), "{}", metric.name());
        }
        assert_eq!(sample.readings.get(Metric::Threads), Some(1));
        assert_eq!(sample.readings.get(Metric::Fds), Some(listed as u64));
        ControlFlow::Break(())
    });
    assert_eq!(ended, Ended::SinkClosed);
}

#[test]
fn nobody_a_thread_a_zombie_and_the_kernels_own_are_refused_with_what_to_do() {
    let pid = {
        let child = Own::sleeping();
        child.pid()
    };
    assert_eq!(refusal(&Selector::Pid(pid)), format!("no process has the pid {pid}; it may have ended already"));
    assert!(refusal(&Selector::Pid(u32::MAX)).starts_with("no process has the pid"));

    let (thread, own) = (std::thread::spawn(rustix::thread::gettid).join().unwrap(), std::process::id());
    let (tell, told) = std::sync::mpsc::channel();
    let (release, wait) = std::sync::mpsc::channel::<()>();
    let living = std::thread::spawn(move || {
        tell.send(rustix::thread::gettid().as_raw_nonzero().get() as u32).unwrap();
        let _ = wait.recv();
    });
    let tid = told.recv().unwrap();
    assert_ne!(i64::from(tid), i64::from(thread.as_raw_nonzero().get()));
    assert_eq!(refusal(&Selector::Pid(tid)), format!("{tid} is a thread of process {own}; use --pid {own}"));
    drop(release);
    living.join().unwrap();

    let mut child = Own::sleeping();
    let mut attached = attach(&Selector::Pid(child.pid())).unwrap();
    child.0.kill().unwrap();
    assert_eq!(end_of(&mut attached), TargetEnd::Vanished { out_of_memory: false });
    assert!(refusal(&Selector::Pid(child.pid())).contains("is a zombie until its parent waits for it"));

    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/proc/server");
    let refused = resolve(&Selector::Pid(2), Scope::Process, &ProcRoot::at(&fixture)).unwrap_err();
    assert!(refused.to_string().contains("(kthreadd) is a thread of the kernel"), "{refused}");
}

#[test]
fn a_port_leads_to_the_process_that_listens_there() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let found = attach(&Selector::Port(port)).unwrap();
    assert_eq!(found.target.identity().pid, std::process::id());

    // A child that has the same socket, as the workers of a server do.
    let socket = OwnedFd::from(listener.try_clone().unwrap());
    let mut sleep = Command::new("sleep");
    let worker = Own(sleep.arg("1000").stdin(Stdio::from(socket)).process_group(0).spawn().unwrap());
    let found = attach(&Selector::Port(port)).unwrap();
    assert_eq!(found.target.identity().pid, std::process::id(), "the parent, not its worker {}", worker.pid());
}

#[test]
fn a_name_is_exact_and_several_of_one_name_are_listed() {
    let stage = Stage::new();
    // A file name longer than the 15 bytes that the kernel keeps, and unlike any other on the machine.
    let name = format!("soak-watching-test-{}", std::process::id());
    let program = stage.path(&name);
    std::os::unix::fs::symlink("/bin/sleep", &program).unwrap();
    let first = Own::start(Command::new(&program).arg("1000"));
    let found = attach(&Selector::Name(name.clone())).unwrap();
    assert_eq!(found.target.identity().pid, first.pid());
    let second = Own::start(Command::new(&program).arg("1000"));
    let refused = refusal(&Selector::Name(name.clone()));
    assert!(refused.starts_with(&format!("2 processes are named {name:?}: ")), "{refused}");
    assert!(refused.contains(&first.pid().to_string()) && refused.contains(&second.pid().to_string()), "{refused}");
    assert!(refused.ends_with(&format!("or them all with --pid {} --tree", std::process::id())), "{refused}");
    assert!(refusal(&Selector::Name(name[..name.len() - 1].to_owned())).starts_with("no process is named"));
}

#[test]
fn a_started_program_ends_with_its_own_code_or_signal() {
    let mut attached = attach(&command("sh", &["-c", "exit 7"])).unwrap();
    assert!(attached.target.identity().started_by_soak);
    assert_eq!(end_of(&mut attached), TargetEnd::Exited { code: 7 });
    assert_eq!(attached.target.end().unwrap(), Some(TargetEnd::Exited { code: 7 }), "asked again, told again");

    let mut attached = attach(&command("sh", &["-c", "kill -KILL $$"])).unwrap();
    assert_eq!(end_of(&mut attached), TargetEnd::Killed { signal: 9, out_of_memory: false });
}

#[test]
fn a_program_that_does_not_exist_is_refused_with_a_hint() {
    let refused = refusal(&command("soak-has-no-such-program", &[]));
    assert_eq!(
        refused,
        "soak-has-no-such-program could not be started: no such program; give its path, or a name that stands in PATH"
    );
    assert!(refusal(&command(env!("CARGO_MANIFEST_DIR"), &[])).contains("is not executable"));
}

#[test]
fn a_started_program_is_stopped_and_one_that_will_not_is_killed() {
    let mut attached = attach(&command("sleep", &["1000"])).unwrap();
    assert_eq!(attached.target.end().unwrap(), None);
    let end = attached.target.stop(Duration::from_mins(1)).unwrap();
    assert_eq!(end, Some(TargetEnd::Killed { signal: 15, out_of_memory: false }));

    let stage = Stage::new();
    // An ignored signal stays ignored over exec.
    let mut stubborn = attach(&stage.selector("trap '' TERM; echo > done; exec sleep 1000")).unwrap();
    stage.done();
    let end = stubborn.target.stop(Duration::from_millis(50)).unwrap();
    assert_eq!(end, Some(TargetEnd::Killed { signal: 9, out_of_memory: false }));
}

#[test]
fn a_process_that_soak_did_not_start_is_never_signalled() {
    let mut child = Own::sleeping();
    let mut attached = attach(&Selector::Pid(child.pid())).unwrap();
    assert_eq!(attached.target.stop(Duration::ZERO).unwrap(), None);
    drop(attached);
    assert_eq!(child.0.try_wait().unwrap(), None, "it lives on");
}

#[test]
fn the_end_of_the_target_is_noticed_long_before_the_next_tick() {
    let mut child = Own::sleeping();
    let attached = attach(&Selector::Pid(child.pid())).unwrap();
    let options = Options { interval: Duration::from_hours(1), ..Options::default() };
    let (mut sampler, mut target, _run) = sampler(attached, options, Arc::new(RealClock::start()));
    let mut taken = 0;
    let ended = sampler.run(&mut |observation| {
        if matches!(observation, Observation::Sample(_)) {
            taken += 1;
            child.0.kill().unwrap();
        }
        ControlFlow::Continue(())
    });
    assert_eq!((ended, taken), (Ended::TargetEnded, 1), "an hour has not passed");
    assert_eq!(target.end().unwrap(), Some(TargetEnd::Vanished { out_of_memory: false }));
}

#[test]
fn the_run_is_stopped_from_another_thread() {
    let child = Own::sleeping();
    let attached = attach(&Selector::Pid(child.pid())).unwrap();
    let options = Options { interval: Duration::from_hours(1), ..Options::default() };
    let (mut sampler, _target, run) = sampler(attached, options, Arc::new(RealClock::start()));
    let thread = std::thread::spawn(move || sampler.run(&mut |_| ControlFlow::Continue(())));
    drop(run);
    assert_eq!(thread.join().unwrap(), Ended::Stopped);
}

#[test]
fn a_program_that_replaces_itself_is_said_to_have() {
    let stage = Stage::new();
    let attached = attach(&stage.selector("echo > done; read _ < go; exec sleep 1000")).unwrap();
    stage.done();
    let mut told = false;
    let ended = watch(attached, Scope::Process, |_, events| {
        if !std::mem::replace(&mut told, true) {
            stage.go();
        }
        match events {
            [] => ControlFlow::Continue(()),
            [EventKind::Exec { name }] => {
                assert_eq!(name, "sleep");
                ControlFlow::Break(())
            }
            other => panic!("{other:?}"),
        }
    });
    assert_eq!(ended, Ended::SinkClosed);
}

#[test]
fn the_processes_of_a_tree_are_counted_as_they_come_and_go() {
    let stage = Stage::new();
    let script = "read _ < go; sleep 1000 & read _ < go; kill $!; wait; read _ < go; sh -c 'sleep 1000 & wait' & wait";
    let child = Own::start(&mut stage.shell(script));
    let attached = attach(&Selector::Pid(child.pid())).unwrap();
    // How many processes are there after each step: the shell, with its child, without it, with two.
    let expected = [1, 2, 1, 3];
    let mut step = 0;
    let ended = watch(attached, Scope::Tree, |sample, events| {
        if sample.readings.get(Metric::Procs) != Some(expected[step]) {
            return ControlFlow::Continue(());
        }
        step += 1;
        if step < expected.len() {
            stage.go();
            return ControlFlow::Continue(());
        }
        assert_eq!(sample.readings.get(Metric::Threads), Some(3));
        let (mut joined, mut left) = (0, 0);
        for event in events {
            match event {
                EventKind::TreeChanged { joined: more, left: less } => {
                    joined += more;
                    left += less;
                }
                EventKind::Cost(_) => {}
                other => panic!("{other:?}"),
            }
        }
        assert_eq!((joined, left), (3, 1));
        ControlFlow::Break(())
    });
    assert_eq!(ended, Ended::SinkClosed, "all four steps were seen");
}
