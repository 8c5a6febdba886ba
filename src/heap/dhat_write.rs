//! Writes DHAT's JSON, version 2: what grew, for any DHAT viewer, and snapshots with names in place of addresses.
//!
//! With `bklt: false` a viewer asks of a point only `tb`, `tbk` and `fs`, so growth fits the format as it is.

use std::collections::HashMap;
use std::io::{self, Write};

use serde::Serialize;

use super::diff::Compared;
use super::profile::{Base, Frame, HeapProfile, Location};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    dhat_file_version: u8,
    mode: &'a str,
    verb: &'a str,
    bklt: bool,
    bkacc: bool,
    tu: &'a str,
    #[serde(rename = "Mtu")]
    mtu: &'a str,
    cmd: &'a str,
    pid: u32,
    te: u64,
    pps: Vec<Point>,
    ftbl: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    soak_heap: Option<SoakHeap<'a>>,
}

#[derive(Serialize, Default)]
struct Point {
    tb: u64,
    tbk: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    eb: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ebk: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ab: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    abk: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    n: Option<u64>,
    fs: Vec<u32>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SoakHeap<'a> {
    version: u8,
    period_bytes: u64,
    longest_period_bytes: u64,
    unwinding: &'a str,
    dropped: u64,
    overhead_bytes: u64,
    live_bytes: u64,
    live_blocks: u64,
    allocated_bytes: u64,
    allocated_blocks: u64,
    arena: Option<Arena>,
    modules: Vec<Mapped<'a>>,
    addresses: Vec<u64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Arena {
    arenas: u64,
    mapped: u64,
    in_use: u64,
    free: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Mapped<'a> {
    path: std::borrow::Cow<'a, str>,
    build_id: Option<&'a str>,
    start: u64,
    end: u64,
    bias: u64,
}

impl Compared {
    /// Writes what grew as a DHAT file: `tb` and `tbk` are growth, and stacks are the frames that tell.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn write_dhat(&self, out: impl Write) -> io::Result<()> {
        let mut table = Table::default();
        let mut pps = Vec::new();
        for (stack, bytes, _) in self.grown().filter(|(_, bytes, _)| *bytes > 0) {
            let blocks = |part: Option<&super::merged::Use>| part.map_or(0, |part| part.live.blocks);
            let (first, last) = (blocks(stack.uses.first()), blocks(stack.uses.last()));
            let frame = |&frame: &u32| table.number(format!("0x0: {}", self.merged.labels.text(frame)), 0);
            let fs = stack.frames.iter().map(frame).collect();
            pps.push(Point { tb: bytes, tbk: last.saturating_sub(first), fs, ..Point::default() });
        }
        let seconds = match (self.growth.snapshots.first(), self.growth.snapshots.last()) {
            (Some(first), Some(last)) => last.elapsed_s.zip(first.elapsed_s).map_or(0.0, |(to, from)| to - from),
            _ => 0.0,
        };
        let document = Document {
            dhat_file_version: 2,
            mode: "soak-growth",
            // Viewers put "at" behind it.
            verb: "Grew",
            bklt: false,
            bkacc: false,
            tu: "us",
            mtu: "s",
            cmd: self.growth.program.as_deref().unwrap_or_default(),
            pid: self.pid.unwrap_or(0),
            te: (seconds * 1e6) as u64,
            pps,
            ftbl: table.texts(),
            soak_heap: None,
        };
        write(&document, out)
    }
}

/// Writes a profile of soak-heap again, with the names that [`super::resolve`] found; inlined calls become frames of their own.
///
/// # Errors
/// Where it cannot be written.
pub fn write_named(profile: &HeapProfile, out: impl Write) -> io::Result<()> {
    let mut table = Table::default();
    let numbers: Vec<Vec<u32>> = profile.locations.iter().map(|location| table.location(location, profile)).collect();
    let point = |site: &super::Site| Point {
        tb: site.live.bytes,
        tbk: site.live.blocks,
        eb: Some(site.live.bytes),
        ebk: Some(site.live.blocks),
        ab: Some(site.allocated.bytes),
        abk: Some(site.allocated.blocks),
        n: Some(site.seen as u64),
        fs: site.stack.iter().flat_map(|&at| numbers.get(at as usize).cloned().unwrap_or_default()).collect(),
    };
    let mut pps: Vec<Point> = profile.sites.iter().map(point).collect();
    if profile.rest.bytes > 0 {
        let (bytes, blocks) = (profile.rest.bytes, profile.rest.blocks);
        pps.push(Point { tb: bytes, tbk: blocks, eb: Some(bytes), ebk: Some(blocks), ..Point::default() });
    }
    let addresses = std::iter::once(0).chain(table.addresses.iter().copied()).collect();
    let document = Document {
        dhat_file_version: 2,
        mode: "soak-heap",
        verb: "Live",
        bklt: false,
        bkacc: false,
        tu: "us",
        mtu: "s",
        cmd: profile.program.as_deref().unwrap_or_default(),
        pid: profile.pid.unwrap_or(0),
        te: (profile.taken.elapsed_s.unwrap_or(0.0) * 1e6) as u64,
        pps,
        ftbl: table.texts(),
        soak_heap: Some(soak_heap(profile, addresses)),
    };
    write(&document, out)
}

fn soak_heap(profile: &HeapProfile, addresses: Vec<u64>) -> SoakHeap<'_> {
    let (live, tracer) = (profile.live(), profile.tracer.as_ref());
    let allocated =
        profile.sites.iter().fold(crate::domain::site::Amount::default(), |sum, site| sum.plus(site.allocated));
    SoakHeap {
        version: 1,
        period_bytes: profile.period,
        longest_period_bytes: tracer.map_or(profile.period, |tracer| tracer.longest_period),
        unwinding: tracer.map_or("", |tracer| &tracer.unwinding),
        dropped: tracer.map_or(0, |tracer| tracer.dropped),
        overhead_bytes: tracer.map_or(0, |tracer| tracer.overhead),
        live_bytes: live.bytes,
        live_blocks: live.blocks,
        allocated_bytes: allocated.bytes,
        allocated_blocks: allocated.blocks,
        arena: tracer.and_then(|tracer| tracer.arena).map(|arena| Arena {
            arenas: arena.arenas,
            mapped: arena.mapped,
            in_use: arena.in_use,
            free: arena.free,
        }),
        modules: profile
            .modules
            .iter()
            .map(|module| Mapped {
                path: module.path.to_string_lossy(),
                build_id: module.build_id.as_deref(),
                start: module.start,
                end: module.end,
                bias: match module.base {
                    Base::Bias(bias) => bias,
                    Base::Offset(offset) => module.start.wrapping_sub(offset),
                },
            })
            .collect(),
        addresses,
    }
}

fn write(document: &Document<'_>, mut out: impl Write) -> io::Result<()> {
    serde_json::to_writer(&mut out, document)?;
    out.write_all(b"\n")?;
    out.flush()
}

/// The table of frames, each once; the first is the root.
#[derive(Default)]
struct Table {
    numbers: HashMap<String, u32>,
    texts: Vec<String>,
    addresses: Vec<u64>,
}

impl Table {
    fn number(&mut self, text: String, address: u64) -> u32 {
        if let Some(&number) = self.numbers.get(&text) {
            return number;
        }
        self.texts.push(text.clone());
        self.addresses.push(address);
        // The root stands before all others.
        let number = u32::try_from(self.texts.len()).unwrap_or(u32::MAX);
        self.numbers.insert(text, number);
        number
    }

    fn location(&mut self, location: &Location, profile: &HeapProfile) -> Vec<u32> {
        let address = location.address;
        if location.frames.is_empty() {
            if address == 0 && location.words.is_empty() {
                return Vec::new();
            }
            let place = match profile.module_at(address) {
                Some(module) => {
                    let name = module.path.file_name().map_or_else(|| "?".into(), |name| name.to_string_lossy());
                    format!("{name}+{:#x}", module.in_file(address))
                }
                None => location.words.clone(),
            };
            return vec![self.number(format!("{address:#x}: ??? ({place})"), address)];
        }
        location.frames.iter().map(|frame| self.number(text(address, frame), address)).collect()
    }

    fn texts(self) -> Vec<String> {
        std::iter::once("[root]".to_owned()).chain(self.texts).collect()
    }
}

fn text(address: u64, frame: &Frame) -> String {
    let function = &frame.function;
    match (frame.file.as_str(), frame.line) {
        ("", _) if frame.object.is_empty() => format!("{address:#x}: {function}"),
        ("", _) => format!("{address:#x}: {function} (in {})", frame.object),
        (file, line) => format!("{address:#x}: {function} ({file}:{line})"),
    }
}
