//! The forms of the report, made of a real run by the real program.

use crate::soak::{Answer, Soak};

fn report(run: &str, format: &str) -> Answer {
    let answer = Soak::new(["report", run, "--format", format]).run();
    assert_eq!(answer.code, 0, "{format}: {}", answer.err);
    answer
}

fn verdicts(answer: &Answer) -> Vec<(String, String)> {
    let json = answer.json();
    let findings = json["findings"].as_array().unwrap();
    let decides = findings.iter().filter(|finding| finding["role"] == "decides");
    decides.map(|finding| (finding["metric"].to_string(), finding["verdict"].to_string())).collect()
}

#[test]
fn the_csv_of_a_run_is_judged_as_its_record() {
    for fault in ["memory-leak", "fd-leak"] {
        let mut soak = Soak::new(["demo", "--json", "--fault", fault]).args([
            "--duration",
            "12s",
            "--interval",
            "50ms",
            "--rate",
            "50",
        ]);
        let answer = soak.run();
        let table = report(soak.run_folder().to_str().unwrap(), "csv").out;
        let again = Soak::new(["analyze", "--json", "run.csv"]).file("run.csv", &table).run();
        assert_eq!(verdicts(&again), verdicts(&answer), "{}", again.err);
        assert_eq!(again.json()["verdict"], answer.json()["verdict"]);
        assert_eq!(again.code, answer.code);
    }
}

#[test]
fn every_form_is_made_of_a_run_whose_target_died() {
    let mut soak =
        Soak::new(["--json", "--duration", "60s", "--interval", "20ms", "--", "sh", "-c", "sleep 2; kill -9 $$"]);
    let answer = soak.run();
    let folder = soak.run_folder();
    let run = folder.to_str().unwrap();
    assert!(report(run, "html").out.starts_with("<!DOCTYPE html>"));
    assert!(report(run, "md").out.contains("](overview.png)"));
    assert!(report(run, "text").out.contains("SIGKILL"));
    assert_eq!(report(run, "json").json()["findings"], answer.json()["findings"]);
    let xml = report(run, "junit").out;
    assert!(xml.contains("<error type=\"inconclusive\"") && xml.contains("SIGKILL"), "{xml}");
    let page = std::fs::read_to_string(folder.join("report.html")).unwrap();
    // Nothing on the page is fetched from anywhere.
    assert!(!page.contains("src=\"http") && !page.contains("href=\"http") && !page.contains("url(http"), "{page}");
}

#[test]
fn a_report_of_a_file_of_series_goes_where_it_is_told() {
    let rows: Vec<String> = (0..600).map(|t| format!("{t},{}", 50_000_000 + t * 1000)).collect();
    let mut soak = Soak::new(["report", "grows.csv", "--format", "html", "--output", "grows.html"])
        .file("grows.csv", &format!("elapsed_s,rss_bytes\n{}\n", rows.join("\n")));
    let answer = soak.run();
    assert_eq!((answer.code, answer.out.as_str()), (0, ""), "{}", answer.err);
    let page = std::fs::read_to_string(soak.folder().join("grows.html")).unwrap();
    assert!(page.contains("GROWING") && page.contains("<svg"), "{page}");
}
