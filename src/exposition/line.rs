//! One line of the page: a name, labels and a value.

/// A sample line, borrowed from the page.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Line<'a> {
    /// The series' name.
    pub(super) name: &'a str,
    /// Its labels as they stand, name and value; escapes in values are undone.
    pub(super) labels: Vec<(&'a str, String)>,
    /// Its value; may be infinite or NaN.
    pub(super) value: f64,
}

/// Reads a line; `None` for comments, blank lines, and what is no sample.
pub(super) fn read(text: &str) -> Option<Line<'_>> {
    let text = text.trim();
    if text.is_empty() || text.starts_with('#') {
        return None;
    }
    let end = text.find(|c: char| c == '{' || c.is_whitespace())?;
    let (name, rest) = text.split_at(end);
    if name.is_empty() {
        return None;
    }
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(inside) => labels(inside)?,
        None => (Vec::new(), rest),
    };
    let value = number(rest.split_whitespace().next()?)?;
    Some(Line { name, labels, value })
}

/// Labels up to the closing brace, and what comes after it.
pub(super) fn labels(mut text: &str) -> Option<(Vec<(&str, String)>, &str)> {
    let mut labels = Vec::new();
    loop {
        text = text.trim_start_matches(|c: char| c == ',' || c.is_whitespace());
        if let Some(rest) = text.strip_prefix('}') {
            return Some((labels, rest));
        }
        let (name, rest) = text.split_once('=')?;
        let (value, rest) = quoted(rest.trim_start())?;
        labels.push((name.trim(), value));
        text = rest;
    }
}

/// A value in quotes, with `\\`, `\"` and `\n` undone, and what comes after it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let inside = text.strip_prefix('"')?;
    let mut value = String::new();
    let mut chars = inside.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((value, &inside[at + 1..])),
            '\\' => value.push(match chars.next()?.1 {
                'n' => '\n',
                other => other,
            }),
            other => value.push(other),
        }
    }
    None
}

/// Go's spelling of numbers, as the format asks for.
fn number(text: &str) -> Option<f64> {
    match text {
        "+Inf" | "Inf" => Some(f64::INFINITY),
        "-Inf" => Some(f64::NEG_INFINITY),
        "NaN" | "Nan" => Some(f64::NAN),
        _ => text.parse().ok(),
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "the numbers are exact")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_line_has_a_name_labels_and_a_value() {
        let line = read(r#"http_requests_total{method="post",path="a\"b\\c,d}"} 1027 1395066363000"#).unwrap();
        assert_eq!((line.name, line.value), ("http_requests_total", 1027.0));
        assert_eq!(line.labels, [("method", "post".to_owned()), ("path", r#"a"b\c,d}"#.to_owned())]);
        assert_eq!(read("go_goroutines 1.5e1").unwrap().value, 15.0);
        assert_eq!(read("x{ } +Inf").unwrap().value, f64::INFINITY);
        assert!(read("x NaN").unwrap().value.is_nan());
        assert_eq!(read(r#"x{a="1",} 2 # {trace_id="q"} 0.3"#).unwrap().value, 2.0);
    }

    #[test]
    fn what_is_no_sample_is_none() {
        for text in ["", "# HELP x y", "# TYPE x gauge", "x", "x{a=1} 2", "x{a=\"1\" 2", "x y", "{a=\"1\"} 2"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in "\\PC*") {
            let _ = read(&text);
        }
    }
}
