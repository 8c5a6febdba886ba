//! From rows to the set that the analysis judges: what each column is worth beside the others, what is missing, and
//! what the reader should know.

use super::column::{Column, Purpose};
use super::error::{Fault, quoted};
use super::read::{ImportOptions, Imported};
use super::rows::Kept;
use super::table::{Seen, Table};
use crate::domain::bytes::human;
use crate::domain::{Metric, Role, Series, SeriesSet, Unit};

/// Hardly a process is resident with less than 1 MiB: a column that never reaches it, read as bytes, is in another unit. A
/// misread unit hides any leak, so that a question is the smaller harm.
const SMALLEST_RESIDENT: f64 = 1_048_576.0;

/// The same for anonymous memory, of which a small C program has 90 KB.
const SMALLEST_ANONYMOUS: f64 = 65_536.0;

/// A running total may fall at restarts; where it falls at more rows than one in this many, it is no running total.
const RESTARTS_AT_MOST_EVERY: usize = 20;

/// Turns the rows into a set.
pub(super) fn finish(table: Table, options: ImportOptions) -> Result<Imported, Fault> {
    let headers = table.headers();
    let Table { mut columns, seen, rows, mut notes, .. } = table;
    let (kept, reordered, merged) = rows.finish(columns.len())?;
    if kept.elapsed_s.is_empty() {
        return Err(Fault::NoRows);
    }
    if kept.stride > 1 {
        let text = format!("one row in {} was kept of {} rows", kept.stride, kept.offered);
        notes.push(text);
    }
    if reordered > 0 {
        notes.push(format!("{reordered} rows were out of order and were put in place"));
    }
    if merged > 0 {
        notes.push(format!("{merged} rows repeated a time; the last value of each counts"));
    }
    note_columns(&columns, &seen, &mut notes);
    refuse_bare_sizes(&columns, &seen)?;
    settle_units(&mut columns, &seen, options);
    settle_roles(&mut columns, &seen);
    let Kept { elapsed_s, pids, columns: mut values, .. } = kept;
    let turns = turns(&columns, &seen, &values, &mut notes);
    let concurrency = position_of(&columns, &seen, |it| it.purpose == Purpose::Concurrency);
    let concurrency = concurrency.map(|position| std::mem::take(&mut values[position]));
    let limits: Vec<Option<f64>> = columns.iter().map(|column| limit_of(column, &columns, &values)).collect();
    let mut series = Vec::new();
    for (position, column) in columns.iter().enumerate() {
        if column.purpose == Purpose::Series
            && let Some(one) =
                series_of(column, &seen[position], std::mem::take(&mut values[position]), limits[position])
        {
            series.push(one);
        }
    }
    if series.is_empty() {
        return Err(Fault::NoValueColumn { found: headers });
    }
    let incarnation = pids.iter().any(|pid| !pid.is_nan()).then_some(pids);
    Ok(Imported { set: SeriesSet { elapsed_s, series, turns, concurrency, incarnation }, notes })
}

fn position_of(columns: &[Column], seen: &[Seen], wanted: impl Fn(&Column) -> bool) -> Option<usize> {
    columns.iter().zip(seen).position(|(column, seen)| wanted(column) && seen.numbers > 0)
}

fn note_columns(columns: &[Column], seen: &[Seen], notes: &mut Vec<String>) {
    for (column, seen) in columns.iter().zip(seen) {
        let header = quoted(&column.header);
        if let Some((_, text)) = &seen.text {
            notes.push(format!("column \"{header}\" holds text (\"{text}\") and was left out"));
        } else if column.purpose == Purpose::Series && seen.numbers == 0 && column.metric.is_none() {
            notes.push(format!("column \"{header}\" is empty and was left out"));
        }
        if seen.zeros > 0 && seen.zeros < seen.numbers {
            notes.push(format!(
                "column \"{header}\" is 0 at {} of {} samples, which no living process is; they count as missing",
                seen.zeros, seen.numbers
            ));
        }
    }
}

fn refuse_bare_sizes(columns: &[Column], seen: &[Seen]) -> Result<(), Fault> {
    let smallest = |column: &Column| match column.metric {
        Some(Metric::Rss | Metric::Vms | Metric::Pss) if !column.unit_told => SMALLEST_RESIDENT,
        Some(Metric::RssAnon) if !column.unit_told => SMALLEST_ANONYMOUS,
        _ => 0.0,
    };
    let bare = columns.iter().zip(seen).find(|(column, seen)| seen.largest > 0.0 && seen.largest < smallest(column));
    match bare {
        Some((column, seen)) => {
            Err(Fault::UnitMissing { column: quoted(&column.header), largest: human(seen.largest) })
        }
        None => Ok(()),
    }
}

/// The unit that the user names is that of a column called "value", or of the only column there is to judge. Where there is
/// swap beside it, that column is memory, whatever its name.
fn settle_units(columns: &mut [Column], seen: &[Seen], options: ImportOptions) {
    let read = |column: &Column, seen: &Seen| column.purpose == Purpose::Series && seen.numbers > 0;
    let judged = |column: &Column, seen: &Seen| read(column, seen) && column.role != Some(Role::Context);
    let alone = columns.iter().zip(seen).filter(|(column, seen)| judged(column, seen)).count() == 1;
    let swap = columns.iter().zip(seen).any(|(column, seen)| column.metric == Some(Metric::Swap) && read(column, seen));
    let Some(unit) = options.unit.or(swap.then_some(Unit::Bytes)) else {
        return;
    };
    for column in columns.iter_mut().filter(|column| column.metric.is_none() && !column.unit_told) {
        if column.role.is_none() && (alone || column.name == "value") {
            (column.unit, column.unit_told) = (unit, true);
        }
    }
}

/// Which columns decide. Soak's own metrics do as in its record; where none of them is memory that decides, the best
/// memory column does: PSS for a sum over a tree that has it, since summed RSS counts shared pages many times over, else
/// RSS, else whatever else is in bytes. Columns that soak does not know decide where it knows none.
fn settle_roles(columns: &mut [Column], seen: &[Seen]) {
    let read: Vec<bool> = columns
        .iter()
        .zip(seen)
        .map(|(column, seen)| {
            column.purpose == Purpose::Series && (seen.numbers > seen.zeros || column.metric.is_some())
        })
        .collect();
    let any_known = columns.iter().zip(&read).any(|(column, read)| *read && column.role.is_some_and(judged));
    for tree in [false, true] {
        let decided = has(columns, &read, |it| {
            it.metric.is_some() && it.unit == Unit::Bytes && it.tree == tree && it.role == Some(Role::Decides)
        });
        let best = [Metric::Pss, Metric::Rss, Metric::Uss].into_iter().find(|metric| {
            // A PSS that is read now and then, as soak itself does, cannot carry the verdict of a single process.
            let fits = *metric != Metric::Pss || tree;
            fits && has(columns, &read, |it| it.metric == Some(*metric) && it.tree == tree)
        });
        if !decided && let Some(best) = best {
            for column in columns.iter_mut().filter(|it| it.metric == Some(best) && it.tree == tree) {
                column.role = Some(Role::Decides);
            }
        }
    }
    let memory_decides =
        has(columns, &read, |it| it.role == Some(Role::Decides) && it.metric.is_some() && it.unit == Unit::Bytes);
    for column in columns.iter_mut().filter(|column| column.role.is_none()) {
        let decides = !any_known || column.name == "value" || (column.unit == Unit::Bytes && !memory_decides);
        column.role = Some(if decides { Role::Decides } else { Role::Beside });
    }
}

fn judged(role: Role) -> bool {
    role != Role::Context
}

fn has(columns: &[Column], read: &[bool], wanted: impl Fn(&Column) -> bool) -> bool {
    columns.iter().zip(read).any(|(column, read)| *read && wanted(column))
}

fn limit_of(column: &Column, columns: &[Column], values: &[Vec<f64>]) -> Option<f64> {
    // A limit on descriptors is a process's own; only the memory of a cgroup limits a tree.
    if column.tree && column.unit != Unit::Bytes {
        return None;
    }
    let limit = column.metric?.limit()?;
    let position = columns.iter().position(|it| it.metric == Some(limit) && !it.tree)?;
    values[position].iter().rev().find(|value| !value.is_nan()).copied()
}

fn series_of(column: &Column, seen: &Seen, values: Vec<f64>, limit: Option<f64>) -> Option<Series> {
    let role = column.role.unwrap_or(Role::Beside);
    let unreadable = match (seen.numbers, seen.zeros) {
        (0, _) => Some("no sample holds a value of it".to_owned()),
        (numbers, zeros) if numbers == zeros => {
            Some("every sample of it is 0, which no living process is: it could not be read".to_owned())
        }
        _ => None,
    };
    if unreadable.is_some() && (column.metric.is_none() || role == Role::Context) {
        return None;
    }
    Some(Series {
        name: column.name.clone(),
        label: column.label.clone(),
        unit: column.unit,
        role,
        values,
        limit,
        unreadable,
    })
}

/// Turns done so far. A total that falls now and then was reset by a restart and goes on from there; one that falls often
/// is no running total.
fn turns(columns: &[Column], seen: &[Seen], values: &[Vec<f64>], notes: &mut Vec<String>) -> Option<Vec<f64>> {
    let rank = |column: &Column| match column.purpose {
        Purpose::Turns { rank } => Some(rank),
        _ => None,
    };
    let (_, position) = columns
        .iter()
        .enumerate()
        .filter(|(position, _)| seen[*position].numbers > 0)
        .filter_map(|(position, column)| Some((rank(column)?, position)))
        .min()?;
    let read = values[position].iter().filter(|value| !value.is_nan()).count();
    let (mut last, mut carried, mut falls) = (0.0, 0.0, 0);
    let mut total = Vec::with_capacity(values[position].len());
    for &value in &values[position] {
        if value < last {
            falls += 1;
            carried += last;
        }
        if !value.is_nan() {
            last = value;
        }
        total.push(value + carried);
    }
    if falls > 1 && falls * RESTARTS_AT_MOST_EVERY > read {
        notes.push(format!(
            "column \"{}\" rises and falls, so it is no running total of turns; it was left out",
            quoted(&columns[position].header)
        ));
        return None;
    }
    Some(total)
}
