//! A connection to the tracer in the target: bounded in time and in size whatever is at the other end.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::net::sockopt::socket_peercred;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};
use serde::de::DeserializeOwned;

use super::answer::{self, Done, Hello, Started, Status, Taken};
use super::error::TracerError;
use super::find::Offer;

/// How long an answer may take. Making a snapshot takes the target some tens of milliseconds.
const LIMIT: Duration = Duration::from_secs(5);
/// How long a whole snapshot may take on its way.
const BODY_LIMIT: Duration = Duration::from_mins(1);
/// The longest line of an answer.
const LONGEST_LINE: u64 = 16 << 10;
/// The largest snapshot: ten times one with all the sites that the tracer has room for.
const LARGEST: u64 = 1 << 30;
/// How much of a snapshot is read at a time.
const CHUNK: usize = 64 << 10;

/// A connection to the tracer in a target.
///
/// After any error but [`TracerError::Refused`] it is not known what comes next on the connection: drop it.
#[derive(Debug)]
pub struct Tracer {
    stream: BufReader<UnixStream>,
    hello: Hello,
    limit: Duration,
}

impl Tracer {
    /// Connects, makes sure that it is the target who listens, and says hello.
    ///
    /// # Errors
    /// [`TracerError`], where the connection, the other end or its answer are not as they should be.
    pub fn connect(offer: &Offer) -> Result<Self, TracerError> {
        Self::connect_within(offer, LIMIT)
    }

    pub(super) fn connect_within(offer: &Offer, limit: Duration) -> Result<Self, TracerError> {
        let fail = |source: io::Error| TracerError::Connect { path: offer.path.clone(), source };
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None).map_err(|e| fail(e.into()))?;
        let address = SocketAddrUnix::new(&offer.path).map_err(|errno| fail(errno.into()))?;
        connect(&socket, &address).map_err(|errno| match errno {
            // Too many connections wait to be accepted already.
            Errno::AGAIN => TracerError::Silent { limit_s: 0 },
            errno => fail(errno.into()),
        })?;
        let peer = socket_peercred(&socket).map_err(|errno| fail(errno.into()))?;
        let (pid, user) = (peer.pid.as_raw_pid().unsigned_abs(), peer.uid.as_raw());
        // soak trusts whom the target trusts: its own user and root.
        if pid != offer.pid || (user != offer.user && user != 0) {
            return Err(TracerError::Stranger { path: offer.path.clone(), pid, user });
        }
        let stream = UnixStream::from(socket);
        stream.set_nonblocking(false).map_err(fail)?;
        stream.set_read_timeout(Some(limit)).map_err(fail)?;
        stream.set_write_timeout(Some(limit)).map_err(fail)?;
        let nobody = Hello { version: String::new(), pid, engine: String::new(), tracing: false };
        let mut tracer = Self { stream: BufReader::new(stream), hello: nobody, limit };
        tracer.hello = tracer.ask("hello 1")?;
        Ok(tracer)
    }

    /// Who is at the other end.
    pub fn hello(&self) -> &Hello {
        &self.hello
    }

    /// Has it trace, for as long as this connection is there and a minute longer.
    ///
    /// # Errors
    /// [`TracerError`]; [`TracerError::Refused`] with its reason.
    pub fn start(&mut self) -> Result<Started, TracerError> {
        self.ask("start")
    }

    /// How tracing goes.
    ///
    /// # Errors
    /// [`TracerError`].
    pub fn status(&mut self) -> Result<Status, TracerError> {
        self.ask("status")
    }

    /// Has it trace no longer for this client's sake.
    ///
    /// # Errors
    /// [`TracerError`]; [`TracerError::Refused`] where the program itself wants it traced.
    pub fn stop(&mut self) -> Result<(), TracerError> {
        self.ask::<Done>("stop").map(drop)
    }

    /// Takes a snapshot, which goes to `out` as DHAT v2.
    ///
    /// # Errors
    /// [`TracerError`]; where `out` fails, [`TracerError::Lost`].
    pub fn snapshot(&mut self, out: &mut impl Write) -> Result<Taken, TracerError> {
        let taken: Taken = self.ask("snapshot dhat")?;
        if taken.bytes > LARGEST {
            return Err(TracerError::Foreign(format!("it offers a snapshot of {} bytes", taken.bytes)));
        }
        let until = Instant::now() + BODY_LIMIT;
        let mut room = vec![0; CHUNK];
        let mut left = taken.bytes;
        while left > 0 {
            if Instant::now() > until {
                return Err(TracerError::Silent { limit_s: BODY_LIMIT.as_secs() });
            }
            let wanted = usize::try_from(left).unwrap_or(CHUNK).min(CHUNK);
            match self.stream.read(&mut room[..wanted]) {
                Ok(0) => return Err(TracerError::Lost(io::ErrorKind::UnexpectedEof.into())),
                Ok(length) => {
                    out.write_all(&room[..length]).map_err(TracerError::Lost)?;
                    left -= length as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(TracerError::of(error, self.limit.as_secs())),
            }
        }
        Ok(taken)
    }

    fn ask<T: DeserializeOwned>(&mut self, request: &str) -> Result<T, TracerError> {
        let limit_s = self.limit.as_secs();
        let lost = |error| TracerError::of(error, limit_s);
        self.stream.get_mut().write_all(format!("{request}\n").as_bytes()).map_err(lost)?;
        let mut line = Vec::new();
        (&mut self.stream).take(LONGEST_LINE).read_until(b'\n', &mut line).map_err(lost)?;
        match line.last() {
            Some(b'\n') => answer::read(&line),
            Some(_) if line.len() as u64 == LONGEST_LINE => {
                Err(TracerError::Foreign("an answer's line has no end".to_owned()))
            }
            _ => Err(TracerError::Lost(io::ErrorKind::UnexpectedEof.into())),
        }
    }
}

/// Becomes readable when the target hangs up.
impl AsFd for Tracer {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.get_ref().as_fd()
    }
}
