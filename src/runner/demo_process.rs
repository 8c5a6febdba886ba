//! The demo server as a process of its own, so that the demo's memory and soak's are never mixed.
//!
//! It is started from soak's own program, tells its address on its standard output, and ends with its standard input:
//! however soak ends, no server is left behind.

use std::io::{self, BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use thiserror::Error;

/// Why the demo server did not come up.
#[derive(Debug, Error)]
pub enum DemoProcessError {
    /// The program could not be started.
    #[error("cannot start the demo server")]
    Start(#[source] io::Error),
    /// It said something other than its address, or nothing.
    #[error("the demo server did not tell its address")]
    NoAddress,
}

/// Whether the demo server offers to have its heap traced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DemoHeap {
    /// It does not.
    #[default]
    Private,
    /// It does.
    Offered,
}

/// A running demo server.
#[derive(Debug)]
pub struct DemoProcess {
    child: Child,
    address: SocketAddr,
}

impl DemoProcess {
    /// Starts the server with these faults, by their names, and waits until it listens.
    ///
    /// # Errors
    /// Where the program cannot be started or does not come up; it has then said why on standard error.
    pub fn start(program: &Path, faults: &[String], heap: DemoHeap) -> Result<Self, DemoProcessError> {
        let mut command = Command::new(program);
        command.args(["demo-server", "--until-stdin-ends"]);
        if heap == DemoHeap::Offered {
            command.arg("--heap");
        }
        for fault in faults {
            command.args(["--fault", fault]);
        }
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().map_err(DemoProcessError::Start)?;
        let mut line = String::new();
        if let Some(out) = child.stdout.take() {
            BufReader::new(out).read_line(&mut line).map_err(DemoProcessError::Start)?;
        }
        if let Ok(address) = line.trim_end().parse() {
            return Ok(Self { child, address });
        }
        drop(child.stdin.take());
        let _ = child.wait();
        Err(DemoProcessError::NoAddress)
    }

    /// The server's process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The page that is a turn.
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }
}

impl Drop for DemoProcess {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
