//! The stage of these tests: a server that follows a script, and a client with its clock.

use std::net::SocketAddr;
use std::os::fd::BorrowedFd;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use hyper::Method;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::{LocalSet, spawn_local};

use crate::clock::{Clock, Wake};
use crate::domain::Elapsed;
use crate::driver::link::{Dialler, End, Endpoint, Exchange, Link, Outgoing, Reading};
use crate::driver::{Failure, FailureClass};
use crate::profile::{HttpVersion, Keep};

/// No test waits this long unless it fails.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// Runs a test on one thread, within its patience.
pub(super) fn run<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let within = async { tokio::time::timeout(PATIENCE, test).await.unwrap() };
    LocalSet::new().block_on(&runtime, within)
}

/// The server's side of a connection.
pub(super) struct Peer<S> {
    stream: S,
    /// The connection's number, from 0.
    pub(super) number: usize,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Peer<S> {
    pub(super) fn new(stream: S, number: usize) -> Self {
        Self { stream, number }
    }

    /// The next request with its body, or `None` where the client has gone.
    pub(super) async fn request(&mut self) -> Option<String> {
        let mut text = Vec::new();
        loop {
            if let Some(head) = find(&text, b"\r\n\r\n") {
                let lower = String::from_utf8_lossy(&text[..head]).to_ascii_lowercase();
                let length = lower
                    .split("content-length: ")
                    .nth(1)
                    .map_or(0, |rest| rest.split("\r\n").next().unwrap().parse::<usize>().unwrap());
                if text.len() >= head + 4 + length {
                    return Some(String::from_utf8(text).unwrap());
                }
            }
            if self.stream.read_buf(&mut text).await.ok()? == 0 {
                return None;
            }
        }
    }

    /// Writes as far as the client takes it; whether it took it all.
    pub(super) async fn write(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.stream.write_all(bytes.as_ref()).await.is_ok() && self.stream.flush().await.is_ok()
    }

    /// Reads some of what comes.
    pub(super) async fn some(&mut self) {
        assert!(self.stream.read(&mut [0; 1024]).await.unwrap() > 0);
    }

    /// Waits until the client has closed the connection.
    pub(super) async fn gone(&mut self) {
        let mut rest = [0; 1024];
        while !matches!(self.stream.read(&mut rest).await, Ok(0) | Err(_)) {}
    }
}

impl Peer<TcpStream> {
    /// Closes the connection by a reset.
    pub(super) fn reset(self) {
        self.stream.set_zero_linger().unwrap();
    }
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}

/// A server whose connections each follow the script.
pub(super) async fn serve<F: Future<Output = ()> + 'static>(
    script: impl Fn(Peer<TcpStream>) -> F + 'static,
) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let script = Rc::new(script);
    spawn_local(async move {
        for number in 0.. {
            let stream = listener.accept().await.unwrap().0;
            stream.set_nodelay(true).unwrap();
            spawn_local(script(Peer { stream, number }));
        }
    });
    address
}

/// A server that gives every request the same answer, on a connection that stays.
pub(super) async fn always(answer: &'static str) -> SocketAddr {
    serve(move |mut peer| async move { while peer.request().await.is_some() && peer.write(answer).await {} }).await
}

/// A server that answers one request of each connection so, and closes it.
pub(super) async fn once(answer: &'static str) -> SocketAddr {
    serve(move |mut peer| async move {
        peer.request().await;
        peer.write(answer).await;
    })
    .await
}

/// A clock that moves when the server says so, and lets it wait until the client has looked.
#[derive(Default)]
pub(super) struct SharedClock {
    millis: AtomicU64,
    looks: AtomicUsize,
    looked: Notify,
}

impl SharedClock {
    pub(super) fn advance(&self, millis: u64) {
        self.millis.fetch_add(millis, Ordering::Relaxed);
    }

    /// Does something that makes the client look at the clock, and waits until it has.
    pub(super) async fn until_seen(&self, doing: impl Future<Output = bool>) {
        let before = self.looks.load(Ordering::Relaxed);
        assert!(doing.await);
        while self.looks.load(Ordering::Relaxed) == before {
            self.looked.notified().await;
        }
    }
}

impl Clock for SharedClock {
    fn now(&self) -> Elapsed {
        self.looks.fetch_add(1, Ordering::Relaxed);
        self.looked.notify_one();
        Elapsed::new(Duration::from_millis(self.millis.load(Ordering::Relaxed)))
    }

    fn wait_until(&self, due: Elapsed, _: &[BorrowedFd<'_>]) -> Wake {
        unreachable!("nobody waits for {due:?}")
    }
}

/// A client with its clock and its buffer.
pub(super) struct Client {
    pub(super) link: Link,
    pub(super) seen: Exchange,
    pub(super) clock: Arc<SharedClock>,
}

impl Client {
    pub(super) fn new(address: SocketAddr) -> Self {
        Self::of(&format!("http://{address}"), HttpVersion::Http1, Keep::Alive)
    }

    pub(super) fn of(base: &str, version: HttpVersion, keep: Keep) -> Self {
        let endpoint = Endpoint::new(base, None).unwrap();
        let dialler = Dialler::new(&endpoint, version, None).unwrap();
        Self::with(endpoint, dialler, keep)
    }

    pub(super) fn with(endpoint: Endpoint, dialler: Dialler, keep: Keep) -> Self {
        let link = Link::new(Arc::new(endpoint), Arc::new(dialler), keep);
        Self { link, seen: Exchange::default(), clock: Arc::default() }
    }

    /// GETs a path and reads the answer to its end.
    pub(super) async fn get(&mut self, path: &str) -> Result<End, Failure> {
        self.read(path, &Reading::whole(PATIENCE)).await
    }

    pub(super) async fn read(&mut self, path: &str, reading: &Reading<'_>) -> Result<End, Failure> {
        let request = Outgoing::new(Method::GET, self.link.endpoint().target(path).unwrap());
        self.send(request, reading).await
    }

    pub(super) async fn send(&mut self, request: Outgoing, reading: &Reading<'_>) -> Result<End, Failure> {
        self.link.exchange(request, reading, &*self.clock, &mut self.seen).await
    }

    /// GETs what must fail: the class and the story.
    pub(super) async fn fail(&mut self, reading: &Reading<'_>) -> (FailureClass, String) {
        let failure = self.read("/", reading).await.unwrap_err();
        (failure.class, failure.story)
    }

    pub(super) fn status(&self) -> Option<u16> {
        self.seen.status.map(|status| status.as_u16())
    }
}

/// A time that is waited for, because it must pass: short, and nothing hangs on how long it takes.
pub(super) const SOON: Duration = Duration::from_millis(50);

/// An answer that has to come within [`SOON`].
pub(super) fn hurried() -> Reading<'static> {
    Reading::whole(SOON)
}

/// How many ... so far.
#[derive(Clone, Default)]
pub(super) struct Count(Rc<std::cell::Cell<usize>>);

impl Count {
    pub(super) fn add(&self) {
        self.0.set(self.0.get() + 1);
    }

    pub(super) fn get(&self) -> usize {
        self.0.get()
    }
}
