//! The second generator: series of known truth in shapes that the first generator (the labelled series that the verdict is
//! developed on) does not make. It is the exam, so nothing is ever tuned on it: where the verdict and a label disagree, the
//! label is checked against the definition below and nothing else.
//!
//! - `leak`: at the end of the run the retained level is rising and would go on rising.
//! - `slope_per_s`: the retained level's rise over its growing part, divided by that part's length. It is what happened,
//!   not what was drawn: for leaks that come at random (`random_rate`) the two differ.
//! - `snr`: the rise over the growing part divided by the standard deviation of all that is neither leak nor warm-up
//!   (noise, cycles, bursts), over the whole run.
//! - `detectable`: over the part in which the leak grows alone, after its onset and after any warm-up has come within one
//!   standard deviation of its end, it rises by at least 6 standard deviations and by 64 pages, or 10 of a count, and that
//!   part is at least a quarter of the run. Others are left out of the headline.
//!
//! The same class and seed make the same series on every machine: the random numbers are made here, in integers, and only
//! `exp`, `ln` and `sin` of the standard library, which may differ in a last bit, stand between them and whole pages.

mod axis;
mod healthy;
mod leaking;
mod parts;
mod random;

use soak::domain::{Role, Series, SeriesSet, Unit};

pub(crate) use random::Random;

/// The page to which memory is rounded.
pub(crate) const PAGE: f64 = 4096.0;

/// What is known of a series because it was made.
#[derive(Clone, Debug)]
pub(crate) struct Truth {
    /// Whether it grows at its end and would go on.
    pub(crate) leak: bool,
    /// Rise per second over the growing part, in the unit of the series; 0 without a leak.
    pub(crate) slope_per_s: f64,
    /// Where the growing part begins, in seconds.
    pub(crate) onset_s: f64,
    /// Rise over the growing part in standard deviations of the rest; `None` without a leak.
    pub(crate) snr: Option<f64>,
    /// Whether the leak stands out enough to be counted.
    pub(crate) detectable: bool,
    /// Whether the leak came at random, so that an interval for its rate may miss what happened.
    pub(crate) random_rate: bool,
}

/// A series with its truth.
#[derive(Clone, Debug)]
pub(crate) struct Labelled {
    /// The class it is one of.
    pub(crate) class: &'static str,
    /// What it was made from.
    pub(crate) seed: u64,
    /// A set of one series named `value`, with turns or users where the class has them.
    pub(crate) set: SeriesSet,
    /// What is known of it.
    pub(crate) truth: Truth,
}

/// What a class makes, before it is rounded and labelled.
struct Made {
    elapsed_s: Vec<f64>,
    /// Level, warm-up included.
    level: Vec<f64>,
    /// All that comes and goes: noise, cycles, bursts.
    rest: Vec<f64>,
    /// What is leaked so far.
    leaked: Vec<f64>,
    onset_s: f64,
    unit: Unit,
    turns: Option<Vec<f64>>,
    concurrency: Option<Vec<f64>>,
    /// Where nothing could be read and a careless recorder wrote 0.
    dropouts: Vec<usize>,
    random_rate: bool,
}

impl Made {
    fn new(elapsed_s: Vec<f64>, unit: Unit) -> Self {
        let zeros = vec![0.0; elapsed_s.len()];
        Self {
            level: zeros.clone(),
            rest: zeros.clone(),
            leaked: zeros,
            elapsed_s,
            onset_s: 0.0,
            unit,
            turns: None,
            concurrency: None,
            dropouts: Vec::new(),
            random_rate: false,
        }
    }
}

type Maker = fn(&mut Random) -> Made;

/// Every class: its name, whether it leaks, and how it is made.
const CLASSES: &[(&str, bool, Maker)] = &[
    ("batch-jobs", false, healthy::batch_jobs),
    ("diurnal-days", false, healthy::diurnal_days),
    ("double-buffer", false, healthy::double_buffer),
    ("dropouts-to-zero", false, healthy::dropouts_to_zero),
    ("fd-pool-bursts", false, healthy::fd_pool_bursts),
    ("fragmentation-walk", false, healthy::fragmentation_walk),
    ("jvm-major-gc", false, healthy::jvm_major_gc),
    ("leak-that-stopped", false, healthy::leak_that_stopped),
    ("logistic-cache", false, healthy::logistic_cache),
    ("lru-under-cap", false, healthy::lru_under_cap),
    ("malloc-trim", false, healthy::malloc_trim),
    ("noisy-neighbour", false, healthy::noisy_neighbour),
    ("page-reclaim", false, healthy::page_reclaim),
    ("power-law-warm-up", false, healthy::power_law_warm_up),
    ("thread-pool-elastic", false, healthy::thread_pool_elastic),
    ("tiered-warm-up", false, healthy::tiered_warm_up),
    ("compaction-leak", true, leaking::compaction_leak),
    ("diurnal-leak", true, leaking::diurnal_leak),
    ("dropouts-leak", true, leaking::dropouts_leak),
    ("fd-burst-leak", true, leaking::fd_burst_leak),
    ("heavy-tailed-leak", true, leaking::heavy_tailed_leak),
    ("job-leak", true, leaking::job_leak),
    ("jvm-leak", true, leaking::jvm_leak),
    ("late-onset-60", true, leaking::late_onset_60),
    ("logistic-leak", true, leaking::logistic_leak),
    ("noisy-neighbour-leak", true, leaking::noisy_neighbour_leak),
    ("page-by-page", true, leaking::page_by_page),
    ("recycled-workers", true, leaking::recycled_workers),
    ("thread-elastic-leak", true, leaking::thread_elastic_leak),
    ("tiered-leak", true, leaking::tiered_leak),
    ("trim-leak", true, leaking::trim_leak),
    ("turn-leak", true, leaking::turn_leak),
];

/// The names of all classes, healthy ones first.
pub(crate) fn classes() -> impl Iterator<Item = &'static str> {
    CLASSES.iter().map(|(name, ..)| *name)
}

/// Makes the series of a class and seed; `None` where there is no such class.
pub(crate) fn generate(class: &str, seed: u64) -> Option<Labelled> {
    let (name, leak, maker) = CLASSES.iter().find(|(name, ..)| *name == class)?;
    let mut random = Random::named(name, seed);
    let made = maker(&mut random);
    let truth = truth_of(&made, *leak);
    Some(Labelled { class: name, seed, set: set_of(made), truth })
}

fn truth_of(made: &Made, leak: bool) -> Truth {
    let mut truth =
        Truth { leak, slope_per_s: 0.0, onset_s: 0.0, snr: None, detectable: false, random_rate: made.random_rate };
    if !leak {
        return truth;
    }
    let last = made.elapsed_s.len() - 1;
    let first = made.elapsed_s.iter().position(|&at| at >= made.onset_s).unwrap_or(last);
    let rise = made.leaked[last] - made.leaked[first];
    let deviation = parts::standard_deviation(&made.rest).max(resolution(made.unit) / 12.0_f64.sqrt());
    let floor = if made.unit == Unit::Bytes { 64.0 * PAGE } else { 10.0 };
    let settled =
        made.level.iter().rposition(|level| (made.level[last] - level).abs() > deviation).map_or(0, |at| at + 1);
    let alone = settled.clamp(first, last);
    let rise_alone = made.leaked[last] - made.leaked[alone];
    let share_alone = 1.0 - made.elapsed_s[alone] / made.elapsed_s[last];
    truth.onset_s = made.onset_s;
    truth.slope_per_s = rise / (made.elapsed_s[last] - made.elapsed_s[first]);
    truth.snr = Some(rise / deviation);
    truth.detectable = rise_alone / deviation >= 6.0 && rise_alone >= floor && share_alone >= 0.25;
    truth
}

fn resolution(unit: Unit) -> f64 {
    if unit == Unit::Bytes { PAGE } else { 1.0 }
}

fn set_of(made: Made) -> SeriesSet {
    let step = resolution(made.unit);
    let sum = made.level.iter().zip(&made.rest).zip(&made.leaked);
    let mut values: Vec<f64> =
        sum.map(|((level, rest), leaked)| ((level + rest + leaked) / step).round().max(1.0) * step).collect();
    for position in made.dropouts {
        values[position] = 0.0;
    }
    let series = Series {
        name: "value".to_owned(),
        label: "value".to_owned(),
        unit: made.unit,
        role: Role::Decides,
        values,
        limit: None,
        unreadable: None,
    };
    SeriesSet {
        elapsed_s: made.elapsed_s,
        series: vec![series],
        turns: made.turns,
        concurrency: made.concurrency,
        incarnation: None,
    }
}
