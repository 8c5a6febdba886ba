//! What every form of the report is made from, and the words that all of them share: rows of findings and the meaning of
//! the exit code. It reads the assessment and decides nothing.

use crate::domain::assessment::{BudgetOutcome, Grade};
use crate::domain::metric::Role;
use crate::domain::rate::{Per, quantity, rate, span};
use crate::domain::{Assessment, Finding, SeriesSet, Verdict};

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
}

impl Material<'_> {
    /// The name of what was watched, as it came.
    pub(super) fn name(&self) -> &str {
        match self.subject {
            Subject::Run(run) => &run.header.target.name,
            Subject::File(name) => name,
        }
    }

    /// The findings worth a line: what decides first, then what was shown beside and is there at all.
    pub(super) fn findings(&self) -> impl Iterator<Item = &Finding> {
        let of_role = |role| self.assessment.findings.iter().filter(move |finding| finding.role == role);
        // What is not there at all (no shared memory, no swap) is not worth a line.
        let is_there = |finding: &&Finding| self.latest(finding).is_some_and(|value| value > 0.0);
        of_role(Role::Decides).chain(of_role(Role::Beside).filter(is_there))
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
        if self.assessment.crossed.is_some() { format!("CEILING CROSSED, {word}") } else { word }
    }

    /// Why, in a sentence or two.
    pub(super) fn reason(&self) -> String {
        let reason = sentence(&self.assessment.reason);
        match &self.assessment.crossed {
            Some(crossing) => format!("{} {reason}", sentence(crossing)),
            None => reason,
        }
    }

    /// What the exit code tells a script.
    pub(super) fn exit_code_words(&self) -> &'static str {
        match (self.exit_code, self.assessment.crossed.is_some(), self.assessment.verdict) {
            (1, true, _) => "a ceiling that you set was crossed: a gate fails",
            (1, ..) => "something that should not grow does: a gate fails",
            (0, _, Verdict::Steady) => "nothing grows, and the run was long enough to say so: a gate passes",
            (0, ..) => "what grows is within the budget that you set: a gate passes",
            _ => "the record cannot tell: a gate must not pass on it",
        }
    }
}

/// One finding in words, not yet escaped.
pub(super) struct Row {
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
        latest: or_nothing(latest.map(|value| quantity(value, unit))),
        growth: or_nothing(finding.growth_per_hour.map(|growth| rate(growth, unit, Per::Hour))),
        per_turn: or_nothing(finding.growth_per_turn.map(|growth| rate(growth, unit, Per::Turn))),
        settled: or_nothing(finding.settled_after_s.map(|at| format!("after {}", span(at)))),
        onset: or_nothing(finding.onset_s.filter(|_| grows).map(|at| format!("after {}", span(at)))),
        detectable: or_nothing(finding.detectable_per_hour.map(|least| format!("{}/h", quantity(least, unit)))),
        to_limit: or_nothing(to_limit(finding)),
        verdict: verdict(finding),
    }
}

fn to_limit(finding: &Finding) -> Option<String> {
    let (time, limit) = (finding.time_to_limit_s?, finding.limit?);
    // The lower end of the time belongs to the upper end of the rate.
    Some(format!(
        "{} ({} to {}) until {}",
        span(time.estimate),
        span(time.low),
        span(time.high),
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

/// How much a growth matters, in a word or two.
pub(super) fn grade_words(grade: Grade) -> &'static str {
    match grade {
        Grade::Minor => "minor: under 5 MB a minute",
        Grade::Moderate => "moderate: around 5 to 10 MB a minute",
        Grade::Severe => "severe: over 10 MB a minute",
        Grade::Sign => "a count that should not grow at all",
    }
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
