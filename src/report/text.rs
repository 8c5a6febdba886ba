//! The summary at the end of a run: what was watched, a line a metric, what is not steady and why, and the verdict as the
//! last line, so that it is on the screen.

use std::fmt::Write as _;

use crate::domain::assessment::{BudgetOutcome, Gate, Grade};
use crate::domain::metric::Role;
use crate::domain::rate::{Per, about, grouped, quantity, rate, span};
use crate::domain::run::{EventKind, RunEnd, TargetEnd};
use crate::domain::{Assessment, Attribution, Finding, Run, SeriesSet, Verdict};

use super::grids;
use super::material::sentence;

/// The width that the summary keeps to.
const WIDTH: usize = 80;
/// Its lines at most; a run adds one, which says where its folder is.
const LINES: usize = 24;

/// Whether verdicts are coloured. The words are the same either way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// No escape sequences.
    Plain,
    /// ANSI colours on the verdicts.
    Colour,
}

/// What was judged.
#[derive(Clone, Copy, Debug)]
pub enum Subject<'a> {
    /// A run that soak recorded.
    Run(&'a Run),
    /// A file of somebody else's series, by its name.
    File(&'a str),
}

/// The whole summary, ending in the verdict's line.
pub fn summary(subject: Subject<'_>, set: &SeriesSet, assessment: &Assessment, style: Style) -> String {
    let mut out = String::new();
    match subject {
        Subject::Run(run) => conditions(&mut out, run),
        Subject::File(name) => {
            let (instants, span) = (grouped(set.elapsed_s.len() as f64), span(set.span_s()));
            let _ = writeln!(out, "{}: {instants} rows over {span}", printable(name));
        }
    }
    let verdict = wrapped_verdict(assessment, style);
    let (deciding, beside) = table(set, assessment, style);
    // The heading with the blank line before it, and the blank line before the verdict.
    let objectives = grids::lines(assessment);
    let fixed = out.lines().count() + 2 + deciding.len() + objectives.len() + 1 + verdict.lines().count();
    let told = told_within(assessment, LINES.saturating_sub(fixed));
    let left = LINES.saturating_sub(fixed + told.lines().count());
    let _ = writeln!(out, "\n{:<24}{:>10}  {:<28}verdict", "metric", "latest", "growth (95 % interval)");
    out.extend(deciding);
    if !beside.is_empty() && left >= 2 {
        let shown = beside.len().min(left - 1);
        let hidden = beside.len() - shown;
        out.extend(beside[..shown].iter().map(String::as_str));
        out.push_str("* shown beside the others; does not decide");
        let _ = match hidden {
            0 => writeln!(out),
            more => writeln!(out, "; {more} more in the report"),
        };
    }
    for line in objectives {
        let _ = writeln!(out, "{}", clipped(&printable(&line), WIDTH));
    }
    let _ = write!(out, "{told}\n{verdict}");
    out
}

/// The verdict's line, broken where the summary's width is over.
fn wrapped_verdict(assessment: &Assessment, style: Style) -> String {
    let mut plain = String::new();
    wrap(&mut plain, &verdict_line(assessment, Style::Plain));
    // Painted after the breaking, for escape sequences have no width.
    let word = plain.split(':').next().unwrap_or_default().to_owned();
    let verdict = colour(assessment);
    plain.replacen(&word, &painted(&word, verdict, style), 1)
}

/// A sentence for each deciding finding that is not plainly steady, in so many lines with the blank one before them.
fn told_within(assessment: &Assessment, lines: usize) -> String {
    let mut out = String::from("\n");
    let findings: Vec<&Finding> = assessment.findings.iter().filter(|finding| is_told(finding)).collect();
    for (position, finding) in findings.iter().enumerate() {
        let mut next = String::new();
        told(&mut next, finding);
        let later = usize::from(position + 1 < findings.len());
        if out.lines().count() + next.lines().count() + later > lines {
            let _ = writeln!(out, "{} more in the report", findings.len() - position);
            return out;
        }
        out.push_str(&next);
    }
    if findings.is_empty() { String::new() } else { out }
}

/// The verdict whose colour the first word has.
fn colour(assessment: &Assessment) -> Verdict {
    match assessment.gate() {
        Gate::Fail => Verdict::Growing,
        Gate::CannotTell => Verdict::Inconclusive,
        Gate::Pass => Verdict::Steady,
    }
}

/// The verdict and its reason in one line, behind what else keeps a gate from passing.
pub fn verdict_line(assessment: &Assessment, style: Style) -> String {
    let word = assessment.verdict.word().to_uppercase();
    let mut parts = Vec::new();
    if let Some(crossing) = &assessment.crossed {
        parts.push(("CEILING CROSSED".to_owned(), crossing.clone()));
    }
    parts.extend(grids::gate_words(assessment).map(|(words, why)| (words.to_owned(), why)));
    parts.push((word, assessment.reason.clone()));
    let first = painted(&parts[0].0, colour(assessment), style);
    let told: Vec<String> = parts.iter().map(|(word, why)| format!("{word}: {}", printable(why))).collect();
    told.join("; ").replacen(&parts[0].0, &first, 1)
}

fn conditions(out: &mut String, run: &Run) {
    let target = &run.header.target;
    let tree = if target.tree { " and its descendants" } else { "" };
    let line = format!(
        "{} (pid {}){tree}: {} samples over {}, one every {}",
        printable(&target.name),
        target.pid,
        grouped(run.samples.len() as f64),
        span(run.recorded().as_secs_f64()),
        span(run.header.conditions.interval_s),
    );
    let _ = writeln!(out, "{}", clipped(&line, WIDTH));
    if let Some(conditions) = &run.header.conditions.traffic {
        traffic(out, run, &printable(&conditions.url));
    }
    if let Some(cost) = run.cost().filter(|cost| cost.recorded_s > 0.0) {
        let share = |seconds: f64| 100.0 * seconds / cost.recorded_s;
        let _ = writeln!(
            out,
            "sampling took {:.3} % of one core, soak in all {:.2} %{}",
            share(cost.fast_tier_s + cost.slow_tier_s),
            share(cost.process_s),
            if cost.missed_ticks == 0 { String::new() } else { format!("; {} ticks missed", cost.missed_ticks) },
        );
    }
    if let Some(sentence) = ending(run) {
        let _ = writeln!(out, "{}", clipped(&sentence, WIDTH));
    }
    if let Some(marks) = marks(run) {
        let _ = writeln!(out, "{}", clipped(&marks, WIDTH));
    }
}

/// The moments that the user marked.
fn marks(run: &Run) -> Option<String> {
    let marks = run.events.iter().filter_map(|event| match &event.kind {
        EventKind::Mark { label } => Some(format!("{} at {}", printable(label), span(event.at.as_secs_f64().floor()))),
        _ => None,
    });
    let marks: Vec<String> = marks.collect();
    (!marks.is_empty()).then(|| format!("marked: {}", marks.join(", ")))
}

/// How many classes of failures are told.
const FAILURES_TOLD: usize = 3;

fn traffic(out: &mut String, run: &Run, url: &str) {
    let Some(summary) = run.traffic_summary() else {
        let turns = run.traffic.last().map_or(0, |tick| tick.turns);
        let _ = writeln!(out, "traffic: {} turns to {url}", grouped(turns as f64));
        return;
    };
    let millis = |micros: u64| format!("{:.1}", micros as f64 / 1000.0);
    let line = format!("traffic: {} turns to {url}, {} failed", grouped(summary.turns as f64), summary.errors);
    let _ = writeln!(out, "{}", clipped(&line, WIDTH));
    if let Some(latency) = &summary.latency {
        let (p50, p95, p99, max) =
            (millis(latency.p50_us), millis(latency.p95_us), millis(latency.p99_us), millis(latency.max_us));
        let _ = writeln!(out, "latency from the due time: p50 {p50} ms, p95 {p95} ms, p99 {p99} ms, max {max} ms");
    }
    for failure in summary.failures.iter().take(FAILURES_TOLD) {
        let told = format!("  {} x {}: {}", grouped(failure.count as f64), failure.class, failure.example);
        let _ = writeln!(out, "{}", clipped(&printable(&told), WIDTH));
    }
}

/// How the run ended, where it did not end as it was meant to, in words.
pub(super) fn ending(run: &Run) -> Option<String> {
    let sentence = match run.end() {
        Some(RunEnd::Complete) => return damage(run),
        Some(RunEnd::Interrupted) => "ended early by the user".to_owned(),
        Some(RunEnd::CeilingCrossed { crossing }) => format!("ended early: {}", printable(crossing)),
        Some(RunEnd::TargetEnded(end)) => format!("the target ended: {}", cause(end)),
        None => "soak was ended before the run was; this is what the record holds".to_owned(),
    };
    Some(match damage(run) {
        Some(damage) => format!("{sentence}; {damage}"),
        None => sentence,
    })
}

/// Of more failed requests than this share, the load that was asked for was not the load that was reached.
const FAILED_SHARE: f64 = 0.2;

/// What keeps a run from proving that nothing grows, in words: the target ended by other than its own will, or hardly
/// any of the load reached it. `None` where nothing does.
pub fn caveat(run: &Run) -> Option<String> {
    match run.end() {
        // A program that exits with 0 has ended as it meant to.
        None
        | Some(
            RunEnd::Complete
            | RunEnd::Interrupted
            | RunEnd::CeilingCrossed { .. }
            | RunEnd::TargetEnded(TargetEnd::Exited { code: 0 }),
        ) => {}
        Some(RunEnd::TargetEnded(end)) => return Some(format!("the target ended before the run did: {}", cause(end))),
    }
    let last = run.traffic.last()?;
    // A turn may be many requests; a record of before there were flows counts turns alone.
    let failed = last.errors as f64 / last.requests.max(last.turns).max(1) as f64;
    if last.turns == 0 {
        return Some("the load was not reached: not one turn was completed".to_owned());
    }
    (failed > FAILED_SHARE).then(|| format!("the load was not reached: {:.0} % of the requests failed", 100.0 * failed))
}

fn damage(run: &Run) -> Option<String> {
    (run.damaged_lines > 0).then(|| format!("{} lines of the record are damaged and were left out", run.damaged_lines))
}

/// How the target ended, in words.
pub(super) fn cause(end: &TargetEnd) -> String {
    match end {
        TargetEnd::Exited { code } => format!("it exited with code {code}"),
        TargetEnd::Killed { out_of_memory: true, .. } => "the kernel killed it for want of memory".to_owned(),
        TargetEnd::Killed { signal, .. } => format!("signal {signal}{} ended it", signal_name(*signal)),
        TargetEnd::Vanished { out_of_memory: true } => {
            "it is gone, and its cgroup counts an out-of-memory kill".to_owned()
        }
        TargetEnd::Vanished { .. } => "it is gone; the kernel tells the cause to its parent only".to_owned(),
    }
}

fn signal_name(signal: i32) -> &'static str {
    match signal {
        1 => " (SIGHUP)",
        2 => " (SIGINT)",
        3 => " (SIGQUIT)",
        4 => " (SIGILL)",
        6 => " (SIGABRT)",
        7 => " (SIGBUS)",
        8 => " (SIGFPE)",
        9 => " (SIGKILL)",
        11 => " (SIGSEGV)",
        13 => " (SIGPIPE)",
        15 => " (SIGTERM)",
        _ => "",
    }
}

/// The rows of the metrics that decide, and of those that are shown beside them.
fn table(set: &SeriesSet, assessment: &Assessment, style: Style) -> (Vec<String>, Vec<String>) {
    let (mut deciding, mut beside) = (Vec::new(), Vec::new());
    for finding in &assessment.findings {
        let values = set.get(&finding.metric).map(|series| series.values.as_slice()).unwrap_or_default();
        let latest = values.iter().rev().find(|value| value.is_finite()).copied();
        match finding.role {
            Role::Decides => deciding.push(row(finding, latest, style)),
            // What is not there at all (no shared memory, no swap) is not worth a line.
            Role::Beside if latest.is_some_and(|value| value > 0.0) => beside.push(row(finding, latest, style)),
            Role::Beside | Role::Context => {}
        }
    }
    (deciding, beside)
}

fn row(finding: &Finding, latest: Option<f64>, style: Style) -> String {
    let label = clipped(&printable(&finding.label), 24);
    let latest = latest.map_or_else(|| "-".to_owned(), |value| quantity(value, finding.unit));
    let growth = finding.growth_per_hour.map(|growth| rate(growth, finding.unit, Per::Hour));
    let growth = clipped(growth.as_deref().unwrap_or("-"), 27);
    let mut verdict = painted(finding.verdict.word(), finding.verdict, style);
    if finding.budget == Some(BudgetOutcome::Within) && finding.role == Role::Decides {
        verdict.push_str(", allowed");
    }
    if finding.role == Role::Beside {
        // The slow tier's metrics are read too seldom in a short run; that is no finding on the target.
        if finding.verdict == Verdict::Inconclusive && finding.growth_per_hour.is_none() {
            verdict = format!("{} readings", finding.samples);
        }
        verdict.push_str(" *");
    }
    format!("{label:<24}{latest:>10}  {growth:<28}{verdict}\n")
}

/// Deciding findings that are not plainly steady are told in a sentence each.
fn is_told(finding: &Finding) -> bool {
    finding.role == Role::Decides && finding.verdict != Verdict::Steady
}

fn told(out: &mut String, finding: &Finding) {
    let mut text = format!("{}: {}", printable(&finding.label), printable(finding.reason.trim_end_matches('.')));
    if let Some(growth) = finding.growth_per_turn.filter(|_| finding.verdict == Verdict::Growing) {
        let _ = write!(text, "; {}", rate(growth, finding.unit, Per::Turn));
    }
    if let (Some(time), Some(limit)) = (finding.time_to_limit_s, finding.limit) {
        let _ = write!(text, "; its limit of {} in {}", quantity(limit, finding.unit), about(time.estimate));
    }
    if let Some(grade) = finding.grade {
        let _ = write!(text, "; severity: {}", graded(grade));
    }
    text.push('.');
    if let Some(advice) = &finding.advice {
        let _ = write!(text, " {}", printable(advice));
    }
    wrap(out, &text);
    if let Some(attribution) = &finding.attribution {
        wrap(out, &printable(&told_of_requests(attribution)));
    }
}

/// Which request is to blame, and what would let it be told where that is open.
pub(super) fn told_of_requests(attribution: &Attribution) -> String {
    let reason = sentence(&attribution.reason);
    attribution.advice.as_deref().map_or_else(|| reason.clone(), |advice| format!("{reason} {}", sentence(advice)))
}

/// How much a growth matters, in words.
pub(super) fn graded(grade: Grade) -> &'static str {
    match grade {
        Grade::Minor => "minor, under 5 MB/min",
        Grade::Moderate => "moderate, not wholly under 5 nor wholly over 10 MB/min",
        Grade::Severe => "severe, over 10 MB/min",
        Grade::Sign => "a sign, for a count should not grow at all",
    }
}

/// Breaks at spaces so that no line is wider than the summary; later lines are indented.
pub(super) fn wrap(out: &mut String, text: &str) {
    let mut column = 0;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if column > 0 && column + 1 + length > WIDTH {
            out.push_str("\n  ");
            column = 2;
        } else if column > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length;
    }
    out.push('\n');
}

fn clipped(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

/// What came from a target or a file may hold escape sequences; a terminal must not obey them.
pub(super) fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

pub(super) fn painted(word: &str, verdict: Verdict, style: Style) -> String {
    let colour = match (style, verdict) {
        (Style::Plain, _) => return word.to_owned(),
        (Style::Colour, Verdict::Growing) => "31",
        (Style::Colour, Verdict::Steady) => "32",
        (Style::Colour, Verdict::Inconclusive) => "33",
    };
    format!("\u{1b}[{colour}m{word}\u{1b}[0m")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis;
    use crate::domain::run::{Cost, Event, Header, TargetIdentity, TrafficConditions};
    use crate::domain::traffic::{FailureTally, LatencySummary, TrafficSummary};
    use crate::domain::{Elapsed, Metric, Sample};

    /// A run in which everything grows, everything fails and a lot was marked.
    fn worst() -> Run {
        let traffic = TrafficConditions {
            url: format!("http://{}/", "a".repeat(200)),
            rate_per_s: 20.0,
            users: 4,
            ..Default::default()
        };
        let mut header = Header { target: TargetIdentity { tree: true, ..Default::default() }, ..Header::default() };
        header.target.name = "n".repeat(100);
        header.conditions.traffic = Some(traffic);
        let failure = FailureTally { class: "status 503".into(), count: 5, example: "e".repeat(200) };
        let failures = vec![failure; 9];
        let summary = TrafficSummary {
            turns: 1000,
            errors: 45,
            latency: Some(LatencySummary::default()),
            failures,
            ..Default::default()
        };
        let cost = Cost { recorded_s: 600.0, missed_ticks: 3, ..Cost::default() };
        let mut kinds = vec![EventKind::Traffic(summary), EventKind::Cost(cost)];
        kinds.extend((1..40).map(|number| EventKind::Mark { label: format!("mark {number}") }));
        kinds.push(EventKind::Ended { end: RunEnd::TargetEnded(TargetEnd::Killed { signal: 9, out_of_memory: true }) });
        let at = Elapsed::from_secs_f64(90.0);
        let events = kinds.into_iter().map(|kind| Event { at, kind }).collect();
        let mut run = Run { header, events, ..Run::default() };
        for second in 0..600_u64 {
            let mut sample = Sample { at: Elapsed::from_secs_f64(second as f64), ..Sample::default() };
            Metric::all().for_each(|metric| sample.readings.set_raw(metric, 1000 + second * 40_960));
            run.samples.push(sample);
        }
        run
    }

    fn shown(run: &Run, style: Style) -> (String, Assessment) {
        let set = run.series();
        let assessment = analysis::assess(&set, &analysis::Options::default());
        (summary(Subject::Run(run), &set, &assessment, style), assessment)
    }

    #[test]
    fn the_worst_run_fits_a_screen_of_80_columns_and_ends_with_its_verdict() {
        let (text, assessment) = shown(&worst(), Style::Plain);
        assert!(text.lines().count() < 25, "{}\n{text}", text.lines().count());
        for line in text.lines() {
            assert!(line.chars().count() <= WIDTH, "{line}");
        }
        let verdict = text.rsplit("\n\n").next().unwrap();
        assert!(verdict.starts_with("GROWING: "), "{text}");
        let unbroken = verdict.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(unbroken, verdict_line(&assessment, Style::Plain));
        assert!(text.contains("marked: mark 1 at 1 min 30 s, mark 2 at"), "{text}");
    }

    #[test]
    fn a_row_fits_whatever_its_metric_its_verdict_and_its_budget() {
        let (_, assessment) = shown(&worst(), Style::Plain);
        for finding in assessment.findings {
            for verdict in [Verdict::Growing, Verdict::Steady, Verdict::Inconclusive] {
                let budget = (verdict == Verdict::Growing).then_some(BudgetOutcome::Within);
                let finding = Finding { verdict, budget, ..finding.clone() };
                let row = row(&finding, Some(1e7), Style::Plain);
                assert!(row.trim_end().chars().count() <= WIDTH, "{row}");
            }
        }
    }

    #[test]
    fn colour_adds_nothing_but_colour() {
        let (plain, _) = shown(&worst(), Style::Plain);
        let (mut coloured, _) = shown(&worst(), Style::Colour);
        assert_ne!(plain, coloured);
        for escape in ["\u{1b}[31m", "\u{1b}[32m", "\u{1b}[33m", "\u{1b}[0m"] {
            coloured = coloured.replace(escape, "");
        }
        assert_eq!(plain, coloured);
    }
}
