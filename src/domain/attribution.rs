//! To which requests a growth belongs: what the analysis answers where something grows and more than one kind of request was
//! sent.

use serde::{Deserialize, Serialize};

use super::assessment::Estimate;

/// What is to blame for a growth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Blame {
    /// The portions that say so.
    Requests,
    /// Time itself: it grows whatever is asked.
    Time,
    /// The record cannot tell; the reason says why.
    CannotTell,
}

/// One kind of request: a step of a class of users.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestKind {
    /// The class of users.
    pub class: String,
    /// The step.
    pub step: String,
}

/// Whether a portion is to blame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Charge {
    /// It is: the evidence excludes that it is not.
    ToBlame,
    /// Nothing is proven of it.
    Open,
}

/// What a kind of request has of a growth, or what several kinds have together that always came together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Portion {
    /// In words: `store`, or `store and fetch`.
    pub name: String,
    /// One, or those that always came together and so cannot be told apart.
    pub kinds: Vec<RequestKind>,
    /// How often it came while the metric grew; of several kinds, how often the rarest did.
    pub count: u64,
    /// What one of them leaves behind, in the metric's unit.
    pub per_request: Estimate,
    /// Its share of the whole growth; 1 is all of it.
    pub share: Estimate,
    /// Whether it is to blame.
    pub charge: Charge,
}

/// The growth of one metric by what was asked of the target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attribution {
    /// What is to blame.
    pub blame: Blame,
    /// The same in one sentence.
    pub reason: String,
    /// What would let it be told, where it cannot.
    pub advice: Option<String>,
    /// Where the growth that was looked at begins, in seconds since the start.
    pub from_s: f64,
    /// Where it ends, in seconds since the start.
    pub to_s: f64,
    /// How much the metric grew between them, in its unit.
    pub growth: Option<f64>,
    /// What each kind of request has of it, the greatest share first; empty where nothing could be fitted.
    pub portions: Vec<Portion>,
    /// What came with time itself, as a share of the growth.
    pub time_share: Option<Estimate>,
}
