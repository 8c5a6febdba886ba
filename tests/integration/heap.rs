//! `soak heap` on profiles that real tools wrote, and the heap in the report of a run.

use std::fs;
use std::path::{Path, PathBuf};

use crate::soak::{Answer, Soak};

fn fixture(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/heap").join(name).to_str().unwrap().to_owned()
}

fn diff(files: &[&str], args: &[&str]) -> Answer {
    let files = files.iter().map(|name| fixture(name));
    Soak::new(["heap", "diff"]).args(files).args(args).run()
}

fn refused(answer: &Answer, words: &[&str]) {
    assert_eq!((answer.code, answer.out.as_str(), answer.err.trim_end().lines().count()), (2, "", 1), "{}", answer.err);
    for word in words {
        assert!(answer.err.contains(word), "lacks '{word}': {}", answer.err);
    }
}

const VALGRIND: [&str; 3] = ["valgrind-1000.json", "valgrind-2000.json", "valgrind-3000.json"];
const GO: [&str; 3] = ["go-2000.pb.gz", "go-4000.pb.gz", "go-6000.pb.gz"];

#[test]
fn the_leaks_of_a_c_and_a_go_program_are_named_and_fail_a_gate() {
    for (files, leak) in [(VALGRIND, "leak (leaky.c:24)"), (GO, "main.leak (leaky/leaky.go:19)")] {
        let answer = diff(&files, &["--json"]);
        assert_eq!(answer.code, 1, "{}{}", answer.out, answer.err);
        let site = &answer.json()["sites"][0];
        assert_eq!(site["state"], "growing", "{site}");
        assert_eq!(site["stack"].as_array().unwrap().last().unwrap(), leak, "{site}");
        assert!(diff(&files, &[]).out.contains(leak));
    }
}

#[test]
fn two_snapshots_are_inconclusive_and_a_cache_alone_is_steady() {
    let two = diff(&VALGRIND[..2], &[]);
    assert_eq!(two.code, 3, "{}", two.out);
    assert!(two.out.contains("two snapshots cannot tell"), "{}", two.out);
    let same = diff(&[VALGRIND[0]; 3], &[]);
    assert_eq!(same.code, 0, "{}", same.out);
}

#[test]
fn what_is_live_is_ranked_and_drawn() {
    let mut soak = Soak::new(["heap", "--flame", "live.svg", "--folded", "live.txt"]).args([fixture("go-8000.pb.gz")]);
    let answer = soak.run();
    assert_eq!(answer.code, 0, "{}", answer.err);
    assert!(answer.out.contains("main.leak") && answer.out.contains('±'), "{}", answer.out);
    let svg = fs::read_to_string(soak.folder().join("live.svg")).unwrap();
    assert!(svg.starts_with("<svg") && svg.contains("main.leak"));
    assert!(fs::read_to_string(soak.folder().join("live.txt")).unwrap().contains("main.main"));
}

#[test]
fn growth_becomes_a_dhat_file_that_is_read_again() {
    let mut soak = Soak::new(["heap", "diff", "--dhat-out", "growth.json"]).args(VALGRIND.map(fixture));
    assert_eq!(soak.run().code, 1);
    let growth = soak.folder().join("growth.json");
    let ranked = Soak::new(["heap", "--json", growth.to_str().unwrap()]).run();
    assert_eq!(ranked.json()["live"]["bytes"], 2000 * 1024, "{}", ranked.out);
}

#[test]
fn what_is_no_profile_or_of_another_program_is_refused_in_one_line() {
    refused(&diff(&["valgrind-1000.json", "dhat-1000.json"], &[]), &["leaky-c", "--force"]);
    refused(&diff(&["valgrind-1000.json"], &[]), &["two of one program"]);
    refused(&Soak::new(["heap", "no-such.json"]).run(), &["no-such.json"]);
    refused(&Soak::new(["heap", "a.csv"]).file("a.csv", "t,value\n0,1\n").run(), &["a.csv", "not a heap profile"]);
    refused(
        &Soak::new(["heap", "cut.json"]).file("cut.json", "{\"dhatFileVersion\":2,\"pps\":[").run(),
        &["cut.json", "ends in the middle"],
    );
    refused(&Soak::new(["heap", "diff", "."]).run(), &["heap-001.json", "soak-heap"]);
    refused(&Soak::new(["heap", "--flame", "/proc/x.svg"]).args([fixture("go-2000.pb.gz")]).run(), &["/proc/x.svg"]);
}

#[test]
fn one_bad_file_costs_none_of_the_others() {
    let answer = Soak::new(["heap", "bad.json"]).file("bad.json", "").args([fixture("dhat-1000.json")]).run();
    assert_eq!(answer.code, 2);
    assert!(answer.out.contains("leaky::leak") && answer.err.contains("bad.json"), "{}{}", answer.out, answer.err);
}

/// A short run with three snapshots laid into its folder, as a run with soak-heap leaves them.
fn run_with_snapshots() -> (Soak, PathBuf) {
    let mut soak = Soak::new(["demo", "--json", "--duration", "2s"]);
    soak.run();
    let folder = soak.run_folder();
    for number in 1..=3 {
        fs::copy(fixture(&format!("soak-heap-{number}.json")), folder.join(format!("heap-00{number}.json"))).unwrap();
    }
    (soak, folder)
}

#[test]
fn the_report_of_a_run_names_the_site_that_grows() {
    let (_soak, folder) = run_with_snapshots();
    let report = |format: &str| Soak::new(["report", folder.to_str().unwrap(), "--format", format]).run();
    for format in ["text", "md", "html"] {
        let answer = report(format);
        assert!(answer.out.contains("leaky+0x253af"), "{format}: {}{}", answer.out, answer.err);
    }
    let page = report("html").out;
    assert!(page.contains("id=\"heap\"") && page.contains("Flame graph of the heap"));
    let json = report("json").json();
    assert_eq!(json["heap"]["growth"]["sites"][0]["state"], "growing", "{}", json["heap"]);
    assert_eq!(json["heap"]["split"]["parts"].as_array().unwrap().len(), 7, "{}", json["heap"]);
    let published = serde_json::from_str(include_str!("../../docs/report.schema.json")).unwrap();
    let (mut known, mut compiler) = (boon::Schemas::new(), boon::Compiler::new());
    compiler.add_resource("report.json", published).unwrap();
    let schema = compiler.compile("report.json", &mut known).unwrap();
    known.validate(&json, schema).unwrap_or_else(|error| panic!("{error}"));
    let diff = Soak::new(["heap", "diff", folder.to_str().unwrap()]).run();
    assert_eq!(diff.code, 1, "{}{}", diff.out, diff.err);
}

#[test]
fn a_snapshot_that_cannot_be_read_costs_the_heap_and_not_the_report() {
    let (_soak, folder) = run_with_snapshots();
    fs::write(folder.join("heap-002.json"), "{").unwrap();
    let answer = Soak::new(["report", folder.to_str().unwrap(), "--format", "json"]).run();
    assert_eq!(answer.code, 0, "{}", answer.err);
    assert!(answer.json().get("heap").is_none() && answer.err.contains("heap-002.json"), "{}", answer.err);
}
