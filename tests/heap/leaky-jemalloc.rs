//! A server's heap in small under jemalloc's profiling: `leak` keeps what it gets, `Cache::put` turns over a bounded ring.

use std::collections::HashMap;

#[global_allocator]
static HEAP: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

#[unsafe(export_name = "malloc_conf")]
pub static CONF: &[u8] = b"prof:true,prof_active:true,lg_prof_sample:12\0";

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
    let (mut cache, mut kept) = (Cache::default(), Vec::with_capacity(8192));
    let mut turn = 0;
    for until in std::env::args().skip(1).map(|text| text.parse::<usize>().unwrap()) {
        while turn < until {
            cache.put(turn);
            leak(&mut kept, turn);
            turn += 1;
            // The snapshots stand apart in time as they do in turns.
            std::thread::sleep(std::time::Duration::from_micros(100));
        }
        let control = jemalloc_pprof::PROF_CTL.as_ref().unwrap();
        let profile = control.blocking_lock().dump_pprof().unwrap();
        std::fs::write(format!("jemalloc-{until}.pb.gz"), profile).unwrap();
    }
    println!("{} {}", cache.ring.len(), kept.len());
}
