//! The control thread: it waits for requests, signals and the end, and is the only one that does anything about them. The
//! threads of the program never wait for it.

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::conversation::{Conversation, Turn};
use super::peer;
use super::place::Place;
use super::tracer::{Lease, Tracer};
use crate::program::Program;

/// Connections at a time. One more takes the place of the one that has been silent longest.
const MOST: usize = 8;
/// Requests that are followed in a row, before the others have their turn.
const MOST_REQUESTS: usize = 16;
/// How long it waits before it accepts again where that failed: the process may be out of descriptors for a while.
const ACCEPT_AGAIN: Duration = Duration::from_secs(1);

/// Serves the control socket.
#[derive(Debug)]
pub(super) struct Server<T> {
    pub(super) tracer: T,
    pub(super) program: Program,
    /// Where it listens; `None` where there was no place for a socket.
    place: Option<Place>,
    pub(super) conversations: Vec<Conversation>,
    pub(super) lease: Lease,
    /// No connection is accepted before.
    accepts_from: Instant,
}

impl<T: Tracer> Server<T> {
    pub(super) fn new(tracer: T, place: Option<Place>) -> Self {
        let (program, accepts_from) = (Program::this(), Instant::now());
        Self { tracer, program, place, conversations: Vec::new(), lease: Lease::None, accepts_from }
    }

    /// Waits until something has come to this server or `woken` is readable, and sees to it; whether it was `woken`.
    pub(super) fn turn(&mut self, woken: &OwnedFd) -> bool {
        let now = Instant::now();
        let listener = self.place.as_ref().filter(|_| self.accepts_from <= now).map(|place| &place.listener);
        let mut polled = vec![PollFd::new(woken, PollFlags::IN)];
        let interest = |conversation| PollFd::new(conversation, Conversation::interest(conversation));
        polled.extend(self.conversations.iter().map(interest));
        polled.extend(listener.map(|listener| PollFd::new(listener, PollFlags::IN)));
        let ready = poll(&mut polled, self.patience(now).as_ref());
        let is_woken = !polled[0].revents().is_empty();
        let is_called = listener.is_some() && polled.last().is_some_and(|listener| !listener.revents().is_empty());
        drop(polled);
        if ready.is_ok() {
            let now = Instant::now();
            self.converse(now);
            if is_called {
                self.accept(now);
            }
            self.see_to_lease(now);
        }
        is_woken
    }

    /// Ends every connection and removes the socket.
    pub(super) fn close(&mut self) {
        self.conversations.clear();
        self.place.take().into_iter().for_each(Place::leave);
    }

    /// What it controls.
    pub(super) fn tracer(&self) -> &T {
        &self.tracer
    }

    /// The program that is traced.
    pub(super) fn program(&self) -> &Program {
        &self.program
    }

    /// How long nothing needs to be done if nothing comes.
    fn patience(&self, now: Instant) -> Option<Timespec> {
        let paused = (self.accepts_from > now).then(|| self.accepts_from - now);
        let answers = self.conversations.iter().filter_map(|conversation| conversation.time_left(now));
        let unheard = self.conversations.iter().any(Conversation::has_request).then_some(Duration::ZERO);
        let shortest = answers.chain(unheard).chain(paused).chain(self.lease.time_left(now)).min()?;
        // A little more, so that it is over when it wakes.
        Timespec::try_from(shortest + Duration::from_millis(1)).ok()
    }

    fn converse(&mut self, now: Instant) {
        // Each is taken out for its turn, so that the others can be looked at.
        for _ in 0..self.conversations.len() {
            let mut conversation = self.conversations.remove(0);
            if self.hear(&mut conversation, now) {
                self.conversations.push(conversation);
            }
        }
    }

    /// Follows what is asked in a conversation; whether it goes on.
    fn hear(&mut self, conversation: &mut Conversation, now: Instant) -> bool {
        if conversation.time_left(now) == Some(Duration::ZERO) {
            return false;
        }
        for _ in 0..MOST_REQUESTS {
            match conversation.advance(now) {
                Turn::Waiting => return true,
                Turn::Over => return false,
                Turn::Request(line) => self.follow(&line, conversation),
            }
        }
        true
    }

    fn accept(&mut self, now: Instant) {
        // As many as there can be; the next turn has the others.
        for _ in 0..MOST {
            let Some(place) = &self.place else { return };
            match place.listener.accept() {
                Ok((stream, _)) => self.welcome(stream, now),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return,
                Err(_) => {
                    self.accepts_from = now + ACCEPT_AGAIN;
                    return;
                }
            }
        }
    }

    fn welcome(&mut self, stream: UnixStream, now: Instant) {
        let own = rustix::process::geteuid().as_raw();
        // The folder keeps others out already; this holds where its mode was changed meanwhile.
        if !peer::user(&stream).is_ok_and(|user| user == own || user == 0) {
            return;
        }
        let Ok(conversation) = Conversation::new(stream, now) else { return };
        if self.conversations.len() >= MOST {
            let silent = self.conversations.iter().enumerate().min_by_key(|(_, conversation)| conversation.active);
            if let Some(place) = silent.map(|(place, _)| place) {
                self.conversations.swap_remove(place);
            }
        }
        self.conversations.push(conversation);
    }

    fn see_to_lease(&mut self, now: Instant) {
        let holders = self.conversations.iter().filter(|conversation| conversation.holds).count();
        self.lease = self.lease.with_holders(holders, now);
        if self.lease.is_over(now) {
            self.release();
        }
    }

    /// Ends tracing that went on for a lease; whether it did.
    pub(super) fn release(&mut self) -> bool {
        let was_leased = std::mem::take(&mut self.lease) != Lease::None;
        // The program may have asked for it itself meanwhile.
        let ends = was_leased && !self.tracer.is_programs_own();
        if ends {
            self.tracer.stop();
        }
        ends
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::fs::Permissions;
    use std::io::{BufRead, BufReader, Read, Write};
    use std::os::unix::fs::PermissionsExt;
    use std::path::{Path, PathBuf};

    use rustix::event::{EventfdFlags, eventfd};
    use serde_json::Value;

    use super::super::protocol::Asked;
    use super::super::tracer::Sake;
    use super::*;
    use crate::snapshot::{Snapshot, tests::snapshot};

    /// An engine that notes what it is told.
    #[derive(Default)]
    struct Noting {
        tracing: Cell<bool>,
        programs_own: Cell<bool>,
        asked: Cell<Option<Asked>>,
    }

    impl Tracer for Noting {
        fn engine(&self) -> &'static str {
            "noting"
        }
        fn is_tracing(&self) -> bool {
            self.tracing.get()
        }
        fn is_programs_own(&self) -> bool {
            self.programs_own.get()
        }
        fn periods(&self) -> Option<(u64, u64)> {
            Some((1, 4096))
        }
        fn start(&self, asked: Asked, _: Sake) -> Result<(), String> {
            self.asked.set(Some(asked));
            self.tracing.set(true);
            Ok(())
        }
        fn stop(&self) {
            self.tracing.set(false);
        }
        fn snapshot(&self) -> Result<Snapshot, String> {
            self.tracing.get().then(snapshot).ok_or_else(|| "nothing is traced; start it first".to_owned())
        }
        fn leave_out_this_thread(&self) {}
    }

    struct Client {
        stream: BufReader<UnixStream>,
    }

    impl Client {
        fn connect(path: &Path) -> Self {
            Self { stream: BufReader::new(UnixStream::connect(path).unwrap()) }
        }

        fn send(&mut self, line: &str) {
            self.stream.get_mut().write_all(line.as_bytes()).unwrap();
        }

        fn answer(&mut self) -> Value {
            let mut line = String::new();
            self.stream.read_line(&mut line).unwrap();
            serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
        }
    }

    /// A server that is turned by hand, on the thread of the test.
    struct Bench {
        server: Server<Noting>,
        wake: OwnedFd,
        path: PathBuf,
        _folder: tempfile::TempDir,
    }

    impl Bench {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            std::fs::set_permissions(folder.path(), Permissions::from_mode(0o700)).unwrap();
            let place = Place::take_in(folder.path(), std::process::id()).unwrap();
            let path = place.path.clone();
            // It is readable all the time, so that a turn never waits.
            let wake = eventfd(1, EventfdFlags::CLOEXEC).unwrap();
            Self { server: Server::new(Noting::default(), Some(place)), wake, path, _folder: folder }
        }

        fn client(&mut self) -> Client {
            let client = Client::connect(&self.path);
            self.turn();
            client
        }

        fn turn(&mut self) {
            for _ in 0..4 {
                assert!(self.server.turn(&self.wake));
            }
        }

        fn ask(&mut self, client: &mut Client, line: &str) -> Value {
            client.send(&format!("{line}\n"));
            self.turn();
            client.answer()
        }
    }

    #[test]
    fn the_protocol_from_hello_to_stop() {
        let mut bench = Bench::new();
        let mut client = bench.client();
        let hello = bench.ask(&mut client, "hello 1");
        assert_eq!((&hello["ok"], &hello["protocol"], &hello["tracing"]), (&true.into(), &1.into(), &false.into()));
        assert_eq!((&hello["pid"], &hello["engine"]), (&std::process::id().into(), &"noting".into()));
        let refused = bench.ask(&mut client, "snapshot dhat");
        assert_eq!((&refused["ok"], &refused["error"]), (&false.into(), &"nothing is traced; start it first".into()));
        assert_eq!(bench.ask(&mut client, "start period 4096")["started"], true);
        assert_eq!(bench.server.tracer.asked.get(), Some(Asked::Bytes(4096)));
        let status = bench.ask(&mut client, "status");
        assert_eq!((&status["startedBy"], &status["longestPeriodBytes"]), (&"socket".into(), &4096.into()));
        let head = bench.ask(&mut client, "snapshot dhat");
        assert_eq!((&head["liveBytes"], &head["arena"]["free"]), (&4128.into(), &6.into()));
        let mut body = vec![0; head["bytes"].as_u64().unwrap() as usize];
        client.stream.read_exact(&mut body).unwrap();
        let file: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!((&file["pid"], &file["pps"][0]["tb"]), (&std::process::id().into(), &4096.into()));
        assert_eq!(bench.ask(&mut client, "stop")["stopped"], true);
        assert!(!bench.server.tracer.is_tracing());
    }

    #[cfg(feature = "pprof")]
    #[test]
    fn a_snapshot_comes_as_pprof_too() {
        let mut bench = Bench::new();
        let mut client = bench.client();
        bench.ask(&mut client, "start");
        let head = bench.ask(&mut client, "snapshot pprof");
        let mut body = vec![0; head["bytes"].as_u64().unwrap() as usize];
        client.stream.read_exact(&mut body).unwrap();
        assert_eq!(body[..2], [0x1f, 0x8b]);
    }

    #[test]
    fn garbage_harms_neither_its_connection_nor_the_others() {
        let mut bench = Bench::new();
        let (mut first, mut second) = (bench.client(), bench.client());
        for garbage in ["", "GET / HTTP/1.1", "snapshot \u{1f600}", "start period nan", "\0\0\0"] {
            assert_eq!(bench.ask(&mut first, garbage)["ok"], false, "{garbage:?}");
        }
        assert_eq!(bench.ask(&mut first, "hello 1")["ok"], true);
        first.send(&"x".repeat(4096));
        bench.turn();
        assert!(first.answer()["error"].as_str().unwrap().contains("at most"));
        assert_eq!(bench.ask(&mut second, "hello 1")["ok"], true);
        assert_eq!(bench.server.conversations.len(), 1);
    }

    #[test]
    fn a_client_that_is_gone_leaves_the_socket_to_the_next() {
        let mut bench = Bench::new();
        let mut client = bench.client();
        bench.ask(&mut client, "start");
        client.send("snapshot dhat\nsnapshot dhat\n");
        drop(client);
        bench.turn();
        assert!(bench.server.conversations.is_empty());
        assert!(matches!(bench.server.lease, Lease::Abandoned(_)) && bench.server.tracer.is_tracing());
        let mut next = bench.client();
        assert_eq!(bench.ask(&mut next, "start")["started"], false);
        assert_eq!(bench.server.lease, Lease::Held);
    }

    #[test]
    fn tracing_ends_with_the_lease_but_not_where_the_program_wants_it_too() {
        for (programs_own, ends) in [(false, true), (true, false)] {
            let mut bench = Bench::new();
            let mut client = bench.client();
            bench.ask(&mut client, "start");
            bench.server.tracer.programs_own.set(programs_own);
            drop(client);
            bench.turn();
            bench.server.see_to_lease(Instant::now() + Duration::from_secs(61));
            assert_eq!(bench.server.tracer.is_tracing(), !ends);
            assert_eq!(bench.server.lease, Lease::None);
        }
    }

    #[test]
    fn one_client_cannot_stop_what_another_or_the_program_wants() {
        let mut bench = Bench::new();
        let (mut first, mut second) = (bench.client(), bench.client());
        bench.ask(&mut first, "start");
        bench.ask(&mut second, "start");
        assert_eq!(bench.ask(&mut first, "stop")["stopped"], false);
        assert_eq!(bench.ask(&mut second, "stop")["stopped"], true);
        bench.server.tracer.tracing.set(true);
        bench.server.tracer.programs_own.set(true);
        assert!(bench.ask(&mut first, "stop")["error"].as_str().unwrap().contains("the program itself"));
        assert_eq!(bench.ask(&mut first, "status")["startedBy"], "program");
    }

    #[test]
    fn one_connection_too_many_takes_the_place_of_the_most_silent() {
        let mut bench = Bench::new();
        let mut clients: Vec<Client> = (0..MOST).map(|_| bench.client()).collect();
        bench.ask(&mut clients[0], "status");
        let mut late = bench.client();
        assert_eq!(bench.ask(&mut late, "status")["ok"], true);
        assert_eq!(bench.server.conversations.len(), MOST);
        assert_eq!(bench.ask(&mut clients[0], "status")["ok"], true);
        let mut rest = Vec::new();
        assert_eq!(clients[1].stream.read_to_end(&mut rest).unwrap(), 0);
    }

    #[test]
    fn the_socket_goes_with_its_server() {
        let mut bench = Bench::new();
        let mut client = bench.client();
        bench.server.close();
        assert!(!bench.path.exists());
        assert_eq!(client.stream.read_to_end(&mut Vec::new()).unwrap(), 0);
    }
}
