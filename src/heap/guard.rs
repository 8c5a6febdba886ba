//! Stands between a file and the JSON parser and stops what would make the parser hold more than it should: a string or a
//! number without end, and brackets without end, also where the parser only skips.

use std::io::{self, Read};

/// The longest string: a frame with the name of a deeply generic function has a few thousand bytes.
const STRING: usize = 1 << 20;
/// The longest number or word.
const WORD: usize = 1 << 10;
/// The deepest nesting; DHAT has three levels.
const DEPTH: usize = 64;

/// A reader that refuses what no heap profile holds.
#[derive(Debug)]
pub(super) struct Guard<R> {
    inner: R,
    place: Place,
    length: usize,
    depth: usize,
    /// What stands next, and is refused.
    refused: Option<&'static str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Outside,
    Inside,
    Escaped,
}

impl<R> Guard<R> {
    pub(super) fn new(inner: R) -> Self {
        Self { inner, place: Place::Outside, length: 0, depth: 0, refused: None }
    }

    /// How many of these bytes may pass.
    fn check(&mut self, bytes: &[u8]) -> usize {
        for (at, &byte) in bytes.iter().enumerate() {
            self.length += 1;
            match (self.place, byte) {
                (Place::Escaped, _) => self.place = Place::Inside,
                (Place::Inside, b'\\') => self.place = Place::Escaped,
                (Place::Inside, b'"') => (self.place, self.length) = (Place::Outside, 0),
                (Place::Outside, b'"') => (self.place, self.length) = (Place::Inside, 0),
                (Place::Outside, b'[' | b'{') => (self.depth, self.length) = (self.depth + 1, 0),
                (Place::Outside, b']' | b'}') => (self.depth, self.length) = (self.depth.saturating_sub(1), 0),
                (Place::Outside, b',' | b':' | b' ' | b'\n' | b'\r' | b'\t') => self.length = 0,
                (Place::Outside | Place::Inside, _) => {}
            }
            let longest = if self.place == Place::Outside { WORD } else { STRING };
            if self.length > longest {
                self.refused = Some("a string or a number in it is longer than any heap profile has");
                return at;
            }
            if self.depth > DEPTH {
                self.refused = Some("its brackets are nested deeper than any heap profile has");
                return at;
            }
        }
        bytes.len()
    }
}

impl<R: Read> Read for Guard<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = if self.refused.is_none() { self.inner.read(buffer)? } else { 0 };
        let passed = self.check(buffer.get(..count).unwrap_or_default());
        match self.refused {
            // What stands before it is read first, so that the parser's place is the place.
            Some(what) if passed == 0 => Err(io::Error::new(io::ErrorKind::InvalidData, what)),
            _ => Ok(passed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> io::Result<String> {
        let mut out = String::new();
        Guard::new(text.as_bytes()).read_to_string(&mut out).map(|_| out)
    }

    #[test]
    fn ordinary_json_passes_unchanged() {
        let text = r#"{"a":[1,2,{"b":"x\"]]]["}],"c":"\\"}"#;
        assert_eq!(read(text).unwrap(), text);
    }

    #[test]
    fn what_has_no_end_is_refused() {
        let long = format!("{{\"a\":\"{}\"}}", "x".repeat(STRING + 1));
        assert!(read(&long).unwrap_err().to_string().contains("longer"));
        assert!(read(&"9".repeat(WORD + 1)).unwrap_err().to_string().contains("longer"));
        assert!(read(&"[".repeat(DEPTH + 1)).unwrap_err().to_string().contains("deeper"));
        assert!(read(&"[]".repeat(DEPTH + 1)).is_ok());
    }

    #[test]
    fn what_stands_before_it_is_read_and_then_it_is_refused_for_good() {
        let text = format!("{{\"a\":{}", "[".repeat(DEPTH));
        let (mut guard, mut room) = (Guard::new(text.as_bytes()), [0; 256]);
        assert_eq!(guard.read(&mut room).unwrap(), text.len() - 1);
        assert!(guard.read(&mut room).is_err() && guard.read(&mut room).is_err());
    }
}
