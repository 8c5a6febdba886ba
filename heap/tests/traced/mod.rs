//! What tests of traced programs share.

#![allow(dead_code, reason = "no test file uses all of it")]

use std::sync::{Mutex, MutexGuard, PoisonError};

use soak_heap::{Amount, Options, Period, Site, Snapshot};

/// Tests of one file share one recorder, so they take turns.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts with this period, runs a program and says what is known at its end.
pub(crate) fn traced_at(period: Period, program: impl FnOnce()) -> Snapshot {
    let _alone = alone();
    soak_heap::start(Options { period, ..Options::default() }).unwrap();
    program();
    let snapshot = soak_heap::snapshot();
    soak_heap::stop();
    snapshot
}

pub(crate) fn traced(program: impl FnOnce()) -> Snapshot {
    traced_at(Period::Every, program)
}

/// The sites with this function on their stack: one that has at least 16 bytes of code and at most 600, and that no
/// function with sites of its own follows closely.
pub(crate) fn sites_under(snapshot: &Snapshot, function: usize) -> Vec<&Site> {
    snapshot.sites.iter().filter(|site| depth_of(site, function).is_some()).collect()
}

/// How many frames stand between a function and the allocation.
pub(crate) fn depth_of(site: &Site, function: usize) -> Option<usize> {
    let end = end_of(function);
    site.stack.iter().position(|frame| (function as u64..end).contains(frame))
}

/// Where a function's code ends, by the symbols of this program.
fn end_of(function: usize) -> u64 {
    static SYMBOLS: std::sync::OnceLock<Vec<(u64, u64)>> = std::sync::OnceLock::new();
    let symbols = SYMBOLS.get_or_init(|| {
        let exe = std::env::current_exe().unwrap();
        let output = std::process::Command::new("nm").arg("-S").arg(exe).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let number = |word: &str| u64::from_str_radix(word, 16).ok();
        let line = |line: &str| {
            let mut words = line.split(' ');
            Some((number(words.next()?)?, number(words.next()?)?))
        };
        text.lines().filter_map(line).collect()
    });
    let bias = soak_heap::snapshot().modules.first().map_or(0, |program| program.bias);
    let address = function as u64 - bias;
    let size = symbols.iter().find(|(at, _)| *at == address).map(|(_, size)| *size);
    function as u64 + size.expect("the function is a symbol of this program")
}

pub(crate) fn live(sites: &[&Site]) -> Amount {
    sum(sites, |site| site.live)
}

pub(crate) fn allocated(sites: &[&Site]) -> Amount {
    sum(sites, |site| site.allocated)
}

fn sum(sites: &[&Site], of: impl Fn(&Site) -> Amount) -> Amount {
    sites.iter().map(|site| of(site)).fold(Amount::default(), |sum, amount| Amount {
        bytes: sum.bytes + amount.bytes,
        blocks: sum.blocks + amount.blocks,
    })
}

pub(crate) fn amount(bytes: u64, blocks: u64) -> Amount {
    Amount { bytes, blocks }
}
