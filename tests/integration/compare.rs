//! Runs beside each other, and the list of them.

use std::fs;
use std::path::Path;

use crate::soak::{Answer, Soak};

/// A table of memory under a name: flat at so many megabytes, with a rise of so much a row.
fn table(megabytes: f64, rise: f64) -> String {
    let row = |at: u32| {
        let wobble = f64::from(at * 7919 % 13) * 4096.0;
        let value = (megabytes * 1e6 + f64::from(at) * rise + wobble) as u64 / 4096 * 4096;
        format!("{at},{value},{}", 12)
    };
    let rows: Vec<String> = (0..600).map(row).collect();
    format!("elapsed_s,rss_anon_bytes,fds\n{}\n", rows.join("\n"))
}

fn compare(args: &[&str]) -> Answer {
    Soak::new(["compare"])
        .args(args)
        .file("base.csv", &table(50.0, 0.0))
        .file("same.csv", &table(50.2, 0.0))
        .file("leaks.csv", &table(50.0, 20_000.0))
        .run()
}

#[test]
fn a_leak_that_is_new_fails_the_gate_and_another_run_passes() {
    let passed = compare(&["base.csv", "same.csv"]);
    assert_eq!(passed.code, 0, "{}{}", passed.out, passed.err);
    assert!(passed.out.contains("\nNO REGRESSION SHOWN: "), "{}", passed.out);
    let failed = compare(&["base.csv", "leaks.csv"]);
    assert_eq!(failed.code, 1, "{}{}", failed.out, failed.err);
    assert!(failed.out.contains("steady before, it grows now"), "{}", failed.out);
    let fixed = compare(&["leaks.csv", "base.csv", "--json"]);
    assert_eq!((fixed.code, fixed.json()["verdict"].as_str()), (0, Some("no regression shown")));
    let markdown = compare(&["base.csv", "same.csv", "leaks.csv", "--format", "md"]);
    assert!(markdown.code == 1 && markdown.out.starts_with("### soak: regression"), "{}", markdown.out);
}

#[test]
fn the_example_beside_itself_does_not_differ() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("output/example");
    let example = example.to_str().unwrap();
    let answer = Soak::new(["compare", example, example]).run();
    assert_eq!(answer.code, 0, "{}{}", answer.out, answer.err);
    assert!(!answer.out.contains("\nWORSE"), "{}", answer.out);
}

#[test]
fn what_cannot_be_compared_is_one_clear_line_and_code_2() {
    let example =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("output/example/record.jsonl")).unwrap();
    let newer = &example.replacen(r#""format":1"#, r#""format":99"#, 1);
    for (args, part) in [
        (&["base.csv"][..], "CANDIDATE"),
        (&["base.csv", "nope"], "nope"),
        (&["base.csv", "."], "record.jsonl"),
        (&["-", "-"], "standard input"),
        (&["base.csv", "same.csv", "--tolerance", "much"], "10%"),
        (&["base.csv", "same.csv", "--tolerance", "nope=5%"], "nope"),
        (&["base.csv", "newer.jsonl"], "99"),
    ] {
        let mut soak = Soak::new(["compare"])
            .args(args)
            .file("base.csv", &table(50.0, 0.0))
            .file("same.csv", &table(50.0, 0.0))
            .file("newer.jsonl", newer);
        let answer = soak.run();
        assert_eq!((answer.code, answer.out.as_str()), (2, ""), "{args:?}: {}", answer.err);
        assert!(answer.err.contains(part), "{args:?}: {}", answer.err);
    }
}

#[test]
fn a_run_is_labelled_and_the_history_lists_it_among_broken_ones() {
    let mut soak = Soak::new(["--label", "release 1.2", "--duration", "2s", "--interval", "50ms", "--quiet"])
        .args(["--", "sleep", "60"]);
    soak.run();
    let output = soak.folder().join("output");
    let run = soak.run_folder();
    let record = fs::read_to_string(run.join("record.jsonl")).unwrap();
    assert!(record.lines().next().unwrap().contains(r#""label":"release 1.2""#), "{record}");
    let half = output.join("2020-01-01T00-00-00Z-half-1");
    fs::create_dir(&half).unwrap();
    fs::write(half.join("record.jsonl"), &record[..100]).unwrap();
    fs::create_dir(output.join("2030-01-01T00-00-00Z-empty-1")).unwrap();

    let answer = Soak::new(["history", output.to_str().unwrap()]).run();
    assert_eq!(answer.code, 0, "{}", answer.err);
    let lines: Vec<&str> = answer.out.lines().collect();
    assert_eq!(lines.len(), 4, "{}", answer.out);
    assert!(lines[1].starts_with("2020-01-01") && lines[1].contains("not the header"), "{}", answer.out);
    assert!(lines[2].contains("release 1.2") && lines[2].contains("sleep"), "{}", answer.out);
    assert!(lines[3].starts_with("2030-01-01") && lines[3].contains("cannot be read"), "{}", answer.out);
    let json = Soak::new(["history", output.to_str().unwrap(), "--json"]).run();
    let entries: Vec<serde_json::Value> = json.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(entries[1]["label"], "release 1.2");
    assert!(entries[0]["broken"].is_string());
}

#[test]
fn a_history_of_nothing_says_what_to_do() {
    for (args, part) in [(&["history", "nope"][..], "nope"), (&["history", "."], "holds no runs")] {
        let answer = Soak::new(args).run();
        assert_eq!((answer.code, answer.out.as_str()), (2, ""), "{args:?}: {}", answer.err);
        assert!(answer.err.contains(part), "{args:?}: {}", answer.err);
    }
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("output/example");
    let answer = Soak::new(["history", example.to_str().unwrap()]).run();
    assert!(answer.code == 2 && answer.err.contains("a single run"), "{}", answer.err);
}
