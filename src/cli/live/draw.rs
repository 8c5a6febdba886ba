//! Lays a picture out on a screen of any size. Lines are given to the screen from both ends, the metrics get what is
//! left, and what finds no room is left out: no size is too small.

use ratatui_core::layout::Rect;
use ratatui_core::style::{Color, Modifier, Style};
use ratatui_core::terminal::Frame;
use ratatui_core::text::{Line, Span};

use crate::domain::rate::{grouped, span};

use super::picture::{Ending, Motion, Page, Palette, Picture};
use super::table::{self, Columns};

/// Screens lower than this show the metrics and hardly anything else.
const LOW: usize = 14;
/// Lines that a metric gets at most, where there is room.
const TALLEST_ROW: usize = 3;

/// The keys, and what one has to know to read the screen; each line fits 40 columns.
const HELP: [&str; 20] = [
    "q, Ctrl-C  end the run and judge it;",
    "           once more: quit, no verdict",
    "m          mark this moment: in record",
    "           and charts",
    "d          begin or end a disturbance:",
    "           the trend leaves it out",
    "p          hold the picture; the run",
    "           goes on",
    "up, down   scroll the metrics",
    "Ctrl-L     draw anew",
    "? h Esc    this help",
    "",
    "so far     what the verdict would be;",
    "           the end may say otherwise",
    "*          shown beside the others;",
    "           does not decide",
    "whole run  least to most, so far",
    "waiting    requests that are due and",
    "           find no free user",
    "",
];

/// Draws one frame.
pub(super) fn draw(frame: &mut Frame<'_>, picture: &Picture) {
    let area = frame.area();
    let (width, height) = (usize::from(area.width), usize::from(area.height));
    let mut top = head(picture, width);
    let mut bottom = foot(picture, width, height);
    // The keys stay, whatever else has to go.
    bottom.drain(..bottom.len().saturating_sub(height.saturating_sub(top.len()).max(1)));
    let left = height.saturating_sub(top.len() + bottom.len());
    match picture.page {
        Page::Help => top.extend(HELP.iter().take(left).map(|line| Line::raw(*line))),
        Page::Metrics => top.extend(middle(picture, width, left)),
    }
    top.truncate(height.saturating_sub(bottom.len()));
    let start = height.saturating_sub(bottom.len());
    for (row, line) in top.into_iter().enumerate().chain((start..).zip(bottom)) {
        let row = u16::try_from(row).unwrap_or(u16::MAX);
        if row < area.height {
            frame.render_widget(line, Rect { y: area.y + row, height: 1, ..area });
        }
    }
}

fn head(picture: &Picture, width: usize) -> Vec<Line<'static>> {
    let bold = Style::new().add_modifier(Modifier::BOLD);
    let held = if picture.motion == Motion::Held { "  HELD" } else { "" };
    let title = format!("soak  {}{held}", picture.target);
    let time = time(picture);
    let room = width.saturating_sub(time.chars().count() + 1);
    let title: String = title.chars().take(room).collect();
    let gap = width.saturating_sub(title.chars().count() + time.chars().count());
    let first = Line::from(vec![Span::styled(title, bold), Span::raw(" ".repeat(gap)), Span::raw(time)]);
    let second = match &picture.outlook {
        None => Line::raw("so far: too early to say"),
        Some(outlook) => Line::from(vec![
            Span::raw("so far: "),
            Span::styled(
                table::overall(outlook).word(),
                table::ink(table::overall(outlook), picture.palette).add_modifier(Modifier::BOLD),
            ),
            Span::raw(format!("  {}", printable(&outlook.reason.replace(": so far ", ": ")))),
        ]),
    };
    vec![first, second]
}

fn time(picture: &Picture) -> String {
    let now = picture.glance.now.since_start();
    let passed = span(now.as_secs_f64().floor());
    let phase = match picture.warm_up.map(|warm_up| warm_up.saturating_sub(now)) {
        Some(left) if !left.is_zero() => format!("warm-up, {} of it left; ", span(left.as_secs_f64().ceil())),
        _ => String::new(),
    };
    match picture.duration.map(|duration| duration.saturating_sub(now)) {
        Some(left) => format!("{phase}{passed}, {} left", span(left.as_secs_f64().ceil())),
        None => format!("{phase}{passed}"),
    }
}

fn middle(picture: &Picture, width: usize, left: usize) -> Vec<Line<'static>> {
    let rows = table::rows(picture);
    if rows.is_empty() {
        return vec![Line::raw(""), Line::raw("waiting for the first sample")].into_iter().take(left).collect();
    }
    let columns = Columns::new(width);
    let mut lines = Vec::new();
    if left >= LOW - 6 {
        lines.push(Line::raw(""));
    }
    if left >= 4 {
        lines.push(columns.heading());
    }
    let room = left.saturating_sub(lines.len());
    // Happenings get what the metrics leave, and a few lines in any case where the screen is not low.
    let wanted = (picture.happenings.len() + 1).min(if room >= LOW - 2 { 5 } else { 0 });
    let height = (room.saturating_sub(wanted) / rows.len()).clamp(1, TALLEST_ROW);
    let shown = (room.saturating_sub(wanted) / height).clamp(1, rows.len());
    let first = picture.scrolled.min(rows.len() - shown);
    lines.extend(rows[first..first + shown].iter().flat_map(|row| columns.lines(row, height, picture)));
    if shown < rows.len() {
        let (from, to) = (first + 1, first + shown);
        // In the place of the blank line or the heading's last column there is none to spare: say it in the heading.
        if let Some(heading) = lines.iter_mut().rev().find(|line| line.to_string().starts_with("metric")) {
            *heading = Line::styled(format!("metric {from}-{to} of {}", rows.len()), heading.style);
        }
    }
    let rest = left.saturating_sub(lines.len());
    lines.extend(happenings(picture, rest));
    let rest = left.saturating_sub(lines.len());
    lines.extend(output(picture, rest));
    lines
}

/// The latest happenings, as many as there is room for, after a blank line.
fn happenings(picture: &Picture, room: usize) -> Vec<Line<'static>> {
    let count = picture.happenings.len().min(room.saturating_sub(1));
    if count == 0 {
        return Vec::new();
    }
    let latest = picture.happenings.iter().skip(picture.happenings.len() - count);
    let line = |at: f64, text: &str| Line::raw(format!("{:>10}  {}", span(at), printable(text)));
    let lines = latest.map(|happening| line(happening.at.as_secs_f64().floor(), &happening.text));
    std::iter::once(Line::raw("")).chain(lines).collect()
}

/// The last lines that others wrote, after a blank line.
fn output(picture: &Picture, room: usize) -> Vec<Line<'static>> {
    let count = picture.output.len().min(room.saturating_sub(1));
    let lines = picture.output[picture.output.len() - count..].iter();
    let lines = lines.map(|line| Line::raw(format!("         |  {}", printable(line))));
    let blank = (count > 0).then(|| Line::raw(""));
    blank.into_iter().chain(lines).collect()
}

/// The lowest lines, the keys last.
fn foot(picture: &Picture, width: usize, height: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    if height >= LOW {
        lines.push(Line::raw(""));
    }
    if height >= LOW {
        lines.extend(phase(picture));
    }
    lines.extend(traffic(picture, width));
    if height >= LOW {
        lines.push(own_cost(picture, width));
    }
    let keys = match (picture.ending, &picture.disturbance, width) {
        (Ending::Asked, ..) => "ending the run; its verdict follows (once more quits at once)",
        (Ending::Open, Some(_), 60..) => "d end the disturbance   q end and judge   m mark   p hold   ? help",
        (Ending::Open, Some(_), _) => "d end disturbance  q end  ? help",
        (Ending::Open, None, 64..) => "q end and judge  m mark  d disturbance  p hold  ? help  up/down",
        (Ending::Open, None, _) => "q end  m mark  p hold  ? help",
    };
    lines.push(Line::styled(format!("{keys:<width$}"), Style::new().add_modifier(Modifier::REVERSED)));
    lines
}

fn phase(picture: &Picture) -> Option<Line<'static>> {
    let phase = picture.glance.phase.as_ref()?;
    let so_far = picture.glance.now.as_secs_f64() - phase.from.as_secs_f64();
    // The length stands first, so that a long name cannot push it off the screen.
    Some(Line::raw(format!("phase     for {}: {}", span(so_far.max(0.0).floor()), printable(&phase.name))))
}

fn traffic(picture: &Picture, width: usize) -> Option<Line<'static>> {
    let tick = picture.glance.traffic.as_ref()?;
    let mut parts = Vec::new();
    if let Some(rate) = picture.glance.turns_per_s {
        parts.push(format!("{rate:.1} turns/s"));
    }
    if let Some(latency) = tick.latency {
        parts.push(format!("p95 {:.1} ms", latency.p95.as_secs_f64() * 1000.0));
    }
    let errors = format!("{} errors", grouped(tick.errors as f64));
    let mut after =
        vec![format!("{} waiting", grouped(tick.waiting as f64)), format!("{} turns", grouped(tick.turns as f64))];
    after.push(format!("{} users", grouped(f64::from(tick.users))));
    if tick.limited > 0 {
        after.push(format!("{} limited", grouped(tick.limited as f64)));
    }
    let start = if width >= 60 { "traffic   " } else { "" };
    let alarm = if tick.errors > 0 && picture.palette == Palette::Colour {
        Style::new().fg(Color::Red).add_modifier(Modifier::BOLD)
    } else {
        Style::new()
    };
    let before = parts.iter().fold(start.to_owned(), |text, part| text + part + "   ");
    Some(Line::from(vec![
        Span::raw(before),
        Span::styled(errors, alarm),
        Span::raw(format!("   {}", after.join("   "))),
    ]))
}

fn own_cost(picture: &Picture, width: usize) -> Line<'static> {
    let glance = &picture.glance;
    let held = glance.own_rss.map_or_else(String::new, |rss| format!(", {rss}"));
    let cost = format!("soak      {:.2} % of one core{held}", 100.0 * glance.own_cpu);
    // Where the record does not fit whole it is no path to copy.
    let record = format!("   record {}", printable(&picture.folder));
    let fits = cost.chars().count() + record.chars().count() <= width;
    Line::raw(if fits { cost + &record } else { cost })
}

/// What came from a target may hold escape sequences; a terminal must not obey them.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
