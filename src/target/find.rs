//! From a name or a port to one pid, or to a list of those that may have been meant.

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sysinfo::{ProcessRefreshKind, ProcessesToUpdate, System, UpdateKind};

use super::error::{Candidate, TargetError};
use crate::procfs::{Buffer, Keep, ProcRoot, Process, Stat};

/// The bytes of a name that the kernel keeps (`TASK_COMM_LEN` less the terminating zero).
const COMM_LENGTH: usize = 15;

/// The one process with exactly this name, soak itself and threads of the kernel aside.
pub(super) fn by_name(root: &ProcRoot, name: &str) -> Result<u32, TargetError> {
    let system = processes()?;
    let own = std::process::id();
    let mut buffer = Buffer::new();
    let named: Vec<u32> = system
        .processes()
        .values()
        .filter(|process| matches(process, name))
        .map(|process| process.pid().as_u32())
        .filter(|&pid| pid != own && stat(root, pid, &mut buffer).is_some_and(|stat| !stat.kernel_thread))
        .collect();
    match named.as_slice() {
        [] => Err(TargetError::NoSuchName { name: name.to_owned() }),
        [pid] => Ok(*pid),
        _ => Err(TargetError::SeveralNamed {
            name: name.to_owned(),
            candidates: candidates(&system, &named),
            ancestor: ancestor_of_all(root, &named),
        }),
    }
}

/// The process that listens on this TCP port; of several that share the socket, such as a master and its workers, the one
/// from which the others descend.
pub(super) fn by_port(root: &ProcRoot, port: u16) -> Result<u32, TargetError> {
    let listeners = root.listeners(port).map_err(TargetError::Procfs)?;
    match listeners.pids.as_slice() {
        // A socket without a process that soak can see: another user's, or of another pid namespace.
        [] if listeners.socket_exists => Err(TargetError::ListenerHidden { port }),
        [] => Err(TargetError::NobodyListens { port }),
        [pid] => Ok(*pid),
        pids => match ancestor_of_all(root, pids) {
            Some(pid) => Ok(pid),
            None => Err(TargetError::SeveralListen { port, candidates: candidates(&processes()?, pids) }),
        },
    }
}

fn processes() -> Result<System, TargetError> {
    let fail = |error: sysinfo::Error| TargetError::List { reason: error.to_string() };
    let mut system = System::new().map_err(fail)?;
    let wanted = ProcessRefreshKind::nothing()
        .without_tasks()
        .with_exe(UpdateKind::OnlyIfNotSet)
        .with_cmd(UpdateKind::OnlyIfNotSet);
    system.refresh_processes_specifics(ProcessesToUpdate::All, true, wanted);
    Ok(system)
}

fn matches(process: &sysinfo::Process, name: &str) -> bool {
    let file_name = |path: &Path| path.file_name().is_some_and(|file| file == name);
    process.name() == name
        || process.exe().is_some_and(file_name)
        // The kernel cuts long names, and another user's program file may not be asked for: the first argument may.
        || (name.len() > COMM_LENGTH && process.cmd().first().is_some_and(|first| file_name(Path::new(first))))
}

fn candidates(system: &System, pids: &[u32]) -> Vec<Candidate> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut candidates: Vec<Candidate> = pids
        .iter()
        .filter_map(|&pid| {
            let process = system.process(sysinfo::Pid::from_u32(pid))?;
            Some(Candidate {
                pid,
                name: process.name().to_string_lossy().chars().filter(|letter| !letter.is_control()).collect(),
                running: now.saturating_sub(Duration::from_secs(process.start_time())),
            })
        })
        .collect();
    candidates.sort_by_key(|candidate| candidate.pid);
    candidates
}

/// The one of `pids` that is an ancestor of all the others.
fn ancestor_of_all(root: &ProcRoot, pids: &[u32]) -> Option<u32> {
    let mut buffer = Buffer::new();
    let lines: Vec<Vec<u32>> = pids.iter().map(|&pid| line_of(root, pid, &mut buffer)).collect();
    pids.iter().copied().find(|pid| lines.iter().all(|line| line.contains(pid)))
}

/// A process, its parent, and so on up to the first.
fn line_of(root: &ProcRoot, pid: u32, buffer: &mut Buffer) -> Vec<u32> {
    let mut line = vec![pid];
    let mut last = pid;
    while let Some(stat) = stat(root, last, buffer) {
        // 0 is above the first process; a ring can only come from pids that were reused while we looked.
        if stat.parent == 0 || line.contains(&stat.parent) {
            break;
        }
        last = stat.parent;
        line.push(last);
    }
    line
}

fn stat(root: &ProcRoot, pid: u32, buffer: &mut Buffer) -> Option<Stat> {
    Process::open(root, pid, Keep::Folder).and_then(|process| process.stat(buffer)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixture() -> ProcRoot {
        ProcRoot::at(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/proc/server"))
    }

    #[test]
    fn a_port_of_a_server_and_its_worker_is_the_servers() {
        assert_eq!(by_port(&fixture(), 8080).unwrap(), 812);
        assert_eq!(by_port(&fixture(), 9090).unwrap(), 812, "version six");
    }

    #[test]
    fn a_port_without_a_listener_is_told_from_one_whose_listener_is_hidden() {
        let refused = |port| by_port(&fixture(), port).unwrap_err().to_string();
        assert_eq!(refused(8082), "no process listens on port 8082; `ss -ltnp` lists who does");
        assert!(refused(8083).contains("belongs to another user or container; run soak as root"));
    }
}
