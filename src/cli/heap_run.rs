//! The snapshots of a run's folder, and what the report of the run says of them.

use std::fs;
use std::path::{Path, PathBuf};

use crate::domain::site::HeapReport;
use crate::domain::{Metric, Run, Sample};
use crate::heap::{self, HeapProfile, Moment, Programs};

use super::failure::Failure;
use super::heap::named;

/// What the record says of one snapshot.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Listed {
    /// Its file in the run's folder.
    pub(super) file: String,
    /// When it was there, in seconds since the start of the run.
    pub(super) at_s: f64,
    /// Turns of the traffic by then.
    pub(super) turns: Option<u64>,
}

/// Reads the snapshots of a run's folder in their order, with the times and turns of the record where it lists them.
///
/// # Errors
/// Where there are none, or one cannot be read.
pub(super) fn profiles(folder: &Path, listed: &[Listed]) -> Result<Vec<HeapProfile>, Failure> {
    let files = files(folder);
    if files.is_empty() {
        return Err(none(folder));
    }
    let mut profiles = Vec::with_capacity(files.len());
    for path in files {
        let mut profile = named(&path)?;
        let is_it = |listed: &&Listed| path.file_name().is_some_and(|name| name == listed.file.as_str());
        if let Some(listed) = listed.iter().find(is_it) {
            profile.taken.elapsed_s = Some(listed.at_s);
            profile.taken.turns = listed.turns.map(|turns| turns as f64);
        }
        profiles.push(profile);
    }
    Ok(profiles)
}

/// That a folder has no snapshots.
pub(super) fn none(folder: &Path) -> Failure {
    Failure::new(format!(
        "{}: there are no snapshots of a heap (heap-001.json and so on) in this folder",
        folder.display()
    ))
    .hint("the target must link soak-heap and call listen(); docs/heap.md has the three lines")
}

/// `heap-001.json` and so on, in their order.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let is_snapshot = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let number = name.strip_prefix("heap-").and_then(|rest| rest.strip_suffix(".json"));
        number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let mut files: Vec<PathBuf> = entries.filter(is_snapshot).collect();
    // A thousandth snapshot is longer by a digit and still comes last.
    files.sort_by_key(|path| (path.as_os_str().len(), path.clone()));
    files
}

/// What a run's report says of its heap; `None` where it has fewer than two snapshots. What cannot be read is a note beside it.
pub(super) fn report(folder: &Path, run: &Run, listed: &[Listed]) -> (Option<HeapReport>, Option<String>) {
    if files(folder).len() < 2 {
        return (None, None);
    }
    let profiles = match profiles(folder, listed) {
        Ok(profiles) => profiles,
        Err(failure) => return (None, Some(failure.to_string().trim_start_matches("soak: ").to_owned())),
    };
    let moments: Vec<Option<Moment>> = profiles.iter().map(|profile| moment(profile, run)).collect();
    let split = match (moments.first(), moments.last()) {
        (Some(Some(first)), Some(Some(last))) => Some(heap::split(first, last)),
        _ => None,
    };
    match heap::compare(profiles, Programs::MustAgree) {
        Ok(compared) => {
            let (finding, flame) = (compared.title(), compared.flame());
            (Some(HeapReport { finding, growth: compared.growth, split, flame }), None)
        }
        Err(error) => (None, Some(error.to_string())),
    }
}

/// The process at the sample nearest to a snapshot; `None` where memory was not read.
fn moment(profile: &HeapProfile, run: &Run) -> Option<Moment> {
    let at = profile.taken.elapsed_s?;
    let apart = |sample: &&Sample| (sample.at.as_secs_f64() - at).abs();
    let sample = run.samples.iter().min_by(|a, b| apart(a).total_cmp(&apart(b)))?;
    let read = |metric| sample.readings.get(metric);
    Some(Moment {
        anonymous: read(Metric::RssAnon)?.saturating_add(read(Metric::Swap).unwrap_or(0)),
        files: read(Metric::RssFile).unwrap_or(0),
        shared: read(Metric::RssShmem).unwrap_or(0),
        live: profile.live().bytes,
        tracer: profile.tracer.as_ref().map_or(0, |tracer| tracer.overhead),
        arena: profile.tracer.as_ref().and_then(|tracer| tracer.arena),
    })
}
