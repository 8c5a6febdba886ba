//! The summary at the end of a run: what was watched, a line a metric, what is not steady and why, and the verdict as the
//! last line, so that it is on the screen.

use std::fmt::Write as _;

use crate::domain::assessment::{BudgetOutcome, Grade};
use crate::domain::metric::Role;
use crate::domain::rate::{Per, about, grouped, quantity, rate, span};
use crate::domain::run::{RunEnd, TargetEnd};
use crate::domain::{Assessment, Finding, Run, SeriesSet, Verdict};

/// The width that the summary keeps to.
const WIDTH: usize = 80;

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
    table(&mut out, set, assessment, style);
    for finding in assessment.findings.iter().filter(|finding| is_told(finding)) {
        out.push('\n');
        told(&mut out, finding);
    }
    out.push('\n');
    let _ = writeln!(out, "{}", verdict_line(assessment, style));
    out
}

/// The verdict and its reason in one line.
pub fn verdict_line(assessment: &Assessment, style: Style) -> String {
    let word = assessment.verdict.word().to_uppercase();
    if let Some(crossing) = &assessment.crossed {
        let failed = painted("CEILING CROSSED", Verdict::Growing, style);
        return format!("{failed}: {}; {word}: {}", printable(crossing), printable(&assessment.reason));
    }
    format!("{}: {}", painted(&word, assessment.verdict, style), printable(&assessment.reason))
}

fn conditions(out: &mut String, run: &Run) {
    let target = &run.header.target;
    let tree = if target.tree { " and its descendants" } else { "" };
    let _ = writeln!(
        out,
        "{} (pid {}){tree}: {} samples over {}, one every {}",
        printable(&target.name),
        target.pid,
        grouped(run.samples.len() as f64),
        span(run.recorded().as_secs_f64()),
        span(run.header.conditions.interval_s),
    );
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
        let _ = writeln!(out, "{sentence}");
    }
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
    let _ = writeln!(out, "traffic: {} turns to {url}, {} failed", grouped(summary.turns as f64), summary.errors);
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
    let failed = last.errors as f64 / last.turns.max(1) as f64;
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

fn table(out: &mut String, set: &SeriesSet, assessment: &Assessment, style: Style) {
    let _ = writeln!(out, "\n{:<26}{:>10}  {:<30}verdict", "metric", "latest", "growth (95 % interval)");
    let mut beside = false;
    for role in [Role::Decides, Role::Beside] {
        for finding in assessment.findings.iter().filter(|finding| finding.role == role) {
            let latest = set.get(&finding.metric).and_then(|series| series.values.iter().rev().find(|v| v.is_finite()));
            // What is not there at all (no shared memory, no swap) is not worth a line.
            if role == Role::Beside && latest.is_none_or(|&value| value <= 0.0) {
                continue;
            }
            beside |= role == Role::Beside;
            row(out, finding, latest.copied(), style);
        }
    }
    if beside {
        out.push_str("* shown beside the others; does not decide\n");
    }
}

fn row(out: &mut String, finding: &Finding, latest: Option<f64>, style: Style) {
    let label = clipped(&printable(&finding.label), 25);
    let latest = latest.map_or_else(|| "-".to_owned(), |value| quantity(value, finding.unit));
    let growth = finding.growth_per_hour.map(|growth| rate(growth, finding.unit, Per::Hour));
    let growth = clipped(growth.as_deref().unwrap_or("-"), 29);
    let mut verdict = painted(finding.verdict.word(), finding.verdict, style);
    if finding.budget == Some(BudgetOutcome::Within) {
        verdict.push_str(", in budget");
    }
    if finding.role == Role::Beside {
        // The slow tier's metrics are read too seldom in a short run; that is no finding on the target.
        if finding.verdict == Verdict::Inconclusive && finding.growth_per_hour.is_none() {
            verdict = format!("{} readings", finding.samples);
        }
        verdict.push_str(" *");
    }
    let _ = writeln!(out, "{label:<26}{latest:>10}  {growth:<30}{verdict}");
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
fn wrap(out: &mut String, text: &str) {
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
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

fn painted(word: &str, verdict: Verdict, style: Style) -> String {
    let colour = match (style, verdict) {
        (Style::Plain, _) => return word.to_owned(),
        (Style::Colour, Verdict::Growing) => "31",
        (Style::Colour, Verdict::Steady) => "32",
        (Style::Colour, Verdict::Inconclusive) => "33",
    };
    format!("\u{1b}[{colour}m{word}\u{1b}[0m")
}
