//! A row under way: fields go in column by column, and out comes a row in the metrics' units, checked.

use super::cell::{Cell, Decimal};
use super::column::{Column, Purpose};
use super::error::{Fault, quoted};
use super::instant::TimeAxis;
use super::rows::Rows;
use crate::domain::{Metric, Role, Unit};

/// Columns of one file at most: memory is bounded by them.
const MOST_COLUMNS: usize = 4096;

/// No value above this is a measurement (it is beyond the bytes of all machines), and squares of smaller ones stay finite.
const LARGEST: f64 = 1e30;

/// What a column has held so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    /// Fields that held a number.
    pub(super) numbers: u64,
    /// Fields of a size with its unit.
    sizes: u64,
    /// The first field that was text: its line and what stood there.
    pub(super) text: Option<(u64, String)>,
    /// Zeros that were read as missing.
    pub(super) zeros: u64,
    /// The largest value, in the column's unit.
    pub(super) largest: f64,
}

/// The columns of a file, the row under way, and the rows so far.
pub(super) struct Table {
    pub(super) columns: Vec<Column>,
    pub(super) seen: Vec<Seen>,
    pub(super) rows: Rows,
    /// How numbers are written.
    pub(super) decimal: Decimal,
    /// The column of the time, and what the fields of the others say of it.
    time_column: Option<usize>,
    axis: TimeAxis,
    cells: Vec<f64>,
    at: Option<f64>,
    pid: f64,
    /// What the reader of the result should know.
    pub(super) notes: Vec<String>,
}

impl Table {
    pub(super) fn new() -> Self {
        Self {
            columns: Vec::new(),
            seen: Vec::new(),
            rows: Rows::new(),
            decimal: Decimal::Point,
            time_column: None,
            axis: TimeAxis::new(None),
            cells: Vec::new(),
            at: None,
            pid: f64::NAN,
            notes: Vec::new(),
        }
    }

    /// A table with these columns, one of which must be the time.
    pub(super) fn with_columns(columns: Vec<Column>, line: u64) -> Result<Self, Fault> {
        let mut table = Self::new();
        for column in columns {
            table.add(column, line)?;
        }
        table.choose_time()?;
        Ok(table)
    }

    /// Adds a column and gives its position.
    pub(super) fn add(&mut self, mut column: Column, line: u64) -> Result<usize, Fault> {
        if self.columns.len() == MOST_COLUMNS {
            return Err(Fault::TooManyColumns { line, limit: MOST_COLUMNS });
        }
        let same_name = |other: &&Column| other.purpose == column.purpose && other.name == column.name;
        // Columns that soak does not know may differ in their unit alone: latency_ms and latency_count.
        if column.metric.is_none() && self.columns.iter().any(|other| same_name(&other)) {
            column.name.clone_from(&column.header);
        }
        let twin = self.columns.iter().find(|other| {
            let alike = other.purpose == Purpose::Series && column.purpose == Purpose::Series;
            other.header == column.header || (alike && other.name == column.name)
        });
        if let Some(twin) = twin {
            return Err(Fault::SameMetric {
                first: quoted(&twin.header),
                second: quoted(&column.header),
                name: quoted(&column.name),
            });
        }
        self.columns.push(column);
        self.seen.push(Seen::default());
        self.cells.push(f64::NAN);
        Ok(self.columns.len() - 1)
    }

    /// Settles which column is the time.
    pub(super) fn choose_time(&mut self) -> Result<(), Fault> {
        let rank_of = |column: &Column| match column.purpose {
            Purpose::Time { rank, scale } => Some((rank, scale)),
            _ => None,
        };
        let best = self.columns.iter().enumerate().filter_map(|(position, column)| Some((rank_of(column)?, position)));
        let best = best.min_by_key(|((rank, _), _)| *rank);
        let Some(((_, scale), position)) = best else {
            return Err(Fault::NoTimeColumn { found: self.headers() });
        };
        self.time_column = Some(position);
        self.axis = TimeAxis::new(scale);
        Ok(())
    }

    /// The names of all columns, for a message.
    pub(super) fn headers(&self) -> String {
        const SHOWN: usize = 12;
        let mut names: Vec<String> = self.columns.iter().take(SHOWN).map(|column| quoted(&column.header)).collect();
        if self.columns.len() > SHOWN {
            names.push("..".to_owned());
        }
        names.join(", ")
    }

    /// Puts a field into the row under way.
    pub(super) fn field(&mut self, position: usize, text: &str, line: u64) -> Result<(), Fault> {
        if self.time_column == Some(position) {
            let Some(seconds) = self.axis.seconds(text) else {
                let column = quoted(&self.columns[position].header);
                return Err(Fault::NotATime { line, column, text: quoted(text) });
            };
            self.at(seconds);
            return Ok(());
        }
        if matches!(self.columns[position].purpose, Purpose::Time { .. }) {
            return Ok(());
        }
        match Cell::of(text, self.decimal) {
            Cell::Missing => Ok(()),
            Cell::Text => self.text(position, text, line),
            Cell::Number(value) => self.plain(position, value, text, line),
            Cell::Size(bytes) => self.size(position, bytes, text, line),
        }
    }

    /// Puts the time of the row under way, in seconds since the start.
    pub(super) fn at(&mut self, seconds: f64) {
        self.at = Some(seconds);
    }

    /// Puts a number that stands for itself, without a unit, into the row under way.
    pub(super) fn number(&mut self, position: usize, value: f64, line: u64) -> Result<(), Fault> {
        self.plain(position, value, &value.to_string(), line)
    }

    /// Ends the row under way.
    pub(super) fn end_row(&mut self, line: u64) -> Result<(), Fault> {
        let at = self.at.take();
        let pid = std::mem::replace(&mut self.pid, f64::NAN);
        let Some(at) = at else {
            let column = self.time_column.map_or_else(|| "time".to_owned(), |it| quoted(&self.columns[it].header));
            return Err(Fault::NotATime { line, column, text: String::new() });
        };
        if at.abs() > 1e12 {
            let column = self.time_column.map_or_else(|| "time".to_owned(), |it| quoted(&self.columns[it].header));
            return Err(Fault::TooLarge { line, column, text: at.to_string() });
        }
        self.rows.push(line, at, pid, &self.cells)?;
        self.cells.fill(f64::NAN);
        Ok(())
    }

    /// Makes a column one that the file does not have.
    pub(super) fn forget(&mut self, position: usize) {
        if let Some(column) = self.columns.get_mut(position) {
            (column.purpose, column.metric) = (Purpose::Absent, None);
        }
    }

    /// Forgets the row under way.
    pub(super) fn drop_row(&mut self) {
        self.at = None;
        self.pid = f64::NAN;
        self.cells.fill(f64::NAN);
    }

    fn text(&mut self, position: usize, text: &str, line: u64) -> Result<(), Fault> {
        if self.seen[position].numbers > 0 {
            let column = quoted(&self.columns[position].header);
            return Err(Fault::NotANumber { line, column, text: quoted(text) });
        }
        self.seen[position].text.get_or_insert_with(|| (line, quoted(text)));
        Ok(())
    }

    fn plain(&mut self, position: usize, value: f64, text: &str, line: u64) -> Result<(), Fault> {
        let seen = &self.seen[position];
        if seen.sizes > 0 {
            return Err(self.mixed(position, text, line));
        }
        let column = &self.columns[position];
        if column.purpose == Purpose::Pid {
            self.pid = value;
            self.seen[position].numbers += 1;
            return Ok(());
        }
        if column.minus_one_is_missing && (value + 1.0).abs() < f64::EPSILON {
            return Ok(());
        }
        let scaled = value * column.scale;
        self.value(position, scaled, text, line)
    }

    fn size(&mut self, position: usize, bytes: f64, text: &str, line: u64) -> Result<(), Fault> {
        let seen = &self.seen[position];
        let column = &mut self.columns[position];
        let takes_sizes = column.purpose == Purpose::Series && (column.unit == Unit::Bytes || !column.unit_told);
        if !takes_sizes {
            return self.text(position, text, line);
        }
        if seen.numbers > seen.sizes {
            return Err(self.mixed(position, text, line));
        }
        (column.unit, column.unit_told) = (Unit::Bytes, true);
        self.seen[position].sizes += 1;
        self.value(position, bytes, text, line)
    }

    fn mixed(&self, position: usize, text: &str, line: u64) -> Fault {
        Fault::MixedUnits { line, column: quoted(&self.columns[position].header), text: quoted(text) }
    }

    /// Puts a value in the column's own unit into the row under way.
    fn value(&mut self, position: usize, value: f64, text: &str, line: u64) -> Result<(), Fault> {
        let (column, seen) = (&self.columns[position], &mut self.seen[position]);
        if let Some((line, text)) = seen.text.take() {
            return Err(Fault::NotANumber { line, column: quoted(&column.header), text });
        }
        if !value.is_finite() || value.abs() > LARGEST {
            return Err(Fault::TooLarge { line, column: quoted(&column.header), text: quoted(text) });
        }
        if value < 0.0 && cannot_be_negative(column) {
            return Err(Fault::Negative { line, column: quoted(&column.header), text: quoted(text) });
        }
        seen.numbers += 1;
        if value == 0.0 && cannot_be_zero(column) {
            seen.zeros += 1;
            return Ok(());
        }
        seen.largest = seen.largest.max(value);
        self.cells[position] = value;
        Ok(())
    }
}

fn cannot_be_negative(column: &Column) -> bool {
    let judged = column.role != Some(Role::Context) || column.metric.is_some();
    column.purpose != Purpose::Series || (judged && matches!(column.unit, Unit::Bytes | Unit::Count))
}

/// A living process has memory and a thread. Zeros are what a zombie's files say, and what recorders write when they
/// could not read: a fall to zero that never happened.
fn cannot_be_zero(column: &Column) -> bool {
    matches!(column.metric, Some(Metric::Rss | Metric::RssAnon | Metric::Vms | Metric::Threads))
}
