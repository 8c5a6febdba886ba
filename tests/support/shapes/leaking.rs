//! Classes that leak, most of them as twins of a healthy class with a leak underneath.

use soak::domain::Unit;

use super::random::Random;
use super::{Made, PAGE, axis, healthy, parts};

/// A leak, and a collector that comes at times and takes back a share of what came since it came last.
pub(super) fn compaction_leak(random: &mut Random) -> Made {
    let (mut made, _) = healthy::process(random);
    let end = axis::span(&made.elapsed_s);
    let count = axis::cycles(random, made.elapsed_s.len(), 7.0, 40.0);
    let taken_back = random.uniform(0.2, 0.7);
    let kept = parts::rise(random, &made, 12.0, 300.0);
    let gross = kept / (1.0 - taken_back);
    let ends = parts::cycle_ends(random, end, count, 0.1);
    let teeth = parts::teeth(random, &made.elapsed_s, &ends, gross * taken_back / count, 0.0);
    parts::add(&mut made.rest, teeth);
    parts::line(&mut made, kept, 0.0);
    made
}

/// Days of a load that comes and goes, and a leak under it.
pub(super) fn diurnal_leak(random: &mut Random) -> Made {
    let mut made = healthy::diurnal_days(random);
    let rise = parts::rise(random, &made, 6.0, 60.0);
    parts::line(&mut made, rise, 0.0);
    made
}

/// A leak whose recorder wrote 0 where it could not read.
pub(super) fn dropouts_leak(random: &mut Random) -> Made {
    let (mut made, _) = healthy::process(random);
    let rise = parts::rise(random, &made, 10.0, 500.0);
    parts::line(&mut made, rise, 0.0);
    healthy::add_dropouts(random, &mut made);
    made
}

/// Descriptors that come and go in bursts, and some that never go.
pub(super) fn fd_burst_leak(random: &mut Random) -> Made {
    let mut made = healthy::fd_pool_bursts(random);
    let rise = parts::rise(random, &made, 7.0, 60.0).max(25.0);
    let end = axis::span(&made.elapsed_s);
    let lost = parts::arrivals(random, end, end / rise);
    made.leaked = made.elapsed_s.iter().map(|&at| lost.partition_point(|&event| event <= at) as f64).collect();
    made.random_rate = true;
    made
}

/// Losses that come one by one, most of them small and some large: 60 to 600 of them, of sizes with a heavy tail.
pub(super) fn heavy_tailed_leak(random: &mut Random) -> Made {
    let (mut made, _) = healthy::process(random);
    let end = axis::span(&made.elapsed_s);
    let count = random.octaves(60.0, 600.0);
    let rise = parts::rise(random, &made, 15.0, 500.0);
    let tail = random.uniform(2.2, 3.5);
    let mean = tail / (tail - 1.0);
    let mut total = 0.0;
    let losses: Vec<(f64, f64)> = parts::arrivals(random, end, end / count)
        .into_iter()
        .map(|at| {
            total += random.pareto(tail) / mean * rise / count;
            (at, total)
        })
        .collect();
    made.leaked = made
        .elapsed_s
        .iter()
        .map(|&at| losses.partition_point(|(event, _)| *event <= at).checked_sub(1).map_or(0.0, |last| losses[last].1))
        .collect();
    made.random_rate = true;
    made
}

/// A leak that goes on only while a job runs: 10 to 40 jobs, evenly over the run.
pub(super) fn job_leak(random: &mut Random) -> Made {
    let (mut made, _) = healthy::process(random);
    let end = axis::span(&made.elapsed_s);
    let count = axis::cycles(random, made.elapsed_s.len(), 10.0, 40.0).floor();
    let (length, share) = (end / count, random.uniform(0.15, 0.6));
    let rise = parts::rise(random, &made, 15.0, 500.0);
    let waits: Vec<f64> = (0..count as usize).map(|_| random.uniform(0.0, 1.0 - share)).collect();
    made.leaked = made
        .elapsed_s
        .iter()
        .map(|&at| {
            let job = ((at / length).floor()).min(count - 1.0);
            let within = (at / length - job - waits[job as usize]) / share;
            rise * (job + within.clamp(0.0, 1.0)) / count
        })
        .collect();
    made
}

/// A heap with young and old collections whose floor rises.
pub(super) fn jvm_leak(random: &mut Random) -> Made {
    let mut made = healthy::jvm_major_gc(random);
    let rise = parts::rise(random, &made, 6.0, 60.0);
    parts::line(&mut made, rise, 0.0);
    made
}

/// Flat until 55 to 65 % of the run, and a leak from there to the end.
pub(super) fn late_onset_60(random: &mut Random) -> Made {
    let (mut made, _) = healthy::process(random);
    let onset = axis::span(&made.elapsed_s) * random.uniform(0.55, 0.65);
    let rise = parts::rise(random, &made, 12.0, 500.0);
    parts::line(&mut made, rise, onset);
    made
}

/// A cache that fills, and a leak all the while that goes on when it is full.
pub(super) fn logistic_leak(random: &mut Random) -> Made {
    let (mut made, base) = healthy::process(random);
    let rise = parts::rise(random, &made, 40.0, 2000.0);
    healthy::add_logistic(random, &mut made, base);
    parts::line(&mut made, rise, 0.0);
    made
}

/// A leak under noise that is many times stronger for stretches of the run.
pub(super) fn noisy_neighbour_leak(random: &mut Random) -> Made {
    let mut made = healthy::noisy_neighbour(random);
    let rise = parts::rise(random, &made, 8.0, 200.0);
    parts::line(&mut made, rise, 0.0);
    made
}

/// One page every so often, on a level that is otherwise exactly the same: 80 to 500 pages over the run.
pub(super) fn page_by_page(random: &mut Random) -> Made {
    let mut made = Made::new(axis::any(random), Unit::Bytes);
    made.level.fill(parts::base(random));
    let rise = random.octaves(80.0, 500.0) * PAGE;
    parts::line(&mut made, rise, 0.0);
    made
}

/// A parent that leaks, and workers that fill up and are replaced: their sum, with no process id to tell.
pub(super) fn recycled_workers(random: &mut Random) -> Made {
    let (mut made, base) = healthy::process(random);
    let end = axis::span(&made.elapsed_s);
    let count = axis::cycles(random, made.elapsed_s.len(), 8.0, 40.0);
    let ends = parts::cycle_ends(random, end, count, 0.05);
    let height = base * random.octaves(0.05, 0.6);
    let teeth = parts::teeth(random, &made.elapsed_s, &ends, height, 0.05);
    parts::add(&mut made.rest, teeth);
    let rise = parts::rise(random, &made, 6.0, 60.0);
    parts::line(&mut made, rise, 0.0);
    made
}

/// A pool of threads that grows and shrinks, and threads that never end.
pub(super) fn thread_elastic_leak(random: &mut Random) -> Made {
    let mut made = healthy::thread_pool_elastic(random);
    let rise = parts::rise(random, &made, 6.0, 60.0).max(15.0).round();
    parts::line(&mut made, rise, 0.0);
    for leaked in &mut made.leaked {
        *leaked = leaked.floor();
    }
    made
}

/// Two kinds of warm-up, and a leak from the start.
pub(super) fn tiered_leak(random: &mut Random) -> Made {
    let (mut made, base) = healthy::process(random);
    let rise = parts::rise(random, &made, 25.0, 1000.0);
    healthy::add_tiers(random, &mut made, base);
    parts::line(&mut made, rise, 0.0);
    made
}

/// A heap whose top is given back at times, and whose floor rises.
pub(super) fn trim_leak(random: &mut Random) -> Made {
    let mut made = healthy::malloc_trim(random);
    let rise = parts::rise(random, &made, 6.0, 60.0);
    parts::line(&mut made, rise, 0.0);
    made
}

/// So many bytes a turn, at a rate of turns that rises and falls by up to ten times, in stretches of a tenth of the run.
pub(super) fn turn_leak(random: &mut Random) -> Made {
    let (mut made, _) = healthy::process(random);
    let end = axis::span(&made.elapsed_s);
    let stretch = end / random.uniform(8.0, 16.0);
    let rates: Vec<f64> = (0..=(end / stretch).ceil() as usize).map(|_| random.octaves(0.1, 1.0)).collect();
    let most = random.octaves(2.0, 200.0) * made.elapsed_s.len() as f64 / end;
    let (mut turns, mut before) = (0.0, 0.0);
    let done: Vec<f64> = made
        .elapsed_s
        .iter()
        .map(|&at| {
            turns += rates[(at / stretch) as usize] * most * (at - before);
            before = at;
            turns.floor()
        })
        .collect();
    let rise = parts::rise(random, &made, 15.0, 500.0);
    let total = done.last().copied().unwrap_or(1.0).max(1.0);
    made.leaked = done.iter().map(|turns| rise * turns / total).collect();
    made.turns = Some(done);
    made
}
