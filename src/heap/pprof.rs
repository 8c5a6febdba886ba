//! Reads pprof heap profiles (`profile.proto`): Go's, jemalloc's, soak-heap's. The message is in memory when it comes here;
//! tables may stand behind what uses them, so samples are kept small until the end.

use std::collections::HashMap;

use super::error::Fault;
use super::profile::{Base, Collector, FRAMES, Frame, HeapProfile, Location, Maker, Module, NAMES, Site, Taken};
use super::protobuf::{Fields, Value, numbers};
use crate::domain::site::Amount;

/// Entries of each table at most; a large Go server has some tens of thousands.
const TABLE: usize = 2_000_000;
/// Kinds of values at most.
const KINDS: usize = 64;
/// Bytes of a name that are kept.
const NAME: usize = 2_000;
/// The longest file that addresses are told apart in where they are offsets: 4 TiB, so that there is room for [`TABLE`].
const LONGEST_FILE: u64 = 1 << 42;

#[derive(Default)]
struct Raw<'a> {
    kinds: Vec<(u64, u64)>,
    samples: Vec<&'a [u8]>,
    mappings: Vec<Mapping>,
    locations: Vec<RawLocation>,
    functions: HashMap<u64, (u64, u64)>,
    strings: Vec<&'a [u8]>,
    time_nanos: u64,
    duration_nanos: u64,
    period: u64,
}

#[derive(Default)]
struct Mapping {
    id: u64,
    start: u64,
    end: u64,
    offset: u64,
    file: u64,
    build_id: u64,
    /// Whether it was said to span all addresses: those of its locations are the file's own.
    spans_all: bool,
}

#[derive(Default)]
struct RawLocation {
    id: u64,
    mapping: u64,
    address: u64,
    /// Function and line, innermost first.
    lines: Vec<(u64, u32)>,
}

/// Reads a profile from an uncompressed message.
///
/// # Errors
/// Where it is damaged, holds more than memory is kept for, or is a profile of something else.
pub(super) fn read(message: &[u8]) -> Result<HeapProfile, Fault> {
    let mut raw = tables(message)?;
    raw.set_apart();
    let columns = Columns::of(&raw)?;
    let index: HashMap<u64, u32> = raw.locations.iter().zip(0..).map(|(location, at)| (location.id, at)).collect();
    let mut collector = Collector::default();
    let period = raw.period.max(1);
    for sample in &raw.samples {
        if let Some(site) = columns.site(sample, &index, period)? {
            collector.add(site);
        }
    }
    collector.shrink();
    let program = raw.mappings.first();
    let words = |index: u64| raw.string(index).filter(|text| !text.is_empty());
    let mut modules: Vec<Module> = raw.mappings.iter().map(|mapping| raw.module(mapping)).collect();
    modules.sort_by_key(|module| module.start);
    let mut notes: Vec<String> = collector.note().into_iter().collect();
    if columns.live_blocks.is_none() {
        notes.push(
            "it tells bytes and no blocks, and not how it was sampled: the error of sampling is not known".into(),
        );
    }
    if raw.duration_nanos > 0 && columns.allocated_bytes.is_some() {
        let seconds = raw.duration_nanos as f64 / 1e9;
        notes.push(format!(
            "it covers {seconds:.0} s and is itself a difference (seconds=N); its live amounts are growth in that time"
        ));
    }
    Ok(HeapProfile {
        maker: Maker::Pprof,
        program: program.and_then(|mapping| words(mapping.file)),
        build_id: program.and_then(|mapping| words(mapping.build_id)),
        taken: Taken { wall_s: (raw.time_nanos > 0).then(|| raw.time_nanos as f64 / 1e9), ..Taken::default() },
        period,
        locations: raw.named_locations()?,
        sites: collector.sites,
        rest: collector.rest,
        modules,
        notes,
        ..HeapProfile::default()
    })
}

fn tables(message: &[u8]) -> Result<Raw<'_>, Fault> {
    let mut raw = Raw::default();
    for field in Fields::new(message) {
        match field? {
            (1, Value::Bytes(kind)) => raw.kinds.push(value_type(kind)?),
            (2, Value::Bytes(sample)) => raw.samples.push(sample),
            (3, Value::Bytes(mapping)) => raw.mappings.push(Mapping::read(mapping)?),
            (4, Value::Bytes(location)) => raw.locations.push(RawLocation::read(location)?),
            (5, Value::Bytes(function)) => raw.add_function(function)?,
            (6, Value::Bytes(text)) => raw.strings.push(text),
            (9, Value::Varint(nanos)) => raw.time_nanos = nanos,
            (10, Value::Varint(nanos)) => raw.duration_nanos = nanos,
            (12, Value::Varint(period)) => raw.period = period,
            _ => {}
        }
        let counts = [
            ("kinds of values", raw.kinds.len(), KINDS),
            ("samples", raw.samples.len(), TABLE),
            ("mappings", raw.mappings.len(), TABLE),
            ("locations", raw.locations.len(), TABLE),
            ("functions", raw.functions.len(), TABLE),
            ("strings", raw.strings.len(), TABLE),
        ];
        if let Some(&(what, _, limit)) = counts.iter().find(|(_, count, limit)| count > limit) {
            return Err(Fault::TooMuch { what, limit });
        }
    }
    Ok(raw)
}

fn value_type(message: &[u8]) -> Result<(u64, u64), Fault> {
    let mut kind = (0, 0);
    for field in Fields::new(message) {
        match field? {
            (1, Value::Varint(name)) => kind.0 = name,
            (2, Value::Varint(unit)) => kind.1 = unit,
            _ => {}
        }
    }
    Ok(kind)
}

impl Mapping {
    fn read(message: &[u8]) -> Result<Self, Fault> {
        let mut mapping = Self::default();
        for field in Fields::new(message) {
            match field? {
                (1, Value::Varint(id)) => mapping.id = id,
                (2, Value::Varint(start)) => mapping.start = start,
                (3, Value::Varint(end)) => mapping.end = end,
                (4, Value::Varint(offset)) => mapping.offset = offset,
                (5, Value::Varint(file)) => mapping.file = file,
                (6, Value::Varint(build_id)) => mapping.build_id = build_id,
                _ => {}
            }
        }
        Ok(mapping)
    }
}

impl RawLocation {
    fn read(message: &[u8]) -> Result<Self, Fault> {
        let mut location = Self::default();
        for field in Fields::new(message) {
            match field? {
                (1, Value::Varint(id)) => location.id = id,
                (2, Value::Varint(mapping)) => location.mapping = mapping,
                (3, Value::Varint(address)) => location.address = address,
                (4, Value::Bytes(line)) if location.lines.len() < FRAMES => {
                    let (function, number) = value_type(line)?;
                    location.lines.push((function, u32::try_from(number).unwrap_or(0)));
                }
                _ => {}
            }
        }
        Ok(location)
    }
}

impl Raw<'_> {
    fn add_function(&mut self, message: &[u8]) -> Result<(), Fault> {
        let (mut id, mut name, mut file) = (0, 0, 0);
        for field in Fields::new(message) {
            match field? {
                (1, Value::Varint(value)) => id = value,
                (2, Value::Varint(value)) => name = value,
                (4, Value::Varint(value)) => file = value,
                _ => {}
            }
        }
        self.functions.insert(id, (name, file));
        Ok(())
    }

    /// Gives each file that spans all addresses a range of its own: `jemalloc_pprof` writes addresses as they stand in the
    /// files, and only a location's mapping says in which.
    fn set_apart(&mut self) {
        let spans_all = |mapping: &&mut Mapping| (mapping.start, mapping.end) == (0, u64::MAX);
        let starts = (1..).map(|place| place * LONGEST_FILE);
        let apart = self.mappings.iter_mut().filter(spans_all).zip(starts).map(|(mapping, start)| {
            (mapping.start, mapping.end, mapping.spans_all) = (start, start + LONGEST_FILE, true);
            (mapping.id, start)
        });
        let apart: HashMap<u64, u64> = apart.collect();
        for location in self.locations.iter_mut().filter(|location| location.address < LONGEST_FILE) {
            location.address += apart.get(&location.mapping).copied().unwrap_or(0);
        }
    }

    fn string(&self, index: u64) -> Option<String> {
        let bytes = self.strings.get(usize::try_from(index).ok()?)?;
        Some(String::from_utf8_lossy(&bytes[..bytes.len().min(NAME)]).into_owned())
    }

    fn named_locations(&self) -> Result<Vec<Location>, Fault> {
        let files: HashMap<u64, u64> = self.mappings.iter().map(|mapping| (mapping.id, mapping.file)).collect();
        let (mut named, mut weight) = (Vec::with_capacity(self.locations.len()), 0);
        for location in &self.locations {
            let location = self.location(location, &files);
            weight += location.weight();
            if weight > NAMES {
                return Err(Fault::TooMuch { what: "bytes of names", limit: NAMES });
            }
            named.push(location);
        }
        Ok(named)
    }

    fn location(&self, location: &RawLocation, files: &HashMap<u64, u64>) -> Location {
        let object = || files.get(&location.mapping).and_then(|&file| self.string(file)).unwrap_or_default();
        let frame = |&(function, line): &(u64, u32)| {
            let &(name, file) = self.functions.get(&function)?;
            let function = self.string(name).filter(|name| !name.is_empty())?;
            Some(Frame { function, file: self.string(file).unwrap_or_default(), line, object: object() })
        };
        Location {
            address: location.address,
            frames: location.lines.iter().filter_map(frame).collect(),
            words: String::new(),
        }
    }

    fn module(&self, mapping: &Mapping) -> Module {
        Module {
            path: self.string(mapping.file).unwrap_or_default().into(),
            build_id: self.string(mapping.build_id).filter(|id| !id.is_empty()),
            start: mapping.start,
            end: mapping.end,
            base: if mapping.spans_all { Base::Bias(mapping.start) } else { Base::Offset(mapping.offset) },
        }
    }
}

/// Which of a sample's values mean what.
struct Columns {
    live_bytes: usize,
    live_blocks: Option<usize>,
    allocated_bytes: Option<usize>,
    allocated_blocks: Option<usize>,
}

impl Columns {
    fn of(raw: &Raw<'_>) -> Result<Self, Fault> {
        let names: Vec<String> = raw.kinds.iter().map(|(name, _)| raw.string(*name).unwrap_or_default()).collect();
        let at = |wanted: &[&str]| names.iter().position(|name| wanted.contains(&name.as_str()));
        let Some(live_bytes) = at(&["inuse_space", "space"]) else {
            return Err(match (&names[..], raw.samples.is_empty()) {
                ([], true) => Fault::Protobuf("it holds no kinds of values and no samples"),
                _ => Fault::OtherProfile(names.join(" and ").chars().take(80).collect()),
            });
        };
        Ok(Self {
            live_bytes,
            live_blocks: at(&["inuse_objects", "objects"]),
            allocated_bytes: at(&["alloc_space"]),
            allocated_blocks: at(&["alloc_objects"]),
        })
    }

    fn site(&self, sample: &[u8], index: &HashMap<u64, u32>, period: u64) -> Result<Option<Site>, Fault> {
        let (mut ids, mut values) = (Vec::new(), Vec::new());
        for field in Fields::new(sample) {
            match field? {
                (1, value) => numbers(value, TABLE, &mut ids)?,
                (2, value) => numbers(value, KINDS, &mut values)?,
                _ => {}
            }
        }
        // Differences hold negative numbers, written as the greatest ones.
        let value = |at: Option<usize>| {
            at.and_then(|at| values.get(at)).map_or(0, |&v| if v > i64::MAX as u64 { 0 } else { v })
        };
        let live = Amount { bytes: value(Some(self.live_bytes)), blocks: value(self.live_blocks) };
        let allocated = Amount { bytes: value(self.allocated_bytes), blocks: value(self.allocated_blocks) };
        let mut stack = Vec::with_capacity(ids.len().min(FRAMES));
        for id in ids.iter().take(FRAMES) {
            let known = index.len();
            stack.push(*index.get(id).ok_or(Fault::NoSuchFrame { index: *id, known })?);
        }
        Ok(Some(Site { stack: stack.into(), live, allocated, seen: seen(live, period) }))
    }
}

/// Blocks that were seen, of the estimate that writers of pprof make of them: a block of size `s` is seen with the
/// probability `1 - exp(-s / period)` (Go's `scaleHeapSample`, jeprof's `AdjustSamples`).
fn seen(live: Amount, period: u64) -> f64 {
    if period <= 1 || live.blocks == 0 {
        return live.blocks as f64;
    }
    let size = live.bytes as f64 / live.blocks as f64;
    live.blocks as f64 * -(-size / period as f64).exp_m1()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_blocks_are_all_seen_and_of_small_ones_few() {
        assert!((seen(Amount { bytes: 10 << 20, blocks: 10 }, 1024) - 10.0).abs() < 1e-9);
        let few = seen(Amount { bytes: 64 << 10, blocks: 1024 }, 64 << 10);
        assert!((few - 1.0).abs() < 0.01, "{few}");
        assert!((seen(Amount { bytes: 100, blocks: 3 }, 1) - 3.0).abs() < f64::EPSILON);
    }
}
