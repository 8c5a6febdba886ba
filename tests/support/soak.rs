//! The one builder of the integration tests: runs the real `soak` in a folder of its own and reads what it left.

use std::ffi::OsStr;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;

/// A `soak` to be run, with an output folder that goes away with it.
pub(crate) struct Soak {
    folder: TempDir,
    command: Command,
}

/// What a `soak` answered.
pub(crate) struct Answer {
    /// The exit code.
    pub(crate) code: i32,
    /// Standard output.
    pub(crate) out: String,
    /// Standard error.
    pub(crate) err: String,
}

impl Soak {
    /// A `soak` with these arguments.
    pub(crate) fn new<A: AsRef<OsStr>>(args: impl IntoIterator<Item = A>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_soak"));
        command.args(args).current_dir(folder.path()).stdin(Stdio::null()).env_remove("NO_COLOR");
        Self { folder, command }
    }

    /// A file in the folder that it runs in.
    pub(crate) fn file(self, name: &str, content: &str) -> Self {
        std::fs::write(self.folder.path().join(name), content).unwrap();
        self
    }

    /// More arguments.
    pub(crate) fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.command.args(args);
        self
    }

    /// Where it runs.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Runs it to its end.
    pub(crate) fn run(&mut self) -> Answer {
        let Output { status, stdout, stderr } = self.command.output().unwrap();
        Answer {
            code: status.code().unwrap_or(-1),
            out: String::from_utf8(stdout).unwrap(),
            err: String::from_utf8(stderr).unwrap(),
        }
    }

    /// Starts it and leaves it running.
    pub(crate) fn start(&mut self) -> Child {
        self.command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Starts it with a standard input that stays open, and leaves it running.
    pub(crate) fn start_fed(&mut self) -> Child {
        self.command.stdin(Stdio::piped());
        self.start()
    }

    /// Starts it on this terminal, as the leader of a session of its own, and leaves it running.
    pub(crate) fn start_on(&self, terminal: &OwnedFd) -> Child {
        let mut command = Command::new("setsid");
        command.arg("--ctty").arg(self.command.get_program()).args(self.command.get_args());
        command.current_dir(self.folder.path()).env_remove("NO_COLOR").env("TERM", "xterm").env("LC_ALL", "C.UTF-8");
        let end = || Stdio::from(terminal.try_clone().unwrap());
        command.stdin(end()).stdout(end()).stderr(end()).spawn().unwrap()
    }

    /// The last reading of this wire name in the record of the one run that was made.
    pub(crate) fn last_reading(&self, wire_name: &str) -> u64 {
        let record = std::fs::read_to_string(self.run_folder().join("record.jsonl")).unwrap();
        let mut lines = record.lines().rev().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        lines.find_map(|line| line[wire_name].as_u64()).unwrap()
    }

    /// The folder of the one run that it made.
    pub(crate) fn run_folder(&self) -> PathBuf {
        let output = self.folder.path().join("output");
        let runs: Vec<PathBuf> = std::fs::read_dir(output).unwrap().map(|run| run.unwrap().path()).collect();
        assert_eq!(runs.len(), 1, "{runs:?}");
        runs[0].clone()
    }
}

impl Answer {
    /// The one JSON object on standard output.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}{}", self.out, self.err))
    }

    /// The finding on this metric.
    pub(crate) fn finding(&self, metric: &str) -> serde_json::Value {
        let json = self.json();
        let findings = json["findings"].as_array().unwrap();
        findings
            .iter()
            .find(|finding| finding["metric"] == metric)
            .unwrap_or_else(|| panic!("{metric}: {json}"))
            .clone()
    }
}
