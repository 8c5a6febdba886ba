//! How values that are typed are read: times, rates, shares, sizes.

use std::time::Duration;

/// How warm-up is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum WarmUp {
    /// Where the data say.
    Auto,
    /// After this time.
    After(Duration),
}

pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let length = length(text)?;
    if length.is_zero() {
        return Err("nothing can be seen in no time; give a length such as 90s, 10m or 8h".to_owned());
    }
    Ok(length)
}

pub(super) fn interval(text: &str) -> Result<Duration, String> {
    let length = length(text)?;
    if length < Duration::from_millis(10) || length > Duration::from_hours(1) {
        return Err("an interval lies between 10ms and 1h".to_owned());
    }
    Ok(length)
}

pub(super) fn warm_up(text: &str) -> Result<WarmUp, String> {
    if text == "auto" { Ok(WarmUp::Auto) } else { length(text).map(WarmUp::After) }
}

pub(in crate::cli) fn length(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text)
        .map_err(|error| format!("{error}; give a number with its unit, such as 500ms, 90s, 10m, 8h or 1h30m"))
}

pub(super) fn window(text: &str) -> Result<(Duration, Duration), String> {
    let (from, to) =
        text.split_once("..").ok_or_else(|| "give two times with .. between them, such as 10m..12m".to_owned())?;
    let (from, to) = (length(from)?, length(to)?);
    if from >= to {
        return Err("the first time must lie before the second".to_owned());
    }
    Ok((from, to))
}

pub(super) fn rate(text: &str) -> Result<f64, String> {
    match text.trim_end_matches("/s").parse::<f64>() {
        Ok(rate) if rate > 0.0 && rate <= 10_000.0 => Ok(rate),
        _ => Err("give turns per second, above 0 and at most 10000, such as 20 or 0.5".to_owned()),
    }
}

pub(super) fn share(text: &str) -> Result<f64, String> {
    let (number, scale) = match text.strip_suffix('%') {
        Some(percent) => (percent.trim_end(), 0.01),
        None => (text, 1.0),
    };
    match number.parse::<f64>() {
        Ok(share) if share > 0.0 && share * scale <= 1.0 => Ok(share * scale),
        _ => Err("give a share of one core above 0 and at most 100%, such as 0.1% or 0.001".to_owned()),
    }
}

/// A tolerance of `--tolerance`.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::cli) struct Tolerance {
    /// The metric, step or number that it is for; `None` for all.
    pub(in crate::cli) name: Option<String>,
    /// A share of the baseline.
    pub(in crate::cli) share: f64,
}

pub(super) fn tolerance(text: &str) -> Result<Tolerance, String> {
    let (name, number) = match text.rsplit_once('=') {
        Some((name, number)) if !name.trim().is_empty() => (Some(name.trim().to_owned()), number.trim()),
        Some(_) => return Err("give a name before the =, such as p99=25%".to_owned()),
        None => (None, text.trim()),
    };
    let (number, scale) = match number.strip_suffix('%') {
        Some(percent) => (percent.trim_end(), 0.01),
        None => (number, 1.0),
    };
    match number.parse::<f64>() {
        // A tenfold rise that is tolerated is a slip of the decimal point and no gate.
        Ok(share) if (0.0..=10.0).contains(&(share * scale)) => Ok(Tolerance { name, share: share * scale }),
        _ => Err("give a share of the baseline between 0% and 1000%, such as 10% or 0.1".to_owned()),
    }
}

pub(super) fn size(text: &str) -> Result<(u32, u32), String> {
    let parsed = text.split_once('x').and_then(|(width, height)| Some((width.parse().ok()?, height.parse().ok()?)));
    match parsed {
        Some((width, height)) if (400..=8000).contains(&width) && (200..=8000).contains(&height) => Ok((width, height)),
        _ => Err("give width and height in pixels, 400x200 to 8000x8000, such as 1600x900".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_need_a_unit_and_some_time() {
        assert_eq!(duration("1h30m"), Ok(Duration::from_mins(90)));
        assert!(duration("60").unwrap_err().contains("90s"));
        assert!(duration("0s").unwrap_err().contains("no time"));
        assert!(interval("5ms").is_err() && interval("2h").is_err() && interval("10ms").is_ok());
        assert!(window("12m..10m").is_err() && window("10m").is_err() && window("10m..12m").is_ok());
    }

    #[test]
    fn a_tolerance_is_a_share_with_or_without_a_name() {
        let read = |text: &str| tolerance(text).map(|one| (one.name, (one.share * 1000.0).round()));
        assert_eq!(read("10%"), Ok((None, 100.0)));
        assert_eq!(read("p99=0.25"), Ok((Some("p99".to_owned()), 250.0)));
        assert_eq!(read("a=b = 5 %"), Ok((Some("a=b".to_owned()), 50.0)));
        for bad in ["", "x", "=5%", "-1%", "2000%", "nan", "p99=", "inf"] {
            assert!(tolerance(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn shares_read_as_percent_or_fraction() {
        assert_eq!(share("0.1%").map(|share| (share * 1e6).round()), Ok(1000.0));
        assert_eq!(share("0.001").map(|share| (share * 1e6).round()), Ok(1000.0));
        assert!(share("0").is_err() && share("200%").is_err() && share("x").is_err());
    }
}
