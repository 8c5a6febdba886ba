//! Just enough HTTP for the example servers: one thread per connection, keep-alive, GET only.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::{io, thread};

/// Listens on 127.0.0.1 at the port given as the first argument (8080 by default) and answers each request with the text
/// that `answer` makes of its path.
///
/// # Errors
/// The port cannot be had.
pub(crate) fn serve(answer: impl Fn(&str) -> io::Result<String> + Send + Sync + 'static) -> io::Result<()> {
    let port = std::env::args().nth(1).and_then(|port| port.parse().ok()).unwrap_or(8080_u16);
    let listener = TcpListener::bind(("127.0.0.1", port))?;
    let answer = Arc::new(answer);
    loop {
        let (connection, _) = listener.accept()?;
        let answer = Arc::clone(&answer);
        // A client that goes away ends its own connection only.
        thread::spawn(move || converse(connection, &*answer));
    }
}

fn converse(connection: TcpStream, answer: &dyn Fn(&str) -> io::Result<String>) -> io::Result<()> {
    connection.set_nodelay(true)?;
    let mut writer = connection.try_clone()?;
    let mut path = String::new();
    for line in BufReader::new(connection).lines() {
        let line = line?;
        if let Some(request) = line.strip_prefix("GET ") {
            request.split(' ').next().unwrap_or("/").clone_into(&mut path);
        } else if line.is_empty() {
            let (status, body) = match answer(&path) {
                Ok(body) => ("200 OK", body),
                Err(error) => ("503 Service Unavailable", error.to_string()),
            };
            write!(writer, "HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}", body.len())?;
        }
    }
    Ok(())
}
