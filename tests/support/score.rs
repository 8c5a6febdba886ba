//! What verdicts are worth against known truth: precision, recall, F1, false alarms and how often an interval holds.
//!
//! The headline counts every series without a leak and every detectable leak. An inconclusive leak is a miss; an
//! inconclusive healthy series is no alarm. Coverage is over leaks called growing, those that came at random apart.

use std::collections::BTreeMap;
use std::fmt;

use soak::domain::{Assessment, Verdict};

use super::shapes::Labelled;

/// What was said of one series: the verdict and the slope per second with its interval.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answer {
    verdict: Verdict,
    slope: Option<(f64, f64, f64)>,
}

impl Answer {
    /// The answer of an assessment of one series named `value`.
    pub(crate) fn of(assessment: &Assessment) -> Self {
        let Some(finding) = assessment.findings.iter().find(|finding| finding.metric == "value") else {
            return Self { verdict: Verdict::Inconclusive, slope: None };
        };
        let slope = finding.growth_per_hour.map(|growth| growth.scaled(1.0 / 3600.0));
        Self { verdict: finding.verdict, slope: slope.map(|slope| (slope.estimate, slope.low, slope.high)) }
    }
}

#[derive(Default)]
struct Row {
    leak: bool,
    count: usize,
    growing: usize,
    inconclusive: usize,
    steady: usize,
    held: usize,
    judged: usize,
    errors: Vec<f64>,
    wrong: Vec<String>,
}

/// Verdicts against truth, by class.
#[derive(Default)]
pub(crate) struct Score {
    rows: BTreeMap<(bool, &'static str), Row>,
    true_alarms: usize,
    false_alarms: usize,
    misses_steady: usize,
    misses_inconclusive: usize,
    healthy: usize,
    healthy_inconclusive: usize,
    covered: usize,
    coverable: usize,
    below: usize,
}

impl Score {
    /// Counts one answer; false where it is one of the headline's and wrong.
    pub(crate) fn add(&mut self, series: &Labelled, answer: Answer) -> bool {
        let truth = &series.truth;
        let row = self.rows.entry((truth.leak, series.class)).or_default();
        row.leak = truth.leak;
        row.count += 1;
        let told = match answer.verdict {
            Verdict::Growing => &mut row.growing,
            Verdict::Inconclusive => &mut row.inconclusive,
            Verdict::Steady => &mut row.steady,
        };
        *told += 1;
        let counts = !truth.leak || truth.detectable;
        let wrong = if truth.leak { answer.verdict != Verdict::Growing } else { answer.verdict == Verdict::Growing };
        if counts && wrong {
            row.wrong.push(format!("{}:{}", series.seed, answer.verdict.word()));
        }
        if truth.leak
            && answer.verdict == Verdict::Growing
            && let Some((slope, low, high)) = answer.slope
        {
            let held = (low..=high).contains(&truth.slope_per_s);
            row.judged += 1;
            row.held += usize::from(held);
            row.errors.push((slope / truth.slope_per_s - 1.0).abs());
            if truth.detectable && !truth.random_rate {
                self.coverable += 1;
                self.covered += usize::from(held);
            }
        }
        match (truth.leak, answer.verdict) {
            (true, _) if !truth.detectable => self.below += 1,
            (true, Verdict::Growing) => self.true_alarms += 1,
            (true, Verdict::Inconclusive) => self.misses_inconclusive += 1,
            (true, Verdict::Steady) => self.misses_steady += 1,
            (false, verdict) => {
                self.healthy += 1;
                self.false_alarms += usize::from(verdict == Verdict::Growing);
                self.healthy_inconclusive += usize::from(verdict == Verdict::Inconclusive);
            }
        }
        !(counts && wrong)
    }

    /// How many answers were counted.
    pub(crate) fn count(&self) -> usize {
        self.rows.values().map(|row| row.count).sum()
    }

    /// The share of alarms that are right.
    pub(crate) fn precision(&self) -> f64 {
        share(self.true_alarms, self.true_alarms + self.false_alarms)
    }

    /// The share of detectable leaks that were called growing.
    pub(crate) fn recall(&self) -> f64 {
        share(self.true_alarms, self.true_alarms + self.misses_steady + self.misses_inconclusive)
    }

    /// The harmonic mean of precision and recall.
    pub(crate) fn f1(&self) -> f64 {
        let (precision, recall) = (self.precision(), self.recall());
        if precision + recall > 0.0 { 2.0 * precision * recall / (precision + recall) } else { 0.0 }
    }

    /// The share of healthy series that were called growing.
    pub(crate) fn false_alarm_share(&self) -> f64 {
        share(self.false_alarms, self.healthy)
    }

    /// The share of intervals of right alarms that hold the true slope.
    pub(crate) fn coverage(&self) -> f64 {
        share(self.covered, self.coverable)
    }

    /// The share of headline series that are inconclusive.
    pub(crate) fn inconclusive_share(&self) -> f64 {
        let leaks = self.true_alarms + self.misses_steady + self.misses_inconclusive;
        share(self.healthy_inconclusive + self.misses_inconclusive, self.healthy + leaks)
    }
}

fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "series {}  precision {:.3}  recall {:.3}  F1 {:.3}  false alarms {} of {} ({:.2} %)",
            self.count(),
            self.precision(),
            self.recall(),
            self.f1(),
            self.false_alarms,
            self.healthy,
            100.0 * self.false_alarm_share()
        )?;
        writeln!(
            f,
            "misses: {} called steady, {} inconclusive; healthy inconclusive {} of {}; inconclusive in all {:.1} %; \
             leaks under the noise, not counted: {}",
            self.misses_steady,
            self.misses_inconclusive,
            self.healthy_inconclusive,
            self.healthy,
            100.0 * self.inconclusive_share(),
            self.below
        )?;
        writeln!(f, "coverage of 95 % intervals {:.1} % (n = {})", 100.0 * self.coverage(), self.coverable)?;
        writeln!(f, "{:22}{:>5}{:>6}{:>6}{:>6}{:>8}{:>9}", "class", "n", "grow", "inc", "stdy", "cover", "slope err")?;
        for ((_, class), row) in &self.rows {
            write!(f, "{class:22}{:>5}{:>6}{:>6}{:>6}", row.count, row.growing, row.inconclusive, row.steady)?;
            if row.judged > 0 {
                write!(f, "{:>7.0}%{:>8.1}%", 100.0 * share(row.held, row.judged), 100.0 * median(&row.errors))?;
            } else {
                write!(f, "{:>8}{:>9}", "-", "-")?;
            }
            writeln!(f, "  {}", row.wrong.join(" "))?;
        }
        Ok(())
    }
}
