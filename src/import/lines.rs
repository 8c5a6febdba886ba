//! Bytes to lines, in bounded memory: one line at a time, without byte-order mark and line end.

use std::borrow::Cow;
use std::io::BufRead;

use super::error::Fault;

/// A line longer than this holds no sample: soak's own widest is under 1 KiB, and a 1 GB file without a line end must not
/// be read into memory to find that out.
const LONGEST: usize = 1 << 20;

/// One line.
pub(super) struct Line<'a> {
    /// Counted from 1.
    pub(super) number: u64,
    /// Without the line end; what is not UTF-8 is replaced.
    pub(super) text: Cow<'a, str>,
    /// Whether a line end followed: the last line of a recorder that was killed has none.
    pub(super) whole: bool,
}

/// The lines of a stream, with one line of looking ahead.
pub(super) struct Lines<R> {
    reader: R,
    buffer: Vec<u8>,
    number: u64,
    whole: bool,
    held: bool,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { reader, buffer: Vec::new(), number: 0, whole: true, held: false }
    }

    /// The next line that is not blank.
    pub(super) fn next(&mut self) -> Result<Option<Line<'_>>, Fault> {
        if std::mem::take(&mut self.held) {
            return Ok(Some(self.current()));
        }
        loop {
            if !self.fill()? {
                return Ok(None);
            }
            if !self.buffer.iter().all(u8::is_ascii_whitespace) {
                return Ok(Some(self.current()));
            }
        }
    }

    /// Makes the last line the next one again.
    pub(super) fn hold(&mut self) {
        self.held = true;
    }

    fn current(&self) -> Line<'_> {
        Line { number: self.number, text: String::from_utf8_lossy(&self.buffer), whole: self.whole }
    }

    /// Reads one line into the buffer; false at the end of the stream.
    fn fill(&mut self) -> Result<bool, Fault> {
        self.buffer.clear();
        self.number += 1;
        self.whole = false;
        let mut any = false;
        while !self.whole {
            let chunk = match self.reader.fill_buf() {
                Ok(chunk) => chunk,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(source) => return Err(Fault::Read { line: self.number, source }),
            };
            if chunk.is_empty() {
                break;
            }
            any = true;
            let end = chunk.iter().position(|&byte| byte == b'\n');
            let taken = end.unwrap_or(chunk.len());
            self.buffer.extend_from_slice(&chunk[..taken]);
            self.whole = end.is_some();
            self.reader.consume(taken + usize::from(self.whole));
            if self.number == 1 {
                refuse_other_encodings(&self.buffer)?;
            }
            if self.buffer.len() > LONGEST {
                return Err(Fault::LongLine { line: self.number, limit: LONGEST });
            }
        }
        if self.number == 1 && self.buffer.starts_with(b"\xef\xbb\xbf") {
            self.buffer.drain(..3);
        }
        while self.buffer.last() == Some(&b'\r') {
            self.buffer.pop();
        }
        Ok(any)
    }
}

fn refuse_other_encodings(start: &[u8]) -> Result<(), Fault> {
    let known: [(&[u8], &str, &str); 5] = [
        (b"\xff\xfe", "UTF-16", "save it as UTF-8"),
        (b"\xfe\xff", "UTF-16", "save it as UTF-8"),
        (b"\x1f\x8b", "compressed with gzip", "gunzip it"),
        (b"\x28\xb5\x2f\xfd", "compressed with zstd", "unzstd it"),
        (b"PK\x03\x04", "a zip archive or a spreadsheet", "unzip it or export it as CSV"),
    ];
    match known.iter().find(|(magic, ..)| start.starts_with(magic)) {
        Some(&(_, what, remedy)) => Err(Fault::Encoding { what, remedy }),
        None if start.contains(&0) => {
            Err(Fault::Encoding { what: "not a text file", remedy: "export its series as CSV" })
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(bytes: &[u8]) -> Vec<(u64, String, bool)> {
        let mut lines = Lines::new(bytes);
        let mut found = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            found.push((line.number, line.text.into_owned(), line.whole));
        }
        found
    }

    #[test]
    fn a_byte_order_mark_crlf_and_blank_lines_fall_away_and_numbers_stay() {
        let found = texts(b"\xef\xbb\xbft,value\r\n\r\n  \n0,1\r\n1,2");
        assert_eq!(found, [(1, "t,value".to_owned(), true), (4, "0,1".to_owned(), true), (5, "1,2".to_owned(), false)]);
    }

    #[test]
    fn a_line_without_end_is_refused_before_it_fills_memory() {
        let endless = std::io::BufReader::new(std::io::Read::take(std::io::repeat(b'7'), 1 << 30));
        let error = Lines::new(endless).next().err().unwrap();
        assert!(matches!(error, Fault::LongLine { line: 1, .. }), "{error}");
    }

    #[test]
    fn other_encodings_are_named() {
        let error = Lines::new(&b"\xff\xfet\0,\0"[..]).next().err().unwrap();
        assert_eq!(error.to_string(), "it is UTF-16; save it as UTF-8 first");
    }
}
