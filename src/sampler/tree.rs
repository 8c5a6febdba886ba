//! The descendants of the target as they come and go.
//!
//! Who once belonged stays a member until it is gone, also when its parent ends and it is handed to another. New members
//! are looked for at every tick at which the kernel has handed out a pid since the last look, as long as looking keeps to
//! [`SHARE`] of a core, and in any case every [`AT_LEAST`]. A process that is born and has handed its own child to init
//! between two looks is not seen, and neither is that child.

use std::collections::HashSet;
use std::time::Duration;

use rustix::process::{Resource, getrlimit};

use crate::domain::Elapsed;
use crate::procfs::{Buffer, Keep, PidCounter, ProcRoot, Process, ProcfsError};

use super::cost::{Cadence, thread_cpu};
use super::member::{Counters, Descriptors, Member, Phase};

/// The share of one core that looking for new members keeps to: a member of one thread costs about 10 us a look, so that
/// 50 of them are looked at up to ten times a second.
const SHARE: f64 = 0.005;
/// Members are looked for this often even if no pid seems to have been handed out.
const AT_LEAST: Duration = Duration::from_secs(5);
/// Descriptors that a member's files take while they are kept open.
const FILES_OF_A_MEMBER: u64 = 4;

/// Who came and who left between two samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Changes {
    pub(super) joined: u32,
    pub(super) left: u32,
}

/// The search for descendants.
#[derive(Debug)]
pub(super) struct Tree {
    root: ProcRoot,
    pids: Option<PidCounter>,
    last_pid: Option<u64>,
    cadence: Cadence,
    looked_at: Option<Elapsed>,
    lists: Lists,
    departed: Counters,
}

/// How children are found.
#[derive(Debug, PartialEq, Eq)]
enum Lists {
    /// The kernel keeps lists of children.
    Kept,
    /// It does not, so every process of the machine is asked for its parent.
    Missing,
}

impl Tree {
    pub(super) fn new(root: ProcRoot) -> Self {
        Self {
            pids: root.pid_counter(),
            root,
            last_pid: None,
            cadence: Cadence::default(),
            looked_at: None,
            lists: Lists::Kept,
            departed: Counters::default(),
        }
    }

    /// Totals of the members that have left, as last read: without them the tree's totals would fall.
    pub(super) fn departed(&self) -> Counters {
        self.departed
    }

    /// Drops the members that are gone; the root stays first.
    pub(super) fn bury(&mut self, members: &mut Vec<Member>) -> u32 {
        let before = members.len();
        let mut position = 0;
        members.retain(|member| {
            let gone = position > 0 && member.phase == Phase::Gone;
            position += 1;
            if gone {
                self.departed.add(member.counters());
            }
            !gone
        });
        let left = (before - members.len()) as u32;
        if left > 0 {
            // A pid that was just given up may already be a new member's.
            self.last_pid = None;
        }
        left
    }

    /// Looks for new members and adds them; says how many. The first look finds those that were there before the run.
    pub(super) fn look(&mut self, members: &mut Vec<Member>, now: Elapsed, buffer: &mut Buffer) -> u32 {
        if !self.wants_a_look(now, buffer) {
            return 0;
        }
        let first = self.looked_at.is_none();
        self.looked_at = Some(now);
        let before = thread_cpu();
        let joined = self.find(members, buffer);
        self.cadence.space_by_cost(now, thread_cpu().saturating_sub(before), SHARE);
        if first { 0 } else { joined }
    }

    fn wants_a_look(&mut self, now: Elapsed, buffer: &mut Buffer) -> bool {
        if !self.cadence.due(now) {
            return false;
        }
        let waited = self.looked_at.map(|at| now.since_start().saturating_sub(at.since_start()));
        // Read before the look: a pid that is handed out during it shows at the next tick.
        let last_pid = self.pids.as_ref().and_then(|pids| pids.read(buffer));
        let unchanged = last_pid.is_some() && last_pid == self.last_pid;
        self.last_pid = last_pid;
        !unchanged || waited.is_none_or(|waited| waited >= AT_LEAST)
    }

    fn find(&mut self, members: &mut Vec<Member>, buffer: &mut Buffer) -> u32 {
        let mut joined = 0;
        let mut known: HashSet<u32> = members.iter().map(|member| member.process.pid()).collect();
        // Members that are added below are asked in the same look, so whole branches join at once.
        let mut asked = 0;
        let mut found = Vec::new();
        while asked < members.len() {
            found.clear();
            if self.lists == Lists::Kept {
                let member = &members[asked];
                match member.process.children(member.status.threads, buffer, &mut found) {
                    Err(ProcfsError::Absent { .. }) => self.lists = Lists::Missing,
                    // A member that is gone is buried by the fast tier.
                    Ok(()) | Err(_) => asked += 1,
                }
            } else {
                asked = members.len();
                let _ = self.root.children_by_parent(&known, buffer, &mut found);
            }
            for &pid in &found {
                let Some(member) = self.candidate(pid, &known, members.len(), buffer) else { continue };
                known.insert(pid);
                members.push(member);
                joined += 1;
            }
        }
        joined
    }

    /// The process of this pid, if it is new and a child of a member.
    fn candidate(&self, pid: u32, known: &HashSet<u32>, members: usize, buffer: &mut Buffer) -> Option<Member> {
        if known.contains(&pid) {
            return None;
        }
        let mut member = Member::new(Process::open(&self.root, pid, keep(members)).ok()?);
        let _ = member.read_fast(Descriptors::LeftOut, buffer);
        // The pid may have gone to a stranger between the list and the opening; a stranger has another parent.
        let related = member.status.parent.is_some_and(|parent| known.contains(&parent));
        (related && member.phase != Phase::Gone).then_some(member)
    }
}

/// Files stay open until half of the descriptors that soak may have are used for it.
fn keep(members: usize) -> Keep {
    let allowed = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX) / 2;
    if (members as u64 + 1) * FILES_OF_A_MEMBER <= allowed { Keep::Open } else { Keep::Folder }
}
