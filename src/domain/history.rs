//! Runs over time: one entry a run, with the few numbers that a history is read for and where they leave what was usual.

use serde::{Deserialize, Serialize};

use super::assessment::Verdict;
use super::comparison::Quantity;
use super::metric::Unit;

/// One number of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// The metric's name, or `requests` for all requests of the run.
    pub subject: String,
    /// Which number.
    pub quantity: Quantity,
    /// What it counts.
    pub unit: Unit,
    /// The number.
    pub value: f64,
    /// Where it leaves the runs before, under the same load.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub departs: Option<Departure>,
}

/// A step from one run to the next that stands out.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Departure {
    /// The mean of the runs before, since the last step.
    pub usual: f64,
    /// How many they were.
    pub runs: usize,
}

/// What can be told of one run's folder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// The folder's name.
    pub run: String,
    /// What is wrong with it, where it cannot be read; then nothing below is known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub broken: Option<String>,
    /// When it began, RFC 3339 in UTC.
    pub started_at: Option<String>,
    /// What the user called it, or the commit that it was made of.
    pub label: Option<String>,
    /// The target's name.
    pub target: Option<String>,
    /// The load, in words: only runs of one target under one load are held against each other.
    pub load: Option<String>,
    /// How long it was recorded, in seconds.
    pub recorded_s: Option<f64>,
    /// The verdict on growth.
    pub verdict: Option<Verdict>,
    /// The numbers.
    pub figures: Vec<Figure>,
}
