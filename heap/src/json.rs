//! The little JSON that snapshots and answers are made of. Numbers are written by `write!`; only text needs care.

use std::fmt::{self, Display, Write as _};

/// Text as a JSON string, quotes included.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Text<'a>(pub(crate) &'a str);

impl Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        let mut rest = self.0;
        while let Some(place) = rest.find(|c: char| c == '"' || c == '\\' || c.is_control()) {
            let (plain, special) = rest.split_at(place);
            f.write_str(plain)?;
            let mut letters = special.chars();
            match letters.next() {
                Some(letter @ ('"' | '\\')) => write!(f, "\\{letter}")?,
                Some('\n') => f.write_str("\\n")?,
                // Control characters all lie below U+10000, so one escape is enough.
                Some(letter) => write!(f, "\\u{:04x}", u32::from(letter))?,
                None => {}
            }
            rest = letters.as_str();
        }
        f.write_str(rest)?;
        f.write_char('"')
    }
}

/// A value, or `null`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OrNull<T>(pub(crate) Option<T>);

impl<T: Display> Display for OrNull<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(value) => value.fmt(f),
            None => f.write_str("null"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_is_read_back_as_it_was() {
        let every: String = (0..0x300).chain([0x2028, 0xd7ff, 0xfffd, 0x1_f600]).filter_map(char::from_u32).collect();
        for text in ["", "plain", "\"", "\\", "a\"b\\c\nd\te\u{0}f\u{7f}g\u{85}", &every] {
            let read: String = serde_json::from_str(&Text(text).to_string()).unwrap();
            assert_eq!(read, text);
        }
    }

    #[test]
    fn what_is_not_there_is_null() {
        assert_eq!(OrNull(Some(Text("x"))).to_string(), "\"x\"");
        assert_eq!(OrNull(None::<u64>).to_string(), "null");
    }
}
