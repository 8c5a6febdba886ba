//! Titles: a finding in one line, which is all that many readers will read.
//!
//! Pure words, from the assessment only. A rate stands with its interval, and the subtitle below it with the time
//! observed.

use crate::domain::assessment::{BudgetOutcome, Shape};
use crate::domain::rate::{Per, about, amount, bound, counted, each_turn, grouped, interval, rate};
use crate::domain::{Assessment, Finding, Role, Unit, Verdict};

/// The title of one metric's chart.
pub(super) fn of_finding(finding: &Finding) -> String {
    match finding.verdict {
        Verdict::Growing => growing(finding),
        Verdict::Steady => steady(finding),
        Verdict::Inconclusive => inconclusive(finding),
    }
}

/// The title of the overview: what decides the run.
pub(super) fn of_run(assessment: &Assessment) -> String {
    let deciding: Vec<&Finding> = assessment
        .findings
        .iter()
        .filter(|finding| finding.role == Role::Decides && finding.verdict == assessment.verdict)
        .collect();
    let names = |findings: &[&Finding]| and_list(findings.iter().map(|finding| in_a_list(&name(finding))).collect());
    match (assessment.verdict, &deciding[..]) {
        (Verdict::Growing | Verdict::Inconclusive, [only]) => return of_finding(only),
        (Verdict::Growing, [first, others @ ..]) => {
            return format!("{}; also growing: {}", of_finding(first), names(others));
        }
        _ => {}
    }
    let labels = names(&deciding);
    match (assessment.verdict, labels.is_empty()) {
        (Verdict::Growing, _) => "Growing".to_owned(),
        (Verdict::Steady, false) => format!("Steady: {labels}"),
        (Verdict::Steady, true) => "Steady".to_owned(),
        (Verdict::Inconclusive, false) => format!("Inconclusive: {labels} cannot be judged"),
        // Every metric was judged, and it is the run that is not enough: its target died, its load was not reached.
        (Verdict::Inconclusive, true) if !assessment.findings.is_empty() && !assessment.reason.is_empty() => {
            format!("Inconclusive: {}", assessment.reason)
        }
        (Verdict::Inconclusive, true) => "Inconclusive: there is nothing to judge".to_owned(),
    }
}

/// Beyond so many runs a title counts them.
const TOLD_SINGLY: usize = 4;

/// The title of one metric of several runs, by the runs' names.
pub(super) fn side_by_side(label: &str, runs: &[(&str, Option<&Finding>)]) -> String {
    let label = short_label(label);
    if runs.len() <= TOLD_SINGLY {
        let told: Vec<String> = runs.iter().map(|(run, finding)| format!("{run} {}", outcome(*finding))).collect();
        return format!("{label}: {}", told.join("; "));
    }
    let verdicts: Vec<(&str, Verdict)> =
        runs.iter().filter_map(|(run, finding)| Some((*run, finding.as_ref()?.verdict))).collect();
    format!("{label}: {}", counted_verdicts(&verdicts))
}

/// The title of the overview of several runs.
pub(super) fn runs_side_by_side(runs: &[(&str, Verdict)]) -> String {
    if runs.len() <= TOLD_SINGLY {
        let told: Vec<String> = runs.iter().map(|(run, verdict)| format!("{run} {}", verdict.word())).collect();
        return told.join("; ");
    }
    counted_verdicts(runs)
}

/// `2 of 12 growing (b, c); 10 steady`: who grows is named, where there is room.
fn counted_verdicts(runs: &[(&str, Verdict)]) -> String {
    let told = [Verdict::Growing, Verdict::Inconclusive, Verdict::Steady].into_iter().filter_map(|verdict| {
        let those: Vec<&str> = runs.iter().filter(|run| run.1 == verdict).map(|run| run.0).collect();
        let named = if those.len() <= TOLD_SINGLY && verdict != Verdict::Steady {
            format!(" ({})", those.join(", "))
        } else {
            String::new()
        };
        (!those.is_empty()).then(|| format!("{} of {} {}{named}", those.len(), runs.len(), verdict.word()))
    });
    told.collect::<Vec<_>>().join("; ")
}

fn outcome(finding: Option<&Finding>) -> String {
    match finding {
        Some(Finding { verdict: Verdict::Growing, growth_per_hour: Some(growth), unit, .. }) => {
            format!("grows {}", rate(*growth, *unit, Per::Hour))
        }
        Some(Finding { verdict: Verdict::Growing, .. }) => "grows".to_owned(),
        Some(finding) => finding.verdict.word().to_owned(),
        None => "not judged".to_owned(),
    }
}

/// The name in a title: `RSS` of the label `Resident memory, RSS`, any other label as it stands.
fn name(finding: &Finding) -> String {
    short_label(&finding.label)
}

/// Letters of a name beyond which a title would have no room for the finding: a CSV may call its columns anything.
const LONGEST_NAME: usize = 60;

fn short_label(label: &str) -> String {
    let short = label.rsplit_once(", ").map_or(label, |(_, short)| short);
    let kept: String = short.chars().take(LONGEST_NAME).collect();
    if kept.len() < short.len() { kept + "\u{2026}" } else { kept }
}

/// A name within a sentence: without its capital, unless it is all capitals.
fn in_a_list(name: &str) -> String {
    let mut letters = name.chars();
    match (letters.next(), letters.clone().next()) {
        (Some(first), Some(second)) if !second.is_uppercase() => {
            first.to_lowercase().collect::<String>() + letters.as_str()
        }
        _ => name.to_owned(),
    }
}

/// Names beyond these in a list are counted: a title that names ten metrics is read by nobody.
const LISTED: usize = 4;

fn and_list(mut names: Vec<String>) -> String {
    if names.len() > LISTED {
        let more = names.len() + 1 - LISTED;
        names.truncate(LISTED - 1);
        names.push(format!("{more} more"));
    }
    match names.pop() {
        None => String::new(),
        Some(last) if names.is_empty() => last,
        Some(last) => format!("{} and {last}", names.join(", ")),
    }
}

fn growing(finding: &Finding) -> String {
    let verb = if is_plural(finding) { "grow" } else { "grows" };
    let mut title = format!("{} {verb}", name(finding));
    if let Some(growth) = finding.growth_per_hour {
        title = format!("{title} {}", rate(growth, finding.unit, Per::Hour));
    }
    if let Some(turn) = finding.growth_per_turn.filter(|turn| turn.estimate > 0.0) {
        title = format!("{title}, {}", each_turn(turn.estimate, finding.unit));
    }
    if let Some(left) = finding.time_to_limit_s.filter(|left| left.estimate.is_finite() && left.estimate >= 0.0) {
        title = format!("{title}; limit in {}", about(left.estimate));
    }
    match finding.budget {
        Some(BudgetOutcome::Within) => title + "; within its budget",
        Some(BudgetOutcome::Over) => title + "; over its budget",
        Some(BudgetOutcome::Straddles) | None => title,
    }
}

fn steady(finding: &Finding) -> String {
    let shape = match finding.shape {
        Shape::Flat | Shape::Unknown => String::new(),
        other => format!(" ({})", other.words()),
    };
    let title = format!("{} steady{}{shape}", name(finding), steady_level(finding));
    match finding.detectable_per_hour {
        Some(least) if least.is_finite() && least > 0.0 => {
            format!("{title}: growth above {} would have shown", bound(least.max(LEAST_PER_HOUR), finding.unit))
        }
        _ => title,
    }
}

/// No title claims to have seen less than a hundredth of a byte or of a count per hour.
const LEAST_PER_HOUR: f64 = 0.01;

/// Where a level series ended, by its fit: the level of one that swings says nothing.
fn steady_level(finding: &Finding) -> String {
    let is_level = matches!(finding.shape, Shape::Flat | Shape::WarmUpThenFlat);
    let last = finding.fit.last().filter(|point| is_level && point.value.is_finite());
    last.map_or_else(String::new, |point| match finding.unit {
        Unit::Count => format!(" at {}", grouped(point.value)),
        unit => format!(" at {}", amount(point.value, unit)),
    })
}

fn inconclusive(finding: &Finding) -> String {
    format!("{} inconclusive: {}", name(finding), why_inconclusive(finding))
}

fn why_inconclusive(finding: &Finding) -> String {
    if finding.samples == 0 {
        return "nothing was read".to_owned();
    }
    if finding.samples < FEW {
        return format!("only {}", counted(finding.samples, "sample"));
    }
    match finding.growth_per_hour {
        Some(growth) if growth.low < 0.0 && growth.high > 0.0 => {
            format!("growth may be anything from {}", interval(growth, finding.unit))
        }
        Some(growth) if growth.low > 0.0 && finding.settled_after_s.is_none() => {
            format!("still warming up after {}", about(finding.observed_s))
        }
        _ if (1..=LONGEST_REASON).contains(&finding.reason.chars().count()) => finding.reason.clone(),
        _ => format!("{} did not tell", about(finding.observed_s)),
    }
}

/// A reason of more letters stands below the picture only.
const LONGEST_REASON: usize = 60;
/// Below so many samples a title speaks of their number and of nothing else.
const FEW: usize = 8;

/// Whether the label is a plural: `Threads grow`, but `rss grows`.
fn is_plural(finding: &Finding) -> bool {
    let whole = name(finding);
    // The noun that the verb belongs to: `File descriptors` of `File descriptors of the tree`.
    let label = [" of ", " in ", "("]
        .into_iter()
        .fold(whole.as_str(), |label, tail| label.split(tail).next().unwrap_or(label))
        .trim();
    let words = finding.unit == Unit::Count || label.contains(' ');
    words && label.ends_with('s') && !label.ends_with("ss")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Estimate;
    use crate::domain::assessment::FitPoint;

    const MIB: f64 = 1_048_576.0;

    fn finding(verdict: Verdict) -> Finding {
        Finding {
            metric: "rss_anon".into(),
            label: "Anonymous memory".into(),
            unit: Unit::Bytes,
            role: Role::Decides,
            verdict,
            shape: Shape::Unknown,
            growth_per_hour: None,
            growth_per_turn: None,
            settled_after_s: Some(60.0),
            onset_s: None,
            observed_s: 43_200.0,
            samples: 43_200,
            detectable_per_hour: None,
            grade: None,
            limit: None,
            time_to_limit_s: None,
            budget: None,
            reason: String::new(),
            advice: None,
            attribution: None,
            fit: Vec::new(),
        }
    }

    fn estimate(low: f64, estimate: f64, high: f64) -> Estimate {
        Estimate { estimate, low, high, confidence: 0.95 }
    }

    #[test]
    fn growth_is_told_with_its_interval_per_turn_and_the_time_left() {
        let finding = Finding {
            growth_per_hour: Some(estimate(11.9 * MIB, 12.4 * MIB, 12.8 * MIB)),
            growth_per_turn: Some(estimate(4_000.0, 4_200.0, 4_400.0)),
            time_to_limit_s: Some(estimate(20_000.0, 22_320.0, 25_000.0)),
            ..finding(Verdict::Growing)
        };
        let title = "Anonymous memory grows 12.4 MiB/h (11.9 to 12.8), 4.10 KiB per turn; limit in 6.2 h";
        assert_eq!(of_finding(&finding), title);
    }

    #[test]
    fn counts_are_plural_and_slow_growth_is_told_per_day() {
        let finding = Finding {
            label: "File descriptors".into(),
            unit: Unit::Count,
            growth_per_hour: Some(estimate(0.2, 0.25, 0.3)),
            ..finding(Verdict::Growing)
        };
        assert_eq!(of_finding(&finding), "File descriptors grow 6.0/day (4.8 to 7.2)");
    }

    #[test]
    fn a_rate_in_the_thousands_is_grouped() {
        let finding = Finding {
            label: "rss".into(),
            unit: Unit::Count,
            growth_per_hour: Some(estimate(11_000.0, 12_000.0, 13_000.0)),
            ..finding(Verdict::Growing)
        };
        assert_eq!(of_finding(&finding), "rss grows 12,000/h (11,000 to 13,000)");
        let finding = Finding { label: "Sockets in CLOSE_WAIT of the tree".into(), ..finding };
        assert!(of_finding(&finding).starts_with("Sockets in CLOSE_WAIT of the tree grow 12,000/h"));
    }

    #[test]
    fn a_narrow_interval_is_never_shown_as_none() {
        let finding = Finding {
            growth_per_hour: Some(estimate(12.397 * MIB, 12.4 * MIB, 12.403 * MIB)),
            ..finding(Verdict::Growing)
        };
        assert_eq!(of_finding(&finding), "Anonymous memory grows 12.400 MiB/h (12.397 to 12.403)");
    }

    #[test]
    fn steady_says_what_would_have_shown() {
        let finding = Finding { detectable_per_hour: Some(0.3 * MIB), ..finding(Verdict::Steady) };
        assert_eq!(of_finding(&finding), "Anonymous memory steady: growth above 307 KiB/h would have shown");
        let finding = Finding { shape: Shape::Sawtooth, detectable_per_hour: None, ..finding };
        assert_eq!(of_finding(&finding), "Anonymous memory steady (sawtooth)");
        let end = FitPoint { elapsed_s: 60.0, value: 64.2, low: 64.0, high: 64.4 };
        let finding =
            Finding { shape: Shape::Flat, unit: Unit::Count, label: "Threads".into(), fit: vec![end], ..finding };
        assert_eq!(of_finding(&finding), "Threads steady at 64");
    }

    #[test]
    fn a_name_without_end_leaves_room_for_the_finding() {
        let finding = Finding { label: "a".repeat(300), ..finding(Verdict::Steady) };
        assert_eq!(of_finding(&finding), format!("{}\u{2026} steady", "a".repeat(60)));
    }

    #[test]
    fn inconclusive_says_why() {
        let of = |finding: Finding| of_finding(&finding);
        let base = finding(Verdict::Inconclusive);
        let none = Finding { samples: 0, ..base.clone() };
        assert_eq!(of(none), "Anonymous memory inconclusive: nothing was read");
        let one = Finding { samples: 1, ..base.clone() };
        assert_eq!(of(one), "Anonymous memory inconclusive: only 1 sample");
        let rising = Some(estimate(0.2 * MIB, 1.0 * MIB, 3.1 * MIB));
        let warming = Finding { settled_after_s: None, growth_per_hour: rising, observed_s: 60.0, ..base.clone() };
        assert_eq!(of(warming), "Anonymous memory inconclusive: still warming up after 60 s");
        let wide = Finding { growth_per_hour: Some(estimate(-0.2 * MIB, 1.0 * MIB, 3.1 * MIB)), ..base.clone() };
        assert_eq!(of(wide), "Anonymous memory inconclusive: growth may be anything from -0.2 to 3.1 MiB/h");
        let told = Finding { reason: "it never changed in 2 s".into(), ..base.clone() };
        assert_eq!(of(told), "Anonymous memory inconclusive: it never changed in 2 s");
        assert_eq!(of(base), "Anonymous memory inconclusive: 12 h did not tell");
    }

    #[test]
    fn growth_that_the_user_allows_is_told_as_such() {
        let finding = Finding {
            growth_per_hour: Some(estimate(11.9 * MIB, 12.4 * MIB, 12.8 * MIB)),
            budget: Some(BudgetOutcome::Within),
            ..finding(Verdict::Growing)
        };
        assert_eq!(of_finding(&finding), "Anonymous memory grows 12.4 MiB/h (11.9 to 12.8); within its budget");
    }

    #[test]
    fn the_overview_names_what_decides() {
        let fds = Finding { label: "File descriptors".into(), unit: Unit::Count, ..finding(Verdict::Growing) };
        let run = |verdict, findings| Assessment {
            left_out: Vec::new(),
            verdict,
            reason: String::new(),
            crossed: None,
            findings,
            objectives: Vec::new(),
            performance: None,
        };
        let both = run(Verdict::Growing, vec![finding(Verdict::Growing), fds]);
        assert_eq!(of_run(&both), "Anonymous memory grows; also growing: file descriptors");
        let rss = Finding { label: "Resident memory, RSS".into(), ..finding(Verdict::Growing) };
        let two = run(Verdict::Growing, vec![finding(Verdict::Growing), rss]);
        assert_eq!(of_run(&two), "Anonymous memory grows; also growing: RSS");
        let many = run(Verdict::Steady, vec![finding(Verdict::Steady); 9]);
        assert_eq!(of_run(&many), "Steady: anonymous memory, anonymous memory, anonymous memory and 6 more");
        let steady = run(Verdict::Steady, vec![finding(Verdict::Steady)]);
        assert_eq!(of_run(&steady), "Steady: anonymous memory");
        let nothing = run(Verdict::Inconclusive, Vec::new());
        assert_eq!(of_run(&nothing), "Inconclusive: there is nothing to judge");
        let reason = "nothing was seen to grow, but the target ended".to_owned();
        let died = Assessment { reason, ..run(Verdict::Inconclusive, vec![finding(Verdict::Steady)]) };
        assert_eq!(of_run(&died), "Inconclusive: nothing was seen to grow, but the target ended");
    }
}
