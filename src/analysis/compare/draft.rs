//! What a row rests on, before it is decided.

use crate::domain::Unit;
use crate::domain::comparison::{Change, Quantity};
use crate::stats::contrast::Known;

/// On what scale differences are normal and even.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scale {
    /// On that of the numbers themselves.
    Plain,
    /// On that of their logarithms, which `Draft::baselines` and `Draft::candidate` then hold: times differ by factors.
    Ratio,
}

impl Scale {
    /// A number on this scale.
    pub(super) fn of(self, value: f64) -> f64 {
        match self {
            Self::Plain => value,
            Self::Ratio => value.ln(),
        }
    }

    /// The number that stands here on this scale.
    pub(super) fn back(self, place: f64) -> f64 {
        match self {
            Self::Plain => place,
            Self::Ratio => place.exp(),
        }
    }
}

/// One row to be decided.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    /// The metric's name, or class and step.
    pub(super) subject: String,
    /// The same in words.
    pub(super) label: String,
    /// Which number.
    pub(super) quantity: Quantity,
    /// What it counts.
    pub(super) unit: Unit,
    /// What it is of, in words.
    pub(super) of: String,
    /// On what scale the numbers are.
    pub(super) scale: Scale,
    /// The baselines'; fewer than there are where one has none.
    pub(super) baselines: Vec<Known>,
    /// The candidate's.
    pub(super) candidate: Option<Known>,
    /// A difference up to this is nothing, however exactly it is known, in the row's unit.
    pub(super) floor: f64,
    /// The least that would have been seen, where the numbers' errors do not tell it, in the row's unit.
    pub(super) least_seen: Option<f64>,
    /// Why a difference that the numbers show is no proof of one, where it is none.
    pub(super) doubt: Option<String>,
    /// Whether there was too little of it on some side to tell anything; it then keeps nothing open where others are told.
    pub(super) is_rare: bool,
    /// The word, where something else than the numbers decides it, and why.
    pub(super) settled: Option<(Change, Option<String>)>,
}

impl Draft {
    /// Nothing can be told, and why.
    pub(super) fn prevent(&mut self, why: &str) {
        self.settled = Some((Change::CannotTell, Some(why.to_owned())));
    }

    /// The baselines' number: their mean on the row's scale.
    pub(super) fn baseline(&self) -> Option<f64> {
        let count = self.baselines.len() as f64;
        let mean = self.baselines.iter().map(|known| known.value).sum::<f64>() / count;
        (!self.baselines.is_empty()).then(|| self.scale.back(mean))
    }
}
