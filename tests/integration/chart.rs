//! Charts by the real program: of one input, and of several over each other.

use crate::soak::Soak;

/// Ten minutes of a metric, with this growth a second.
fn rows(metric: &str, per_second: u64) -> String {
    let rows: Vec<String> = (0..600).map(|t| format!("{t},{}", 50_000_000 + t * per_second + t * 7919 % 13)).collect();
    format!("elapsed_s,{metric}\n{}\n", rows.join("\n"))
}

fn soak(inputs: &[&str]) -> Soak {
    let soak = Soak::new(["chart", "--format", "svg"]).args(inputs);
    soak.file("a.csv", &rows("rss_bytes", 1000)).file("b.csv", &rows("rss_bytes", 0)).file("c.csv", &rows("fds", 0))
}

#[test]
fn two_inputs_are_drawn_over_each_other_with_both_findings_in_the_title() {
    let mut soak = soak(&["a.csv", "b.csv"]);
    let answer = soak.run();
    assert_eq!((answer.code, answer.err.as_str()), (0, ""));
    assert_eq!(answer.out, "overlay-charts/overview.svg\noverlay-charts/rss.svg\n");
    let svg = std::fs::read_to_string(soak.folder().join("overlay-charts/rss.svg")).unwrap();
    assert!(svg.contains("<title>RSS: a grows 3.4") && svg.contains("; b steady</title>"), "{svg}");
}

#[test]
fn one_input_goes_beside_itself() {
    assert_eq!(soak(&["a.csv"]).run().out, "a-charts/overview.svg\na-charts/rss.svg\n");
}

#[test]
fn what_cannot_be_drawn_over_each_other_is_named() {
    let nothing_shared = soak(&["a.csv", "c.csv"]).run();
    assert_eq!(nothing_shared.code, 2);
    assert_eq!(
        nothing_shared.err,
        "soak: these have no metric in common to draw over each other: a has rss; c has fds\n"
    );
    let no_run = soak(&["a.csv", "README.md"]).file("README.md", "# a title\n").run();
    assert!(no_run.code == 2 && no_run.err.starts_with("soak: README.md: "), "{}", no_run.err);
}
