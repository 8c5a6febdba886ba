//! Snapshots of the target's heap beside the record: `heap-001.json` and so on, each whole or not there.
//!
//! They help to find a cause and are no evidence for the verdict: where one cannot be written, the run goes on without it.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::{RunFolder, WriteError};

/// A snapshot on its way to the disk.
///
/// Writing to it never fails, so that whoever reads the snapshot from a socket reads all of it, and the connection stays
/// good: [`HeapFile::finish`] tells whether it was kept.
#[derive(Debug)]
pub struct HeapFile {
    name: String,
    path: PathBuf,
    unready: PathBuf,
    out: io::Result<BufWriter<File>>,
}

impl HeapFile {
    /// The snapshot of this number in a run's folder.
    pub fn create(folder: &RunFolder, number: u32) -> Self {
        let name = format!("heap-{number:03}.json");
        let unready = folder.path().join(format!("{name}.new"));
        let out = File::create(&unready).map(BufWriter::new);
        Self { path: folder.path().join(&name), name, unready, out }
    }

    /// Puts the snapshot in its place, once it is on the disk, and answers with its name.
    ///
    /// # Errors
    /// [`WriteError::Record`] with the first thing that failed; then nothing is left of it.
    pub fn finish(self) -> Result<String, WriteError> {
        let Self { name, path, unready, out } = self;
        let kept = out
            .and_then(|out| out.into_inner().map_err(io::IntoInnerError::into_error))
            .and_then(|file| file.sync_data())
            .and_then(|()| fs::rename(&unready, &path));
        kept.map(|()| name).map_err(|source| {
            let _ = fs::remove_file(&unready);
            WriteError::Record { path, source }
        })
    }

    /// Gives it up.
    pub fn discard(self) {
        let _ = fs::remove_file(&self.unready);
    }
}

/// The snapshots in a run's folder, in their order.
pub fn heap_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let is_snapshot = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let number = name.strip_prefix("heap-").and_then(|rest| rest.strip_suffix(".json"));
        number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let mut files: Vec<PathBuf> = entries.filter(is_snapshot).collect();
    // A thousandth snapshot is longer by a digit and still comes last.
    files.sort_by_key(|path| (path.as_os_str().len(), path.clone()));
    files
}

impl Write for HeapFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Ok(out) = &mut self.out
            && let Err(error) = out.write_all(bytes)
        {
            self.out = Err(error);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_is_there_once_it_is_whole() {
        let output = tempfile::tempdir().unwrap();
        let folder = RunFolder::create(output.path(), "run").unwrap();
        let mut file = HeapFile::create(&folder, 7);
        file.write_all(b"{}").unwrap();
        assert!(!folder.path().join("heap-007.json").exists());
        assert_eq!(file.finish().unwrap(), "heap-007.json");
        assert_eq!(fs::read(folder.path().join("heap-007.json")).unwrap(), b"{}");
        let mut given_up = HeapFile::create(&folder, 8);
        given_up.write_all(b"{").unwrap();
        given_up.discard();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn snapshots_are_listed_in_their_order_and_nothing_else_is() {
        let folder = tempfile::tempdir().unwrap();
        for name in
            ["heap-1000.json", "heap-002.json", "heap-010.json", "heap-003.json.new", "heap-x.json", "heap-.json"]
        {
            fs::write(folder.path().join(name), "{}").unwrap();
        }
        let names: Vec<_> = heap_files(folder.path()).iter().map(|path| path.file_name().unwrap().to_owned()).collect();
        assert_eq!(names, ["heap-002.json", "heap-010.json", "heap-1000.json"]);
        assert!(heap_files(&folder.path().join("absent")).is_empty());
    }

    #[test]
    fn a_disk_that_is_full_takes_everything_and_says_so_at_the_end() {
        let output = tempfile::tempdir().unwrap();
        let folder = RunFolder::create(output.path(), "run").unwrap();
        let mut file = HeapFile::create(&folder, 1);
        // A device that is always full stands in for the disk.
        let full = File::options().write(true).open("/dev/full").unwrap();
        file.out = Ok(BufWriter::new(full));
        file.write_all(&vec![b'x'; 1 << 20]).unwrap();
        let error = file.finish().unwrap_err();
        assert!(error.to_string().contains("heap-001.json"), "{error}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
