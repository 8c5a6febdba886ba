//! Snapshots as files for use without soak: `heap.json` becomes `heap-PID-001.json`, `heap-PID-002.json` and so on, one a
//! signal and one at the end, so that growth between them can be seen and none is ever overwritten.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

use crate::control::Form;
use crate::program::Program;
use crate::snapshot::Snapshot;

/// The endings of names, each with the form that it means.
const ENDINGS: &[(&str, Form)] = &[
    (".json", Form::Dhat),
    #[cfg(feature = "pprof")]
    (".pb.gz", Form::Pprof),
];

/// The files of one process.
#[derive(Debug)]
pub(crate) struct Files {
    folder: PathBuf,
    stem: String,
    ending: &'static str,
    form: Form,
    number: u32,
}

impl Files {
    /// Files that are named after this one.
    ///
    /// # Errors
    /// Why there can be none, in a sentence.
    pub(crate) fn named(path: &Path) -> Result<Self, String> {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let found = ENDINGS.iter().find_map(|&(ending, form)| Some((name.strip_suffix(ending)?, ending, form)));
        let Some((stem, ending, form)) = found.filter(|(stem, ..)| !stem.is_empty()) else {
            let endings: Vec<&str> = ENDINGS.iter().map(|(ending, _)| *ending).collect();
            return Err(format!("{} names no file that ends in {}", path.display(), endings.join(" or ")));
        };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        // The program may change its folder later.
        let folder = fs::canonicalize(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        access(&folder, Access::WRITE_OK | Access::EXEC_OK)
            .map_err(|errno| format!("{}: {}", folder.display(), io::Error::from(errno)))?;
        Ok(Self { stem: stem.to_owned(), folder, ending, form, number: 0 })
    }

    /// The first file of a process, for an engine that writes it itself.
    ///
    /// # Errors
    /// Where its name asks for a form that such an engine does not have.
    pub(crate) fn first(&self, pid: u32) -> Result<PathBuf, String> {
        match self.form {
            Form::Dhat => Ok(self.path(pid, 1)),
            #[cfg(feature = "pprof")]
            Form::Pprof => Err("the dhat engine writes .json only".to_owned()),
        }
    }

    fn path(&self, pid: u32, number: u32) -> PathBuf {
        self.folder.join(format!("{}-{pid}-{number:03}{}", self.stem, self.ending))
    }

    /// Writes a snapshot under the next name that is free. It is whole or not there: a reader never sees a part of it.
    ///
    /// # Errors
    /// What the system said.
    pub(crate) fn write(&mut self, snapshot: &Snapshot, program: &Program) -> io::Result<PathBuf> {
        let path = self.reserve(program.pid)?;
        let mut unready = OsString::from(&path);
        unready.push(".new");
        let unready = PathBuf::from(unready);
        let written = self.write_to(&unready, snapshot, program).and_then(|()| fs::rename(&unready, &path));
        if let Err(error) = written {
            // What stands there is empty or half a file.
            let _ = fs::remove_file(&unready);
            let _ = fs::remove_file(&path);
            return Err(error);
        }
        Ok(path)
    }

    /// The next name that is free, with an empty file to keep it.
    fn reserve(&mut self, pid: u32) -> io::Result<PathBuf> {
        loop {
            self.number += 1;
            let path = self.path(pid, self.number);
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(_) => return Ok(path),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn write_to(&self, path: &Path, snapshot: &Snapshot, program: &Program) -> io::Result<()> {
        let mut out = BufWriter::new(File::create(path)?);
        match self.form {
            Form::Dhat => snapshot.write_dhat(program, &mut out)?,
            #[cfg(feature = "pprof")]
            Form::Pprof => snapshot.write_pprof(program, &mut out)?,
        }
        out.flush()?;
        out.get_ref().sync_data()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::tests::snapshot;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn each_file_is_whole_and_none_is_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let program = Program { path: "/srv/server".into(), pid: 42 };
        fs::write(folder.path().join("heap-42-002.json"), "from an earlier process").unwrap();
        let mut files = Files::named(&folder.path().join("heap.json")).unwrap();
        for number in [1, 3] {
            let path = files.write(&snapshot(), &program).unwrap();
            assert_eq!(path.file_name().unwrap().to_str().unwrap(), format!("heap-42-00{number}.json"));
            let file: serde_json::Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
            assert_eq!(file["soakHeap"]["version"], 1);
        }
        assert_eq!(names(folder.path()), ["heap-42-001.json", "heap-42-002.json", "heap-42-003.json"]);
    }

    #[test]
    fn a_file_that_cannot_be_written_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let mut files = Files::named(&folder.path().join("heap.json")).unwrap();
        let program = Program { path: "/srv/server".into(), pid: 42 };
        // A folder stands where the file would be made ready.
        fs::create_dir(folder.path().join("heap-42-001.json.new")).unwrap();
        assert!(files.write(&snapshot(), &program).is_err());
        assert_eq!(names(folder.path()), ["heap-42-001.json.new"]);
    }

    #[cfg(feature = "pprof")]
    #[test]
    fn the_ending_tells_the_form() {
        let folder = tempfile::tempdir().unwrap();
        let mut files = Files::named(&folder.path().join("heap.pb.gz")).unwrap();
        let path = files.write(&snapshot(), &Program { path: "/srv/server".into(), pid: 42 }).unwrap();
        assert_eq!(fs::read(path).unwrap()[..2], [0x1f, 0x8b]);
    }

    #[test]
    fn a_name_that_cannot_be_is_refused_before_anything_is_traced() {
        for (path, hint) in [
            ("heap.txt", ".json"),
            (".json", ".json"),
            ("/", ".json"),
            ("/no/such/folder/heap.json", "/no/such/folder"),
        ] {
            let error = Files::named(Path::new(path)).unwrap_err();
            assert!(error.contains(hint), "{path}: {error}");
        }
    }
}
