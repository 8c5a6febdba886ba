//! Where the socket stands: in a folder that only its owner can enter, under a name that holds the pid.
//!
//! It is bound under another name and then renamed, so that whoever finds it finds somebody listening; what a process that
//! crashed has left behind is swept away by the next one that listens.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, Metadata, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};
use rustix::process::{Pid, test_kill_process};

use super::ListenError;

/// The variable that names the folder for such files (XDG base directory specification).
const RUNTIME_FOLDER: &str = "XDG_RUNTIME_DIR";
/// The bits of a mode that let others in.
const FOR_OTHERS: u32 = 0o077;

/// A socket that is listened on.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) listener: UnixListener,
    pub(super) path: PathBuf,
    /// Which file it is, so that only that one is removed.
    file: (u64, u64),
}

/// The folders to try, the best first, for this user; the last one is made where it is missing.
fn folders(runtime: Option<OsString>, uid: u32) -> Vec<PathBuf> {
    let named = runtime.map(PathBuf::from).filter(|path| path.is_absolute());
    named
        .into_iter()
        .chain([PathBuf::from(format!("/run/user/{uid}")), PathBuf::from(format!("/tmp/soak-heap-{uid}"))])
        .collect()
}

impl Place {
    /// Listens in the first folder that will do.
    pub(super) fn take() -> Result<Self, ListenError> {
        let uid = rustix::process::geteuid().as_raw();
        let mut folders = folders(std::env::var_os(RUNTIME_FOLDER), uid);
        let Some(last) = folders.pop() else { return Err(ListenError::Nowhere) };
        let mut found = folders.iter().filter(|folder| check(folder, uid).is_ok());
        // A path that is too long for a socket, or a folder that is read-only, leaves the next one.
        if let Some(place) = found.find_map(|folder| Self::take_in(folder, std::process::id()).ok()) {
            return Ok(place);
        }
        match DirBuilder::new().mode(0o700).create(&last) {
            Err(source) if source.kind() != io::ErrorKind::AlreadyExists => {
                return Err(ListenError::Socket { path: last, source });
            }
            _ => {}
        }
        check(&last, uid)?;
        Self::take_in(&last, std::process::id())
    }

    /// Listens in this folder, which must be its owner's alone.
    pub(super) fn take_in(folder: &Path, pid: u32) -> Result<Self, ListenError> {
        sweep(folder, pid);
        let path = folder.join(format!("soak-heap-{pid}.sock"));
        if knock(&path) == Knock::Heard {
            return Err(ListenError::Taken { path });
        }
        let fail = |source| ListenError::Socket { path: path.clone(), source };
        let unready = folder.join(format!("soak-heap-{pid}.new"));
        // Left behind by a process that had this pid and crashed.
        let _ = fs::remove_file(&unready);
        let listener = UnixListener::bind(&unready).map_err(fail)?;
        let named = ready(&listener, &unready, &path);
        let file = named.inspect_err(|_| drop(fs::remove_file(&unready))).map_err(fail)?;
        Ok(Self { listener, path, file })
    }

    /// Removes the socket, if it is still this one.
    pub(super) fn leave(self) {
        if fs::symlink_metadata(&self.path).is_ok_and(|found| identity(&found) == self.file) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn ready(listener: &UnixListener, unready: &Path, path: &Path) -> io::Result<(u64, u64)> {
    fs::set_permissions(unready, Permissions::from_mode(0o600))?;
    listener.set_nonblocking(true)?;
    let file = identity(&fs::symlink_metadata(unready)?);
    fs::rename(unready, path)?;
    Ok(file)
}

fn identity(file: &Metadata) -> (u64, u64) {
    (file.dev(), file.ino())
}

/// Whether a folder is this user's own and closed to everybody else. A link to one is none.
fn check(folder: &Path, uid: u32) -> Result<(), ListenError> {
    let refused = |reason: &str| Err(ListenError::Folder { path: folder.to_owned(), reason: reason.to_owned() });
    match fs::symlink_metadata(folder) {
        Err(error) => refused(&error.to_string()),
        Ok(found) if !found.is_dir() => refused("it is no folder"),
        Ok(found) if found.uid() != uid => refused("it belongs to somebody else"),
        Ok(found) if found.mode() & FOR_OTHERS != 0 => refused("others can enter it; its mode must be 0700"),
        Ok(_) => Ok(()),
    }
}

/// Removes the sockets of processes that are gone. A pid may belong to another container that shares the folder, so a
/// socket goes only where nobody listens on it either.
fn sweep(folder: &Path, own: u32) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(pid) = name.to_str().and_then(pid_of) else { continue };
        if pid == own || lives(pid) {
            continue;
        }
        let path = entry.path();
        if knock(&path) == Knock::Nobody {
            // Somebody else may have swept it meanwhile.
            let _ = fs::remove_file(path);
        }
    }
}

/// What came of a connection that was tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Knock {
    /// Somebody listens, or has too many connections waiting already.
    Heard,
    /// A socket that nobody listens on.
    Nobody,
    /// No socket, or one that cannot be reached.
    Unknown,
}

/// Tries a connection without ever waiting for it: this is on the way of a program that starts.
fn knock(path: &Path) -> Knock {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let Ok(socket) = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None) else { return Knock::Unknown };
    let Ok(address) = SocketAddrUnix::new(path) else { return Knock::Unknown };
    match connect(&socket, &address) {
        Ok(()) | Err(Errno::AGAIN) => Knock::Heard,
        Err(Errno::CONNREFUSED) => Knock::Nobody,
        Err(_) => Knock::Unknown,
    }
}

fn pid_of(name: &str) -> Option<u32> {
    let rest = name.strip_prefix("soak-heap-")?;
    rest.strip_suffix(".sock").or_else(|| rest.strip_suffix(".new"))?.parse().ok()
}

fn lives(pid: u32) -> bool {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    pid.is_some_and(|pid| test_kill_process(pid) != Err(Errno::SRCH))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixStream;

    use super::*;

    /// No process has this pid: it is above the kernel's largest.
    const NOBODY: u32 = 4_194_305;

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o700)).unwrap();
        folder
    }

    fn names(folder: &Path) -> Vec<String> {
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn the_runtime_folder_goes_before_the_one_that_is_made() {
        let made = PathBuf::from("/tmp/soak-heap-7");
        assert_eq!(folders(Some("/run/x".into()), 7), ["/run/x".into(), "/run/user/7".into(), made.clone()]);
        for useless in [None, Some("".into()), Some("relative".into())] {
            assert_eq!(folders(useless, 7), [PathBuf::from("/run/user/7"), made.clone()]);
        }
    }

    #[test]
    fn only_the_owner_can_reach_a_socket_and_it_goes_when_it_is_left() {
        let folder = folder();
        let place = Place::take_in(folder.path(), 77).unwrap();
        assert_eq!(fs::metadata(&place.path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(names(folder.path()), ["soak-heap-77.sock"]);
        UnixStream::connect(&place.path).unwrap();
        place.leave();
        assert!(names(folder.path()).is_empty());
    }

    #[test]
    fn a_folder_of_others_or_open_to_others_or_behind_a_link_is_refused() {
        let folder = folder();
        let own = rustix::process::geteuid().as_raw();
        let said = |path: &Path, uid| check(path, uid).unwrap_err().to_string();
        assert!(check(folder.path(), own).is_ok());
        assert!(said(folder.path(), own + 1).contains("belongs to somebody else"));
        assert!(said(&folder.path().join("absent"), own).contains("absent"));
        let link = folder.path().join("link");
        symlink(folder.path(), &link).unwrap();
        assert!(said(&link, own).contains("no folder"));
        fs::set_permissions(folder.path(), Permissions::from_mode(0o711)).unwrap();
        assert!(said(folder.path(), own).contains("0700"));
    }

    #[test]
    fn what_crashed_processes_left_is_swept_and_nothing_else() {
        let folder = folder();
        let stale = |name: &str| drop(UnixListener::bind(folder.path().join(name)).unwrap());
        stale(&format!("soak-heap-{NOBODY}.sock"));
        stale(&format!("soak-heap-{NOBODY}.new"));
        // Of this very pid, from before it was reused; of a living process; of another program.
        stale("soak-heap-77.sock");
        stale("soak-heap-1.sock");
        stale("pipewire-0.sock");
        let listened_on = folder.path().join(format!("soak-heap-{}.sock", NOBODY + 1));
        let _other_container = UnixListener::bind(&listened_on).unwrap();
        let place = Place::take_in(folder.path(), 77).unwrap();
        let mut left = names(folder.path());
        left.sort();
        let other = format!("soak-heap-{}.sock", NOBODY + 1);
        assert_eq!(left, ["pipewire-0.sock".to_owned(), "soak-heap-1.sock".into(), other, "soak-heap-77.sock".into()]);
        UnixStream::connect(&place.path).unwrap();
    }

    #[test]
    fn a_socket_that_somebody_listens_on_is_not_taken_over() {
        let folder = folder();
        let first = Place::take_in(folder.path(), 77).unwrap();
        assert!(matches!(Place::take_in(folder.path(), 77), Err(ListenError::Taken { .. })));
        UnixStream::connect(&first.path).unwrap();
    }

    #[test]
    fn leaving_removes_no_socket_of_somebody_else() {
        let folder = folder();
        let first = Place::take_in(folder.path(), 77).unwrap();
        let path = first.path.clone();
        fs::remove_file(&path).unwrap();
        let second = Place::take_in(folder.path(), 77).unwrap();
        first.leave();
        UnixStream::connect(&path).unwrap();
        second.leave();
        assert!(!path.exists());
    }
}
