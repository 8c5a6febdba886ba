//! Whether profiles are of one program, and in which order they were taken.

use std::path::Path;

use super::profile::{HeapProfile, Taken};

/// Why profiles cannot be compared.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum CompareError {
    /// One is too few.
    #[error("there is one profile only; growth needs two of one program, and three to tell a leak from a cache")]
    TooFew,
    /// They are of programs with different names.
    #[error(
        "{first} is of {first_program} and {second} of {second_program}; compare profiles of one program, or say --force"
    )]
    OtherProgram {
        /// One file.
        first: String,
        /// Its program.
        first_program: String,
        /// The other file.
        second: String,
        /// Its program.
        second_program: String,
    },
    /// They are of different builds of a program.
    #[error(
        "{first} and {second} are of different builds (build ids {first_id} and {second_id}); compare profiles of one build, or say --force"
    )]
    OtherBuild {
        /// One file.
        first: String,
        /// Its build id.
        first_id: String,
        /// The other file.
        second: String,
        /// Its build id.
        second_id: String,
    },
}

/// What to do with profiles of different programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Programs {
    /// Refuse them.
    MustAgree,
    /// Compare them all the same.
    MayDiffer,
}

/// Whether the profiles are of one program and one build, as far as they say.
///
/// # Errors
/// Which two are not.
pub(super) fn check(profiles: &[HeapProfile]) -> Result<(), CompareError> {
    let name = |profile: &HeapProfile| {
        let program = Path::new(profile.program.as_deref()?);
        program.file_name().map(|name| name.to_string_lossy().into_owned())
    };
    let named = || profiles.iter().filter_map(|profile| Some((profile, name(profile)?)));
    if let Some((first, first_program)) = named().next()
        && let Some((second, second_program)) = named().find(|(_, program)| *program != first_program)
    {
        let (first, second) = (first.source.clone(), second.source.clone());
        return Err(CompareError::OtherProgram { first, first_program, second, second_program });
    }
    let built = || profiles.iter().filter_map(|profile| Some((profile, profile.build_id.clone()?)));
    if let Some((first, first_id)) = built().next()
        && let Some((second, second_id)) = built().find(|(_, id)| *id != first_id)
    {
        let (first, second) = (first.source.clone(), second.source.clone());
        return Err(CompareError::OtherBuild { first, first_id, second, second_id });
    }
    Ok(())
}

/// Puts the profiles into the order of their times and says so where that changed anything.
pub(super) fn sort(profiles: &mut [HeapProfile]) -> Option<String> {
    let of_one: &[fn(&Taken) -> Option<f64>] = &[|taken| taken.wall_s, |taken| taken.elapsed_s];
    // How long a run took does not say where it stands among other runs; only the wall clock and its user do.
    let measures = if of_several_runs(profiles).is_some() { &of_one[..1] } else { of_one };
    let measure = measures.iter().find(|measure| profiles.iter().all(|profile| measure(&profile.taken).is_some()))?;
    let at = |profile: &HeapProfile| measure(&profile.taken).unwrap_or_default();
    if profiles.is_sorted_by(|a, b| at(a) <= at(b)) {
        return None;
    }
    profiles.sort_by(|a, b| at(a).total_cmp(&at(b)));
    Some("the files were put into the order of their times".to_owned())
}

/// Whether they are of one process; several runs of a program are compared by their lengths.
pub(super) fn of_several_runs(profiles: &[HeapProfile]) -> Option<String> {
    let mut pids: Vec<u32> = profiles.iter().filter_map(|profile| profile.pid).collect();
    pids.sort_unstable();
    pids.dedup();
    (pids.len() > 1).then(|| {
        format!(
            "the profiles are of {} processes: what is compared is runs of the program, not one run over time",
            pids.len()
        )
    })
}
