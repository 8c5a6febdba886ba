//! Foreign text on its way into a report: names from the target, answers of a server, columns of a CSV. Each form has its
//! own escapes; all of them first lose what no reader should obey: control characters and marks that turn the direction
//! of reading.

use std::fmt::Write as _;

/// The text with a replacement character for each control character, each mark of direction and each non-character.
pub(super) fn plain(text: &str) -> String {
    let is_hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
            || matches!(c, '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}')
    };
    text.chars().map(|c| if is_hidden(c) { '\u{fffd}' } else { c }).collect()
}

/// Text for an element or a quoted attribute of HTML and XML.
pub(super) fn markup(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in plain(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(c),
        }
    }
    out
}

/// Text for a sentence or a table's cell of Markdown. Names that a forge would turn into a link to a person or an issue
/// (`@all`, `#1`) are parted by a blank of no width.
pub(super) fn markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in plain(text).chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '$' => {
                out.push('\\');
                out.push(c);
            }
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '@' | '#' => {
                out.push(c);
                out.push('\u{200b}');
            }
            _ => out.push(c),
        }
    }
    out
}

/// A JSON text that may stand within a `script` element: nothing in it can end the element or open a comment.
pub(super) fn json_in_script(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                // Writing into a String cannot fail.
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            _ => out.push(c),
        }
    }
    out
}

/// One cell of a CSV: quoted where it must be, on one line, and never read as a formula by a spreadsheet.
pub(super) fn csv_cell(text: &str) -> String {
    let text = plain(text);
    let text = if text.starts_with(['=', '+', '-', '@']) { format!("'{text}") } else { text };
    if text.contains([',', '"', ';']) || text.starts_with(' ') || text.ends_with(' ') {
        return format!("\"{}\"", text.replace('"', "\"\""));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_shown_and_not_obeyed() {
        assert_eq!(
            markup("<img src=x onerror='a()'>&\"\u{1b}[31m"),
            "&lt;img src=x onerror=&#39;a()&#39;&gt;&amp;&quot;\u{fffd}[31m"
        );
        assert_eq!(markup("日本 \u{202e}gnp.exe"), "日本 \u{fffd}gnp.exe");
    }

    #[test]
    fn a_name_breaks_no_table_and_calls_nobody() {
        assert_eq!(markdown("a|b`c`\n@all #1 <b>"), "a\\|b\\`c\\`\u{fffd}@\u{200b}all #\u{200b}1 &lt;b&gt;");
    }

    #[test]
    fn no_data_ends_the_script_that_holds_it() {
        let json = json_in_script("{\"a\":\"</script><!--\"}");
        assert!(
            !json.contains('<') && serde_json::from_str::<serde_json::Value>(&json).unwrap()["a"] == "</script><!--"
        );
    }

    #[test]
    fn a_cell_is_no_formula() {
        assert_eq!(csv_cell("=cmd()"), "'=cmd()");
        assert_eq!(csv_cell("heap, \"old\""), "\"heap, \"\"old\"\"\"");
        assert_eq!(csv_cell("a\nb"), "a\u{fffd}b");
    }
}
