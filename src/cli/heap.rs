//! `soak heap`: ranks the call sites of heap profiles, and tells what grows between several.

use std::fs;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::chart;
use crate::domain::site::{FlameTree, HeapGrowth, SiteState};
use crate::heap::{self, Compared, Files, HeapProfile, Programs};
use crate::report;

use super::args::{HeapArgs, HeapCommand, HeapDiffArgs, HeapShowArgs};
use super::console;
use super::failure::Failure;
use super::heap_run;

/// An undecided site that grew by less than this share of everything live does not keep a gate from passing: a program's
/// first minutes are full of them.
const MATTERS: f64 = 0.01;

/// Ranks, or compares.
///
/// # Errors
/// Where a file is no heap profile, the profiles are of different programs, or a result cannot be written.
pub(super) fn run(args: &HeapArgs) -> Result<u8, Failure> {
    match &args.command {
        Some(HeapCommand::Diff(args)) => diff(args),
        None => rank(args),
    }
}

fn rank(args: &HeapArgs) -> Result<u8, Failure> {
    let show = &args.show;
    if args.files.len() > 1 && (show.folded.is_some() || show.flame.is_some()) {
        return Err(Failure::new("--folded and --flame are of one profile").hint("give one file"));
    }
    let mut worst = 0;
    for (position, file) in args.files.iter().enumerate() {
        let ranked = match latest(file) {
            Ok(profile) => heap::rank(&profile),
            // A file that cannot be read costs none of the others.
            Err(failure) => {
                console::say(&failure.to_string());
                worst = Failure::CODE;
                continue;
            }
        };
        let text = if show.json {
            line(&ranked.ranking)?
        } else {
            let gap = if position == 0 { "" } else { "\n" };
            format!("{gap}{}", report::ranking_text(&ranked.ranking, show.top))
        };
        write_beside(show, || ranked.folded(), || ranked.flame())?;
        console::print(&text)?;
    }
    Ok(worst)
}

fn diff(args: &HeapDiffArgs) -> Result<u8, Failure> {
    let profiles = match &args.files[..] {
        [folder] if folder.is_dir() => heap_run::profiles(folder)?,
        files => files.iter().map(|file| named(file)).collect::<Result<Vec<_>, _>>()?,
    };
    let programs = if args.force { Programs::MayDiffer } else { Programs::MustAgree };
    let compared = heap::compare(profiles, programs).map_err(|error| Failure::from_error(&error))?;
    if let Some(path) = &args.dhat_out {
        write_dhat(&compared, path)?;
    }
    write_beside(&args.show, || compared.folded(), || compared.flame())?;
    let text = if args.show.json {
        line(&compared.growth)?
    } else {
        report::growth_text(&compared.growth, &compared.title(), args.show.top, console::style())
    };
    console::print(&text)?;
    Ok(code(&compared.growth))
}

/// 1 where a site is shown to grow; 3 where one grew and it cannot be told whether it goes on; else 0.
fn code(growth: &HeapGrowth) -> u8 {
    let live = growth.snapshots.last().map_or(0, |point| point.live.bytes) as f64;
    let matters = |bytes: i64| bytes as f64 > MATTERS * live;
    let is_open = |state| growth.of(state).any(|site| matters(site.growth_bytes));
    if growth.of(SiteState::Growing).next().is_some() {
        1
    } else if is_open(SiteState::Grew) || is_open(SiteState::Undecided) {
        3
    } else {
        0
    }
}

/// The profile of a file with its addresses named, or the last snapshot of a run's folder.
fn latest(file: &Path) -> Result<HeapProfile, Failure> {
    if !file.is_dir() {
        return named(file);
    }
    heap_run::profiles(file)?.pop().ok_or_else(|| heap_run::none(file))
}

/// Reads a profile and finds the names of its addresses.
///
/// # Errors
/// Where it is no heap profile.
pub(super) fn named(file: &Path) -> Result<HeapProfile, Failure> {
    let mut profile = heap::read(file).map_err(|error| Failure::from_error(&error))?;
    heap::resolve(&mut profile, &Files::here());
    Ok(profile)
}

fn line(value: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string(value).map(|line| line + "\n").map_err(|error| Failure::from_error(&error))
}

fn write_beside(
    show: &HeapShowArgs,
    folded: impl FnOnce() -> String,
    flame: impl FnOnce() -> FlameTree,
) -> Result<(), Failure> {
    let write = |path: &PathBuf, text: String| fs::write(path, text).map_err(|error| cannot_write(path, &error));
    if let Some(path) = &show.folded {
        write(path, folded())?;
    }
    if let Some(path) = &show.flame {
        write(path, chart::flame(&flame()).map_err(|error| Failure::from_error(&error))?)?;
    }
    Ok(())
}

fn write_dhat(compared: &Compared, path: &Path) -> Result<(), Failure> {
    let failed = |error: std::io::Error| cannot_write(path, &error);
    let mut out = BufWriter::new(fs::File::create(path).map_err(failed)?);
    compared.write_dhat(&mut out).and_then(|()| out.flush()).map_err(failed)
}

fn cannot_write(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(format!("cannot write {}: {error}", path.display()))
}
