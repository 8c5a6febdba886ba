//! Reads DHAT's JSON, version 2, as the dhat crate, Valgrind and soak-heap write it: program points one by one, so that a
//! file of a gigabyte takes no more memory than its greatest sites.

use std::io::{BufReader, Read};

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, Visitor};

use super::dhat_parts::{Frames, Points, SoakHeap, Text, skip};
use super::error::Fault;
use super::guard::Guard;
use super::profile::{ArenaUse, Base, Collector, HeapProfile, Location, Maker, Module, Taken, Tracer};

/// The version of the format that this reads.
const VERSION: u64 = 2;
/// The version of soak-heap's own part that this reads.
const SOAK_HEAP_VERSION: u64 = 1;

/// How much of a file is looked at at a time.
const CHUNK: usize = 64 << 10;

/// Everything that the file said, before it is put together: keys may come in any order.
#[derive(Default)]
struct Raw {
    version: Option<u64>,
    mode: String,
    lifetimes: bool,
    unit: String,
    command: Option<String>,
    pid: Option<u32>,
    end: Option<f64>,
    points: Option<Points>,
    frames: Option<Frames>,
    soak: Option<SoakHeap>,
    newer: Option<Fault>,
}

/// Reads a profile from JSON.
///
/// # Errors
/// Where it is not DHAT's JSON of a heap, ends early or holds more than memory is kept for.
pub(super) fn read(reader: impl Read) -> Result<HeapProfile, Fault> {
    let mut raw = Raw::default();
    // The parser asks for single bytes, which a buffer hands out without a call each.
    let guarded = BufReader::with_capacity(CHUNK, Guard::new(reader));
    let mut json = serde_json::Deserializer::from_reader(guarded);
    let parsed = Root(&mut raw).deserialize(&mut json).and_then(|()| json.end());
    match (parsed, raw.newer.take()) {
        (_, Some(newer)) => Err(newer),
        (Err(error), None) => Err(fault_of(error)),
        (Ok(()), None) => put_together(raw),
    }
}

fn fault_of(error: serde_json::Error) -> Fault {
    let (line, column) = (error.line(), error.column());
    if error.is_eof() {
        return Fault::Truncated;
    }
    if error.is_io() {
        let error = std::io::Error::from(error);
        return match error.kind() {
            std::io::ErrorKind::InvalidData => Fault::Json { line, column, what: error.to_string() },
            std::io::ErrorKind::UnexpectedEof => Fault::Truncated,
            _ => Fault::Read(error),
        };
    }
    let mut what = error.to_string();
    if let Some(end) = what.rfind(" at line ") {
        what.truncate(end);
    }
    Fault::Json { line, column, what }
}

struct Root<'a>(&'a mut Raw);

impl<'de> DeserializeSeed<'de> for Root<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Root<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object with \"dhatFileVersion\"")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<(), M::Error> {
        let raw = self.0;
        while let Some(Text(key)) = map.next_key()? {
            match key.as_str() {
                "dhatFileVersion" => {
                    let found: u64 = map.next_value()?;
                    raw.version = Some(found);
                    if found > VERSION {
                        raw.newer = Some(Fault::Newer { what: "dhatFileVersion", found, known: VERSION });
                        return Err(M::Error::custom("newer"));
                    }
                }
                "mode" => raw.mode = map.next_value::<Text>()?.0,
                "bklt" => raw.lifetimes = map.next_value()?,
                "tu" => raw.unit = map.next_value::<Text>()?.0,
                "cmd" => raw.command = Some(map.next_value::<Text>()?.0),
                "pid" => raw.pid = map.next_value()?,
                "te" => raw.end = Some(map.next_value::<u64>()? as f64),
                "pps" => raw.points = Some(map.next_value()?),
                "ftbl" => raw.frames = Some(map.next_value()?),
                "soakHeap" => {
                    let soak: SoakHeap = map.next_value()?;
                    if soak.version > SOAK_HEAP_VERSION {
                        let (found, known) = (soak.version, SOAK_HEAP_VERSION);
                        raw.newer = Some(Fault::Newer { what: "soakHeap", found, known });
                        return Err(M::Error::custom("newer"));
                    }
                    raw.soak = Some(soak);
                }
                _ => {
                    skip(&mut map)?;
                }
            }
        }
        Ok(())
    }
}

fn put_together(raw: Raw) -> Result<HeapProfile, Fault> {
    raw.version.ok_or(Fault::NotDhat("dhatFileVersion"))?;
    let points = raw.points.ok_or(Fault::NotDhat("pps"))?;
    let Frames(frames) = raw.frames.ok_or(Fault::NotDhat("ftbl"))?;
    let maker = maker(&raw.mode)?;
    if let Some(index) =
        points.greatest_frame.filter(|&index| usize::try_from(index).map_or(true, |at| at >= frames.len()))
    {
        return Err(Fault::NoSuchFrame { index, known: frames.len() });
    }
    let mut notes = Vec::new();
    if !raw.lifetimes && maker != Maker::SoakHeap && !points.has_live {
        notes.push("it does not say what is live; what is shown is what it counts as its total".to_owned());
    }
    let Collector { sites, .. } = &points.collector;
    debug_assert!(sites.len() <= 2 * super::profile::SITES);
    let mut collector = points.collector;
    collector.shrink();
    notes.extend(collector.note());
    let addresses = raw.soak.as_ref().map(|soak| soak.addresses.0.as_slice()).unwrap_or_default();
    let locations = frames
        .into_iter()
        .enumerate()
        .map(|(at, mut location)| {
            location.address = addresses.get(at).copied().filter(|&known| known != 0).unwrap_or(location.address);
            location
        })
        .collect::<Vec<Location>>();
    let seconds = |scale: f64| raw.end.map(|end| end * scale);
    let taken = match raw.unit.as_str() {
        "s" => Taken { elapsed_s: seconds(1.0), ..Taken::default() },
        "ms" => Taken { elapsed_s: seconds(1e-3), ..Taken::default() },
        "us" | "µs" | "μs" => Taken { elapsed_s: seconds(1e-6), ..Taken::default() },
        "ns" => Taken { elapsed_s: seconds(1e-9), ..Taken::default() },
        "instrs" => Taken { instructions: raw.end, ..Taken::default() },
        _ => Taken::default(),
    };
    let mut profile = HeapProfile {
        maker,
        program: raw.command.as_deref().map(|command| program_of(command, maker)),
        pid: raw.pid,
        taken,
        period: 1,
        locations,
        sites: collector.sites,
        rest: collector.rest,
        notes,
        ..HeapProfile::default()
    };
    if let Some(soak) = raw.soak {
        add_soak_heap(&mut profile, soak);
    }
    Ok(profile)
}

fn maker(mode: &str) -> Result<Maker, Fault> {
    match mode {
        "soak-heap" => Ok(Maker::SoakHeap),
        "heap" => Ok(Maker::Valgrind),
        "copy" => Err(Fault::OtherProfile("copied memory (DHAT's --mode=copy)".to_owned())),
        mode if mode.contains("ad-hoc") => Err(Fault::OtherProfile("ad-hoc events (DHAT's ad-hoc mode)".to_owned())),
        _ => Ok(Maker::Dhat),
    }
}

/// The program without its arguments, in which secrets stand. soak-heap writes no arguments, and its path may hold blanks.
fn program_of(command: &str, maker: Maker) -> String {
    if maker == Maker::SoakHeap {
        return command.to_owned();
    }
    command.split_whitespace().next().unwrap_or_default().to_owned()
}

fn add_soak_heap(profile: &mut HeapProfile, soak: SoakHeap) {
    profile.period = soak.period_bytes.max(1);
    profile.modules = soak
        .modules
        .0
        .into_iter()
        .map(|module| Module {
            path: module.path.into(),
            build_id: module.build_id.filter(|id| !id.is_empty()),
            start: module.start,
            end: module.end,
            base: Base::Bias(module.bias),
        })
        .collect();
    profile.modules.sort_by_key(|module| module.start);
    let own = |module: &&Module| profile.program.as_deref().is_some_and(|program| module.path.as_os_str() == program);
    profile.build_id = profile.modules.iter().find(own).and_then(|module| module.build_id.clone());
    if soak.dropped > 0 {
        let dropped = soak.dropped;
        profile
            .notes
            .push(format!("{dropped} samples found no room in the tracer's tables and are not counted as live"));
    }
    profile.tracer = Some(Tracer {
        longest_period: soak.longest_period_bytes.max(1),
        unwinding: soak.unwinding,
        dropped: soak.dropped,
        overhead: soak.overhead_bytes,
        arena: soak.arena.map(|arena| ArenaUse {
            arenas: arena.arenas,
            mapped: arena.mapped,
            in_use: arena.in_use,
            free: arena.free,
        }),
    });
}
