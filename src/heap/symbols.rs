//! Names for the addresses of a snapshot, found in the program's files and never in the process: the tracer writes
//! addresses and build ids only.
//!
//! A file is opened once for all of its addresses. Its build id must be the one that ran, else its names would be wrong.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use gimli::{DwarfSections, EndianSlice, RunTimeEndian};
use object::{Object as _, ObjectSection as _, ObjectSegment as _, ReadCache};

use super::files::Files;
use super::profile::{Base, Frame, HeapProfile, Module};
use super::symbol_table::{SymbolTable, demangled};

type Parsed<'a> = object::File<'a, &'a ReadCache<File>>;

/// Why a file gives no names.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error("cannot be opened ({0}), so its frames stay without names; put the file that ran back in its place")]
    Open(#[source] io::Error),
    #[error("is no program or library that soak can read, so its frames stay without names")]
    NoObject,
    #[error(
        "was built anew (build id {found} on disk, {wanted} in the profile), so its frames stay without names; keep the file that ran"
    )]
    OtherBuild { wanted: String, found: String },
    #[error("holds no names; build it with `debug = \"line-tables-only\"` and without `strip`")]
    Stripped,
}

/// What was found in one file.
struct Found {
    /// By wanted address, its frames, innermost first.
    frames: Vec<Vec<Frame>>,
    /// Whether lines are known for any of them.
    has_lines: bool,
}

/// Names every location that has an address and no name by these files, and adds to the profile's notes what could not be
/// named and why.
pub fn resolve(profile: &mut HeapProfile, files: &Files) {
    let mut wanted: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    for (number, location) in profile.locations.iter().enumerate() {
        if location.frames.is_empty()
            && location.address != 0
            && let Some(module) = profile.module_at(location.address)
        {
            wanted.entry(module.start).or_default().push(number);
        }
    }
    // A file has several mappings; it is opened once for all of them.
    let mut by_file: BTreeMap<PathBuf, (Module, Vec<(usize, u64)>)> = BTreeMap::new();
    for numbers in wanted.into_values() {
        for number in numbers {
            let Some(address) = profile.locations.get(number).map(|location| location.address) else { continue };
            let Some(module) = profile.module_at(address) else { continue };
            let (_, addresses) = by_file.entry(module.path.clone()).or_insert_with(|| (module.clone(), Vec::new()));
            addresses.push((number, module.in_file(address)));
        }
    }
    for (path, (module, addresses)) in by_file {
        // The kernel's own page has no file. A program may be told as it was called.
        if path.components().count() < 2 {
            continue;
        }
        let name = path.display();
        match find(&module, &addresses.iter().map(|(_, address)| *address).collect::<Vec<_>>(), files) {
            Ok(found) => {
                if !found.has_lines {
                    profile
                        .notes
                        .push(format!("{name} has names but no lines; build it with `debug = \"line-tables-only\"`"));
                }
                for ((number, _), frames) in addresses.into_iter().zip(found.frames) {
                    if let Some(location) = profile.locations.get_mut(number) {
                        location.frames = frames;
                    }
                }
            }
            Err(trouble) => profile.notes.push(format!("{name} {trouble}")),
        }
    }
}

fn find(module: &Module, addresses: &[u64], files: &Files) -> Result<Found, Trouble> {
    let cache = ReadCache::new(files.open(&module.path).map_err(Trouble::Open)?);
    let object: Parsed<'_> = object::File::parse(&cache).map_err(|_| Trouble::NoObject)?;
    let build_id = build_id(&object);
    if let (Some(wanted), Some(found)) = (&module.build_id, &build_id)
        && !wanted.eq_ignore_ascii_case(found)
    {
        return Err(Trouble::OtherBuild { wanted: wanted.clone(), found: found.clone() });
    }
    let addresses: Vec<u64> = match module.base {
        Base::Bias(_) => addresses.to_vec(),
        Base::Offset(_) => addresses.iter().map(|&offset| address_of_offset(&object, offset)).collect(),
    };
    let separate = build_id.filter(|_| object.section_by_name(".debug_info").is_none());
    let separate = separate.and_then(|id| files.open(&debug_file(&id)?).ok()).map(ReadCache::new);
    let separate = separate.as_ref().and_then(|cache| object::File::parse(cache).ok());
    let mut found = look_up(separate.as_ref().unwrap_or(&object), &addresses);
    if separate.is_some() && found.frames.iter().all(Vec::is_empty) {
        found = look_up(&object, &addresses);
    }
    if found.frames.iter().all(Vec::is_empty) { Err(Trouble::Stripped) } else { Ok(found) }
}

fn build_id(object: &Parsed<'_>) -> Option<String> {
    let id = object.build_id().ok()??;
    let mut hexadecimal = String::with_capacity(2 * id.len());
    for byte in id {
        let _ = write!(hexadecimal, "{byte:02x}");
    }
    Some(hexadecimal)
}

/// Where distributions keep the names of stripped files.
fn debug_file(build_id: &str) -> Option<PathBuf> {
    let (folder, file) = build_id.split_at_checked(2)?;
    Some(Path::new("/usr/lib/debug/.build-id").join(folder).join(format!("{file}.debug")))
}

/// The address that a file gives to the byte at an offset of it.
fn address_of_offset(object: &Parsed<'_>, offset: u64) -> u64 {
    let holds = |segment: &object::Segment<'_, '_, &ReadCache<File>>| {
        let (start, size) = segment.file_range();
        offset.checked_sub(start).filter(|within| *within < size).map(|within| segment.address().wrapping_add(within))
    };
    object.segments().find_map(|segment| holds(&segment)).unwrap_or(offset)
}

fn look_up(object: &Parsed<'_>, addresses: &[u64]) -> Found {
    let table = SymbolTable::of(object);
    let load = |id: gimli::SectionId| -> Result<Cow<'_, [u8]>, gimli::Error> {
        // A section that cannot be unpacked is as good as none: names without lines are left.
        let section = object.section_by_name(id.name());
        Ok(section.and_then(|section| section.uncompressed_data().ok()).unwrap_or_default())
    };
    let endian = if object.is_little_endian() { RunTimeEndian::Little } else { RunTimeEndian::Big };
    let sections = DwarfSections::load(load);
    let context = sections.as_ref().ok().and_then(|sections| {
        addr2line::Context::from_dwarf(sections.borrow(|section| EndianSlice::new(section, endian))).ok()
    });
    let mut has_lines = false;
    let mut frames_at = |&address: &u64| {
        let mut frames = context.as_ref().map(|context| inlined(context, address)).unwrap_or_default();
        has_lines |= frames.iter().any(|frame| frame.line > 0);
        // Only the outermost may lack a name that the table of symbols has.
        match frames.last_mut() {
            Some(last) if last.function.is_empty() => last.function = table.name(address).unwrap_or_default(),
            Some(_) => {}
            None => frames.extend(table.name(address).map(|function| Frame { function, ..Frame::default() })),
        }
        frames.retain(|frame| !frame.function.is_empty());
        frames
    };
    let frames = addresses.iter().map(&mut frames_at).collect();
    Found { frames, has_lines }
}

/// The frames at an address by the debug information, innermost first.
fn inlined(context: &addr2line::Context<EndianSlice<'_, RunTimeEndian>>, address: u64) -> Vec<Frame> {
    /// Calls that are inlined into each other at one address.
    const MOST: usize = 64;
    let Ok(mut found) = context.find_frames(address).skip_all_loads() else { return Vec::new() };
    let mut frames = Vec::new();
    while let Ok(Some(frame)) = found.next() {
        let function = frame.function.and_then(|name| name.raw_name().map(|name| demangled(&name)).ok());
        let (file, line) = frame.location.map_or((None, None), |place| (place.file, place.line));
        frames.push(Frame {
            function: function.unwrap_or_default(),
            file: file.unwrap_or_default().to_owned(),
            line: line.unwrap_or(0),
            object: String::new(),
        });
        if frames.len() == MOST {
            break;
        }
    }
    frames
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heap::Location;
    use object::ObjectSymbol as _;

    /// Three lines above the function's own.
    const LINE: u32 = line!();

    #[inline(never)]
    fn named_by_its_address() -> u64 {
        std::hint::black_box(7)
    }

    /// This test's own program, and where the function above stands in it.
    fn program() -> (PathBuf, u64, Option<String>) {
        assert_eq!(named_by_its_address(), 7);
        let path = std::env::current_exe().unwrap();
        let cache = ReadCache::new(File::open(&path).unwrap());
        let object: Parsed<'_> = object::File::parse(&cache).unwrap();
        let found =
            object.symbols().find(|symbol| symbol.name().is_ok_and(|name| name.contains("named_by_its_address")));
        let address = found.unwrap().address();
        let id = build_id(&object);
        (path, address, id)
    }

    fn resolved(path: PathBuf, address: u64, build_id: Option<String>) -> HeapProfile {
        resolved_by(&Files::here(), path, address, build_id)
    }

    fn resolved_by(files: &Files, path: PathBuf, address: u64, build_id: Option<String>) -> HeapProfile {
        let bias = 0x5500_0000_0000;
        let module = Module { path, build_id, start: bias, end: bias + (1 << 32), base: Base::Bias(bias) };
        let location = Location { address: bias + address, ..Location::default() };
        let mut profile = HeapProfile { modules: vec![module], locations: vec![location], ..HeapProfile::default() };
        resolve(&mut profile, files);
        profile
    }

    #[test]
    fn an_address_gets_the_name_and_the_line_of_its_function() {
        let (path, address, build_id) = program();
        let profile = resolved(path, address, build_id);
        // What is inlined at its first instruction comes before it.
        let frames = &profile.locations[0].frames;
        let frame = frames.iter().find(|frame| frame.function.ends_with("named_by_its_address"));
        let is_there = |frame: &Frame| frame.file.ends_with("symbols.rs") && (LINE..LINE + 7).contains(&frame.line);
        assert!(frame.is_some_and(is_there), "{frames:?} {:?}", profile.notes);
    }

    #[test]
    fn a_program_in_a_container_is_named_by_its_own_file() {
        let (path, address, build_id) = program();
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("srv")).unwrap();
        std::os::unix::fs::symlink("/srv/server-1.2", root.path().join("srv/server")).unwrap();
        std::fs::copy(path, root.path().join("srv/server-1.2")).unwrap();
        let files = Files::below(File::open(root.path()).unwrap().into());
        let profile = resolved_by(&files, "/srv/server".into(), address, build_id);
        let named = |frame: &Frame| frame.function.ends_with("named_by_its_address");
        assert!(profile.locations[0].frames.iter().any(named), "{:?}", profile.notes);
    }

    #[test]
    fn another_build_a_missing_file_and_a_file_that_is_no_program_are_said_and_left_without_names() {
        let (path, address, build_id) = program();
        let missing = resolved("/no/such/server".into(), address, None);
        assert!(
            missing.locations[0].frames.is_empty() && missing.notes[0].contains("/no/such/server"),
            "{:?}",
            missing.notes
        );
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        assert!(resolved(manifest, address, None).notes[0].contains("no program"));
        // Linkers may be told to write no build id; then nothing can be compared.
        if build_id.is_some() {
            let other = resolved(path, address, Some("00ff".into()));
            assert!(other.locations[0].frames.is_empty() && other.notes[0].contains("00ff"), "{:?}", other.notes);
        }
    }
}
