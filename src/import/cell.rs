//! What a field says: nothing, a number, a size with its unit, or text.

/// The reading of one field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Cell {
    /// Empty, or a word for "not read": NaN, inf, null, NA, `-`.
    Missing,
    /// A finite number.
    Number(f64),
    /// A finite number with a unit of size, in bytes: `12.5MiB`.
    Size(f64),
    /// Anything else.
    Text,
}

/// How numbers are written in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decimal {
    /// `1.5`
    Point,
    /// `1,5` is allowed too: the reason why spreadsheets of some countries separate fields by semicolons.
    Comma,
}

/// Units of size as /proc, psutil, docker and Kubernetes write them. "kB" and "MB" are read as KiB and MiB, as /proc and
/// psrecord mean them; the other reading changes a rate by at most 5 % and no verdict.
const SIZES: [(&str, f64); 17] = [
    ("b", 1.0),
    ("k", 1024.0),
    ("kb", 1024.0),
    ("ki", 1024.0),
    ("kib", 1024.0),
    ("m", 1_048_576.0),
    ("mb", 1_048_576.0),
    ("mi", 1_048_576.0),
    ("mib", 1_048_576.0),
    ("g", 1_073_741_824.0),
    ("gb", 1_073_741_824.0),
    ("gi", 1_073_741_824.0),
    ("gib", 1_073_741_824.0),
    ("t", 1_099_511_627_776.0),
    ("tb", 1_099_511_627_776.0),
    ("ti", 1_099_511_627_776.0),
    ("tib", 1_099_511_627_776.0),
];

impl Cell {
    /// Reads a field. Infinities count as missing: no process has them, and recorders write them for 0/0.
    pub(super) fn of(text: &str, decimal: Decimal) -> Self {
        let text = text.trim();
        if let Some(value) = number(text, decimal) {
            return if value.is_finite() { Self::Number(value) } else { Self::Missing };
        }
        if text.is_empty() || is_word_for_missing(text) {
            return Self::Missing;
        }
        sized(text, decimal).map_or(Self::Text, Self::Size)
    }
}

fn is_word_for_missing(text: &str) -> bool {
    ["null", "none", "na", "n/a", "#n/a", "-", "--", "nil", "undefined"]
        .iter()
        .any(|word| text.eq_ignore_ascii_case(word))
}

fn number(text: &str, decimal: Decimal) -> Option<f64> {
    match text.parse::<f64>() {
        Ok(value) => Some(value),
        Err(_) if decimal == Decimal::Comma && text.matches(',').count() == 1 && !text.contains('.') => {
            text.replace(',', ".").parse().ok()
        }
        Err(_) => None,
    }
}

fn sized(text: &str, decimal: Decimal) -> Option<f64> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = &text[digits.len()..];
    let (_, factor) = SIZES.iter().find(|(name, _)| unit.eq_ignore_ascii_case(name))?;
    let size = number(digits.trim_end(), decimal)? * factor;
    size.is_finite().then_some(size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_read_is_missing_and_never_zero() {
        for text in ["", "  ", "NaN", "nan", "inf", "-Infinity", "1e999", "null", "None", "N/A", "-"] {
            assert_eq!(Cell::of(text, Decimal::Point), Cell::Missing, "{text:?}");
        }
    }

    #[test]
    fn sizes_carry_their_unit() {
        assert_eq!(Cell::of("1.5MiB", Decimal::Point), Cell::Size(1_572_864.0));
        assert_eq!(Cell::of("4 kB", Decimal::Point), Cell::Size(4096.0));
        assert_eq!(Cell::of("17 apples", Decimal::Point), Cell::Text);
        assert_eq!(Cell::of("kB", Decimal::Point), Cell::Text);
    }

    #[test]
    fn a_decimal_comma_counts_only_where_it_can_be_meant() {
        assert_eq!(Cell::of("1,5", Decimal::Comma), Cell::Number(1.5));
        assert_eq!(Cell::of("1,5", Decimal::Point), Cell::Text);
        assert_eq!(Cell::of("1,234,567", Decimal::Comma), Cell::Text);
    }
}
