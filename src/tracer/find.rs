//! Where the target's control socket is: by its pid, in the folders where soak-heap puts it.

use std::fs;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use super::error::TracerError;
use crate::procfs::{Buffer, Surroundings};

/// A target that offers to be traced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The socket.
    pub path: PathBuf,
    /// The target's process id, as soak sees it.
    pub pid: u32,
    /// As whom the target acts, as soak sees it.
    pub user: u32,
}

/// Looks for the target's control socket; `None` where it offers none. It is a look at a few folders, and nothing is said to
/// the target yet.
///
/// # Errors
/// Where the target is gone.
pub fn find(target: &Surroundings) -> Result<Option<Offer>, TracerError> {
    let mut buffer = Buffer::new();
    let user = target.user(&mut buffer)?;
    // The socket has the number by which the target knows itself, in a folder as the target sees it.
    let name = format!("soak-heap-{}.sock", target.own_pid(&mut buffer)?);
    // Another user's environment cannot be read, and soak's own folder is not theirs.
    let named = target.runtime_folder(&mut buffer).unwrap_or_default();
    let mut sockets = folders(named, user.own).into_iter().map(|folder| target.reached(&folder.join(&name)));
    let path = sockets.find(|path| is_socket(path));
    Ok(path.map(|path| Offer { path, pid: target.pid(), user: user.seen }))
}

/// The folders in the order in which soak-heap tries them.
fn folders(named: Option<PathBuf>, user: u32) -> Vec<PathBuf> {
    let usual = [format!("/run/user/{user}"), format!("/tmp/soak-heap-{user}")].map(PathBuf::from);
    named.into_iter().chain(usual).collect()
}

fn is_socket(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folders_are_those_of_the_target_and_not_of_soak() {
        let usual = [PathBuf::from("/run/user/7"), PathBuf::from("/tmp/soak-heap-7")];
        assert_eq!(folders(None, 7), usual);
        assert_eq!(folders(Some("/run/x".into()), 7)[0], PathBuf::from("/run/x"));
    }
}
