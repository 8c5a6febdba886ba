//! Names for the addresses in a run's snapshots, while the files that ran are still there.

use std::error::Error as _;
use std::fs;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use crate::heap::{self, Files};
use crate::store;

/// Finds the names of all addresses in a run's snapshots and writes them into the files. What cannot be named or written
/// stays as it was, and is told.
pub(in crate::runner) fn name_all(folder: &Path, files: &Files) -> Vec<String> {
    store::heap_files(folder).iter().filter_map(|path| name_one(path, files).err()).collect()
}

fn name_one(path: &Path, files: &Files) -> Result<(), String> {
    let mut profile = heap::read(path).map_err(|error| match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    })?;
    heap::resolve(&mut profile, files);
    // Beside it first, so that a full disk costs the names and not the snapshot.
    let unready = path.with_extension("json.new");
    let written = fs::File::create(&unready).and_then(|file| {
        let mut out = BufWriter::new(file);
        heap::write_named(&profile, &mut out)?;
        out.flush()?;
        fs::rename(&unready, path)
    });
    written.map_err(|error| {
        let _ = fs::remove_file(&unready);
        format!("{}: the names of its call sites could not be written: {error}", path.display())
    })
}
