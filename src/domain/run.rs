//! Everything that one soak left behind, as the store reads it back: header, samples, traffic, events.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::heap::HeapSnapshot;
use super::metric::Metric;
use super::sample::{Elapsed, Sample};
use super::scrape::{Scraped, ScrapedSeries};
use super::series::{Series, SeriesSet};
use super::traffic::{TrafficSummary, TrafficTick, Window};

/// How the target was chosen and who it is. A command line is not kept, because secrets stand in command lines.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetIdentity {
    /// The process id.
    pub pid: u32,
    /// The kernel's name of the process (`comm`, at most 15 bytes), or the program's file name where soak started it.
    pub name: String,
    /// When it started, in clock ticks since boot; with the pid it names one process for ever.
    pub start_ticks: u64,
    /// Whether its descendants are counted in.
    pub tree: bool,
    /// Whether soak started it.
    pub started_by_soak: bool,
}

/// Whose resources are counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// The target's alone.
    #[default]
    Process,
    /// The target's and those of all its descendants.
    Tree,
}

/// The machine that the run was made on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Host {
    /// The host's name.
    pub name: String,
    /// The kernel's release.
    pub kernel: String,
    /// The distribution, where it says so.
    pub os: String,
    /// Logical processors.
    pub cores: u32,
    /// Physical memory in bytes.
    pub memory_bytes: u64,
    /// The size of a page in bytes.
    pub page_size_bytes: u64,
}

/// The options of the run as they were resolved.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Conditions {
    /// Time between samples, in seconds.
    pub interval_s: f64,
    /// How long the run was to last, in seconds; `None` for as long as the target lives.
    pub duration_s: Option<f64>,
    /// The warm-up that the user set, in seconds; `None` where the data decide.
    pub warm_up_s: Option<f64>,
    /// The share of one core that the slow tier keeps to.
    pub budget: f64,
    /// What traffic was sent, without secrets; `None` where soak sent none.
    pub traffic: Option<TrafficConditions>,
    /// The objectives that the run is held to, as they were written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub objectives: Vec<String>,
    /// The budgets of growth, as they were written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fail_on: Vec<String>,
    /// What the user called the run, or the commit that it was made of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// What was taken from the target's own metrics page.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scraped: Vec<ScrapedSeries>,
}

/// What traffic the run was made under.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TrafficConditions {
    /// The URL without user, password and query values.
    pub url: String,
    /// Turns due per second; where a scenario changes it, the most. 0 in the closed model.
    pub rate_per_s: f64,
    /// Turns under way at most.
    pub users: u32,
    /// The profile's name; `None` for plain GETs of one URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// The scenario's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scenario: Option<String>,
    /// `closed`, `open, poisson arrivals` or `open, even arrivals`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// What everything that is drawn at random is drawn from: the same seed gives the same arrivals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// A request that takes longer is logged as slow, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slow_after_s: Option<f64>,
}

/// The first line of the record.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// The version of soak that wrote it.
    pub soak_version: String,
    /// The wall clock at the start, RFC 3339 in UTC: the one wall-clock time of the record.
    pub started_at: String,
    /// Who was watched.
    pub target: TargetIdentity,
    /// Where.
    pub host: Host,
    /// How.
    pub conditions: Conditions,
}

/// How the target ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "cause", rename_all = "snake_case")]
pub enum TargetEnd {
    /// It exited with this code.
    Exited {
        /// The exit code.
        code: i32,
    },
    /// A signal ended it.
    Killed {
        /// The signal's number.
        signal: i32,
        /// Whether the kernel's out-of-memory killer sent it, as far as the cgroup's counters tell.
        out_of_memory: bool,
    },
    /// It is gone, and the kernel tells its cause to its parent only.
    Vanished {
        /// Whether the cgroup's counters show an out-of-memory kill during the run.
        out_of_memory: bool,
    },
}

/// Why the run ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum RunEnd {
    /// It lasted as long as it was asked to.
    Complete,
    /// The user ended it early.
    Interrupted,
    /// The target ended.
    TargetEnded(TargetEnd),
    /// A ceiling was crossed that the user had set for ending the run.
    CeilingCrossed {
        /// Which, and by what, in a sentence.
        crossing: String,
    },
}

/// What sampling cost soak itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// CPU time of the fast tier, in seconds.
    pub fast_tier_s: f64,
    /// CPU time of the slow tier, in seconds.
    pub slow_tier_s: f64,
    /// CPU time of the whole soak process while it recorded, traffic included, in seconds.
    pub process_s: f64,
    /// How long soak recorded, in seconds.
    pub recorded_s: f64,
    /// Samples that were due and fell out because an earlier one took too long.
    pub missed_ticks: u64,
}

/// Whether a part of the run tells of growth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trend {
    /// It does.
    #[default]
    Counts,
    /// It is a disturbance, such as a spike that is meant to be one: the trend leaves it out, the ceilings do not.
    LeftOut,
}

impl Trend {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// One end of something that lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Edge {
    /// It begins.
    Begin,
    /// It is over.
    End,
}

/// Something that happened at one instant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum EventKind {
    /// A metric cannot be read; it is said once.
    Unreadable {
        /// The metric's name.
        metric: String,
        /// Why, with what to do about it.
        reason: String,
    },
    /// Processes of the tree came or went.
    TreeChanged {
        /// Processes that joined since the last sample.
        joined: u32,
        /// Processes that left since the last sample.
        left: u32,
    },
    /// The target replaced its program (`execve`).
    Exec {
        /// The new name of the process.
        name: String,
    },
    /// The user marked the moment.
    Mark {
        /// What it is called: `mark 1`.
        label: String,
    },
    /// From this moment on the run is in this phase, until the next phase begins or the run ends.
    Phase {
        /// What it is called: `ramp up`.
        name: String,
        /// Whether its values tell of growth.
        #[serde(default, skip_serializing_if = "Trend::is_default")]
        trend: Trend,
    },
    /// Something that the trend leaves out began, or is over.
    Disturbance {
        /// What it is called: `disturbance 1`.
        label: String,
        /// Which of the two.
        edge: Edge,
    },
    /// Something worth telling the reader that is no metric.
    Note {
        /// One sentence.
        text: String,
    },
    /// What the driver did in all.
    Traffic(TrafficSummary),
    /// What sampling cost; the last one counts.
    Cost(Cost),
    /// The run was over, and soak stopped the target that it had started.
    TargetStopped {
        /// How the target ended.
        end: TargetEnd,
    },
    /// The run ended.
    Ended {
        /// Why.
        end: RunEnd,
    },
}

/// An event and its instant.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// When.
    pub at: Elapsed,
    /// What.
    pub kind: EventKind,
}

/// Everything that one soak left behind.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Run {
    /// The first line.
    pub header: Header,
    /// The samples, in the order in which they were taken.
    pub samples: Vec<Sample>,
    /// The driver's ticks, in order.
    pub traffic: Vec<TrafficTick>,
    /// What the target's metrics page said, in order.
    pub scraped: Vec<Scraped>,
    /// Snapshots of its heap, in order.
    pub heap: Vec<HeapSnapshot>,
    /// What each step did, window by window, in the order in which they ended.
    pub windows: Vec<Window>,
    /// The events, in order.
    pub events: Vec<Event>,
    /// Whether the record ends in the middle of a line, as it does when soak is killed or the disk is full.
    pub cut_short: bool,
    /// Lines before the end that could not be read and were left out.
    pub damaged_lines: usize,
}

impl Run {
    /// Why the run ended; `None` where soak itself was killed.
    pub fn end(&self) -> Option<&RunEnd> {
        self.events.iter().rev().find_map(|event| match &event.kind {
            EventKind::Ended { end } => Some(end),
            _ => None,
        })
    }

    /// What the driver did in all, where the run came so far as to say.
    pub fn traffic_summary(&self) -> Option<&TrafficSummary> {
        self.events.iter().rev().find_map(|event| match &event.kind {
            EventKind::Traffic(summary) => Some(summary),
            _ => None,
        })
    }

    /// What sampling cost, where the run came so far as to say.
    pub fn cost(&self) -> Option<Cost> {
        self.events.iter().rev().find_map(|event| match event.kind {
            EventKind::Cost(cost) => Some(cost),
            _ => None,
        })
    }

    /// From the start to the last sample.
    pub fn recorded(&self) -> Duration {
        self.samples.last().map(|sample| sample.at.since_start()).unwrap_or_default()
    }

    /// The run as series on one time axis, every metric of which at least one value was read, in the table's order, and
    /// those that were announced as unreadable.
    pub fn series(&self) -> SeriesSet {
        let elapsed_s: Vec<f64> = self.samples.iter().map(|sample| sample.at.as_secs_f64()).collect();
        let scraped = (0..self.header.conditions.scraped.len()).map(|number| self.series_scraped(number, &elapsed_s));
        let series = Metric::all().filter_map(|metric| self.series_of(metric)).chain(scraped).collect();
        SeriesSet {
            turns: self.turns_at(&elapsed_s),
            incarnation: self.incarnations(),
            elapsed_s,
            series,
            concurrency: None,
        }
    }

    fn series_of(&self, metric: Metric) -> Option<Series> {
        let values: Vec<f64> = self
            .samples
            .iter()
            .map(|sample| sample.readings.get(metric).map_or(f64::NAN, |value| value as f64))
            .collect();
        let unreadable = self.reason_unreadable(metric.name());
        if unreadable.is_none() && values.iter().all(|value| value.is_nan()) {
            return None;
        }
        Some(Series {
            name: metric.name().to_owned(),
            label: metric.label().to_owned(),
            unit: metric.unit(),
            role: metric.role(),
            values,
            limit: metric.limit().and_then(|limit| self.last_reading(limit)).map(|limit| limit as f64),
            unreadable,
        })
    }

    /// A series of the target's metrics page, on the samples' time axis: each value at the sample nearest to it.
    fn series_scraped(&self, number: usize, elapsed_s: &[f64]) -> Series {
        let chosen = &self.header.conditions.scraped[number];
        let mut values = vec![f64::NAN; elapsed_s.len()];
        for scraped in &self.scraped {
            let Some(value) = scraped.values.get(number).copied().flatten() else { continue };
            let at = scraped.at.as_secs_f64();
            let next = elapsed_s.partition_point(|&sample| sample < at);
            let nearest = match (next.checked_sub(1), elapsed_s.get(next)) {
                (Some(before), Some(&after)) if after - at < at - elapsed_s[before] => next,
                (Some(before), _) => before,
                (None, _) => next,
            };
            if let Some(place) = values.get_mut(nearest) {
                *place = value;
            }
        }
        let unreadable = values.iter().all(|value| value.is_nan()).then(|| self.reason_unreadable(&chosen.name));
        Series {
            name: chosen.name.clone(),
            label: chosen.name.clone(),
            unit: chosen.unit,
            role: chosen.role,
            values,
            limit: None,
            unreadable: unreadable.map(|reason| reason.unwrap_or_else(|| "the metrics page was never read".to_owned())),
        }
    }

    fn reason_unreadable(&self, metric: &str) -> Option<String> {
        self.events.iter().find_map(|event| match &event.kind {
            EventKind::Unreadable { metric: name, reason } if name == metric => Some(reason.clone()),
            _ => None,
        })
    }

    fn last_reading(&self, metric: Metric) -> Option<u64> {
        self.samples.iter().rev().find_map(|sample| sample.readings.get(metric))
    }

    /// Turns at each instant, by straight lines between the driver's ticks; `None` without traffic.
    fn turns_at(&self, elapsed_s: &[f64]) -> Option<Vec<f64>> {
        self.traffic.last()?;
        let mut known = vec![(0.0, 0.0)];
        known.extend(self.traffic.iter().map(|tick| (tick.at.as_secs_f64(), tick.turns as f64)));
        let mut next = 0;
        let turns = elapsed_s.iter().map(|&at| {
            while next < known.len() && known[next].0 < at {
                next += 1;
            }
            match (next.checked_sub(1).map(|before| known[before]), known.get(next)) {
                (Some((t0, n0)), Some(&(t1, n1))) if t1 > t0 => n0 + (n1 - n0) * (at - t0) / (t1 - t0),
                (_, Some(&(_, turns))) | (Some((_, turns)), None) => turns,
                (None, None) => f64::NAN,
            }
        });
        Some(turns.collect())
    }

    /// A number that steps up at each `execve`; `None` where there was none.
    fn incarnations(&self) -> Option<Vec<f64>> {
        let execs: Vec<Elapsed> = self
            .events
            .iter()
            .filter(|event| matches!(event.kind, EventKind::Exec { .. }))
            .map(|event| event.at)
            .collect();
        if execs.is_empty() {
            return None;
        }
        Some(self.samples.iter().map(|sample| execs.iter().filter(|&&at| at <= sample.at).count() as f64).collect())
    }
}
