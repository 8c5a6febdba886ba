//! What the environment wishes for, for use without soak: `SOAK_HEAP_FILE`, `SOAK_HEAP_SIGNAL` and `SOAK_HEAP_PERIOD`.

use std::ffi::OsString;
use std::path::PathBuf;

use libc::c_int;

use super::files::Files;
use super::signals;
use crate::control::{Asked, ListenError, Sake, Tracer, asked};

/// Where files go: tracing starts at once, and a file is written at the end.
const FILE: &str = "SOAK_HEAP_FILE";
/// The signals on which a file is written too.
const SIGNAL: &str = "SOAK_HEAP_SIGNAL";
/// How often allocations are recorded.
const PERIOD: &str = "SOAK_HEAP_PERIOD";

/// What is wished for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Wishes {
    /// The name that files are named after.
    pub(crate) file: Option<PathBuf>,
    pub(crate) signals: Vec<c_int>,
    pub(crate) period: Asked,
}

impl Wishes {
    /// What this process's environment wishes for. A process that has more rights than whoever started it does not listen
    /// to an environment that they made.
    pub(crate) fn of_environment() -> Result<Self, ListenError> {
        use rustix::process::{getegid, geteuid, getgid, getuid};
        if getuid() != geteuid() || getgid() != getegid() {
            return Ok(Self::default());
        }
        Self::read(|name| std::env::var_os(name))
    }

    fn read(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, ListenError> {
        let text = |name: &'static str| {
            let text = variable(name).filter(|text| !text.is_empty()).map(OsString::into_string).transpose();
            text.map_err(|_| refused(name, "it is no text"))
        };
        let file = variable(FILE).filter(|file| !file.is_empty()).map(PathBuf::from);
        let period = text(PERIOD)?.map_or(Ok(Asked::default()), |period| asked(&period));
        let period = period.map_err(|reason| refused(PERIOD, reason))?;
        let signals = text(SIGNAL)?.unwrap_or_default();
        let signals = signals.split(',').filter(|name| !name.trim().is_empty()).map(|name| {
            let there_are =
                || refused(SIGNAL, format!("no signal for this is called {name:?}; there are {}", signals::names()));
            signals::number(name).ok_or_else(there_are)
        });
        let signals = signals.collect::<Result<Vec<_>, _>>()?;
        if file.is_none() && !signals.is_empty() {
            return Err(refused(SIGNAL, format!("there is no file to write; name it in {FILE}")));
        }
        Ok(Self { file, signals, period })
    }
}

fn refused(name: &'static str, reason: impl Into<String>) -> ListenError {
    ListenError::Variable { name, reason: reason.into() }
}

/// Does what is wished for as far as it is done at once: the file's name is tried, tracing starts, signals are handled.
pub(crate) fn grant(wishes: &Wishes, tracer: &impl Tracer) -> Result<Option<Files>, ListenError> {
    let files = wishes.file.as_deref().map(Files::named).transpose();
    if tracer.writes_itself() {
        let file = files.and_then(|files| files.map(|files| files.first(std::process::id())).transpose());
        // It profiles in any case; a name that will not do costs the name.
        tracer.begin(file.clone().unwrap_or_default());
        handle(wishes.signals.iter().filter(|number| signals::ends(**number)))?;
        return file.map(|_| None).map_err(|reason| refused(FILE, reason));
    }
    let files = files.map_err(|reason| refused(FILE, reason))?;
    if files.is_some() {
        tracer.start(wishes.period, Sake::Program).map_err(ListenError::Start)?;
    }
    handle(wishes.signals.iter())?;
    Ok(files)
}

fn handle<'a>(mut numbers: impl Iterator<Item = &'a c_int>) -> Result<(), ListenError> {
    numbers.try_for_each(|number| signals::handle(*number).map_err(|reason| refused(SIGNAL, reason)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Wishes, String> {
        let find = |name: &str| variables.iter().find(|(other, _)| *other == name).map(|(_, value)| value.into());
        Wishes::read(find).map_err(|error| error.to_string())
    }

    #[test]
    fn an_environment_that_says_nothing_wishes_for_nothing() {
        assert_eq!(read(&[]), Ok(Wishes::default()));
        assert_eq!(read(&[(FILE, ""), (SIGNAL, ""), (PERIOD, "")]), Ok(Wishes::default()));
    }

    #[test]
    fn files_signals_and_the_period_are_read() {
        let wishes = read(&[(FILE, "/var/heap.json"), (SIGNAL, "USR2, SIGTERM"), (PERIOD, "65536")]).unwrap();
        assert_eq!(wishes.file, Some("/var/heap.json".into()));
        assert_eq!((wishes.signals, wishes.period), (vec![libc::SIGUSR2, libc::SIGTERM], Asked::Bytes(65536)));
    }

    #[test]
    fn what_cannot_be_had_is_named_by_its_variable() {
        for (variables, hint) in [
            (&[(SIGNAL, "USR2")][..], "SOAK_HEAP_SIGNAL: there is no file"),
            (&[(FILE, "h.json"), (SIGNAL, "KILL")], "there are USR1, USR2"),
            (&[(FILE, "h.json"), (PERIOD, "often")], "SOAK_HEAP_PERIOD: a period is every"),
        ] {
            let error = read(variables).unwrap_err();
            assert!(error.contains(hint), "{error}");
        }
    }
}
