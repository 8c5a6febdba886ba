//! Why there is no target: each a line that says what is wrong and what to do about it.

use std::fmt;
use std::io;
use std::time::Duration;

use crate::procfs::ProcfsError;

/// Why the target could not be found, held or started.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// Nobody has the pid.
    #[error("no process has the pid {pid}; it may have ended already")]
    NoSuchProcess {
        /// The pid.
        pid: u32,
    },
    /// The number is a thread's.
    #[error("{pid} is a thread of process {process}; use --pid {process}")]
    Thread {
        /// The number that was given.
        pid: u32,
        /// The process to which it belongs.
        process: u32,
    },
    /// A thread of the kernel has neither memory nor descriptors.
    #[error("process {pid} ({name}) is a thread of the kernel and has no memory of its own to watch")]
    KernelThread {
        /// The pid.
        pid: u32,
        /// Its name.
        name: String,
    },
    /// It has ended, and its parent has not waited for it.
    #[error("process {pid} ({name}) has ended and is a zombie until its parent waits for it")]
    Zombie {
        /// The pid.
        pid: u32,
        /// Its name.
        name: String,
    },
    /// No process has the name.
    #[error("no process is named {name:?}; the name is the kernel's (`ps -e -o pid,comm`) or the program's file name")]
    NoSuchName {
        /// The name.
        name: String,
    },
    /// Several processes have the name.
    #[error("{} processes are named {name:?}: {}; {}", .candidates.len(), list(.candidates), choose(*.first))]
    SeveralNamed {
        /// The name.
        name: String,
        /// Who they are.
        candidates: Vec<Candidate>,
        /// The one from which all others descend, or the parent of them all, if there is such a one.
        first: Option<u32>,
    },
    /// No socket listens on the port.
    #[error("no process listens on port {port}; `ss -ltnp` lists who does")]
    NobodyListens {
        /// The port.
        port: u16,
    },
    /// A socket listens, but soak may not see whose it is.
    #[error(
        "the process that listens on port {port} belongs to another user or container; run soak as root, or choose the process with --pid"
    )]
    ListenerHidden {
        /// The port.
        port: u16,
    },
    /// Several unrelated processes listen on the port.
    #[error("{} processes listen on port {port}: {}; {}", .candidates.len(), list(.candidates), choose(*.first))]
    SeveralListen {
        /// The port.
        port: u16,
        /// Who they are.
        candidates: Vec<Candidate>,
        /// The parent of them all, if there is one.
        first: Option<u32>,
    },
    /// The program could not be started.
    #[error("{program} could not be started: {}", spawn_hint(.source))]
    Spawn {
        /// The program.
        program: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The kernel gave no pidfd.
    #[error("process {pid} could not be held by a pidfd: {source}; soak needs Linux 5.3 or later")]
    Pidfd {
        /// The pid.
        pid: u32,
        /// What the kernel said.
        #[source]
        source: io::Error,
    },
    /// The process could not be signalled or waited for.
    #[error("process {pid} could not be stopped: {source}")]
    Stop {
        /// The pid.
        pid: u32,
        /// What the kernel said.
        #[source]
        source: io::Error,
    },
    /// The list of processes could not be had.
    #[error("the processes of this machine could not be listed: {reason}")]
    List {
        /// What sysinfo said.
        reason: String,
    },
    /// The kernel did not tell about the process.
    #[error("{0}; run soak as the user of the process or as root")]
    Procfs(#[source] ProcfsError),
}

/// A process that may have been meant. Its command line is never shown: secrets stand there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The process id.
    pub pid: u32,
    /// The kernel's name of it.
    pub name: String,
    /// For how long it has run.
    pub running: Duration,
}

impl fmt::Display for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let running = humantime::format_duration(Duration::from_secs(self.running.as_secs())).to_string();
        // Two units are enough to tell processes apart: "3h 12m".
        let running: Vec<&str> = running.split(' ').take(2).collect();
        write!(f, "{} ({}, up {})", self.pid, self.name, running.join(" "))
    }
}

fn list(candidates: &[Candidate]) -> String {
    const SHOWN: usize = 8;
    let mut shown: Vec<String> = candidates.iter().take(SHOWN).map(ToString::to_string).collect();
    if candidates.len() > SHOWN {
        shown.push(format!("{} more", candidates.len() - SHOWN));
    }
    shown.join(", ")
}

fn choose(ancestor: Option<u32>) -> String {
    match ancestor {
        Some(pid) => format!("choose one with --pid, or them all with --pid {pid} --tree"),
        None => "choose one with --pid".to_owned(),
    }
}

fn spawn_hint(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such program; give its path, or a name that stands in PATH".to_owned(),
        io::ErrorKind::PermissionDenied => "it is not executable (`chmod +x`), or is a folder".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn candidates_are_listed_on_one_line_with_what_to_do() {
        let candidate =
            |pid, seconds| Candidate { pid, name: "nginx".to_owned(), running: Duration::from_secs(seconds) };
        let error = TargetError::SeveralNamed {
            name: "nginx".to_owned(),
            candidates: vec![candidate(812, 11_530), candidate(813, 5)],
            first: Some(812),
        };
        assert_eq!(
            error.to_string(),
            "2 processes are named \"nginx\": 812 (nginx, up 3h 12m), 813 (nginx, up 5s); choose one with --pid, or \
             them all with --pid 812 --tree"
        );
    }
}
