//! A server that opens a file for each request and keeps it: memory hardly moves, yet its end can be counted down.
//!
//! soak finds fds growing by one a turn, and says when the limit on open files (`ulimit -n`) will be reached; from then
//! on this server answers 503:
//!
//! ```text
//! cargo build --examples
//! soak --url http://127.0.0.1:8080/ --duration 2m -- target/debug/examples/unclosed_file
//! ```

mod support;

use std::fs::File;
use std::io;
use std::sync::Mutex;

fn main() -> io::Result<()> {
    let open = Mutex::new(Vec::new());
    support::serve(move |path| {
        let log = File::options().append(true).open("/dev/null")?;
        let mut open = open.lock().map_err(|_| io::Error::other("the list of files is broken"))?;
        // The fault: a file that is kept "for the next time", and a next time that opens its own.
        open.push(log);
        Ok(format!("{path} was logged"))
    })
}
