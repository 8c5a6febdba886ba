//! TLS with a private authority, and certificates that do not fit.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::task::spawn_local;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::CryptoProvider;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::server::danger::ClientCertVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

use super::support::{Client, PATIENCE, Peer, run, serve as plain};
use crate::driver::FailureClass;
use crate::driver::link::{Dialler, End, Endpoint, LinkError, Reading};
use crate::profile::{HttpVersion, Keep};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tls").join(name)
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls_graviola::default_provider())
}

/// A server with one of the certificates, answering every request of HTTP/1.1 or HTTP/2, whichever it offers.
async fn serve(certificate: &str, offers: &'static [u8]) -> u16 {
    serve_to(WebPkiClientVerifier::no_client_auth(), certificate, offers).await
}

/// The same for clients that this verifier lets in.
async fn serve_to(clients: Arc<dyn ClientCertVerifier>, certificate: &str, offers: &'static [u8]) -> u16 {
    let chain = CertificateDer::pem_file_iter(fixture(certificate)).unwrap().map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_file(fixture("server.key")).unwrap();
    let builder = ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().unwrap();
    let mut config = builder.with_client_cert_verifier(clients).with_single_cert(chain, key).unwrap();
    config.alpn_protocols = vec![offers.to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    spawn_local(async move {
        loop {
            let stream = listener.accept().await.unwrap().0;
            let acceptor = acceptor.clone();
            spawn_local(async move {
                let Ok(stream) = acceptor.accept(stream).await else { return };
                if offers == b"h2" {
                    let mut connection = h2::server::handshake(stream).await.unwrap();
                    while let Some(Ok((_, mut respond))) = connection.accept().await {
                        respond.send_response(hyper::Response::new(()), true).unwrap();
                    }
                } else {
                    let mut peer = Peer::new(stream, 0);
                    while peer.request().await.is_some() {
                        peer.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi").await;
                    }
                }
            });
        }
    });
    port
}

fn client(base: &str, version: HttpVersion, ca: Option<&str>) -> Client {
    let endpoint = Endpoint::new(base, None).unwrap();
    let dialler = Dialler::new(&endpoint, version, ca.map(fixture).as_deref()).unwrap();
    Client::with(endpoint, dialler, Keep::Alive)
}

#[test]
fn a_private_authority_is_trusted_where_it_is_given_by_name_and_by_number() {
    for host in ["127.0.0.1", "localhost"] {
        run(async {
            let base = format!("https://{host}:{}", serve("server.pem", b"http/1.1").await);
            let mut client = client(&base, HttpVersion::Http1, Some("ca.pem"));
            for _ in 0..2 {
                assert_eq!(client.get("/").await, Ok(End::Complete));
                assert_eq!(client.seen.body_bytes, 2);
            }
            assert!(client.seen.connecting.is_none());
        });
    }
}

#[test]
fn http2_is_agreed_on_in_the_handshake_and_its_refusal_is_told() {
    run(async {
        let base = format!("https://127.0.0.1:{}", serve("server.pem", b"h2").await);
        assert_eq!(client(&base, HttpVersion::Http2, Some("ca.pem")).get("/").await, Ok(End::Complete));
        let base = format!("https://127.0.0.1:{}", serve("server.pem", b"http/1.1").await);
        let (class, story) = client(&base, HttpVersion::Http2, Some("ca.pem")).fail(&Reading::whole(PATIENCE)).await;
        assert_eq!(class, FailureClass::Tls, "{story}");
    });
}

#[test]
fn a_certificate_that_does_not_fit_fails_as_tls_and_says_why() {
    for (certificate, ca, why) in [
        ("server.pem", None, "signed by nobody who is trusted"),
        ("server.pem", Some("foreign-ca.pem"), "signed by nobody who is trusted"),
        ("expired.pem", Some("ca.pem"), "has expired"),
        ("elsewhere.pem", Some("ca.pem"), "for another host"),
    ] {
        run(async {
            let base = format!("https://127.0.0.1:{}", serve(certificate, b"http/1.1").await);
            let mut client = client(&base, HttpVersion::Http1, ca);
            let (class, story) = client.fail(&Reading::whole(PATIENCE)).await;
            assert_eq!(class, FailureClass::Tls, "{story}");
            assert!(story.contains(why), "{certificate}: {story}");
            assert_eq!(client.seen.sent, None);
        });
    }
}

#[test]
fn a_server_that_wants_a_certificate_of_the_client_is_named_so() {
    run(async {
        let mut authorities = RootCertStore::empty();
        authorities.add(CertificateDer::from_pem_file(fixture("ca.pem")).unwrap()).unwrap();
        let clients = WebPkiClientVerifier::builder_with_provider(Arc::new(authorities), provider()).build().unwrap();
        let base = format!("https://127.0.0.1:{}", serve_to(clients, "server.pem", b"http/1.1").await);
        let mut client = client(&base, HttpVersion::Http1, Some("ca.pem"));
        // Again and again: what the refused request meets is a race between the refusal and the closing.
        for _ in 0..20 {
            let (class, story) = client.fail(&Reading::whole(PATIENCE)).await;
            assert_eq!(class, FailureClass::Tls, "{story}");
            assert!(story.contains("a certificate of their own"), "{story}");
        }
    });
}

#[test]
fn a_server_without_tls_is_named_so() {
    run(async {
        let address = plain(|mut peer| async move {
            peer.some().await;
            peer.write("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").await;
        });
        let mut client = client(&format!("https://{}", address.await), HttpVersion::Http1, Some("ca.pem"));
        let (class, story) = client.fail(&Reading::whole(PATIENCE)).await;
        assert_eq!((class, story.as_str()), (FailureClass::Tls, "what came back is not TLS"));
    });
}

#[test]
fn a_file_of_authorities_that_is_missing_or_empty_is_named() {
    let endpoint = Endpoint::new("https://127.0.0.1", None).unwrap();
    let error = Dialler::new(&endpoint, HttpVersion::Http1, Some(&fixture("none.pem"))).unwrap_err();
    assert!(matches!(error, LinkError::ReadCa { .. }), "{error}");
    for name in ["server.key", "README.md"] {
        let error = Dialler::new(&endpoint, HttpVersion::Http1, Some(&fixture(name))).unwrap_err().to_string();
        assert!(error.contains(name) && error.contains("PEM"), "{error}");
    }
}
