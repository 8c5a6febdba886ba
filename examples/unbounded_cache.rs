//! A server with the commonest leak of all: a cache without a bound, under a key that never comes again.
//!
//! Each answer is cached with its request's number in the key, so no entry is ever hit and none is ever dropped. soak
//! finds rss growing by about 2 KiB a turn, in a straight line, and nothing else growing:
//!
//! ```text
//! cargo build --examples
//! soak --url http://127.0.0.1:8080/ --duration 2m -- target/debug/examples/unbounded_cache
//! ```

mod support;

use std::collections::HashMap;
use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

fn main() -> io::Result<()> {
    let requests = AtomicU64::new(0);
    let cache = Mutex::new(HashMap::new());
    support::serve(move |path| {
        let number = requests.fetch_add(1, Ordering::Relaxed);
        let mut cache = cache.lock().map_err(|_| io::Error::other("the cache is broken"))?;
        // The fault: `number` belongs into the answer, not into the key.
        let page = cache.entry((path.to_owned(), number)).or_insert_with(|| path.repeat(2048));
        Ok(format!("{} bytes for {path}", page.len()))
    })
}
