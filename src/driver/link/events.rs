//! Server-sent events as far as their instants need it: where an event with data ends (WHATWG HTML, section 9.2.6).

/// Finds the ends of events in a body that arrives in pieces, split anywhere. It keeps no line, so none is too long.
#[derive(Debug, Default)]
pub(super) struct EventCounter {
    line: Line,
    /// The event that is under way has data.
    has_data: bool,
    /// The last byte was a CR: a LF right behind it belongs to it.
    after_cr: bool,
    /// Bytes of the byte order mark that may open the stream; all three, or anything else, end the search.
    mark: usize,
}

/// How much is known of the line that is being read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Line {
    /// Nothing has come of it.
    #[default]
    Empty,
    /// So many bytes of `data:`.
    Name(usize),
    /// `data:` and perhaps the one space that is no data.
    Value(Space),
    /// Whatever comes says nothing more: another field, a comment, or data that has been noticed.
    Rest,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Space {
    MayCome,
    Came,
}

const NAME: &[u8] = b"data:";
const MARK: &[u8] = "\u{feff}".as_bytes();

impl EventCounter {
    /// How many events with data end in the next piece of the body. One whose data is empty counts as none: servers send
    /// them to keep the connection alive.
    pub(super) fn count(&mut self, piece: &[u8]) -> u64 {
        let mut ended = 0;
        for &byte in piece {
            if self.mark < MARK.len() {
                let here = MARK[self.mark];
                self.mark = if byte == here { self.mark + 1 } else { MARK.len() };
                if byte == here {
                    continue;
                }
            }
            let joins = std::mem::take(&mut self.after_cr) && byte == b'\n';
            match byte {
                b'\n' if joins => {}
                b'\n' | b'\r' => {
                    self.after_cr = byte == b'\r';
                    if self.line == Line::Empty {
                        ended += u64::from(std::mem::take(&mut self.has_data));
                    }
                    self.line = Line::Empty;
                }
                _ => self.take(byte),
            }
        }
        ended
    }

    fn take(&mut self, byte: u8) {
        let seen = match self.line {
            Line::Empty => 0,
            Line::Name(seen) => seen,
            Line::Value(Space::MayCome) if byte == b' ' => {
                self.line = Line::Value(Space::Came);
                return;
            }
            Line::Value(_) => {
                self.has_data = true;
                self.line = Line::Rest;
                return;
            }
            Line::Rest => return,
        };
        self.line = match byte {
            _ if NAME[seen] != byte => Line::Rest,
            b':' => Line::Value(Space::MayCome),
            _ => Line::Name(seen + 1),
        };
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn count(body: &str) -> u64 {
        EventCounter::default().count(body.as_bytes())
    }

    #[test]
    fn a_blank_line_ends_an_event_by_any_of_the_three_line_ends() {
        assert_eq!(count("data: a\n\ndata: b\n\n"), 2);
        assert_eq!(count("data: a\r\n\r\ndata: b\r\n\r\n"), 2);
        assert_eq!(count("data: a\r\rdata: b\r\r"), 2);
        assert_eq!(count("event: x\ndata: a\ndata: b\nid: 1\n\n"), 1);
        assert_eq!(count("data:a\n\n"), 1);
    }

    #[test]
    fn what_has_no_data_is_no_event() {
        for body in [
            ": ping\n\n",
            "\n\n\n",
            "data\n\n",
            "data:\n\n",
            "data: \n\n",
            "event: ping\n\n",
            "datum: x\n\n",
            "Data: x\n\n",
        ] {
            assert_eq!(count(body), 0, "{body:?}");
        }
        assert_eq!(count("data:  \n\n"), 1, "the second space is data");
        assert_eq!(count("data: cut off\n"), 0);
    }

    #[test]
    fn a_byte_order_mark_opens_the_stream_and_only_there() {
        assert_eq!(count("\u{feff}data: a\n\n"), 1);
        assert_eq!(count("\n\u{feff}data: a\n\n"), 0);
    }

    proptest! {
        #[test]
        fn where_a_body_is_split_makes_no_difference(
            lines in prop::collection::vec(prop::sample::select(vec!["data: x", "data:", ": c", "", "id: 7", "dat"]), 0..20),
            end in prop::sample::select(vec!["\n", "\r", "\r\n"]),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
        ) {
            let body: String = lines.iter().flat_map(|line| [*line, end]).collect();
            let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(body.len() + 1)).chain([0, body.len()]).collect();
            at.sort_unstable();
            let mut counter = EventCounter::default();
            let pieces: u64 = at.windows(2).map(|pair| counter.count(&body.as_bytes()[pair[0]..pair[1]])).sum();
            prop_assert_eq!(pieces, count(&body));
        }
    }
}
