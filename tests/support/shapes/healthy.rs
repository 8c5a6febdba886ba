//! Classes that do not leak, however they rise on the way. Whatever rises has stood still for the last quarter of the run,
//! and whatever cycles has done so often enough that a patient reader would call it steady.

use soak::domain::Unit;

use super::random::Random;
use super::{Made, axis, parts};

/// A level with its noise, on any axis.
pub(super) fn process(random: &mut Random) -> (Made, f64) {
    let elapsed_s = axis::any(random);
    process_on(random, elapsed_s)
}

/// A level with its noise, on this axis.
pub(super) fn process_on(random: &mut Random, elapsed_s: Vec<f64>) -> (Made, f64) {
    let mut made = Made::new(elapsed_s, Unit::Bytes);
    let base = parts::base(random);
    made.level.fill(base);
    made.rest = parts::noise(random, made.elapsed_s.len(), base);
    (made, base)
}

/// Jobs that take memory while they run and give all of it back: 3 to 9 of them.
pub(super) fn batch_jobs(random: &mut Random) -> Made {
    let (mut made, base) = process(random);
    add_jobs(random, &mut made, base);
    made
}

/// Adds the memory of jobs; gives when each begins and ends.
pub(super) fn add_jobs(random: &mut Random, made: &mut Made, base: f64) -> Vec<(f64, f64)> {
    let end = axis::span(&made.elapsed_s);
    let count = axis::cycles(random, made.elapsed_s.len(), 3.0, 9.99).floor();
    let height = base * random.octaves(0.05, 1.0);
    let (length, share) = (end / count, random.uniform(0.08, 0.4));
    let late = random.uniform(0.1, 0.5);
    let jobs: Vec<(f64, f64)> = (0..count as usize)
        .map(|job| {
            let start = (job as f64 + late + random.uniform(-0.05, 0.05)) * length;
            (start, start + share * length * random.uniform(0.7, 1.3))
        })
        .collect();
    let taken = made.elapsed_s.iter().map(|&at| {
        let busy = jobs.iter().find(|(start, stop)| (*start..*stop).contains(&at));
        busy.map_or(0.0, |(start, _)| height * (1.0 - (-(at - start) / (0.05 * length)).exp()))
    });
    parts::add(&mut made.rest, taken.collect::<Vec<_>>());
    jobs
}

/// Two and a half to three days of a load that comes and goes with the hour.
pub(super) fn diurnal_days(random: &mut Random) -> Made {
    let duration = random.uniform(2.5, 3.0) * 86_400.0;
    let elapsed_s = axis::of(random, duration.min(axis::LONGEST_S));
    let (mut made, base) = process_on(random, elapsed_s);
    let swing = base * random.octaves(0.02, 0.5);
    let load = parts::day_load(random, &made.elapsed_s);
    parts::add(&mut made.rest, load.into_iter().map(|load| load * swing));
    made
}

/// Two generations of data, the new one loaded before the old one is dropped: a level, now and then twice the data.
pub(super) fn double_buffer(random: &mut Random) -> Made {
    let (mut made, base) = process(random);
    let end = axis::span(&made.elapsed_s);
    let count = axis::cycles(random, made.elapsed_s.len(), 5.0, 60.0);
    let (data, share) = (base * random.octaves(0.1, 0.9), random.uniform(0.15, 0.6));
    let ends = parts::cycle_ends(random, end, count, 0.08);
    let swapping: Vec<f64> = made
        .elapsed_s
        .iter()
        .map(|&at| {
            let cycle = ends.partition_point(|&end| end <= at).clamp(1, ends.len() - 1);
            let within = (at - ends[cycle - 1]) / (ends[cycle] - ends[cycle - 1]);
            if within < share { data } else { 0.0 }
        })
        .collect();
    parts::add(&mut made.rest, swapping);
    made
}

/// A flat level whose recorder wrote 0 where it could not read.
pub(super) fn dropouts_to_zero(random: &mut Random) -> Made {
    let (mut made, _) = process(random);
    add_dropouts(random, &mut made);
    made
}

/// Marks 0.3 to 4 % of the samples as not read.
pub(super) fn add_dropouts(random: &mut Random, made: &mut Made) {
    let share = random.octaves(0.003, 0.04);
    made.dropouts = (0..made.elapsed_s.len()).filter(|_| random.chance(share)).collect();
}

/// Descriptors of connections that come and go, with bursts that fill the pool for a while.
pub(super) fn fd_pool_bursts(random: &mut Random) -> Made {
    let elapsed_s = axis::any(random);
    let mut made = Made::new(elapsed_s, Unit::Count);
    let end = axis::span(&made.elapsed_s);
    made.level.fill(random.octaves(8.0, 200.0).round());
    let stay = end * random.octaves(0.002, 0.015);
    let busy = random.octaves(2.0, 60.0);
    let mut busy_at = parts::queue(random, &made.elapsed_s, busy, stay);
    let (burst, wait) = (busy * random.uniform(1.0, 6.0) + 5.0, end / random.uniform(6.0, 14.0));
    let length = end * random.octaves(0.004, 0.02);
    for start in parts::arrivals(random, end, wait) {
        let height = (burst * random.uniform(0.5, 1.0)).round();
        let at_times = made.elapsed_s.iter().map(|&at| {
            let since = at - start;
            // An idle timeout closes the pool's extra connections one by one.
            if (0.0..length).contains(&since) { (height * (1.0 - since / length)).round() } else { 0.0 }
        });
        parts::add(&mut busy_at, at_times.collect::<Vec<_>>());
    }
    made.rest = busy_at;
    made
}

/// Free lists that fragment step by step until they hold what they ever need, and then wander below that.
pub(super) fn fragmentation_walk(random: &mut Random) -> Made {
    let (mut made, base) = process(random);
    let end = axis::span(&made.elapsed_s);
    let (room, tau) = (base * random.octaves(0.05, 0.8), end * random.uniform(0.02, 0.11));
    let mut filled = 0.0;
    let mut before = 0.0;
    for (at, level) in made.elapsed_s.iter().zip(&mut made.level) {
        // Each step takes a random share of what is left, so the walk ends where there is nothing left to take.
        let step = (at - before) / tau;
        filled += (1.0 - filled) * (1.0 - (-step * random.exponential(1.0)).exp());
        before = *at;
        *level += room * filled;
    }
    let memory = made.elapsed_s.len() as f64 / 40.0 * random.unit();
    let sd = room * random.octaves(0.003, 0.03);
    let wander = parts::correlated(random, made.elapsed_s.len(), sd, memory);
    parts::add(&mut made.rest, wander);
    made
}

/// A heap with small teeth (young collections) on large ones (old collections), 6 to 30 of these, down to one floor.
pub(super) fn jvm_major_gc(random: &mut Random) -> Made {
    let (mut made, base) = process(random);
    add_heap(random, &mut made, base);
    made
}

/// Adds such a heap.
pub(super) fn add_heap(random: &mut Random, made: &mut Made, base: f64) {
    let end = axis::span(&made.elapsed_s);
    let majors = axis::cycles(random, made.elapsed_s.len(), 6.0, 30.0);
    let old = base * random.octaves(0.1, 1.0);
    let ends = parts::cycle_ends(random, end, majors, 0.15);
    let teeth = parts::teeth(random, &made.elapsed_s, &ends, old, 0.1);
    parts::add(&mut made.rest, teeth);
    let minors = majors * random.uniform(3.0, 12.0);
    let ends = parts::cycle_ends(random, end, minors, 0.2);
    let young = old * random.uniform(0.05, 0.3);
    let teeth = parts::teeth(random, &made.elapsed_s, &ends, young, 0.3);
    parts::add(&mut made.rest, teeth);
}

/// A leak that ends at 35 to 70 % of the run: what is leaked is kept, and nothing more comes.
pub(super) fn leak_that_stopped(random: &mut Random) -> Made {
    let (mut made, _) = process(random);
    let stop = axis::span(&made.elapsed_s) * random.uniform(0.35, 0.7);
    let rise = parts::rise(random, &made, 10.0, 500.0);
    let kept: Vec<f64> = made.elapsed_s.iter().map(|&at| rise * (at / stop).min(1.0)).collect();
    parts::add(&mut made.level, kept);
    made
}

/// A cache that fills slowly, fast and slowly again, and is full by three quarters of the run.
pub(super) fn logistic_cache(random: &mut Random) -> Made {
    let (mut made, base) = process(random);
    add_logistic(random, &mut made, base);
    made
}

/// Adds such a cache.
pub(super) fn add_logistic(random: &mut Random, made: &mut Made, base: f64) {
    let end = axis::span(&made.elapsed_s);
    let width = end * random.uniform(0.01, 0.05);
    let middle = random.uniform(0.08 * end, 0.72 * end - 7.0 * width);
    let full = base * random.octaves(0.05, 2.0);
    let filled: Vec<f64> = made.elapsed_s.iter().map(|&at| full / (1.0 + (-(at - middle) / width).exp())).collect();
    parts::add(&mut made.level, filled);
}

/// A cache of popular and rare keys: ever fewer new ones, until the cap is reached at 20 to 65 % of the run; from then on it
/// stays a little below it, because it evicts in batches.
pub(super) fn lru_under_cap(random: &mut Random) -> Made {
    let (mut made, base) = process(random);
    let full_at = axis::span(&made.elapsed_s) * random.uniform(0.2, 0.65);
    let (cap, power) = (base * random.octaves(0.05, 3.0), random.uniform(0.4, 0.9));
    let batch = cap * random.octaves(0.001, 0.02);
    for position in 0..made.elapsed_s.len() {
        let filled = made.elapsed_s[position] / full_at;
        made.level[position] += cap * filled.min(1.0).powf(power);
        if filled > 1.0 {
            made.rest[position] -= batch * random.unit();
        }
    }
    made
}

/// A heap whose top is given back whenever enough of it is free: teeth of uneven length and height, down to a floor that is
/// never quite the same.
pub(super) fn malloc_trim(random: &mut Random) -> Made {
    let (mut made, base) = process(random);
    add_trims(random, &mut made, base);
    made
}

/// Adds such teeth.
pub(super) fn add_trims(random: &mut Random, made: &mut Made, base: f64) {
    let end = axis::span(&made.elapsed_s);
    let count = axis::cycles(random, made.elapsed_s.len(), 7.0, 40.0);
    let height = base * random.octaves(0.03, 0.6);
    let ends = parts::cycle_ends(random, end, count, 0.6);
    let teeth = parts::teeth(random, &made.elapsed_s, &ends, height, 0.35);
    parts::add(&mut made.rest, teeth);
    let floors: Vec<f64> = ends.iter().map(|_| height * 0.12 * random.unit()).collect();
    let residue: Vec<f64> =
        made.elapsed_s.iter().map(|&at| floors[ends.partition_point(|&end| end <= at).min(floors.len() - 1)]).collect();
    parts::add(&mut made.rest, residue);
}

/// A flat level whose noise is many times stronger for stretches of the run.
pub(super) fn noisy_neighbour(random: &mut Random) -> Made {
    let (mut made, base) = process(random);
    add_noisy_stretches(random, &mut made, base);
    made
}

/// Makes the noise of stretches stronger, in both directions.
pub(super) fn add_noisy_stretches(random: &mut Random, made: &mut Made, base: f64) {
    let end = axis::span(&made.elapsed_s);
    let sd = parts::standard_deviation(&made.rest).max(base * 0.001);
    let strength = random.octaves(4.0, 25.0);
    let wait = end / random.uniform(3.0, 9.0);
    for start in parts::arrivals(random, end, wait) {
        let stop = start + end * random.octaves(0.01, 0.12);
        for (at, rest) in made.elapsed_s.iter().zip(&mut made.rest) {
            if (start..stop).contains(at) {
                *rest += sd * strength * random.normal();
            }
        }
    }
}

/// The kernel takes back the pages of files, once, and they are not read again.
pub(super) fn page_reclaim(random: &mut Random) -> Made {
    let (mut made, base) = process(random);
    let fall_at = axis::span(&made.elapsed_s) * random.uniform(0.15, 0.85);
    let fall = base * random.uniform(0.05, 0.5);
    for (at, level) in made.elapsed_s.iter().zip(&mut made.level) {
        *level -= if *at >= fall_at { fall } else { 0.0 };
    }
    made
}

/// Growth with the square root of time, or near it, until it ends at 20 to 60 % of the run.
pub(super) fn power_law_warm_up(random: &mut Random) -> Made {
    let (mut made, base) = process(random);
    let done = axis::span(&made.elapsed_s) * random.uniform(0.2, 0.6);
    let (height, power) = (base * random.octaves(0.05, 2.0), random.uniform(0.35, 0.65));
    let warm: Vec<f64> = made.elapsed_s.iter().map(|&at| height * (at / done).min(1.0).powf(power)).collect();
    parts::add(&mut made.level, warm);
    made
}

/// A pool of threads that grows one by one under load and shrinks after an idle timeout, between a least and a most.
pub(super) fn thread_pool_elastic(random: &mut Random) -> Made {
    let elapsed_s = axis::any(random);
    let mut made = Made::new(elapsed_s, Unit::Count);
    let least = random.octaves(4.0, 64.0).round();
    made.level.fill(least);
    let span = random.octaves(3.0, 60.0).round();
    let swings = axis::cycles(random, made.elapsed_s.len(), 8.0, 60.0);
    let ends = parts::cycle_ends(random, axis::span(&made.elapsed_s), swings, 0.7);
    let heights: Vec<f64> = ends.iter().map(|_| span * random.unit()).collect();
    made.rest = made
        .elapsed_s
        .iter()
        .map(|&at| {
            let cycle = ends.partition_point(|&end| end <= at).clamp(1, ends.len() - 1);
            let within = (at - ends[cycle - 1]) / (ends[cycle] - ends[cycle - 1]);
            // Up at once, held, and down step by step.
            (heights[cycle] * (2.0 * (1.0 - within)).min(1.0).min(within * 8.0)).round()
        })
        .collect();
    made
}

/// Two kinds of warm-up at once, a fast and a slow one; both are over by three quarters of the run.
pub(super) fn tiered_warm_up(random: &mut Random) -> Made {
    let (mut made, base) = process(random);
    add_tiers(random, &mut made, base);
    made
}

/// Adds such a warm-up.
pub(super) fn add_tiers(random: &mut Random, made: &mut Made, base: f64) {
    let end = axis::span(&made.elapsed_s);
    let (fast, slow) = (end * random.octaves(0.002, 0.02), end * random.uniform(0.04, 0.12));
    let (first, second) = (base * random.octaves(0.05, 1.0), base * random.octaves(0.02, 0.5));
    let warm: Vec<f64> = made
        .elapsed_s
        .iter()
        .map(|&at| first * (1.0 - (-at / fast).exp()) + second * (1.0 - (-at / slow).exp()))
        .collect();
    parts::add(&mut made.level, warm);
}
