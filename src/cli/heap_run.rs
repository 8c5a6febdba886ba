//! The snapshots of a run's folder, and what the report of the run says of them.

use std::path::Path;

use crate::domain::heap::HeapSnapshot;
use crate::domain::site::{HeapReport, SiteState};
use crate::domain::{Assessment, Metric, Run, Sample, Verdict};
use crate::heap::{self, HeapProfile, Moment, Programs};
use crate::store;

use super::failure::Failure;
use super::heap::named;

/// Tracing that began this much later, in microseconds, began anew: the clocks of two processes and the way to the target are
/// milliseconds apart.
const BEGAN_ANEW_US: i64 = 1_000_000;

/// The record's lines on the snapshots of a folder; none where it has no record that can be read.
fn listed(folder: &Path) -> Vec<HeapSnapshot> {
    store::read(folder).map(|run| run.heap).unwrap_or_default()
}

/// The snapshots since tracing began for the last time: what an earlier tracing allocated, a later one does not know.
fn of_one_tracing(snapshots: &[HeapSnapshot]) -> &[HeapSnapshot] {
    let began = |snapshot: &HeapSnapshot| snapshot.at.since_start().as_micros() as i64 - snapshot.traced_us as i64;
    let anew = snapshots.windows(2).rposition(|pair| began(&pair[1]) - began(&pair[0]) > BEGAN_ANEW_US);
    anew.map_or(snapshots, |last| &snapshots[last + 1..])
}

/// Reads the snapshots of a run's folder in their order, with the times and turns of its record.
///
/// # Errors
/// Where there are none, or one cannot be read.
pub(super) fn profiles(folder: &Path) -> Result<Vec<HeapProfile>, Failure> {
    read(folder, &listed(folder))
}

fn read(folder: &Path, listed: &[HeapSnapshot]) -> Result<Vec<HeapProfile>, Failure> {
    let mut files = store::heap_files(folder);
    let compared = of_one_tracing(listed);
    let is_of =
        |path: &Path, snapshot: &HeapSnapshot| path.file_name().is_some_and(|name| name == snapshot.file.as_str());
    // Files that the record does not know are kept: it may have lost its last lines.
    files.retain(|path| {
        compared.iter().any(|snapshot| is_of(path, snapshot)) || !listed.iter().any(|snapshot| is_of(path, snapshot))
    });
    if files.is_empty() {
        return Err(none(folder));
    }
    let mut profiles = Vec::with_capacity(files.len());
    for path in files {
        let mut profile = named(&path)?;
        if let Some(snapshot) = compared.iter().find(|snapshot| is_of(&path, snapshot)) {
            profile.taken.elapsed_s = Some(snapshot.at.as_secs_f64());
            profile.taken.turns = snapshot.turns.map(|turns| turns as f64);
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

/// What a run's report says of its heap; `None` where it has fewer than two snapshots. What cannot be read is a note beside it.
pub(super) fn report(folder: &Path, run: &Run) -> (Option<HeapReport>, Option<String>) {
    if store::heap_files(folder).len() < 2 {
        return (None, None);
    }
    let profiles = match read(folder, &run.heap) {
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

/// A run that was seen to be steady, while a site of its heap was seen to grow, cannot be passed: a heap tells of a leak
/// before the process as a whole does. It cannot be failed either, for the site may be small beside everything else.
pub(super) fn doubted(assessment: Assessment, heap: Option<&HeapReport>) -> Assessment {
    let grows = heap.filter(|heap| heap.growth.of(SiteState::Growing).next().is_some());
    match grows {
        Some(heap) if assessment.verdict == Verdict::Steady => {
            let finding = heap.finding.trim_end_matches('.');
            let reason =
                format!("the process as a whole was not seen to grow, but its heap was: {finding}; run longer");
            Assessment { verdict: Verdict::Inconclusive, reason, ..assessment }
        }
        _ => assessment,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis;
    use crate::domain::Elapsed;
    use crate::domain::site::{FlameTree, HeapGrowth, SiteGrowth};

    fn heap(state: SiteState) -> HeapReport {
        let site = SiteGrowth {
            stack: vec!["leak (main.rs:7)".into()],
            state,
            reason: String::new(),
            live: Vec::new(),
            growth_bytes: 9000,
            growth_blocks: 9,
            error_bytes: 0.0,
            doubling: None,
            per_hour: None,
            per_turn: None,
            callers: Vec::new(),
        };
        let growth =
            HeapGrowth { program: None, snapshots: Vec::new(), along: "time", sites: vec![site], notes: Vec::new() };
        HeapReport {
            finding: "The heap grows at leak (main.rs:7).".into(),
            growth,
            split: None,
            flame: FlameTree::default(),
        }
    }

    #[test]
    fn snapshots_of_an_earlier_tracing_are_not_compared_with_those_of_a_later_one() {
        let snapshot = |second: f64, traced_s: u64| HeapSnapshot {
            at: Elapsed::from_secs_f64(second),
            traced_us: traced_s * 1_000_000,
            ..HeapSnapshot::default()
        };
        let anew = [snapshot(10.0, 10), snapshot(20.1, 20), snapshot(30.0, 4), snapshot(40.2, 14)];
        assert_eq!(of_one_tracing(&anew), &anew[2..]);
        assert_eq!(of_one_tracing(&anew[..2]), &anew[..2]);
        assert_eq!(of_one_tracing(&[]), &[]);
    }

    #[test]
    fn a_steady_run_whose_heap_grows_is_not_passed_and_a_growing_one_stays_so() {
        let of = |step: u64| {
            let sample = |second: u64| {
                let mut sample = Sample { at: Elapsed::from_secs_f64(second as f64), ..Sample::default() };
                sample.readings.set_raw(Metric::RssAnon, 30_000_000 + step * second + second * 7919 % 13 * 4096);
                sample
            };
            let run = Run { samples: (0..900).map(sample).collect(), ..Run::default() };
            analysis::assess(&run.series(), &analysis::Options::default())
        };
        let doubtful = doubted(of(0), Some(&heap(SiteState::Growing)));
        assert_eq!(doubtful.verdict, Verdict::Inconclusive);
        assert!(doubtful.reason.ends_with("The heap grows at leak (main.rs:7); run longer"), "{}", doubtful.reason);
        assert_eq!(doubted(of(0), Some(&heap(SiteState::TurningOver))).verdict, Verdict::Steady);
        assert_eq!(doubted(of(0), None).verdict, Verdict::Steady);
        assert_eq!(doubted(of(100_000), Some(&heap(SiteState::Growing))).verdict, Verdict::Growing);
    }
}
