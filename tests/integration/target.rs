//! Targets that end, in every way in which they do: the run is judged on what there is, and the cause is named.

use crate::soak::Soak;

fn summary_of(script: &str) -> (i32, String) {
    let answer = Soak::new(["--interval", "20ms", "--duration", "60s", "--", "sh", "-c", script]).run();
    (answer.code, answer.out + &answer.err)
}

#[test]
fn an_exit_is_named_with_its_code() {
    let (code, said) = summary_of("sleep 0.5; exit 7");
    assert!(said.contains("exited with code 7"), "{said}");
    assert_eq!(code, 3, "{said}");
}

#[test]
fn a_signal_is_named() {
    let (code, said) = summary_of("sleep 0.5; kill -SEGV $$");
    assert!(said.contains("SIGSEGV"), "{said}");
    assert_eq!(code, 3, "{said}");
}

#[test]
fn a_target_that_soak_started_is_stopped_at_the_end() {
    let mut soak = Soak::new(["--json", "--duration", "1s", "--interval", "50ms", "--", "sleep", "600"]);
    let answer = soak.run();
    let record = std::fs::read_to_string(soak.run_folder().join("record.jsonl")).unwrap();
    let header: serde_json::Value = serde_json::from_str(record.lines().next().unwrap()).unwrap();
    let pid = header["target"]["pid"].as_u64().unwrap();
    assert!(!std::path::Path::new(&format!("/proc/{pid}")).exists(), "{}", answer.err);
}

#[test]
fn a_run_that_is_too_short_is_inconclusive() {
    let answer = Soak::new(["--json", "--duration", "200ms", "--interval", "50ms", "--", "sleep", "60"]).run();
    assert_eq!(answer.code, 3, "{}", answer.err);
    assert_eq!(answer.json()["verdict"], "inconclusive");
}

#[test]
fn a_ceiling_ends_the_run_and_fails_it() {
    let mut soak =
        Soak::new(["--abort-on", "fds > 0", "--duration", "60s", "--interval", "50ms", "--", "sleep", "600"]);
    let answer = soak.run();
    assert_eq!(answer.code, 1, "{}{}", answer.out, answer.err);
    assert!(answer.out.contains("CEILING CROSSED: File descriptors reached"), "{}", answer.out);
    let again = Soak::new(["analyze", soak.run_folder().to_str().unwrap()]).run();
    assert_eq!(again.code, 1, "{}", again.out);
}

#[test]
fn growth_within_a_budget_passes_and_beyond_it_fails() {
    let rows: Vec<String> = (0..600).map(|t| format!("{t},{}", 50_000_000 + t * 1000)).collect();
    let csv = format!("elapsed_s,rss_bytes\n{}\n", rows.join("\n"));
    for (budget, code) in [("rss > 4 MB/h", 0), ("rss > 3 MB/h", 1), ("rss > 3.6 MB/h", 3)] {
        let answer = Soak::new(["analyze", "--fail-on", budget, "grows.csv"]).file("grows.csv", &csv).run();
        assert_eq!(answer.code, code, "{budget}: {}", answer.out);
    }
}

#[test]
fn descendants_are_counted_in() {
    let script = "sleep 4 & sleep 4 & sleep 4 & wait";
    let answer =
        Soak::new(["--json", "--tree", "--duration", "2s", "--interval", "50ms", "--", "sh", "-c", script]).run();
    let procs = answer.finding("procs");
    assert_eq!(procs["unit"], "count", "{procs}");
}
