//! Where requests go: the base address, read once, and paths appended to it.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicUsize;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::Uri;
use hyper::header::HeaderValue;
use hyper::http::uri::{Authority, Parts, PathAndQuery, Scheme};
use url::{Host, Url};

/// Why a connection cannot even be tried.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// The address is not one that can be requested. It is not repeated here, for it may hold a password.
    #[error("--url: {0}")]
    Address(String),
    /// This build has no TLS.
    #[error("--url: https:// needs a soak that was built with its feature `tls`")]
    NoTls,
    /// The machine cannot do the cryptography.
    #[error("--url: https:// needs a processor with {0}")]
    Processor(&'static str),
    /// The private authority's file cannot be read.
    #[error("ca: cannot read {}", path.display())]
    ReadCa {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The private authority's file holds nothing of use.
    #[error("ca: {} holds no certificate that can be used ({why}); it must be PEM: -----BEGIN CERTIFICATE-----", path.display())]
    EmptyCa {
        /// The file.
        path: PathBuf,
        /// What was found.
        why: String,
    },
    /// TLS cannot be set up.
    #[error("cannot set up TLS: {0}")]
    Tls(String),
    /// A path that cannot be sent.
    #[error("{0} is no path that can be requested; it looks like this: /sessions?page=1")]
    Path(String),
}

/// The base of all addresses: `http://host:port/prefix`. It prints without its secrets.
pub struct Endpoint {
    pub(super) scheme: Scheme,
    pub(super) authority: Authority,
    pub(super) host_header: HeaderValue,
    /// User and password of the address, as a header.
    pub(super) authorization: Option<HeaderValue>,
    pub(super) address: Address,
    /// The name that certificates are held to, and that cookies belong to: no brackets around IPv6.
    host: String,
    prefix: String,
}

/// What to connect to.
#[derive(Debug)]
pub(super) enum Address {
    /// Addresses that are known, in the order in which they are tried, and which of them answered last.
    Known { addresses: Vec<SocketAddr>, answered: AtomicUsize },
    /// A name that is looked up at each connecting.
    Name(String, u16),
    /// A Unix socket.
    Unix(PathBuf),
}

impl Endpoint {
    /// Reads the base address. With a Unix socket, its host and port only fill the headers.
    ///
    /// # Errors
    /// An address that is not `http://` or `https://` with a host.
    pub fn new(base: &str, unix_socket: Option<&Path>) -> Result<Self, LinkError> {
        let form = "it looks like this: http://127.0.0.1:8080/path";
        let url = Url::parse(base).map_err(|error| LinkError::Address(format!("{error}; {form}")))?;
        let scheme = match url.scheme() {
            "http" => Scheme::HTTP,
            "https" if cfg!(feature = "tls") => Scheme::HTTPS,
            "https" => return Err(LinkError::NoTls),
            _ => return Err(LinkError::Address(format!("the address must start with http:// or https://; {form}"))),
        };
        let (Some(host), Some(port)) = (url.host(), url.port_or_known_default()) else {
            return Err(LinkError::Address(format!("the address has no host; {form}")));
        };
        let authority = url.port().map_or_else(|| host.to_string(), |port| format!("{host}:{port}"));
        let unfit = |_| LinkError::Address(format!("the host cannot stand in a header; {form}"));
        let address = match (unix_socket, &host) {
            (Some(path), _) => Address::Unix(path.to_owned()),
            (None, Host::Ipv4(ip)) => known([IpAddr::V4(*ip)], port),
            (None, Host::Ipv6(ip)) => known([IpAddr::V6(*ip)], port),
            // Not looked up (RFC 6761), so the loopback needs no resolver.
            (None, Host::Domain("localhost")) => {
                known([IpAddr::V6(Ipv6Addr::LOCALHOST), IpAddr::V4(Ipv4Addr::LOCALHOST)], port)
            }
            (None, Host::Domain(name)) => Address::Name((*name).to_owned(), port),
        };
        Ok(Self {
            scheme,
            host_header: HeaderValue::from_str(&authority)
                .map_err(|_| LinkError::Address("the host cannot stand in a header".into()))?,
            authority: Authority::try_from(authority).map_err(unfit)?,
            authorization: authorization(&url),
            address,
            host: host.to_string().trim_matches(['[', ']']).to_owned(),
            prefix: url.path().trim_end_matches('/').to_owned(),
        })
    }

    /// The host by name or number, without port.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether requests are sent over TLS.
    pub fn is_encrypted(&self) -> bool {
        self.scheme == Scheme::HTTPS
    }

    /// A whole address, as HTTP/2 wants it.
    pub(super) fn whole(&self, target: PathAndQuery) -> Uri {
        let mut parts = Parts::default();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = Some(target);
        // It has all three parts, and then it can only be an address.
        Uri::from_parts(parts).unwrap_or_default()
    }

    /// A step's path behind the base's: what may not stand in a path is percent-encoded, `%` is left alone. An empty path is
    /// the base's own.
    ///
    /// # Errors
    /// A path that does not begin with `/` or `?`.
    pub fn target(&self, path: &str) -> Result<PathAndQuery, LinkError> {
        let path = path.split('#').next().unwrap_or_default();
        if !(path.is_empty() || path.starts_with(['/', '?'])) {
            return Err(LinkError::Path(format!("{path:?}")));
        }
        let mut text = String::with_capacity(self.prefix.len() + path.len() + 1);
        text.push_str(&self.prefix);
        if text.is_empty() && !path.starts_with('/') {
            text.push('/');
        }
        for byte in path.bytes() {
            if byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte) {
                text.push(char::from(byte));
            } else {
                text.push('%');
                text.extend([byte >> 4, byte & 15].map(|digit| char::from(b"0123456789ABCDEF"[usize::from(digit)])));
            }
        }
        PathAndQuery::try_from(text).map_err(|_| LinkError::Path(format!("{path:?}")))
    }
}

fn known<const N: usize>(hosts: [IpAddr; N], port: u16) -> Address {
    Address::Known { addresses: hosts.map(|host| SocketAddr::new(host, port)).into(), answered: AtomicUsize::new(0) }
}

fn authorization(url: &Url) -> Option<HeaderValue> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    let plain = |text: &str| percent_decoded(text.as_bytes());
    let mut pair = plain(url.username());
    pair.push(b':');
    pair.extend(plain(url.password().unwrap_or_default()));
    let mut header = HeaderValue::try_from(format!("Basic {}", STANDARD.encode(pair))).ok()?;
    header.set_sensitive(true);
    Some(header)
}

/// `Url` keeps user and password encoded.
fn percent_decoded(text: &[u8]) -> Vec<u8> {
    let digit = |byte: Option<&u8>| char::from(*byte?).to_digit(16);
    let (mut plain, mut at) = (Vec::with_capacity(text.len()), 0);
    while let Some(&byte) = text.get(at) {
        if let (b'%', Some(high), Some(low)) = (byte, digit(text.get(at + 1)), digit(text.get(at + 2))) {
            plain.push((high * 16 + low) as u8);
            at += 3;
        } else {
            plain.push(byte);
            at += 1;
        }
    }
    plain
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(base: &str) -> Endpoint {
        Endpoint::new(base, None).unwrap()
    }

    #[test]
    fn a_path_follows_the_bases_own_and_is_encoded_once() {
        let base = endpoint("http://127.0.0.1:8080/v1/?ignored");
        for (path, target) in [
            ("/a b?q=ü&x={y}", "/v1/a%20b?q=%C3%BC&x=%7By%7D"),
            ("/a%20b", "/v1/a%20b"),
            ("", "/v1"),
            ("?page=1", "/v1?page=1"),
            ("/a#part", "/v1/a"),
            ("/\r\nx: y", "/v1/%0D%0Ax:%20y"),
        ] {
            assert_eq!(base.target(path).unwrap(), target);
        }
        let root = endpoint("http://127.0.0.1:8080");
        for (path, target) in [("", "/"), ("?a", "/?a"), ("/x", "/x")] {
            assert_eq!(root.target(path).unwrap(), target);
        }
        let error = root.target("sessions").unwrap_err().to_string();
        assert!(error.contains("\"sessions\"") && error.contains("/sessions"), "{error}");
    }

    #[test]
    fn the_host_header_has_the_port_unless_it_is_the_schemes_own() {
        for (base, header, host) in [
            ("http://127.0.0.1:80/", "127.0.0.1", "127.0.0.1"),
            ("http://[::1]:8080/", "[::1]:8080", "::1"),
            ("http://LocalHost:8080", "localhost:8080", "localhost"),
        ] {
            let endpoint = endpoint(base);
            assert_eq!((endpoint.host_header.to_str().unwrap(), endpoint.host()), (header, host));
        }
    }

    #[test]
    fn user_and_password_become_a_header_and_are_shown_nowhere() {
        let endpoint = endpoint("http://ann:s%3Acr%C3%A9t@127.0.0.1:8080/v1");
        let header = endpoint.authorization.clone().unwrap();
        assert_eq!(STANDARD.decode(&header.as_bytes()["Basic ".len()..]).unwrap(), "ann:s:crét".as_bytes());
        assert_eq!(format!("{endpoint:?} {header:?}"), "http://127.0.0.1:8080 Sensitive");
    }

    #[test]
    fn an_address_that_cannot_be_requested_is_refused_with_a_form_to_follow_and_not_repeated() {
        for base in ["", "localhost:8080/x", "s3cret", "/path", "ftp://s3cret/", "http://", "http://ann:s3cret@:99999/"]
        {
            let error = Endpoint::new(base, None).unwrap_err().to_string();
            assert!(error.starts_with("--url: ") && error.contains("http://127.0.0.1:8080/path"), "{base}: {error}");
            assert!(!error.contains("s3cret"), "{error}");
        }
    }
}
