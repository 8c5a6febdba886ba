//! The parts of DHAT's JSON: program points and frames, each read one by one and bounded, and what soak-heap adds.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::profile::{Collector, FRAMES, Frame, Location, NAMES, Site};
use crate::domain::site::Amount;

/// Frames of a table at most.
const TABLE: usize = 4_000_000;
/// Characters of a frame that are kept; the rest of a deeply generic name tells nothing more.
const NAME: usize = 2_000;
/// Frames of one stack at most.
const STACK: usize = 100_000;
/// Modules at most.
const MODULES: usize = 65_536;

/// A string, which serde's own `String` would take from an escape-free slice only by copying twice.
#[derive(Deserialize)]
#[serde(transparent)]
pub(super) struct Text(pub(super) String);

/// A list with a bound.
#[derive(Debug)]
pub(super) struct Bounded<T, const MOST: usize>(pub(super) Vec<T>);

impl<T, const MOST: usize> Default for Bounded<T, MOST> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>, const MOST: usize> Deserialize<'de> for Bounded<T, MOST> {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        struct Items<T, const MOST: usize>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>, const MOST: usize> Visitor<'de> for Items<T, MOST> {
            type Value = Bounded<T, MOST>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a list of at most {MOST}")
            }

            fn visit_seq<S: SeqAccess<'de>>(self, mut items: S) -> Result<Self::Value, S::Error> {
                let mut kept = Vec::new();
                while let Some(item) = items.next_element()? {
                    if kept.len() == MOST {
                        return Err(S::Error::custom(format!("a list has more than {MOST} items")));
                    }
                    kept.push(item);
                }
                Ok(Bounded(kept))
            }
        }
        json.deserialize_seq(Items(std::marker::PhantomData))
    }
}

/// One program point, with the fields that matter here.
#[derive(Deserialize)]
struct Point {
    #[serde(default)]
    tb: u64,
    #[serde(default)]
    tbk: u64,
    eb: Option<u64>,
    ebk: Option<u64>,
    ab: Option<u64>,
    abk: Option<u64>,
    n: Option<u64>,
    fs: Bounded<u64, STACK>,
}

/// All program points, collected.
#[derive(Default)]
pub(super) struct Points {
    pub(super) collector: Collector,
    pub(super) greatest_frame: Option<u64>,
    /// Whether a point said what is live at the end.
    pub(super) has_live: bool,
}

impl Points {
    fn add(&mut self, point: &Point) {
        self.greatest_frame = self.greatest_frame.max(point.fs.0.iter().copied().max());
        self.has_live |= point.eb.is_some();
        let total = Amount { bytes: point.tb, blocks: point.tbk };
        let live = Amount { bytes: point.eb.unwrap_or(point.tb), blocks: point.ebk.unwrap_or(point.tbk) };
        let allocated = Amount { bytes: point.ab.unwrap_or(point.tb), blocks: point.abk.unwrap_or(total.blocks) };
        // A number beyond the table is found out by the greatest; here it must only not panic.
        let number = |&index: &u64| u32::try_from(index).unwrap_or(u32::MAX);
        let stack = point.fs.0.iter().take(FRAMES).map(number).collect();
        self.collector.add(Site { stack, live, allocated, seen: point.n.unwrap_or(live.blocks) as f64 });
    }
}

impl<'de> Deserialize<'de> for Points {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        struct Each;
        impl<'de> Visitor<'de> for Each {
            type Value = Points;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of program points")
            }

            fn visit_seq<S: SeqAccess<'de>>(self, mut items: S) -> Result<Points, S::Error> {
                let mut points = Points::default();
                while let Some(point) = items.next_element()? {
                    points.add(&point);
                }
                Ok(points)
            }
        }
        json.deserialize_seq(Each)
    }
}

/// The table of frames.
pub(super) struct Frames(pub(super) Vec<Location>);

impl<'de> Deserialize<'de> for Frames {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        struct Each;
        impl<'de> Visitor<'de> for Each {
            type Value = Frames;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of frames")
            }

            fn visit_seq<S: SeqAccess<'de>>(self, mut items: S) -> Result<Frames, S::Error> {
                let (mut frames, mut weight) = (Vec::new(), 0);
                while let Some(Text(text)) = items.next_element()? {
                    let next = location(&text);
                    weight += next.weight();
                    if frames.len() == TABLE || weight > NAMES {
                        return Err(S::Error::custom("\"ftbl\" holds more frames than any program has"));
                    }
                    frames.push(next);
                }
                Ok(Frames(frames))
            }
        }
        json.deserialize_seq(Each)
    }
}

/// What soak-heap adds under a key of its own.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
pub(super) struct SoakHeap {
    pub(super) version: u64,
    pub(super) period_bytes: u64,
    pub(super) longest_period_bytes: u64,
    pub(super) unwinding: String,
    pub(super) dropped: u64,
    pub(super) overhead_bytes: u64,
    pub(super) arena: Option<Arena>,
    pub(super) modules: Bounded<Mapped, MODULES>,
    pub(super) addresses: Bounded<u64, TABLE>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Arena {
    pub(super) arenas: u64,
    pub(super) mapped: u64,
    pub(super) in_use: u64,
    pub(super) free: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Mapped {
    pub(super) path: String,
    pub(super) build_id: Option<String>,
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) bias: u64,
}

/// Takes a frame apart: `0x109191: buffer (leak.c:12)`, `0x1: malloc (in /usr/lib/x.so)`, `0x2: ??? (server+0x1234)`,
/// `0x3: alloc::vec::Vec<T>::push (alloc/src/vec.rs:12:3)`, `[root]`.
pub(super) fn location(text: &str) -> Location {
    let text: &str = text.char_indices().nth(NAME).map_or(text, |(end, _)| text.get(..end).unwrap_or(text));
    let (address, rest) = match text.split_once(": ") {
        Some((hex, rest)) if hex.starts_with("0x") => (u64::from_str_radix(&hex[2..], 16).unwrap_or(0), rest),
        _ => (0, text),
    };
    if rest == "[root]" {
        return Location::default();
    }
    let (function, place) = match rest.strip_suffix(')').and_then(|rest| rest.rsplit_once(" (")) {
        Some((function, place)) => (function, place),
        None => (rest, ""),
    };
    let mut frame = Frame { function: function.trim_start_matches("???").to_owned(), ..Frame::default() };
    if let Some(object) = place.strip_prefix("in ") {
        object.clone_into(&mut frame.object);
    } else {
        (frame.file, frame.line) = file_and_line(place);
    }
    if frame.function.is_empty() {
        return Location { address, frames: Vec::new(), words: place.to_owned() };
    }
    Location { address, frames: vec![frame], words: String::new() }
}

/// `file:line` or `file:line:column`; a file's name may hold colons.
fn file_and_line(place: &str) -> (String, u32) {
    let numbered = |place: &str| {
        let (file, number) = place.rsplit_once(':')?;
        Some((file.to_owned(), number.parse::<u32>().ok()?))
    };
    match numbered(place) {
        Some((file, number)) => numbered(&file).unwrap_or((file, number)),
        None => (place.to_owned(), 0),
    }
}

/// Reads over a value without keeping it, within the parser's own bound of nesting.
pub(super) fn skip<'de, M: MapAccess<'de>>(map: &mut M) -> Result<(), M::Error> {
    map.next_value::<IgnoredAny>().map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken_apart(text: &str) -> (u64, String, String, u32, String) {
        let location = location(text);
        let frame = location.frames.into_iter().next().unwrap_or_default();
        (location.address, frame.function, frame.file, frame.line, frame.object)
    }

    fn is(text: &str, address: u64, function: &str, file: &str, line: u32, object: &str) {
        assert_eq!(taken_apart(text), (address, function.into(), file.into(), line, object.into()), "{text}");
    }

    #[test]
    fn frames_of_every_tool_are_taken_apart() {
        is("0x109191: buffer (leak.c:12)", 0x10_9191, "buffer", "leak.c", 12, "");
        is("0x48417B4: malloc (in /usr/x.so)", 0x484_17B4, "malloc", "", 0, "/usr/x.so");
        is("0x55: ??? (server+0x1234)", 0x55, "", "", 0, "");
        assert_eq!(location("0x55: ??? (server+0x1234)").words, "server+0x1234");
        is("0x3: <T as a::B>::c (src/vec.rs:12:3)", 3, "<T as a::B>::c", "src/vec.rs", 12, "");
        is("0x4: operator new(unsigned long) (in /lib/l.so)", 4, "operator new(unsigned long)", "", 0, "/lib/l.so");
        is("0x5: f (C:\\x.c:7)", 5, "f", "C:\\x.c", 7, "");
        is("[root]", 0, "", "", 0, "");
        is("no address at all", 0, "no address at all", "", 0, "");
    }
}
