//! Links against small servers on the loopback that do exactly what a test tells them to, byte by byte. Client and server
//! run on one thread, and a test waits for what happens and never for time to pass.

mod answers;
mod failing;
mod http2;
mod keeping;
mod streams;
mod support;
#[cfg(feature = "tls")]
mod tls;
mod unix;
