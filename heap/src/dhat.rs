//! A snapshot as a DHAT file of version 2, which Valgrind's viewer and others open: one JSON object, written as it is made.
//!
//! `tb` and `tbk`, which every viewer shows first, are what is live, for that is what is asked of a heap. What the format
//! has no place for stands under `soakHeap`, which viewers skip: how it was traced, the modules, and the addresses of the
//! frames as numbers, parallel to `ftbl`.

use std::io::{self, Write};

use crate::frames::{Frames, in_file, module_of};
use crate::json::{OrNull, Text};
use crate::program::Program;
use crate::snapshot::{Amount, ArenaUse, Module, Snapshot, Unwinding};

/// The version of what stands under `soakHeap`.
const VERSION: u32 = 1;
/// The frame of the site that stands for all stacks beyond the bound of the table.
const BEYOND: &str = "[stacks beyond the bound of the table]";

/// Writes a snapshot. The writer is best a buffered one: many small pieces go into it.
///
/// # Errors
/// Where `out` cannot be written.
pub(crate) fn write(snapshot: &Snapshot, program: &Program, out: &mut impl Write) -> io::Result<()> {
    let frames = Frames::of(snapshot);
    let command = program.path.to_string_lossy();
    out.write_all(br#"{"dhatFileVersion":2,"mode":"soak-heap","verb":"Live","bklt":false,"bkacc":false"#)?;
    out.write_all(br#","bu":"byte","bsu":"bytes","bksu":"blocks","tu":"\u00b5s","Mtu":"s""#)?;
    write!(out, r#","cmd":{},"pid":{},"te":{}"#, Text(&command), program.pid, snapshot.elapsed.as_micros())?;
    sites(snapshot, &frames, out)?;
    table(snapshot, &frames, out)?;
    about(snapshot, &frames, out)?;
    out.write_all(b"}\n")
}

fn sites(snapshot: &Snapshot, frames: &Frames, out: &mut impl Write) -> io::Result<()> {
    out.write_all(br#","pps":["#)?;
    for (number, site) in snapshot.sites.iter().enumerate() {
        let Amount { bytes, blocks } = site.live;
        let separator = if number == 0 { "\n" } else { ",\n" };
        write!(out, r#"{separator}{{"tb":{bytes},"tbk":{blocks},"eb":{bytes},"ebk":{blocks}"#)?;
        write!(out, r#","ab":{},"abk":{}"#, site.allocated.bytes, site.allocated.blocks)?;
        write!(out, r#","n":{},"fs":["#, site.live_seen)?;
        if site.stack.is_empty() {
            write!(out, "{}", frames.addresses().len() + 1)?;
        }
        for (depth, &address) in site.stack.iter().enumerate() {
            let separator = if depth == 0 { "" } else { "," };
            // The first frame of the table is the root.
            write!(out, "{separator}{}", frames.position(address) + 1)?;
        }
        out.write_all(b"]}")?;
    }
    out.write_all(b"]")
}

/// The table of frames: the root, every address, and what stands for the stacks that were too many.
fn table(snapshot: &Snapshot, frames: &Frames, out: &mut impl Write) -> io::Result<()> {
    out.write_all(br#","ftbl":["[root]""#)?;
    for &address in frames.addresses() {
        out.write_all(b",\n")?;
        match module_of(&snapshot.modules, address) {
            Some((_, module)) => {
                let name = module.path.file_name().unwrap_or(module.path.as_os_str()).to_string_lossy();
                let frame = format!("{address:#x}: ??? ({name}+{:#x})", in_file(module, address));
                write!(out, "{}", Text(&frame))?;
            }
            None => write!(out, r#""{address:#x}: ???""#)?,
        }
    }
    write!(out, ",\n{}]", Text(BEYOND))
}

fn about(snapshot: &Snapshot, frames: &Frames, out: &mut impl Write) -> io::Result<()> {
    let (live, allocated) = (snapshot.live(), snapshot.allocated());
    let unwinding = Text(snapshot.unwinding.name());
    write!(out, r#","soakHeap":{{"version":{VERSION},"periodBytes":{}"#, snapshot.period)?;
    write!(out, r#","longestPeriodBytes":{},"unwinding":{unwinding}"#, snapshot.longest_period)?;
    write!(out, r#","dropped":{},"overheadBytes":{}"#, snapshot.dropped, snapshot.overhead)?;
    write!(out, r#","liveBytes":{},"liveBlocks":{}"#, live.bytes, live.blocks)?;
    write!(out, r#","allocatedBytes":{},"allocatedBlocks":{}"#, allocated.bytes, allocated.blocks)?;
    write!(out, r#","arena":{},"modules":["#, OrNull(snapshot.arena.map(arena)))?;
    for (number, module) in snapshot.modules.iter().enumerate() {
        let separator = if number == 0 { "\n" } else { ",\n" };
        write!(out, "{separator}{}", described(module))?;
    }
    out.write_all(br#"],"addresses":[0"#)?;
    for address in frames.addresses() {
        write!(out, ",{address}")?;
    }
    out.write_all(b",0]}")
}

/// The figures of the allocator, as a JSON object.
pub(crate) fn arena(arena: ArenaUse) -> String {
    let ArenaUse { arenas, mapped, in_use, free } = arena;
    format!(r#"{{"arenas":{arenas},"mapped":{mapped},"inUse":{in_use},"free":{free}}}"#)
}

fn described(module: &Module) -> String {
    let path = module.path.to_string_lossy();
    let build_id = OrNull(module.build_id.as_deref().map(Text));
    let Module { start, end, bias, .. } = module;
    format!(r#"{{"path":{},"buildId":{build_id},"start":{start},"end":{end},"bias":{bias}}}"#, Text(&path))
}

impl Unwinding {
    /// The name in files and answers.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::FramePointers => "frame-pointers",
            Self::Tables => "tables",
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::snapshot::tests::snapshot;

    fn written(snapshot: &Snapshot) -> Value {
        let program = Program { path: "/srv/a \"b\"\n/server".into(), pid: 4242 };
        let mut out = Vec::new();
        write(snapshot, &program, &mut out).unwrap();
        serde_json::from_slice(&out).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&out)))
    }

    #[test]
    fn what_is_live_is_what_a_viewer_shows() {
        let file = written(&snapshot());
        assert_eq!(
            (&file["dhatFileVersion"], &file["bklt"], &file["te"]),
            (&2.into(), &false.into(), &7_000_000.into())
        );
        assert_eq!((&file["cmd"], &file["pid"]), (&"/srv/a \"b\"\n/server".into(), &4242.into()));
        let site = &file["pps"][0];
        for (key, value) in [("tb", 4096), ("tbk", 4), ("eb", 4096), ("ebk", 4), ("ab", 8192), ("abk", 8), ("n", 3)] {
            assert_eq!(site[key], value, "{key}");
        }
        let about = &file["soakHeap"];
        assert_eq!((&about["liveBytes"], &about["allocatedBlocks"]), (&4_128.into(), &(8 + 2).into()));
        assert_eq!((&about["unwinding"], &about["periodBytes"]), (&"tables".into(), &4096.into()));
        assert_eq!(about["arena"], serde_json::json!({"arenas": 9, "mapped": 8, "inUse": 7, "free": 6}));
    }

    #[test]
    fn every_frame_has_its_address_and_its_place_in_the_file() {
        let file = written(&snapshot());
        let (table, addresses) = (file["ftbl"].as_array().unwrap(), file["soakHeap"]["addresses"].as_array().unwrap());
        assert_eq!((table.len(), addresses.len(), &table[0]), (5, 5, &"[root]".into()));
        let stack = file["pps"][0]["fs"].as_array().unwrap();
        let frame =
            |place: &Value| (&table[place.as_u64().unwrap() as usize], &addresses[place.as_u64().unwrap() as usize]);
        assert_eq!(frame(&stack[0]), (&"0x5010: ??? (server+0x1010)".into(), &0x5010.into()));
        assert_eq!(frame(&stack[1]), (&"0x9999999: ???".into(), &0x0999_9999.into()));
        // The stacks that found no room have a frame of their own, so that no viewer stumbles over an empty stack.
        assert_eq!(frame(&file["pps"][1]["fs"][0]), (&BEYOND.into(), &0.into()));
    }

    #[test]
    fn nothing_yet_is_a_whole_file_too() {
        let file = written(&Snapshot { sites: Vec::new(), modules: Vec::new(), arena: None, ..snapshot() });
        assert_eq!((file["pps"].as_array().unwrap().len(), &file["soakHeap"]["arena"]), (0, &Value::Null));
    }

    #[test]
    fn a_full_disk_is_an_error() {
        assert!(write(&snapshot(), &Program::this(), &mut [0_u8; 64].as_mut_slice()).is_err());
    }
}
