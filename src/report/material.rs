//! What every form of the report is made from, and the words that all of them share: rows of findings and the meaning of
//! the exit code. It reads the assessment and decides nothing.

use crate::domain::assessment::{BudgetOutcome, Shape};
use crate::domain::metric::Role;
use crate::domain::rate::{Per, about, grouped, quantity, rate, span};
use crate::domain::site::HeapReport;
use crate::domain::{Assessment, Estimate, Finding, SeriesSet, Unit, Verdict};

use super::grids;
use super::text::Subject;

/// What stands where there is nothing to say.
pub(super) const NOTHING: &str = "–";

/// What a report is made from.
#[derive(Clone, Copy, Debug)]
pub struct Material<'a> {
    /// What was judged.
    pub subject: Subject<'a>,
    /// Its series.
    pub set: &'a SeriesSet,
    /// What they say.
    pub assessment: &'a Assessment,
    /// The exit code that the verdict gives.
    pub exit_code: u8,
    /// What was left out or merged while reading, a sentence each.
    pub notes: &'a [String],
    /// What the heap says by call site, where there are snapshots of it.
    pub heap: Option<&'a HeapReport>,
}

impl Material<'_> {
    /// The name of what was watched, as it came; of a file without its folder, which tells a reader elsewhere nothing.
    pub(super) fn name(&self) -> &str {
        match self.subject {
            Subject::Run(run) => &run.header.target.name,
            Subject::File(name) => name.rsplit('/').next().unwrap_or(name),
        }
    }

    /// The findings worth a line: what decides first, what grows first among these, then what was shown beside and is
    /// there at all.
    pub(super) fn findings(&self) -> impl Iterator<Item = &Finding> {
        let beside = self.assessment.findings.iter().filter(|finding| finding.role == Role::Beside);
        // What is not there at all (no shared memory, no swap) is not worth a line.
        let is_there = |finding: &&Finding| self.latest(finding).is_some_and(|value| value > 0.0);
        let mut deciding: Vec<&Finding> = self.deciding().collect();
        deciding.sort_by_key(|finding| urgency(finding.verdict));
        deciding.into_iter().chain(beside.filter(is_there))
    }

    /// The findings that decide.
    pub(super) fn deciding(&self) -> impl Iterator<Item = &Finding> {
        self.assessment.findings.iter().filter(|finding| finding.role == Role::Decides)
    }

    /// The last value of a finding's series.
    pub(super) fn latest(&self, finding: &Finding) -> Option<f64> {
        self.set.get(&finding.metric)?.values.iter().rev().copied().find(|value| value.is_finite())
    }

    /// The verdict's word in capitals; a ceiling that was crossed comes first.
    pub(super) fn headline(&self) -> String {
        let word = self.assessment.verdict.word().to_uppercase();
        let ceiling = self.assessment.crossed.as_ref().map(|_| "CEILING CROSSED");
        let objective = grids::gate_words(self.assessment).map(|(words, _)| words);
        ceiling.into_iter().chain(objective).chain([word.as_str()]).collect::<Vec<_>>().join(", ")
    }

    /// Why, in a sentence or two.
    pub(super) fn reason(&self) -> String {
        let crossing = self.assessment.crossed.as_deref().map(sentence);
        let objective = grids::gate_words(self.assessment).map(|(_, why)| sentence(&why));
        let verdict = sentence(&self.assessment.reason);
        crossing.into_iter().chain(objective).chain([verdict]).collect::<Vec<_>>().join(" ")
    }

    /// What the exit code tells a script.
    pub(super) fn exit_code_words(&self) -> &'static str {
        match (self.exit_code, self.assessment.crossed.is_some(), self.assessment.verdict) {
            (1, true, _) => "a ceiling that you set was crossed, so a gate fails",
            (1, _, Verdict::Growing) => "something grows that should not, so a gate fails",
            (1, ..) => "an objective was crossed, so a gate fails",
            (0, _, Verdict::Steady) => "nothing grows, and the run was long enough to tell, so a gate passes",
            (0, ..) => "what grows is within the budget that you set, so a gate passes",
            (_, _, Verdict::Steady) => {
                "nothing grows, but the record cannot tell an objective, so a gate must not pass"
            }
            _ => "the record cannot tell, so a gate must not pass",
        }
    }
}

/// The order in which findings are told: a reader in a hurry reads no further than what grows.
pub(super) fn urgency(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Growing => 0,
        Verdict::Inconclusive => 1,
        Verdict::Steady => 2,
    }
}

/// One finding in words, not yet escaped.
pub(super) struct Row {
    pub(super) shape: &'static str,
    pub(super) latest: String,
    pub(super) growth: String,
    pub(super) per_turn: String,
    pub(super) settled: String,
    pub(super) onset: String,
    pub(super) detectable: String,
    pub(super) to_limit: String,
    pub(super) verdict: String,
}

/// The words of one finding.
pub(super) fn row(finding: &Finding, latest: Option<f64>) -> Row {
    let unit = finding.unit;
    let or_nothing = |words: Option<String>| words.unwrap_or_else(|| NOTHING.to_owned());
    let grows = finding.verdict == Verdict::Growing;
    Row {
        shape: if finding.shape == Shape::Unknown { NOTHING } else { finding.shape.words() },
        latest: or_nothing(latest.map(|value| quantity(value, unit))),
        growth: or_nothing(finding.growth_per_hour.map(|growth| rate(growth, unit, Per::Hour))),
        per_turn: or_nothing(finding.growth_per_turn.map(|growth| per_turn(growth, unit))),
        settled: or_nothing(finding.settled_after_s.map(|at| since(at, finding.observed_s))),
        onset: or_nothing(finding.onset_s.filter(|_| grows).map(|at| since(at, finding.observed_s))),
        detectable: or_nothing(finding.detectable_per_hour.map(|least| format!("{}/h", rough(least, unit)))),
        to_limit: or_nothing(to_limit(finding)),
        verdict: verdict(finding),
    }
}

/// A count that grows by less than can be shown with four decimals does not grow by `0.0000 (0.0000 to 0.0000)`.
fn per_turn(growth: Estimate, unit: Unit) -> String {
    let least_shown = 0.000_05;
    let is_none = [growth.low, growth.estimate, growth.high].iter().all(|value| value.abs() < least_shown);
    if is_none && unit == Unit::Count { "none".to_owned() } else { rate(growth, unit, Per::Turn) }
}

/// What happened within the first hundredth of the run happened at its start.
fn since(at_s: f64, observed_s: f64) -> String {
    if at_s <= 0.01 * observed_s { "from the start".to_owned() } else { format!("after {}", span(at_s)) }
}

/// A quantity whose last digits mean nothing: a large count without its fraction.
pub(super) fn rough(value: f64, unit: Unit) -> String {
    if matches!(unit, Unit::Count | Unit::Number) && value.abs() >= 100.0 {
        grouped(value)
    } else {
        quantity(value, unit)
    }
}

fn to_limit(finding: &Finding) -> Option<String> {
    let (time, limit) = (finding.time_to_limit_s?, finding.limit?);
    // The lower end of the time belongs to the upper end of the rate.
    Some(format!(
        "{} ({} to {}) until {}",
        about(time.estimate),
        about(time.low),
        about(time.high),
        quantity(limit, finding.unit)
    ))
}

fn verdict(finding: &Finding) -> String {
    let word = finding.verdict.word();
    // The slow tier's metrics are read too seldom in a short run; that is no finding on the target.
    if finding.role == Role::Beside && finding.verdict == Verdict::Inconclusive && finding.growth_per_hour.is_none() {
        return format!("{} readings", finding.samples);
    }
    let budget = match finding.budget {
        Some(BudgetOutcome::Within) => ", within budget",
        Some(BudgetOutcome::Over) => ", over budget",
        Some(BudgetOutcome::Straddles) => ", may be over budget",
        None => "",
    };
    format!("{word}{budget}")
}

/// The text with a capital at its start and one full stop at its end.
pub(super) fn sentence(text: &str) -> String {
    let text = text.trim().trim_end_matches('.');
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => format!("{}{}.", first.to_uppercase(), letters.as_str()),
        None => String::new(),
    }
}
