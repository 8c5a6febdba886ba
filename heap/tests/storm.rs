//! A traced program that forks, starts others, is hit by signals and is looked at, all at once, for some time: it goes
//! on, its children do, and every figure is right in the end.

mod traced;

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use soak_heap::{Options, Period};
use traced::{alone, amount, live, sites_under};

#[global_allocator]
static HEAP: soak_heap::Alloc = soak_heap::Alloc::system();

const LASTS: Duration = Duration::from_secs(2);
/// A child that hangs is ended by this; none should need it.
const CHILD_SECONDS: libc::c_uint = 20;

static SIGNALS: AtomicU64 = AtomicU64::new(0);
static OVER: AtomicBool = AtomicBool::new(false);

/// A handler may not allocate while the program does: malloc itself would hang. It may free nothing either. What it may do
/// is run, and find the thread in any state.
extern "C" fn count(_signal: libc::c_int) {
    SIGNALS.fetch_add(1, Ordering::Relaxed);
}

#[inline(never)]
fn churn(kept: &mut Vec<Vec<u8>>, n: usize) {
    let slot = n % 1_000;
    if kept.len() <= slot {
        kept.push(Vec::new());
    }
    kept[slot] = black_box(vec![n as u8; n % 2_000 + 1]);
    black_box(kept);
}

/// Forks, allocates and frees in the child, and asks it how that went.
fn fork_once() {
    // SAFETY: the child only allocates, which glibc allows after a fork of a threaded program, and leaves by `_exit`.
    let child = unsafe { libc::fork() };
    assert!(child >= 0);
    if child == 0 {
        // SAFETY: ends the child should it hang.
        unsafe { libc::alarm(CHILD_SECONDS) };
        let mut kept = Vec::new();
        (0..300).for_each(|n| churn(&mut kept, n));
        drop(kept);
        let status = soak_heap::status();
        // SAFETY: leaves without running anything of the parent's.
        unsafe { libc::_exit(if status.tracing { 3 } else { 0 }) };
    }
    let mut status = 0;
    // SAFETY: waits for the child above.
    while unsafe { libc::waitpid(child, &raw mut status, 0) } != child {}
    assert!(libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0, "a child hung or was traced: {status:x}");
}

fn signal_storm() {
    // SAFETY: a handler that touches an atomic only.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = count as *const () as usize;
        action.sa_flags = libc::SA_RESTART;
        assert_eq!(libc::sigaction(libc::SIGUSR1, &raw const action, std::ptr::null_mut()), 0);
    }
    while !OVER.load(Ordering::Relaxed) {
        // SAFETY: a signal to this process, which handles it on any of its threads.
        unsafe { libc::kill(libc::getpid(), libc::SIGUSR1) };
        std::thread::sleep(Duration::from_micros(100));
    }
}

/// Runs something again and again until the storm is over, and says how often.
fn until_over(mut run: impl FnMut()) -> u64 {
    let mut times = 0;
    while !OVER.load(Ordering::Relaxed) {
        run();
        times += 1;
    }
    times
}

#[test]
fn a_storm_of_forks_programs_signals_and_snapshots_harms_nothing() {
    let _alone = alone();
    soak_heap::start(Options { period: Period::Every, ..Options::default() }).unwrap();
    let mut kept = Vec::new();
    let (forks, programs, snapshots, threads) = std::thread::scope(|scope| {
        let forks = scope.spawn(|| until_over(fork_once));
        let programs =
            scope.spawn(|| until_over(|| assert!(std::process::Command::new("true").status().unwrap().success())));
        let snapshots = scope.spawn(|| until_over(|| assert!(soak_heap::snapshot().elapsed > Duration::ZERO)));
        let threads =
            scope.spawn(|| until_over(|| std::thread::spawn(|| drop(black_box(vec![1_u8; 99]))).join().unwrap()));
        let settings = scope.spawn(|| {
            let periods = [Period::Every, Period::Fixed(4 << 10), Period::Adaptive];
            let mut next = periods.into_iter().cycle();
            until_over(|| {
                let options = Options { period: next.next().unwrap(), ..Options::default() };
                soak_heap::start(options).unwrap();
                std::thread::sleep(Duration::from_millis(5));
            })
        });
        scope.spawn(signal_storm);
        let churning: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    let (mut own, mut n) = (Vec::new(), 0);
                    until_over(|| {
                        churn(&mut own, n);
                        n += 1;
                    });
                    own
                })
            })
            .collect();
        let begin = Instant::now();
        while begin.elapsed() < LASTS {
            std::thread::sleep(Duration::from_millis(20));
        }
        OVER.store(true, Ordering::Relaxed);
        kept.extend(churning.into_iter().map(|thread| thread.join().unwrap()));
        settings.join().unwrap();
        let times = |thread: std::thread::ScopedJoinHandle<'_, u64>| thread.join().unwrap();
        (times(forks), times(programs), times(snapshots), times(threads))
    });
    let done = [forks, programs, snapshots, threads, SIGNALS.load(Ordering::Relaxed)];
    assert!(done.iter().all(|times| *times > 0), "{done:?}");
    // Whatever the storm did, no free was lost: once all is freed, nothing is live.
    drop(kept);
    let snapshot = soak_heap::snapshot();
    assert_eq!(live(&sites_under(&snapshot, churn as *const () as usize)), amount(0, 0));
    soak_heap::stop();
}

#[test]
fn a_child_may_trace_itself() {
    let _alone = alone();
    soak_heap::start(Options { period: Period::Every, ..Options::default() }).unwrap();
    // SAFETY: as in `fork_once`; tracing starts a thread, which a child of a threaded program may.
    let child = unsafe { libc::fork() };
    assert!(child >= 0);
    if child == 0 {
        // SAFETY: ends the child should it hang.
        unsafe { libc::alarm(CHILD_SECONDS) };
        let begun = soak_heap::start(Options { period: Period::Every, ..Options::default() });
        let mut kept = Vec::with_capacity(10);
        churn(&mut kept, 0);
        // The recorder's own thread may be there too: what starts a thread is not yet the recorder's.
        let sites = soak_heap::snapshot().sites;
        let has = |bytes| sites.iter().any(|site| site.live == soak_heap::Amount { bytes, blocks: 1 });
        let both = has(10 * size_of::<Vec<u8>>() as u64) && has(1);
        let right = begun.is_ok_and(|start| start == soak_heap::Start::Begun) && both;
        // SAFETY: leaves without running anything of the parent's.
        unsafe { libc::_exit(if right { 0 } else { 4 }) };
    }
    let mut status = 0;
    // SAFETY: waits for the child above.
    while unsafe { libc::waitpid(child, &raw mut status, 0) } != child {}
    assert!(libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0, "{status:x}");
    assert!(soak_heap::status().tracing, "the parent goes on");
    soak_heap::stop();
}
