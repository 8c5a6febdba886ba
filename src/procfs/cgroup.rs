//! The memory cgroup of a process, version 1 and 2: what is charged to it, what it may have, and whether the kernel's
//! out-of-memory killer struck there.

use std::ffi::OsStr;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags, open};

use super::error::ProcfsError;
use super::file::Buffer;
use super::process::Process;
use super::root::ProcRoot;
use super::text::{keyed, lines, number, words};
use crate::domain::Bytes;

/// The cgroup files of one process, kept open. A process that is moved to another cgroup later is not followed.
#[derive(Debug, Default)]
pub struct Cgroup {
    memory: Option<MemoryFiles>,
    /// `pids.max` of the cgroup and of those above it: the lowest holds.
    pids_limits: Vec<OwnedFd>,
}

#[derive(Debug)]
struct MemoryFiles {
    version: Version,
    current: OwnedFd,
    stat: OwnedFd,
    limits: Vec<OwnedFd>,
}

/// What a cgroup says; a missing limit is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CgroupReading {
    /// All memory charged to it, page cache included.
    pub memory: Option<Bytes>,
    /// Anonymous memory charged to it.
    pub anon: Option<Bytes>,
    /// The lowest hard limit from here to the top.
    pub memory_limit: Option<Bytes>,
    /// The lowest limit on tasks (processes and threads) from here to the top.
    pub task_limit: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    /// Documentation/admin-guide/cgroup-v1/memory.rst.
    One,
    /// Documentation/admin-guide/cgroup-v2.rst.
    Two,
}

impl Cgroup {
    /// Opens the cgroup that the process is in now. The top of the hierarchy stands for the whole machine and not for the
    /// process, so a process there has no memory cgroup.
    ///
    /// # Errors
    /// Where the process is gone or its membership cannot be read.
    pub fn open(root: &ProcRoot, process: &Process, buffer: &mut Buffer) -> Result<Self, ProcfsError> {
        let membership = process.read("cgroup", buffer)?.to_vec();
        let mounts = root.mountinfo()?;
        let folders = |controller| folders_of(root, &membership, &mounts, controller);
        let memory = folders(b"memory").and_then(|(version, folders)| MemoryFiles::open(version, &folders));
        let pids_limits = folders(b"pids")
            .map(|(_, folders)| folders.iter().filter_map(|folder| open_file(folder, "pids.max")).collect())
            .unwrap_or_default();
        Ok(Self { memory, pids_limits })
    }

    /// Whether the process is in a memory cgroup.
    pub fn has_memory(&self) -> bool {
        self.memory.is_some()
    }

    /// Reads everything: about 10 us.
    pub fn read(&self, buffer: &mut Buffer) -> CgroupReading {
        let mut reading = match &self.memory {
            Some(memory) => memory.read(buffer),
            None => CgroupReading::default(),
        };
        reading.task_limit = lowest(&self.pids_limits, buffer);
        reading
    }
}

impl MemoryFiles {
    fn open(version: Version, folders: &[PathBuf]) -> Option<Self> {
        let (current, limit) = match version {
            Version::One => ("memory.usage_in_bytes", "memory.limit_in_bytes"),
            Version::Two => ("memory.current", "memory.max"),
        };
        // Version 2: a cgroup without the memory controller is charged to the next one above that has it.
        let at = folders.iter().position(|folder| folder.join(current).exists())?;
        let folders = &folders[at..];
        let folder = folders.first()?;
        // Version 1 shows the files at the top as well, which this file marks.
        if version == Version::One && folder.join("release_agent").exists() {
            return None;
        }
        Some(Self {
            version,
            current: open_file(folder, current)?,
            stat: open_file(folder, "memory.stat")?,
            limits: folders.iter().filter_map(|folder| open_file(folder, limit)).collect(),
        })
    }

    fn read(&self, buffer: &mut Buffer) -> CgroupReading {
        let memory = whole_number(&self.current, buffer).map(Bytes::new);
        let key: &[u8] = match self.version {
            // `rss` alone leaves out the cgroups below; the kernel means anonymous memory by it.
            Version::One => b"total_rss",
            Version::Two => b"anon",
        };
        let anon = buffer.fill(self.stat.as_fd()).ok().and_then(|text| keyed(text, key)).map(Bytes::new);
        let memory_limit = lowest(&self.limits, buffer).map(Bytes::new);
        CgroupReading { memory, anon, memory_limit, task_limit: None }
    }
}

fn whole_number(file: &OwnedFd, buffer: &mut Buffer) -> Option<u64> {
    buffer.fill(file.as_fd()).ok().and_then(number)
}

/// The lowest of these limits; "max" (version 2) and 2^63 less a page (version 1) are no limit.
fn lowest(files: &[OwnedFd], buffer: &mut Buffer) -> Option<u64> {
    files.iter().filter_map(|file| whole_number(file, buffer)).filter(|&limit| limit < 1 << 62).min()
}

fn open_file(folder: &Path, name: &str) -> Option<OwnedFd> {
    open(folder.join(name), OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).ok()
}

/// The folder of the process's cgroup under this controller and those above it as far as soak can see, nearest first.
fn folders_of(root: &ProcRoot, membership: &[u8], mounts: &[u8], controller: &[u8]) -> Option<(Version, Vec<PathBuf>)> {
    // A controller lives in one hierarchy: version 1's where it is mounted there, else version 2's.
    let (version, path) = member_of(membership, controller)
        .map(|path| (Version::One, path))
        .or_else(|| member_of(membership, b"").map(|path| (Version::Two, path)))?;
    let mount = lines(mounts).find_map(|line| Mount::parse(line).filter(|mount| mount.carries(version, controller)))?;
    // In a container the mount may show a part of the hierarchy only, and the path begins above it.
    let path = PathBuf::from(OsStr::from_bytes(path));
    let inside = path.strip_prefix(&mount.shown).or_else(|_| path.strip_prefix("/")).ok()?;
    if inside.components().any(|part| part == std::path::Component::ParentDir) {
        return None;
    }
    let top = root.mounted_at(&mount.point);
    let folder = top.join(inside);
    let folders: Vec<PathBuf> =
        folder.ancestors().take_while(|above| above.starts_with(&top)).map(Path::to_path_buf).collect();
    Some((version, folders))
}

/// The path in the hierarchy with this controller, from lines such as `4:memory:/a` and, for version 2, `0::/a`.
fn member_of<'t>(membership: &'t [u8], controller: &[u8]) -> Option<&'t [u8]> {
    lines(membership).find_map(|line| {
        let mut parts = line.splitn(3, |&byte| byte == b':');
        let (id, controllers, path) = (parts.next()?, parts.next()?, parts.next()?);
        let matches = if controller.is_empty() {
            id == b"0" && controllers.is_empty()
        } else {
            controllers.split(|&byte| byte == b',').any(|name| name == controller)
        };
        matches.then_some(path)
    })
}

/// A line of `mountinfo` (`proc_pid_mountinfo(5)`).
struct Mount<'t> {
    /// The part of the file system that is shown at the mount point.
    shown: PathBuf,
    point: PathBuf,
    kind: &'t [u8],
    options: &'t [u8],
}

impl<'t> Mount<'t> {
    fn parse(line: &'t [u8]) -> Option<Self> {
        let mut fields = words(line);
        let shown = unescape(fields.nth(3)?);
        let point = unescape(fields.next()?);
        let mut fields = fields.skip_while(|field| *field != b"-").skip(1);
        let kind = fields.next()?;
        let options = fields.nth(1)?;
        Some(Self { shown, point, kind, options })
    }

    fn carries(&self, version: Version, controller: &[u8]) -> bool {
        match version {
            Version::One => {
                self.kind == b"cgroup" && self.options.split(|&byte| byte == b',').any(|option| option == controller)
            }
            Version::Two => self.kind == b"cgroup2",
        }
    }
}

/// Blanks in a path are written as three octal digits: `\040`.
fn unescape(field: &[u8]) -> PathBuf {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((&first, after)) = rest.split_first() {
        let octal = match (first, after) {
            (b'\\', [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', ..]) => {
                Some((a - b'0') * 64 + (b - b'0') * 8 + (c - b'0'))
            }
            _ => None,
        };
        bytes.push(octal.unwrap_or(first));
        rest = if octal.is_some() { &after[3..] } else { after };
    }
    PathBuf::from(OsStr::from_bytes(&bytes))
}

/// The count of out-of-memory kills in a process's cgroup, kept open because the process will be gone when it is asked.
#[derive(Debug)]
pub struct OomCounter {
    file: OwnedFd,
}

impl OomCounter {
    /// Opens the counter of the process's memory cgroup: `memory.events.local` (Linux 5.2), `memory.events`, or
    /// `memory.oom_control` of version 1 (its `oom_kill` line: Linux 4.13). `None` where there is none.
    pub fn open(root: &ProcRoot, process: &Process, buffer: &mut Buffer) -> Option<Self> {
        let membership = process.read("cgroup", buffer).ok()?.to_vec();
        let mounts = root.mountinfo().ok()?;
        let (_, folders) = folders_of(root, &membership, &mounts, b"memory")?;
        let names = ["memory.events.local", "memory.events", "memory.oom_control"];
        let file = folders.iter().find_map(|folder| names.iter().find_map(|name| open_file(folder, name)))?;
        Some(Self { file })
    }

    /// Processes of the cgroup that the out-of-memory killer has ended so far; `None` once the cgroup is gone.
    pub fn kills(&self, buffer: &mut Buffer) -> Option<u64> {
        buffer.fill(self.file.as_fd()).ok().and_then(|text| keyed(text, b"oom_kill"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::procfs::Keep;

    fn fixture(name: &str) -> (ProcRoot, Process) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/proc").join(name);
        let root = ProcRoot::at(&folder);
        let process = Process::open(&root, 812, Keep::Open).unwrap();
        (root, process)
    }

    fn read(name: &str) -> CgroupReading {
        let (root, process) = fixture(name);
        let mut buffer = Buffer::new();
        Cgroup::open(&root, &process, &mut buffer).unwrap().read(&mut buffer)
    }

    #[test]
    fn version_two_takes_the_lowest_limit_on_the_way_up() {
        let reading = read("server");
        assert_eq!(reading.memory, Some(Bytes::new(52_428_800)));
        assert_eq!(reading.anon, Some(Bytes::new(20_971_520)));
        assert_eq!(reading.memory_limit, Some(Bytes::new(268_435_456)), "its own says max, the slice above does not");
        assert_eq!(reading.task_limit, Some(512));
    }

    #[test]
    fn version_one_knows_its_way_of_saying_no_limit() {
        let reading = read("linux-4.4");
        assert_eq!(reading.memory, Some(Bytes::new(31_457_280)));
        assert_eq!(reading.anon, Some(Bytes::new(15_728_640)));
        assert_eq!((reading.memory_limit, reading.task_limit), (None, None));
    }

    #[test]
    fn out_of_memory_kills_are_counted_in_both_versions() {
        for (name, kills) in [("server", 2), ("linux-4.4", 1)] {
            let (root, process) = fixture(name);
            let mut buffer = Buffer::new();
            let counter = OomCounter::open(&root, &process, &mut buffer).unwrap();
            assert_eq!(counter.kills(&mut buffer), Some(kills), "{name}");
        }
    }

    #[test]
    fn a_path_with_blanks_is_unescaped() {
        assert_eq!(unescape(b"/a\\040b\\\\"), Path::new("/a b\\\\"));
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_parsers_panic(membership: Vec<u8>, mounts: Vec<u8>) {
            let (root, _) = fixture("server");
            folders_of(&root, &membership, &mounts, b"memory");
            Mount::parse(&mounts);
            unescape(&mounts);
        }
    }
}
