//! What others would write on the screen, such as a target that soak started, kept off it: standard error is a pipe while
//! the view is shown, and the last lines that came through it are part of the picture, and said again at the end.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read};
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, PoisonError};

use rustix::pipe::{PipeFlags, pipe_with};

/// Lines that are kept; whoever wants all of them redirects standard error to a file, and then there is no view.
const KEPT: usize = 64;
/// Bytes of a line that are kept.
const LONGEST: u64 = 400;

/// The last lines that were written.
#[derive(Clone, Debug, Default)]
pub(super) struct Captured(Arc<Mutex<VecDeque<String>>>);

impl Captured {
    /// Starts to read, on a thread that ends when nobody can write any more; answers with the end to write to.
    ///
    /// # Errors
    /// Where the system gives no pipe or no thread.
    pub(super) fn start() -> io::Result<(Self, OwnedFd)> {
        let (reader, writer) = pipe_with(PipeFlags::CLOEXEC)?;
        let captured = Self::default();
        let lines = captured.clone();
        let read = move || lines.read(BufReader::new(std::fs::File::from(reader)));
        std::thread::Builder::new().name("output".into()).stack_size(64 << 10).spawn(read)?;
        Ok((captured, writer))
    }

    /// A line without an end is taken in pieces, so that nothing is ever held beyond its bound.
    fn read(&self, mut from: impl BufRead) {
        let mut line = Vec::new();
        while let Ok(1..) = from.by_ref().take(LONGEST).read_until(b'\n', &mut line) {
            let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if kept.len() == KEPT {
                kept.pop_front();
            }
            kept.push_back(String::from_utf8_lossy(&line).trim_end().to_owned());
            line.clear();
        }
    }

    /// The last of them, `count` at most.
    pub(super) fn last(&self, count: usize) -> Vec<String> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().skip(kept.len().saturating_sub(count)).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_kept_to_its_last_lines_and_each_to_its_length() {
        let captured = Captured::default();
        let flood = "a line\n".repeat(10_000);
        captured.read((flood + &"x".repeat(100_000)).as_bytes());
        let kept = captured.last(1000);
        assert!(kept.len() == KEPT && kept.iter().all(|line| line.len() <= 400));
        captured.read(&b"\xff\x1b[2Jone\r\ntwo"[..]);
        assert_eq!(captured.last(2), ["\u{fffd}\u{1b}[2Jone", "two"]);
    }
}
