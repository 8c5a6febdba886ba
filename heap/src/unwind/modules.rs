//! The mapped files of this process, as its loader knows them: where their code lies, their unwind tables, their build
//! ids. Takes the loader's lock and allocates: never in a hook.

use std::ffi::{CStr, OsStr};
use std::ops::{Deref, Range};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::Code;

/// A mapped file.
#[derive(Debug, Clone)]
pub(crate) struct Loaded {
    pub(crate) path: PathBuf,
    pub(crate) build_id: Option<String>,
    pub(crate) start: u64,
    pub(crate) end: u64,
    /// What addresses in memory are above those in the file.
    pub(crate) bias: u64,
    /// From its first executable byte to behind its last.
    pub(crate) code: Range<u64>,
    /// Where the first executable byte stands in the file.
    pub(crate) code_offset: u64,
    pub(crate) unwind: Option<Unwind>,
}

/// The unwind tables of a file: `.eh_frame_hdr`, which is sorted, and `.eh_frame`, to which it points. Addresses are those
/// in the file.
#[derive(Debug, Clone)]
pub(crate) struct Unwind {
    pub(crate) header_at: Range<u64>,
    pub(crate) header: Bytes,
    pub(crate) frames_at: Range<u64>,
    pub(crate) frames: Bytes,
}

impl Unwind {
    /// Bytes of copies.
    pub(crate) fn owned(&self) -> usize {
        [&self.header, &self.frames].iter().map(|bytes| if let Bytes::Own(own) = bytes { own.len() } else { 0 }).sum()
    }
}

/// Bytes of a mapped file. Those of the program itself stay mapped; those of a library are copied, because `dlclose` may
/// unmap it while a hook reads.
#[derive(Debug, Clone)]
pub(crate) enum Bytes {
    Mapped(&'static [u8]),
    Own(Arc<[u8]>),
}

impl Default for Bytes {
    fn default() -> Self {
        Self::Mapped(&[])
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Mapped(bytes) => bytes,
            Self::Own(bytes) => bytes,
        }
    }
}

/// All mapped files, if one came or went since `code` last asked.
pub(super) fn changed(code: &Code) -> Option<Vec<Loaded>> {
    let mut counted = [0_u64; 2];
    each(&mut |info| {
        // The program itself counts as one, so this is never what `code` begins with.
        counted = [info.dlpi_adds, info.dlpi_subs];
        Walk::Stop
    });
    let before: Vec<u64> = code.seen.iter().map(|seen| seen.load(Ordering::Relaxed)).collect();
    if before == counted {
        return None;
    }
    let loaded = all();
    for (seen, count) in code.seen.iter().zip(counted) {
        seen.store(count, Ordering::Relaxed);
    }
    Some(loaded)
}

/// All mapped files, the program itself first.
pub(crate) fn all() -> Vec<Loaded> {
    let mut loaded = Vec::new();
    each(&mut |info| {
        loaded.extend(read(info, loaded.is_empty()));
        Walk::On
    });
    loaded
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Walk {
    On,
    Stop,
}

#[cfg(not(miri))]
fn each(show: &mut dyn FnMut(&libc::dl_phdr_info) -> Walk) {
    use std::ffi::{c_int, c_void};

    unsafe extern "C" fn callback(info: *mut libc::dl_phdr_info, _bytes: usize, data: *mut c_void) -> c_int {
        // SAFETY: `data` is the `show` that `each` passed and still borrows; the loader calls back on the same thread.
        let show = unsafe { &mut *data.cast::<&mut dyn FnMut(&libc::dl_phdr_info) -> Walk>() };
        // SAFETY: the loader passes a description that is valid during the call.
        c_int::from(show(unsafe { &*info }) == Walk::Stop)
    }
    let mut show = show;
    // SAFETY: `callback` takes what is passed here, and `show` outlives the call.
    unsafe { libc::dl_iterate_phdr(Some(callback), (&raw mut show).cast::<c_void>()) };
}

#[cfg(miri)]
fn each(_show: &mut dyn FnMut(&libc::dl_phdr_info) -> Walk) {}

fn read(info: &libc::dl_phdr_info, is_the_program: bool) -> Option<Loaded> {
    // SAFETY: the loader's name is a C string that lives as long as the description.
    let name = (!info.dlpi_name.is_null()).then(|| unsafe { CStr::from_ptr(info.dlpi_name) });
    let name = name.map_or(&[][..], CStr::to_bytes);
    let path = if is_the_program {
        std::fs::read_link("/proc/self/exe").unwrap_or_else(|_| PathBuf::from(OsStr::from_bytes(name)))
    } else if name.starts_with(b"/") {
        PathBuf::from(OsStr::from_bytes(name))
    } else {
        // The kernel's own page; there is no file of it, and nothing in it allocates.
        return None;
    };
    if info.dlpi_phdr.is_null() {
        return None;
    }
    // SAFETY: the loader says where the program headers are and how many; they are mapped with the file.
    let headers = unsafe { std::slice::from_raw_parts(info.dlpi_phdr, usize::from(info.dlpi_phnum)) };
    let bias = info.dlpi_addr;
    let of = |header: &libc::Elf64_Phdr| header.p_vaddr..header.p_vaddr + header.p_memsz;
    let loads = || headers.iter().filter(|header| header.p_type == libc::PT_LOAD);
    let executable = || loads().filter(|header| header.p_flags & libc::PF_X != 0);
    let span =
        |ranges: &mut dyn Iterator<Item = Range<u64>>| ranges.reduce(|a, b| a.start.min(b.start)..a.end.max(b.end));
    let all = span(&mut loads().map(of))?;
    let code = span(&mut executable().map(of)).unwrap_or(0..0);
    let moved = |range: Range<u64>| range.start.wrapping_add(bias)..range.end.wrapping_add(bias);
    // Only what a readable segment holds is read: headers of a damaged file may point anywhere.
    let readable = |range: Range<u64>| -> Option<&'static [u8]> {
        let mut segments = loads().filter(|header| header.p_flags & libc::PF_R != 0).map(of);
        segments.any(|segment| segment.start <= range.start && range.end <= segment.end).then(|| {
            let at = range.start.wrapping_add(bias) as usize as *const u8;
            // SAFETY: the range lies in a segment that the loader mapped readable. It is called `'static`, but whoever
            // keeps bytes of a library copies them before the loader's lock is released.
            unsafe { std::slice::from_raw_parts(at, (range.end - range.start) as usize) }
        })
    };
    let segment_end = |at: u64| loads().map(of).find(|segment| segment.contains(&at)).map(|segment| segment.end);
    let build_id = headers
        .iter()
        .filter(|header| header.p_type == libc::PT_NOTE)
        .filter_map(|header| readable(of(header)))
        .find_map(build_id);
    let unwind = headers.iter().find(|header| header.p_type == libc::PT_GNU_EH_FRAME).and_then(|header| {
        let header_at = of(header);
        let header = readable(header_at.clone())?;
        let start = frames_start(header, header_at.start)?;
        let frames_at = start..segment_end(start)?;
        let frames = readable(frames_at.clone())?;
        let keep = |bytes: &'static [u8]| if is_the_program { Bytes::Mapped(bytes) } else { Bytes::Own(bytes.into()) };
        Some(Unwind { header_at, header: keep(header), frames_at, frames: keep(frames) })
    });
    let code_offset = executable().map(|header| header.p_offset).min().unwrap_or(0);
    let (all, code) = (moved(all), if code.is_empty() { 0..0 } else { moved(code) });
    Some(Loaded { path, build_id, start: all.start, end: all.end, bias, code, code_offset, unwind })
}

/// Where `.eh_frame` begins, by the start of `.eh_frame_hdr`, which linkers write in one form: the version, three
/// encodings, and a distance of four signed bytes from itself.
fn frames_start(header: &[u8], header_at: u64) -> Option<u64> {
    const PC_RELATIVE_SIGNED_4: u8 = 0x1B;
    let distance: [u8; 4] = header.get(4..8)?.try_into().ok()?;
    (header[..2] == [1, PC_RELATIVE_SIGNED_4])
        .then(|| (header_at + 4).wrapping_add_signed(i64::from(i32::from_ne_bytes(distance))))
}

/// The build id among the notes of a file.
fn build_id(mut notes: &[u8]) -> Option<String> {
    const GNU: &[u8] = b"GNU\0";
    const BUILD_ID: u32 = 3;
    let number = |bytes: &[u8], at: usize| Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    loop {
        let (name, text, kind) = (number(notes, 0)? as usize, number(notes, 4)? as usize, number(notes, 8)?);
        let text_at = 12 + name.checked_next_multiple_of(4)?;
        let text_end = text_at.checked_add(text)?;
        if kind == BUILD_ID && notes.get(12..12 + name)? == GNU {
            let nibbles = notes.get(text_at..text_end)?.iter().flat_map(|byte| [byte >> 4, byte & 15]);
            return nibbles.map(|nibble| char::from_digit(u32::from(nibble), 16)).collect();
        }
        notes = notes.get(text_end.checked_next_multiple_of(4)?..)?;
    }
}
