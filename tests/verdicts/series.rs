//! Builds series for the claims about verdicts: seeded, so that a failure is the same failure tomorrow.

use soak::analysis::{Options, assess};
use soak::domain::{Assessment, Finding, Role, Series, SeriesSet, Unit};

pub(crate) const MIB: f64 = 1_048_576.0;

/// Pseudo-random numbers (`SplitMix64`; Steele, Lea and Flood 2014): enough for noise, and the same everywhere.
pub(crate) struct Noise(pub(crate) u64);

impl Noise {
    pub(crate) fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Roughly normal with deviation 1: the sum of twelve uniforms.
    pub(crate) fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }
}

/// A run of `count` readings, one every `interval_s`, of memory in whole pages.
pub(crate) struct Run {
    pub(crate) times: Vec<f64>,
    pub(crate) values: Vec<f64>,
    pub(crate) unit: Unit,
    pub(crate) turns: Option<Vec<f64>>,
    pub(crate) concurrency: Option<Vec<f64>>,
    pub(crate) incarnation: Option<Vec<f64>>,
}

impl Run {
    /// Memory by a function of the time, with noise of this deviation.
    pub(crate) fn memory(count: usize, interval_s: f64, seed: u64, deviation: f64, value: impl Fn(f64) -> f64) -> Self {
        let mut noise = Noise(seed);
        let times: Vec<f64> = (0..count).map(|at| at as f64 * interval_s).collect();
        let page = |value: f64| (value / 4096.0).round().max(1.0) * 4096.0;
        let values = times.iter().map(|&time| page(value(time) + deviation * noise.normal())).collect();
        Self { times, values, unit: Unit::Bytes, turns: None, concurrency: None, incarnation: None }
    }

    /// A count by a function of the time.
    pub(crate) fn count(count: usize, interval_s: f64, value: impl Fn(f64) -> f64) -> Self {
        let times: Vec<f64> = (0..count).map(|at| at as f64 * interval_s).collect();
        let values = times.iter().map(|&time| value(time).floor()).collect();
        Self { times, values, unit: Unit::Count, turns: None, concurrency: None, incarnation: None }
    }

    pub(crate) fn set(&self) -> SeriesSet {
        let name = if self.unit == Unit::Bytes { "rss_anon" } else { "fds" };
        SeriesSet {
            elapsed_s: self.times.clone(),
            series: vec![series(name, self.unit, Role::Decides, self.values.clone())],
            turns: self.turns.clone(),
            concurrency: self.concurrency.clone(),
            incarnation: self.incarnation.clone(),
        }
    }

    pub(crate) fn assess(&self) -> Assessment {
        assess(&self.set(), &Options::default())
    }

    pub(crate) fn finding(&self) -> Finding {
        self.assess().findings.remove(0)
    }
}

pub(crate) fn series(name: &str, unit: Unit, role: Role, values: Vec<f64>) -> Series {
    Series { name: name.to_owned(), label: name.to_owned(), unit, role, values, limit: None, unreadable: None }
}
