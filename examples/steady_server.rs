//! A healthy server to compare with: it works with as much memory per request, and returns it.
//!
//! Its cache holds the last 256 pages and no more. soak finds rss rising while the cache fills, and steady after that:
//!
//! ```text
//! cargo build --examples
//! soak --url http://127.0.0.1:8080/ --duration 2m -- target/debug/examples/steady_server
//! ```

mod support;

use std::collections::VecDeque;
use std::io;
use std::sync::Mutex;

const PAGES: usize = 256;

fn main() -> io::Result<()> {
    let cache = Mutex::new(VecDeque::with_capacity(PAGES));
    support::serve(move |path| {
        let page = path.repeat(2048);
        let answer = format!("{} bytes for {path}", page.len());
        let mut cache = cache.lock().map_err(|_| io::Error::other("the cache is broken"))?;
        if cache.len() == PAGES {
            cache.pop_front();
        }
        cache.push_back(page);
        Ok(answer)
    })
}
