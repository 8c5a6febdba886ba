//! `Retry-After`: a number of seconds, or a date (RFC 9110, section 10.2.3).

use std::time::{Duration, SystemTime};

use hyper::header::HeaderValue;

/// The time from `now` on that a header asks to wait; a date that has passed asks for none.
pub(super) fn read(value: &HeaderValue, now: SystemTime) -> Option<Duration> {
    let text = value.to_str().ok()?.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // More seconds than fit are for ever, and the caller has a bound of its own.
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn wait(text: &str) -> Option<u64> {
        // Sunday, 6 November 1994, 08:49:37 GMT.
        read(&HeaderValue::from_str(text).unwrap(), at(784_111_777)).map(|wait| wait.as_secs())
    }

    #[test]
    fn seconds_and_all_three_forms_of_a_date_are_read() {
        assert_eq!(wait("120"), Some(120));
        assert_eq!(wait(" 0 "), Some(0));
        assert_eq!(wait("Sun, 06 Nov 1994 08:50:37 GMT"), Some(60));
        assert_eq!(wait("Sunday, 06-Nov-94 08:50:37 GMT"), Some(60));
        assert_eq!(wait("Sun Nov  6 08:50:37 1994"), Some(60));
    }

    #[test]
    fn a_date_that_has_passed_asks_for_no_wait_and_what_is_neither_says_nothing() {
        assert_eq!(wait("Sun, 06 Nov 1994 08:00:00 GMT"), Some(0));
        for text in ["", "soon", "-1", "1.5", "12 s", "Sun, 99 Nov 1994 08:50:37 GMT"] {
            assert_eq!(wait(text), None, "{text:?}");
        }
        assert_eq!(wait("99999999999999999999999"), Some(u64::MAX));
    }
}
