//! The ways to a target that a profile can name: fresh connections, HTTP/2, TLS with a private authority, Unix sockets, and
//! steps that go to another host.

use std::collections::BTreeSet;
use std::io::{BufReader, Write};
use std::os::unix::net::UnixListener;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use super::super::Plan;
use super::support::{Drove, OK, Then, closed, drive, plan, read, read_request, serve, write};

const HERE: &str = "think = \"20ms\"\n";

/// A plan that takes its address from the profile.
fn by_text(text: &str, users: u32) -> Plan {
    let nowhere = "127.0.0.1:9".parse().unwrap();
    Plan { base: None, ..plan(nowhere, read(&format!("{HERE}{text}")), closed(users)) }
}

fn classes(drove: &Drove) -> Vec<String> {
    drove.classes().into_iter().map(|(class, _)| class.to_owned()).collect()
}

#[test]
fn connections_are_fresh_for_each_turn_or_for_each_request() {
    for (connections, requests_of_one) in [("per turn", 2), ("per request", 1)] {
        let log = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&log);
        let address = serve(move |request, stream| {
            kept.lock().unwrap().push(request.connection);
            write(stream, OK, Then::Keep)
        });
        let text = format!(
            "[target]\nurl = \"http://{address}\"\nconnections = \"{connections}\"\n\
             [[step]]\nget = \"/a\"\n[[step]]\nget = \"/b\""
        );
        assert_eq!(classes(&drive(by_text(&text, 1), 4)), Vec::<String>::new());
        let log = log.lock().unwrap();
        let expected: Vec<usize> = (0..log.len()).map(|request| request / requests_of_one).collect();
        let dense: BTreeSet<usize> = log.iter().copied().collect();
        let seen: Vec<usize> = log.iter().map(|connection| dense.range(..connection).count()).collect();
        assert_eq!(seen, expected, "{connections}");
    }
}

#[test]
fn a_unix_socket_is_spoken_to_with_the_address_s_host() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("api.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let hosts = Arc::new(Mutex::new(BTreeSet::new()));
    let log = Arc::clone(&hosts);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, log) = (stream.unwrap(), Arc::clone(&log));
            thread::spawn(move || {
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                while let Some(request) = read_request(&mut reader) {
                    log.lock().unwrap().insert((request.line.clone(), request.headers["host"].clone()));
                    // The client may have gone.
                    let _ = stream.write_all(OK.as_bytes());
                }
            });
        }
    });
    let text = format!("get = \"/a\"\n[target]\nurl = \"http://api.example/v1\"\nunix = {path:?}");
    let drove = drive(by_text(&text, 2), 6);
    assert_eq!(classes(&drove), Vec::<String>::new());
    let expected = ("GET /v1/a HTTP/1.1".to_owned(), "api.example".to_owned());
    assert_eq!(*hosts.lock().unwrap(), BTreeSet::from([expected]));
}

/// Runs a server of tokio on a thread of its own: its port, once it listens.
fn on_a_thread<F: Future<Output = ()>>(server: impl FnOnce(tokio::net::TcpListener) -> F + Send + 'static) -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        tokio::task::LocalSet::new().block_on(&runtime, async {
            server(tokio::net::TcpListener::from_std(listener).unwrap()).await;
        });
    });
    port
}

#[test]
fn http_2_is_spoken_in_the_clear_and_one_connection_serves_a_user() {
    let (streams, connections) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let (asked, opened) = (Arc::clone(&streams), Arc::clone(&connections));
    let port = on_a_thread(move |listener| async move {
        loop {
            let stream = listener.accept().await.unwrap().0;
            opened.fetch_add(1, Ordering::Relaxed);
            let asked = Arc::clone(&asked);
            tokio::task::spawn_local(async move {
                let mut connection = h2::server::handshake(stream).await.unwrap();
                while let Some(Ok((_, mut respond))) = connection.accept().await {
                    asked.fetch_add(1, Ordering::Relaxed);
                    respond.send_response(hyper::Response::new(()), true).unwrap();
                }
            });
        }
    });
    let text = format!("get = \"/\"\n[target]\nurl = \"http://127.0.0.1:{port}\"\nhttp = \"2\"");
    let drove = drive(by_text(&text, 2), 10);
    assert_eq!(classes(&drove), Vec::<String>::new());
    assert!(streams.load(Ordering::Relaxed) >= drove.summary.requests);
    assert_eq!(connections.load(Ordering::Relaxed), 2);
}

#[cfg(feature = "tls")]
mod encrypted {
    use std::path::Path;

    use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _};
    use tokio_rustls::TlsAcceptor;
    use tokio_rustls::rustls::ServerConfig;
    use tokio_rustls::rustls::pki_types::pem::PemObject as _;
    use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

    use super::*;

    const CA: &str = "ca = \"tests/fixtures/tls/ca.pem\"";

    /// A server whose certificate the fixtures' authority has signed.
    fn secure() -> u16 {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tls");
        let chain = CertificateDer::pem_file_iter(folder.join("server.pem")).unwrap().map(Result::unwrap).collect();
        let key = PrivateKeyDer::from_pem_file(folder.join("server.key")).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(rustls_graviola::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        on_a_thread(move |listener| async move {
            loop {
                let (stream, acceptor) = (listener.accept().await.unwrap().0, acceptor.clone());
                tokio::task::spawn_local(async move {
                    let Ok(stream) = acceptor.accept(stream).await else { return };
                    let mut stream = tokio::io::BufStream::new(stream);
                    let mut line = String::new();
                    while stream.read_line(&mut line).await.is_ok_and(|read| read > 0) {
                        if std::mem::take(&mut line) == "\r\n" {
                            stream.write_all(OK.as_bytes()).await.unwrap();
                            stream.flush().await.unwrap();
                        }
                    }
                });
            }
        })
    }

    #[test]
    fn a_private_authority_is_trusted_where_the_profile_names_it() {
        let port = secure();
        for (ca, expected) in [(CA, vec![]), ("", vec!["tls".to_owned()])] {
            let text = format!("get = \"/\"\n[target]\nurl = \"https://localhost:{port}\"\n{ca}");
            assert_eq!(classes(&drive(by_text(&text, 2), 4)), expected, "{ca}");
        }
    }

    #[test]
    fn nothing_is_sent_in_the_clear_to_an_address_of_https() {
        let heard = Arc::new(AtomicU64::new(0));
        let log = Arc::clone(&heard);
        let clear = serve(move |request, stream| {
            log.fetch_add(u64::from(request.line.starts_with("GET ")), Ordering::Relaxed);
            write(stream, OK, Then::Keep)
        });
        let text = format!("get = \"/\"\n[target]\nurl = \"https://{clear}\"\ntimeout = \"1s\"");
        let drove = drive(by_text(&text, 1), 2);
        assert_eq!(drove.summary.errors, drove.summary.requests);
        assert_eq!(heard.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn a_step_goes_to_another_host_by_that_one_s_scheme() {
        let clear = serve(|request, stream| {
            assert!(request.line.starts_with("GET /"), "{}", request.line);
            write(stream, OK, Then::Keep)
        });
        let secure = secure();
        for (base, other) in [
            (format!("http://{clear}"), format!("https://localhost:{secure}")),
            (format!("https://localhost:{secure}"), format!("http://{clear}")),
        ] {
            let text = format!(
                "[target]\nurl = \"{base}\"\n{CA}\n[[step]]\nget = \"/here?then=http://127.0.0.1:9/\"\n\
                 [[step]]\nget = \"{other}/there?back={base}/\"\n"
            );
            assert_eq!(classes(&drive(by_text(&text, 1), 3)), Vec::<String>::new(), "{base}");
        }
    }
}
