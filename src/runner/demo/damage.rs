//! The faults at work: what each turn keeps, opens or starts when the server was given a fault.
//!
//! Sizes are chosen so that 20 turns a second show within a minute. All memory is written to, since the kernel counts
//! only touched pages; pieces below glibc's 128 KiB mmap threshold come from the heap and stay there while they are held.

use std::collections::HashMap;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::fs::MemfdFlags;
use tokio::runtime::Handle;

use super::fault::{Fault, FaultSet};
use super::work::Work;

const KIB: usize = 1024;
/// What a turn keeps under `memory-leak`.
const TRANSCRIPT: usize = 4 * KIB;
/// Under `fd-leak`, one turn in so many opens a file: 5 a second at 20 turns/s.
pub(super) const TURNS_PER_FILE: u64 = 4;
/// Under `thread-leak`, one turn in so many starts a thread: 1 a second at 20 turns/s.
pub(super) const TURNS_PER_THREAD: u64 = 20;
/// What a front page keeps under `page-leak`.
pub(super) const PAGE: usize = 16 * KIB;
/// What a turn keeps under `hoard`: above glibc's first mmap threshold, so each is a mapping of its own.
const BOARD: usize = 256 * KIB;
/// What a chat leaves behind under `stream-leak` when its client left.
const CHAT_CONTEXT: usize = 64 * KIB;
/// Under `stall`, the server stands still for so long at the start of every so long.
const STALL: Duration = Duration::from_secs(1);
const STALL_EVERY: Duration = Duration::from_secs(10);
/// The stack of such a thread: it only waits.
const STACK: usize = 64 * KIB;
/// What a waiting task holds.
const TASK_CONTEXT: usize = 3 * KIB;
/// The cache is full after so many turns: 16 s at 20 turns/s.
pub(super) const CACHE_ENTRIES: u64 = 320;
const CACHE_ENTRY: usize = 16 * KIB;
/// The batch is let go after so many turns: every 8 s at 20 turns/s.
pub(super) const TURNS_PER_BATCH: u64 = 160;
const BATCH_PART: usize = 64 * KIB;
/// Reserved in one piece and touched as it fills. Above 32 MiB glibc always maps (its mmap threshold grows with what is
/// freed, but not beyond that, mallopt(3)), so letting go returns the memory at once instead of keeping it in the heap.
const BATCH_RESERVE: usize = 40 * KIB * KIB;
/// The index of `slow-start`: so many pieces, one every so often, 15 s in all.
const INDEX_PIECES: usize = 150;
const INDEX_PIECE: usize = 64 * KIB;
const INDEX_GAP: Duration = Duration::from_millis(100);

/// What the faults have taken so far.
#[derive(Debug, Default)]
pub(super) struct Held {
    pub(super) transcripts: Vec<Box<[u8]>>,
    pub(super) pages: Vec<Box<[u8]>>,
    pub(super) hoard: Vec<Box<[u8]>>,
    pub(super) files: Vec<OwnedFd>,
    pub(super) cache: HashMap<u64, Box<[u8]>>,
    pub(super) batch: Vec<u8>,
    pub(super) index: Vec<Box<[u8]>>,
    pub(super) stray_chats: u64,
}

/// The faults of a running server.
#[derive(Debug)]
pub(super) struct Damage {
    faults: FaultSet,
    held: Mutex<Held>,
}

impl Damage {
    pub(super) fn new(faults: FaultSet) -> Self {
        Self { faults, held: Mutex::default() }
    }

    /// Does what the faults do in turn `number`, counted from 1. Must be called on the server's runtime.
    ///
    /// # Errors
    /// What a leaking server meets in the end: no descriptor or no thread is left.
    pub(super) fn turn(&self, number: u64, work: Work) -> io::Result<()> {
        if self.faults.has(Fault::Hoard) && work.is_hoarded() {
            self.held(|held| held.hoard.push(touched(BOARD)));
        }
        if self.faults.has(Fault::PageLeak) && work == Work::Page {
            self.held(|held| held.pages.push(touched(PAGE)));
        }
        self.faults.iter().try_for_each(|fault| self.strike(fault, number))
    }

    /// Starts what does not wait for a turn. Must be called on the server's runtime.
    pub(super) fn start(self: &Arc<Self>) {
        if self.faults.has(Fault::SlowStart) {
            tokio::spawn(Arc::clone(self).load_index(INDEX_GAP));
        }
        if self.faults.has(Fault::Stall) {
            tokio::spawn(stall());
        }
    }

    /// Does what the faults do when the client of a chat left: a healthy server lets `chat` go with it.
    pub(super) fn stream_left(&self, chat: impl Send + 'static) {
        if self.faults.has(Fault::StreamLeak)
            // At the end of the server there is no runtime left to leak into.
            && let Ok(runtime) = Handle::try_current()
        {
            self.held(|held| held.stray_chats += 1);
            let left_behind = (chat, touched(CHAT_CONTEXT));
            runtime.spawn(async move {
                std::future::pending::<()>().await;
                drop(left_behind);
            });
        }
    }

    pub(super) fn held<T>(&self, look: impl FnOnce(&mut Held) -> T) -> T {
        look(&mut self.held.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn strike(&self, fault: Fault, number: u64) -> io::Result<()> {
        match fault {
            Fault::MemoryLeak => self.held(|held| held.transcripts.push(touched(TRANSCRIPT))),
            Fault::FdLeak if number.is_multiple_of(TURNS_PER_FILE) => {
                let file = rustix::fs::memfd_create("demo-attachment", MemfdFlags::CLOEXEC)?;
                self.held(|held| held.files.push(file));
            }
            Fault::ThreadLeak if number.is_multiple_of(TURNS_PER_THREAD) => {
                thread::Builder::new().name("demo-stray".into()).stack_size(STACK).spawn(wait_for_ever)?;
            }
            Fault::TaskLeak => {
                let context = touched(TASK_CONTEXT);
                tokio::spawn(async move {
                    std::future::pending::<()>().await;
                    drop(context);
                });
            }
            Fault::CacheFill => self.held(|held| {
                held.cache.entry(number % CACHE_ENTRIES).or_insert_with(|| touched(CACHE_ENTRY));
            }),
            Fault::Sawtooth => self.held(|held| {
                if held.batch.capacity() == 0 {
                    held.batch.reserve_exact(BATCH_RESERVE);
                }
                let filled = held.batch.len() + BATCH_PART;
                held.batch.resize(filled, 0xA5);
                if number.is_multiple_of(TURNS_PER_BATCH) {
                    held.batch = Vec::new();
                }
            }),
            // The others wait for another moment, or strike elsewhere.
            _ => {}
        }
        Ok(())
    }

    async fn load_index(self: Arc<Self>, gap: Duration) {
        for _ in 0..INDEX_PIECES {
            self.held(|held| held.index.push(touched(INDEX_PIECE)));
            tokio::time::sleep(gap).await;
        }
    }
}

/// Holds the one thread of the server, as a long collection of garbage does: nothing at all is answered meanwhile.
async fn stall() {
    let started = tokio::time::Instant::now();
    loop {
        let (left, next) = phase(started.elapsed());
        thread::sleep(left);
        tokio::time::sleep_until(started + next).await;
    }
}

/// How long the server still stands still at `elapsed` since the start, and when it does so next.
fn phase(elapsed: Duration) -> (Duration, Duration) {
    let round = (elapsed.as_nanos() / STALL_EVERY.as_nanos()) as u32;
    let into_round = Duration::from_nanos((elapsed.as_nanos() % STALL_EVERY.as_nanos()) as u64);
    (STALL.saturating_sub(into_round), STALL_EVERY * (round + 1))
}

fn touched(size: usize) -> Box<[u8]> {
    // Not zero: zeroed memory comes untouched from the kernel.
    vec![0xA5; size].into_boxed_slice()
}

fn wait_for_ever() {
    loop {
        thread::park();
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
    }

    /// Lets `turns` turns happen to a server with this fault.
    fn after(turns: u64, fault: Fault) -> Arc<Damage> {
        let damage = Arc::new(Damage::new(FaultSet::from_iter([fault])));
        for number in 1..=turns {
            damage.turn(number, Work::Page).unwrap();
        }
        damage
    }

    fn names_in(folder: &str, name_of: impl Fn(fs::DirEntry) -> Option<String>, name: &str) -> usize {
        fs::read_dir(folder).unwrap().filter_map(|entry| name_of(entry.unwrap())).filter(|n| n.contains(name)).count()
    }

    #[test]
    fn a_memory_leak_keeps_4_kib_a_turn() {
        let kept = after(1000, Fault::MemoryLeak).held(|held| held.transcripts.iter().map(|t| t.len()).sum::<usize>());
        assert_eq!(kept, 1000 * 4096);
    }

    #[test]
    fn an_fd_leak_keeps_one_descriptor_open_every_fourth_turn() {
        let open = || {
            let target = |entry: fs::DirEntry| Some(fs::read_link(entry.path()).ok()?.to_string_lossy().into_owned());
            names_in("/proc/self/fd", target, "demo-attachment")
        };
        let before = open();
        let damage = after(43, Fault::FdLeak);
        assert_eq!(open() - before, 10);
        drop(damage);
    }

    #[test]
    fn a_thread_leak_leaves_one_thread_every_twentieth_turn() {
        let stray = || {
            let name = |entry: fs::DirEntry| fs::read_to_string(entry.path().join("comm")).ok();
            names_in("/proc/self/task", name, "demo-stray")
        };
        let before = stray();
        after(67, Fault::ThreadLeak);
        // A thread takes its name after it has started.
        while stray() - before < 3 {
            thread::yield_now();
        }
        assert_eq!(stray() - before, 3);
    }

    #[test]
    fn a_task_leak_leaves_one_task_a_turn() {
        runtime().block_on(async {
            let alive = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
            let before = alive();
            after(25, Fault::TaskLeak);
            tokio::task::yield_now().await;
            assert_eq!(alive() - before, 25);
        });
    }

    #[test]
    fn a_cache_fills_and_stays() {
        let entries = |turns| after(turns, Fault::CacheFill).held(|held| held.cache.len() as u64);
        assert_eq!(entries(CACHE_ENTRIES / 2), CACHE_ENTRIES / 2);
        assert_eq!(entries(CACHE_ENTRIES), CACHE_ENTRIES);
        assert_eq!(entries(3 * CACHE_ENTRIES), CACHE_ENTRIES);
    }

    #[test]
    fn a_sawtooth_fills_and_lets_go() {
        let batch = |turns| after(turns, Fault::Sawtooth).held(|held| (held.batch.len(), held.batch.capacity()));
        assert_eq!(batch(TURNS_PER_BATCH - 1), (159 * BATCH_PART, BATCH_RESERVE));
        assert_eq!(batch(TURNS_PER_BATCH), (0, 0));
        assert_eq!(batch(TURNS_PER_BATCH + 1), (BATCH_PART, BATCH_RESERVE));
    }

    #[test]
    fn a_page_leak_keeps_16_kib_of_a_page_and_nothing_of_any_other_work() {
        let damage = Damage::new(FaultSet::from_iter([Fault::PageLeak]));
        for (number, work) in (1..).zip(Work::ALL) {
            damage.turn(number, work).unwrap();
        }
        assert_eq!(damage.held(|held| held.pages.iter().map(|page| page.len()).sum::<usize>()), 16 * 1024);
    }

    #[test]
    fn a_hoard_keeps_256_kib_of_every_turn_that_is_not_streamed_or_classified() {
        let damage = Damage::new(FaultSet::from_iter([Fault::Hoard]));
        for (number, work) in (1..).zip(Work::ALL) {
            damage.turn(number, work).unwrap();
        }
        let kept = damage.held(|held| held.hoard.iter().map(|board| board.len()).sum::<usize>());
        assert_eq!(kept, (Work::ALL.len() - 2) * 256 * 1024);
    }

    #[test]
    fn a_stall_takes_the_first_second_of_every_ten() {
        let phase = |ms| {
            let (left, next) = phase(Duration::from_millis(ms));
            (left.as_millis(), next.as_millis())
        };
        assert_eq!(phase(0), (1_000, 10_000));
        assert_eq!(phase(10_004), (996, 20_000));
        assert_eq!(phase(31_000), (0, 40_000), "over");
    }

    #[test]
    fn a_stall_holds_the_whole_server() {
        runtime().block_on(async {
            let started = std::time::Instant::now();
            Arc::new(Damage::new(FaultSet::from_iter([Fault::Stall]))).start();
            tokio::task::yield_now().await;
            assert!(started.elapsed() > STALL / 2, "{:?}", started.elapsed());
        });
    }

    #[test]
    fn a_slow_start_loads_its_index_once() {
        let damage = after(100, Fault::SlowStart);
        assert_eq!(damage.held(|held| held.index.len()), 0);
        runtime().block_on(Arc::clone(&damage).load_index(Duration::ZERO));
        assert_eq!(damage.held(|held| held.index.len()), INDEX_PIECES);
    }

    #[test]
    fn a_healthy_server_keeps_nothing() {
        let damage = Damage::new(FaultSet::healthy());
        for number in 1..=1000 {
            damage.turn(number, Work::Page).unwrap();
        }
        damage.held(|held| {
            assert!(
                held.transcripts.is_empty() && held.hoard.is_empty() && held.files.is_empty() && held.cache.is_empty()
            );
            assert_eq!(held.batch.capacity(), 0);
        });
    }
}
