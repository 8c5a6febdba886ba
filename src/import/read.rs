//! The way in: a path or a stream becomes a set of series.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use super::error::{Fault, ImportError};
use super::lines::Lines;
use super::sniff::{Format, sniff};
use super::{delimited, finish, json_lines, mprof, pidstat, psrecord};
use crate::domain::{SeriesSet, Unit};

/// How to read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImportOptions {
    /// The unit of a column named `value`, or of the only column there is, where its name tells none; a plain number by
    /// default.
    pub unit: Option<Unit>,
}

/// What a file held.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Imported {
    /// The series.
    pub set: SeriesSet,
    /// What was left out, merged or thinned on the way, a sentence each.
    pub notes: Vec<String>,
}

/// Reads a file of series of whichever known format: CSV (also with tabs or semicolons), JSON lines, or a log of psrecord,
/// mprof, pidstat or prmon.
///
/// Times come out in seconds: as they are where the column counts from the start, else since its first one. Rows of one
/// instant are merged, each column keeping its last value; rows that overtook each other by up to four places are sorted;
/// of a file of more than 100,000 rows an even choice is kept.
///
/// # Errors
/// Where the file cannot be read, or not without guessing: the message names the line, the column and what to do.
pub fn read(path: &Path, options: &ImportOptions) -> Result<Imported, ImportError> {
    let input = path.display().to_string();
    let opened = File::open(path).and_then(|file| {
        let is_folder = file.metadata()?.is_dir();
        if is_folder { Err(io::Error::from(io::ErrorKind::IsADirectory)) } else { Ok(file) }
    });
    let file = match opened {
        Ok(file) => file,
        Err(error) => return Err(ImportError { input, fault: Fault::Open(error) }),
    };
    read_from(BufReader::with_capacity(1 << 16, file), &input, options)
}

/// Reads series from a stream; `input` names it in messages.
///
/// # Errors
/// As [`read`].
pub fn read_from(reader: impl BufRead, input: &str, options: &ImportOptions) -> Result<Imported, ImportError> {
    series_of(Lines::new(reader), *options).map_err(|fault| ImportError { input: input.to_owned(), fault })
}

fn series_of<R: BufRead>(mut lines: Lines<R>, options: ImportOptions) -> Result<Imported, Fault> {
    let table = match sniff(&mut lines)? {
        Format::Delimited(dialect) => delimited::table(&mut lines, dialect)?,
        Format::JsonLines => json_lines::table(&mut lines)?,
        Format::Psrecord => psrecord::table(&mut lines)?,
        Format::Mprof => mprof::table(&mut lines)?,
        Format::Pidstat => pidstat::table(&mut lines)?,
    };
    finish::finish(table, options)
}
