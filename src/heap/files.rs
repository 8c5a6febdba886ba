//! The files of a profiled program: on this machine, or as the program itself saw them from within a container.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat, openat2};

/// Where a program's files are looked for.
#[derive(Debug, Default)]
pub struct Files {
    root: Option<OwnedFd>,
}

impl Files {
    /// On this machine.
    pub fn here() -> Self {
        Self::default()
    }

    /// Below this folder, which is the root of the program's files, and then on this machine.
    pub fn below(root: OwnedFd) -> Self {
        Self { root: Some(root) }
    }

    /// Opens a file for reading.
    ///
    /// # Errors
    /// What the system said, of this machine where the file is in neither.
    pub(super) fn open(&self, path: &Path) -> io::Result<File> {
        // A path comes from a profile: it may be a pipe, for whose writer nobody must wait, or a terminal.
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
        let below = self.root.as_ref().and_then(|root| {
            // Links lead no further up than the root does for the program.
            let within = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
            openat2(root.as_fd(), path, flags, Mode::empty(), within).ok()
        });
        let file = match below {
            Some(file) => file,
            None => openat(CWD, path, flags, Mode::empty())?,
        };
        let file = File::from(file);
        if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("it is no regular file")) }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Read as _;
    use std::os::unix::fs::symlink;

    use super::*;

    fn read(files: &Files, path: &str) -> io::Result<String> {
        let mut text = String::new();
        files.open(Path::new(path))?.read_to_string(&mut text)?;
        Ok(text)
    }

    #[test]
    fn a_programs_own_file_goes_before_this_machines_and_no_link_leads_out_of_its_root() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("etc")).unwrap();
        fs::write(root.path().join("etc/passwd"), "its own").unwrap();
        symlink("/etc/passwd", root.path().join("link")).unwrap();
        symlink("../../../etc/passwd", root.path().join("etc/up")).unwrap();
        let files = Files::below(OwnedFd::from(File::open(root.path()).unwrap()));
        for path in ["/etc/passwd", "/link", "/etc/up"] {
            assert_eq!(read(&files, path).unwrap(), "its own", "{path}");
        }
        let here = root.path().join("etc/passwd");
        assert_eq!(read(&files, here.to_str().unwrap()).unwrap(), "its own");
        assert!(read(&Files::here(), "/no/such/file").is_err());
    }

    #[test]
    fn a_pipe_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe");
        rustix::fs::mknodat(CWD, &path, rustix::fs::FileType::Fifo, Mode::RUSR, 0).unwrap();
        let error = Files::here().open(&path).unwrap_err();
        assert!(error.to_string().contains("no regular file"), "{error}");
    }
}
