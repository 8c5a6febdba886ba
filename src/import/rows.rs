//! The rows that are kept of a file: in order of time, one an instant, and no more than memory is set aside for.
//!
//! When the room is full, every second row goes: of two neighbours one is kept, by a fixed pseudo-random choice. A row that
//! is kept is a row of the file, so its time, its running totals and its process stay true to each other; means, medians and
//! floors keep their expectation, a fall stays a fall (a mean of neighbours would round a sawtooth off, the least and the
//! largest of neighbours would let every outlier live), and the choice, being irregular, does not beat with a period.

use std::collections::VecDeque;

use super::error::Fault;

/// Rows that are kept at most: 12 hours of a sample a second twice over, and 2,000 for each block of the analysis.
const ROOM: usize = 100_000;

/// Values that are kept at most, over all columns: 64 MiB. A wide file keeps fewer rows.
const ROOM_IN_VALUES: usize = 8 << 20;

/// How many places a row may be out of order: threads that log on their own overtake each other by one or two.
const OVERTAKING: usize = 4;

/// One row on its way in.
#[derive(Clone, Debug)]
struct Row {
    line: u64,
    at: f64,
    pid: f64,
    cells: Vec<f64>,
}

/// The rows of a file.
#[derive(Debug)]
pub(super) struct Rows {
    room: usize,
    waiting: VecDeque<Row>,
    spare: Vec<Vec<f64>>,
    current: Option<Row>,
    shift: f64,
    newest: Option<(f64, f64)>,
    step: f64,
    kept: Kept,
    /// Rows that came out of order and were put in place.
    pub(super) reordered: u64,
    /// Rows that were merged into another of the same instant.
    pub(super) merged: u64,
}

/// What is kept, a vector a column.
#[derive(Debug, Default)]
pub(super) struct Kept {
    pub(super) elapsed_s: Vec<f64>,
    pub(super) pids: Vec<f64>,
    pub(super) columns: Vec<Vec<f64>>,
    /// Rows of the file for each row that is kept.
    pub(super) stride: u64,
    /// Rows that were offered.
    pub(super) offered: u64,
    group: u64,
    candidate: Option<Row>,
}

impl Rows {
    pub(super) fn new() -> Self {
        Self {
            room: ROOM,
            waiting: VecDeque::new(),
            spare: Vec::new(),
            current: None,
            shift: 0.0,
            newest: None,
            step: 0.0,
            kept: Kept { stride: 1, ..Kept::default() },
            reordered: 0,
            merged: 0,
        }
    }

    /// Takes one more row; `pid` is NaN where there is none.
    pub(super) fn push(&mut self, line: u64, at: f64, pid: f64, cells: &[f64]) -> Result<(), Fault> {
        let mut at = at + self.shift;
        if let Some((newest, newest_pid)) = self.newest {
            if at < newest && changed(pid, newest_pid) {
                // A new process whose recorder counts from zero again follows on the old one.
                let onward = newest + self.step - at;
                self.shift += onward;
                at += onward;
                self.flush_waiting()?;
            } else if at > newest {
                self.step = at - newest;
            }
        }
        if self.newest.is_none_or(|(newest, _)| at >= newest) {
            self.newest = Some((at, pid));
        }
        let mut own = self.spare.pop().unwrap_or_default();
        own.clear();
        own.extend_from_slice(cells);
        let place = self.waiting.iter().rposition(|row| row.at <= at).map_or(0, |before| before + 1);
        self.reordered += u64::from(place < self.waiting.len());
        self.waiting.insert(place, Row { line, at, pid, cells: own });
        if self.waiting.len() > OVERTAKING
            && let Some(row) = self.waiting.pop_front()
        {
            self.accept(row)?;
        }
        Ok(())
    }

    /// The end of the file: what is kept.
    pub(super) fn finish(mut self, columns: usize) -> Result<(Kept, u64, u64), Fault> {
        self.flush_waiting()?;
        self.kept.close(self.current.take(), columns);
        Ok((self.kept, self.reordered, self.merged))
    }

    fn flush_waiting(&mut self) -> Result<(), Fault> {
        while let Some(row) = self.waiting.pop_front() {
            self.accept(row)?;
        }
        Ok(())
    }

    /// Takes a row that is in its place: merged into the one of the same instant, each cell keeping its last value, or
    /// after it.
    fn accept(&mut self, row: Row) -> Result<(), Fault> {
        let Some(current) = &mut self.current else {
            self.current = Some(row);
            return Ok(());
        };
        if row.at < current.at {
            return Err(Fault::Backwards { line: row.line, by_s: current.at - row.at });
        }
        if row.at > current.at {
            self.room = (ROOM_IN_VALUES / row.cells.len().max(1)).clamp(2, ROOM);
            if let Some(done) = self.current.replace(row)
                && let Some(unused) = self.kept.take(done, self.room)
            {
                self.spare.push(unused);
            }
            return Ok(());
        }
        if changed(row.pid, current.pid) {
            return Err(Fault::SeveralProcesses { line: row.line, first: current.pid, second: row.pid });
        }
        self.merged += 1;
        fill(&mut current.cells, &row.cells, Prefer::New);
        self.spare.push(row.cells);
        Ok(())
    }
}

/// Whether one process id follows another; NaN is no process id.
fn changed(pid: f64, before: f64) -> bool {
    !pid.is_nan() && !before.is_nan() && (pid - before).abs() > 0.5
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Prefer {
    Old,
    New,
}

fn fill(cells: &mut Vec<f64>, others: &[f64], prefer: Prefer) {
    if cells.len() < others.len() {
        cells.resize(others.len(), f64::NAN);
    }
    for (cell, other) in cells.iter_mut().zip(others) {
        if !other.is_nan() && (prefer == Prefer::New || cell.is_nan()) {
            *cell = *other;
        }
    }
}

impl Kept {
    /// Offers a row; gives back a vector that is free again.
    fn take(&mut self, row: Row, room: usize) -> Option<Vec<f64>> {
        self.offered += 1;
        self.group += 1;
        let mut freed = None;
        match self.candidate.take() {
            None => self.candidate = Some(row),
            Some(mut old) => {
                // The k-th row of a group takes the place with chance 1/k, so each has the same; a cell that the chosen
                // row misses comes from its neighbours.
                if noise(self.offered).is_multiple_of(self.group) {
                    let mut new = row;
                    fill(&mut new.cells, &old.cells, Prefer::Old);
                    freed = Some(old.cells);
                    self.candidate = Some(new);
                } else {
                    fill(&mut old.cells, &row.cells, Prefer::Old);
                    freed = Some(row.cells);
                    self.candidate = Some(old);
                }
            }
        }
        // The first row of the file stands for itself, so that a series begins where it began.
        if self.group >= self.stride || self.elapsed_s.is_empty() {
            let stored = self.store();
            freed = freed.or(stored);
            // One place stays free for the last row of the file.
            if self.elapsed_s.len() + 1 >= room {
                self.halve();
            }
        }
        freed
    }

    fn store(&mut self) -> Option<Vec<f64>> {
        self.group = 0;
        let row = self.candidate.take()?;
        while self.columns.len() < row.cells.len() {
            self.columns.push(vec![f64::NAN; self.elapsed_s.len()]);
        }
        self.elapsed_s.push(row.at);
        self.pids.push(row.pid);
        for (position, column) in self.columns.iter_mut().enumerate() {
            column.push(row.cells.get(position).copied().unwrap_or(f64::NAN));
        }
        Some(row.cells)
    }

    /// Keeps one row of each pair, and the first.
    fn halve(&mut self) {
        self.stride = self.stride.saturating_mul(2);
        let rows = self.elapsed_s.len();
        let chosen: Vec<(usize, usize)> = (0..rows.div_ceil(2))
            .map(|pair| {
                let (first, second) = (2 * pair, (2 * pair + 1).min(rows - 1));
                let keep_first = pair == 0 || noise(self.offered + pair as u64).is_multiple_of(2);
                if keep_first { (first, second) } else { (second, first) }
            })
            .collect();
        for values in [&mut self.elapsed_s, &mut self.pids] {
            pick(values, &chosen);
        }
        for column in &mut self.columns {
            pick(column, &chosen);
        }
    }

    /// Stores the row under way and then the last row of the file, so that a series ends where it ended, and fills columns
    /// that came late.
    fn close(&mut self, last: Option<Row>, columns: usize) {
        self.store();
        self.offered += u64::from(last.is_some());
        self.candidate = last;
        self.store();
        while self.columns.len() < columns {
            self.columns.push(vec![f64::NAN; self.elapsed_s.len()]);
        }
    }
}

fn pick(values: &mut Vec<f64>, chosen: &[(usize, usize)]) {
    for (to, &(keep, instead)) in chosen.iter().enumerate() {
        values[to] = if values[keep].is_nan() { values[instead] } else { values[keep] };
    }
    values.truncate(chosen.len());
}

/// A fixed sequence without pattern (the finaliser of splitmix64, Steele, Lea and Flood 2014).
fn noise(position: u64) -> u64 {
    let mut z = position.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "rows are kept as they are, to the bit")]
mod tests {
    use super::*;

    fn keep(rows: impl Iterator<Item = (f64, f64, f64)>) -> Result<(Kept, u64, u64), Fault> {
        let mut kept = Rows::new();
        for (line, (at, pid, value)) in rows.enumerate() {
            kept.push(line as u64 + 2, at, pid, &[value])?;
        }
        kept.finish(1)
    }

    #[test]
    fn rows_that_overtake_each_other_are_put_in_order() {
        let (kept, reordered, _) = keep([0.0, 2.0, 1.0, 3.0].into_iter().map(|at| (at, f64::NAN, at * 10.0))).unwrap();
        assert_eq!(kept.elapsed_s, [0.0, 1.0, 2.0, 3.0]);
        assert_eq!(kept.columns[0], [0.0, 10.0, 20.0, 30.0]);
        assert_eq!(reordered, 1);
    }

    #[test]
    fn time_that_runs_backwards_is_an_error_with_its_line() {
        let error = keep((0..20).map(|i| (f64::from(i % 10), f64::NAN, 0.0))).unwrap_err();
        assert!(matches!(error, Fault::Backwards { line, .. } if (12..=16).contains(&line)), "{error}");
    }

    #[test]
    fn a_new_process_may_count_from_zero_again() {
        let (kept, ..) = keep((0..20).map(|i| (f64::from(i % 10), f64::from(100 + i / 10), 0.0))).unwrap();
        assert_eq!(kept.elapsed_s, (0..20).map(f64::from).collect::<Vec<_>>());
        assert_eq!(kept.pids[10], 101.0);
    }

    #[test]
    fn a_repeated_time_keeps_the_last_value_that_is_there() {
        let rows = [(0.0, f64::NAN, 1.0), (0.0, f64::NAN, 2.0), (0.0, f64::NAN, f64::NAN), (1.0, f64::NAN, 3.0)];
        let (kept, _, merged) = keep(rows.into_iter()).unwrap();
        assert_eq!(kept.columns[0], [2.0, 3.0]);
        assert_eq!(merged, 2);
    }

    #[test]
    fn two_processes_at_one_time_are_an_error() {
        let error = keep([(0.0, 1.0, 1.0), (0.0, 2.0, 2.0)].into_iter()).unwrap_err();
        assert!(matches!(error, Fault::SeveralProcesses { line: 3, .. }), "{error}");
    }

    #[test]
    fn however_long_the_file_the_room_is_the_same_and_a_sawtooth_stays_one() {
        let (rows, cycle) = (3_000_000_u32, 5_000_u32);
        let (kept, ..) =
            keep((0..rows).map(|i| (f64::from(i), f64::NAN, f64::from(i % cycle) + f64::from(i) * 1e-3))).unwrap();
        assert!((ROOM / 2..=ROOM).contains(&kept.elapsed_s.len()), "{}", kept.elapsed_s.len());
        assert!(kept.elapsed_s.is_sorted());
        assert_eq!(kept.elapsed_s[0], 0.0);
        assert_eq!(kept.elapsed_s.last(), Some(&f64::from(rows - 1)));
        let values = &kept.columns[0];
        let falls = values.windows(2).filter(|pair| pair[1] < pair[0] - f64::from(cycle) / 2.0).count();
        assert!((580..=600).contains(&falls), "{falls}");
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let truth = f64::from(cycle) / 2.0 + f64::from(rows) / 2.0 * 1e-3;
        assert!((mean / truth - 1.0).abs() < 0.01, "{mean} {truth}");
    }

    #[test]
    fn thinning_does_not_beat_with_a_period_of_two() {
        let (kept, ..) = keep((0..400_000).map(|i| (f64::from(i), f64::NAN, f64::from(i % 2)))).unwrap();
        let mean = kept.columns[0].iter().sum::<f64>() / kept.columns[0].len() as f64;
        assert!((mean - 0.5).abs() < 0.02, "{mean}");
    }
}
