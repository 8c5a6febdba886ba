//! `soak profile`: checks profiles, shows the shipped ones, and writes a first one from what there is already.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io::Read;
use std::path::Path;

use crate::analysis::Budget;
use crate::profile::{self, ConvertError, Draft, Environment, Problem, ProcessEnvironment, Profile, ProfileError};

use super::args::{ProfileArgs, ProfileCommand};
use super::console;
use super::failure::Failure;

/// The largest file to convert: a recording of an hour in a browser.
const MAX_BYTES: u64 = 256 * 1024 * 1024;

/// Does what the subcommand says; 2 where a checked profile is wrong.
///
/// # Errors
/// Where a file cannot be read or converted, or standard output cannot be written.
pub(super) fn run(args: &ProfileArgs) -> Result<u8, Failure> {
    match &args.command {
        ProfileCommand::Check { files } => {
            let mut code = 0;
            for file in files {
                code = code.max(check(file)?);
            }
            Ok(code)
        }
        ProfileCommand::List => list(),
        ProfileCommand::Show { name } => {
            let text = profile::builtin_text(name).map_err(|error| Failure::from_error(&error))?;
            console::print(text).map(|()| 0)
        }
        ProfileCommand::FromHar { file } => draft(profile::from_har(&text(file)?)),
        ProfileCommand::FromOpenapi { file } => draft(profile::from_openapi(&text(file)?)),
        ProfileCommand::FromCurl { command } if command == "-" => draft(profile::from_curl(&text(Path::new("-"))?)),
        ProfileCommand::FromCurl { command } => draft(profile::from_curl(command)),
    }
}

/// The environment of this process for a reader that sends nothing: what is not set is only noted.
#[derive(Default)]
struct Noting {
    missing: RefCell<BTreeSet<String>>,
}

impl Environment for Noting {
    fn value(&self, name: &str) -> Option<String> {
        ProcessEnvironment.value(name)
    }

    fn stand_in(&self, name: &str) -> Option<String> {
        self.missing.borrow_mut().insert(name.to_owned());
        Some("/".to_owned())
    }
}

fn check(file: &Path) -> Result<u8, Failure> {
    let environment = Noting::default();
    let problems = match Profile::load(file, &environment) {
        Ok(profile) => {
            let problems = budget_problems(file, &profile);
            if problems.is_empty() {
                let missing: Vec<String> = environment.missing.into_inner().into_iter().collect();
                return console::print(&summary(file, &profile, &missing)).map(|()| 0);
            }
            problems
        }
        Err(ProfileError::Wrong { problems, .. }) => problems,
        Err(error) => return Err(Failure::from_error(&error)),
    };
    for problem in problems {
        console::print(&format!("{}:{problem}\n", file.display()))?;
    }
    Ok(Failure::CODE)
}

/// Budgets mean something to the analysis only, which the reader knows nothing of.
fn budget_problems(file: &Path, profile: &Profile) -> Vec<Problem> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let problem = |budget: &String| {
        let error = Budget::parse(budget).err()?;
        let at = text.find(budget).unwrap_or_default();
        let before = text.get(..at).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let column = before.get(line_start..).unwrap_or_default().chars().count() + 1;
        let line = before.matches('\n').count() + 1;
        Some(Problem { line, column, message: format!("`fail_on`: {error}") })
    };
    profile.budgets.iter().filter_map(problem).collect()
}

/// One line of what a sound profile holds.
fn summary(file: &Path, profile: &Profile, missing: &[String]) -> String {
    let steps: usize = profile.flows.iter().map(|flow| flow.steps.len()).sum();
    let counted = [
        (profile.classes.len(), "class", "classes"),
        (profile.flows.len(), "flow", "flows"),
        (steps, "step", "steps"),
        (profile.tenants.len(), "tenant", "tenants"),
        (profile.data.len(), "data table", "data tables"),
        (profile.objectives.len(), "objective", "objectives"),
    ];
    let parts = counted.iter().filter(|(count, ..)| *count > 0);
    let parts: Vec<String> =
        parts.map(|(count, one, many)| format!("{count} {}", if *count == 1 { one } else { many })).collect();
    let needs = if missing.is_empty() { String::new() } else { format!("; not set yet: {}", missing.join(", ")) };
    let scenario = &profile.default_scenario;
    format!("{}: sound: {}; scenario {scenario} by default{needs}\n", file.display(), parts.join(", "))
}

fn list() -> Result<u8, Failure> {
    for name in profile::builtin_names() {
        let about = Profile::builtin(name, &Noting::default()).map_err(|error| Failure::from_error(&error))?.about;
        console::print(&format!("{name:<16}{about}\n"))?;
    }
    Ok(0)
}

fn draft(draft: Result<Draft, ConvertError>) -> Result<u8, Failure> {
    let draft = draft.map_err(|error| Failure::from_error(&error))?;
    for note in &draft.notes {
        console::say(note);
    }
    console::print(&draft.text).map(|()| 0)
}

/// The text of a file, or of standard input for `-`.
fn text(file: &Path) -> Result<String, Failure> {
    let failed = |error: std::io::Error| Failure::new(format!("cannot read {}: {error}", file.display()));
    let mut text = String::new();
    if file == Path::new("-") {
        std::io::stdin().take(MAX_BYTES).read_to_string(&mut text).map_err(failed)?;
    } else {
        std::fs::File::open(file).map_err(failed)?.take(MAX_BYTES).read_to_string(&mut text).map_err(failed)?;
    }
    Ok(text)
}
