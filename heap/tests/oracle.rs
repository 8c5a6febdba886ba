//! The oracle: the same seeded program under the dhat crate and under soak-heap, every allocation recorded, has the same
//! bytes and blocks at every site, in all and live at the end.
//!
//! Each runs in a process of its own, this very program with another task, so that neither sees the other. Sites are
//! matched by the function that allocates: dhat's file has names, and the addresses relative to the program are the same.
//! Blocks that grow do so at the site that made them, for dhat leaves them with it and soak-heap charges whoever grows
//! them; the figures of both are those of one function then.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "what is not there has failed the test"
)]

use std::alloc::{GlobalAlloc, Layout};
use std::collections::{BTreeMap, HashMap};
use std::hint::black_box;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;
use soak_heap::{Options, Period, Program};

/// Whether the dhat crate is told of allocations, instead of soak-heap.
static UNDER_DHAT: AtomicBool = AtomicBool::new(false);
static DHAT: dhat::Alloc = dhat::Alloc;
static SOAK_HEAP: soak_heap::Alloc<std::alloc::System> = soak_heap::Alloc::new(std::alloc::System);

/// Either engine. Both are around the system's allocator, so a block of one may be freed by the other.
struct Either;

#[global_allocator]
static EITHER: Either = Either;

// SAFETY: each call is handed on unchanged to an allocator that keeps the contract, and all of them allocate from the
// system's.
unsafe impl GlobalAlloc for Either {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise, handed on.
        unsafe { if is_dhat() { DHAT.alloc(layout) } else { SOAK_HEAP.alloc(layout) } }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise, handed on.
        unsafe { if is_dhat() { DHAT.alloc_zeroed(layout) } else { SOAK_HEAP.alloc_zeroed(layout) } }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise, handed on.
        unsafe { if is_dhat() { DHAT.dealloc(block, layout) } else { SOAK_HEAP.dealloc(block, layout) } }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller's promise, handed on.
        unsafe { if is_dhat() { DHAT.realloc(block, layout, size) } else { SOAK_HEAP.realloc(block, layout, size) } }
    }
}

fn is_dhat() -> bool {
    UNDER_DHAT.load(Ordering::Relaxed)
}

/// Operations of a thread.
const OPERATIONS: usize = 20_000;
/// Blocks that a thread keeps at a time.
const KEPT: usize = 300;

/// What a site made.
enum Made {
    Bytes(#[expect(dead_code, reason = "it is held, and that is all")] Box<[u8]>),
    Numbers(#[expect(dead_code, reason = "as above")] Vec<u64>),
    Text(#[expect(dead_code, reason = "as above")] String),
    Map(#[expect(dead_code, reason = "as above")] HashMap<u64, u64>),
}

#[inline(never)]
fn site_boxes(size: usize) -> Made {
    Made::Bytes(black_box(vec![1; size]).into_boxed_slice())
}

#[inline(never)]
fn site_zeroed(size: usize) -> Made {
    Made::Bytes(black_box(vec![0; size]).into_boxed_slice())
}

#[inline(never)]
fn site_grows(size: usize) -> Made {
    let mut numbers = Vec::new();
    for number in 0..size as u64 {
        numbers.push(black_box(number));
    }
    Made::Numbers(numbers)
}

#[inline(never)]
fn site_text(size: usize) -> Made {
    Made::Text(black_box("x").repeat(size))
}

#[inline(never)]
fn site_map(size: usize) -> Made {
    Made::Map((0..=size as u64 % 40).map(|key| (black_box(key), key)).collect())
}

/// One site under another: the innermost counts.
#[inline(never)]
fn site_outer(size: usize) -> Made {
    let made = black_box(site_inner(size));
    black_box(&made);
    made
}

#[inline(never)]
fn site_inner(size: usize) -> Made {
    Made::Bytes(black_box(vec![2; size * 2]).into_boxed_slice())
}

#[inline(never)]
fn site_leaks(size: usize) -> Made {
    std::mem::forget(black_box(vec![3_u8; size]));
    Made::Bytes(Box::default())
}

const SITES: [fn(usize) -> Made; 7] =
    [site_boxes, site_zeroed, site_grows, site_text, site_map, site_outer, site_leaks];

/// What one thread does: it makes blocks at sites that are drawn by lot, and drops older ones.
fn work(seed: u64) {
    let mut state = seed;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let mut kept: Vec<Made> = Vec::with_capacity(KEPT);
    for _ in 0..OPERATIONS {
        let (site, bytes) = (next() as usize % SITES.len(), next() as usize % 600 + 1);
        let made = SITES[site](bytes);
        if kept.len() < KEPT {
            kept.push(made);
        } else {
            kept[next() as usize % KEPT] = made;
        }
    }
    // What is live at the end is part of what is compared.
    std::mem::forget(kept);
}

fn program() {
    let threads: Vec<_> = [7, 4711].map(|seed| std::thread::spawn(move || work(seed))).into();
    for thread in threads {
        thread.join().unwrap();
    }
}

fn main() {
    match std::env::var("ORACLE").as_deref() {
        Ok("dhat") => {
            UNDER_DHAT.store(true, Ordering::Relaxed);
            let file = std::env::var("ORACLE_FILE").unwrap();
            let profiler = dhat::Profiler::builder().file_name(file).trim_backtraces(None).build();
            program();
            drop(profiler);
        }
        Ok(_) => {
            let options = Options { period: Period::Every, ..Options::default() };
            soak_heap::start(options).unwrap();
            program();
            let snapshot = soak_heap::snapshot();
            soak_heap::stop();
            let mut file = std::fs::File::create(std::env::var("ORACLE_FILE").unwrap()).unwrap();
            snapshot.write_dhat(&Program::this(), &mut file).unwrap();
        }
        Err(_) => compare(),
    }
    // Where this program lies in memory, to tell addresses of one process by those of another.
    if std::env::var("ORACLE").is_ok() {
        println!("{}", main as fn() as usize);
    }
}

/// Bytes and blocks, in all and live.
type Figures = [u64; 4];

/// What the engine's file says, and where the program lay.
fn run(engine: &str, folder: &Path) -> (Value, u64) {
    let file = folder.join(engine);
    let mut command = Command::new(std::env::current_exe().unwrap());
    let output = command.env("ORACLE", engine).env("ORACLE_FILE", &file).output().unwrap();
    assert!(output.status.success(), "{engine}: {}", String::from_utf8_lossy(&output.stderr));
    let place = String::from_utf8(output.stdout).unwrap().trim().parse().unwrap();
    (serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap(), place)
}

fn compare() {
    let folder = tempfile::tempdir().unwrap();
    let (exact, exact_place) = run("dhat", folder.path());
    let (traced, traced_place) = run("soak-heap", folder.path());
    // dhat's frames are `0x55d0c0de1234: name (file)` with the address behind the call, and several where functions were
    // inlined; ours are numbers inside the call.
    let mut names: BTreeMap<u64, Vec<String>> = BTreeMap::new();
    for frame in exact["ftbl"].as_array().unwrap().iter().filter_map(Value::as_str) {
        if let Some((address, name)) = frame.split_once(": ")
            && let Ok(address) = u64::from_str_radix(address.trim_start_matches("0x"), 16)
        {
            names.entry(address.wrapping_sub(exact_place)).or_default().push(name.to_owned());
        }
    }
    let site_of = |address: u64| {
        let names = names.get(&address)?;
        let name = names.iter().find(|name| name.contains("site_"))?;
        let rest = &name[name.find("site_")?..];
        rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().map(str::to_owned)
    };
    let frames = exact["ftbl"].as_array().unwrap();
    let expected = figures(&exact, ["tb", "tbk", "eb", "ebk"], |place| {
        let address = frames[place].as_str()?.split_once(": ")?.0.trim_start_matches("0x").to_owned();
        site_of(u64::from_str_radix(&address, 16).ok()?.wrapping_sub(exact_place))
    });
    let addresses = traced["soakHeap"]["addresses"].as_array().unwrap();
    let found = figures(&traced, ["ab", "abk", "tb", "tbk"], |place| {
        site_of((addresses[place].as_u64()? + 1).wrapping_sub(traced_place))
    });
    let of_sites: Vec<&String> = expected.keys().collect();
    let sites = ["boxes", "grows", "inner", "leaks", "map", "text", "zeroed"].map(|name| format!("site_{name}"));
    assert_eq!(of_sites, sites.iter().collect::<Vec<_>>(), "sites of the dhat crate");
    println!("{:12} {:>12} {:>8} {:>10} {:>6}", "site", "bytes", "blocks", "live bytes", "blocks");
    for (site, [bytes, blocks, live_bytes, live_blocks]) in &expected {
        println!("{site:12} {bytes:>12} {blocks:>8} {live_bytes:>10} {live_blocks:>6}");
    }
    assert_eq!(found, expected, "left: soak-heap, right: the dhat crate; [bytes, blocks, live bytes, live blocks]");
    assert_eq!(traced["soakHeap"]["dropped"], 0);
    println!("test soak_heap_and_the_dhat_crate_say_the_same ... ok");
}

/// Sums up what stands under these keys, by the innermost frame that is a site's.
fn figures(file: &Value, keys: [&str; 4], site_of: impl Fn(usize) -> Option<String>) -> BTreeMap<String, Figures> {
    let mut sums: BTreeMap<String, Figures> = BTreeMap::new();
    for point in file["pps"].as_array().unwrap() {
        let frames = point["fs"].as_array().unwrap().iter().map(|place| place.as_u64().unwrap() as usize);
        let Some(site) = frames.into_iter().find_map(&site_of) else { continue };
        let sum = sums.entry(site).or_default();
        for (sum, key) in sum.iter_mut().zip(keys) {
            *sum += point[key].as_u64().expect(key);
        }
    }
    sums
}
