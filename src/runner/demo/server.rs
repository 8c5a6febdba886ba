//! The demo server as a process: it binds loopback, says where, and serves until it is told to end.

use std::io::{self, stdin};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::AsFd;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::net::unix::pipe::Receiver;
use tokio::signal::unix::{SignalKind, signal};

use super::connection::{Cut, Door};
use super::routes;
use super::state::{Behaviour, Demo};

/// What ends the server, besides SIGTERM and SIGINT.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lifeline {
    /// Nothing else.
    #[default]
    Signals,
    /// The end of standard input, a pipe that its parent holds: so that it never outlives a parent that was killed.
    Stdin,
}

/// How to run the server.
#[derive(Clone, Debug, Default)]
pub struct ServerOptions {
    /// The port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// How it behaves.
    pub behaviour: Behaviour,
    /// What ends it.
    pub lifeline: Lifeline,
}

/// How a server ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It was told to.
    Told,
    /// It crashed: that was its fault.
    Crashed,
}

/// Why the demo server could not serve.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The port is taken or not allowed.
    #[error("the demo server cannot listen on 127.0.0.1:{port}")]
    Listen {
        /// The port asked for.
        port: u16,
        /// What the kernel said.
        #[source]
        source: io::Error,
    },
    /// Standard input was to be the lifeline and is no pipe.
    #[error("standard input is not a pipe, so its end cannot end the demo server")]
    Lifeline(#[source] io::Error),
    /// No runtime, no signal handler, or serving itself failed.
    #[error("the demo server cannot run")]
    Run(#[from] io::Error),
}

/// Serves on this thread until SIGTERM, SIGINT, the end of the lifeline or a crash; `announce` is told the address once
/// connections are taken. Requests under way at the end are cut.
///
/// # Errors
/// The port cannot be had, or the process cannot set itself up to serve.
pub fn run(options: ServerOptions, announce: impl FnOnce(SocketAddr)) -> Result<Ending, DemoError> {
    // One thread for everything: any growth in threads is then a fault's.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let lifeline = match options.lifeline {
            Lifeline::Signals => None,
            Lifeline::Stdin => Some(stdin_pipe().map_err(DemoError::Lifeline)?),
        };
        let port = options.port;
        let listen = |source| DemoError::Listen { port, source };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(listen)?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        announce(listener.local_addr()?);
        tokio::select! {
            served = serve(listener, options.behaviour) => Ok(served?),
            _ = terminate.recv() => Ok(Ending::Told),
            _ = interrupt.recv() => Ok(Ending::Told),
            () = end_of(lifeline) => Ok(Ending::Told),
        }
    })
}

/// Serves on `listener`, on the runtime that this is polled on, until it is dropped or crashes.
///
/// # Errors
/// As `axum::serve`, which goes on after errors of single connections.
pub async fn serve(listener: TcpListener, behaviour: impl Into<Behaviour>) -> io::Result<Ending> {
    serve_state(listener, Demo::new(behaviour)).await
}

/// Serves state that the caller may look at.
pub(super) async fn serve_state(listener: TcpListener, demo: Arc<Demo>) -> io::Result<Ending> {
    let service = routes::router(Arc::clone(&demo)).into_make_service_with_connect_info::<Cut>();
    tokio::select! {
        served = axum::serve(Door(listener), service) => served.map(|()| Ending::Told),
        () = demo.crash() => Ok(Ending::Crashed),
    }
}

fn stdin_pipe() -> io::Result<Receiver> {
    Receiver::from_owned_fd(stdin().as_fd().try_clone_to_owned()?)
}

/// Waits until the other end of the pipe is closed; for ever where there is none.
async fn end_of(lifeline: Option<Receiver>) {
    let Some(pipe) = lifeline else { return std::future::pending().await };
    let mut scrap = [0; 64];
    while pipe.readable().await.is_ok() {
        match pipe.try_read(&mut scrap) {
            Ok(0) => return,
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => return,
            Ok(_) | Err(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn a_port_that_is_taken_is_named() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = taken.local_addr().unwrap().port();
        let announce = |_| panic!("announced a port of somebody else");
        let error = run(ServerOptions { port, ..ServerOptions::default() }, announce).unwrap_err();
        assert!(error.to_string().contains(&port.to_string()), "{error}");
    }

    #[test]
    fn the_lifeline_ends_with_its_other_end_and_not_with_what_is_written_to_it() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (reader, mut writer) = io::pipe().unwrap();
            writer.write_all(b"still here").unwrap();
            let ended = end_of(Some(Receiver::from_owned_fd(reader.into()).unwrap()));
            tokio::pin!(ended);
            tokio::select! {
                biased;
                () = &mut ended => panic!("ended while its other end is open"),
                () = tokio::task::yield_now() => {}
            }
            drop(writer);
            ended.await;
        });
    }
}
