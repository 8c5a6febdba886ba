//! CSV and its kin: a header, then a row a line, fields apart by commas, tabs, semicolons, bars or blanks.
//!
//! Fields follow RFC 4180, but for one thing: a line break inside quotes is refused, because no sample needs one and an
//! unclosed quote would swallow the file.

use std::io::BufRead;

use csv_core::{ReadRecordResult, Reader, ReaderBuilder, Terminator};

use super::cell::{Cell, Decimal};
use super::column::Column;
use super::error::Fault;
use super::lines::Lines;
use super::sniff::{Delimiter, Dialect, Writer};
use super::table::Table;
use crate::domain::{Metric, Role};

const KIB: f64 = 1024.0;
const MIB: f64 = 1_048_576.0;

/// Reads the header and every row.
pub(super) fn table<R: BufRead>(lines: &mut Lines<R>, dialect: Dialect) -> Result<Table, Fault> {
    let mut splitter = Splitter::new(dialect.delimiter);
    let Some(header) = lines.next()? else {
        return Err(Fault::Empty);
    };
    let number = header.number;
    let text = header.text.trim_start().trim_start_matches('#').to_owned();
    splitter.split(&text, number)?;
    let columns = columns(&splitter, dialect.writer, number)?;
    let expected = columns.len();
    let mut table = Table::with_columns(columns, number)?;
    if dialect.delimiter == Delimiter::Byte(b';') {
        table.decimal = Decimal::Comma;
    }
    let mut cut = None;
    while let Some(line) = lines.next()? {
        if line.text.starts_with('#') || line.text.trim_start().trim_start_matches('#') == text {
            continue;
        }
        let (number, whole) = (line.number, line.whole);
        match row(&mut table, &mut splitter, &line.text, number, expected) {
            Ok(()) => {}
            // The last line of a recorder that was killed.
            Err(_) if !whole => {
                table.drop_row();
                cut = Some(number);
            }
            Err(fault) => return Err(fault),
        }
    }
    if let Some(line) = cut {
        table.notes.push(format!("line {line} is cut short and was left out"));
    }
    Ok(table)
}

/// The fields of a header line; none where it cannot be split.
pub(super) fn names(header: &str, dialect: Dialect) -> Vec<String> {
    let mut splitter = Splitter::new(dialect.delimiter);
    match splitter.split(header.trim_start_matches('#'), 1) {
        Ok(()) => splitter.fields().map(str::to_owned).collect(),
        Err(_) => Vec::new(),
    }
}

fn row(table: &mut Table, splitter: &mut Splitter, text: &str, number: u64, expected: usize) -> Result<(), Fault> {
    splitter.split(text, number)?;
    let found = splitter.count();
    let surplus_is_empty = splitter.fields().skip(expected).all(|field| field.trim().is_empty());
    if found < expected || !surplus_is_empty {
        return Err(Fault::FieldCount { line: number, found, expected });
    }
    for (position, field) in splitter.fields().take(expected).enumerate() {
        table.field(position, field, number)?;
    }
    table.end_row(number)
}

fn columns(splitter: &Splitter, writer: Writer, line: u64) -> Result<Vec<Column>, Fault> {
    let mut names: Vec<&str> = splitter.fields().map(str::trim).collect();
    // A delimiter at the end of every line makes a last column without name or values.
    while names.last().is_some_and(|name| name.is_empty()) {
        names.pop();
    }
    let numbers = names.iter().filter(|name| matches!(Cell::of(name, Decimal::Comma), Cell::Number(_))).count();
    if numbers > 0 && numbers * 2 >= names.len() {
        return Err(Fault::NoHeader { line });
    }
    let size_unit = match writer {
        Writer::Anyone => None,
        Writer::Prmon => Some(KIB),
        Writer::PsrecordCsv => Some(MIB),
    };
    let mut columns: Vec<Column> = names
        .iter()
        .enumerate()
        .map(|(position, name)| {
            // pandas writes its row numbers under an empty name.
            let name = if name.is_empty() { format!("column {}", position + 1) } else { (*name).to_owned() };
            let mut column = Column::named(&name, size_unit);
            if name.starts_with("column ") {
                column.role = Some(Role::Context);
            }
            column
        })
        .collect();
    if writer == Writer::Prmon {
        // prmon sums over a tree of processes, where summed RSS counts shared pages once for each of them.
        for column in columns.iter_mut().filter(|column| column.metric == Some(Metric::Pss)) {
            column.role = Some(Role::Decides);
        }
    }
    Ok(columns)
}

/// Splits one line at a time into fields, in buffers that stay.
struct Splitter {
    delimiter: Delimiter,
    reader: Reader,
    line: Vec<u8>,
    output: Vec<u8>,
    ends: Vec<usize>,
    text: String,
    fields: Vec<(usize, usize)>,
}

impl Splitter {
    fn new(delimiter: Delimiter) -> Self {
        let byte = match delimiter {
            Delimiter::Byte(byte) => byte,
            Delimiter::Blanks => b' ',
        };
        let reader = ReaderBuilder::new().delimiter(byte).terminator(Terminator::Any(b'\n')).build();
        Self {
            delimiter,
            reader,
            line: Vec::new(),
            output: Vec::new(),
            ends: Vec::new(),
            text: String::new(),
            fields: Vec::new(),
        }
    }

    fn split(&mut self, text: &str, number: u64) -> Result<(), Fault> {
        self.text.clear();
        self.fields.clear();
        match self.delimiter {
            Delimiter::Byte(_) if text.contains('"') => return self.split_quoted(text, number),
            Delimiter::Byte(byte) => {
                self.text.push_str(text);
                let mut start = 0;
                for (end, found) in text.bytes().enumerate() {
                    if found == byte {
                        self.fields.push((start, end));
                        start = end + 1;
                    }
                }
                self.fields.push((start, text.len()));
            }
            Delimiter::Blanks => {
                for word in text.split_whitespace() {
                    let start = self.text.len();
                    self.text.push_str(word);
                    self.fields.push((start, self.text.len()));
                }
            }
        }
        Ok(())
    }

    fn split_quoted(&mut self, text: &str, number: u64) -> Result<(), Fault> {
        self.line.clear();
        self.line.extend_from_slice(text.as_bytes());
        self.line.push(b'\n');
        // Unquoted text is never longer than its line, and a line of n bytes has at most n fields.
        self.output.resize(self.line.len(), 0);
        self.ends.resize(self.line.len() + 1, 0);
        self.reader.reset();
        let (result, _, written, fields) = self.reader.read_record(&self.line, &mut self.output, &mut self.ends);
        if result != ReadRecordResult::Record {
            return Err(Fault::OpenQuote { line: number });
        }
        // The line was UTF-8 and is cut at ASCII bytes only.
        self.text.push_str(&String::from_utf8_lossy(&self.output[..written]));
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        self.fields.extend(starts.zip(self.ends[..fields].iter().copied()));
        Ok(())
    }

    fn count(&self) -> usize {
        self.fields.len()
    }

    fn fields(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().map(|&(start, end)| self.text.get(start..end).unwrap_or_default())
    }
}
