//! Titles: a finding in one line, which is all that many readers will read.
//!
//! Pure words, from the assessment only. A rate stands with its interval, and the subtitle below it with the time
//! observed.

use crate::domain::assessment::{BudgetOutcome, Shape};
use crate::domain::bytes::three_digits;
use crate::domain::{Assessment, Estimate, Finding, Role, Unit, Verdict};

use super::axis::grouped;

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
    if let [only] = deciding[..]
        && assessment.verdict != Verdict::Steady
    {
        return of_finding(only);
    }
    let labels = and_list(deciding.iter().map(|finding| in_a_list(name(finding))).collect());
    match (assessment.verdict, labels.is_empty()) {
        (Verdict::Growing, false) => format!("Growing: {labels}"),
        (Verdict::Growing, true) => "Growing".to_owned(),
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

/// The name in a title: `RSS` of the label `Resident memory, RSS`, any other label as it stands.
fn name(finding: &Finding) -> &str {
    finding.label.rsplit_once(", ").map_or(&finding.label, |(_, short)| short)
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

fn and_list(mut names: Vec<String>) -> String {
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
        title = format!("{title} {}", rate(finding.unit, growth));
    }
    if let Some(turn) = finding.growth_per_turn.filter(|turn| turn.estimate > 0.0) {
        title = format!("{title}, {} per turn", amount(finding.unit, turn.estimate));
    }
    if let Some(left) = finding.time_to_limit_s.filter(|left| left.estimate.is_finite() && left.estimate >= 0.0) {
        title = format!("{title}; limit in {}", span(left.estimate));
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
            let (least, per) = per_time(finding.unit, least.max(LEAST_PER_HOUR));
            format!("{title}: growth above {}/{per} would have shown", amount(finding.unit, least))
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
        Unit::Count => format!(" at {}", grouped(point.value, 0)),
        unit => format!(" at {}", amount(unit, point.value)),
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
            let (low, high, per) = interval(finding.unit, growth);
            format!("growth may be anything from {low} to {high}/{per}")
        }
        Some(growth) if growth.low > 0.0 && finding.settled_after_s.is_none() => {
            format!("still warming up after {}", span(finding.observed_s))
        }
        _ if (1..=LONGEST_REASON).contains(&finding.reason.chars().count()) => finding.reason.clone(),
        _ => format!("{} did not tell", span(finding.observed_s)),
    }
}

/// A reason of more letters stands below the picture only.
const LONGEST_REASON: usize = 60;
/// Below so many samples a title speaks of their number and of nothing else.
const FEW: usize = 8;

/// Whether the label is a plural: `Threads grow`, but `rss grows`.
fn is_plural(finding: &Finding) -> bool {
    // The noun that the verb belongs to: `File descriptors` of `File descriptors of the tree`.
    let label = [" of ", " in ", "("]
        .into_iter()
        .fold(name(finding), |label, tail| label.split(tail).next().unwrap_or(label))
        .trim();
    let words = finding.unit == Unit::Count || label.contains(' ');
    words && label.ends_with('s') && !label.ends_with("ss")
}

/// A growth with its interval: `12.4 MiB/h (11.9 to 12.8)`.
fn rate(unit: Unit, per_hour: Estimate) -> String {
    let (factor, per) = time_base(unit, per_hour.estimate);
    let shown = per_hour.scaled(factor);
    let (scale, suffix) = unit_of(unit, shown.estimate);
    let shown = shown.scaled(1.0 / scale);
    let mut decimals = decimals_of(unit, shown.estimate);
    // An interval narrower than the digits shown gets more of them.
    let is_narrow = |decimals: usize| (shown.high - shown.low) < 2.0 * 10_f64.powi(-(decimals as i32));
    while decimals < 4 && shown.high > shown.low && is_narrow(decimals) {
        decimals += 1;
    }
    let [estimate, low, high] = [shown.estimate, shown.low, shown.high].map(|value| bounded(value, decimals));
    format!("{estimate}{suffix}/{per} ({low} to {high})")
}

fn interval(unit: Unit, per_hour: Estimate) -> (String, String, &'static str) {
    let widest = per_hour.low.abs().max(per_hour.high.abs());
    let (factor, per) = time_base(unit, widest);
    let (scale, suffix) = unit_of(unit, widest * factor);
    let decimals = decimals_of(unit, widest * factor / scale).min(1);
    let low = bounded(per_hour.low * factor / scale, decimals);
    (low, format!("{}{suffix}", bounded(per_hour.high * factor / scale, decimals)), per)
}

/// A number with these decimals; an unbounded one in words.
fn bounded(value: f64, decimals: usize) -> String {
    if value.is_finite() { grouped(value, decimals) } else { "unbounded".to_owned() }
}

/// An amount of one unit: `4.10 KiB`, `0.30`, `12 ms`.
pub(super) fn amount(unit: Unit, value: f64) -> String {
    let (scale, suffix) = unit_of(unit, value);
    let shown = value / scale;
    let number = grouped(shown, decimals_of(unit, shown));
    // `12/day`, but `12.0 MiB`, whose digits tell how exact it is.
    let number = if unit == Unit::Count { number.strip_suffix(".0").unwrap_or(&number) } else { &number };
    format!("{number}{suffix}")
}

/// A value as a reader would say it: whole where it is whole.
pub(super) fn level(unit: Unit, value: f64) -> String {
    match unit {
        Unit::Count | Unit::Number if value.fract() == 0.0 && value.abs() < 1e15 => grouped(value, 0),
        _ => amount(unit, value),
    }
}

/// Decimals that leave three significant digits; a count of one and more needs no more than tenths.
fn decimals_of(unit: Unit, value: f64) -> usize {
    let text = three_digits(value.abs());
    let decimals = text.split_once('.').map_or(0, |(_, fraction)| fraction.len().min(4));
    match unit {
        Unit::Count if value.abs() >= 1.0 => decimals.min(1),
        _ => decimals,
    }
}

fn unit_of(unit: Unit, value: f64) -> (f64, &'static str) {
    match unit {
        Unit::Bytes => {
            const UNITS: [&str; 7] = [" B", " KiB", " MiB", " GiB", " TiB", " PiB", " EiB"];
            let (mut scale, mut index) = (1.0, 0);
            while value.abs() / scale >= 999.5 && index + 1 < UNITS.len() {
                scale *= 1024.0;
                index += 1;
            }
            (scale, UNITS[index])
        }
        Unit::Count | Unit::Number => (1.0, ""),
        Unit::Milliseconds if value.abs() >= 3_600_000.0 => (3_600_000.0, " h"),
        Unit::Milliseconds if value.abs() >= 1_000.0 => (1_000.0, " s"),
        Unit::Milliseconds => (1.0, " ms"),
    }
}

/// Per hour, or per day where an hour brings less than 1 KiB or one of what is counted.
fn time_base(unit: Unit, per_hour: f64) -> (f64, &'static str) {
    let little = match unit {
        Unit::Bytes => 1024.0,
        Unit::Count => 1.0,
        Unit::Milliseconds | Unit::Number => 0.0,
    };
    if per_hour.abs() < little { (24.0, "day") } else { (1.0, "h") }
}

fn per_time(unit: Unit, per_hour: f64) -> (f64, &'static str) {
    let (factor, per) = time_base(unit, per_hour);
    (per_hour * factor, per)
}

/// `1 sample`, `43,200 samples`.
pub(super) fn counted(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", grouped(count as f64, 0))
}

/// A length of time in the unit that suits it, with two or three digits: `60 s`, `6.2 h`, `9 days`.
pub(super) fn span(seconds: f64) -> String {
    let (value, unit) = match seconds {
        seconds if seconds < 119.5 => (seconds, "s"),
        seconds if seconds < 59.5 * 60.0 => (seconds / 60.0, "min"),
        seconds if seconds < 47.5 * 3_600.0 => (seconds / 3_600.0, "h"),
        seconds => (seconds / 86_400.0, "days"),
    };
    let text = if value < 10.0 { format!("{value:.1}") } else { grouped(value, 0) };
    format!("{} {unit}", text.strip_suffix(".0").unwrap_or(&text))
}

#[cfg(test)]
mod tests {
    use super::*;
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
        let run = |verdict, findings| Assessment { verdict, reason: String::new(), crossed: None, findings };
        let both = run(Verdict::Growing, vec![finding(Verdict::Growing), fds]);
        assert_eq!(of_run(&both), "Growing: anonymous memory and file descriptors");
        let rss = Finding { label: "Resident memory, RSS".into(), ..finding(Verdict::Growing) };
        let two = run(Verdict::Growing, vec![finding(Verdict::Growing), rss]);
        assert_eq!(of_run(&two), "Growing: anonymous memory and RSS");
        let steady = run(Verdict::Steady, vec![finding(Verdict::Steady)]);
        assert_eq!(of_run(&steady), "Steady: anonymous memory");
        let nothing = run(Verdict::Inconclusive, Vec::new());
        assert_eq!(of_run(&nothing), "Inconclusive: there is nothing to judge");
        let reason = "nothing was seen to grow, but the target ended".to_owned();
        let died = Assessment { reason, ..run(Verdict::Inconclusive, vec![finding(Verdict::Steady)]) };
        assert_eq!(of_run(&died), "Inconclusive: nothing was seen to grow, but the target ended");
    }

    #[test]
    fn spans_of_time_read_well() {
        let shown = [0.0, 2.0, 0.5, 60.0, 90.0, 125.0, 3_600.0, 22_320.0, 43_200.0, 777_600.0].map(span);
        assert_eq!(shown, ["0 s", "2 s", "0.5 s", "60 s", "90 s", "2.1 min", "1 h", "6.2 h", "12 h", "9 days"]);
    }
}
