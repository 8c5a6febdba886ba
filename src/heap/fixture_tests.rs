//! Profiles that real tools wrote, and what is done to files on the way.

use std::io::Write as _;

use proptest::prelude::*;

use super::{Fault, HeapProfile, Maker, Programs, compare, rank, read_bytes, write_named};
use crate::domain::site::SiteState;

macro_rules! fixture {
    ($name:literal) => {
        (include_bytes!(concat!("../../tests/heap/", $name)).as_slice(), $name)
    };
}

fn profile((bytes, name): (&[u8], &str)) -> HeapProfile {
    read_bytes(bytes, name).unwrap()
}

fn fault(bytes: &[u8]) -> Fault {
    read_bytes(bytes, "x").unwrap_err().fault
}

fn valgrind() -> Vec<HeapProfile> {
    let files = [
        fixture!("valgrind-1000.json"),
        fixture!("valgrind-2000.json"),
        fixture!("valgrind-3000.json"),
        fixture!("valgrind-4000.json"),
    ];
    files.into_iter().map(profile).collect()
}

fn go() -> Vec<HeapProfile> {
    let files =
        [fixture!("go-2000.pb.gz"), fixture!("go-4000.pb.gz"), fixture!("go-6000.pb.gz"), fixture!("go-8000.pb.gz")];
    files.into_iter().map(profile).collect()
}

fn dhat() -> Vec<HeapProfile> {
    let files = [
        fixture!("dhat-1000.json"),
        fixture!("dhat-2000.json"),
        fixture!("dhat-3000.json"),
        fixture!("dhat-4000.json"),
    ];
    files.into_iter().map(profile).collect()
}

fn jemalloc() -> Vec<HeapProfile> {
    let files = [
        fixture!("jemalloc-2000.pb.gz"),
        fixture!("jemalloc-4000.pb.gz"),
        fixture!("jemalloc-6000.pb.gz"),
        fixture!("jemalloc-8000.pb.gz"),
    ];
    files.into_iter().map(profile).collect()
}

fn soak_heap() -> Vec<HeapProfile> {
    let files = [fixture!("soak-heap-1.json"), fixture!("soak-heap-2.json"), fixture!("soak-heap-3.json")];
    files.into_iter().map(profile).collect()
}

/// The one site that grows, and its bytes over the snapshots; and that the cache does not.
fn the_leak(profiles: Vec<HeapProfile>) -> (String, i64) {
    let growth = compare(profiles, Programs::MustAgree).unwrap().growth;
    let growing: Vec<_> = growth.of(SiteState::Growing).filter(|site| site.growth_bytes > 500_000).collect();
    assert_eq!(growing.len(), 1, "{growth:?}");
    let cache = growth.sites.iter().find(|site| site.stack.iter().any(|frame| frame.contains("put"))).unwrap();
    assert_eq!(cache.state, SiteState::TurningOver, "{cache:?}");
    (growing[0].stack.join(" <- "), growing[0].growth_bytes)
}

#[test]
fn the_leak_of_a_c_program_under_valgrind_is_told_from_its_cache() {
    assert_eq!(the_leak(valgrind()), ("buffer (leaky.c:12) <- leak (leaky.c:24)".to_owned(), 3000 * 1024));
    let ranking = rank(&valgrind()[3]).ranking;
    assert_eq!((ranking.live.bytes, ranking.live.blocks), (4000 * 1024 + (1 << 20), 4256));
    // Its arguments are not kept.
    assert_eq!(ranking.program.as_deref(), Some("./leaky-c"));
}

#[test]
fn the_leak_of_a_go_program_is_named_within_the_error_of_sampling() {
    let growth = compare(go(), Programs::MustAgree).unwrap().growth;
    let leak = growth.of(SiteState::Growing).next().unwrap();
    assert_eq!(leak.stack, ["main.leak (leaky/leaky.go:19)"], "{growth:?}");
    // 6000 turns of 4 KiB, seen at a mean of 64 KiB.
    let apart = (leak.growth_bytes - 6000 * 4096).abs() as f64;
    assert!(leak.error_bytes > 0.0 && apart < 4.0 * leak.error_bytes, "{leak:?}");
    let cache = growth.sites.iter().find(|site| site.stack[0].contains("put")).unwrap();
    assert_ne!(cache.state, SiteState::Growing, "{cache:?}");
    assert!(growth.notes.iter().any(|note| note.contains("sampled")), "{:?}", growth.notes);
}

#[test]
fn the_leak_of_a_rust_program_under_dhat_is_named() {
    let (site, bytes) = the_leak(dhat());
    assert_eq!((site.as_str(), bytes), ("leaky::leak (rs/src/main.rs:22)", 3000 * 1024));
}

#[test]
fn the_leak_of_a_program_under_jemalloc_is_placed_in_the_file_that_its_mapping_names() {
    let growth = compare(jemalloc(), Programs::MustAgree).unwrap().growth;
    let leak = growth.of(SiteState::Growing).next().unwrap();
    let is_placed = |frame: &String| frame.starts_with("??? (jemleak+0x");
    assert!(leak.stack.iter().any(is_placed), "{growth:?}");
    assert!(!leak.stack.iter().any(|frame| frame.contains("ld-linux")), "{leak:?}");
    // 6000 turns of 1 KiB, sampled at 4 KiB: some 1,500 blocks of each thousand turns are not seen.
    assert!((leak.growth_bytes - 6000 * 1024).abs() < 6000 * 1024 / 10, "{leak:?}");
    assert!(growth.notes.iter().any(|note| note.contains("bytes and no blocks")), "{:?}", growth.notes);
}

#[test]
fn a_snapshot_of_addresses_is_compared_by_module_and_offset() {
    let growth = compare(soak_heap(), Programs::MustAgree).unwrap().growth;
    let leak = growth.of(SiteState::Growing).next().unwrap();
    assert_eq!(leak.stack[0], "??? (leaky+0x253af)");
    assert_eq!((growth.along, leak.growth_bytes, leak.growth_blocks), ("time", 2000 * 1024, 2000));
    // The ring of 256 blocks of 4 KiB.
    let turning: Vec<u64> = growth.of(SiteState::TurningOver).map(|site| site.live[2].bytes).collect();
    assert!(turning.contains(&(1 << 20)), "{growth:?}");
}

#[test]
fn a_named_snapshot_reads_back_as_it_was() {
    let before = soak_heap().remove(0);
    let mut written = Vec::new();
    write_named(&before, &mut written).unwrap();
    let after = read_bytes(&written, &before.source).unwrap();
    assert_eq!(rank(&after).ranking, rank(&before).ranking);
    assert_eq!((after.maker, &after.tracer, &after.modules), (Maker::SoakHeap, &before.tracer, &before.modules));
}

#[test]
fn growth_is_written_as_a_dhat_file_of_its_own() {
    let compared = compare(dhat(), Programs::MustAgree).unwrap();
    let mut written = Vec::new();
    compared.write_dhat(&mut written).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&written).unwrap();
    assert_eq!((&json["dhatFileVersion"], &json["verb"], &json["bklt"]), (&2.into(), &"Grew".into(), &false.into()));
    let ranking = rank(&read_bytes(&written, "growth.json").unwrap()).ranking;
    assert_eq!(ranking.sites[0].live.bytes, 3000 * 1024);
    assert!(compared.folded().contains("leaky::leak (rs/src/main.rs:22) 3072000"), "{}", compared.folded());
}

#[test]
fn profiles_of_different_programs_are_not_compared_unless_asked() {
    let mixed = || vec![valgrind().remove(0), dhat().remove(0)];
    let refused = compare(mixed(), Programs::MustAgree).unwrap_err().to_string();
    assert!(refused.contains("leaky-c") && refused.contains("--force"), "{refused}");
    assert!(compare(mixed(), Programs::MayDiffer).is_ok());
    let mut builds = soak_heap();
    builds[1].build_id = Some("ff".into());
    assert!(compare(builds, Programs::MustAgree).unwrap_err().to_string().contains("different builds"));
    assert!(compare(vec![dhat().remove(0)], Programs::MustAgree).is_err());
}

#[test]
fn a_file_that_was_cut_off_is_said_so_wherever_it_was() {
    for (bytes, _) in [fixture!("dhat-1000.json"), fixture!("valgrind-1000.json"), fixture!("go-2000.pb.gz")] {
        for kept in [65, bytes.len() / 2, bytes.len() - 20] {
            let fault = fault(&bytes[..kept]);
            assert!(matches!(fault, Fault::Truncated), "{kept}: {fault}");
        }
    }
    assert!(matches!(fault(b""), Fault::Empty));
}

#[test]
fn foreign_files_are_named_for_what_they_are() {
    for (bytes, words) in [
        (b"\x7fELF\x02".as_slice(), "a program"),
        (b"\x28\xb5\x2f\xfd...", "heaptrack"),
        (b"heap profile: 1: 2", "gperftools"),
        (b"heap_v2/524288", "jemalloc"),
        (b"t,value\n1,2\n", "no known format"),
        (b"{\"a\":1}", "dhatFileVersion"),
        (b"{\"dhatFileVersion\":2}", "pps"),
        (b"{\"dhatFileVersion\":3,\"pps\":7}", "newer soak"),
        (b"{\"dhatFileVersion\":2,\"mode\":\"ad-hoc\",\"pps\":[],\"ftbl\":[]}", "ad-hoc"),
        (b"{\"dhatFileVersion\":2,\"mode\":\"heap\",\"pps\":[{\"fs\":[9]}],\"ftbl\":[\"[root]\"]}", "frame 9"),
        (
            b"{\"dhatFileVersion\":2,\"pps\":[{\"fs\":[18446744073709551615]}],\"ftbl\":[]}",
            "frame 18446744073709551615",
        ),
        (b"{\"dhatFileVersion\":2,\"pps\":[{\"tb\":-1,\"fs\":[]}],\"ftbl\":[]}", "line 1, column"),
        (b"{\"dhatFileVersion\":2,\"soakHeap\":{\"version\":2}}", "newer soak"),
        (b"{\"x\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", "deeper"),
    ] {
        let error = read_bytes(bytes, "some.file").unwrap_err().to_string();
        assert!(error.starts_with("some.file: ") && error.contains(words), "{words}: {error}");
        assert_eq!(error.lines().count(), 1);
    }
}

/// A message of a pprof profile from its fields.
fn message(fields: &[(u8, &[u8])]) -> Vec<u8> {
    let mut message = Vec::new();
    for (number, bytes) in fields {
        message.extend([number << 3 | 2, u8::try_from(bytes.len()).unwrap()]);
        message.extend(*bytes);
    }
    message
}

#[test]
fn a_profile_of_something_else_and_a_location_that_is_not_there_are_refused() {
    let cpu = message(&[(1, &[8, 1, 16, 2]), (6, b""), (6, b"cpu"), (6, b"nanoseconds")]);
    assert!(fault(&cpu).to_string().contains("a profile of cpu"), "{}", fault(&cpu));
    let lost = message(&[(1, &[8, 1]), (2, &[10, 1, 7, 18, 1, 9]), (6, b""), (6, b"inuse_space")]);
    assert!(matches!(fault(&lost), Fault::NoSuchFrame { index: 7, .. }), "{}", fault(&lost));
}

fn packed(bytes: &[u8], times: usize) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..times {
        packer.write_all(bytes).unwrap();
    }
    packer.finish().unwrap()
}

#[test]
fn a_packed_dhat_file_is_read_and_a_bomb_is_not() {
    let (bytes, name) = fixture!("dhat-1000.json");
    assert_eq!(rank(&read_bytes(&packed(bytes, 1), name).unwrap()).ranking, rank(&profile((bytes, name))).ranking);
    // 300 MiB of one byte as a string of a profile, in 300 KiB.
    let bomb = packed(&[&[0x32, 0x80, 0x80, 0x80, 0x08][..], &vec![0; (1 << 24) - 5]].concat(), 20);
    assert!(bomb.len() < 1 << 20 && matches!(fault(&bomb), Fault::TooMuch { .. }), "{}", fault(&bomb));
    let twice = packed(&packed(bytes, 1), 1);
    assert!(fault(&twice).to_string().contains("packed twice"));
    let mut damaged = packed(bytes, 1);
    let middle = damaged.len() / 2;
    damaged[middle..].fill(0xff);
    assert!(matches!(fault(&damaged), Fault::Gzip(_) | Fault::Truncated | Fault::Json { .. }), "{}", fault(&damaged));
}

proptest! {
    #[test]
    fn no_bytes_make_a_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = read_bytes(&bytes, "x");
        let mut pprof = vec![0x0a, 0x04, 0x08, 0x01, 0x10, 0x02];
        pprof.extend(&bytes);
        let _ = read_bytes(&pprof, "x");
    }

    #[test]
    fn no_damage_to_a_real_file_makes_a_reader_panic(at in any::<prop::sample::Index>(), byte in any::<u8>(), which in 0_usize..3) {
        let unpacked = |(bytes, _): (&[u8], &str)| {
            let mut out = Vec::new();
            std::io::Read::read_to_end(&mut flate2::read::MultiGzDecoder::new(bytes), &mut out).unwrap();
            out
        };
        let mut bytes = match which {
            0 => fixture!("valgrind-1000.json").0.to_vec(),
            1 => fixture!("soak-heap-1.json").0.to_vec(),
            _ => unpacked(fixture!("go-2000.pb.gz")),
        };
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(profile) = read_bytes(&bytes, "x") {
            let _ = rank(&profile);
            let _ = compare(vec![profile.clone(), profile], Programs::MustAgree);
        }
    }
}
