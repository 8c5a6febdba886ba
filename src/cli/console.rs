//! Standard output for results, standard error for everything else: the only writers to either.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use crate::domain::rate::{Per, grouped, quantity, rate, span};
use crate::domain::{Elapsed, Metric, Unit};
use crate::report::Style;
use crate::runner::{Latest, Remote};

use super::args::{ProgressArgs, ShowArgs};
use super::failure::Failure;
use super::live::Outlook;

/// Prints a result.
///
/// # Errors
/// Where standard output cannot be written; a reader that has gone away is no failure, and neither is a terminal whose
/// session was closed.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe || is_gone(&error) => Ok(()),
        Err(error) => Err(Failure::new(format!("cannot write standard output: {error}"))),
        Ok(()) => Ok(()),
    }
}

/// A terminal that was hung up answers every write with EIO; a disk answers so too, but is no terminal.
fn is_gone(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error())
        && !rustix::fs::fstat(io::stdout()).is_ok_and(is_file)
}

fn is_file(stat: rustix::fs::Stat) -> bool {
    rustix::fs::FileType::from_raw_mode(stat.st_mode) == rustix::fs::FileType::RegularFile
}

/// Says something beside the results. Where nobody reads it, it is lost, and nothing fails for that.
pub(super) fn say(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// The style for standard output: colour on a terminal, unless `NO_COLOR` is set.
pub(super) fn style() -> Style {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    if !refused && io::stdout().is_terminal() { Style::Colour } else { Style::Plain }
}

/// How the progress of a run is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// On the full screen, where there is a terminal for it, else as lines.
    Screen,
    /// As lines.
    Lines,
    /// Not at all.
    Silent,
}

impl Progress {
    /// What was asked for.
    pub(super) fn of(show: &ShowArgs, progress: &ProgressArgs) -> Self {
        match (show.quiet, progress.plain) {
            (true, _) => Self::Silent,
            (false, true) => Self::Lines,
            (false, false) => Self::Screen,
        }
    }
}

/// The progress of a run on standard error: one line that is redrawn on a terminal, a line every so often elsewhere.
pub(super) struct ProgressLine {
    place: Place,
    duration: Option<Duration>,
    due: Duration,
    drawn: bool,
    outlook: Outlook,
    remote: Option<Remote>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Terminal,
    Log,
    Nowhere,
}

/// In a log the lines come after these seconds, and then every ten minutes: often while somebody may be looking on.
const LOG_STEPS: [u64; 6] = [10, 30, 60, 120, 300, 600];

impl ProgressLine {
    /// For a run of this duration; silent where `--quiet` asks for it.
    pub(super) fn new(duration: Option<Duration>, outlook: Outlook, progress: Progress) -> Self {
        let place = match (progress, io::stderr().is_terminal()) {
            (Progress::Silent, _) => Place::Nowhere,
            (_, true) => Place::Terminal,
            (_, false) => Place::Log,
        };
        let due = if place == Place::Log { next_log_line(Duration::ZERO) } else { Duration::ZERO };
        Self { place, duration, due, drawn: false, outlook, remote: None }
    }

    /// Looks at this run for the verdict so far.
    pub(super) fn attend(&mut self, remote: Remote) {
        self.remote = Some(remote);
    }

    /// Shows where the run is; in a log, which is read on the morning after, with the verdict so far.
    pub(super) fn show(&mut self, latest: &Latest) {
        let now = latest.at.since_start();
        if self.place == Place::Nowhere || now < self.due {
            return;
        }
        self.due = match self.place {
            Place::Terminal => now + Duration::from_millis(250),
            _ => next_log_line(now),
        };
        let Self { outlook, remote, .. } = self;
        let judged = remote.as_ref().filter(|_| self.place == Place::Log).and_then(|remote| outlook.word(remote));
        let line = progress(latest, self.duration, judged);
        let mut err = io::stderr().lock();
        if self.place == Place::Terminal {
            // Back to the first column, and clear what a longer line before left behind.
            let _ = write!(err, "\r{}\u{1b}[K", clipped(&line));
            let _ = err.flush();
            self.drawn = true;
        } else {
            let _ = writeln!(err, "{line}");
        }
    }

    /// Says something without tearing the line.
    pub(super) fn interrupt(&mut self, text: &str) {
        if self.place == Place::Nowhere {
            return;
        }
        self.clear();
        say(text);
    }

    /// Takes the line off a terminal.
    pub(super) fn clear(&mut self) {
        if std::mem::take(&mut self.drawn) {
            let _ = write!(io::stderr().lock(), "\r\u{1b}[K");
        }
    }
}

fn next_log_line(now: Duration) -> Duration {
    let now = now.as_secs();
    let step = LOG_STEPS.iter().copied().find(|&step| step > now).unwrap_or_else(|| (now / 600 + 1) * 600);
    Duration::from_secs(step)
}

fn clipped(line: &str) -> String {
    let width = rustix::termios::tcgetwinsize(io::stderr()).map_or(80, |size| usize::from(size.ws_col).max(20));
    line.chars().take(width - 1).collect()
}

fn progress(latest: &Latest, duration: Option<Duration>, judged: Option<&str>) -> String {
    let mut parts = vec![position(latest.at, duration)];
    parts.extend(latest.phase.as_ref().map(|phase| phase.name.replace(char::is_control, "\u{fffd}")));
    for (metric, name) in [(Metric::Rss, "rss"), (Metric::Fds, "fds"), (Metric::Threads, "threads")] {
        if let Some(value) = latest.readings.get(metric) {
            parts.push(format!("{name} {}", quantity(value as f64, metric.unit())));
        }
    }
    if let Some(growth) = latest.growth {
        parts.push(format!("so far {}", rate(growth, Unit::Bytes, Per::Hour)));
    }
    parts.extend(judged.map(|word| format!("{word} so far")));
    if let Some(tick) = &latest.traffic {
        parts.push(format!("{} turns", grouped(tick.turns as f64)));
        parts.push(format!("{} users", grouped(f64::from(tick.users))));
        if tick.limited > 0 {
            parts.push(format!("{} limited", grouped(tick.limited as f64)));
        }
        if tick.errors > 0 {
            parts.push(format!("{} errors", grouped(tick.errors as f64)));
        }
    }
    parts.join("  ")
}

fn position(at: Elapsed, duration: Option<Duration>) -> String {
    let elapsed = span(at.as_secs_f64().round());
    match duration.map(|duration| duration.saturating_sub(at.since_start())) {
        Some(left) => format!("{elapsed}, {} left", span(left.as_secs_f64().round().max(1.0))),
        None => elapsed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::TrafficTick;

    #[test]
    fn a_log_gets_a_line_ever_less_often_and_at_last_every_ten_minutes() {
        let mut now = Duration::ZERO;
        let mut lines = Vec::new();
        while now < Duration::from_mins(40) {
            now = next_log_line(now);
            lines.push(now.as_secs());
        }
        assert_eq!(lines, [10, 30, 60, 120, 300, 600, 1200, 1800, 2400]);
    }

    #[test]
    fn progress_names_what_is_left_and_what_was_read() {
        let mut latest = Latest { at: Elapsed::from_secs_f64(61.0), ..Latest::default() };
        latest.readings.set_count(Metric::Fds, 12);
        assert_eq!(progress(&latest, Some(Duration::from_mins(2)), None), "1 min 1 s, 59 s left  fds 12");
        assert_eq!(progress(&latest, None, Some("steady")), "1 min 1 s  fds 12  steady so far");
        let [from, to] = [0.0, 61.0].map(Elapsed::from_secs_f64);
        latest.phase = Some(crate::domain::Phase {
            name: "ramp\u{1b}up".into(),
            from,
            to,
            trend: crate::domain::run::Trend::Counts,
        });
        latest.traffic = Some(TrafficTick { turns: 1200, users: 50, limited: 3, ..TrafficTick::default() });
        assert_eq!(
            progress(&latest, None, None),
            "1 min 1 s  ramp\u{fffd}up  fds 12  1,200 turns  50 users  3 limited"
        );
    }
}
