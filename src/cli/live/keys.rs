//! The keyboard, read on a thread of its own: what a key means, and the thread that ends with the terminal or the view.
//!
//! The few keys are told apart here and not by crossterm's event source, which goes on reading from a terminal that has
//! gone away.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::mpsc::{self, Receiver};
use std::thread::JoinHandle;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{Signal, getpid, kill_process};

/// What a key asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// End the run and judge it; once more: quit.
    End,
    /// Mark this moment.
    Mark,
    /// Begin a disturbance, or end it.
    Disturbance,
    /// Hold the picture still, or let it go on.
    Hold,
    /// Show or hide the help.
    Help,
    /// Hide the help.
    Back,
    /// Draw everything anew.
    Redraw,
    /// Scroll by this many lines.
    Scroll(i16),
}

/// Lines that the page keys scroll by.
const PAGE: i16 = 8;

/// The keys in what was read at once; what is no key of the view's is passed over.
pub(super) fn parse(mut bytes: &[u8]) -> Vec<Key> {
    const SEQUENCES: [(&[u8], Key); 6] = [
        (b"\x1b[A", Key::Scroll(-1)),
        (b"\x1bOA", Key::Scroll(-1)),
        (b"\x1b[B", Key::Scroll(1)),
        (b"\x1bOB", Key::Scroll(1)),
        (b"\x1b[5~", Key::Scroll(-PAGE)),
        (b"\x1b[6~", Key::Scroll(PAGE)),
    ];
    let mut keys = Vec::new();
    while let Some((&first, rest)) = bytes.split_first() {
        if let Some((sequence, key)) = SEQUENCES.iter().find(|(sequence, _)| bytes.starts_with(sequence)) {
            keys.push(*key);
            bytes = &bytes[sequence.len()..];
            continue;
        }
        if first == 0x1b && rest.first().is_some_and(|next| matches!(next, b'[' | b'O')) {
            // Some other key's sequence: it ends with its first byte from '@' on.
            let end = rest[1..].iter().position(|byte| (b'@'..=b'~').contains(byte));
            bytes = end.map_or(&[], |end| &rest[end + 2..]);
            continue;
        }
        keys.extend(match first {
            // Ctrl-C.
            b'q' | b'Q' | 0x03 => Some(Key::End),
            b'm' | b'M' => Some(Key::Mark),
            b'd' | b'D' => Some(Key::Disturbance),
            b'p' | b'P' | b' ' => Some(Key::Hold),
            b'?' | b'h' | b'H' => Some(Key::Help),
            0x1b => Some(Key::Back),
            // Ctrl-L.
            0x0c => Some(Key::Redraw),
            b'k' => Some(Key::Scroll(-1)),
            b'j' => Some(Key::Scroll(1)),
            _ => None,
        });
        bytes = rest;
    }
    keys
}

/// The reading thread; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct Keyboard {
    /// The keys that were pressed, in order.
    pub(super) pressed: Receiver<Key>,
    stop: Option<OwnedFd>,
    thread: Option<JoinHandle<()>>,
}

impl Keyboard {
    /// Reads standard input; `wake` is called after each key but the ending ones, which are the signal that Ctrl-C is
    /// elsewhere, so that there is one way to end a run.
    ///
    /// # Errors
    /// Where the system gives no pipe or no thread.
    pub(super) fn listen(wake: Box<dyn Fn() + Send>) -> io::Result<Self> {
        let (stopped, stop) = pipe_with(PipeFlags::CLOEXEC)?;
        let (sender, pressed) = mpsc::channel();
        let listen = move || {
            let stdin = io::stdin();
            while let Some(bytes) = read(stdin.as_fd(), stopped.as_fd()) {
                for key in parse(&bytes) {
                    if key == Key::End {
                        let _ = kill_process(getpid(), Signal::INT);
                    } else if sender.send(key).is_err() {
                        return;
                    }
                    wake();
                }
            }
        };
        let thread = std::thread::Builder::new().name("keys".into()).stack_size(64 << 10).spawn(listen)?;
        Ok(Self { pressed, stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Keyboard {
    fn drop(&mut self) {
        // Closing the pipe is what makes its other end readable.
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// What was typed next; `None` once the view or the terminal is gone.
fn read(stdin: BorrowedFd<'_>, stopped: BorrowedFd<'_>) -> Option<Vec<u8>> {
    let mut polled = [PollFd::from_borrowed_fd(stopped, PollFlags::IN), PollFd::from_borrowed_fd(stdin, PollFlags::IN)];
    loop {
        match poll(&mut polled, None) {
            Err(rustix::io::Errno::INTR) => {}
            Err(_) => return None,
            Ok(_) if !polled[0].revents().is_empty() => return None,
            Ok(_) => break,
        }
    }
    let mut bytes = [0; 64];
    match rustix::io::retry_on_intr(|| rustix::io::read(stdin, &mut bytes)) {
        Ok(length @ 1..) => Some(bytes[..length].to_vec()),
        // The end of a terminal is 0 bytes or EIO.
        Ok(0) | Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_their_sequences_are_told_apart() {
        assert_eq!(parse(b"qmd"), [Key::End, Key::Mark, Key::Disturbance]);
        assert_eq!(parse(b"\x03"), [Key::End]);
        assert_eq!(parse(b"\x1b[A\x1bOB\x1b[6~"), [Key::Scroll(-1), Key::Scroll(1), Key::Scroll(PAGE)]);
        assert_eq!(parse(b"\x1b"), [Key::Back]);
    }

    #[test]
    fn a_foreign_sequence_presses_no_key_by_its_letters() {
        // F5, a mouse report, a paste in brackets and a cut sequence.
        assert_eq!(parse(b"\x1b[15~\x1b[<0;3;4Mm"), [Key::Mark]);
        assert_eq!(parse(b"\x1b[1;5"), []);
        assert_eq!(parse("é".as_bytes()), []);
    }
}
