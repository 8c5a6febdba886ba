//! A server's heap in small under soak-heap: `leak` keeps what it gets, `Cache::put` turns over a bounded ring.

use std::collections::HashMap;
use std::fs::File;
use std::io::BufWriter;
use std::time::Duration;

use soak_heap::{Options, Period, Program};

#[global_allocator]
static HEAP: soak_heap::Alloc = soak_heap::Alloc::system();

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
    soak_heap::start(Options { period: Period::Every, ..Options::default() }).unwrap();
    let (mut cache, mut kept) = (Cache::default(), Vec::with_capacity(8192));
    for number in 1..=3 {
        for turn in 0..1000 {
            cache.put(turn);
            leak(&mut kept, turn);
            // The snapshots stand apart in time as they do in turns.
            std::thread::sleep(Duration::from_micros(100));
        }
        let out = BufWriter::new(File::create(format!("soak-heap-{number}.json")).unwrap());
        soak_heap::snapshot().write_dhat(&Program::this(), &mut { out }).unwrap();
    }
    println!("{} {}", cache.ring.len(), kept.len());
}
