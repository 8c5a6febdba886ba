//! Single requests beside the record: slow ones and failed ones, each in a file of its own in the run's folder, made when
//! there is something to write.
//!
//! They are a help to whoever looks for a cause and no evidence, so a disk that is full loses them first: a line that cannot
//! be written is given up, while the record's lines are kept and tried again.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::PathBuf;

use super::RunFolder;
use crate::domain::traffic::RequestLine;

/// The file of requests that took long.
pub const SLOW_REQUESTS_FILE: &str = "slow-requests.jsonl";
/// The file of requests that failed.
pub const FAILED_REQUESTS_FILE: &str = "failed-requests.jsonl";

/// One such file.
#[derive(Debug)]
pub struct RequestLog {
    path: PathBuf,
    file: Option<File>,
    lost_lines: u64,
}

impl RequestLog {
    /// A file of this name in a run's folder, which is not made yet.
    pub fn new(folder: &RunFolder, name: &str) -> Self {
        Self { path: folder.path().join(name), file: None, lost_lines: 0 }
    }

    /// Appends a line, or gives it up.
    pub fn append(&mut self, line: &RequestLine) {
        if self.write(line).is_err() {
            self.lost_lines += 1;
        }
    }

    /// Gives a line up unwritten, because there is no room for the record itself.
    pub fn give_up(&mut self) {
        self.lost_lines += 1;
    }

    /// How many lines were given up.
    pub fn lost_lines(&self) -> u64 {
        self.lost_lines
    }

    fn write(&mut self, line: &RequestLine) -> io::Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(OpenOptions::new().append(true).create(true).open(&self.path)?),
        };
        let before = file.metadata()?.len();
        file.write_all(&text).inspect_err(|_| {
            // Half a line would spoil the next one; where even this fails, a reader skips it.
            let _ = file.set_len(before);
        })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn lines_are_json_and_the_file_is_made_with_the_first() {
        let output = tempfile::tempdir().unwrap();
        let folder = RunFolder::create(output.path(), "run").unwrap();
        let mut log = RequestLog::new(&folder, SLOW_REQUESTS_FILE);
        let path = folder.path().join(SLOW_REQUESTS_FILE);
        assert!(!path.exists());
        let line = RequestLine { step: "GET /".into(), status: Some(200), ..RequestLine::default() };
        log.append(&line);
        log.append(&line);
        let text = fs::read_to_string(path).unwrap();
        let read: Vec<RequestLine> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!((read, log.lost_lines()), (vec![line.clone(), line], 0));
    }

    #[test]
    fn a_line_that_cannot_be_written_is_given_up_and_counted() {
        let output = tempfile::tempdir().unwrap();
        let folder = RunFolder::create(output.path(), "run").unwrap();
        let mut log = RequestLog::new(&folder, "no/such/folder");
        log.append(&RequestLine::default());
        assert_eq!(log.lost_lines(), 1);
        // A device that is always full.
        let mut full = RequestLog { path: "/dev/full".into(), file: None, lost_lines: 0 };
        full.append(&RequestLine::default());
        assert_eq!(full.lost_lines(), 1);
    }
}
