//! Data files of `mprof run`: `MEM <MiB> <epoch>` for the process (with its children under `-C`), and under `-M` one
//! `CHLD <number> <MiB> <epoch>` per child after it; `FUNC` and `CMDLINE` lines are not samples.

use std::io::BufRead;

use super::column::Column;
use super::error::{Fault, quoted};
use super::lines::Lines;
use super::table::Table;
use crate::domain::Metric;

const MIB: f64 = 1_048_576.0;
const TIME: usize = 0;
const OWN: usize = 1;
const TREE: usize = 2;

/// The process's sample under way, to which its children's are added.
#[derive(Default)]
struct Tick {
    own: f64,
    children: f64,
    any_child: bool,
}

/// Reads every line.
pub(super) fn table<R: BufRead>(lines: &mut Lines<R>) -> Result<Table, Fault> {
    let columns = vec![Column::named("timestamp", None), Column::known("MEM", Metric::Rss, MIB)];
    let mut table = Table::with_columns(columns, 1)?;
    let mut tick: Option<Tick> = None;
    let mut last = 0;
    let mut cut = None;
    while let Some(line) = lines.next()? {
        let number = line.number;
        let mut words = line.text.split_whitespace();
        let kind = words.next().unwrap_or_default();
        if matches!(kind, "CMDLINE" | "FUNC") {
            continue;
        }
        let words: Vec<&str> = words.collect();
        let (memory, time) = match (kind, words.as_slice()) {
            ("MEM", [memory, time]) | ("CHLD", [_, memory, time]) => (memory.parse::<f64>(), *time),
            _ if !line.whole => {
                cut = Some(number);
                continue;
            }
            _ => return Err(not_mprof(number, &line.text)),
        };
        let memory = memory.map_err(|_| not_mprof(number, &line.text))?;
        // memory_profiler writes -1 where it could not read.
        let memory = if memory < 0.0 { f64::NAN } else { memory };
        match &mut tick {
            Some(tick) if kind == "CHLD" => {
                tick.any_child = true;
                tick.children += memory;
            }
            None if kind == "CHLD" => {}
            _ => {
                end(&mut table, tick.take(), last)?;
                tick = Some(Tick { own: memory, ..Tick::default() });
                table.field(TIME, time, number)?;
                last = number;
            }
        }
    }
    end(&mut table, tick, last)?;
    if let Some(line) = cut {
        table.notes.push(format!("line {line} is cut short and was left out"));
    }
    Ok(table)
}

fn end(table: &mut Table, tick: Option<Tick>, line: u64) -> Result<(), Fault> {
    let Some(tick) = tick else {
        return Ok(());
    };
    if !tick.own.is_nan() {
        table.number(OWN, tick.own, line)?;
    }
    if tick.any_child && table.columns.len() == TREE {
        table.add(Column::known_of_tree("MEM and CHLD", Metric::Rss, MIB), line)?;
    }
    let sum = tick.own + tick.children;
    if table.columns.len() > TREE && !sum.is_nan() {
        table.number(TREE, sum, line)?;
    }
    table.end_row(line)
}

fn not_mprof(line: u64, text: &str) -> Fault {
    Fault::NotOfTool { line, tool: "mprof", text: quoted(text) }
}
