//! Output of `pidstat -r -v`, with or without `-h`: headers come again and again, sizes are in KiB, and a descriptor count
//! of -1 means that pidstat was not allowed to count.
//!
//! Without `-h` the memory and the descriptors of one instant stand in tables of their own; rows of one time are merged
//! anyway. Times of day wrap at midnight.

use std::io::BufRead;

use super::column::{Column, Purpose};
use super::error::{Fault, quoted};
use super::lines::Lines;
use super::table::Table;
use crate::domain::Metric;

const KIB: f64 = 1024.0;

/// The columns that are read, by pidstat's names, at these positions of the table.
const TIME: usize = 0;
const PID: usize = 1;
const READ: [(&str, usize); 4] = [("VSZ", 2), ("RSS", 3), ("threads", 4), ("fd-nr", 5)];

/// Where each field of a row goes, by the header above it.
struct Layout {
    targets: Vec<Option<usize>>,
    thread_id: Option<usize>,
    fields: usize,
}

/// Reads every line.
pub(super) fn table<R: BufRead>(lines: &mut Lines<R>) -> Result<Table, Fault> {
    let mut fds = Column::known("fd-nr", Metric::Fds, 1.0);
    fds.minus_one_is_missing = true;
    let mut pid = Column::named("PID", None);
    pid.purpose = Purpose::Pid;
    let columns = vec![
        Column::named("Time", None),
        pid,
        Column::known("VSZ", Metric::Vms, KIB),
        Column::known("RSS", Metric::Rss, KIB),
        Column::known("threads", Metric::Threads, 1.0),
        fds,
    ];
    let mut table = Table::with_columns(columns, 1)?;
    let mut layout: Option<Layout> = None;
    let mut met = [false; READ.len()];
    while let Some(line) = lines.next()? {
        let words: Vec<&str> = line.text.split_whitespace().collect();
        if let Some(found) = layout_of(&words) {
            for (position, (_, target)) in READ.iter().enumerate() {
                met[position] |= found.targets.contains(&Some(*target));
            }
            layout = Some(found);
            continue;
        }
        if line.text.starts_with("Linux ") || line.text.starts_with('#') || is_average(&words) {
            continue;
        }
        let Some(layout) = &layout else {
            return Err(Fault::NotOfTool { line: line.number, tool: "pidstat", text: quoted(&line.text) });
        };
        row(&mut table, layout, &words, line.number, line.whole)?;
    }
    // A column that was never asked for is not a column that could not be read.
    for (position, (_, target)) in READ.iter().enumerate().rev() {
        if !met[position] {
            table.forget(*target);
        }
    }
    Ok(table)
}

/// The layout that a header gives, if the line is one: `# Time UID PID ...`, or a time of day before `UID PID`.
fn layout_of(words: &[&str]) -> Option<Layout> {
    let words = words.strip_prefix(&["#"]).unwrap_or(words);
    let uid = words.iter().position(|word| *word == "UID")?;
    let next = *words.get(uid + 1)?;
    if !matches!(next, "PID" | "TGID") {
        return None;
    }
    // A 12-hour clock puts AM or PM between the time and the rest, in rows as well, where it is taken out.
    let names = &words[uid..];
    let target = |name: &&str| match *name {
        "PID" | "TGID" => Some(PID),
        name => READ.iter().find(|(read, _)| *read == name).map(|&(_, position)| position),
    };
    let targets: Vec<Option<usize>> = names.iter().map(target).collect();
    Some(Layout { thread_id: names.iter().position(|name| *name == "TID"), fields: names.len(), targets })
}

/// The summary at the end, in whichever language: its first word ends in a colon and is no time.
fn is_average(words: &[&str]) -> bool {
    words.first().is_some_and(|word| word.ends_with(':') && !word.starts_with(|c: char| c.is_ascii_digit()))
}

fn row(table: &mut Table, layout: &Layout, words: &[&str], line: u64, whole: bool) -> Result<(), Fault> {
    let Some((&time, mut rest)) = words.split_first() else {
        return Ok(());
    };
    let mut time = time.to_owned();
    if let Some((&half, others)) = rest.split_first()
        && matches!(half, "AM" | "PM")
    {
        (time, rest) = (format!("{time} {half}"), others);
    }
    if rest.len() < layout.fields {
        // A line that the end of the recording cut, or a command without a name: either way not a sample.
        return if whole { Err(not_pidstat(line, words)) } else { Ok(()) };
    }
    if layout.thread_id.is_some_and(|position| rest[position] != "-") {
        return Ok(());
    }
    if layout.targets.iter().flatten().all(|&target| target == PID) {
        return Ok(());
    }
    table.field(TIME, &time, line)?;
    for (word, target) in rest.iter().zip(&layout.targets) {
        // Under -t the process's own row has its id as TGID, and none as TID.
        if let Some(target) = target
            && *word != "-"
        {
            table.field(*target, word, line)?;
        }
    }
    table.end_row(line)
}

fn not_pidstat(line: u64, words: &[&str]) -> Fault {
    Fault::NotOfTool { line, tool: "pidstat", text: quoted(&words.join(" ")) }
}
