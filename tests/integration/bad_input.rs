//! What is typed wrong is answered by one line that names it and says what to do, and by exit code 2.

use std::os::unix::fs::PermissionsExt;

use crate::soak::Soak;

/// Runs soak with `args` and holds its answer: exit code 2, nothing on stdout, one line with all of `words`.
fn refused(args: &[&str], words: &[&str]) {
    let answer = Soak::new(args)
        .file("no_time.csv", "a,b\n1,2\n")
        .file("empty.csv", "")
        .file("fds.csv", "t,fds\n0,1\n1,2\n")
        .run();
    assert_eq!(answer.code, 2, "{args:?}: {}", answer.err);
    assert_eq!(answer.out, "", "{args:?}");
    assert_eq!(answer.err.trim_end().lines().count(), 1, "{args:?}: {}", answer.err);
    for word in words {
        assert!(answer.err.contains(word), "{args:?} lacks '{word}': {}", answer.err);
    }
    assert!(!answer.err.contains("panicked"), "{}", answer.err);
}

/// Clap's own messages have more lines, but name the flag all the same.
fn refused_by_the_parser(args: &[&str], words: &[&str]) {
    let answer = Soak::new(args).run();
    assert_eq!((answer.code, answer.out.as_str()), (2, ""), "{args:?}: {}", answer.err);
    for word in words {
        assert!(answer.err.contains(word), "{args:?} lacks '{word}': {}", answer.err);
    }
}

#[test]
fn targets_that_are_none() {
    // The greatest pid that Linux hands out is 2^22.
    refused(&["--pid", "4194304"], &["4194304", "no process"]);
    refused(&["--pid", "2"], &["thread of the kernel"]);
    refused(&["--name", "no-such-process-anywhere"], &["no-such-process-anywhere"]);
    refused(&["--duration", "5s"], &["no target", "--pid"]);
    refused(&["--", "./no-such-program"], &["no-such-program"]);
}

#[test]
fn a_port_on_which_nobody_listens() {
    // Bound and let go again: free, as far as anybody can know.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    refused(&["--port", &port], &[&port, "listens"]);
}

#[test]
fn flags_out_of_bounds() {
    refused_by_the_parser(&["--pid", "1", "--duration", "0s"], &["--duration", "no time"]);
    refused_by_the_parser(&["--pid", "1", "--duration", "60"], &["--duration", "90s"]);
    refused_by_the_parser(&["--pid", "1", "--interval", "1ms"], &["--interval", "10ms and 1h"]);
    refused_by_the_parser(&["--pid", "1", "--port", "80"], &["--pid", "--port"]);
    refused_by_the_parser(&["--pid", "0"], &["--pid"]);
    refused_by_the_parser(&["--pid", "1", "--budget", "0"], &["--budget", "0.1%"]);
    refused_by_the_parser(&["--pid", "1", "--ignore", "5m"], &["--ignore", "10m..12m"]);
    refused_by_the_parser(&["--pid", "1", "--duratoin", "5s"], &["--duratoin", "--duration"]);
}

#[test]
fn urls_and_expressions_that_say_nothing() {
    refused(&["--pid", "1", "--url", "localhost:8080"], &["--url", "http://"]);
    refused(&["--pid", "1", "--url", "ftp://localhost/"], &["--url", "http://"]);
    refused(&["--pid", "1", "--fail-on", "rss is big"], &["--fail-on", "rss is big"]);
    refused(&["--pid", "1", "--fail-on", "rsss > 2 MiB/h"], &["--fail-on", "rsss", "rss_anon"]);
    refused(&["--pid", "1", "--abort-on", "rsss > 2 GiB"], &["--abort-on", "rsss", "rss_anon"]);
    refused(&["analyze", "--fail-on", "rss > 2 MiB/h", "fds.csv"], &["--fail-on", "'rss'", "fds"]);
}

#[test]
fn a_password_in_a_url_is_not_repeated() {
    let answer = Soak::new(["--pid", "1", "--url", "ftp://ann:hunter2@localhost/?token=hunter2"]).run();
    assert!(answer.code == 2 && !answer.err.contains("hunter2"), "{}", answer.err);
}

#[test]
fn files_that_hold_no_series() {
    refused(&["analyze", "no-such-file.csv"], &["no-such-file.csv"]);
    refused(&["analyze", "no_time.csv"], &["no_time.csv", "elapsed_s"]);
    refused(&["analyze", "empty.csv"], &["empty.csv"]);
    refused(&["report", "no-such-run"], &["no-such-run"]);
    refused(&["chart", "no-such-run"], &["no-such-run"]);
}

#[test]
fn an_output_folder_that_cannot_be_written() {
    refused(&["--duration", "1s", "--output", "/proc/soak", "--", "sleep", "5"], &["/proc/soak"]);
    let mut soak = Soak::new(["--duration", "1s", "--", "sleep", "5"]).file("output", "a file, not a folder");
    let answer = soak.run();
    assert_eq!(answer.code, 2, "{}", answer.err);
    assert!(answer.err.contains("output"), "{}", answer.err);
}

#[test]
fn one_bad_file_among_good_ones_costs_only_itself() {
    let rows: Vec<String> = (0..600).map(|t| format!("{t},{}", 50_000_000 + t % 7 * 4096)).collect();
    let answer = Soak::new(["analyze", "--json", "good.csv", "bad.csv"])
        .file("good.csv", &format!("elapsed_s,rss_bytes\n{}\n", rows.join("\n")))
        .file("bad.csv", "when,rss_bytes\n0,1\n1,2\n")
        .run();
    assert_eq!(answer.code, 2);
    assert_eq!(answer.json()["verdict"], "steady", "{}", answer.out);
    assert!(answer.err.contains("bad.csv"), "{}", answer.err);
}

#[test]
fn a_file_without_permission_is_named() {
    let soak = Soak::new(["analyze", "locked.csv"]).file("locked.csv", "t,value\n");
    let path = soak.folder().join("locked.csv");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o000)).unwrap();
    let mut soak = soak;
    let answer = soak.run();
    // Root reads it all the same, and then finds it empty.
    assert_eq!(answer.code, 2);
    assert!(answer.err.contains("locked.csv"), "{}", answer.err);
}
