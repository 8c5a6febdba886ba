//! How connections are made: the socket, TLS where the address asks for it, and the first words of HTTP.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::Ordering;

use tokio::net::{TcpStream, UnixStream};

use super::endpoint::{Address, Endpoint, LinkError};
use super::fault;
use super::io::{Io, Socket};
#[cfg(feature = "tls")]
use super::tls::Tls;
use super::wire::Wire;
use crate::driver::failures::Failure;
use crate::profile::HttpVersion;

/// Makes connections, for all users of a run.
#[derive(Debug)]
pub struct Dialler {
    version: HttpVersion,
    #[cfg(feature = "tls")]
    tls: Option<Tls>,
}

impl Dialler {
    /// A dialler for addresses like `endpoint` (with TLS or without). `ca` is a file of certificates (PEM) that are trusted
    /// besides the system's; it is read only where TLS is spoken.
    ///
    /// # Errors
    /// TLS that cannot be set up: no such file, no certificate in it, a processor too old.
    pub fn new(endpoint: &Endpoint, version: HttpVersion, ca: Option<&Path>) -> Result<Self, LinkError> {
        #[cfg(not(feature = "tls"))]
        let _ = (endpoint, ca);
        Ok(Self {
            version,
            #[cfg(feature = "tls")]
            tls: endpoint.is_encrypted().then(|| Tls::new(version, ca)).transpose()?,
        })
    }

    /// The version of HTTP that its connections speak.
    pub(super) fn version(&self) -> HttpVersion {
        self.version
    }

    /// Makes a connection.
    pub(super) async fn dial(&self, endpoint: &Endpoint) -> Result<Wire, Failure> {
        // The address decides and not the dialler: what is to be encrypted is never sent in the clear.
        if endpoint.is_encrypted() {
            return self.dial_encrypted(endpoint).await;
        }
        Wire::open(Io::Plain(connect(&endpoint.address).await?), self.version).await
    }

    #[cfg(feature = "tls")]
    async fn dial_encrypted(&self, endpoint: &Endpoint) -> Result<Wire, Failure> {
        let tls = self.tls.as_ref().ok_or_else(fault::no_tls)?;
        let stream = tls.connect(endpoint.host(), connect(&endpoint.address).await?).await?;
        Wire::open(Io::Tls(Box::new(stream)), self.version).await
    }

    #[cfg(not(feature = "tls"))]
    async fn dial_encrypted(&self, _: &Endpoint) -> Result<Wire, Failure> {
        Err(fault::no_tls())
    }
}

async fn connect(address: &Address) -> Result<Socket, Failure> {
    match address {
        Address::Unix(path) => {
            UnixStream::connect(path).await.map(Socket::Unix).map_err(|error| fault::of_connecting(&error))
        }
        Address::Known { addresses, answered } => {
            // The one that answered last comes first: of `localhost`'s two, servers often listen on one only.
            let first = answered.load(Ordering::Relaxed) % addresses.len();
            let (socket, which) = try_each(addresses.iter().copied().cycle().skip(first).take(addresses.len())).await?;
            answered.store((first + which) % addresses.len(), Ordering::Relaxed);
            Ok(socket)
        }
        Address::Name(name, port) => {
            let found =
                tokio::net::lookup_host((name.as_str(), *port)).await.map_err(|error| fault::of_lookup(&error))?;
            Ok(try_each(found).await?.0)
        }
    }
}

/// Connects to the first address that answers, and says which it was.
async fn try_each(addresses: impl Iterator<Item = SocketAddr>) -> Result<(Socket, usize), Failure> {
    let mut failure = None;
    for (position, address) in addresses.enumerate() {
        match TcpStream::connect(address).await.and_then(|stream| stream.set_nodelay(true).map(|()| stream)) {
            Ok(stream) => return Ok((Socket::Tcp(stream), position)),
            Err(error) => failure = Some(fault::of_connecting(&error)),
        }
    }
    Err(failure.unwrap_or_else(|| fault::of_lookup(&std::io::Error::other("the name has no address"))))
}
