//! One connection to the control socket: bounded reads, answers in order, and never a wait.
//!
//! While an answer is on its way, no further request is read, so that a client can make the process hold one line, one
//! answer's head and one snapshot, whatever it sends. A snapshot waits in a file in memory (memfd) rather than in the heap
//! that is looked at.

use std::fs::File;
use std::io::{self, BufWriter, Seek};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::FileExt;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use rustix::event::PollFlags;
use rustix::fs::{MemfdFlags, memfd_create};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, recv, send};

use super::protocol::{self, LONGEST};

/// How much of a snapshot is sent at a time.
const CHUNK: usize = 16 << 10;
/// How long a client may leave an answer unread.
const PATIENCE: Duration = Duration::from_secs(30);

/// A connection.
#[derive(Debug)]
pub(super) struct Conversation {
    stream: UnixStream,
    /// A request of which the end has not come yet, and what came after it.
    input: Vec<u8>,
    /// What is left to send of the answer's line.
    head: Vec<u8>,
    body: Option<Body>,
    /// When anything last went either way.
    pub(super) active: Instant,
    /// Whether it asked for tracing.
    pub(super) holds: bool,
    ending: bool,
}

/// A snapshot on its way.
#[derive(Debug)]
pub(super) struct Body {
    file: File,
    sent: u64,
    length: u64,
}

/// What a conversation has come to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// A whole request.
    Request(Vec<u8>),
    /// It waits for the client.
    Waiting,
    /// It is over.
    Over,
}

impl Body {
    /// What `write` writes.
    pub(super) fn new(write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) -> io::Result<Self> {
        let mut writer = BufWriter::new(File::from(memfd_create("soak-heap", MemfdFlags::CLOEXEC)?));
        write(&mut writer)?;
        let mut file = writer.into_inner().map_err(io::IntoInnerError::into_error)?;
        let length = file.stream_position()?;
        Ok(Self { file, sent: 0, length })
    }

    /// How many bytes it has.
    pub(super) fn length(&self) -> u64 {
        self.length
    }
}

impl Conversation {
    /// A conversation with whoever is at the other end.
    pub(super) fn new(stream: UnixStream, now: Instant) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        let (input, head) = (Vec::with_capacity(LONGEST), Vec::new());
        Ok(Self { stream, input, head, body: None, active: now, holds: false, ending: false })
    }

    /// What it waits for.
    pub(super) fn interest(&self) -> PollFlags {
        if self.is_sending() { PollFlags::OUT } else { PollFlags::IN }
    }

    /// How long it may still leave an answer unread; `None` where it owes nothing.
    pub(super) fn time_left(&self, now: Instant) -> Option<Duration> {
        self.is_sending().then(|| (self.active + PATIENCE).saturating_duration_since(now))
    }

    /// Sends this answer next.
    pub(super) fn answer(&mut self, head: Vec<u8>, body: Option<Body>) {
        self.head = head;
        self.body = body;
    }

    /// Sends this answer and ends.
    pub(super) fn dismiss(&mut self, head: Vec<u8>) {
        self.answer(head, None);
        self.ending = true;
    }

    /// Whether the next request is already here.
    pub(super) fn has_request(&self) -> bool {
        !self.is_sending() && self.input.contains(&b'\n')
    }

    fn is_sending(&self) -> bool {
        !self.head.is_empty() || self.body.is_some()
    }

    /// Goes on as far as it can without waiting.
    pub(super) fn advance(&mut self, now: Instant) -> Turn {
        match self.send(now) {
            Ok(true) if self.ending => return Turn::Over,
            Ok(true) => {}
            Ok(false) => return Turn::Waiting,
            Err(_) => return Turn::Over,
        }
        loop {
            if let Some(line) = self.line() {
                return Turn::Request(line);
            }
            if self.input.len() > LONGEST {
                self.dismiss(protocol::refusal(&format!("a request has at most {LONGEST} bytes")));
                return if self.send(now).is_ok_and(|sent| !sent) { Turn::Waiting } else { Turn::Over };
            }
            let mut room = [0; LONGEST];
            match recv(&self.stream, &mut room, RecvFlags::empty()) {
                // The end, or a request whose end will never come.
                Ok((_, 0)) => return Turn::Over,
                Ok((_, length)) => {
                    self.active = now;
                    self.input.extend_from_slice(&room[..length]);
                }
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Turn::Waiting,
                Err(_) => return Turn::Over,
            }
        }
    }

    /// Takes the next request out of what was read.
    fn line(&mut self) -> Option<Vec<u8>> {
        let end = self.input.iter().position(|&byte| byte == b'\n')?;
        let rest = self.input.split_off(end + 1);
        let mut line = std::mem::replace(&mut self.input, rest);
        line.truncate(line.trim_ascii_end().len());
        Some(line)
    }

    /// Sends what there is to send; whether that was all.
    fn send(&mut self, now: Instant) -> io::Result<bool> {
        while !self.head.is_empty() {
            match offer(self.stream.as_fd(), &self.head)? {
                0 => return Ok(false),
                sent => drop(self.head.drain(..sent)),
            }
            self.active = now;
        }
        while let Some(body) = &mut self.body {
            let mut room = [0; CHUNK];
            let wanted = (body.length - body.sent).min(CHUNK as u64) as usize;
            if wanted == 0 {
                self.body = None;
                break;
            }
            body.file.read_exact_at(&mut room[..wanted], body.sent)?;
            match offer(self.stream.as_fd(), &room[..wanted])? {
                0 => return Ok(false),
                sent => body.sent += sent as u64,
            }
            self.active = now;
        }
        Ok(true)
    }
}

/// Sends as much as there is room for: 0 where there is none. A client that is gone is an error and never a SIGPIPE.
fn offer(stream: BorrowedFd<'_>, bytes: &[u8]) -> io::Result<usize> {
    loop {
        match send(stream, bytes, SendFlags::NOSIGNAL) {
            Ok(sent) => return Ok(sent),
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => return Ok(0),
            Err(errno) => return Err(errno.into()),
        }
    }
}

impl AsFd for Conversation {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::Shutdown;

    use super::*;

    fn pair() -> (Conversation, UnixStream) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        (Conversation::new(ours, Instant::now()).unwrap(), theirs)
    }

    #[test]
    fn requests_come_one_by_one_however_they_are_cut() {
        let (mut ours, mut theirs) = pair();
        let now = Instant::now();
        assert_eq!(ours.advance(now), Turn::Waiting);
        theirs.write_all(b"hel").unwrap();
        assert_eq!(ours.advance(now), Turn::Waiting);
        theirs.write_all(b"lo 1\r\nstatus\nsto").unwrap();
        assert_eq!(ours.advance(now), Turn::Request(b"hello 1".to_vec()));
        assert_eq!(ours.advance(now), Turn::Request(b"status".to_vec()));
        assert_eq!(ours.advance(now), Turn::Waiting);
        theirs.shutdown(Shutdown::Write).unwrap();
        assert_eq!(ours.advance(now), Turn::Over);
    }

    #[test]
    fn a_line_without_end_is_answered_once_and_held_in_little_memory() {
        let (mut ours, mut theirs) = pair();
        theirs.write_all(&vec![b'x'; 64 << 10]).unwrap();
        assert_eq!(ours.advance(Instant::now()), Turn::Over);
        assert!(ours.input.len() <= 2 * LONGEST, "{}", ours.input.len());
        drop(ours);
        let mut answer = String::new();
        // What was never read makes the kernel tell of a reset behind the answer.
        let _ = theirs.read_to_string(&mut answer);
        assert!(answer.contains("at most 256 bytes"), "{answer}");
    }

    #[test]
    fn an_answer_goes_out_whole_before_the_next_request_is_read() {
        let (mut ours, mut theirs) = pair();
        let now = Instant::now();
        let large = vec![b'y'; 3 << 20];
        ours.answer(b"head\n".to_vec(), Some(Body::new(|out| out.write_all(&large)).unwrap()));
        theirs.write_all(b"status\n").unwrap();
        assert_eq!(ours.advance(now), Turn::Waiting);
        assert_eq!((ours.interest(), ours.time_left(now)), (PollFlags::OUT, Some(PATIENCE)));
        let mut answer = vec![0; 5 + large.len()];
        let reader = std::thread::spawn(move || {
            theirs.read_exact(&mut answer).unwrap();
            (answer, theirs)
        });
        // Whatever the reader's speed, the request comes behind the answer.
        let next = loop {
            match ours.advance(now) {
                Turn::Waiting => std::thread::yield_now(),
                next => break next,
            }
        };
        assert_eq!(next, Turn::Request(b"status".to_vec()));
        let (answer, _theirs) = reader.join().unwrap();
        assert!(answer.starts_with(b"head\nyy") && answer.ends_with(b"yy"));
        assert_eq!(ours.time_left(now), None);
    }

    #[test]
    fn a_client_that_is_killed_in_the_middle_of_a_snapshot_ends_its_conversation_only() {
        let (mut ours, theirs) = pair();
        ours.answer(b"head\n".to_vec(), Some(Body::new(|out| out.write_all(&vec![0; 1 << 20])).unwrap()));
        assert_eq!(ours.advance(Instant::now()), Turn::Waiting);
        drop(theirs);
        // The process lives on after it: no SIGPIPE.
        assert_eq!(ours.advance(Instant::now()), Turn::Over);
    }
}
