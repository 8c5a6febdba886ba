//! What a field of the time column says: seconds since the start, an epoch, a date or a time of day.

use chrono::{DateTime, NaiveDate, NaiveDateTime};

/// Numbers from here on are seconds since 1970 and not since the start of a run: it is 1973, and a run of three years.
const EPOCH_FROM_S: f64 = 1e8;

const DAY_S: f64 = 86_400.0;

/// The form of a time column, which its first field settles.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Form {
    /// A number of this many seconds per unit.
    Number { scale: f64 },
    /// A date and time.
    Date,
    /// A time of day, which wraps at midnight.
    TimeOfDay,
}

/// Turns the fields of a time column into seconds since the start.
#[derive(Debug)]
pub(super) struct TimeAxis {
    /// Seconds per unit where the column's name tells (`t_ms`).
    named_scale: Option<f64>,
    form: Option<Form>,
    origin: f64,
    midnights: f64,
    last: f64,
}

impl TimeAxis {
    /// The axis of a column whose name says this many seconds per unit, or nothing.
    pub(super) fn new(named_scale: Option<f64>) -> Self {
        Self { named_scale, form: None, origin: 0.0, midnights: 0.0, last: f64::NEG_INFINITY }
    }

    /// Seconds since the start of the run where the column counts so, else since the column's first time. `None` where the
    /// field is no time of the column's form.
    pub(super) fn seconds(&mut self, text: &str) -> Option<f64> {
        let text = text.trim();
        let (form, raw) = match self.form {
            Some(form) => (form, read_as(form, text)?),
            None => self.settle(text)?,
        };
        let mut seconds = raw - self.origin;
        if form == Form::TimeOfDay {
            seconds += self.midnights;
            // More than half a day back is midnight; less is disorder.
            if seconds < self.last - DAY_S / 2.0 {
                self.midnights += DAY_S;
                seconds += DAY_S;
            }
            self.last = seconds;
        }
        seconds.is_finite().then_some(seconds)
    }

    fn settle(&mut self, text: &str) -> Option<(Form, f64)> {
        let form = match text.parse::<f64>() {
            Ok(first) if first.is_finite() => {
                Form::Number { scale: self.named_scale.unwrap_or_else(|| scale_of(first)) }
            }
            Ok(_) => return None,
            Err(_) if date(text).is_some() => Form::Date,
            Err(_) => Form::TimeOfDay,
        };
        let raw = read_as(form, text)?;
        let counts_from_start = matches!(form, Form::Number { .. }) && raw.abs() < EPOCH_FROM_S;
        self.form = Some(form);
        self.origin = if counts_from_start { 0.0 } else { raw };
        Some((form, raw))
    }
}

/// Seconds per unit of a number that must be a time of our days: seconds, or a finer unit since 1970.
fn scale_of(first: f64) -> f64 {
    match first.abs() {
        size if size >= 1e17 => 1e-9,
        size if size >= 1e14 => 1e-6,
        size if size >= 1e11 => 1e-3,
        _ => 1.0,
    }
}

fn read_as(form: Form, text: &str) -> Option<f64> {
    match form {
        Form::Number { scale } => text.parse::<f64>().ok().map(|value| value * scale),
        Form::Date => date(text),
        Form::TimeOfDay => time_of_day(text),
    }
}

/// Local dates and times that have one meaning only.
const FORMS: [&str; 6] = [
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y/%m/%d %H:%M:%S%.f",
    "%Y-%m-%d %H:%M:%S%.f UTC",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M",
];

/// RFC 3339, or a local date and time in the order year, month, day. Other orders are ambiguous and refused.
fn date(text: &str) -> Option<f64> {
    if let Ok(instant) = DateTime::parse_from_rfc3339(text) {
        return Some(instant.timestamp() as f64 + f64::from(instant.timestamp_subsec_nanos()) * 1e-9);
    }
    let instant = FORMS.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
    let instant = instant
        .map(|instant| instant.and_utc())
        .or_else(|| DateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f %z").ok().map(|instant| instant.to_utc()))
        .or_else(|| {
            let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
            day.and_hms_opt(0, 0, 0).map(|midnight| midnight.and_utc())
        })?;
    Some(instant.timestamp() as f64 + f64::from(instant.timestamp_subsec_nanos()) * 1e-9)
}

/// `08:38:22`, with a fraction or with AM/PM as some locales print it.
fn time_of_day(text: &str) -> Option<f64> {
    let (clock, half) = match text.split_once(' ') {
        Some((clock, half)) if half.eq_ignore_ascii_case("am") => (clock, Some(0.0)),
        Some((clock, half)) if half.eq_ignore_ascii_case("pm") => (clock, Some(12.0)),
        Some(_) => return None,
        None => (text, None),
    };
    let mut parts = clock.split(':');
    let (hours, minutes) = (parts.next()?.parse::<u8>().ok()?, parts.next()?.parse::<u8>().ok()?);
    let seconds = parts.next().map_or(Some(0.0), |part| part.parse::<f64>().ok())?;
    if parts.next().is_some() || hours > 24 || minutes > 59 || !(0.0..61.0).contains(&seconds) {
        return None;
    }
    let hours = match half {
        Some(half) => f64::from(hours % 12) + half,
        None => f64::from(hours),
    };
    Some(hours * 3600.0 + f64::from(minutes) * 60.0 + seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(texts: &[&str]) -> Vec<f64> {
        let mut axis = TimeAxis::new(None);
        texts.iter().map(|text| axis.seconds(text).unwrap()).collect()
    }

    fn assert_close(found: &[f64], expected: &[f64]) {
        assert_eq!(found.len(), expected.len());
        for (a, b) in found.iter().zip(expected) {
            assert!((a - b).abs() < 1e-3, "{found:?} {expected:?}");
        }
    }

    #[test]
    fn seconds_since_the_start_stay_and_epochs_start_at_zero() {
        assert_close(&all(&["5", "6.5"]), &[5.0, 6.5]);
        assert_close(&all(&["1795250302", "1795250303.5"]), &[0.0, 1.5]);
        assert_close(&all(&["1795250302000", "1795250303500"]), &[0.0, 1.5]);
        assert_close(&all(&["1795250302000000", "1795250303500000"]), &[0.0, 1.5]);
        assert_close(&all(&["1795250302000000000", "1795250303500000000"]), &[0.0, 1.5]);
    }

    #[test]
    fn dates_are_read_with_and_without_zone() {
        assert_close(&all(&["2026-11-21T08:00:00Z", "2026-11-21T10:00:01.5+02:00"]), &[0.0, 1.5]);
        assert_close(&all(&["2026-11-21 23:59:59", "2026-11-22 00:00:01"]), &[0.0, 2.0]);
        assert_close(&all(&["2026-11-21", "2026-11-22"]), &[0.0, 86_400.0]);
    }

    #[test]
    fn a_time_of_day_goes_on_over_midnight() {
        assert_close(
            &all(&["23:59:58", "00:00:01", "12:00:00", "23:00:00", "01:00:00"]),
            &[0.0, 3.0, 43_202.0, 82_802.0, 90_002.0],
        );
        assert_close(&all(&["11:59:59 AM", "12:00:01 PM", "01:00:00 PM"]), &[0.0, 2.0, 3601.0]);
    }

    #[test]
    fn the_name_of_the_column_gives_the_scale() {
        let mut axis = TimeAxis::new(Some(0.001));
        assert_eq!(axis.seconds("2500"), Some(2.5));
    }

    #[test]
    fn another_form_than_the_first_is_no_time() {
        let mut axis = TimeAxis::new(None);
        assert_eq!(axis.seconds("0"), Some(0.0));
        assert_eq!(axis.seconds("2026-11-21"), None);
        assert_eq!(TimeAxis::new(None).seconds("yesterday"), None);
        assert_eq!(TimeAxis::new(None).seconds("NaN"), None);
    }
}
