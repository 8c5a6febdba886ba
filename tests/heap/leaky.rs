//! A server's heap in small: `leak` keeps what it gets, `Cache::put` turns over a bounded ring.

use std::collections::HashMap;

#[global_allocator]
static HEAP: dhat::Alloc = dhat::Alloc;

#[derive(Default)]
struct Cache {
    ring: HashMap<usize, Vec<u8>>,
}

impl Cache {
    #[inline(never)]
    fn put(&mut self, turn: usize) {
        self.ring.insert(turn % 256, vec![1; 4096]);
    }
}

#[inline(never)]
fn leak(kept: &mut Vec<String>, turn: usize) {
    kept.push(format!("{turn:>1024}"));
}

fn main() {
    let turns = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(1000);
    let profiler = dhat::Profiler::builder().file_name(format!("dhat-{turns}.json")).build();
    let (mut cache, mut kept) = (Cache::default(), Vec::with_capacity(turns));
    for turn in 0..turns {
        cache.put(turn);
        leak(&mut kept, turn);
    }
    drop(profiler);
    println!("{} {}", cache.ring.len(), kept.len());
}
