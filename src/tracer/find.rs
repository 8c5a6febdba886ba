//! Where the target's control socket is: by its pid, in the folders where soak-heap puts it.

use std::fs;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use super::error::TracerError;
use crate::procfs::{Buffer, Process};

/// A target that offers to be traced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The socket.
    pub path: PathBuf,
    /// The target's process id.
    pub pid: u32,
    /// As whom the target acts.
    pub user: u32,
}

/// Looks for the target's control socket; `None` where it offers none. It is a look at three folders, and nothing is said
/// to the target yet.
///
/// # Errors
/// Where the target is gone.
pub fn find(process: &Process) -> Result<Option<Offer>, TracerError> {
    let mut buffer = Buffer::new();
    let user = process.user(&mut buffer)?;
    // Another user's environment cannot be read, and soak's own folder is not theirs.
    let named = process.runtime_folder(&mut buffer).unwrap_or_default();
    let name = format!("soak-heap-{}.sock", process.pid());
    let path = folders(named, user).into_iter().map(|folder| folder.join(&name)).find(|path| is_socket(path));
    Ok(path.map(|path| Offer { path, pid: process.pid(), user }))
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
