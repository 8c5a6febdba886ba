//! The metrics as rows: name, latest, growth with its interval, verdict so far, and the whole run as a sparkline; what
//! does not fit is left out column by column.

use ratatui_core::style::{Color, Modifier, Style};
use ratatui_core::text::{Line, Span};

use crate::domain::assessment::BudgetOutcome;
use crate::domain::rate::{Per, quantity, rate};
use crate::domain::{Assessment, Finding, Metric, Role, Verdict};
use crate::runner::Trail;

use super::picture::{Palette, Picture};
use super::spark;

/// A metric that is shown.
pub(super) struct Row<'a> {
    metric: Metric,
    trail: &'a Trail,
    finding: Option<&'a Finding>,
    role: Role,
}

/// The metrics that are judged, the deciding ones first. What is not there at all (no shared memory) gets no row.
pub(super) fn rows(picture: &Picture) -> Vec<Row<'_>> {
    let findings = picture.outlook.as_ref().map_or(&[][..], |outlook| &outlook.findings);
    let row = |(metric, trail): &'_ (Metric, Trail)| {
        let metric = *metric;
        let finding = findings.iter().find(|finding| finding.metric == metric.name());
        (metric, finding, finding.map_or(metric.role(), |finding| finding.role), trail.latest().unwrap_or(0))
    };
    let mut rows: Vec<Row<'_>> = Vec::new();
    for role in [Role::Decides, Role::Beside] {
        for seen in &picture.glance.trails {
            let (metric, finding, own, latest) = row(seen);
            if own == role && (role == Role::Decides || latest > 0) {
                rows.push(Row { metric, trail: &seen.1, finding, role });
            }
        }
    }
    rows
}

/// The widths of the columns; 0 where one is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Columns {
    name: usize,
    latest: usize,
    growth: usize,
    verdict: usize,
    trail: usize,
}

impl Columns {
    /// For a screen of this width.
    pub(super) fn new(width: usize) -> Self {
        let fixed = match width {
            110.. => Self { name: 27, latest: 11, growth: 34, verdict: 18, trail: 0 },
            74.. => Self { name: 14, latest: 10, growth: 29, verdict: 17, trail: 0 },
            _ => Self { name: 11, latest: 10, growth: 0, verdict: 17, trail: 0 },
        };
        let taken = fixed.name + fixed.latest + fixed.growth + fixed.verdict;
        Self { trail: width.saturating_sub(taken), ..fixed }
    }

    /// The words above the columns.
    pub(super) fn heading(self) -> Line<'static> {
        let growth = if self.growth > 0 { cell("  growth (95 % interval)", self.growth) } else { String::new() };
        let text = format!(
            "{}{:>latest$}{growth}  {}{}",
            cell("metric", self.name),
            "latest",
            cell("so far", self.verdict.saturating_sub(2)),
            cell("whole run", self.trail),
            latest = self.latest,
        );
        Line::styled(text, Style::new().add_modifier(Modifier::BOLD))
    }

    /// A metric in `height` lines, its words in the lowest.
    pub(super) fn lines(self, row: &Row<'_>, height: usize, picture: &Picture) -> Vec<Line<'static>> {
        let bars = spark::bars(row.trail, self.trail, height, picture.glyphs);
        let indent = " ".repeat(self.name + self.latest + self.growth + self.verdict);
        let last = height.saturating_sub(1);
        let judged = row.finding.filter(|finding| row.role == Role::Decides || finding.growth_per_hour.is_some());
        let ink = judged.map_or(Style::new(), |finding| ink(finding.verdict, picture.palette));
        let line = |(position, bar): (usize, String)| {
            let mut spans = if position == last { self.words(row, ink) } else { vec![Span::raw(indent.clone())] };
            spans.push(Span::styled(bar, ink));
            Line::from(spans)
        };
        bars.into_iter().enumerate().map(line).collect()
    }

    fn words(self, row: &Row<'_>, ink: Style) -> Vec<Span<'static>> {
        let unit = row.metric.unit();
        let name = if self.name > 20 { row.metric.label() } else { row.metric.name() };
        let latest = row.trail.latest().map_or_else(|| "-".to_owned(), |value| quantity(value as f64, unit));
        let mut spans =
            vec![Span::raw(cell(name, self.name)), Span::raw(format!("{latest:>width$}", width = self.latest))];
        if self.growth > 0 {
            let growth = row.finding.and_then(|finding| finding.growth_per_hour);
            let growth = growth.map_or_else(|| "-".to_owned(), |growth| rate(growth, unit, Per::Hour));
            spans.push(Span::raw(cell(&format!("  {growth}"), self.growth)));
        }
        spans.push(Span::styled(cell(&format!("  {}", verdict(row)), self.verdict), ink));
        spans
    }
}

/// The verdict so far of the whole run. The analysis fails no run before its end, so a growth that decides is named here:
/// it is what one looks for.
pub(super) fn overall(outlook: &Assessment) -> Verdict {
    let grows = |finding: &Finding| {
        finding.role == Role::Decides
            && finding.verdict == Verdict::Growing
            && !matches!(finding.budget, Some(BudgetOutcome::Within | BudgetOutcome::Straddles))
    };
    if outlook.findings.iter().any(grows) { Verdict::Growing } else { outlook.verdict }
}

/// The word of the verdict so far; a star on what does not decide.
fn verdict(row: &Row<'_>) -> String {
    let Some(finding) = row.finding else { return "too early".to_owned() };
    let word = finding.verdict.word();
    match row.role {
        // The slow tier is read too seldom at first; that is no finding on the target.
        Role::Beside if finding.verdict == Verdict::Inconclusive && finding.growth_per_hour.is_none() => {
            format!("{} readings *", finding.samples)
        }
        Role::Beside => format!("{word} *"),
        Role::Decides | Role::Context => word.to_owned(),
    }
}

/// The colour of a verdict, which never stands without its word.
pub(super) fn ink(verdict: Verdict, palette: Palette) -> Style {
    let colour = match verdict {
        Verdict::Growing => Color::Red,
        Verdict::Steady => Color::Green,
        Verdict::Inconclusive => Color::Yellow,
    };
    match palette {
        Palette::Colour => Style::new().fg(colour),
        Palette::Plain => Style::new(),
    }
}

/// Text in exactly this many columns; where it is cut, a blank parts it from its neighbour.
fn cell(text: &str, width: usize) -> String {
    let length = text.chars().count();
    if length <= width {
        return format!("{text}{}", " ".repeat(width - length));
    }
    let kept: String = text.chars().take(width.saturating_sub(2)).collect();
    if width >= 2 { format!("{kept}… ") } else { " ".repeat(width) }
}
