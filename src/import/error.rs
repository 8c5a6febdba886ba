//! What can be wrong with a file, in words that name the line, the column and what to do.

use std::io;

/// A file that could not be imported.
#[derive(Debug, thiserror::Error)]
#[error("{input}: {fault}")]
pub struct ImportError {
    /// The file's path, or the name of the stream.
    pub input: String,
    /// What is wrong.
    pub fault: Fault,
}

/// What is wrong with a file. Each is said in one line.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The file could not be opened.
    #[error("it cannot be opened: {0}")]
    Open(#[source] io::Error),
    /// Reading failed on the way.
    #[error("line {line}: it cannot be read on: {source}")]
    Read {
        /// The line that was being read.
        line: u64,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// There is nothing in it.
    #[error("it is empty; give it a header such as \"elapsed_s,rss_bytes\" and a line per sample")]
    Empty,
    /// It is compressed or in another encoding.
    #[error("it is {what}; {remedy} first")]
    Encoding {
        /// What it seems to be.
        what: &'static str,
        /// What to do.
        remedy: &'static str,
    },
    /// There is a header, and nothing below it.
    #[error("it has column names but no samples; was the recorder stopped before its first one?")]
    NoRows,
    /// The first line holds numbers where names belong.
    #[error("line {line}: there are no column names; put a line such as \"t,value\" before the numbers")]
    NoHeader {
        /// The line.
        line: u64,
    },
    /// No column is the time.
    #[error("no column is the time; name it elapsed_s, t or timestamp (found: {found})")]
    NoTimeColumn {
        /// The names that are there.
        found: String,
    },
    /// There is a time and nothing to judge.
    #[error("beside the time no column holds numbers to judge (found: {found})")]
    NoValueColumn {
        /// The names that are there.
        found: String,
    },
    /// One line alone is larger than any sample.
    #[error("line {line}: it is longer than {limit} bytes; is this a text file with a sample per line?")]
    LongLine {
        /// The line.
        line: u64,
        /// The length that is allowed, in bytes.
        limit: usize,
    },
    /// There are more columns than memory is kept for.
    #[error("line {line}: more than {limit} columns; keep the time and the columns to judge")]
    TooManyColumns {
        /// The line.
        line: u64,
        /// How many are allowed.
        limit: usize,
    },
    /// A quote is never closed.
    #[error("line {line}: a quote (\") is opened and not closed; close it or take it out")]
    OpenQuote {
        /// The line.
        line: u64,
    },
    /// A line has another number of fields than the header.
    #[error("line {line}: it has {found} fields where the header has {expected}; repair or remove the line")]
    FieldCount {
        /// The line.
        line: u64,
        /// The fields it has.
        found: usize,
        /// The fields it should have.
        expected: usize,
    },
    /// A field of a numeric column is no number.
    #[error(
        "line {line}, column \"{column}\": \"{text}\" is not a number; correct it, or leave the field empty if it was not read"
    )]
    NotANumber {
        /// The line.
        line: u64,
        /// The column's name.
        column: String,
        /// What stands there.
        text: String,
    },
    /// A field of the time column is no time.
    #[error(
        "line {line}, column \"{column}\": \"{text}\" is not a time; use seconds, or one form of date and time throughout"
    )]
    NotATime {
        /// The line.
        line: u64,
        /// The column's name.
        column: String,
        /// What stands there.
        text: String,
    },
    /// Time runs backwards.
    #[error("line {line}: time goes back by {by_s:.3} s; sort the lines by time, or give each run a file of its own")]
    Backwards {
        /// The line.
        line: u64,
        /// How far, in seconds.
        by_s: f64,
    },
    /// A size or a count is negative.
    #[error(
        "line {line}, column \"{column}\": {text} is negative, which no size or count can be; leave the field empty if it was not read"
    )]
    Negative {
        /// The line.
        line: u64,
        /// The column's name.
        column: String,
        /// What stands there.
        text: String,
    },
    /// A value is beyond anything that can be computed with, or beyond any machine.
    #[error("line {line}, column \"{column}\": {text} is too large to be true; correct it or leave the field empty")]
    TooLarge {
        /// The line.
        line: u64,
        /// The column's name.
        column: String,
        /// What stands there.
        text: String,
    },
    /// Some fields of a column carry a unit and others do not.
    #[error(
        "line {line}, column \"{column}\": \"{text}\" breaks with the lines before, which do the other way: write every field with its unit, or none"
    )]
    MixedUnits {
        /// The line.
        line: u64,
        /// The column's name.
        column: String,
        /// What stands there.
        text: String,
    },
    /// Two columns are the same metric.
    #[error("columns \"{first}\" and \"{second}\" are both {name}; keep one of them")]
    SameMetric {
        /// The earlier column.
        first: String,
        /// The later column.
        second: String,
        /// The metric's name.
        name: String,
    },
    /// A column of memory without a unit cannot be in bytes.
    #[error(
        "column \"{column}\" has no unit and, read as bytes, is never above {largest}; name it {column}_kb, {column}_mb or {column}_bytes"
    )]
    UnitMissing {
        /// The column's name.
        column: String,
        /// Its largest value.
        largest: String,
    },
    /// Samples of several processes at one time.
    #[error("line {line}: processes {first} and {second} are sampled at one time; keep the lines of one process")]
    SeveralProcesses {
        /// The line.
        line: u64,
        /// One process id.
        first: f64,
        /// The other process id.
        second: f64,
    },
    /// A line that should be one JSON object is not.
    #[error("line {line}: it is not a JSON object on a line of its own: {why}")]
    NotAnObject {
        /// The line.
        line: u64,
        /// Why.
        why: String,
    },
    /// A JSON array instead of lines.
    #[error("it is one JSON array; write an object a line instead (jq -c '.[]' does it)")]
    JsonArray,
    /// A line of another tool's log that does not have that tool's form.
    #[error("line {line}: it is not a line of a {tool} log: \"{text}\"")]
    NotOfTool {
        /// The line.
        line: u64,
        /// The tool.
        tool: &'static str,
        /// What stands there.
        text: String,
    },
}

/// A piece of a file for an error message: short and without control characters.
pub(super) fn quoted(text: &str) -> String {
    const LONGEST: usize = 24;
    let mut shown: String = text.trim().chars().take(LONGEST).flat_map(char::escape_debug).collect();
    if text.trim().chars().nth(LONGEST).is_some() {
        shown.push_str("..");
    }
    shown
}
