//! TLS: which certificates are trusted, and what a handshake that fails has to say.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{self, AlertDescription, CertificateError, ClientConfig, RootCertStore};

use super::endpoint::LinkError;
use super::io::Socket;
use crate::driver::failures::{Failure, FailureClass};
use crate::profile::HttpVersion;

/// Where the distributions keep the public authorities, as one file of PEM: Debian, Arch and Alpine; Fedora; openSUSE.
const SYSTEM: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// What every handshake needs.
pub(super) struct Tls {
    connector: TlsConnector,
    version: HttpVersion,
}

impl Tls {
    pub(super) fn new(version: HttpVersion, ca: Option<&Path>) -> Result<Self, LinkError> {
        if !graviola::util::is_cpu_supported() {
            return Err(LinkError::Processor("AES and AVX2 (x86-64), or AES and SHA-2 (Arm)"));
        }
        let mut roots = system_roots();
        if let Some(path) = ca {
            trust(&mut roots, path)?;
        }
        let provider = Arc::new(rustls_graviola::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| LinkError::Tls(error.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![alpn(version).to_vec()];
        Ok(Self { connector: TlsConnector::from(Arc::new(config)), version })
    }

    pub(super) async fn connect(&self, host: &str, socket: Socket) -> Result<TlsStream<Socket>, Failure> {
        let failed = |story: String| Failure { class: FailureClass::Tls, story };
        let name = ServerName::try_from(host.to_owned()).map_err(|error| failed(error.to_string()))?;
        let stream = self.connector.connect(name, socket).await.map_err(|error| {
            let cause = error.get_ref().and_then(|cause| fault_in(cause));
            cause.unwrap_or_else(|| failed(format!("the connection ended in the TLS handshake: {error}")))
        })?;
        if self.version == HttpVersion::Http2 && stream.get_ref().1.alpn_protocol() != Some(alpn(self.version)) {
            return Err(failed("the server does not offer HTTP/2 (ALPN `h2`)".into()));
        }
        Ok(stream)
    }
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tls")
    }
}

fn alpn(version: HttpVersion) -> &'static [u8] {
    match version {
        HttpVersion::Http1 => b"http/1.1",
        HttpVersion::Http2 => b"h2",
    }
}

/// The public authorities. Where there are none, only the private one is trusted.
fn system_roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    let own = std::env::var_os("SSL_CERT_FILE").map(PathBuf::from);
    let files = own.into_iter().chain(SYSTEM.map(PathBuf::from));
    for file in files {
        if let Ok(certificates) = CertificateDer::pem_file_iter(&file) {
            let (found, _) = roots.add_parsable_certificates(certificates.filter_map(Result::ok));
            if found > 0 {
                break;
            }
        }
    }
    roots
}

/// Adds the certificates of a file.
fn trust(roots: &mut RootCertStore, path: &Path) -> Result<(), LinkError> {
    let text = std::fs::read(path).map_err(|source| LinkError::ReadCa { path: path.to_owned(), source })?;
    let empty = |why: String| LinkError::EmptyCa { path: path.to_owned(), why };
    let mut found = 0;
    for certificate in CertificateDer::pem_slice_iter(&text) {
        let certificate = certificate.map_err(|error| empty(error.to_string()))?;
        roots.add(certificate).map_err(|error| empty(error.to_string()))?;
        found += 1;
    }
    if found == 0 { Err(empty("none at all".into())) } else { Ok(()) }
}

/// The failure that an error of TLS stands for.
pub(super) fn fault_in(error: &(dyn Error + 'static)) -> Option<Failure> {
    let error = error.downcast_ref::<rustls::Error>()?;
    let story = match error {
        rustls::Error::InvalidCertificate(unfit) => certificate_story(unfit),
        rustls::Error::InvalidMessage(_) => "what came back is not TLS".into(),
        rustls::Error::AlertReceived(AlertDescription::CertificateRequired) => {
            "the server asks clients for a certificate of their own, and there is none to show".into()
        }
        other => other.to_string(),
    };
    Some(Failure { class: FailureClass::Tls, story })
}

fn certificate_story(unfit: &CertificateError) -> String {
    match unfit {
        CertificateError::UnknownIssuer => {
            "the certificate is signed by nobody who is trusted; a private CA's certificate belongs under `ca`".into()
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "the certificate has expired".into(),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "the certificate is not valid yet".into()
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "the certificate is for another host".into()
        }
        other => format!("the certificate does not fit: {other}"),
    }
}
