//! `soak history`: the runs of a folder, oldest first, and the steps between them that stand out.

use std::fs;
use std::path::{Path, PathBuf};

use crate::analysis::compare::Side;
use crate::analysis::{Options, history};
use crate::domain::history::Entry;
use crate::{report, store};

use super::args::HistoryArgs;
use super::console;
use super::failure::Failure;
use super::judge;

/// Lists the runs. The exit code is 0 whatever they say: a list is no gate.
///
/// # Errors
/// Where the folder cannot be read or holds no runs, or standard output cannot be written.
pub(super) fn run(args: &HistoryArgs) -> Result<u8, Failure> {
    let folders = folders(&args.folder)?;
    let judged = judge::judge_each(&folders, None, &Options::default());
    let mut entries: Vec<Entry> = folders
        .iter()
        .zip(judged)
        .map(|(folder, judged)| {
            let name = folder.file_name().unwrap_or_default().to_string_lossy();
            match judged {
                Ok(judged) => history::entry(&name, side(&judged)),
                Err(failure) => history::broken(&name, failure.what()),
            }
        })
        .collect();
    entries.sort_by_cached_key(when);
    history::mark_departures(&mut entries);
    let text = if args.json {
        let lines: Result<Vec<String>, _> = entries.iter().map(report::history_json_line).collect();
        lines.map_err(|error| Failure::from_error(&error))?.iter().map(|line| line.clone() + "\n").collect()
    } else {
        report::history_text(&entries, console::style())
    };
    console::print(&text)?;
    Ok(0)
}

fn side(judged: &judge::Judged) -> Side<'_> {
    Side {
        source: &judged.source,
        set: &judged.set,
        assessment: &judged.assessment,
        run: judged.run.as_ref(),
        warm_up_s: judged.run.as_ref().and_then(|run| run.header.conditions.warm_up_s),
        lagged: None,
    }
}

/// What runs are sorted by: their start, or where it cannot be read, the folder's name, which begins with it.
fn when(entry: &Entry) -> String {
    entry.started_at.as_ref().unwrap_or(&entry.run).replace(':', "-")
}

/// The folders in a folder, but for hidden ones.
fn folders(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let failed = |error| Failure::new(format!("cannot read the folder {}: {error}", folder.display()));
    if folder.join(store::RECORD_FILE).is_file() {
        return Err(Failure::new(format!("{} is a single run", folder.display())).hint("name the folder that holds it"));
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let is_hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if path.is_dir() && !is_hidden {
            found.push(path);
        }
    }
    if found.is_empty() {
        let what = format!("{} holds no runs", folder.display());
        return Err(Failure::new(what).hint("run soak first, or name the folder that was its --output"));
    }
    found.sort();
    Ok(found)
}
