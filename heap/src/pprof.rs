//! A snapshot as a pprof heap profile: the gzip'd protocol buffer that `go tool pprof` and others read
//! (<https://github.com/google/pprof/blob/main/proto/profile.proto>). Without symbols: readers find them by build id.

use std::collections::HashMap;
use std::io::{self, Write};

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::frames::{Frames, module_of};
use crate::program::Program;
use crate::snapshot::{Module, Snapshot};

/// The kinds of values, in the order of every sample's.
const KINDS: [(&str, &str); 4] =
    [("alloc_objects", "count"), ("alloc_space", "bytes"), ("inuse_objects", "count"), ("inuse_space", "bytes")];

/// Fields of `Profile`, by their numbers in profile.proto.
mod profile {
    pub(super) const SAMPLE_TYPE: u64 = 1;
    pub(super) const SAMPLE: u64 = 2;
    pub(super) const MAPPING: u64 = 3;
    pub(super) const LOCATION: u64 = 4;
    pub(super) const STRING_TABLE: u64 = 6;
    pub(super) const DURATION_NANOS: u64 = 10;
    pub(super) const PERIOD_TYPE: u64 = 11;
    pub(super) const PERIOD: u64 = 12;
    pub(super) const DEFAULT_SAMPLE_TYPE: u64 = 14;
}

/// Writes a snapshot.
///
/// # Errors
/// Where `out` cannot be written.
pub(crate) fn write(snapshot: &Snapshot, program: &Program, out: &mut impl Write) -> io::Result<()> {
    let frames = Frames::of(snapshot);
    let mut out = GzEncoder::new(out, Compression::default());
    let mut strings = Strings::new();
    for (kind, unit) in KINDS {
        out.write_all(&field(profile::SAMPLE_TYPE, &strings.value_type(kind, unit)))?;
    }
    for site in &snapshot.sites {
        let places: Vec<u64> = site.stack.iter().map(|&address| frames.position(address) as u64 + 1).collect();
        let (allocated, live) = (site.allocated, site.live);
        let values = [allocated.blocks, allocated.bytes, live.blocks, live.bytes];
        let sample = [packed(1, &places), packed(2, &values)].concat();
        out.write_all(&field(profile::SAMPLE, &sample))?;
    }
    for (number, module) in mappings(snapshot, program) {
        out.write_all(&field(profile::MAPPING, &mapping(number as u64 + 1, module, &mut strings)))?;
    }
    for (place, &address) in frames.addresses().iter().enumerate() {
        let mapping = module_of(&snapshot.modules, address).map_or(0, |(number, _)| number as u64 + 1);
        let location = [varint(1, place as u64 + 1), varint(2, mapping), varint(3, address)].concat();
        out.write_all(&field(profile::LOCATION, &location))?;
    }
    let nanos = u64::try_from(snapshot.elapsed.as_nanos()).unwrap_or(u64::MAX);
    out.write_all(&varint(profile::DURATION_NANOS, nanos))?;
    out.write_all(&field(profile::PERIOD_TYPE, &strings.value_type("space", "bytes")))?;
    out.write_all(&varint(profile::PERIOD, snapshot.period))?;
    out.write_all(&varint(profile::DEFAULT_SAMPLE_TYPE, strings.place("inuse_space")))?;
    for text in strings.table {
        out.write_all(&field(profile::STRING_TABLE, text.as_bytes()))?;
    }
    out.finish().map(drop)
}

/// The modules with their places; pprof takes the first for the program itself.
fn mappings<'a>(snapshot: &'a Snapshot, program: &Program) -> Vec<(usize, &'a Module)> {
    let mut modules: Vec<(usize, &Module)> = snapshot.modules.iter().enumerate().collect();
    modules.sort_by_key(|(_, module)| module.path != program.path);
    modules
}

fn mapping(id: u64, module: &Module, strings: &mut Strings) -> Vec<u8> {
    let file = strings.place(&module.path.to_string_lossy());
    let build_id = strings.place(module.build_id.as_deref().unwrap_or_default());
    // Readers take mappings for those of /proc/PID/maps: an address less the start is the place in the file.
    let (code, offset) = (&module.code, module.code_offset);
    [varint(1, id), varint(2, code.start), varint(3, code.end), varint(4, offset), varint(5, file), varint(6, build_id)]
        .concat()
}

/// The table of strings, each once, in the order of their first use; the first is the empty one.
struct Strings {
    table: Vec<String>,
    places: HashMap<String, u64>,
}

impl Strings {
    fn new() -> Self {
        Self { table: vec![String::new()], places: HashMap::from([(String::new(), 0)]) }
    }

    fn place(&mut self, text: &str) -> u64 {
        if let Some(&place) = self.places.get(text) {
            return place;
        }
        let place = self.table.len() as u64;
        self.table.push(text.to_owned());
        self.places.insert(text.to_owned(), place);
        place
    }

    fn value_type(&mut self, kind: &str, unit: &str) -> Vec<u8> {
        [varint(1, self.place(kind)), varint(2, self.place(unit))].concat()
    }
}

/// A field that is a number.
fn varint(number: u64, value: u64) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(12);
    push(&mut bytes, number << 3);
    push(&mut bytes, value);
    bytes
}

/// A field that is bytes: text, or a message of its own.
fn field(number: u64, content: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(content.len() + 12);
    push(&mut bytes, number << 3 | 2);
    push(&mut bytes, content.len() as u64);
    bytes.extend_from_slice(content);
    bytes
}

/// A field that is a list of numbers.
fn packed(number: u64, values: &[u64]) -> Vec<u8> {
    let mut content = Vec::with_capacity(values.len() * 4);
    for &value in values {
        push(&mut content, value);
    }
    field(number, &content)
}

fn push(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use prost::Message;

    use super::*;
    use crate::snapshot::tests::snapshot;

    /// The parts of profile.proto that are written, for a decoder that is not ours.
    mod proto {
        #[derive(Clone, PartialEq, prost::Message)]
        pub(super) struct Profile {
            #[prost(message, repeated, tag = "1")]
            pub(super) sample_type: Vec<ValueType>,
            #[prost(message, repeated, tag = "2")]
            pub(super) sample: Vec<Sample>,
            #[prost(message, repeated, tag = "3")]
            pub(super) mapping: Vec<Mapping>,
            #[prost(message, repeated, tag = "4")]
            pub(super) location: Vec<Location>,
            #[prost(string, repeated, tag = "6")]
            pub(super) string_table: Vec<String>,
            #[prost(int64, tag = "10")]
            pub(super) duration_nanos: i64,
            #[prost(int64, tag = "12")]
            pub(super) period: i64,
            #[prost(int64, tag = "14")]
            pub(super) default_sample_type: i64,
        }
        #[derive(Clone, PartialEq, prost::Message)]
        pub(super) struct ValueType {
            #[prost(int64, tag = "1")]
            pub(super) kind: i64,
            #[prost(int64, tag = "2")]
            pub(super) unit: i64,
        }
        #[derive(Clone, PartialEq, prost::Message)]
        pub(super) struct Sample {
            #[prost(uint64, repeated, tag = "1")]
            pub(super) location_id: Vec<u64>,
            #[prost(int64, repeated, tag = "2")]
            pub(super) value: Vec<i64>,
        }
        #[derive(Clone, PartialEq, prost::Message)]
        pub(super) struct Mapping {
            #[prost(uint64, tag = "1")]
            pub(super) id: u64,
            #[prost(uint64, tag = "2")]
            pub(super) memory_start: u64,
            #[prost(uint64, tag = "3")]
            pub(super) memory_limit: u64,
            #[prost(uint64, tag = "4")]
            pub(super) file_offset: u64,
            #[prost(int64, tag = "5")]
            pub(super) filename: i64,
            #[prost(int64, tag = "6")]
            pub(super) build_id: i64,
        }
        #[derive(Clone, PartialEq, prost::Message)]
        pub(super) struct Location {
            #[prost(uint64, tag = "1")]
            pub(super) id: u64,
            #[prost(uint64, tag = "2")]
            pub(super) mapping_id: u64,
            #[prost(uint64, tag = "3")]
            pub(super) address: u64,
        }
    }

    fn read_back(snapshot: &Snapshot) -> proto::Profile {
        let mut file = Vec::new();
        write(snapshot, &Program { path: "/srv/server".into(), pid: 1 }, &mut file).unwrap();
        let mut plain = Vec::new();
        flate2::read::GzDecoder::new(file.as_slice()).read_to_end(&mut plain).unwrap();
        proto::Profile::decode(plain.as_slice()).unwrap()
    }

    #[test]
    fn another_decoder_reads_the_same_amounts_stacks_and_modules() {
        let profile = read_back(&snapshot());
        let text = |place: i64| profile.string_table[place as usize].as_str();
        let kinds: Vec<_> = profile.sample_type.iter().map(|kind| (text(kind.kind), text(kind.unit))).collect();
        assert_eq!(kinds, KINDS);
        assert_eq!(text(profile.default_sample_type), "inuse_space");
        assert_eq!(profile.sample[0].value, [8, 8192, 4, 4096]);
        let location = |id: u64| profile.location.iter().find(|location| location.id == id).unwrap();
        let stack: Vec<u64> = profile.sample[0].location_id.iter().map(|&id| location(id).address).collect();
        assert_eq!(stack, [0x5010, 0x0999_9999, 0x7010]);
        // The stacks that found no room have amounts and no place.
        assert_eq!(
            (profile.sample[1].value.as_slice(), profile.sample[1].location_id.len()),
            ([2, 64, 1, 32].as_slice(), 0)
        );
        let first = &profile.mapping[0];
        assert_eq!((text(first.filename), text(first.build_id)), ("/srv/server", "00ff"));
        assert_eq!((first.memory_start, first.memory_limit, first.file_offset), (0x5000, 0x5800, 0x400));
        assert_eq!(first.id, location(profile.sample[0].location_id[0]).mapping_id);
        assert_eq!((profile.duration_nanos, profile.period), (7_000_000_000, 4096));
    }

    #[test]
    fn numbers_of_every_length_come_back() {
        for value in [0, 1, 0x7f, 0x80, 0x3fff, 0x4000, u64::from(u32::MAX), u64::MAX >> 1] {
            let mut snapshot = snapshot();
            snapshot.sites[0].live.bytes = value;
            assert_eq!(read_back(&snapshot).sample[0].value[3] as u64, value);
        }
    }
}
