//! Appends to the record: one `write` a line on an append-only file, when the line is made.
//!
//! A process that is killed loses nothing that was written; a full disk loses nothing as long as the pending lines fit
//! into a bounded buffer and space comes back.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::{RECORD_FILE, wire};
use crate::domain::run::{Event, Header};
use crate::domain::scrape::Scraped;
use crate::domain::{HeapSnapshot, Sample, TrafficTick, Window};

/// Lines that could not be written yet are kept up to this size: an hour of samples at 1 s while the disk is full.
const PENDING_LIMIT: usize = 2 << 20;

/// What can go wrong while recording.
#[derive(Debug, Error)]
pub enum WriteError {
    /// The folder of the run could not be made.
    #[error("cannot make the folder {path}")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The record could not be made or written.
    #[error("cannot write {path}")]
    Record {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A header or an event could not be put into JSON.
    #[error("cannot put a line of the record into JSON")]
    Line(#[from] serde_json::Error),
}

/// The folder of one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunFolder {
    path: PathBuf,
}

impl RunFolder {
    /// Makes a new folder named `name` under `output`, with a number behind the name where one of that name exists.
    ///
    /// # Errors
    /// [`WriteError::Folder`] where the folder cannot be made.
    pub fn create(output: &Path, name: &str) -> Result<Self, WriteError> {
        fs::create_dir_all(output).map_err(|source| WriteError::Folder { path: output.to_owned(), source })?;
        let mut number = 1;
        loop {
            let path = output.join(if number == 1 { name.to_owned() } else { format!("{name}-{number}") });
            match fs::create_dir(&path) {
                Ok(()) => return Ok(Self { path }),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
                Err(source) => return Err(WriteError::Folder { path, source }),
            }
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// The part of `name` that is safe in a file name: letters, digits, `.`, `_` and `-`, at most 40 of them.
pub fn safe_name(name: &str) -> String {
    let safe: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' }).take(40).collect();
    safe.trim_start_matches('.').to_owned()
}

/// Appends lines to a record.
#[derive(Debug)]
pub struct Writer<W = File> {
    sink: W,
    path: PathBuf,
    pending: Vec<u8>,
    lost_lines: u64,
}

/// Sends what was written to the disk itself, from a thread that may wait for it.
#[derive(Debug)]
pub struct Flusher {
    file: File,
    path: PathBuf,
}

impl Flusher {
    /// Waits until everything written so far is on the disk.
    ///
    /// # Errors
    /// [`WriteError::Record`] with what the system said.
    pub fn flush(&self) -> Result<(), WriteError> {
        self.file.sync_data().map_err(|source| WriteError::Record { path: self.path.clone(), source })
    }
}

impl Writer {
    /// Makes the record in a run's folder and writes its header.
    ///
    /// # Errors
    /// [`WriteError::Record`] where the file cannot be made or written.
    pub fn create(folder: &RunFolder, header: &Header) -> Result<Self, WriteError> {
        let path = folder.path.join(RECORD_FILE);
        let sink = OpenOptions::new()
            .append(true)
            .create_new(true)
            .open(&path)
            .map_err(|source| WriteError::Record { path: path.clone(), source })?;
        let mut writer = Self { sink, path, pending: Vec::with_capacity(1024), lost_lines: 0 };
        wire::write_header(&mut writer.pending, header)?;
        writer.drain()?;
        Ok(writer)
    }

    /// A handle that flushes the same file.
    ///
    /// # Errors
    /// [`WriteError::Record`] where the handle cannot be duplicated.
    pub fn flusher(&self) -> Result<Flusher, WriteError> {
        let file = self.sink.try_clone().map_err(|source| WriteError::Record { path: self.path.clone(), source })?;
        Ok(Flusher { file, path: self.path.clone() })
    }
}

impl<W: Write> Writer<W> {
    /// Appends a sample.
    ///
    /// # Errors
    /// [`WriteError::Record`] where the file cannot be written now. The line is kept and goes out with a later one, so
    /// the caller may say so and go on.
    pub fn sample(&mut self, sample: &Sample) -> Result<(), WriteError> {
        self.append(|line| {
            wire::write_sample(line, sample);
            Ok(())
        })
    }

    /// Appends a tick of the driver.
    ///
    /// # Errors
    /// As [`Writer::sample`].
    pub fn traffic(&mut self, tick: &TrafficTick) -> Result<(), WriteError> {
        self.append(|line| {
            wire::write_traffic(line, tick);
            Ok(())
        })
    }

    /// Appends what the target's metrics page said.
    ///
    /// # Errors
    /// As [`Writer::sample`].
    pub fn scraped(&mut self, scraped: &Scraped) -> Result<(), WriteError> {
        self.append(|line| wire::write_scraped(line, scraped))
    }

    /// Appends that a snapshot of the target's heap was taken.
    ///
    /// # Errors
    /// As [`Writer::sample`].
    pub fn heap(&mut self, snapshot: &HeapSnapshot) -> Result<(), WriteError> {
        self.append(|line| wire::write_heap(line, snapshot))
    }

    /// Appends what a step did in a window.
    ///
    /// # Errors
    /// As [`Writer::sample`].
    pub fn window(&mut self, window: &Window) -> Result<(), WriteError> {
        self.append(|line| wire::write_window(line, window))
    }

    /// Appends an event.
    ///
    /// # Errors
    /// As [`Writer::sample`].
    pub fn event(&mut self, event: &Event) -> Result<(), WriteError> {
        self.append(|line| wire::write_event(line, event))
    }

    /// How many lines are not in the file: those that found no room while nothing could be written, and those that wait.
    pub fn missing_lines(&self) -> u64 {
        self.lost_lines + self.pending.split(|&byte| byte == b'\n').count() as u64 - 1
    }

    fn append(&mut self, write: impl FnOnce(&mut Vec<u8>) -> serde_json::Result<()>) -> Result<(), WriteError> {
        let before = self.pending.len();
        if let Err(error) = write(&mut self.pending) {
            self.pending.truncate(before);
            return Err(error.into());
        }
        if self.pending.len() > PENDING_LIMIT {
            self.pending.truncate(before);
            self.lost_lines += 1;
        }
        self.drain()
    }

    /// Writes what is pending. What a short write leaves over stays pending, so that the line is completed and not torn.
    fn drain(&mut self) -> Result<(), WriteError> {
        while !self.pending.is_empty() {
            match self.sink.write(&self.pending) {
                Ok(0) => return Err(self.failed(io::ErrorKind::WriteZero.into())),
                Ok(written) => {
                    self.pending.drain(..written);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(source) => return Err(self.failed(source)),
            }
        }
        Ok(())
    }

    fn failed(&self, source: io::Error) -> WriteError {
        WriteError::Record { path: self.path.clone(), source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Elapsed, Metric};

    /// A disk that has room for so many bytes.
    #[derive(Debug, Default)]
    struct SmallDisk {
        written: Vec<u8>,
        room: usize,
    }

    impl Write for SmallDisk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let taken = bytes.len().min(self.room);
            if taken == 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.room -= taken;
            self.written.extend_from_slice(&bytes[..taken]);
            Ok(taken)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn sample(second: u64) -> Sample {
        let mut sample = Sample { at: Elapsed::from_secs_f64(second as f64), ..Sample::default() };
        sample.readings.set_raw(Metric::Rss, second);
        sample
    }

    #[test]
    fn a_full_disk_tears_no_line_and_loses_none_that_fits_the_buffer() {
        let disk = SmallDisk { written: Vec::new(), room: 100 };
        let mut writer = Writer { sink: disk, path: PathBuf::new(), pending: Vec::new(), lost_lines: 0 };
        let failed = (0..10).filter(|&second| writer.sample(&sample(second)).is_err()).count();
        assert!(failed > 5, "{failed}");
        writer.sink.room = usize::MAX;
        writer.sample(&sample(10)).unwrap();
        let lines = String::from_utf8(writer.sink.written).unwrap();
        let seconds: Vec<u64> = lines
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["rss_bytes"].as_u64().unwrap())
            .collect();
        assert_eq!(seconds, (0..=10).collect::<Vec<_>>());
        assert_eq!((writer.lost_lines, writer.pending.len()), (0, 0));
    }

    #[test]
    fn a_disk_that_stays_full_costs_bounded_memory_and_says_what_was_lost() {
        let disk = SmallDisk { written: Vec::new(), room: 0 };
        let mut writer = Writer { sink: disk, path: PathBuf::new(), pending: Vec::new(), lost_lines: 0 };
        for second in 0..60_000 {
            assert!(writer.sample(&sample(second)).is_err());
        }
        assert!(writer.pending.len() <= PENDING_LIMIT);
        assert_eq!(writer.missing_lines(), 60_000);
    }

    #[test]
    fn two_runs_of_one_second_get_a_folder_each() {
        let output = tempfile::tempdir().unwrap();
        let first = RunFolder::create(output.path(), "run").unwrap();
        let second = RunFolder::create(output.path(), "run").unwrap();
        assert_ne!(first, second);
        assert!(second.path().ends_with("run-2"));
    }

    #[test]
    fn names_of_processes_become_safe_file_names() {
        assert_eq!(safe_name("../a b:c"), "_a_b_c");
        assert_eq!(safe_name("kworker/0:1"), "kworker_0_1");
    }
}
