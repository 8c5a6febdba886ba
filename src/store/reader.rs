//! Reads a record back, whole or cut at any byte.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::RECORD_FILE;
use super::wire::{self, FORMAT, HeaderLine, Line};
use crate::domain::Run;

/// What can go wrong while reading a record.
#[derive(Debug, Error)]
pub enum ReadError {
    /// The file could not be read.
    #[error("cannot read {path}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The first line is not a header.
    #[error("{path}: line 1 is not the header of a soak record")]
    NoHeader {
        /// The file.
        path: PathBuf,
        /// What the reader of the line said.
        #[source]
        source: serde_json::Error,
    },
    /// A newer soak wrote it.
    #[error("{path} has format {found}, and this soak reads up to {FORMAT}")]
    NewerFormat {
        /// The file.
        path: PathBuf,
        /// The format's number.
        found: u32,
    },
}

/// Whether `path` is a run's folder or a record, judged by how the file begins; a file that cannot be read is not.
pub fn is_record(path: &Path) -> bool {
    if path.is_dir() {
        return true;
    }
    let mut start = [0; wire::HEADER_START.len()];
    File::open(path).and_then(|mut file| file.read_exact(&mut start)).is_ok() && start == wire::HEADER_START
}

/// Reads the record of a run from the run's folder, or from the record file itself.
///
/// A line that is no whole JSON object is left out and counted in [`Run::damaged_lines`]; where it is the last one, and
/// has no end of line, the record was cut ([`Run::cut_short`]).
///
/// # Errors
/// [`ReadError`] where the file cannot be read or is no record of a known format.
pub fn read(path: &Path) -> Result<Run, ReadError> {
    let file_path = if path.is_dir() { path.join(RECORD_FILE) } else { path.to_owned() };
    let failed = |source| ReadError::File { path: file_path.clone(), source };
    let mut reader = BufReader::with_capacity(1 << 16, File::open(&file_path).map_err(failed)?);
    let mut line = Vec::with_capacity(512);
    reader.read_until(b'\n', &mut line).map_err(failed)?;
    let header: HeaderLine =
        serde_json::from_slice(&line).map_err(|source| ReadError::NoHeader { path: file_path.clone(), source })?;
    if header.format > FORMAT {
        return Err(ReadError::NewerFormat { path: file_path, found: header.format });
    }
    let mut run = Run { header: header.header, ..Run::default() };
    loop {
        line.clear();
        if reader.read_until(b'\n', &mut line).map_err(failed)? == 0 {
            break;
        }
        take(&mut run, &line);
    }
    Ok(run)
}

fn take(run: &mut Run, line: &[u8]) {
    let parsed = std::str::from_utf8(line).ok().and_then(|text| wire::read_line(text.trim_end()).ok());
    match parsed {
        Some(Line::Sample(sample)) => run.samples.push(sample),
        Some(Line::Traffic(tick)) => run.traffic.push(tick),
        Some(Line::Scraped(scraped)) => run.scraped.push(scraped),
        Some(Line::Heap(snapshot)) => run.heap.push(snapshot),
        Some(Line::Window(window)) => run.windows.push(*window),
        Some(Line::Event(event)) => run.events.push(event),
        Some(Line::Unknown) => {}
        None if line.ends_with(b"\n") => run.damaged_lines += 1,
        None => run.cut_short = true,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::{RunFolder, Writer};
    use super::*;
    use crate::domain::run::{Event, EventKind, Header, RunEnd};
    use crate::domain::{Elapsed, Metric, Sample, TrafficTick};

    fn record(folder: &Path) -> PathBuf {
        let folder = RunFolder::create(folder, "run").unwrap();
        let header = Header { soak_version: "9.9.9".into(), ..Header::default() };
        let mut writer = Writer::create(&folder, &header).unwrap();
        for second in 0..20_u64 {
            let at = Elapsed::from_secs_f64(second as f64);
            let mut sample = Sample { at, ..Sample::default() };
            sample.readings.set_raw(Metric::Rss, 1000 + second);
            writer.sample(&sample).unwrap();
            writer.traffic(&TrafficTick { at, turns: second * 20, ..TrafficTick::default() }).unwrap();
        }
        let end = EventKind::Ended { end: RunEnd::Complete };
        writer.event(&Event { at: Elapsed::from_secs_f64(20.0), kind: end }).unwrap();
        folder.path().to_owned()
    }

    #[test]
    fn a_record_reads_back_whole() {
        let output = tempfile::tempdir().unwrap();
        let run = read(&record(output.path())).unwrap();
        assert_eq!((run.samples.len(), run.traffic.len()), (20, 20));
        assert_eq!(run.header.soak_version, "9.9.9");
        assert_eq!(run.end(), Some(&RunEnd::Complete));
        assert!(!run.cut_short);
        let turns = run.series().turns.unwrap();
        assert_eq!(turns[5].to_bits(), 100.0_f64.to_bits());
    }

    #[test]
    fn cut_at_any_byte_everything_but_the_last_line_reads_back() {
        let output = tempfile::tempdir().unwrap();
        let path = record(output.path()).join(RECORD_FILE);
        let whole = fs::read(&path).unwrap();
        let header_end = whole.iter().position(|&byte| byte == b'\n').unwrap() + 1;
        for end in header_end..whole.len() {
            fs::write(&path, &whole[..end]).unwrap();
            let run = read(&path).unwrap();
            let whole_lines = whole[..end].split(|&byte| byte == b'\n').count() - 2;
            let lines = run.samples.len() + run.traffic.len() + run.events.len();
            // A line that lacks nothing but its end of line counts as whole.
            assert!(lines == whole_lines || lines == whole_lines + 1, "{lines} of {whole_lines} at {end}");
            assert_eq!(run.damaged_lines, 0);
        }
    }

    #[test]
    fn a_damaged_line_in_the_middle_costs_that_line_only() {
        let output = tempfile::tempdir().unwrap();
        let path = record(output.path()).join(RECORD_FILE);
        let text = fs::read_to_string(&path).unwrap().replacen("\"rss_bytes\":1007", "\"rss_bytes\":10\u{0}", 1);
        fs::write(&path, text).unwrap();
        let run = read(&path).unwrap();
        assert_eq!((run.samples.len(), run.damaged_lines), (19, 1));
    }

    #[test]
    fn what_is_no_record_is_said_so() {
        let folder = tempfile::tempdir().unwrap();
        assert!(is_record(&record(folder.path()).join(RECORD_FILE)));
        let path = folder.path().join("x.jsonl");
        fs::write(&path, "t,value\n1,2\n").unwrap();
        assert!(!is_record(&path) && !is_record(Path::new("no such file")));
        assert!(matches!(read(&path), Err(ReadError::NoHeader { .. })));
        fs::write(&path, "").unwrap();
        assert!(matches!(read(&path), Err(ReadError::NoHeader { .. })));
        assert!(matches!(read(folder.path()), Err(ReadError::File { .. })));
    }

    #[test]
    fn a_newer_format_is_refused_by_its_number() {
        let output = tempfile::tempdir().unwrap();
        let path = record(output.path()).join(RECORD_FILE);
        let text = fs::read_to_string(&path).unwrap().replacen("\"format\":1", "\"format\":2", 1);
        fs::write(&path, text).unwrap();
        assert!(matches!(read(&path), Err(ReadError::NewerFormat { found: 2, .. })));
    }
}
