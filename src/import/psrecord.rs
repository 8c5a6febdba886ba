//! Logs of `psrecord --log FILE`: a commented header, then blank-separated elapsed seconds, CPU in percent and resident and
//! virtual memory, which psrecord calls MB and computes as MiB; with `--include-io` four running totals follow.

use std::io::BufRead;

use super::column::Column;
use super::error::{Fault, quoted};
use super::lines::Lines;
use super::table::Table;
use crate::domain::Metric;

/// Fields of a line without `--include-io`.
const WITHOUT_IO: usize = 4;

const MIB: f64 = 1_048_576.0;

/// Reads every line.
pub(super) fn table<R: BufRead>(lines: &mut Lines<R>) -> Result<Table, Fault> {
    let columns = vec![
        Column::named("elapsed_s", None),
        Column::named("cpu", None),
        Column::known("Real (MB)", Metric::Rss, MIB),
        Column::known("Virtual (MB)", Metric::Vms, MIB),
        Column::named("read_count", None),
        Column::named("write_count", None),
        Column::named("read_bytes", None),
        Column::named("write_bytes", None),
    ];
    let mut table = Table::with_columns(columns, 1)?;
    let (mut cut, mut io) = (None, false);
    while let Some(line) = lines.next()? {
        let number = line.number;
        if line.text.starts_with('#') {
            continue;
        }
        let fields: Vec<&str> = line.text.split_whitespace().collect();
        if !matches!(fields.len(), WITHOUT_IO | 8) {
            if !line.whole {
                cut = Some(number);
                continue;
            }
            return Err(Fault::NotOfTool { line: number, tool: "psrecord", text: quoted(&line.text) });
        }
        io |= fields.len() > WITHOUT_IO;
        for (position, field) in fields.into_iter().enumerate() {
            table.field(position, field, number)?;
        }
        table.end_row(number)?;
    }
    if !io {
        (WITHOUT_IO..table.columns.len()).for_each(|position| table.forget(position));
    }
    if let Some(line) = cut {
        table.notes.push(format!("line {line} is cut short and was left out"));
    }
    Ok(table)
}
