//! The ceiling on failed requests that ends a run before its time (`errors > 20% for 1m`), beside the ceilings on what is
//! read of the target.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use crate::domain::rate::grouped;
use crate::domain::{Elapsed, TrafficTick};

/// How long the share must have been too high where the user does not say: long enough that a restart is over.
const DEFAULT_SPAN: Duration = Duration::from_mins(1);
/// The longest span, which bounds what is kept: a tick a second for a day.
const LONGEST_SPAN: Duration = Duration::from_hours(24);

/// A share of failed requests that must not be passed over a span of time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ErrorCeiling {
    share: f64,
    span: Duration,
}

/// Why a ceiling on errors cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ErrorCeilingError {
    /// It does not have the form.
    #[error("`{0}` is no ceiling on errors: write errors > N% for TIME, such as `errors > 20% for 1m`")]
    Form(String),
    /// The share is none.
    #[error("`{0}` is no share of the requests: write 0% to 99.9%, such as 20%")]
    Share(String),
    /// The time is none.
    #[error("`{0}` is no time to watch errors over: write 1s to 24h, such as 1m")]
    Span(String),
}

impl ErrorCeiling {
    /// Whether an expression is about errors, and so one for [`ErrorCeiling::parse`] and not a level of a metric.
    pub fn is_meant_by(text: &str) -> bool {
        text.trim_start().strip_prefix("errors").is_some_and(|rest| rest.trim_start().starts_with(['>', '<', '=']))
    }

    /// Reads a ceiling such as `errors > 20% for 1m`; without `for`, a minute is meant.
    ///
    /// # Errors
    /// Says which part cannot be understood, and what may stand there.
    pub fn parse(text: &str) -> Result<Self, ErrorCeilingError> {
        let form = || ErrorCeilingError::Form(text.trim().to_owned());
        let rest = text.trim().strip_prefix("errors").ok_or_else(form)?;
        let rest = rest.trim_start().strip_prefix('>').ok_or_else(form)?;
        let (share, span) = match rest.split_once(" for ") {
            Some((share, span)) => (share.trim(), Some(span.trim())),
            None => (rest.trim(), None),
        };
        let wrong = || ErrorCeilingError::Share(share.to_owned());
        let percent: f64 = share.strip_suffix('%').ok_or_else(wrong)?.trim_end().parse().map_err(|_| wrong())?;
        if !(0.0..100.0).contains(&percent) {
            return Err(wrong());
        }
        let span = match span {
            None => DEFAULT_SPAN,
            Some(span) => humantime::parse_duration(span)
                .ok()
                .filter(|length| (Duration::from_secs(1)..=LONGEST_SPAN).contains(length))
                .ok_or_else(|| ErrorCeilingError::Span(span.to_owned()))?,
        };
        Ok(Self { share: percent / 100.0, span })
    }
}

/// A look-out for one ceiling on errors.
#[derive(Clone, Debug)]
pub struct ErrorWatch {
    ceiling: ErrorCeiling,
    /// Instant, requests and errors so far; the first is as old as the span, once the run is.
    ticks: VecDeque<(Elapsed, u64, u64)>,
}

impl ErrorWatch {
    /// A look-out that has seen nothing yet.
    pub fn new(ceiling: ErrorCeiling) -> Self {
        Self { ceiling, ticks: VecDeque::new() }
    }

    /// Takes one of the driver's ticks, and answers whether the ceiling is passed with it. A span in which no request ended
    /// says nothing.
    pub fn see(&mut self, tick: &TrafficTick) -> Option<ErrorCrossing> {
        let reaches = |at: Elapsed| tick.at.since_start().saturating_sub(at.since_start()) >= self.ceiling.span;
        while self.ticks.get(1).is_some_and(|(at, ..)| reaches(*at)) {
            self.ticks.pop_front();
        }
        let before = self.ticks.front().copied();
        self.ticks.push_back((tick.at, tick.requests, tick.errors));
        let (at, requests, errors) = before?;
        if !reaches(at) {
            return None;
        }
        let (requests, errors) = (tick.requests.saturating_sub(requests), tick.errors.saturating_sub(errors));
        let is_over = errors as f64 > self.ceiling.share * requests as f64;
        is_over.then_some(ErrorCrossing { ceiling: self.ceiling, requests, errors })
    }
}

/// A ceiling on errors that was passed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ErrorCrossing {
    ceiling: ErrorCeiling,
    /// Requests that ended within the span.
    pub requests: u64,
    /// Those of them that failed.
    pub errors: u64,
}

impl fmt::Display for ErrorCrossing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |share: f64| (share * 1000.0).round() / 10.0;
        write!(
            f,
            "{} of {} requests failed within {}: {} %, over the ceiling of {} %",
            grouped(self.errors as f64),
            grouped(self.requests as f64),
            humantime::format_duration(self.ceiling.span),
            percent(self.errors as f64 / (self.requests as f64).max(1.0)),
            percent(self.ceiling.share)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tick(second: u64, requests: u64, errors: u64) -> TrafficTick {
        TrafficTick { at: Elapsed::new(Duration::from_secs(second)), requests, errors, ..TrafficTick::default() }
    }

    #[test]
    fn each_part_that_is_wrong_is_named() {
        let wrong = |text: &str| ErrorCeiling::parse(text).unwrap_err().to_string();
        assert!(
            wrong("errors 20%").contains("errors > 20% for 1m") && wrong("rss > 1").contains("no ceiling on errors")
        );
        assert!(wrong("errors > 20").contains("`20`") && wrong("errors > 100%").contains("99.9%"));
        assert!(wrong("errors > 1% for ever").contains("`ever`") && wrong("errors > 1% for 48h").contains("24h"));
        assert_eq!(ErrorCeiling::parse("errors>20%"), ErrorCeiling::parse(" errors > 20 % for 60s "));
        assert!(ErrorCeiling::is_meant_by("errors >20%") && !ErrorCeiling::is_meant_by("fds > 90%"));
    }

    #[test]
    fn a_share_is_of_the_requests_within_the_span_and_not_before_it_is_full() {
        let mut watch = ErrorWatch::new(ErrorCeiling::parse("errors > 20% for 10s").unwrap());
        // Nine seconds of nothing but errors are not ten.
        assert!((0..10).all(|second| watch.see(&tick(second, second * 10, second * 10)).is_none()));
        let crossing = watch.see(&tick(10, 100, 100)).unwrap();
        assert_eq!(crossing.to_string(), "100 of 100 requests failed within 10s: 100 %, over the ceiling of 20 %");
        // Ten seconds later the errors are out of sight.
        let last = (11..=20).map(|second| watch.see(&tick(second, second * 10, 100))).last().unwrap();
        assert_eq!(last, None);
    }

    #[test]
    fn silence_is_no_error() {
        let mut watch = ErrorWatch::new(ErrorCeiling::parse("errors > 0% for 5s").unwrap());
        assert!((0..100).all(|second| watch.see(&tick(second, 7, 3)).is_none()));
    }
}
