//! The control socket, and files at the end and on signals: how the world outside reaches the recorder. One thread does it
//! all; docs/heap-protocol.md has the protocol.
//!
//! [`listen`](crate::listen) opens it. A forked child neither answers nor removes its parent's socket: the thread does not
//! exist in it, and every way to the end looks at the pid first.

mod conversation;
mod peer;
mod place;
mod protocol;
mod requests;
mod server;
mod tracer;

use std::io;
use std::path::{Path, PathBuf};
use std::thread::Builder;

use thiserror::Error;

use crate::exit::{self, Bell, Call, Files, Wishes};

pub(crate) use protocol::{Asked, Form, asked};
pub(crate) use tracer::{Sake, Tracer};

use place::Place;
use server::Server;

/// The stack of the control thread: the depth of what it does is small and known.
const STACK: usize = 512 << 10;

/// Why nothing, or not everything, is listened to. The program goes on without.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ListenError {
    /// This process listens already.
    #[error("this process listens already")]
    Already,
    /// A folder for the socket is not its owner's alone.
    #[error("no socket in {path}: {reason}")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The socket could not be made.
    #[error("no socket at {path}")]
    Socket {
        /// Where.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Another process listens there: one of the same pid in another container that shares the folder.
    #[error("another process listens at {path}")]
    Taken {
        /// Where.
        path: PathBuf,
    },
    /// There is no place for a socket.
    #[error("there is no folder for a socket")]
    Nowhere,
    /// An environment variable asks for something that cannot be had.
    #[error("{name}: {reason}")]
    Variable {
        /// Its name.
        name: &'static str,
        /// Why not.
        reason: String,
    },
    /// The control thread or its descriptors could not be made.
    #[error("cannot start the control thread")]
    Thread(#[source] io::Error),
    /// Tracing could not be started for the file that was asked for.
    #[error("cannot start tracing: {0}")]
    Start(String),
}

/// Listening, until it is dropped or the process exits.
#[derive(Debug)]
#[must_use = "it listens until this is dropped: keep it in a variable of main, as in `let _heap = soak_heap::listen();`"]
pub struct Listening {
    socket: Option<PathBuf>,
    error: Option<ListenError>,
    listens: bool,
}

impl Listening {
    /// Where the control socket is; `None` where there is none.
    pub fn socket(&self) -> Option<&Path> {
        self.socket.as_deref()
    }

    /// Why nothing, or not everything, is listened to. A program that does not ask never hears of it.
    pub fn error(&self) -> Option<&ListenError> {
        self.error.as_ref()
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        if self.listens {
            exit::end();
        }
    }
}

/// Listens with this engine, and writes the files that are wished for.
pub(crate) fn listen_with(tracer: impl Tracer, wishes: Result<Wishes, ListenError>) -> Listening {
    let none = |error| Listening { socket: None, error: Some(error), listens: false };
    if !exit::claim() {
        return none(ListenError::Already);
    }
    let (place, no_place) = split(Place::take());
    let (wishes, no_wishes) = split(wishes);
    let (files, no_files) = split(exit::grant(&wishes.unwrap_or_default(), &tracer));
    let (socket, files) = (place.as_ref().map(|place| place.path.clone()), files.flatten());
    // What was asked for goes before what was not.
    let error = no_wishes.or(no_files).or(no_place);
    if place.is_none() && files.is_none() && !tracer.writes_itself() {
        exit::unclaim();
        return none(error.unwrap_or(ListenError::Nowhere));
    }
    let waits_long = files.is_some() || tracer.writes_itself();
    let server = Server::new(tracer, place);
    match exit::hang_up(waits_long).and_then(|bell| spawn(server, files, bell)) {
        Ok(()) => Listening { socket, error, listens: true },
        Err(source) => {
            // The server, and with it the socket, went with the closure that could not run.
            if let Some(path) = socket {
                let _ = std::fs::remove_file(path);
            }
            exit::unclaim();
            none(ListenError::Thread(source))
        }
    }
}

fn split<T>(outcome: Result<T, ListenError>) -> (Option<T>, Option<ListenError>) {
    match outcome {
        Ok(value) => (Some(value), None),
        Err(error) => (None, Some(error)),
    }
}

fn spawn<T: Tracer>(server: Server<T>, files: Option<Files>, bell: Bell) -> io::Result<()> {
    let thread = Builder::new().name("soak-heap-ctl".into()).stack_size(STACK);
    thread.spawn(move || attend(server, files, &bell)).map(drop)
}

/// What the control thread does until the end.
fn attend<T: Tracer>(mut server: Server<T>, mut files: Option<Files>, bell: &Bell) {
    exit::leave_signals_to_others();
    server.tracer().leave_out_this_thread();
    loop {
        if !server.turn(&bell.ring) {
            continue;
        }
        match bell.answer() {
            Call::Nothing => {}
            Call::File => write(&server, files.as_mut()),
            Call::End => {
                write(&server, files.as_mut());
                server.tracer().end();
                server.close();
                return bell.done();
            }
        }
    }
}

/// Writes a file, where files are wished for. There is nobody to tell where that fails: the file is not there.
fn write<T: Tracer>(server: &Server<T>, files: Option<&mut Files>) {
    if let Some(files) = files
        && let Ok(snapshot) = server.tracer().snapshot()
    {
        let _ = files.write(&snapshot, server.program());
    }
}
