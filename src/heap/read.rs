//! The way in: a file becomes a profile, by what stands in it and not by its name.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use super::error::{Fault, HeapError};
use super::profile::HeapProfile;
use super::{dhat, pprof};

/// Bytes of a pprof message at most, unpacked; a large Go server's has some ten million.
const MESSAGE: u64 = 256 << 20;
/// Bytes of packed JSON at most, unpacked: a few megabytes of gzip can become terabytes.
const PACKED_JSON: u64 = 8 << 30;
/// What is looked at to tell what a file is.
const HEAD: usize = 64;

/// Reads a heap profile of whichever known format: DHAT JSON (the dhat crate, Valgrind, soak-heap) or pprof, each also
/// packed with gzip.
///
/// # Errors
/// Where the file cannot be read or is no heap profile: the message names the file and what to do.
pub fn read(path: &Path) -> Result<HeapProfile, HeapError> {
    let input = path.display().to_string();
    let profile = open(path).and_then(|file| profile_of(BufReader::with_capacity(1 << 16, file)));
    named(profile, input)
}

/// Reads a heap profile from bytes; `input` names it in messages.
///
/// # Errors
/// As [`read`].
pub fn read_bytes(bytes: &[u8], input: &str) -> Result<HeapProfile, HeapError> {
    named(profile_of(bytes), input.to_owned())
}

fn named(profile: Result<HeapProfile, Fault>, input: String) -> Result<HeapProfile, HeapError> {
    match profile {
        Ok(profile) => Ok(HeapProfile { source: input, ..profile }),
        Err(fault) => Err(HeapError { input, fault }),
    }
}

fn open(path: &Path) -> Result<File, Fault> {
    let file = File::open(path).map_err(Fault::Open)?;
    let is_folder = file.metadata().map_err(Fault::Open)?.is_dir();
    if is_folder { Err(Fault::Open(io::Error::from(io::ErrorKind::IsADirectory))) } else { Ok(file) }
}

fn profile_of(mut reader: impl BufRead) -> Result<HeapProfile, Fault> {
    let head = head(&mut reader)?;
    let whole = Cursor::new(head.clone()).chain(reader);
    match Kind::of(&head)? {
        Kind::Json => dhat::read(whole),
        Kind::Pprof => pprof::read(&message(whole)?),
        Kind::Gzip => unpacked(whole),
    }
}

fn unpacked(packed: impl BufRead) -> Result<HeapProfile, Fault> {
    let mut unpacked = BufReader::new(MultiGzDecoder::new(packed));
    let head = head(&mut unpacked).map_err(gzip_fault)?;
    let whole = Cursor::new(head.clone()).chain(unpacked);
    match Kind::of(&head)? {
        Kind::Json => {
            // A stream that was cut off is told from damage by the kind of its error, as for a plain file.
            let mut bounded = whole.take(PACKED_JSON);
            let profile = dhat::read(&mut bounded);
            match profile {
                Err(Fault::Truncated) if bounded.limit() == 0 => {
                    Err(Fault::TooMuch { what: "bytes when unpacked", limit: PACKED_JSON as usize })
                }
                Err(fault) => Err(gzip_fault(fault)),
                profile => profile,
            }
        }
        Kind::Pprof => message(whole).map_err(gzip_fault).and_then(|message| pprof::read(&message)),
        Kind::Gzip => Err(Fault::Foreign { what: "packed twice with gzip", remedy: "unpack it once with gunzip" }),
    }
}

fn gzip_fault(fault: Fault) -> Fault {
    match fault {
        Fault::Read(error) if error.kind() == io::ErrorKind::UnexpectedEof => Fault::Truncated,
        Fault::Read(error) => Fault::Gzip(error),
        fault => fault,
    }
}

fn head(reader: &mut impl Read) -> Result<Vec<u8>, Fault> {
    let mut head = Vec::with_capacity(HEAD);
    reader.take(HEAD as u64).read_to_end(&mut head).map_err(Fault::Read)?;
    Ok(head)
}

fn message(reader: impl Read) -> Result<Vec<u8>, Fault> {
    let mut message = Vec::new();
    reader.take(MESSAGE + 1).read_to_end(&mut message).map_err(Fault::Read)?;
    if message.len() as u64 > MESSAGE {
        return Err(Fault::TooMuch { what: "bytes when unpacked", limit: MESSAGE as usize });
    }
    Ok(message)
}

enum Kind {
    Json,
    Pprof,
    Gzip,
}

impl Kind {
    fn of(head: &[u8]) -> Result<Self, Fault> {
        let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
        let is_binary = head.iter().any(|byte| byte.is_ascii_control() && !byte.is_ascii_whitespace());
        let foreign = |what, remedy| Err(Fault::Foreign { what, remedy });
        match head {
            [] => Err(Fault::Empty),
            [0x1f, 0x8b, ..] => Ok(Self::Gzip),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => {
                foreign("packed with zstd, as heaptrack writes it", "of heaptrack's files use heaptrack_print")
            }
            [0x7f, b'E', b'L', b'F', ..] => foreign("a program", "give the profile that it wrote"),
            _ if text.starts_with(b"{") => Ok(Self::Json),
            _ if text.starts_with(b"heap profile:") => {
                foreign("gperftools' text", "convert it with `pprof -proto PROGRAM FILE > FILE.pb.gz`")
            }
            _ if text.starts_with(b"heap_v2/") => {
                foreign("jemalloc's text", "convert it with the crate jemalloc_pprof, or read it with jeprof")
            }
            _ if text.starts_with(b"desc:") => foreign("a massif file", "take the profile with `valgrind --tool=dhat`"),
            _ if text.starts_with(b"--- ") || text.starts_with(b"[") || text.starts_with(b"<") => {
                foreign("another kind of text", "give the file as the profiler wrote it")
            }
            // Any field of a profile may come first; Go's writers begin with the kind of the period.
            [0x0a | 0x12 | 0x1a | 0x22 | 0x2a | 0x32 | 0x48 | 0x50 | 0x5a | 0x60 | 0x68 | 0x6a | 0x70, ..]
                if is_binary =>
            {
                Ok(Self::Pprof)
            }
            _ => foreign("of no known format", "give the file as the profiler wrote it"),
        }
    }
}
